# shellcheck shell=bash
# wolfSSL and mbed TLS: web servers behind the front, port 465 of the address
# that they have as mail servers.

start_lighttpd() {
  lighttpd_server wolfssl mod_wolfssl '"MinProtocol" => "TLSv1.2", "CipherString" => "ALL"'
  lighttpd_server mbedtls mod_mbedtls '"MinProtocol" => "TLSv1.2"'
}

# lighttpd_server SERVER MODULE TLS-SETTINGS
lighttpd_server() {
  local root etc=$LAB_ETC/lighttpd
  root=$(root_of lighttpd)
  mkdir -p "$etc" "$LAB_DIR/empty"
  cat >"$etc/$1.conf" <<CONF
server.document-root = "$LAB_DIR/empty"
server.modules = ( "$2" )
server.bind = "${ADDRESS[$1]}"
server.port = 465
server.max-read-idle = 1
ssl.engine = "enable"
ssl.pemfile = "$LAB_PKI/$1.all.pem"
ssl.openssl.ssl-conf-cmd = ($3)
CONF
  spawn "$1" env LD_LIBRARY_PATH="$(lib_path lighttpd)" "$root/usr/sbin/lighttpd" \
    -D -m "$root/usr/lib/lighttpd" -f "$etc/$1.conf"
  behind_front "$1" "${ADDRESS[$1]}:465"
}
