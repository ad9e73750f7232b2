# shellcheck shell=bash
# stunnel speaks STARTTLS in front of a server without TLS (the scripted plain).

start_stunnel() {
  local etc=$LAB_ETC/stunnel
  mkdir -p "$etc"
  {
    printf 'foreground = yes\npid =\nsyslog = no\ndebug = warning\n'
    stunnel_service stunnel 'sslVersionMin = TLSv1.1' 'sslVersionMax = TLSv1.3' \
      'ciphers = ALL:!aNULL:!PSK:eNULL:@SECLEVEL=0' 'options = CIPHER_SERVER_PREFERENCE'
    stunnel_service stunnel-dhe 'sslVersion = TLSv1.2' 'ciphers = DHE-RSA-AES128-SHA:@SECLEVEL=0'
  } >"$etc/stunnel.conf"
  spawn stunnel env LD_LIBRARY_PATH="$(lib_path stunnel4)" "$(root_of stunnel4)/usr/bin/stunnel4" "$etc/stunnel.conf"
}

# stunnel_service SERVER SETTING…
stunnel_service() {
  local id=$1
  shift
  cat <<CONF
[$id]
accept = ${ADDRESS[$id]}:25
connect = ${ADDRESS[plain]}:25
protocol = smtp
cert = $LAB_PKI/$id.pem
key = $LAB_PKI/$id.key
securityLevel = 0
CONF
  printf '%s\n' "$@"
}
