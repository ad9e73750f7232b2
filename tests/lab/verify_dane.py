#!/usr/bin/python3
"""verify_dane.py POSTFIX CONFIGURATION - are the verdicts of expect-dane.tsv true?

Run inside the lab with the lab's resolver in /etc/resolv.conf (lab verify does both). Two witnesses, neither of which has
read the tables: the resolver itself (AD bit; asked again with CD when it fails), which says where there are TLSA records
that count, and Debian's posttls-finger of the unpacked package POSTFIX, which says what a Postfix makes of them at each
address. It takes the addresses of equal preference in random order, one a run, and is run until it has seen all.
"""
import csv
import os
import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import resolver  # noqa: E402

HOME = os.path.dirname(os.path.abspath(__file__))
NOTHING = "-"
RUNS_MOST = 25   # that one of three addresses is never first in 25 shuffles: 0.004 %
TOOL_SECONDS, SMTP_SECONDS, AT_ONCE = 60, 5, 4
WITHOUT_RECORDS = ("none", "insecure")
NO_ANSWER = ("bogus", "unknown")
UNUSABLE = re.compile(r"unsupported TLSA certificate usage|reserved private-use|all TLSA records unusable")
COUNTS = re.compile(r"DNSSEC-signed TLSA record: \S+: ")
FAILED = re.compile(r"Failed to establish session to \S+ via \S+ connect to (\S+)\[([^]]+)\]:25: ")


# ---- the resolver

def by_dns(domain, exchange):
    """(verdict or "records", base): how far RFC 7672 section 2.2 comes without a server."""
    if "." not in exchange:   # localhost, say, is the resolver's own word
        return NOTHING, NOTHING
    mx, host = resolver.ask(domain, "MX"), resolver.ask(exchange, "A")
    if not host.records and host.state != "insecure":   # one look-up that fails says nothing against the other
        other = resolver.ask(exchange, "AAAA")
        host = other if other.records or host.state == "secure" else host
    if mx.state == "insecure":
        return "insecure", NOTHING
    if host.state in NO_ANSWER:
        return host.state, NOTHING
    if not host.records:
        return NOTHING, NOTHING
    bases = [host.end, exchange] if host.end != exchange else [exchange]
    if host.state == "insecure":
        alias = resolver.ask(exchange, "CNAME")
        bases = [exchange] if alias.records and alias.state == "secure" else []
    verdict = "none" if host.state == "secure" else "insecure"
    for base in bases:
        records = resolver.ask(f"_25._tcp.{base}", "TLSA")
        if records.state in NO_ANSWER:
            return records.state, base
        if records.records and records.state == "secure":
            return "records", base
        if records.state == "insecure":
            verdict = "insecure"
    return verdict, NOTHING


def check_dns(row):
    verdict, base = by_dns(row["domain"], row["exchange"])
    wanted = "records" if row["dane"].startswith("secure-") else row["dane"]
    if verdict == "records" and row["dane"] == "unknown":   # there are records, and nobody to compare them with
        wanted = "records"
    if (verdict, base) != (wanted, row["base"]):
        return [f"DNS says {verdict} at {base}, the table {row['dane']} at {row['base']}"]
    return []


# ---- posttls-finger

def posttls_finger(postfix, configuration, domain):
    libraries = f"{postfix}/usr/lib/postfix:{postfix}/usr/lib/x86_64-linux-gnu"
    # -M may: an insecure MX RRset is the end of DANE, as in RFC 7672 section 2.2.1. Postfix's own default goes on and calls
    # what matches "trusted".
    command = [f"{postfix}/usr/sbin/posttls-finger", "-c", "-t", SMTP_SECONDS, "-T", SMTP_SECONDS, "-l", "dane", "-M", "may",
               "-L", "summary,certmatch,verbose", domain]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=TOOL_SECONDS, check=False,
                          env={**os.environ, "MAIL_CONFIG": configuration, "LD_LIBRARY_PATH": libraries})
    if "fatal: file" in done.stdout or "error while loading" in done.stdout:
        raise SystemExit(done.stdout)
    return done.stdout


def verdict_of(said):
    """What it says of the address that it talked to."""
    if "MX RRset is insecure" in said:
        return "insecure"
    if "TLSA lookup error" in said or "Destination address lookup failed" in said:
        return "no answer"
    if UNUSABLE.search(said) and (not COUNTS.search(said) or "all TLSA records unusable" in said):
        return "secure-unusable"
    if not COUNTS.search(said):
        return "no records"
    if "STARTTLS rejected: 4" in said:
        return "unknown"
    if "Verified TLS connection established" in said and "Matched DANE" in said:
        return "secure-match"
    return "secure-mismatch"   # not verified, no STARTTLS, or no handshake


def by_postfix(said, rows):
    """{row number: verdict} of one run"""
    found = {}
    by_place = {(row["exchange"], row["address"]): number for number, row in enumerate(rows)}
    for host, address in FAILED.findall(said):
        unusable = UNUSABLE.search(said) and not COUNTS.search(said)
        found[by_place.get((host, address))] = "secure-unusable" if unusable else "unknown"
    talked = re.search(r"setting up TLS connection to (\S+)\[([^]]+)\]:25", said)
    if talked:
        # what was said of other exchanges that were tried before it is no news about this one
        several = len({row["exchange"] for row in rows}) > 1
        last = said[said.rfind("Failed to establish session"):] if several and FAILED.search(said) else said
        found[by_place.get((talked[1], talked[2]))] = verdict_of(last)
    elif not found:
        found = dict.fromkeys(range(len(rows)), verdict_of(said)) if len(rows) == 1 or "lookup" in said else {}
    found.pop(None, None)   # an exchange beyond the twenty that are kept
    return found


def same(verdict, wanted):
    return verdict == wanted or (verdict == "no answer" and wanted in NO_ANSWER) or \
        (verdict == "no records" and wanted in WITHOUT_RECORDS)


def check_postfix(postfix, configuration, domain, rows):
    found = {}
    for _ in range(RUNS_MOST):
        found |= by_postfix(posttls_finger(postfix, configuration, domain), rows)
        if len(found) == len(rows):
            break
    return {number: [] if same(found.get(number), row["dane"]) else
            [f"posttls-finger says {found.get(number, 'nothing')}, the table {row['dane']}"] for number, row in enumerate(rows)}


# ---- all of it

def interesting(rows):
    return any(row["dane"] not in ("none", NOTHING) for row in rows) or rows[0]["domain"].startswith("dane-")


def verify(postfix, configuration, domain, rows):
    wrong = {number: check_dns(row) for number, row in enumerate(rows)}
    if interesting(rows) and all(row["dane"] != NOTHING for row in rows):
        for number, lines in check_postfix(postfix, configuration, domain, rows).items():
            wrong[number] += lines
    return [(row, wrong[number]) for number, row in enumerate(rows)]


def main(postfix, configuration):
    domains, failed = defaultdict(list), False
    with open(os.path.join(HOME, "expect-dane.tsv"), encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            domains[row["domain"]].append(row)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for done in pool.map(lambda item: verify(postfix, configuration, *item), domains.items()):
            for row, wrong in done:
                print(f"{'WRONG' if wrong else 'ok':<6}dane: {row['domain']} {row['exchange']} {row['address']} {row['dane']}",
                      *wrong, sep="\n      ")
                failed |= bool(wrong)
    sys.exit(failed)


main(*sys.argv[1:])
