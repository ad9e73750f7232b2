# shellcheck shell=bash
# nginx's mail proxy as an SMTP server with STARTTLS: the cheapest profiles.
# It answers up to STARTTLS and inside TLS; nobody logs in, nothing is proxied.

start_nginx() {
  local root etc=$LAB_ETC/nginx
  root=$(root_of nginx)
  mkdir -p "$etc" "$LAB_DIR/nginx"
  if ! inside ip -6 address show dev lo | grep -q '::1'; then
    leave_out ngx-v6 "no IPv6 on the loopback"
    unset 'ADDRESS[ngx-v6]'
  fi
  write_nginx_conf >"$etc/nginx.conf"
  spawn nginx env LD_LIBRARY_PATH="$(lib_path nginx)" "$root/usr/sbin/nginx" \
    -p "$LAB_DIR/nginx" -e stderr -c "$etc/nginx.conf"
}

# nginx of Debian 13 with its own libraries: OpenSSL 3.5 and post-quantum groups.
start_nginx35() {
  local root etc=$LAB_ETC/nginx35 work=$LAB_DIR/nginx35
  root=$(root_of openssl35)
  mkdir -p "$etc" "$work"
  {
    nginx_head "$root" "$work"
    mail_server ngx35 'TLSv1.2 TLSv1.3' "$AEAD"
    mail_server ngx35-tls13 TLSv1.3 "$AEAD" 'ssl_ecdh_curve X25519MLKEM768:X25519'
    mail_server ngx35-p384 TLSv1.3 "$AEAD" 'ssl_ecdh_curve SecP384r1MLKEM1024:X448'
    mail_server ngx35-classic 'TLSv1.2 TLSv1.3' "$AEAD" 'ssl_ecdh_curve X25519:prime256v1'
    echo '}'
  } >"$etc/nginx.conf"
  of_trixie openssl35 /usr/sbin/nginx
  spawn nginx35 "${RUN[@]}" -p "$work" -e stderr -c "$etc/nginx.conf"
}

AEAD=ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384

# mail_server SERVER PROTOCOLS CIPHERS SETTING…; nothing for a server that is left out
mail_server() {
  local id=$1 address setting
  # shellcheck disable=SC2153  # lab fills ADDRESS
  address=${ADDRESS[$id]:-}
  [[ -n $address ]] || return 0
  [[ $address != *:* ]] || address="[$address]"
  cat <<CONF
  server {
    listen $address:25;
    protocol smtp;
    server_name $id.mx.test;
    ssl_certificate $LAB_PKI/$id.pem;
    ssl_certificate_key $LAB_PKI/$id.key;
    ssl_protocols $2;
    ssl_ciphers $3;
CONF
  for setting in "${@:4}"; do printf '    %s;\n' "$setting"; done
  echo '  }'
}

# nginx_head ROOT WORK: up to and into mail {, ROOT is where the mail module was unpacked
nginx_head() {
  cat <<CONF
load_module $1/usr/lib/nginx/modules/ngx_mail_module.so;
user root;
pid $2/pid;
error_log stderr;
daemon off;
worker_processes 1;
events { worker_connections 4096; }
mail {
  starttls on;
  smtp_auth none;
  auth_http 127.0.0.1:1/;
  ssl_prefer_server_ciphers on;
CONF
}

write_nginx_conf() {
  local id pool
  nginx_head "$(root_of libnginx-mod-mail)" "$LAB_DIR/nginx"
  for id in ngx-{modern,expired,selfsigned,wrongname,otherca,nochain,notyet,wildcard}; do
    mail_server "$id" 'TLSv1.2 TLSv1.3' "$AEAD"
  done
  # The same list before and inside TLS, and whoever likes may log in before (smtp.tsv).
  mail_server ngx-cn 'TLSv1.2 TLSv1.3' "$AEAD" 'smtp_auth plain login' \
    'smtp_capabilities "SIZE 52428800" PIPELINING 8BITMIME SMTPUTF8 REQUIRETLS CHUNKING DSN'
  mail_server ngx-dane 'TLSv1.2 TLSv1.3' "$AEAD"
  mail_server ngx-nexthop 'TLSv1.2 TLSv1.3' "$AEAD"
  read -ra pool <<<"$(tables addresses ngx-pool)"
  pool=("${pool[@]/#/listen }")
  pool=("${pool[@]/%/:25}")
  mail_server ngx-pool 'TLSv1.2 TLSv1.3' "$AEAD" "${pool[@]:1}"   # the first is there without being named
  mail_server ngx-c030 TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384
  mail_server ngx-tls13 TLSv1.3 "$AEAD"
  mail_server ngx-rsakx TLSv1.2 AES128-GCM-SHA256:AES256-GCM-SHA384
  mail_server ngx-chacha TLSv1.2 ECDHE-RSA-CHACHA20-POLY1305
  # OpenSSL 3 speaks TLS below 1.2 at security level 0 only
  mail_server ngx-hole 'TLSv1 TLSv1.2' "$AEAD:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
  mail_server ngx-v6 'TLSv1 TLSv1.1' AES128-SHA:AES256-SHA:@SECLEVEL=0
  mail_server ngx-p256 TLSv1.3 "$AEAD" 'ssl_ecdh_curve prime256v1'
  mail_server ngx-client 'TLSv1 TLSv1.1 TLSv1.2' "$AEAD:ECDHE-RSA-AES256-SHA:NULL-SHA:@SECLEVEL=0" \
    'ssl_prefer_server_ciphers off'
  mail_server ngx-nullfirst 'TLSv1.2 TLSv1.3' "NULL-SHA256:$AEAD:@SECLEVEL=0"
  mail_server ngx-anon TLSv1.2 AECDH-AES256-SHA:AES256-SHA:@SECLEVEL=0
  mail_server ngx-ed25519 'TLSv1.2 TLSv1.3' ECDHE-ECDSA-AES128-GCM-SHA256
  mail_server ngx-rsapss 'TLSv1.2 TLSv1.3' "$AEAD"
  mail_server ngx-tls11 TLSv1.1 AES128-SHA:@SECLEVEL=0
  mail_server ngx-hole13 'TLSv1.1 TLSv1.3' ECDHE-RSA-AES128-SHA:@SECLEVEL=0
  mail_server ngx-sha1 TLSv1.2 "$AEAD:@SECLEVEL=0"
  echo '}'
}
