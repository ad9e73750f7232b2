# shellcheck shell=bash
# Exim (GnuTLS) from its unpacked package: one daemon, settings looked up by
# the address a client came in on.

EXIM_SERVERS=(ex-normal ex-rc4 ex-3des)

start_exim() {
  local spool=$LAB_DIR/exim etc=$LAB_ETC/exim id
  mkdir -p "$etc"
  rm -rf "$spool"
  install -d -m 750 -o uucp -g news "$spool"
  write_exim_accounts "$etc"
  for id in "${EXIM_SERVERS[@]}"; do   # keys are read by the unprivileged child
    install -m 400 -o uucp "$LAB_PKI/$id.key" "$etc/$id.key"
  done
  write_exim_conf "$spool" "$etc" >"$etc/exim.conf"
  chmod 644 "$etc/exim.conf"
  spawn exim env NSS_WRAPPER_PASSWD="$etc/passwd" NSS_WRAPPER_GROUP="$etc/group" \
    LD_PRELOAD="$(echo "$(root_of libnss-wrapper)"/usr/lib/*-linux-gnu/libnss_wrapper.so)" \
    LD_LIBRARY_PATH="$(lib_path exim4-daemon-light)" \
    "$(root_of exim4-daemon-light)/usr/sbin/exim4" -bdf -C "$etc/exim.conf"
}

# Exim asks for the account Debian-exim: a second name for uucp, in files that
# only this process sees (nss_wrapper).
write_exim_accounts() {
  local uid gid
  uid=$(id -u uucp)
  gid=$(getent group news | cut -d: -f3)
  { cat /etc/passwd; echo "Debian-exim:x:$uid:$gid::/nonexistent:/bin/false"; } >"$1/passwd"
  { cat /etc/group; echo "Debian-exim:x:$gid:"; } >"$1/group"
}

write_exim_conf() {
  local spool=$1 etc=$2 id interfaces='' pems='' keys=''
  for id in "${EXIM_SERVERS[@]}"; do
    interfaces+="${interfaces:+ : }${ADDRESS[$id]}"
    pems+=" ${ADDRESS[$id]}=$LAB_PKI/$id.pem"
    keys+=" ${ADDRESS[$id]}=$etc/$id.key"
  done
  cat <<CONF
primary_hostname = exim.mx.test
spool_directory = $spool
log_file_path = $spool/%slog
pid_file_path = $spool/exim.pid
keep_environment = LD_LIBRARY_PATH
daemon_smtp_ports = 25
local_interfaces = $interfaces
disable_ipv6
tls_advertise_hosts = *
tls_certificate = \${extract{\$received_ip_address}{$pems}}
tls_privatekey = \${extract{\$received_ip_address}{$keys}}
tls_require_ciphers = \${extract{\${if def:received_ip_address{\$received_ip_address}{none}}}{ \\
  ${ADDRESS[ex-normal]}=NORMAL \\
  ${ADDRESS[ex-rc4]}="NORMAL:-VERS-ALL:+VERS-TLS1.0:+ARCFOUR-128:+3DES-CBC" \\
  ${ADDRESS[ex-3des]}="NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0:+3DES-CBC" \\
  }{\$value}{NORMAL}}
host_lookup =
rfc1413_hosts =
smtp_accept_max = 500
queue_only = true
acl_smtp_rcpt = refuse
begin acl
refuse:
  deny
begin routers
begin transports
CONF
}
