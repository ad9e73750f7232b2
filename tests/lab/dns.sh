# shellcheck shell=bash
# NSD serves test. (signed) and its sub-zones (ZONE in dns.tsv); Unbound validates in front of it.

start_dns() {
  local etc=$LAB_ETC/dns
  mkdir -p "$etc"
  tables zones "$etc" "$LAB_PKI"
  sign_zone "$etc"
  write_nsd_conf "$etc"
  write_unbound_conf "$etc"
  spawn nsd env LD_LIBRARY_PATH="$(lib_path nsd)" "$(root_of nsd)/usr/sbin/nsd" -d -c "$etc/nsd.conf"
  spawn unbound env LD_LIBRARY_PATH="$(lib_path unbound)" \
    "$(root_of unbound)/usr/sbin/unbound" -d -c "$etc/unbound.conf"
}

# New keys at every start: 0.1 s, and no signature can run out.
sign_zone() {
  local etc=$1 zsk ksk
  (
    cd "$etc" || exit 1
    rm -f Ktest.*
    LD_LIBRARY_PATH=$(lib_path ldnsutils)
    PATH=$(root_of ldnsutils)/usr/bin:$PATH
    export LD_LIBRARY_PATH PATH
    zsk=$(ldns-keygen -a ECDSAP256SHA256 -r /dev/urandom test)
    ksk=$(ldns-keygen -a ECDSAP256SHA256 -r /dev/urandom -k test)
    ldns-signzone -f test.zone.signed test.zone "$zsk" "$ksk"
    cp "$ksk.ds" anchor.ds
    drop_signatures test.zone.signed
  )
}

# Of the record sets that are to fail validation by themselves ("TYPE!" in dns.tsv).
drop_signatures() { # ZONE-FILE
  local name kind
  while read -r name kind; do
    awk -v "name=$name" -v "kind=$kind" '!($1 == name && $4 == "RRSIG" && $5 == kind)' "$1" >"$1.new" && mv "$1.new" "$1"
  done < <(tables unsigned)
}

# minimal-responses: with the addresses of a thousand exchanges beside them, the MX of thousand.test are more signatures
# than Unbound is willing to check.
write_nsd_conf() {
  local etc=$1 zone
  {
    cat <<CONF
server:
  ip-address: $LAB_AUTH_IP
  username: ""
  chroot: ""
  zonesdir: "$etc"
  database: ""
  zonelistfile: "$etc/zone.list"
  xfrdfile: "$etc/xfrd.state"
  xfrdir: "$etc"
  pidfile: ""
  server-count: 1
  rrl-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
zone:
  name: "test."
  zonefile: "test.zone.signed"
CONF
    # lame: listed but without a file, so that it is answered SERVFAIL
    while IFS=$'\t' read -r zone _; do
      printf 'zone:\n  name: "%s"\n  zonefile: "%szone"\n' "$zone" "$zone"
    done < <(tables cuts)
  } >"$etc/nsd.conf"
}

# Everything outside test. is NXDOMAIN at once: a lab asks nobody else.
write_unbound_conf() {
  cat >"$1/unbound.conf" <<CONF
server:
  interface: $LAB_RESOLVER_IP
  outgoing-interface: $LAB_RESOLVER_IP
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-daemonize: no
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  directory: "$1"
  num-threads: 1
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "$1/anchor.ds"
  val-log-level: 1
  local-zone: "." always_nxdomain
  local-zone: "test." transparent
  local-zone: "127.in-addr.arpa." transparent
  local-zone: "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa." always_nxdomain
  qname-minimisation: no
remote-control:
  control-enable: no
stub-zone:
  name: "test."
  stub-addr: $LAB_AUTH_IP
stub-zone:
  name: "127.in-addr.arpa."
  stub-addr: $LAB_AUTH_IP
CONF
}
