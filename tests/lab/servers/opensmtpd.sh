# shellcheck shell=bash
# OpenSMTPD 7.4 from its unpacked package. It insists on its compiled-in spool
# and accounts, so it gets them in a mount namespace of its own; when its
# processes end, nothing of that is left.

start_opensmtpd() {
  local etc=$LAB_ETC/opensmtpd
  if ! unshare --mount true 2>/dev/null; then
    leave_out smtpd "mount namespaces are not permitted"
    return 0
  fi
  mkdir -p "$etc"
  { cat /etc/passwd; printf 'opensmtpd:x:5002:5002::/var/lib/opensmtpd/empty:/bin/false\nopensmtpq:x:5003:5003::/:/bin/false\n'; } >"$etc/passwd"
  { cat /etc/group; printf 'opensmtpd:x:5002:\nopensmtpq:x:5003:\n'; } >"$etc/group"
  install -m 600 "$LAB_PKI/smtpd.key" "$etc/smtpd.key"
  write_smtpd_conf "$etc" >"$etc/smtpd.conf"
  write_smtpd_start "$etc" >"$etc/start"
  spawn opensmtpd unshare --mount bash "$etc/start"
}

write_smtpd_conf() {
  cat <<CONF
pki lab cert "$LAB_PKI/smtpd.pem"
pki lab key "$1/smtpd.key"
listen on ${ADDRESS[smtpd]} port 25 tls pki lab hostname smtpd.mx.test
action "nothing" relay
match from local for local reject
match from any for domain "nowhere.test" action "nothing"
CONF
}

# What runs inside the mount namespace.
write_smtpd_start() {
  cat <<START
set -eu
for folder in /var/spool /run /var/lib; do mount -t tmpfs -o mode=755 none \$folder; done
mount --bind $1/passwd /etc/passwd
mount --bind $1/group /etc/group
mkdir -p /var/lib/opensmtpd/empty
mkdir -m 711 /var/spool/smtpd
for folder in corrupt incoming purge queue temporary; do
  install -d -m 700 -o opensmtpq /var/spool/smtpd/\$folder
done
install -d -m 770 -g opensmtpq /var/spool/smtpd/offline
export LD_LIBRARY_PATH=$(lib_path opensmtpd)
exec $(root_of opensmtpd)/usr/sbin/smtpd -d -f $1/smtpd.conf
START
}
