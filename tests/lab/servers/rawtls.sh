# shellcheck shell=bash
# TLS libraries that come with a server which begins with TLS: each gets an
# address by the front (go.sh). They listen on every address, so they run only
# in the lab's own network.

RAW_GNUTLS=(gnutls-weak gnutls-normal)
RAW_NSS=(nss-ssl3 nss-tls13)
RAW_SEQUENTIAL=(botan boringssl)     # one connection after the other
RAW_FIRST_PORT=14001

start_rawtls() {
  local id port=$RAW_FIRST_PORT
  if [[ $(lab_mode) != netns ]]; then
    for id in "${RAW_GNUTLS[@]}" "${RAW_NSS[@]}" "${RAW_SEQUENTIAL[@]}"; do
      leave_out "$id" "it would listen on all addresses of this machine"
    done
    return 0
  fi
  for id in "${RAW_GNUTLS[@]}" "${RAW_NSS[@]}" "${RAW_SEQUENTIAL[@]}"; do
    "raw_$id" "$id" "$port"
    behind_front "$id" "127.0.0.1:$port"
    port=$((port + 1))
  done
}

# raw_ID ID PORT: start it.

raw_gnutls-weak() { # NULL turns TLS 1.3 off in GnuTLS 3.7
  gnutls_server "$1" "$2" \
    NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0:+ARCFOUR-128:+3DES-CBC:+NULL:+MD5:+ANON-DH:+ANON-ECDH
}

raw_gnutls-normal() { gnutls_server "$1" "$2" NORMAL:-VERS-TLS1.1:-VERS-TLS1.0; }

gnutls_server() {
  spawn "$1" env LD_LIBRARY_PATH="$(lib_path gnutls-bin)" "$(root_of gnutls-bin)/usr/bin/gnutls-serv" \
    --echo --quiet --disable-client-cert --port "$2" --priority "$3" \
    --x509certfile "$LAB_PKI/$1.pem" --x509keyfile "$LAB_PKI/$1.key"
}

# -c: suites by number; -H: DHE.
raw_nss-ssl3() {
  nss_server "$1" "$2" -V ssl3:tls1.2 -H 1 -c :0004:0005:000A:0009:0001:0002:0016:0015:002F:0035:0033:0039:C013:C014:C02F
}

raw_nss-tls13() {
  nss_server "$1" "$2" -V tls1.0: -H 1 -c :000A:C012:002F:C013:C014:C02F:C030:009C:1301:1302:1303
}

nss_server() {
  local database=$LAB_DIR/nss/$1 libraries
  libraries=$(lib_path libnss3-tools)
  rm -rf "$database"
  mkdir -p "$database"
  {
    LD_LIBRARY_PATH=$libraries "$(root_of libnss3-tools)/usr/bin/certutil" -N -d "sql:$database" --empty-password
    LD_LIBRARY_PATH=$libraries "$(root_of libnss3-tools)/usr/bin/pk12util" -i "$(keystore "$1")" -d "sql:$database" \
      -W changeit -K ''
  } >"$LAB_LOG/$1.setup.log" 2>&1 || die "cannot make the NSS database of $1"
  spawn "$1" env LD_LIBRARY_PATH="$libraries" "$(root_of libnss3-tools)/usr/bin/selfserv" \
    -d "sql:$database" -n "$1" -p "$2" -D "${@:3}"
}

raw_botan() {
  spawn "$1" env LD_LIBRARY_PATH="$(lib_path botan)" "$(root_of botan)/usr/bin/botan" \
    tls_server "$LAB_PKI/$1.pem" "$LAB_PKI/$1.key" --port="$2"
}

# Standard input is at its end, which makes it end a connection once it is encrypted.
raw_boringssl() {
  spawn "$1" env LD_LIBRARY_PATH="$(root_of boringssl)/usr/lib/x86_64-linux-gnu/android" \
    "$(root_of boringssl)/usr/bin/bssl-tool" server -accept "$2" -loop -min-version tls1 -max-version tls1.3 \
    -cipher ALL:3DES -cert "$LAB_PKI/$1.pem" -key "$LAB_PKI/$1.key"
}
