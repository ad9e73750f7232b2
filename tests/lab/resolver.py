"""resolver.py - a small DNS client for the lab's own tests: asks the lab's Unbound and says what DNSSEC made of the answer.

  secure    answered, with the AD bit           insecure  answered, without
  bogus     SERVFAIL, but answered if the resolver is told not to validate (CD)
  unknown   SERVFAIL even then, or silence
"""
import socket
import struct

SERVER = ("127.20.0.1", 53)
WAIT_S = 5
TYPES = {"A": 1, "CNAME": 5, "MX": 15, "TXT": 16, "AAAA": 28, "TLSA": 52, "SOA": 6}
AD, CD, RD, TRUNCATED, EDNS_OCTETS = 0x0020, 0x0010, 0x0100, 0x0200, 1232
SERVFAIL, NXDOMAIN, NOERROR = 2, 3, 0


class Answer:
    def __init__(self, state, exists, end, records):
        self.state, self.exists = state, exists
        self.end = end           # the name at the end of the CNAME chain
        self.records = records   # of the type that was asked for, as text, in the answer's order


def ask(name, kind):
    reply = exchange(name, kind, RD | AD)
    if reply is None:
        return Answer("unknown", False, name, [])
    flags = struct.unpack(">H", reply[2:4])[0]
    if flags & 15 in (NOERROR, NXDOMAIN):
        return answer_of(reply, name, kind, "secure" if flags & AD else "insecure")
    unchecked = exchange(name, kind, RD | CD)
    answered = unchecked is not None and struct.unpack(">H", unchecked[2:4])[0] & 15 in (NOERROR, NXDOMAIN)
    return Answer("bogus" if answered else "unknown", False, name, [])


def exchange(name, kind, flags):
    query = struct.pack(">6H", 1, flags, 1, 0, 0, 1)
    query += b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"
    query += struct.pack(">2H", TYPES[kind], 1) + b"\0" + struct.pack(">HHIH", 41, EDNS_OCTETS, 0, 0)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(WAIT_S)
            sock.connect(SERVER)
            sock.send(query)
            reply = sock.recv(65536)
        return by_tcp(query) if struct.unpack(">H", reply[2:4])[0] & TRUNCATED else reply
    except OSError:
        return None


def by_tcp(query):
    with socket.create_connection(SERVER, WAIT_S) as sock, sock.makefile("rb") as file:
        sock.sendall(struct.pack(">H", len(query)) + query)
        return file.read(struct.unpack(">H", file.read(2))[0])


def answer_of(reply, name, kind, state):
    rcode, questions, answers = struct.unpack(">2xHHH", reply[:8])
    at, records, end = 12, [], name.rstrip(".").lower()
    for _ in range(questions):
        at = name_at(reply, at)[1] + 4
    for _ in range(answers):
        at = name_at(reply, at)[1]
        number, _, _, size = struct.unpack(">HHIH", reply[at:at + 10])
        at += 10
        if number == TYPES["CNAME"]:
            end = name_at(reply, at)[0]
        if number == TYPES[kind]:
            records.append(text_of(kind, reply, at, size))
        at += size
    return Answer(state, rcode & 15 == NOERROR, end, records)


def name_at(reply, at):
    """(name in lower case, where it ends)"""
    labels, after = [], None
    while size := reply[at]:
        if size >= 0xC0:
            after = after or at + 2
            at = struct.unpack(">H", reply[at:at + 2])[0] & 0x3FFF
            continue
        labels.append(reply[at + 1:at + 1 + size].decode("latin-1").lower())
        at += 1 + size
    return ".".join(labels), after or at + 1


def text_of(kind, reply, at, size):
    data = reply[at:at + size]
    if kind in ("A", "AAAA"):
        return socket.inet_ntop(socket.AF_INET if kind == "A" else socket.AF_INET6, data)
    if kind == "MX":
        return f"{struct.unpack('>H', data[:2])[0]} {name_at(reply, at + 2)[0] or '.'}"
    if kind == "TLSA":
        return f"{data[0]} {data[1]} {data[2]} {data[3:].hex()}"
    if kind == "TXT":
        strings = b""
        while data:
            strings, data = strings + data[1:1 + data[0]], data[1 + data[0]:]
        return strings.decode("latin-1")
    return name_at(reply, at)[0] if kind == "CNAME" else ""
