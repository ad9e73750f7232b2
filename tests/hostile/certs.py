"""certs.py - certificates of two kinds: sound ones made by OpenSSL, and hostile ones assembled from DER by hand.

A hostile certificate carries a signature of arbitrary octets: nobody gets as far as to find that out unless told to
trust it. Given the public key of a real pair it can still be served by OpenSSL in a handshake that completes.
"""
import base64
import hashlib
import os
import re
import subprocess

NAME = "mx.hostile.test"
SEQUENCE, SET, INTEGER, BIT_STRING, OCTETS, OID, UTF8, PRINTABLE, BMP = 0x30, 0x31, 2, 3, 4, 6, 12, 19, 30
UTC_TIME, GENERALIZED_TIME = 23, 24
RSA_ENCRYPTION, SHA256_RSA, COMMON_NAME, ORGANISATION, SUBJECT_ALT_NAME = (
    "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "2.5.4.3", "2.5.4.10", "2.5.29.17")


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def integer(value):
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = bytes([first * 40 + second])
    for arc in rest:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | (arc & 0x7F))
        body += bytes(reversed(septets))
    return tlv(OID, body)


def attribute(kind, value, tag=UTF8):
    return tlv(SET, tlv(SEQUENCE, oid(kind), tlv(tag, value)))


def rsa_public(modulus, exponent):
    key = tlv(SEQUENCE, integer(modulus), integer(exponent))
    return tlv(SEQUENCE, tlv(SEQUENCE, oid(RSA_ENCRYPTION), tlv(5)), tlv(BIT_STRING, b"\0" + key))


def large_odd(bits):
    return int.from_bytes(os.urandom(bits // 8), "big") | 1 | 1 << (bits - 1)


def rsa_key(modulus_bits=2048, exponent=65537):
    """A public key whose modulus is merely a large odd number."""
    return rsa_public(large_odd(modulus_bits), exponent)


def explicit_curve(bits):
    """An EC key with a curve of its own over a field of so many bits."""
    size = bits // 8
    curve = tlv(SEQUENCE, tlv(OCTETS, os.urandom(size)), tlv(OCTETS, os.urandom(size)))
    field = tlv(SEQUENCE, oid("1.2.840.10045.1.1"), integer(large_odd(bits)))
    point = b"\2" + os.urandom(size)
    parameters = tlv(SEQUENCE, integer(1), field, curve, tlv(OCTETS, point), integer(large_odd(bits)), integer(1))
    return tlv(SEQUENCE, tlv(SEQUENCE, oid("1.2.840.10045.2.1"), parameters), tlv(BIT_STRING, b"\0" + point))


def strange_key():
    return tlv(SEQUENCE, tlv(SEQUENCE, oid("1.3.6.1.4.1.99999.1")), tlv(BIT_STRING, b"\0" + b"?" * 40))


def certificate(cn=NAME.encode(), cn_tag=UTF8, more=b"", sans=(), key=None, not_before=(UTC_TIME, b"200101000000Z"),
                not_after=(UTC_TIME, b"400101000000Z"), algorithm=SHA256_RSA, serial=1, issuer=None,
                signature=b"\x5a" * 256):
    """One certificate, self-issued unless issuer is a CN. more: further attributes; sans: dNSNames as octets."""
    name = tlv(SEQUENCE, attribute(COMMON_NAME, cn, cn_tag), more)
    issued_by = name if issuer is None else tlv(SEQUENCE, attribute(COMMON_NAME, issuer))
    kind = tlv(SEQUENCE, oid(algorithm), tlv(5))
    parts = [tlv(0xA0, integer(2)), integer(serial), kind, issued_by,
             tlv(SEQUENCE, tlv(not_before[0], not_before[1]), tlv(not_after[0], not_after[1])), name, key or rsa_key()]
    if sans:
        names = tlv(SEQUENCE, *(tlv(0x82, san) for san in sans))
        parts.append(tlv(0xA3, tlv(SEQUENCE, tlv(SEQUENCE, oid(SUBJECT_ALT_NAME), tlv(OCTETS, names)))))
    return tlv(SEQUENCE, tlv(SEQUENCE, *parts), kind, tlv(BIT_STRING, b"\0" + signature))


# ---- pairs ----

def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def make_pair(folder, name, *key_options):
    """A sound self-signed certificate and its key: paths of two PEM files."""
    key, cert = f"{folder}/{name}.key", f"{folder}/{name}.pem"
    openssl("req", "-x509", "-newkey", *key_options, "-nodes", "-keyout", key, "-out", cert, "-days", "365",
            "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}")
    return cert, key


def public_key(key):
    return openssl("pkey", "-in", key, "-pubout", "-outform", "DER")


def write_pem(path, der):
    with open(path, "w", encoding="ascii") as out:
        out.write("-----BEGIN CERTIFICATE-----\n")
        out.write(base64.encodebytes(der).decode())
        out.write("-----END CERTIFICATE-----\n")
    return path


# ---- signing ----

class RsaSigner:
    """PKCS #1 v1.5 with SHA-256 by hand, for a ServerKeyExchange that a client accepts."""

    PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")

    def __init__(self, cert, key):
        fields = re.split(r"\n(?=\S)", openssl("rsa", "-in", key, "-noout", "-text").decode())
        pairs = (field.split(":", 1) for field in fields if ":\n" in field)
        values = {name: re.sub(r"[\s:]", "", digits) for name, digits in pairs}
        self.modulus, self.private = int(values["modulus"], 16), int(values["privateExponent"], 16)
        self.der = openssl("x509", "-in", cert, "-outform", "DER")

    def sign(self, data):
        size = (self.modulus.bit_length() + 7) // 8
        digest = self.PREFIX + hashlib.sha256(data).digest()
        padded = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
        return pow(int.from_bytes(padded, "big"), self.private, self.modulus).to_bytes(size, "big")
