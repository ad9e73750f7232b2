#!/usr/bin/python3
"""tables.py - everything that is derived from servers.tsv, certs.tsv and dns.tsv.

  servers          one line per server: id, address, daemon, cert kind, greets
  certs            one line per certificate to issue
  zones DIR        writes the zone files
  domains          domains.txt: the clean list of a survey
  dirty            dirty.txt: a list as people paste it
  expect           expect.tsv: the truth about every domain, exchange and address
  check            fails unless the three committed files are what the tables say

The grade is computed here by section 3 and 4 of grading.md, policy 1, on its own: a second
implementation, in another language, that the product is compared with.
"""
import os
import sys

HOME = os.path.dirname(os.path.abspath(__file__))
AUTHORITATIVE = "127.20.0.53"
SUBZONES = ("insecure.test.", "bogus.test.", "lame.test.")
SERVFAIL_ZONES = ("bogus.test.", "lame.test.")
NOTHING = "-"
# They turn one client away for what another did: asked by one test alone, a survey (tests/e2e/run).
COUNTING = {"limit3-again"}

FACTS = ("reachable starttls_advertised tls_enabled sslv2 sslv3 tls1_0 tls1_1 tls1_2 tls1_3 "
         "weak_ciphers anon_suites nist_r1 nist_r2 forward_secrecy pq_hybrid").split()
CERT_FACTS = "cert_trusted cert_in_date cert_name_match".split()
COLUMNS = (["domain", "status", "preference", "exchange", "address"] + FACTS + CERT_FACTS +
           ["mx_grade", "mx_reason", "grade", "mx_graded", "mx_total", "forced_tls", "why"])
VALUES = {"y": "yes", "n": "no", "?": "unknown", "*": "*"}


# ---- reading the tables

def rows(file, width):
    """The rows of a table, padded to width; '#' lines are comments."""
    with open(os.path.join(HOME, file), encoding="utf-8") as table:
        for line in table:
            if line.strip() and not line.startswith("#"):
                row = line.rstrip("\n").split("\t")
                if len(row) > width:
                    raise SystemExit(f"{file}: too many columns: {row}")
                yield row + [""] * (width - len(row))


def absolute(name):
    return (name if name.endswith(".") else name + ".test.").lower()


class Server:
    def __init__(self, row):
        self.id, self.address, self.daemon, self.cert, self.greets, facts, self.why, self.reason = row
        values = facts.split()
        if len(values) not in (len(FACTS), len(FACTS + CERT_FACTS)):
            raise SystemExit(f"servers.tsv: {self.id} has {len(values)} facts")
        self.facts = {fact: VALUES[value] for fact, value in zip(FACTS + CERT_FACTS, values)}


class Kind:
    def __init__(self, row):
        (self.kind, self.key, self.issuer, self.digest, self.start, self.end, self.names, self.sends_chain,
         trusted, in_date, self.why) = row
        self.trusted, self.in_date = VALUES[trusted], VALUES[in_date]


class Lab:
    def __init__(self):
        self.servers = {row[0]: Server(row) for row in rows("servers.tsv", 8)}
        self.by_address = {server.address: server for server in self.servers.values()}
        self.kinds = {row[0]: Kind(row) for row in rows("certs.tsv", 11)}
        self.records = {}   # name -> [(type, data)], in the table's order
        self.domains = {}   # name -> note
        for server in self.servers.values():
            self.add(f"{server.id}.mx.test.", "AAAA" if ":" in server.address else "A", server.address)
        for name, kind, data, note in rows("dns.tsv", 4):
            name = absolute(name)
            if note:
                self.domains[name] = note
            if kind in ("A", "AAAA"):
                data = self.servers[data[1:]].address
            if kind != NOTHING:
                self.add(name, kind, data)

    def add(self, name, kind, data):
        self.records.setdefault(name, []).append((kind, data))

    # ---- a resolver over the table

    def fails(self, name):
        return any(name == zone or name.endswith("." + zone) for zone in SERVFAIL_ZONES)

    def exists(self, name):
        return any(owner == name or owner.endswith("." + name) for owner in self.records)

    def follow(self, name):
        """The name at the end of a CNAME chain."""
        for kind, data in self.records.get(name, []):
            if kind == "CNAME":
                return self.follow(absolute(data))
        return name

    def lookup(self, name, wanted):
        return [data for kind, data in self.records.get(self.follow(name), []) if kind == wanted]

    def addresses(self, name):
        return self.lookup(name, "A") + self.lookup(name, "AAAA")

    def mail_hosts(self, domain):
        """(status, [(preference, exchange)]) by RFC 5321 section 5.1 and RFC 7505."""
        if self.fails(domain):
            return "servfail", []
        if not self.exists(self.follow(domain)):
            return "nxdomain", []
        found = []
        for data in self.lookup(domain, "MX"):
            preference, target = data.split()
            found.append((int(preference), "." if target == "." else absolute(target)))
        if found == [(0, ".")]:
            return "null_mx", []
        if found:
            return "mx", [pair for pair in found if pair[1] != "."]
        if self.addresses(domain):
            return "implicit", [(0, domain)]
        return "no_mail_host", []

    # ---- certificates

    def exchanges_of(self, server):
        """Every exchange name that leads to a server, its own first."""
        names = [f"{server.id}.mx.test"]
        for domain in self.domains:
            for _, exchange in self.mail_hosts(domain)[1]:
                if server.address in self.addresses(exchange) and exchange[:-1] not in names:
                    names.append(exchange[:-1])
        # what stands in for ngx-modern is seen with ngx-modern's certificate
        if server.id == "ngx-modern":
            names += ["limit3.mx.test", "fussy.mx.test", "closenotify.mx.test", "limit3-again.mx.test"]
        return names

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


def name_matches(pattern, name):
    """RFC 6125: '*' only as the whole left-most label, for exactly one label."""
    pattern, name = pattern.lower(), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name


# ---- grading.md

SIGNIFICANT, SLIGHT = 30, 5
SCALE = ((100, "A+"), (95, "A"), (90, "A-"), (85, "B+"), (80, "B"), (75, "B-"),
         (70, "C+"), (65, "C"), (60, "C-"), (40, "D"), (0, "F"))
GRADES = [grade for _, grade in SCALE]


def grade_of(fact):
    """Section 3; None if tls_enabled is unknown."""
    if fact["tls_enabled"] == "unknown":
        return None
    if fact["tls_enabled"] == "no":
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
    if fact["tls_enabled"] != "yes":
        return fact["tls_enabled"]
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
        self.endpoints = []   # (server, facts)
        for address in [] if is_no_host(name) or lab.fails(name) else lab.addresses(name):
            server = lab.by_address[address]
            self.endpoints.append((server, {**lab.cert_facts(server, name), **server.facts}))
        self.judge(lab)

    def judge(self, lab):
        grades = [grade_of(fact) for _, fact in self.endpoints if fact["reachable"] not in ("no", "*")]
        graded = [grade for grade in grades if grade]
        answers = [forced_tls(fact) for _, fact in self.endpoints]
        if not self.endpoints:
            self.grade, self.reason = None, "dns" if lab.fails(self.name) else "no_address"
            self.forced = "unknown"
        elif any(server.reason == "*" for server, _ in self.endpoints):
            self.grade, self.reason, self.forced = "*", "*", "*"
        elif graded:
            self.grade, self.reason = worst(graded), NOTHING
            # grading.md does not say whether a dead address beside a live one counts
            self.forced = "*" if "unknown" in answers else all_of(answers)
        else:
            self.grade, self.reason, self.forced = None, self.endpoints[0][0].reason, all_of(answers)


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
        for server, fact in exchange.endpoints:
            why = [note, server.why] if note != "its one exchange" else [server.why]
            if fact["tls_enabled"] == "yes" and server.cert in lab.kinds:
                why.append(lab.kinds[server.cert].why)
                if fact["cert_name_match"] == "no" and lab.kinds[server.cert].names.startswith("*"):
                    why.append("name does not match")
            yield head + [server.address] + [fact[key] for key in FACTS + CERT_FACTS] + tail + ["; ".join(why)]


def expect(lab):
    table = [COLUMNS] + [row for domain in lab.domains for row in domain_rows(lab, domain)]
    for row in table:
        assert len(row) == len(COLUMNS), row
    return "".join("\t".join(row) + "\n" for row in table).encode()


# ---- lists of domains

def domains(lab):
    return "".join(domain.rstrip(".") + "\n" for domain in lab.domains).encode()


def dirty(lab):
    """A list as people paste it: good lines in odd forms, and lines that are no domains."""
    good = [domain.rstrip(".") for domain in lab.domains]
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

def zones(lab, folder):
    """test., with its sub-zones cut out; lame.test. is delegated and has no file."""
    parts = {"test.": []}
    for zone in SUBZONES:
        parts[zone] = []
        parts["test."] += [f"{zone} NS ns.{zone}", f"ns.{zone} A {AUTHORITATIVE}"]
    parts["test."].append(f"bogus.test. DS 12345 13 2 {'ab' * 32}")
    for name, records in lab.records.items():
        zone = next((zone for zone in SUBZONES if name == zone or name.endswith("." + zone)), "test.")
        for kind, data in records:
            if kind == "MX":
                preference, target = data.split()
                # written as in the table: the case of a target is part of the test
                data = f"{preference} {target if target.endswith('.') else target + '.test.'}"
            elif kind == "CNAME":
                data = absolute(data)
            parts[zone].append(f"{name} {kind} {data}")
    for zone, lines in parts.items():
        if zone == "lame.test.":
            continue
        with open(os.path.join(folder, zone + "zone"), "w", encoding="ascii") as file:
            file.write(f"$ORIGIN {zone}\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n"
                       f"@ NS ns\nns A {AUTHORITATIVE}\n" + "\n".join(lines) + "\n")


def print_servers(lab):
    for server in lab.servers.values():
        print(server.id, server.address, server.daemon, server.cert, server.greets, server.why, sep="\t")


def print_certs(lab):
    for server in lab.servers.values():
        if server.cert == NOTHING or server.id in ("fussy", "closenotify", "limit3-again"):   # they show ngx-modern's
            continue
        kind = lab.kinds[server.cert]
        common_name, sans = lab.cert_names(server)
        san = ",".join("DNS:" + name for name in sans) or NOTHING
        print(server.id, kind.key, kind.issuer, kind.digest, kind.start, kind.end, kind.sends_chain, common_name, san, sep="\t")


COMMITTED = {"domains.txt": domains, "dirty.txt": dirty, "expect.tsv": expect}


def check(lab):
    for file, make in COMMITTED.items():
        with open(os.path.join(HOME, file), "rb") as committed:
            if committed.read() != make(lab):
                raise SystemExit(f"{file} is not what the tables say: tables.py {file.split('.')[0]} >{file}")
    for row in rows("extra.tsv", 4):
        if row[0] not in lab.servers:
            raise SystemExit(f"extra.tsv: {row[0]} is no server")


def main(arguments):
    lab = Lab()
    if arguments == ["servers"]:
        print_servers(lab)
    elif arguments == ["certs"]:
        print_certs(lab)
    elif arguments[:1] == ["zones"] and len(arguments) == 2:
        zones(lab, arguments[1])
    elif arguments == ["check"]:
        check(lab)
    elif len(arguments) == 1 and arguments[0] in ("domains", "dirty", "expect"):
        make = {"domains": domains, "dirty": dirty, "expect": expect}[arguments[0]]
        sys.stdout.buffer.write(make(lab))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
