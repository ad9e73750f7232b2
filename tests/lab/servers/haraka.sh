# shellcheck shell=bash
# Haraka on node 22.

start_haraka() {
  local etc=$LAB_ETC/haraka
  mkdir -p "$etc/config"
  printf 'tls\n' >"$etc/config/plugins"
  printf 'haraka.mx.test\n' >"$etc/config/me"
  printf 'listen=%s:25\nnodes=0\n' "${ADDRESS[haraka]}" >"$etc/config/smtp.ini"
  printf '[main]\nlevel=warn\n' >"$etc/config/log.ini"
  cp "$LAB_NPM/haraka/node_modules/Haraka/config/connection.ini" "$etc/config/"
  openssl genpkey -genparam -algorithm DH -pkeyopt group:modp_2048 -out "$etc/config/dhparams.pem"
  cat >"$etc/config/tls.ini" <<CONF
key=$LAB_PKI/haraka.key
cert=$LAB_PKI/haraka.pem
minVersion=TLSv1.2
ciphers=ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384:AES256-SHA
[redis]
disable_for_failed_hosts=false
CONF
  spawn haraka env LD_LIBRARY_PATH="$(lib_path libatomic1)" "$(node_binary node22)" \
    "$LAB_NPM/haraka/node_modules/Haraka/bin/haraka" -c "$etc"
}
