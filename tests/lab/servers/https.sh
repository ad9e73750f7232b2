# shellcheck shell=bash
# The hosts of MTA-STS policies (policies.tsv), 127.21.0.x port 443: nginx with a certificate by SNI for what a web server
# can do, https.py for what none does on purpose.

start_https() {
  local root etc=$LAB_ETC/https work=$LAB_DIR/https
  root=$(root_of nginx)
  rm -rf "$etc"
  mkdir -p "$etc" "$work"
  tables website "$etc" "$LAB_PKI"
  write_https_conf "$etc" "$work" >"$etc/nginx.conf"
  spawn https env LD_LIBRARY_PATH="$(lib_path nginx)" "$root/usr/sbin/nginx" -p "$work" -e stderr -c "$etc/nginx.conf"
  spawn https-scripted /usr/bin/python3 "$LAB_HOME/servers/https.py" "$LAB_PKI/https-good.all.pem" "$etc/scripted.tsv"
}

write_https_conf() {
  local kind
  cat <<CONF
user root;
pid $2/pid;
error_log stderr;
daemon off;
worker_processes 1;
events { worker_connections 1024; }
http {
  access_log $LAB_LOG/https-access.log;
  default_type text/plain;
  ssl_protocols TLSv1.2 TLSv1.3;
  server_names_hash_bucket_size 128;
  map_hash_bucket_size 128;
  server_names_hash_max_size 2048;
  map_hash_max_size 4096;
CONF
  for kind in client_body proxy fastcgi uwsgi scgi; do printf '  %s_temp_path %s;\n' "$kind" "$2/$kind"; done
  printf '  include %s;\n}\n' "$1/hosts.conf"
}
