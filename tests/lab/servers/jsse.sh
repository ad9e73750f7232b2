# shellcheck shell=bash
# OpenJDK's JSSE: SSLv3, EXPORT, DES and RC4 with an ordinary RSA-2048 key.

start_jsse() {
  local classes=$LAB_DIR/java
  # compiled once: starting from source costs a second every time
  if [[ ! $classes/StartTls.class -nt $LAB_HOME/servers/StartTls.java ]]; then
    mkdir -p "$classes"
    javac -d "$classes" "$LAB_HOME/servers/StartTls.java"
  fi
  spawn jsse java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -cp "$classes" StartTls \
    "${ADDRESS[jsse-all]}" "$(keystore jsse-all)" SSLv3,TLSv1,TLSv1.1,TLSv1.2 ALL \
    "${ADDRESS[jsse-rc4]}" "$(keystore jsse-rc4)" SSLv3,TLSv1 SSL_RSA_WITH_RC4_128_MD5
}
