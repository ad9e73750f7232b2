"""tls.py - the little of TLS that a hostile server needs: a ClientHello read, server flights built byte by byte."""
import os
import struct
from dataclasses import dataclass

SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
CCS, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, KEY_EXCHANGE, DONE = 2, 8, 11, 12, 14
FATAL, WARNING = 2, 1
CLOSE_NOTIFY, HANDSHAKE_FAILURE, PROTOCOL_VERSION, UNRECOGNIZED_NAME = 0, 40, 70, 112
EXT_GROUPS, EXT_VERSIONS, EXT_KEY_SHARE = 10, 43, 51
AES_SUITES = [0x009C, 0x002F]  # RSA key transport, so that a flight needs no ServerKeyExchange
DHE_SUITES = [0x009E, 0x0033]
RC4_SUITES = [0x0005, 0x0004]
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def vector(width, body):
    return len(body).to_bytes(width, "big") + body


# ---- reading ----

@dataclass
class Hello:
    versions: list  # offered, highest first
    suites: list
    groups: list
    random: bytes = b""
    raw: bytes = b""  # as it came


def numbers(body):
    return list(struct.unpack(f">{len(body) // 2}H", body[: len(body) // 2 * 2]))


def extensions_of(body):
    found = {}
    while len(body) >= 4:
        kind, length = struct.unpack(">HH", body[:4])
        found[kind] = body[4 : 4 + length]
        body = body[4 + length :]
    return found


def parse_hello(body):
    """The body of a ClientHello message."""
    legacy = int.from_bytes(body[:2], "big")
    at = 34 + 1 + body[34]
    suites_len = int.from_bytes(body[at : at + 2], "big")
    suites = numbers(body[at + 2 : at + 2 + suites_len])
    at += 2 + suites_len
    at += 1 + body[at]
    found = extensions_of(body[at + 2 :])
    versions = numbers(found[EXT_VERSIONS][1:]) if EXT_VERSIONS in found else list(range(legacy, SSL3 - 1, -1))
    return Hello(sorted(versions, reverse=True), suites, numbers(found.get(EXT_GROUPS, b"")[2:]), body[2:34])


async def read_hello(peer):
    """The client's hello, in TLS records or in SSL 2.0's framing; EOFError if it never comes."""
    stream = raw = b""
    while True:
        head = await peer.exactly(2)
        if head[0] & 0x80:
            return Hello([SSL2], [], [], raw=head + await peer.exactly((head[0] & 0x7F) << 8 | head[1]))
        head += await peer.exactly(3)
        body = await peer.exactly(int.from_bytes(head[3:], "big"))
        stream, raw = stream + body, raw + head + body
        if len(stream) >= 4 and len(stream) >= 4 + int.from_bytes(stream[1:4], "big"):
            hello = parse_hello(stream[4:])
            hello.raw = raw
            return hello


# ---- building ----

def record(kind, body, version=TLS12):
    return struct.pack(">BHH", kind, version, len(body)) + body


def records(kind, stream, size=16384, version=TLS12):
    """A stream cut into records of at most size octets."""
    return b"".join(record(kind, stream[at : at + size], version) for at in range(0, len(stream), size))


def message(kind, body):
    return bytes([kind]) + vector(3, body)


def alert(description, level=FATAL, version=TLS12):
    return record(ALERT, bytes([level, description]), version)


def extension(kind, body):
    return struct.pack(">H", kind) + vector(2, body)


def server_hello(version, suite, extensions=b"", random=None, session=b"", compression=0):
    body = struct.pack(">H", version) + (random or os.urandom(32)) + vector(1, session)
    body += struct.pack(">HB", suite, compression)
    return message(SERVER_HELLO, body + (vector(2, extensions) if extensions else b""))


def hello13(suite, group=None, retry=True, version=TLS13):
    """A TLS 1.3 ServerHello; retry: HelloRetryRequest for group."""
    extensions = extension(EXT_VERSIONS, struct.pack(">H", version))
    if group is not None:
        extensions += extension(EXT_KEY_SHARE, struct.pack(">H", group))
    return server_hello(TLS12, suite, extensions, RETRY_RANDOM if retry else None)


def certificates(*ders):
    return message(CERTIFICATE, vector(3, b"".join(vector(3, der) for der in ders)))


def flight12(version, suite, *ders):
    """Everything up to ServerHelloDone, as a stream of messages."""
    return server_hello(version, suite) + certificates(*ders) + message(DONE, b"")


def dhe_flight(hello, suite, signer, prime_bits):
    """TLS 1.2 with a finite-field group of the server's own, soundly signed; the prime is none, which nobody checks."""
    def number():
        return vector(2, (int.from_bytes(os.urandom(prime_bits // 8), "big") | 1 | 1 << (prime_bits - 1)).to_bytes(
            prime_bits // 8, "big"))

    random, prime = os.urandom(32), number()
    public = vector(2, prime[2:-1])  # smaller than the prime
    parameters = prime + vector(2, b"\2") + public
    signed = vector(2, signer.sign(hello.random + random + parameters))
    return (server_hello(TLS12, suite, random=random) + certificates(signer.der)
            + message(KEY_EXCHANGE, parameters + b"\4\1" + signed) + message(DONE, b""))


def refragment(data, size):
    """The plain-text handshake records in data cut to size octets each; what is encrypted stays as it is."""
    out, at, plain = b"", 0, True
    while at < len(data):
        kind, version, length = struct.unpack(">BHH", data[at : at + 5])
        body = data[at + 5 : at + 5 + length]
        plain = plain and kind != CCS
        out += records(kind, body, size, version) if plain and kind == HANDSHAKE else data[at : at + 5 + length]
        at += 5 + length
    return out
