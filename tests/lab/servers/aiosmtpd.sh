# shellcheck shell=bash
# aiosmtpd, on the machine's python and its OpenSSL 3.0.

start_aiosmtpd() {
  spawn aiosmtpd env PYTHONPATH="$(root_of aiosmtpd)/usr/lib/python3/dist-packages" /usr/bin/python3 \
    "$LAB_HOME/servers/aiosmtpd-lab.py" "${ADDRESS[aiosmtpd]}" "$LAB_PKI/aiosmtpd.pem" "$LAB_PKI/aiosmtpd.key"
}
