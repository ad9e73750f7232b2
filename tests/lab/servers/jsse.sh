# shellcheck shell=bash
# OpenJDK's JSSE: SSLv3, EXPORT, DES and RC4 with an ordinary RSA-2048 key. It
# leaves EXPORT out above TLS 1.0 and DES above TLS 1.1, whatever is configured.

start_jsse() {
  local classes=$LAB_DIR/java
  local modern=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
  # compiled once: starting from source costs a second every time
  if [[ ! $classes/StartTls.class -nt $LAB_HOME/servers/StartTls.java ]]; then
    mkdir -p "$classes"
    javac -d "$classes" "$LAB_HOME/servers/StartTls.java"
  fi
  spawn jsse java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -cp "$classes" StartTls \
    "${ADDRESS[jsse-all]}" "$(keystore jsse-all)" SSLv3,TLSv1,TLSv1.1,TLSv1.2 ALL \
    "${ADDRESS[jsse-rc4]}" "$(keystore jsse-rc4)" SSLv3,TLSv1 SSL_RSA_WITH_RC4_128_MD5 \
    "${ADDRESS[jsse-3des]}" "$(keystore jsse-3des)" TLSv1 SSL_RSA_WITH_3DES_EDE_CBC_SHA \
    "${ADDRESS[jsse-export]}" "$(keystore jsse-export)" TLSv1,TLSv1.1,TLSv1.2 \
    "$modern,SSL_RSA_EXPORT_WITH_RC4_40_MD5,SSL_RSA_EXPORT_WITH_DES40_CBC_SHA" \
    "${ADDRESS[jsse-des]}" "$(keystore jsse-des)" TLSv1,TLSv1.1,TLSv1.2 "$modern,SSL_RSA_WITH_DES_CBC_SHA" \
    "${ADDRESS[jsse-ssl3]}" "$(keystore jsse-ssl3)" SSLv3 TLS_RSA_WITH_AES_128_CBC_SHA,TLS_DHE_RSA_WITH_AES_128_CBC_SHA \
    "${ADDRESS[jsse-tls13]}" "$(keystore jsse-tls13)" TLSv1.3,TLSv1.2 \
    TLS_CHACHA20_POLY1305_SHA256,TLS_RSA_WITH_AES_256_GCM_SHA384
}
