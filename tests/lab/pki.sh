# shellcheck shell=bash
# The lab's certificates, from `tables.py certs`: for each server
#   SERVER.key  SERVER.pem (leaf, and what else it sends)  SERVER.all.pem (both)
# All leaves of one kind of key share the key: key generation is what costs.
# ca.pem is the trust store: the lab's root and nothing else.

PKI_MAX_AGE_DAYS=20                  # leaves run 365 days, the odd ones -35/+35

make_pki() {
  local stamp
  stamp=$(tables certs | cat - "$LAB_HOME/pki.sh" | cksum)
  if [[ -f $LAB_PKI/stamp && $(cat "$LAB_PKI/stamp") == "$stamp" ]] &&
    [[ -z $(find "$LAB_PKI/stamp" -mtime "+$PKI_MAX_AGE_DAYS") ]]; then
    return 0
  fi
  say "making certificates"
  rm -rf "$LAB_PKI"
  mkdir -p "$LAB_PKI"
  chmod 755 "$LAB_PKI"
  make_keys
  make_authorities
  make_leaves
  printf '%s\n' "$stamp" >"$LAB_PKI/stamp"
}

make_keys() {
  local name
  for name in root intermediate other rsa2048; do
    openssl genrsa -out "$LAB_PKI/key-$name" 2048
  done
  openssl genrsa -out "$LAB_PKI/key-rsa512" 512
  openssl ecparam -name prime256v1 -genkey -noout -out "$LAB_PKI/key-ec256"
  openssl genpkey -algorithm ED25519 -out "$LAB_PKI/key-ed25519"
  openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out "$LAB_PKI/key-rsapss2048"
  # OpenSSL 1.0.1 and 512-bit keys apart, every reader knows the PKCS#1 form too
  openssl rsa -traditional -in "$LAB_PKI/key-rsa2048" -out "$LAB_PKI/key-rsa2048.pkcs1"
  openssl rsa -traditional -in "$LAB_PKI/key-rsa512" -out "$LAB_PKI/key-rsa512.pkcs1"
} 2>/dev/null

# sign SUBJECT KEY ISSUER DIGEST OUT FROM UNTIL EXTENSIONS: `openssl ca` because it
# alone takes both dates. ISSUER self: signed with KEY.
sign() {
  local subject=$1 key=$2 issuer=$3 digest=$4 out=$5 from=$6 until=$7 extensions=$8
  local work=$LAB_PKI/work how=()
  rm -rf "$work"
  mkdir "$work"
  : >"$work/index"
  cat >"$work/conf" <<CONF
[ca]
default_ca = lab
[lab]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = $digest
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[extensions]
$extensions
CONF
  openssl req -new -config "$work/conf" -key "$LAB_PKI/key-$key" -subj "/CN=$subject" -out "$work/csr"
  if [[ $issuer == self ]]; then
    how=(-selfsign -keyfile "$LAB_PKI/key-$key")
  else
    how=(-cert "$LAB_PKI/$issuer.pem" -keyfile "$LAB_PKI/key-$issuer")
  fi
  openssl ca -batch -notext -config "$work/conf" -extensions extensions "${how[@]}" \
    -startdate "$(date -u -d "$from" +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "$until" +%Y%m%d%H%M%SZ)" \
    -in "$work/csr" -out "$out" 2>"$work/log" || { cat "$work/log" >&2; die "cannot sign $subject"; }
  rm -rf "$work"
}

make_authorities() {
  local ca='basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash'
  sign 'mxgrade lab root' root self sha256 "$LAB_PKI/root.pem" '-500 days' '+3000 days' "$ca"
  sign 'some other root' other self sha256 "$LAB_PKI/other.pem" '-500 days' '+3000 days' "$ca"
  sign 'mxgrade lab intermediate' intermediate root sha256 "$LAB_PKI/intermediate.pem" '-500 days' '+3000 days' \
    "$ca
authorityKeyIdentifier = keyid"
  cp "$LAB_PKI/root.pem" "$LAB_PKI/ca.pem"
}

make_leaves() {
  local id key issuer digest from until sends_chain common_name san extensions
  while IFS=$'\t' read -r id key issuer digest from until sends_chain common_name san; do
    extensions='basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth'
    [[ $san == - ]] || extensions+=$'\n'"subjectAltName = $san"
    sign "$common_name" "$key" "$issuer" "$digest" "$LAB_PKI/$id.pem" "$from" "$until" "$extensions"
    if [[ $sends_chain == y ]]; then cat "$LAB_PKI/$issuer.pem" >>"$LAB_PKI/$id.pem"; fi
    ln -f "$LAB_PKI/key-$key" "$LAB_PKI/$id.key"
    cat "$LAB_PKI/$id.key" "$LAB_PKI/$id.pem" >"$LAB_PKI/$id.all.pem"
  done < <(tables certs)
}

# keystore SERVER: the PKCS#12 file that Java and NSS want.
keystore() {
  local out=$LAB_PKI/$1.p12
  [[ -f $out ]] || openssl pkcs12 -export -in "$LAB_PKI/$1.pem" -inkey "$LAB_PKI/$1.key" \
    -name "$1" -passout pass:changeit -out "$out"
  printf '%s' "$out"
}
