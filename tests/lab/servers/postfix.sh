# shellcheck shell=bash
# Postfix from its unpacked package: one master, one smtpd line per profile.

start_postfix() {
  local root queue=$LAB_DIR/postfix etc=$LAB_ETC/postfix libraries
  root=$(root_of postfix)
  libraries=$root/usr/lib/postfix:$(lib_path postfix)
  make_postfix_queue "$queue"
  mkdir -p "$etc"
  write_postfix_main "$root" "$queue" "$libraries" >"$etc/main.cf"
  write_postfix_master >"$etc/master.cf"
  spawn postfix env LD_LIBRARY_PATH="$libraries" "$root/usr/lib/postfix/sbin/master" -d -c "$etc"
}

# The mail owner and the setgid group may be any existing ones: uucp and news
# are on every Debian and own nothing else.
make_postfix_queue() {
  local queue=$1 folder
  rm -rf "$queue"
  mkdir -p "$queue"/{spool,data} "$queue/spool/pid"
  chmod 755 "$queue" "$queue/spool"
  for folder in active bounce corrupt defer deferred flush hold incoming private saved trace; do
    install -d -m 700 -o uucp "$queue/spool/$folder"
  done
  install -d -m 730 -o uucp -g news "$queue/spool/maildrop"
  install -d -m 710 -o uucp -g news "$queue/spool/public"
  chown uucp "$queue/data" "$queue/spool/pid"
}

write_postfix_main() {
  local root=$1 queue=$2 libraries=$3
  cat <<CONF
compatibility_level = 3.6
queue_directory = $queue/spool
data_directory = $queue/data
command_directory = $root/usr/sbin
daemon_directory = $root/usr/lib/postfix/sbin
shlib_directory = $root/usr/lib/postfix
meta_directory = $root/etc/postfix
mail_owner = uucp
setgid_group = news
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH=$libraries
maillog_file = /dev/stdout
myhostname = postfix.mx.test
mydestination = localhost
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
default_database_type = hash
smtputf8_enable = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
CONF
}

# smtpd_line SERVER OPTION…: TLS settings beyond Debian's defaults.
# OpenSSL 3 speaks TLS below 1.2 at security level 0 only.
smtpd_line() {
  local id=$1 option
  shift
  printf '%s:25 inet n - n - - smtpd\n' "${ADDRESS[$id]}"
  if [[ ${CERT[$id]} != - ]]; then
    set -- "smtpd_tls_chain_files = $LAB_PKI/$id.all.pem" "$@"
  fi
  for option; do printf '  -o { %s }\n' "$option"; done
}

# postscreen_lines SERVER: postscreen says half a greeting, waits, and hands those
# that waited with it to an smtpd with Debian's defaults; it knows them again for
# three seconds.
postscreen_lines() {
  cat <<CONF
${ADDRESS[$1]}:25 inet n - n - 1 postscreen
  -o { postscreen_access_list = }
  -o { postscreen_greet_wait = 1s }
  -o { postscreen_greet_ttl = 3s }
  -o { postscreen_greet_banner = wait for the second line }
  -o { postscreen_greet_action = enforce }
  -o { postscreen_cache_map = btree:$LAB_DIR/postfix/data/postscreen }
smtpd     pass  -  -  n  -  -  smtpd
  -o { smtpd_tls_chain_files = $LAB_PKI/$1.all.pem }
tlsproxy  unix  -  -  n  -  0  tlsproxy
dnsblog   unix  -  -  n  -  0  dnsblog
CONF
}

write_postfix_master() {
  local aead=ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305
  local cbc=ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:AES256-SHA:AES128-SHA:@SECLEVEL=0
  local all=ALL:COMPLEMENTOFALL:@SECLEVEL=0
  cat <<CONF
postlog   unix-dgram n  -  n  -  1  postlogd
tlsmgr    unix  -  -  n  1000?  1  tlsmgr
rewrite   unix  -  -  n  -  -  trivial-rewrite
anvil     unix  -  -  n  -  1  anvil
proxymap  unix  -  -  n  -  -  proxymap
cleanup   unix  n  -  n  -  0  cleanup
discard   unix  -  -  n  -  -  discard
CONF
  smtpd_line pf-default
  smtpd_line pf-modern 'smtpd_tls_protocols = >=TLSv1.2' 'smtpd_tls_ciphers = high' \
    "tls_high_cipherlist = $aead" 'smtpd_tls_exclude_ciphers = aNULL'
  smtpd_line pf-tls10 'smtpd_tls_protocols = TLSv1' "tls_medium_cipherlist = $cbc"
  smtpd_line pf-tls13 'smtpd_tls_protocols = >=TLSv1.3'
  smtpd_line pf-open 'smtpd_tls_protocols =' 'smtpd_tls_ciphers = null' "tls_null_cipherlist = $all"
  postscreen_lines pf-postscreen
  smtpd_line pf-plain 'smtpd_tls_security_level = none'
  smtpd_line pf-ecdsa 'smtpd_tls_protocols = >=TLSv1.2' 'smtpd_tls_exclude_ciphers = aNULL'
}
