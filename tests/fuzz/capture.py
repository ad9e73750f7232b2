#!/usr/bin/python3
"""capture.py FOLDER MXGRADE CA - records what the lab's servers really say, as seeds: FOLDER/TARGET/SHA-1.

Run inside the lab (tests/fuzz/renew does). Talks to every server as an SMTP client, sends the hellos of
verify_tls.py and keeps all octets that come back; asks the lab's resolver; and packs what `mxgrade probe`
finds into messages of the bus, by protoc.
"""
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HOME = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HOME, "..", "lab")
sys.dont_write_bytecode = True
sys.path.insert(0, LAB)
from verify_tls import SSL3, TLS1_0, TLS1_1, TLS1_2, TLS1_3, client_hello, sslv2_hello, vector

PROTO = os.path.join(HOME, "..", "..", "proto")
RESOLVER = ("127.20.0.1", 53)
QUIET_S = 1.0   # a server that says nothing for so long has said it all
PARALLEL = 8
SSL2 = 0x0002

ECDHE = (0xC02F, 0xC030, 0xC02B, 0xC02C, 0xCCA8, 0xCCA9, 0xC013, 0xC014, 0xC009, 0xC00A)
DHE = (0x009E, 0x009F, 0x0033, 0x0039, 0x0067, 0x006B)
RSA = (0x009C, 0x009D, 0x002F, 0x0035, 0x003C, 0x003D)
WEAK = (0x000A, 0x0005, 0x0004, 0x0009, 0x0003, 0x0006, 0x0008, 0x0062, 0x0064, 0x0002, 0x003B)
ANON = (0xC018, 0xC019, 0x0034, 0x003A, 0x0018)
MODERN = (0x1301, 0x1302, 0x1303)
NOBODY_HAS = (0xFEFE,)
HYBRIDS, CURVES, FINITE = (0x11EC, 0x11EB), (0x001D, 0x0017, 0x0018, 0x0019), (0x0100, 0x0101)
LEGACY = ECDHE + DHE + RSA + WEAK
# What is asked of each server: the highest version, suites, groups.
HELLOS = (
    (TLS1_3, MODERN, HYBRIDS + CURVES), (TLS1_3, MODERN, CURVES), (TLS1_3, MODERN, FINITE), (TLS1_3, MODERN, (0xFEFE,)),
    (TLS1_2, LEGACY, CURVES), (TLS1_2, ECDHE, CURVES), (TLS1_2, DHE, CURVES), (TLS1_2, RSA, CURVES), (TLS1_2, WEAK, CURVES),
    (TLS1_2, ANON, CURVES), (TLS1_2, NOBODY_HAS, CURVES), (TLS1_1, LEGACY, CURVES), (TLS1_0, LEGACY, CURVES),
    (SSL3, LEGACY, ()), (SSL3, NOBODY_HAS, ()), (SSL2, (), ()),
)


class Recorder:
    """One connection; every method returns the octets that came."""

    def __init__(self, address):
        self.socket = socket.create_connection((address, 25), QUIET_S)
        self.socket.settimeout(QUIET_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def until(self, done):
        data = b""
        try:
            while not done(data) and (more := self.socket.recv(65536)):
                data += more
        except OSError:   # quiet, or reset: what came until then is what there is
            pass
        return data

    def reply(self):
        return self.until(lambda data: data.endswith(b"\n") and data.split(b"\n")[-2][3:4] != b"-")

    def ask(self, command):
        try:
            self.socket.sendall(command + b"\r\n")
        except OSError:
            return b""
        return self.reply()

    def flight(self, hello):
        self.socket.sendall(hello)
        return self.until(lambda data: data.endswith(b"\x0e\0\0\0"))   # ServerHelloDone


def dialogue(address):
    with Recorder(address) as server:
        replies = [server.reply(), server.ask(b"EHLO capture.test"), server.ask(b"NOOP"), server.ask(b"STARTTLS")]
    return replies


def flight(address, name, version, suites, groups):
    with Recorder(address) as server:
        server.reply()
        server.ask(b"EHLO capture.test")
        if not server.ask(b"STARTTLS").startswith(b"220"):
            return b""
        return server.flight(sslv2_hello() if version == SSL2 else client_hello(version, suites, name, groups))


def certificate_message(data):
    """The body of the Certificate message in a flight of SSL 3.0 to TLS 1.2; None if there is none."""
    messages = b""
    while len(data) >= 5 and data[0] == 22:
        length = int.from_bytes(data[3:5], "big")
        messages, data = messages + data[5:5 + length], data[5 + length:]
    while len(messages) >= 4:
        end = 4 + int.from_bytes(messages[1:4], "big")
        if messages[0] == 11:
            return messages[4:end]
        messages = messages[end:]
    return None


def dns_answer(name, kind, dnssec):
    labels = b"".join(vector(1, label.encode("ascii")) for label in name.split(".") if label) + b"\0"
    query = struct.pack(">6H", 0x4D58, 0x0100, 1, 0, 0, 1) + labels + struct.pack(">2H", kind, 1)
    query += b"\0" + struct.pack(">HHIH", 41, 1232, 0x8000 if dnssec else 0, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5 * QUIET_S)
        client.connect(RESOLVER)
        client.send(query)
        try:
            return client.recv(4096)
        except OSError:
            return b""


# ---- messages of the bus

def quoted(text):
    return '"' + "".join(chr(octet) if 32 <= octet < 127 and chr(octet) not in '"\\' else f"\\{octet:03o}"
                         for octet in (text or "").encode()) + '"'


def facts_text(facts, first, count):
    evidence = ["", "observed", "inferred", "shared"]
    for number, fact in enumerate(list(facts.values())[first:first + count]):
        yield (f"fact {{ id: {number} value: TRI_{fact['value'].upper()} evidence: "
               f"{evidence.index(fact.get('evidence') or '')} connection: {fact.get('connection') or 0} }}")


def results_text(report):
    """A Results envelope in protobuf's text form, from what `mxgrade probe --json` printed."""
    name_facts = 4
    fact_count = len(report["facts"]) - name_facts
    lines = [f"job: 7 survey: 1 address: {quoted(report['address'])} port: 25 observed_at_ms: 1790000000000",
             *facts_text(report["facts"], 0, fact_count), f"banner: {quoted(report.get('banner'))}"]
    lines += [f"ehlo: {quoted(line)}" for line in report.get("ehlo") or []]
    lines += [f"ehlo_tls: {quoted(line)}" for line in report.get("ehlo_tls") or []]
    lines += [f"connection {{ step: {quoted(c['step'])} offered: {quoted(c['offered'])} outcome: {quoted(c['outcome'])} "
              f"duration_ms: {int(c.get('milliseconds') or 0)} detail: {quoted(c.get('detail'))} }}"
              for c in report.get("connections") or []]
    certificate = report.get("certificate")
    lines.append(f"name {{ exchange: {quoted(report['name'])} {' '.join(facts_text(report['facts'], fact_count, name_facts))} }}")
    text = "version: 1 results { sequence: 3 worker_id: \"w1\" vantage: \"lab\" result { " + " ".join(lines) + " } "
    if certificate:
        text += (f"certificate {{ sha256: {quoted(certificate['sha256'][:32])} subject: {quoted(certificate['subject'])} "
                 f"issuer: {quoted(certificate['issuer'])} key_type: {quoted(certificate['key_type'])} "
                 + " ".join(f"san: {quoted(san)}" for san in certificate["san"][:8])
                 + f" key_bits: {certificate['key_bits']} not_before: {certificate['not_before']} }} ")
    return text + "}"


ENVELOPES = (
    'version: 1 hello { worker_id: "w1" software: "mxgrade-worker 0.1.0" vantage: "lab" held: [1, 2, 300] }',
    "version: 1 credit { n: 500 }", "version: 1 done { job: [1, 2, 70000] handed_back: 9 }",
    'version: 1 jobs { probe { id: 7 survey: 1 address: "127.12.0.1" port: 25 name: "ngx-modern.mx.test" name: "two.mx.test"'
    ' lease_ms: 600000 attempt: 1 } probe { id: 8 survey: 1 address: "::1" port: 25 names_only: true } }',
    "version: 1 cancel { job: 7 survey: 1 }", "version: 1 drain {}", "version: 1 ack { sequence: [1, 2] }",
    'version: 1 refused { reason: REFUSED_VERSION detail: "protocol version not supported" }', "version: 1 heartbeat {}",
)


def envelope(text):
    return subprocess.run(["protoc", "-I", PROTO, "--encode=mxgrade.Envelope", "mxgrade.proto"], check=True,
                          input=text.encode(), capture_output=True).stdout


def probe(mxgrade, ca, address, name):
    done = subprocess.run([mxgrade, "probe", address, "--name", name, "--allow-reserved", "--gap", "0ms", "--json",
                           "--greeting-timeout", "1s", "--trust-store", ca], capture_output=True, check=False)
    return json.loads(done.stdout) if done.stdout.startswith(b"{") else None


# ---- all of it

def servers():
    table = subprocess.run([sys.executable, os.path.join(LAB, "tables.py"), "servers"], check=True, capture_output=True,
                           text=True).stdout
    return [tuple(line.split("\t")[:2]) for line in table.splitlines()]


def lines_of(file):
    with open(os.path.join(LAB, file), "rb") as lines:
        return lines.read().split(b"\n")


class Seeds:
    def __init__(self, folder):
        self.folder = folder

    def keep(self, target, data):
        if data:
            os.makedirs(os.path.join(self.folder, target), exist_ok=True)
            with open(os.path.join(self.folder, target, hashlib.sha1(data).hexdigest()), "wb") as file:
                file.write(data)


def record_server(seeds, server, mxgrade, ca):
    ident, address = server
    name = ident + ".mx.test"
    try:
        replies = dialogue(address)
        seeds.keep("smtp", b"".join(replies))
        seeds.keep("text", replies[0] + replies[1])
        for hello in HELLOS:
            data = flight(address, name, *hello)
            seeds.keep("sslv2" if hello[0] == SSL2 else "flight", data)
            seeds.keep("cert", certificate_message(data))
    except OSError as error:   # nobody listens there, or it stopped to serve: so it is meant
        print(f"{ident}: {error}", file=sys.stderr)
    report = probe(mxgrade, ca, address, name)
    if report:
        seeds.keep("envelope", envelope(results_text(report)))


def record_names(seeds, idents):
    for line in lines_of("domains.txt") + lines_of("dirty.txt"):
        seeds.keep("name", line)
        seeds.keep("text", line)
    names = [line.decode() for line in lines_of("domains.txt") if line] + [ident + ".mx.test" for ident in idents]
    for name in filter(str.isascii, names):
        for kind in (1, 15, 28):
            for dnssec in (False, True):
                seeds.keep("dns", dns_answer(name, kind, dnssec))


def main(folder, mxgrade, ca):
    seeds = Seeds(folder)
    found = servers()
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        list(pool.map(lambda server: record_server(seeds, server, mxgrade, ca), found))
    record_names(seeds, [ident for ident, _ in found])
    for text in ENVELOPES:
        seeds.keep("envelope", envelope(text))


main(*sys.argv[1:])
