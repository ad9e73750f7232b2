#!/usr/bin/python3
"""verify_tls.py SUITES.CSV [ID…] - does every server do what servers.tsv and extra.tsv say of it?

Run inside the lab (lab verify). Asks each server with hellos of its own making, without a TLS library:
every version by itself, and at every version the suites one by one (offer all, strike what was
selected, offer the rest, until refused). Hundreds of connections to a server: a check of the lab,
the opposite of a polite scanner. Servers whose facts are unknown, or that count, are left out.
"""
import csv
import os
import socket
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
from tables import COUNTING, Lab  # noqa: E402

HOME = os.path.dirname(os.path.abspath(__file__))
SILENCE_S = 10
SSL3, TLS1_0, TLS1_1, TLS1_2, TLS1_3 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
VERSIONS = {"sslv3": SSL3, "tls1_0": TLS1_0, "tls1_1": TLS1_1, "tls1_2": TLS1_2, "tls1_3": TLS1_3}
HYBRID_NAMES = {0x11EC: "X25519MLKEM768", 0x11EB: "SecP256r1MLKEM768", 0x11ED: "SecP384r1MLKEM1024"}
HYBRID_GROUPS = tuple(HYBRID_NAMES)
GROUPS = HYBRID_GROUPS + (0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100, 0x0101)
SIGNATURES = (0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601, 0x0402, 0x0203, 0x0201, 0x0202)
SCSV = 0x00FF
NOTHING_KNOWN = {"hybrid_groups": "-", "weak": "-"}
OFFER_MAX = 120   # wolfSSL refuses a hello of more than 150 suites, whatever they are
ALERT, HANDSHAKE, WARNING, CLOSE_NOTIFY, SERVER_HELLO_DONE = 21, 22, 1, 0, 14
# How a HelloRetryRequest is told from a ServerHello does not matter here: both name version, suite and group.


def vector(width, body):
    return len(body).to_bytes(width, "big") + body


def words(values):
    return b"".join(struct.pack(">H", value) for value in values)


def extension(number, body):
    return struct.pack(">H", number) + vector(2, body)


def client_hello(version, suites, name, groups):
    extensions = b""
    if version > SSL3:
        extensions += extension(0, vector(2, b"\0" + vector(2, name.encode())))
        extensions += extension(10, vector(2, words(groups))) + extension(11, b"\x01\0")
        extensions += extension(13, vector(2, words(SIGNATURES)))
    if version == TLS1_3:
        extensions += extension(43, vector(1, words([TLS1_3]))) + extension(51, vector(2, b""))
    else:
        suites = list(suites) + [SCSV]
    body = struct.pack(">H", min(version, TLS1_2)) + os.urandom(32) + vector(1, os.urandom(32) if version == TLS1_3 else b"")
    body += vector(2, words(suites)) + vector(1, b"\0")
    if extensions:
        body += vector(2, extensions)
    return b"\x16" + struct.pack(">H", min(version, TLS1_0)) + vector(2, b"\x01" + vector(3, body))


def sslv2_hello():
    specs = bytes.fromhex("0700c0 060040 050080 040080 030080 020080 010080")
    body = b"\x01\x00\x02" + struct.pack(">3H", len(specs), 0, 16) + specs + os.urandom(16)
    return struct.pack(">H", 0x8000 | len(body)) + body


class Smtp:
    """One connection; STARTTLS done when starttls() returns True."""

    def __init__(self, address):
        self.socket = socket.create_connection((address, 25), SILENCE_S)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def reply(self):
        lines = []
        while True:
            line = self.file.readline(4096)
            lines.append(line.rstrip().decode("ascii", "replace"))
            if line[3:4] != b"-":
                return lines

    def ask(self, command):
        self.socket.sendall(command + b"\r\n")
        return self.reply()

    def starttls(self):
        self.reply()
        if not any(line[4:].upper() == "STARTTLS" for line in self.ask(b"EHLO verify.test")):
            return False
        return self.ask(b"STARTTLS")[-1].startswith("220")

    def exactly(self, count):
        data = self.file.read(count)
        if len(data) < count:
            raise EOFError
        return data


def handshake_messages(smtp):
    """(type, body) of each message of the server's flight; ends with a refusal."""
    data = b""
    while True:
        kind, _, length = struct.unpack(">BHH", smtp.exactly(5))
        payload = smtp.exactly(length)
        if kind == ALERT and payload[0] == WARNING and payload[1] != CLOSE_NOTIFY:
            continue
        if kind != HANDSHAKE:
            return
        data += payload
        while len(data) >= 4 and len(data) >= (end := 4 + int.from_bytes(data[1:4], "big")):
            yield data[0], data[4:end]
            data = data[end:]


def server_hello(smtp):
    """(version, suite, group), or None for a refusal; group None if no key_share names one."""
    _, body = next(handshake_messages(smtp), (None, None))
    if body is None:
        return None
    version, = struct.unpack(">H", body[:2])
    group = None
    after_session = 35 + body[34]
    suite, = struct.unpack(">H", body[after_session:after_session + 2])
    at = after_session + 5
    while at + 4 <= len(body):
        number, length = struct.unpack(">HH", body[at:at + 4])
        if number == 43:
            version, = struct.unpack(">H", body[at + 4:at + 6])
        if number == 51:
            group, = struct.unpack(">H", body[at + 4:at + 6])
        at += 4 + length
    return version, suite, group


def whole_flight(smtp):
    """Did the flight reach ServerHelloDone?"""
    return any(kind == SERVER_HELLO_DONE for kind, _ in handshake_messages(smtp))


def ask_hello(address, hello, read):
    with Smtp(address) as smtp:
        if not smtp.starttls():
            return None
        smtp.socket.sendall(hello)
        try:
            return read(smtp)
        except (EOFError, ConnectionResetError):
            return None


def sslv2_answer(smtp):
    first, second = smtp.exactly(2)
    body = smtp.exactly((first & 0x7F) << 8 | second) if first & 0x80 else b""
    return (2, 0) if body[:1] == b"\x04" and body[3:5] == b"\x00\x02" else None


class Suites:
    def __init__(self, path):
        with open(path, encoding="utf-8") as table:
            self.rows = {int(row["codepoint"], 16): row for row in csv.DictReader(table)}
        self.legacy = [code for code in self.rows if code >> 8 != 0x13 and code not in (0x00FF, 0x5600)]
        self.modern = [code for code in self.rows if code >> 8 == 0x13]

    def weak(self, code):
        return bool(set(self.rows[code]["weak_class"].split("|")) - {"", "ANON"})

    def weaknesses(self, codes):
        """What is weak in these suites, by algorithm: EXPORT,RC4 and the like."""
        classes = set().union(*(self.rows[code]["weak_class"].split("|") for code in codes))
        return ",".join(sorted(classes - {"", "ANON", "LOW", "MEDIUM"}))

    def anonymous(self, code):
        return "ANON" in self.rows[code]["weak_class"].split("|")

    def has(self, code, column):
        return self.rows[code][column] == "1"


def suites_at(address, name, version, suites):
    """Every suite that the server selects at exactly this version."""
    everything, found = suites.modern if version == TLS1_3 else suites.legacy, []
    for start in range(0, len(everything), OFFER_MAX):
        left = everything[start:start + OFFER_MAX]
        while left:
            answer = ask_hello(address, client_hello(version, left, name, GROUPS), server_hello)
            if not answer or answer[0] != version:
                break
            if answer[1] not in left:
                raise ValueError(f"{name} selected {answer[1]:04X}, which was not offered")
            left.remove(answer[1])
            found.append(answer[1])
    return found


def observe(address, name, suites):
    fact = dict.fromkeys(["sslv2", *VERSIONS, "weak_ciphers", "anon_suites", "nist_r1", "nist_r2",
                          "forward_secrecy", "pq_hybrid", "tls_enabled"], False)
    counts, flights, weak, groups = [], [], [], []
    with Smtp(address) as smtp:
        fact["starttls_advertised"] = smtp.starttls()
    if fact["starttls_advertised"]:
        fact["sslv2"] = bool(ask_hello(address, sslv2_hello(), sslv2_answer))
        for key, version in VERSIONS.items():
            found = suites_at(address, name, version, suites)
            counts.append(f"{key} {len(found)}")
            fact[key] = bool(found)
            fact["weak_ciphers"] |= any(map(suites.weak, found))
            fact["anon_suites"] |= any(map(suites.anonymous, found))
            for column, column_key in (("nist_r1", "nist_r1"), ("nist_r2", "nist_r2"), ("forward_secret", "forward_secrecy")):
                fact[column_key] |= any(suites.has(code, column) for code in found)
            if weaknesses := suites.weaknesses(found):
                weak.append(f"{key}:{weaknesses}")
            if found:
                flights.append(version == TLS1_3 or ask_hello(address, client_hello(version, found, name, GROUPS), whole_flight))
        groups = [group for group in HYBRID_GROUPS if selects(address, name, group, suites)]
        # at TLS 1.3 the flight is encrypted: verify_certs.py finishes a handshake
        fact["tls_enabled"] = bool(flights) and all(flights)
        fact["pq_hybrid"] = bool(groups)
    extra = {"hybrid_groups": ",".join(HYBRID_NAMES[group] for group in groups) or "-", "weak": " ".join(weak) or "-"}
    return fact, extra, ", ".join(counts)


def selects(address, name, group, suites):
    """Does the server select this group? wolfSSL answers a hello without a group of its own with none."""
    answer = ask_hello(address, client_hello(TLS1_3, suites.modern, name, [group]), server_hello)
    return bool(answer) and answer[2] == group


def claims():
    """(id, address, row of expect.tsv) of the domains that stand for one server each."""
    lines = subprocess.run([sys.executable, os.path.join(HOME, "tables.py"), "expect"],
                            check=True, capture_output=True, text=True).stdout.splitlines()
    columns, servers = lines[0].split("\t"), Lab().servers
    for line in lines[1:]:
        row = dict(zip(columns, line.split("\t")))
        ident = row["domain"].rpartition(".")[0]
        if ident in servers and row["exchange"] == ident + ".mx.test" and row["tls_enabled"] != "unknown" and row["reachable"] != "*" \
                and ident not in COUNTING:
            yield ident, servers[ident].address, row


def exact():
    """extra.tsv: {id: {column: value}}"""
    with open(os.path.join(HOME, "extra.tsv"), encoding="utf-8") as table:
        rows = [line.rstrip("\n").split("\t") for line in table if line.strip() and not line.startswith("#")]
    return {row[0]: dict(zip(("hybrid_groups", "weak"), row[1:])) for row in rows}


def verify(claim, suites, known):
    ident, address, row = claim
    try:
        fact, extra, counts = observe(address, row["exchange"], suites)
    except (OSError, ValueError) as error:
        return ident, [f"{type(error).__name__}: {error}"], ""
    wrong = [f"{key} is {'yes' if value else 'no'}, the table says {row[key]}"
             for key, value in fact.items() if row[key] not in ("*", "yes" if value else "no")]
    wrong += [f"{key} is {extra[key]}, extra.tsv says {value}" for key, value in known.get(ident, NOTHING_KNOWN).items()
              if extra[key] != value]
    return ident, wrong, counts


def main(arguments):
    suites = Suites(arguments[0])
    wanted = [claim for claim in claims() if not arguments[1:] or claim[0] in arguments[1:]]
    known, failed = exact(), False
    with ThreadPoolExecutor(max_workers=8) as pool:
        for ident, wrong, counts in pool.map(lambda claim: verify(claim, suites, known), wanted):
            print(f"{'WRONG' if wrong else 'ok':<6}{ident:<15}{counts}", *wrong, sep="\n      " if wrong else "")
            failed |= bool(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1:])
