#!/usr/bin/python3
"""verify_sts.py CA - is expect-domain.tsv true? DNSSEC, MTA-STS and TLS-RPT of every domain of the lab.

Run inside the lab (lab verify). The resolver says what DNSSEC makes of the MX, curl fetches the policies, and Python's own
TLS shakes hands with the exchanges of those that enforce. curl takes a CN where a certificate has no SAN, RFC 8461 section
3.3 does not: what curl has fetched is asked for once more by Python, which can be told so. What the texts mean is worked
out here a second time, from the RFCs' grammars.
"""
import csv
import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

sys.dont_write_bytecode = True
import resolver  # noqa: E402

HOME = os.path.dirname(os.path.abspath(__file__))
NOTHING = "-"
BODY_MOST = 65536
CURL_SECONDS, SMTP_SECONDS, AT_ONCE = 4, 10, 8
MAX_AGE_MOST = 31557600
PATH = "/.well-known/mta-sts.txt"
REPORT = "%{stderr}%{http_code}\t%{num_connects}\t%{content_type}\n"
FIELD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+")
LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*)")
PATTERN = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.I)
ADDRESS = re.compile(r"mailto:[^@,!;\s]+@[A-Za-z0-9.-]+|https://[A-Za-z0-9.-]+(:\d+)?(/[^,!;\s]*)?")
# What curl says of a connection that ends in the handshake: it depends on what came first, the end or a reset.
ENDS = ("SSL_ERROR_SYSCALL", "Connection reset", "unexpected eof")
UNKNOWN = {"dns", "connect_timeout", "timeout", "closed"}   # nobody answered: that says nothing about a policy
CURL_WHY = {1: "not_http", 7: "connect_refused", 18: "cut_short"}
CERTIFICATE_WHY = (("no alternative certificate subject name", "cert_name"), ("has expired", "cert_date"),
                   ("not yet valid", "cert_date"), ("", "certificate"))

ca = ""


# ---- texts

def texts(name, version):
    """(failed, the records that begin with the version and a semicolon, blanks before it or not)"""
    answer = resolver.ask(name, "TXT")
    return answer.state in ("bogus", "unknown"), [text for text in answer.records if re.match(version + "[ \t]*;", text)]


def tlsrpt(domain):
    failed, records = texts(f"_smtp._tls.{domain}", "v=TLSRPTv1")
    if failed or not records:
        return "unknown" if failed else "none"
    fields = [part.strip() for part in records[0].split(";")]
    places = ",".join(field[4:] for field in fields if field.startswith("rua=")).split(",")
    return "valid" if len(records) == 1 and all(ADDRESS.fullmatch(place.strip()) for place in places) else "invalid"


def record_why(records):
    """Why the record is none, or nothing."""
    if len(records) > 1:
        return "several_records"
    fields = [part.strip() for part in records[0].split(";")]
    fields = fields[1:-1] if not fields[-1] else fields[1:]
    ids = [field[3:] for field in fields if field.startswith("id=")]
    if not ids and all(FIELD.fullmatch(field) for field in fields):
        return "no_id"
    if ids and not re.fullmatch("[A-Za-z0-9]{1,32}", ids[0]):
        return "bad_id"
    return "" if all(FIELD.fullmatch(field) for field in fields) else "record_syntax"


# ---- the policy

def fetch(host, addresses):
    """(why, body)"""
    command = ["curl", "-sS", "--max-time", str(CURL_SECONDS), "--max-redirs", "0", "--tlsv1.2", "--cacert", ca, "--resolve",
               f"{host}:443:{','.join(addresses)}", "-w", REPORT, f"https://{host}{PATH}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as curl:
        body = curl.stdout.read(BODY_MOST + 1)
        if len(body) > BODY_MOST:
            curl.kill()
            return "too_large", b""
        said = curl.stderr.read().decode(errors="replace")
    if curl.returncode:
        return failure(curl.returncode, said), b""
    code, _, media = said.splitlines()[-1].split("\t")
    if code != "200":
        return ("redirect" if code.startswith("3") else "http_status"), b""
    if media.partition(";")[0].strip().lower() != "text/plain":
        return "content_type", b""
    return ("" if named_by_san(host, addresses) else "cert_name"), body


def failure(status, said):
    code, connections, _ = next(line for line in said.splitlines() if line.count("\t") == 2).split("\t")
    if status == 60:
        return next(why for words, why in CERTIFICATE_WHY if words in said)
    if status == 35:
        return "closed" if any(end in said for end in ENDS) else "tls"
    if status == 28:
        return "too_slow" if code != "000" else "timeout" if connections != "0" else "connect_timeout"
    return CURL_WHY.get(status, f"curl {status}")


def strict_context():
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.set_ciphers("HIGH:!aNULL")   # Python leaves out RSA key exchange by itself, senders do not
    return context


def named_by_san(host, addresses):
    for address in addresses:
        try:
            with socket.create_connection((address, 443), CURL_SECONDS) as sock, strict_context().wrap_socket(sock, server_hostname=host):
                return True
        except ssl.SSLError:
            return False
        except OSError:
            continue
    return False


def policy_why(body):
    """(why, mode, patterns)"""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "not_text", "", []
    if "\0" in text:
        return "not_text", "", []
    lines = [LINE.fullmatch(line) for line in re.split("\r?\n", text) if line]
    if not all(lines):
        return "syntax", "", []
    first = {}
    for line in lines:
        first.setdefault(line[1], line[2])
    patterns = [line[2] for line in lines if line[1] == "mx"]
    age, mode = first.get("max_age", ""), first.get("mode", "")
    checks = (("no_version", "version" in first), ("bad_version", first.get("version") == "STSv1"), ("no_mode", "mode" in first),
              ("bad_mode", mode in ("enforce", "testing", "none")), ("no_max_age", "max_age" in first),
              ("bad_max_age", re.fullmatch(r"\d{1,10}", age) and int(age) <= MAX_AGE_MOST),
              ("no_mx", patterns or mode == "none"), ("bad_mx", all(PATTERN.fullmatch(pattern) for pattern in patterns)))
    return next((why for why, good in checks if not good), ""), mode, patterns


def covers(pattern, exchange):
    one_label = re.escape(pattern.lower()).replace(r"\*", "[^.]+")
    return re.fullmatch(one_label, exchange) is not None


# ---- the exchanges

@lru_cache(maxsize=None)
def fails(exchange, address):
    """Would a sender that must have TLS with this exchange turn away from this address?"""
    try:
        with smtplib.SMTP(address, 25, "verify.test", SMTP_SECONDS) as smtp:
            smtp.ehlo()
            if not smtp.has_extn("starttls"):
                return True
            if smtp.docmd("STARTTLS")[0] != 220:
                return False
            try:
                smtp.sock = strict_context().wrap_socket(smtp.sock, server_hostname=exchange)
                smtp.file = None
            except ssl.SSLError:
                return True
            return False
    except (OSError, smtplib.SMTPException):
        return False   # nobody knows


def exchanges_of(domain):
    found = sorted((int(text.split()[0]), text.split()[1]) for text in resolver.ask(domain, "MX").records)
    return list(dict.fromkeys(name for _, name in found))


def bounces(exchange):
    return any(fails(exchange, address) for address in resolver.ask(exchange, "A").records)


# ---- all of it

def mta_sts(domain):
    """{column: value}"""
    failed, records = texts(f"_mta-sts.{domain}", "v=STSv1")
    if failed or not records:
        return verdict("dns" if failed else "", "none")
    why, mode, patterns = record_why(records), "", []
    if not why:
        host = resolver.ask(f"mta-sts.{domain}", "A")
        if host.state in ("bogus", "unknown"):
            return verdict("dns", "")
        why, body = fetch(f"mta-sts.{domain}", host.records) if host.records else ("no_host", b"")
    if not why:
        why, mode, patterns = policy_why(body)
    if why or mode == "none":
        return verdict(why, "none", mode)
    missing = [name for name in exchanges_of(domain) if not any(covers(pattern, name) for pattern in patterns)]
    failing = [name for name in exchanges_of(domain) if mode == "enforce" and name not in missing and bounces(name)]
    return {**verdict("", mode, mode), "not_covered": " ".join(missing) or NOTHING, "bounces": " ".join(failing) or NOTHING}


def verdict(why, status, mode=""):
    return {"mta_sts": ("unknown" if why in UNKNOWN else "invalid") if why else status, "mode": (not why and mode) or NOTHING,
            "why": why or NOTHING, "not_covered": NOTHING, "bounces": NOTHING}


def verify(row):
    domain = row["domain"]
    dnssec = resolver.ask(domain, "MX").state
    if dnssec in ("bogus", "unknown"):  # of a domain whose MX records fail nobody asks for more
        found = {"dnssec": dnssec, **verdict("dns", ""), "tlsrpt": "unknown"}
    else:
        found = {"dnssec": dnssec, **mta_sts(domain), "tlsrpt": tlsrpt(domain)}
    return [f"{key} is {value}, the table says {row[key]}" for key, value in found.items() if row[key] != value]


def main(trust_store):
    global ca
    ca, failed = trust_store, False
    with open(os.path.join(HOME, "expect-domain.tsv"), encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for row, wrong in zip(rows, pool.map(verify, rows)):
            print(f"{'WRONG' if wrong else 'ok':<6}domain: {row['domain']}", *wrong, sep="\n      ")
            failed |= bool(wrong)
    sys.exit(failed)


main(*sys.argv[1:])
