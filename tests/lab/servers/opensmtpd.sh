# shellcheck shell=bash
# OpenSMTPD 7.4 and 6.8 from their unpacked packages. They insist on a compiled-in
# spool and accounts, so they get them in mount namespaces of their own; when
# their processes end, nothing of that is left.

start_opensmtpd() {
  if ! unshare --mount true 2>/dev/null; then
    leave_out smtpd "mount namespaces are not permitted"
    leave_out smtpd68 "mount namespaces are not permitted"
    return 0
  fi
  opensmtpd_server smtpd opensmtpd
  opensmtpd_server smtpd68 opensmtpd68
}

# opensmtpd_server SERVER PACKAGE
opensmtpd_server() {
  local id=$1 package=$2 etc=$LAB_ETC/$2
  mkdir -p "$etc"
  { cat /etc/passwd; printf 'opensmtpd:x:5002:5002::/var/lib/opensmtpd/empty:/bin/false\nopensmtpq:x:5003:5003::/:/bin/false\n'; } >"$etc/passwd"
  { cat /etc/group; printf 'opensmtpd:x:5002:\nopensmtpq:x:5003:\n'; } >"$etc/group"
  install -m 600 "$LAB_PKI/$id.key" "$etc/smtpd.key"
  write_smtpd_conf "$id" "$etc" >"$etc/smtpd.conf"
  write_smtpd_start "$package" "$etc" >"$etc/start"
  spawn "$id" unshare --mount bash "$etc/start"
}

write_smtpd_conf() {
  cat <<CONF
pki lab cert "$LAB_PKI/$1.pem"
pki lab key "$2/smtpd.key"
listen on ${ADDRESS[$1]} port 25 tls pki lab hostname $1.mx.test
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
mount --bind $2/passwd /etc/passwd
mount --bind $2/group /etc/group
mkdir -p /var/lib/opensmtpd/empty
mkdir -m 711 /var/spool/smtpd
for folder in corrupt incoming purge queue temporary; do
  install -d -m 700 -o opensmtpq /var/spool/smtpd/\$folder
done
install -d -m 770 -g opensmtpq /var/spool/smtpd/offline
export LD_LIBRARY_PATH=$(lib_path "$1")
exec $(root_of "$1")/usr/sbin/smtpd -d -f $2/smtpd.conf
START
}
