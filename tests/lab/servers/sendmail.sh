# shellcheck shell=bash
# Sendmail from its unpacked package. It insists on a host name with a dot, on
# accounts and on key files that nobody else may write: it gets its own
# host name and, in a mount namespace, /mnt and /etc files of its own.

start_sendmail() {
  local etc=$LAB_ETC/sendmail root
  root=$(root_of sendmail)
  if ! unshare --mount --uts true 2>/dev/null; then
    leave_out sendmail "mount namespaces are not permitted"
    return 0
  fi
  mkdir -p "$etc"
  { grep -v -E '^(smmta|smmsp):' /etc/passwd; printf 'smmta:x:5004:5004::/:/bin/false\nsmmsp:x:5005:5005::/:/bin/false\n'; } >"$etc/passwd"
  { grep -v -E '^(smmta|smmsp):' /etc/group; printf 'smmta:x:5004:\nsmmsp:x:5005:\n'; } >"$etc/group"
  printf '127.0.0.1 sendmail.mx.test localhost\n' >"$etc/hosts"
  write_sendmail_mc "$root" >"$etc/sendmail.mc"
  (cd "$root/usr/share/sendmail/cf/m4" && "$root/usr/bin/m4" "$etc/sendmail.mc") >"$etc/sendmail.cf"
  write_sendmail_start "$root" "$etc" >"$etc/start"
  spawn sendmail unshare --mount --uts bash "$etc/start"
}

write_sendmail_mc() {
  cat <<CONF
define(\`_CF_DIR_', \`$1/usr/share/sendmail/cf/')dnl
include(\`$1/usr/share/sendmail/cf/m4/cf.m4')dnl
VERSIONID(\`lab')
OSTYPE(\`linux')
define(\`QUEUE_DIR', \`/mnt/queue')
define(\`STATUS_FILE', \`/mnt/status')
define(\`confPID_FILE', \`/mnt/pid')
define(\`ALIAS_FILE', \`')
define(\`HELP_FILE', \`/dev/null')
define(\`confDOMAIN_NAME', \`sendmail.mx.test')
define(\`confDONT_PROBE_INTERFACES', \`True')
define(\`confSERVER_CERT', \`/mnt/cert.pem')
define(\`confSERVER_KEY', \`/mnt/key.pem')
define(\`confCACERT', \`/mnt/ca.pem')
define(\`confCACERT_PATH', \`/mnt')
define(\`confDH_PARAMETERS', \`2')
define(\`confTLS_SRV_OPTIONS', \`V')
define(\`confTO_IDENT', \`0')
FEATURE(\`no_default_msa')
DAEMON_OPTIONS(\`Name=lab, Family=inet, Addr=${ADDRESS[sendmail]}, Port=25')
LOCAL_CONFIG
O CipherList=ALL:COMPLEMENTOFALL:@SECLEVEL=0
O ServerSSLOptions=0
O QueueLA=100
O RefuseLA=100
MAILER(\`smtp')
CONF
}

# What runs inside the namespaces.
write_sendmail_start() {
  cat <<START
set -eu
mount -t tmpfs -o mode=755 none /mnt
mkdir /mnt/queue
install -m 600 $LAB_PKI/sendmail.key /mnt/key.pem
install -m 600 $LAB_PKI/sendmail.pem /mnt/cert.pem
cat $LAB_PKI/intermediate.pem $LAB_PKI/ca.pem >/mnt/ca.pem   # from which it takes the chain it sends
for file in passwd group hosts; do mount --bind $2/\$file /etc/\$file; done
hostname sendmail.mx.test
# a copy, because a setgid program takes no LD_LIBRARY_PATH
install -m 755 $1/usr/libexec/sendmail/sendmail /mnt/sendmail
export LD_LIBRARY_PATH=$(lib_path sendmail)
exec /mnt/sendmail -bD -L sendmail -C $2/sendmail.cf -X /dev/null
START
}
