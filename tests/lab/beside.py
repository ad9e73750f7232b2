"""beside.py - what DNS says beside the servers: PTR records of addresses, and the CAA records that hold for exchanges.

  reverse    found, none (DNS says so) or unknown (no answer), with the names; confirmed: a name has the address among its own
  caa        found, none or unknown: the records of the nearest name from the exchange upwards that has some (RFC 8659)
"""
import ipaddress

from names import NOTHING, absolute

COLUMNS = ["domain", "exchange", "address", "reverse", "names", "confirmed", "caa", "caa_domain", "issuers", "why"]
UNKNOWN = ["unknown", NOTHING, "unknown"]


def reverse_of(lab, address):
    """[status, names, confirmed]"""
    owner = ipaddress.ip_address(address).reverse_pointer + "."
    if lab.fails(owner):
        return UNKNOWN
    names = sorted(absolute(name) for name in lab.lookup(owner, "PTR"))
    if not names:
        return ["none", NOTHING, "no"]
    confirmed = "yes" if any(address in lab.addresses(name) for name in names) else "no"
    return ["found", " ".join(name.rstrip(".") for name in names), confirmed]


def caa_of(lab, name):
    """[status, domain, issuers]; nobody: the records allow none."""
    while name:
        if lab.fails(name) or (lab.chain(name)[0][-1], "CAA") in lab.unsigned:
            return ["unknown", NOTHING, NOTHING]
        records = [data.split(" ", 2) for data in lab.lookup(name, "CAA")]
        if records:
            values = [value.strip('"').partition(";")[0].strip() for _, tag, value in records if tag == "issue"]
            issuers = " ".join(sorted(filter(None, values))) or "nobody"
            return ["found", name.rstrip("."), issuers if values else NOTHING]
        name = name.partition(".")[2]
    return ["none", NOTHING, NOTHING]


def expect(lab, exchanges_of):
    """expect-beside.tsv; exchanges_of(domain) gives (name, [(address as shown, server)])."""
    table = [COLUMNS]
    for domain, note in lab.domains.items():
        for exchange, endpoints in exchanges_of(domain):
            head = [domain.rstrip("."), exchange.rstrip(".")]
            caa = caa_of(lab, exchange) if endpoints else UNKNOWN[:1] + [NOTHING, NOTHING]
            for shown, server in endpoints or [(NOTHING, None)]:
                address = shown if server and shown in server.addresses else server and server.address
                table.append(head + [shown] + (reverse_of(lab, address) if server else UNKNOWN) + caa + [note])
    return "".join("\t".join(row) + "\n" for row in table).encode()
