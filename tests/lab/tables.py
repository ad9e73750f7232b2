#!/usr/bin/python3
"""tables.py - everything that is derived from servers.tsv, smtp.tsv, certs.tsv, dns.tsv, dane.tsv, policies.tsv and forbidden.tsv.

  servers          one line per server: id, address, daemon, cert kind, greets, why
  addresses ID     every address of a server
  certs            one line per certificate to issue
  zones DIR PKI    writes the zone files; TLSA records are made from the certificates in PKI
  cuts             one line per sub-zone: name, kind
  unsigned         one line per record set whose signature is left out: name, type
  website DIR PKI  writes the policies and nginx's part of a configuration that serves them
  domains          domains.txt: the clean list of a survey
  dirty            dirty.txt: a list as people paste it
  forbidden        forbidden.txt: domains whose mail or policy hosts are where nobody may be probed
  traps            address and port of every place that forbidden.txt leads to and this machine can listen at
  expect           expect.tsv: the truth about every domain, exchange and address
  expect-dane      expect-dane.tsv: what DANE makes of every domain, exchange and address (dane.py)
  expect-smtp      expect-smtp.tsv: what servers say in SMTP, and whose TLS is broken (smtp.tsv)
  expect-beside    expect-beside.tsv: PTR and CAA of every domain, exchange and address (beside.py)
  expect-domain    expect-domain.tsv: DNSSEC, MTA-STS and TLS-RPT of every domain (policies.py)
  check            fails unless the committed files are what the tables say

The grade is computed here by sections 3 and 4 of docs/grading.md, policy 1, on its own: a second
implementation, in another language, that the product is compared with.
"""
import functools
import ipaddress
import os
import sys

sys.dont_write_bytecode = True
import beside  # noqa: E402
import dane  # noqa: E402
import policies  # noqa: E402
import smtp  # noqa: E402
from names import HOME, NOTHING, absolute, name_matches, rows  # noqa: E402

AUTHORITATIVE = "127.20.0.53"
# Kinds of sub-zones, and what a validating resolver says of names in them.
CUTS = {"insecure": "insecure", "bogus": "bogus", "lame": "unknown", "reverse": "insecure"}
REVERSE = "127.in-addr.arpa."   # outside test., and so outside DNSSEC
SECURE = "secure"
MX_MOST, ADDRESSES_MOST = 20, 8   # what a survey keeps of a domain's exchanges, and of an exchange's addresses
# They turn one client away for what another did: asked by one test alone, a survey (tests/e2e/run).
COUNTING = {"limit3-again"}

FACTS = ("reachable starttls_advertised tls_enabled sslv2 sslv3 tls1_0 tls1_1 tls1_2 tls1_3 "
         "weak_ciphers anon_suites nist_r1 nist_r2 forward_secrecy pq_hybrid").split()
CERT_FACTS = "cert_trusted cert_in_date cert_name_match".split()
COLUMNS = (["domain", "status", "preference", "exchange", "address"] + FACTS + CERT_FACTS +
           ["mx_grade", "mx_reason", "grade", "mx_graded", "mx_total", "forced_tls", "why"])
VALUES = {"y": "yes", "n": "no", "?": "unknown", "*": "*"}


# ---- reading the tables

class Server:
    def __init__(self, row):
        self.id, address, self.daemon, self.cert, self.greets, facts, self.why, self.reason = row
        self.addresses = address_range(address)
        self.address = self.addresses[0]
        values = facts.split()
        if len(values) not in (len(FACTS), len(FACTS + CERT_FACTS)):
            raise SystemExit(f"servers.tsv: {self.id} has {len(values)} facts")
        self.facts = {fact: VALUES[value] for fact, value in zip(FACTS + CERT_FACTS, values)}
        self.said = None   # a row of smtp.tsv: its facts, the size limit, why

    def say(self, row):
        """What it says in SMTP. TLS that is broken does not work, as for who does not list STARTTLS."""
        self.said = [VALUES[value] for value in row[1:-2]] + row[-2:]
        self.facts["tls_broken"] = self.said[0]
        if self.facts["tls_broken"] == "yes":
            self.reason = NOTHING

    @property
    def tls(self):
        """Does TLS work? Known for itself, or because it is broken in every attempt."""
        return smtp.works(self.facts)


def address_range(text):
    """127.26.0.1-12 are twelve."""
    head, _, last = text.partition("-")
    if not last:
        return [head]
    stem, _, first = head.rpartition(".")
    return [f"{stem}.{octet}" for octet in range(int(first), int(last) + 1)]


class Kind:
    def __init__(self, row):
        (self.kind, self.key, self.issuer, self.digest, self.start, self.end, self.names, self.sends_chain,
         trusted, in_date, self.why) = row
        self.trusted, self.in_date = VALUES[trusted], VALUES[in_date]


class Lab:
    def __init__(self):
        self.servers = {row[0]: Server(row) for row in rows("servers.tsv", 8)}
        self.by_address = {address: server for server in self.servers.values() for address in server.addresses}
        for row in rows("smtp.tsv", 3 + len(smtp.FACTS)):
            self.by_address[row[0]].say(row)
        self.kinds = {row[0]: Kind(row) for row in rows("certs.tsv", 11)}
        self.cuts = {}      # sub-zone -> kind
        self.unsigned = set()   # (name, type) of record sets that fail validation by themselves
        self.records = {}   # name -> [(type, data)], in the table's order
        self.domains = {}   # name -> note
        for server in self.servers.values():
            self.add(f"{server.id}.mx.test.", "AAAA" if ":" in server.address else "A", server.address)
        for row in rows("dns.tsv", 4):
            self.add_row(*row)
        self.in_dns_table = list(self.domains)
        for row in rows("dane.tsv", 4):
            for record in dane.rows_of(*row):
                self.add_row(*record)
        self.policies = {}
        for row in rows("policies.tsv", 11):
            policy = policies.Policy(self, row)
            self.policies[policy.domain] = policy
            for record in policy.records():
                self.add_row(*record)
        self.forbidden = {}   # name -> [(port, address)]
        for row in rows("forbidden.tsv", 4):
            self.add_forbidden(*row)

    def add_row(self, name, kind, data, note=""):
        name = absolute(name)
        if note:
            self.domains[name] = note
        if kind.endswith("!"):
            kind = kind[:-1]
            self.unsigned.add((name, kind))
        if kind == "ZONE":
            self.cuts[name] = data
        elif kind in ("A", "AAAA") and data.startswith("@"):
            for address in self.servers[data[1:]].addresses:
                self.add(name, kind, address)
        elif kind != NOTHING:
            self.add(name, kind, data)

    def add_forbidden(self, domain, service, address, _):
        host = {"mail": f"{domain}.mx", "policy": f"mta-sts.{domain}"}[service]
        known = self.forbidden.setdefault(absolute(domain), [])
        if service == "policy":
            self.add_row(f"_mta-sts.{domain}", "TXT", policies.GOOD_RECORD)
        elif not known:
            self.add_row(domain, "MX", f"10 {host}")
        known.append((25 if service == "mail" else 443, address))
        self.add_row(host, "AAAA" if ":" in address else "A", address)

    def add(self, name, kind, data):
        self.records.setdefault(name, []).append((kind, data))

    # ---- a validating resolver over the table

    @functools.cache
    def cut(self, name):
        """The sub-zone that a name is in, or nothing for test. itself."""
        return next((zone for zone in sorted(self.cuts, key=len, reverse=True) if name == zone or name.endswith("." + zone)), "")

    def chain(self, name):
        """The names along a CNAME chain, and whether it comes to an end."""
        names = [name]
        while target := next((data for kind, data in self.records.get(names[-1], []) if kind == "CNAME"), None):
            if absolute(target) in names:
                return names, False
            names.append(absolute(target))
        return names, True

    @functools.cache
    def state(self, name):
        """What a look-up of the name is: secure, insecure, bogus, or unknown because nobody answers."""
        names, ends = self.chain(name)
        states = {CUTS.get(self.cuts.get(self.cut(each)), SECURE) for each in names} | (set() if ends else {"unknown"})
        return next(state for state in ("bogus", "unknown", "insecure", SECURE) if state in states)

    def fails(self, name):
        return self.state(name) in ("bogus", "unknown")

    def exists(self, name):
        return name in self.records or any(owner.endswith("." + name) for owner in self.records)

    def lookup(self, name, wanted):
        names, _ = self.chain(name)
        if (names[-1], wanted) in self.unsigned:
            return []
        return [data for kind, data in self.records.get(names[-1], []) if kind == wanted]

    def is_half(self, name):
        """A or AAAA fails: an address may be missing."""
        names, _ = self.chain(name)
        return any((names[-1], kind) in self.unsigned for kind in ("A", "AAAA"))

    def addresses(self, name):
        return self.lookup(name, "A") + self.lookup(name, "AAAA")

    @functools.cache
    def mail_hosts(self, domain):
        """(status, [(preference, exchange)]) by RFC 5321 section 5.1 and RFC 7505."""
        if self.fails(domain):
            return "servfail", []
        names, _ = self.chain(domain)
        if not self.exists(names[-1]):
            return "nxdomain", []
        found = []
        for data in self.lookup(domain, "MX"):
            preference, target = data.split()
            found.append((int(preference), "." if target == "." else absolute(target)))
        if found == [(0, ".")]:
            return "null_mx", []
        if found:
            return "mx", kept_exchanges(found)
        if self.addresses(domain):
            return "implicit", [(0, domain)]
        return "no_mail_host", []

    def endpoints(self, domain):
        """[(exchange, [(address as expect.tsv shows it, server)])]"""
        exchanges = [Exchange(self, preference, name) for preference, name in self.mail_hosts(domain)[1]]
        return [(exchange.name, [(address, server) for address, server, _ in exchange.endpoints]) for exchange in exchanges]

    # ---- certificates

    @functools.cache
    def exchanges_of(self, server):
        """Every exchange name that leads to a server, its own first."""
        names = [f"{server.id}.mx.test"]
        for domain in self.domains:
            for _, exchange in self.mail_hosts(domain)[1]:
                if server.address in self.addresses(exchange):
                    names.append(exchange[:-1])
        # what stands in for ngx-modern is seen with ngx-modern's certificate
        if server.id == "ngx-modern":
            names += ["limit3.mx.test", "fussy.mx.test", "closenotify.mx.test", "limit3-again.mx.test"]
        return list(dict.fromkeys(names))

    def cert_names(self, server):
        """(common name, [SAN dNSNames])"""
        names = self.kinds[server.cert].names
        if names == "exchange":
            exchanges = self.exchanges_of(server)
            return exchanges[0], exchanges
        if names == "cn":
            return self.exchanges_of(server)[0], []
        return names, [names]

    def cert_facts(self, server, exchange):
        if server.facts["tls_enabled"] != "yes":
            return dict.fromkeys(CERT_FACTS, "*" if server.reason == "*" else "unknown")
        common_name, sans = self.cert_names(server)
        matches = any(name_matches(pattern, exchange) for pattern in sans or [common_name])
        kind = self.kinds[server.cert]
        return {"cert_trusted": kind.trusted, "cert_in_date": kind.in_date,
                "cert_name_match": "yes" if matches else "no"}


def kept_exchanges(found):
    """Each once, with its lowest preference; the most preferred if there are too many."""
    kept = {}
    for preference, name in sorted(found, key=lambda pair: pair[0]):
        if name != ".":
            kept.setdefault(name, preference)
    return [(preference, name) for name, preference in kept.items()][:MX_MOST]


# ---- grades (docs/grading.md)

SIGNIFICANT, SLIGHT = 30, 5
SCALE = ((100, "A+"), (95, "A"), (90, "A-"), (85, "B+"), (80, "B"), (75, "B-"),
         (70, "C+"), (65, "C"), (60, "C-"), (40, "D"), (0, "F"))
GRADES = [grade for _, grade in SCALE]


def grade_of(fact):
    """Section 3; None if it is unknown whether TLS works."""
    if smtp.works(fact) == "unknown":
        return None
    if smtp.works(fact) == "no":
        return "F"
    no = lambda key: fact[key] == "no"
    yes = lambda key: fact[key] == "yes"
    significant = (no("tls1_2") and no("tls1_3"), yes("sslv3"), yes("sslv2"),
                   no("cert_trusted") or no("cert_in_date"), no("nist_r1") and no("nist_r2"))
    slight = (no("cert_name_match"), yes("weak_ciphers"), no("nist_r2"))
    score = max(0, 100 - SIGNIFICANT * sum(significant) - SLIGHT * sum(slight))
    return next(grade for floor, grade in SCALE if score >= floor)


def worst(grades):
    return max(grades, key=GRADES.index)


def forced_tls(fact):
    """Section 4, for one address: yes, no (known to fail) or unknown."""
    if smtp.works(fact) != "yes":
        return smtp.works(fact)
    version = any(fact[key] == "yes" for key in ("tls1_0", "tls1_2", "tls1_3"))
    suite = any(fact[key] == "yes" for key in ("nist_r1", "nist_r2"))
    return "yes" if version and suite else "no"


def all_of(answers):
    """yes if all are, no if one is, * if one is not compared, else unknown."""
    for answer in ("no", "*", "unknown"):
        if answer in answers:
            return answer
    return "yes" if answers else "unknown"


# ---- expect.tsv

class Exchange:
    """One MX of a domain with what is true at each of its addresses."""

    def __init__(self, lab, preference, name):
        self.preference, self.name = preference, name
        self.endpoints = []   # (address as shown, server, facts)
        for shown, address in shown_addresses([] if is_no_host(name) or lab.fails(name) else lab.addresses(name)):
            server = lab.by_address[address]
            self.endpoints.append((shown, server, {**lab.cert_facts(server, name), **server.facts}))
        self.judge(lab)

    def judge(self, lab):
        grades = [grade_of(fact) for _, _, fact in self.endpoints if fact["reachable"] not in ("no", "*")]
        graded = [grade for grade in grades if grade]
        answers = [forced_tls(fact) for _, _, fact in self.endpoints]
        if not self.endpoints:
            self.grade = None
            self.reason = "invalid_name" if is_no_host(self.name) else "dns" if lab.fails(self.name) else "no_address"
            self.forced = "unknown"
        elif any(server.reason == "*" for _, server, _ in self.endpoints):
            self.grade, self.reason, self.forced = "*", "*", "*"
        elif graded:
            self.grade, self.reason = worst(graded), NOTHING
            # a dead address beside a live one: docs/grading.md section 4 has the rule, which is not worked out here
            self.forced = "*" if "unknown" in answers else all_of(answers + ["unknown"] * lab.is_half(self.name))
        else:
            self.grade, self.reason, self.forced = None, self.endpoints[0][1].reason, all_of(answers)


def shown_addresses(addresses):
    """(as expect.tsv shows it, an address): one line "8 of 127.26.0.1-12" if not all of one server's are probed."""
    if len(addresses) <= ADDRESSES_MOST:
        return [(address, address) for address in addresses]
    return [(f"{ADDRESSES_MOST} of {addresses[0]}-{addresses[-1].rpartition('.')[2]}", addresses[0])]


def is_no_host(name):
    """An IP literal or a single label: flagged and not contacted."""
    return name.count(".") == 1 or name.rstrip(".").replace(".", "").isdigit()


def domain_rows(lab, domain):
    status, hosts = lab.mail_hosts(domain)
    exchanges = [Exchange(lab, preference, name) for preference, name in hosts]
    note = lab.domains[domain]
    shown = domain.rstrip(".")
    graded = [exchange.grade for exchange in exchanges if exchange.grade]
    if status in ("null_mx", "no_mail_host", "nxdomain"):
        verdict = [NOTHING, "0", "0", NOTHING]
    elif "*" in graded:
        verdict = ["*", "*", str(len(exchanges)), "*"]
    else:
        verdict = [worst(graded) if graded else "ungraded", str(len(graded)), str(len(exchanges)),
                   all_of([exchange.forced for exchange in exchanges])]
    if not exchanges:
        grade = NOTHING if verdict[0] == NOTHING else "ungraded"
        nothing = [NOTHING] * (3 + len(FACTS) + len(CERT_FACTS))
        yield [shown, status] + nothing + [grade, "dns" if status == "servfail" else NOTHING] + verdict + [note]
        return
    for exchange in exchanges:
        name = exchange.name.rstrip(".")
        head = [shown, status, str(exchange.preference), name]
        tail = [exchange.grade or "ungraded", exchange.reason] + verdict
        if not exchange.endpoints:
            yield head + [NOTHING] + ["unknown"] * (len(FACTS) + len(CERT_FACTS)) + tail + [note]
        for address, server, fact in exchange.endpoints:
            why = [note, server.why] if note != "its one exchange" else [server.why]
            if fact["tls_enabled"] == "yes" and server.cert in lab.kinds:
                why.append(lab.kinds[server.cert].why)
                if fact["cert_name_match"] == "no" and lab.kinds[server.cert].names.startswith("*"):
                    why.append("name does not match")
            yield head + [address] + [fact[key] for key in FACTS + CERT_FACTS] + tail + ["; ".join(why)]


def expect(lab):
    table = [COLUMNS] + [row for domain in lab.domains for row in domain_rows(lab, domain)]
    for row in table:
        assert len(row) == len(COLUMNS), row
    return "".join("\t".join(row) + "\n" for row in table).encode()


# ---- lists of domains

def domains(lab):
    return "".join(domain.rstrip(".") + "\n" for domain in lab.domains).encode()


def forbidden(lab):
    return "".join(domain.rstrip(".") + "\n" for domain in lab.forbidden).encode()


def traps(lab):
    """Where forbidden.txt leads to and a machine can be made to listen: unicast addresses, as themselves."""
    found = set()
    for where in lab.forbidden.values():
        for port, text in where:
            address = ipaddress.ip_address(text)
            address = getattr(address, "ipv4_mapped", None) or address
            if not (address.is_multicast or address.is_unspecified or address.version == 4 and address.is_reserved
                        or address.version == 6 and address.is_link_local):
                found.add((str(address), port))
    return sorted(found)


def dirty(lab):
    """A list as people paste it: good lines in odd forms, and lines that are no domains."""
    good = [domain.rstrip(".") for domain in lab.in_dns_table]
    lines = [b"\xef\xbb\xbf# exported from a spreadsheet\r\n", b"\n", b"   \t \r\n"]
    dress = (lambda d: d + "\n", lambda d: d + "\r\n", lambda d: d.upper() + "\n", lambda d: d + ".\n",
             lambda d: "  " + d + "\t\n", lambda d: d.title() + ".\r\n")
    for index, domain in enumerate(good):
        lines.append(dress[index % len(dress)](domain).encode())
    long_label = "x" * 64
    lines += [
        b"\n", b"# duplicates\n", b"ngx-modern.test\n", b"NGX-MODERN.test.\n", b"ngx-modern.test\r\n",
        b"# IDN in Unicode: composed, upper case, decomposed, full-width dot\n",
        "bücher.test\n".encode(), "BÜCHER.TEST\r\n".encode(), "bu\u0308cher.test\n".encode(),
        "bücher\u3002test\n".encode(), b"XN--BCHER-KVA.test\n",
        b"# not UTF-8 (Latin-1), broken A-label, forbidden code point\n",
        b"b\xfccher.test\n", b"xn--a.test\n", "snow\u2603man.test\n".encode(), "zero\u200bwidth.test\n".encode(),
        b"# lengths: 63 is a label, 64 is not; 300 octets are no name\n",
        b"x" * 63 + b".test\n", long_label.encode() + b".test\n", b".".join([b"abcdefghi"] * 30)[:295] + b".test\n",
        b"a" * 5000 + b"\n",
        b"# control bytes\n", b"nul\x00byte.test\n", b"esc\x1b[31m.test\n", b"bell\x07.test\n", b"del\x7f.test\n",
        b"in\tside.test\n", b"two words.test\n",
        b"# other things people paste\n",
        b"postmaster@ngx-modern.test\n", b"Name <someone@worst.test>\n", b"https://ngx-modern.test/path?q=1\n",
        b"ngx-modern.test:25\n", b"ngx-modern.test,worst.test\n", b"\"ngx-modern.test\"\n", b"*.ngx-modern.test\n",
        b"192.0.2.1\n", b"127.2.0.1\n", b"[192.0.2.1]\n", b"2001:db8::1\n", b"[IPv6:::1]\n", b"::1\n",
        b"# labels\n", b"localhost\n", b"test\n", b".\n", b"..\n", b".leading.test\n", b"dou..ble.test\n",
        b"-starts.test\n", b"ends-.test\n", b"_dmarc.ngx-modern.test\n", b"under_score.test\n",
        b"'; DROP TABLE domain; --\n", b"<script>alert(1)</script>.test\n", b"=cmd|' /C calc'!A0\n",
        b"# the last line has no line end\n", b"pf-modern.test",
    ]
    return b"".join(lines)


# ---- for the shell

def zones(lab, folder, pki):
    """test., with its sub-zones cut out; a lame one is delegated and has no file."""
    parts = {"test.": []}
    for zone, kind in lab.cuts.items():
        parts[zone] = []
        if kind == "reverse":
            continue
        above = REVERSE if zone.endswith("." + REVERSE) else "test."
        parts[above] += [f"{zone} NS ns.{zone}", f"ns.{zone} A {AUTHORITATIVE}"]
        if kind == "bogus":
            parts["test."].append(f"{zone} DS 12345 13 2 {'ab' * 32}")
    for name, records in lab.records.items():
        zone = lab.cut(name) or "test."
        parts[zone] += [f"{name} {kind} {presentation(kind, data, pki)}" for kind, data in records]
    for zone, lines in parts.items():
        if lab.cuts.get(zone) == "lame":
            continue
        with open(os.path.join(folder, zone + "zone"), "w", encoding="ascii") as file:
            file.write(f"$ORIGIN {zone}\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n"
                       f"@ NS ns\nns A {AUTHORITATIVE}\n" + "\n".join(lines) + "\n")


def presentation(kind, data, pki):
    """Data as a zone file has them."""
    if kind == "MX":
        preference, target = data.split()
        # written as in the table: the case of a target is part of the test
        return f"{preference} {target if target.endswith('.') else target + '.test.'}"
    if kind in ("CNAME", "PTR"):
        return absolute(data)
    return dane.presentation(data, pki) if kind == "TLSA" else data


def print_servers(lab):
    for server in lab.servers.values():
        print(server.id, server.address, server.daemon, server.cert, server.greets, server.why, sep="\t")


def print_certs(lab):
    for server in lab.servers.values():
        if server.cert == NOTHING or server.id in ("fussy", "closenotify", "limit3-again"):   # they show ngx-modern's
            continue
        print_cert(server.id, lab.kinds[server.cert], *lab.cert_names(server))
    for file, kind, common_name, sans in policies.certificates(lab):
        print_cert(file, lab.kinds[kind], common_name, sans)


def print_cert(file, kind, common_name, sans):
    san = ",".join("DNS:" + name for name in sans) or NOTHING
    print(file, kind.key, kind.issuer, kind.digest, kind.start, kind.end, kind.sends_chain, common_name, san, sep="\t")


COMMITTED = {"domains.txt": domains, "dirty.txt": dirty, "forbidden.txt": forbidden, "expect.tsv": expect,
             "expect-smtp.tsv": smtp.expect,
             "expect-dane.tsv": lambda lab: dane.expect(lab, lab.endpoints),
             "expect-beside.tsv": lambda lab: beside.expect(lab, lab.endpoints),
             "expect-domain.tsv": lambda lab: policies.expect(lab, lab.endpoints)}


def check(lab):
    for file, make in COMMITTED.items():
        with open(os.path.join(HOME, file), "rb") as committed:
            if committed.read() != make(lab):
                raise SystemExit(f"{file} is not what the tables say: tables.py {file.split('.')[0]} >{file}")
    for row in rows("extra.tsv", 4):
        if row[0] not in lab.servers:
            raise SystemExit(f"extra.tsv: {row[0]} is no server")


VERBS = {"servers": print_servers, "certs": print_certs, "zones": zones, "website": policies.website, "check": check,
         "addresses": lambda lab, server: print(*lab.servers[server].addresses),
         "cuts": lambda lab: print(*(f"{zone}\t{kind}" for zone, kind in lab.cuts.items()), sep="\n"),
         "unsigned": lambda lab: print(*(f"{name}\t{kind}" for name, kind in sorted(lab.unsigned)), sep="\n"),
         "traps": lambda lab: print(*(f"{address}\t{port}" for address, port in traps(lab)), sep="\n")}
PARAMETERS = {"zones": 2, "website": 2, "addresses": 1}


def main(arguments):
    verb, parameters = (arguments or [""])[0], arguments[1:]
    make = next((make for file, make in COMMITTED.items() if file.split(".")[0] == verb), None)
    if (not make and verb not in VERBS) or len(parameters) != PARAMETERS.get(verb, 0):
        raise SystemExit(__doc__)
    if make:
        sys.stdout.buffer.write(make(Lab()))
    else:
        VERBS[verb](Lab(), *parameters)


if __name__ == "__main__":
    main(sys.argv[1:])
