#!/usr/bin/python3
"""verify_certs.py CA - are the certificate facts of expect.tsv true?

Run inside the lab (lab verify). Asks the openssl program, one question a fact: `s_client` fetches the
chain in a full handshake, `verify -no_check_time` judges trust, `x509 -checkend` the dates and
`x509 -checkhost` the name. Two servers are beyond s_client, their files are judged instead: jsse-rc4 speaks
nothing that OpenSSL 3 has, and fussy's 220 to STARTTLS comes in pieces, which s_client does not put together.
"""
import datetime
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HOME = os.path.dirname(os.path.abspath(__file__))
HANDSHAKE_S = 15
FILES = {"jsse-rc4.mx.test": "jsse-rc4.pem", "fussy.mx.test": "ngx-modern.pem"}
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.S)


def openssl(*arguments, given=""):
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, text=True,
                          errors="replace", timeout=HANDSHAKE_S, check=False)


def handshake(address, name):
    target = f"[{address}]:25" if ":" in address else f"{address}:25"
    return openssl("s_client", "-starttls", "smtp", "-connect", target, "-servername", name, "-showcerts",
                   "-min_protocol", "TLSv1", "-cipher", "ALL:@SECLEVEL=0", given="QUIT\r\n").stdout


def in_date(leaf):
    start = openssl("x509", "-noout", "-startdate", given=leaf).stdout.strip().partition("=")[2]
    started = datetime.datetime.strptime(start, "%b %d %H:%M:%S %Y GMT") < datetime.datetime.utcnow()
    return started and openssl("x509", "-noout", "-checkend", "0", given=leaf).returncode == 0


def observe(address, name, ca):
    text = handshake(address, name)
    certs = PEM.findall(text)
    if not certs and name in FILES:
        with open(os.path.join(os.path.dirname(ca), FILES[name]), encoding="ascii") as file:
            certs = PEM.findall(file.read())
    with tempfile.TemporaryDirectory() as folder:
        leaf, rest = os.path.join(folder, "leaf"), os.path.join(folder, "rest")
        for path, content in ((leaf, certs[:1]), (rest, certs)):
            with open(path, "w", encoding="ascii") as file:
                file.write("".join(content))
        trusted = openssl("verify", "-no_check_time", "-purpose", "sslserver", "-CAfile", ca, "-no-CApath",
                          "-no-CAstore", "-untrusted", rest, leaf)
    matches = openssl("x509", "-noout", "-checkhost", name, given=certs[0]).stdout
    return {"cert_trusted": trusted.returncode == 0, "cert_in_date": in_date(certs[0]),
            "cert_name_match": "does match" in matches}, "New, " in text and "Cipher is (NONE)" not in text


def verify(row, ca):
    try:
        fact, finished = observe(row["address"], row["exchange"], ca)
    except (IndexError, subprocess.TimeoutExpired):
        return "", ["no certificate came"]
    wrong = [f"{key} is {'yes' if value else 'no'}, the table says {row[key]}"
             for key, value in fact.items() if row[key] != ("yes" if value else "no")]
    return "" if finished else "(no full handshake)", wrong


def main(ca):
    lines = subprocess.run([sys.executable, os.path.join(HOME, "tables.py"), "expect"],
                           check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"))) for line in lines[1:]]
    wanted = list({(row["exchange"], row["address"]): row for row in rows if row["tls_enabled"] == "yes"}.values())
    failed = False
    with ThreadPoolExecutor(max_workers=2) as pool:
        for row, (note, wrong) in zip(wanted, pool.map(lambda row: verify(row, ca), wanted)):
            print(f"{'WRONG' if wrong else 'ok':<6}{row['exchange']} {row['address']} {note}", *wrong, sep="\n      ")
            failed |= bool(wrong)
    sys.exit(failed)


main(sys.argv[1])
