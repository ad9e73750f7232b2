#!/usr/bin/python3
"""beside_dns.py PORT-FILE RELEASE LOG - a resolver for beside_test.sh. Until the file RELEASE is there it keeps to itself what it is
asked of PTR and CAA records; LOG gets a line per such question.

  one.test two.test   MX mx.one.test and mx.two.test, both at 127.0.0.2, whose PTR is mx.one.test; CAA at one.test alone
  bad.test            MX mx.bad.test at 127.0.0.3; PTR and CAA are answered SERVFAIL
"""
import os
import socket
import struct
import sys

A, MX, PTR, CAA = 1, 15, 12, 257
NOERROR, SERVFAIL = 0, 2
KEPT = (PTR, CAA)


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


RECORDS = {(f"{name}.test", MX): struct.pack(">H", 10) + wire(f"mx.{name}.test") for name in ("one", "two", "bad")}
RECORDS |= {("mx.one.test", A): bytes([127, 0, 0, 2]), ("mx.two.test", A): bytes([127, 0, 0, 2]),
            ("mx.bad.test", A): bytes([127, 0, 0, 3]), ("2.0.0.127.in-addr.arpa", PTR): wire("mx.one.test"),
            ("one.test", CAA): b"\0\5issueca.test"}
FAILING = {("3.0.0.127.in-addr.arpa", PTR), ("mx.bad.test", CAA)}


def question(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
        at += 1 + query[at]
    return (".".join(labels), struct.unpack(">H", query[at + 1:at + 3])[0]), query[12:at + 5]


def reply(query):
    asked, echo = question(query)
    data = RECORDS.get(asked)
    code = SERVFAIL if asked in FAILING else NOERROR
    record = b"\xc0\x0c" + struct.pack(">HHIH", asked[1], 1, 300, len(data)) + data if data else b""
    return query[:2] + struct.pack(">5H", 0x8180 | code, 1, bool(data), 0, 0) + echo + record


def main(port_file, release, log_file):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0.1)
    with open(port_file, "w", encoding="ascii") as file:
        file.write(f"{sock.getsockname()[1]}\n")
    kept = []
    with open(log_file, "w", encoding="ascii", buffering=1) as log:
        while True:
            if kept and os.path.exists(release):
                for query, client in kept:
                    sock.sendto(reply(query), client)
                kept = []
            try:
                query, client = sock.recvfrom(4096)
            except TimeoutError:
                continue
            asked, _ = question(query)
            if asked[1] in KEPT:
                log.write(f"{asked[0]} {asked[1]}\n")
            if asked[1] in KEPT and not os.path.exists(release):
                kept.append((query, client))
            else:
                sock.sendto(reply(query), client)


main(*sys.argv[1:])
