"""dane.py - TLSA records of the lab, and what DANE makes of them (RFC 6698, 7671, 7672).

In the tables the data of a TLSA record are USAGE SELECTOR MATCHING and hexadecimal digits or what they are made from:
@leaf:SERVER, @int, @root or @other, a certificate of the lab. The verdicts follow from the tables alone: who issued what,
which kinds share a key, what a server sends. No certificate is read for them (lab verify asks posttls-finger instead).

  none              secure answers, and no TLSA record
  insecure          the MX, the address or the TLSA records are outside DNSSEC: DANE does not apply
  secure-match      a usable record matches
  secure-mismatch   there are usable records and none matches, or the server has no TLS
  secure-unusable   there are records and none is usable: TLS is required, nobody is authenticated
  bogus             a look-up on the way fails validation
  unknown           a look-up on the way gets no answer, or nobody saw the server's certificate
"""
import base64
import hashlib
import re
import subprocess

from names import NOTHING, name_matches

COLUMNS = ["domain", "exchange", "address", "dane", "base", "why"]
USAGES, SELECTORS, MATCHINGS = (2, 3), (0, 1), (0, 1, 2)
ANCHOR, LEAF = 2, 3
FULL_CERTIFICATE, DIGEST_OCTETS = 0, {1: 32, 2: 64}
ISSUERS = {"intermediate": ["int", "root"], "other": ["other"], "self": []}   # of a leaf, from its own upwards
PEM_FILES = {"int": "intermediate.pem", "root": "root.pem", "other": "other.pem"}
PEM = re.compile(r"-----BEGIN [A-Z ]+-----(.*?)-----END", re.S)


# ---- dane.tsv and the zones

def rows_of(domain, server, records, note):
    """A line of dane.tsv as lines of dns.tsv: one exchange of its own, on one server."""
    host = f"{domain}.mx"
    yield domain, "MX", f"10 {host}", note
    yield host, "A", f"@{server}"
    for record in records.split(" | "):
        yield f"_25._tcp.{host}", "TLSA", re.sub(r"@leaf$", f"@leaf:{server}", record)


def presentation(data, pki):
    """The data of a record as a zone file has them."""
    usage, selector, matching, source = data.split()
    if source.startswith("@"):
        octets = certificate(f"{pki}/{pem_file(source[1:])}", int(selector))
        source = {0: octets.hex(), 1: hashlib.sha256(octets).hexdigest(), 2: hashlib.sha512(octets).hexdigest()}.get(
            int(matching), octets[:20].hex())
    return f"{usage} {selector} {matching} {source}"


def pem_file(source):
    return source[len("leaf:"):] + ".pem" if source.startswith("leaf:") else PEM_FILES[source]


def certificate(path, selector):
    """DER of the first certificate in a file, or of its public key."""
    if selector == 1:
        text = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], check=True, capture_output=True,
                              text=True).stdout
    else:
        with open(path, encoding="ascii") as file:
            text = file.read()
    return base64.b64decode(PEM.search(text)[1])


# ---- verdicts

class Record:
    def __init__(self, data):
        usage, selector, matching, self.source = data.split()
        self.usage, self.selector, self.matching = int(usage), int(selector), int(matching)

    def usable(self):
        if self.usage not in USAGES or self.selector not in SELECTORS or self.matching not in MATCHINGS:
            return False
        # of digits, full certificates and keys are never real in these tables
        return self.source.startswith("@") or len(self.source) == 2 * DIGEST_OCTETS.get(self.matching, -1)


def key_of(lab, certificate_name):
    """The key of a certificate, by name: leaves of one kind of key share it."""
    kind, _, server = certificate_name.partition(":")
    return lab.kinds[lab.servers[server].cert].key if kind == "leaf" else kind


class Chain:
    """What a server shows, by name: leaf:SERVER, then what it sends beside."""

    def __init__(self, lab, server):
        self.lab, kind = lab, lab.kinds[server.cert]
        self.leaf, self.in_date = f"leaf:{server.id}", kind.in_date == "yes"
        above = ISSUERS[kind.issuer]
        self.beside = above[:1] if kind.sends_chain == "y" else []
        self.next_above = above[len(self.beside):][:1]   # who signed the last one that is sent
        common_name, sans = lab.cert_names(server)
        self.names = sans or [common_name]

    def is_of(self, record, certificate_name):
        """Is the record about that certificate, or, by its selector, about its key?"""
        if not record.source.startswith("@"):
            return False
        if record.selector == 0:
            return record.source[1:] == certificate_name
        return key_of(self.lab, record.source[1:]) == key_of(self.lab, certificate_name)


def strongest(records):
    """Digest agility (RFC 7671 section 9): of one usage and selector the best digest alone counts, besides full data."""
    best = {}
    for record in records:
        place = (record.usage, record.selector)
        best[place] = max(best.get(place, 0), record.matching)
    return [record for record in records if record.matching in (FULL_CERTIFICATE, best[record.usage, record.selector])]


def matches(record, chain, references):
    if record.usage == LEAF:
        return chain.is_of(record, chain.leaf)
    anchors = chain.beside + (chain.next_above if record.matching == FULL_CERTIFICATE else [])
    named = any(name_matches(pattern, name) for pattern in chain.names for name in references)
    return chain.in_date and named and any(chain.is_of(record, anchor) for anchor in anchors)


def judge(lab, data, server, references):
    """Secure records against a server."""
    records = [record for record in map(Record, data) if record.usable()]
    if not records:
        return "secure-unusable"
    if server.facts["tls_enabled"] != "yes":
        return {"no": "secure-mismatch"}.get(server.facts["tls_enabled"], "unknown")
    chain = Chain(lab, server)
    return "secure-match" if any(matches(record, chain, references) for record in strongest(records)) else "secure-mismatch"


def bases(lab, exchange):
    """Where to look for TLSA records (RFC 7672 section 2.2.3): where the alias leads to, then the exchange."""
    names, _ = lab.chain(exchange)
    if lab.state(exchange) == "secure":
        return [names[-1], exchange] if len(names) > 1 else [exchange]
    return [exchange] if len(names) > 1 and lab.cuts.get(lab.cut(exchange)) is None else []


def tlsa_of(lab, exchange):
    """(state of the look-ups, base, records)"""
    seen_insecure = not bases(lab, exchange)
    for base in bases(lab, exchange):
        owner = f"_25._tcp.{base}"
        state, data = lab.state(owner), lab.lookup(owner, "TLSA")
        if state in ("bogus", "unknown"):
            return state, base, []
        if data and state == "secure":
            return state, base, data
        seen_insecure |= bool(data) or state == "insecure"
    return "insecure" if seen_insecure or lab.state(exchange) == "insecure" else "none", "", []


def verdicts(lab, domain, exchange, servers):
    """The verdict for each server of an exchange (for [None]: an exchange without address), and the base."""
    if lab.state(domain) == "insecure":
        return ["insecure"] * len(servers), ""
    if lab.state(exchange) in ("bogus", "unknown"):
        return [lab.state(exchange)] * len(servers), ""
    if servers == [None]:
        return [NOTHING], ""
    state, base, data = tlsa_of(lab, exchange)
    if not data:
        return [state] * len(servers), base
    # the certificate may name the next hop instead: the domain, or what it is an alias of
    references = [name.rstrip(".") for name in (base, domain, lab.chain(domain)[0][-1])]
    return [judge(lab, data, server, references) for server in servers], base


def expect(lab, exchanges_of):
    """expect-dane.tsv; exchanges_of(domain) gives (name, [(address as shown, server)])."""
    table = [COLUMNS]
    for domain, note in lab.domains.items():
        for exchange, endpoints in exchanges_of(domain):
            found, base = verdicts(lab, domain, exchange, [server for _, server in endpoints] or [None])
            for verdict, (address, _) in zip(found, endpoints or [(NOTHING, None)]):
                table.append([domain.rstrip("."), exchange.rstrip("."), address, verdict, base.rstrip(".") or NOTHING, note])
    return "".join("\t".join(row) + "\n" for row in table).encode()
