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

# mail_server SERVER PROTOCOLS CIPHERS; nothing for a server that is left out
mail_server() {
  local id=$1 address
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
  }
CONF
}

write_nginx_conf() {
  local id aead=ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384
  cat <<CONF
load_module $(root_of libnginx-mod-mail)/usr/lib/nginx/modules/ngx_mail_module.so;
user root;
pid $LAB_DIR/nginx/pid;
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
  for id in ngx-{modern,expired,selfsigned,wrongname,otherca,nochain,notyet,wildcard,cn}; do
    mail_server "$id" 'TLSv1.2 TLSv1.3' "$aead"
  done
  mail_server ngx-c030 TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384
  mail_server ngx-tls13 TLSv1.3 "$aead"
  mail_server ngx-rsakx TLSv1.2 AES128-GCM-SHA256:AES256-GCM-SHA384
  mail_server ngx-chacha TLSv1.2 ECDHE-RSA-CHACHA20-POLY1305
  # OpenSSL 3 speaks TLS below 1.2 at security level 0 only
  mail_server ngx-hole 'TLSv1 TLSv1.2' "$aead:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
  mail_server ngx-v6 'TLSv1 TLSv1.1' AES128-SHA:AES256-SHA:@SECLEVEL=0
  echo '}'
}
