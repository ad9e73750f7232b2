#!/usr/bin/python3
"""verify_certs.py CA OPENSSL… - are the certificate facts of expect.tsv true, and does a handshake finish?

Run inside the lab (lab verify). Asks the openssl program, one question a fact: `s_client` of OPENSSL (words of a
command, OpenSSL 3.5) finishes a handshake and fetches the chain, `verify -no_check_time` judges trust,
`x509 -checkend` the dates and `x509 -checkhost` the name. Some servers are beyond s_client, their files are judged
instead: OpenSSL has neither SSLv3 nor RC4 nor 3DES any more, and fussy's 220 to STARTTLS comes in pieces, which
s_client does not put together. Servers that count connections are left out: whether they answer depends on who came
before.
"""
import datetime
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
from tables import COUNTING  # noqa: E402

HOME = os.path.dirname(os.path.abspath(__file__))
HANDSHAKE_S = 15
FILES = {"jsse-rc4.mx.test": "jsse-rc4.pem", "jsse-ssl3.mx.test": "jsse-ssl3.pem", "jsse-3des.mx.test": "jsse-3des.pem",
         "fussy.mx.test": "ngx-modern.pem"}
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.S)


def openssl(*arguments, given="", program=("openssl",)):
    return subprocess.run([*program, *arguments], input=given, capture_output=True, text=True,
                          errors="replace", timeout=HANDSHAKE_S, check=False)


def handshake(address, name, client):
    """s_client's report, or nothing if no handshake finished."""
    target = f"[{address}]:25" if ":" in address else f"{address}:25"
    # Its exit status tells how the connection ended, which a server that hangs up without close_notify makes a race;
    # its "New, TLSv1.3" comes of a handshake that failed, too. The server's Finished is the end of a good one.
    client = openssl("s_client", "-starttls", "smtp", "-connect", target, "-servername", name, "-showcerts", "-state",
                     "-min_protocol", "TLSv1", "-cipher", "ALL:!aNULL:@SECLEVEL=0", given="QUIT\r\n", program=client)
    return client.stdout if "SSL_connect:SSLv3/TLS read finished" in client.stderr else ""


def in_date(leaf):
    start = openssl("x509", "-noout", "-startdate", given=leaf).stdout.strip().partition("=")[2]
    started = datetime.datetime.strptime(start, "%b %d %H:%M:%S %Y GMT") < datetime.datetime.utcnow()
    return started and openssl("x509", "-noout", "-checkend", "0", given=leaf).returncode == 0


def chain_of(row, ca, client):
    """The certificates of a finished handshake, or of the server's file, and which it was."""
    certs = PEM.findall(handshake(row["address"], row["exchange"], client))
    if certs or row["exchange"] not in FILES:
        return certs, ""
    with open(os.path.join(os.path.dirname(ca), FILES[row["exchange"]]), encoding="ascii") as file:
        return PEM.findall(file.read()), "(from its file)"


def observe(certs, name, ca):
    with tempfile.TemporaryDirectory() as folder:
        leaf, rest = os.path.join(folder, "leaf"), os.path.join(folder, "rest")
        for path, content in ((leaf, certs[:1]), (rest, certs)):
            with open(path, "w", encoding="ascii") as file:
                file.write("".join(content))
        trusted = openssl("verify", "-no_check_time", "-purpose", "sslserver", "-CAfile", ca, "-no-CApath",
                          "-no-CAstore", "-untrusted", rest, leaf)
    matches = openssl("x509", "-noout", "-checkhost", name, given=certs[0]).stdout
    return {"cert_trusted": trusted.returncode == 0, "cert_in_date": in_date(certs[0]),
            "cert_name_match": "does match" in matches}


def verify(row, ca, client):
    try:
        certs, note = chain_of(row, ca, client)
    except subprocess.TimeoutExpired:
        return "", ["s_client hangs"]
    if row["tls_enabled"] == "no":
        return "(no handshake finishes)", ["a handshake finished"] if certs else []
    if not certs:
        return "", ["no handshake finished"]
    fact = observe(certs, row["exchange"], ca)
    return note, [f"{key} is {'yes' if value else 'no'}, the table says {row[key]}"
                  for key, value in fact.items() if row[key] not in ("*", "yes" if value else "no")]


def main(ca, *client):
    lines = subprocess.run([sys.executable, os.path.join(HOME, "tables.py"), "expect"],
                           check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"))) for line in lines[1:]]
    for row in rows:   # of "8 of 127.12.1.1-12" the first
        row["address"] = row["address"].rpartition(" ")[2].partition("-")[0]
    wanted = list({(row["exchange"], row["address"]): row for row in rows if row["starttls_advertised"] == "yes"
                   and row["tls_enabled"] in ("yes", "no") and row["exchange"].partition(".")[0] not in COUNTING}.values())
    failed = False
    with ThreadPoolExecutor(max_workers=2) as pool:
        for row, (note, wrong) in zip(wanted, pool.map(lambda row: verify(row, ca, client), wanted)):
            print(f"{'WRONG' if wrong else 'ok':<6}{row['exchange']} {row['address']} {note}", *wrong, sep="\n      ")
            failed |= bool(wrong)
    sys.exit(failed)


main(*sys.argv[1:])
