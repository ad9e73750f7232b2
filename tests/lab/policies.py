"""policies.py - MTA-STS policies and TLS-RPT records of the lab (RFC 8461, RFC 8460), and what is true about them.

A line of policies.tsv is a domain D.test:
  exchanges   its MX, with preferences 10, 20, …; CNAME NAME: those of another domain
  record      TXT at _mta-sts.D, several split by " | "; + the usual one; CNAME NAME; "lame" and "bogus": a sub-zone there
  host        how mta-sts.D answers TLS: a kind of certs.tsv (nginx, or the script behind it if the answer is one of
              SCRIPTED), or a key of HOSTS; NAME,NAME for several addresses; CNAME NAME; "lame" and "bogus"
  answer      "200", a status with a place to be redirected to, "type:MEDIA", or one of SCRIPTED
  policy      the body, with \\r, \\n and \\xNN; "+MODE PATTERN…" is a sound one; "pad:OCTETS …" is filled up to a size
  tlsrpt      TXT at _smtp._tls.D, as record
and then what is true: mta_sts none, testing, enforce, invalid or unknown, why it is not valid (keys of the project's
common/published/sts.h), and tlsrpt none, valid, invalid or unknown. "mode-none" is a sound policy that says so: mta_sts none.
What follows from policy, exchanges and servers is computed here: who is not covered, and who would make mail bounce.
"""
import os

from names import NOTHING, absolute, name_matches

COLUMNS = ["domain", "dnssec", "mta_sts", "mode", "why", "not_covered", "bounces", "tlsrpt", "note"]
NGINX, NGINX_TLS11, SCRIPT = "127.21.0.1", "127.21.0.2", "127.21.0.3"
# Hosts that never show a certificate; all but "refused" (nobody listens) are of servers/https.py.
HOSTS = {"refused": "127.21.0.10", "silent": "127.21.0.11", "closed": "127.21.0.12", "dropped": "127.21.0.13"}
SCRIPTED = ("endless", "slow", "late", "cut", "not-http", "hangs")
GOOD_RECORD = '"v=STSv1; id=20261101T120000;"'
MADE_OF = {"lame", "bogus"}
OF_A_POLICY = ("testing", "enforce")
PATH = ".well-known/mta-sts.txt"


class Policy:
    def __init__(self, lab, row):
        (name, self.exchanges, self.record, self.host, self.answer, text, self.report, self.status, self.why,
         self.report_status, self.note) = row
        self.lab, self.name, self.domain = lab, name, absolute(name)
        self.body = body_of(text)

    # ---- as lines of dns.tsv

    def records(self):
        yield self.name, NOTHING, NOTHING, self.note
        if self.exchanges.startswith("CNAME "):
            yield self.name, *self.exchanges.split()
        for place, exchange in enumerate([] if self.exchanges.startswith("CNAME ") else self.exchanges.split()):
            yield self.name, "MX", f"{10 * (place + 1)} {exchange}"
        yield from texts(f"_mta-sts.{self.name}", self.record, GOOD_RECORD)
        yield from texts(f"_smtp._tls.{self.name}", self.report, f'"v=TLSRPTv1; rua=mailto:tls@{self.name}.test"')
        yield from self.host_records(f"mta-sts.{self.name}")

    def host_records(self, name):
        if self.host.startswith("CNAME "):
            yield name, "CNAME", self.host.split()[1]
        elif self.host in MADE_OF:
            yield from special(name, self.host, "A", NGINX)
        elif self.host != NOTHING:
            for host in self.host.split(","):
                yield name, "A", self.address(host)

    def address(self, host):
        if host == "tls11":
            return NGINX_TLS11
        return HOSTS.get(host) or (SCRIPT if self.answer in SCRIPTED else NGINX)

    # ---- as a host of the web server

    def kind(self):
        """The kind of certificate that the host shows, or nothing."""
        kinds = [host for host in self.host.split(",") if host in self.lab.kinds or host == "tls11"]
        if self.host.startswith("CNAME "):
            return "good"
        return {"tls11": "good"}.get(kinds[0], kinds[0]) if kinds else ""

    # ---- what follows

    def patterns(self):
        lines = self.body.decode(errors="replace").splitlines()
        return [line[3:].strip().lower() for line in lines if line.startswith("mx:")]

    def mode(self):
        return {"mode-none": "none"}.get(self.status, self.status if self.status in OF_A_POLICY else NOTHING)

    def not_covered(self, exchanges):
        return [name for name, _ in exchanges if not any(name_matches(pattern, name) for pattern in self.patterns())]


def body_of(text):
    """The octets of a policy; see the head of this file."""
    if text.startswith("+"):
        mode, *patterns = text[1:].split()
        lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {pattern}" for pattern in patterns), "max_age: 604800"]
        return "".join(line + "\r\n" for line in lines).encode()
    if text.startswith("pad:"):
        size, _, rest = text[4:].partition(" ")
        body = body_of(rest)
        filler = int(size) - len(body)
        lines = b"x-padding: " + b"a" * 987 + b"\r\n"
        return body + (lines * (filler // len(lines)) + (b"y: " + b"a" * 2000)[:filler % len(lines)])
    return b"" if text == NOTHING else text.encode().decode("unicode_escape").encode("latin-1")


def texts(name, cell, usual):
    if cell in MADE_OF:
        yield from special(name, cell, "TXT", usual)
    elif cell.startswith("CNAME "):
        yield name, "CNAME", cell.split()[1]
    elif cell != NOTHING:
        for record in cell.split(" | "):
            yield name, "TXT", usual if record == "+" else record


def special(name, kind, record, data):
    """A sub-zone for one name, so that nothing but its look-up fails."""
    yield name, "ZONE", kind
    yield name, record, data


# ---- the web server

def hosts_by_kind(lab):
    """kind of certificate -> its policy hosts"""
    found = {}
    for policy in lab.policies.values():
        if policy.kind():
            found.setdefault(policy.kind(), []).append(f"mta-sts.{policy.domain.rstrip('.')}")
    return found


def certificates(lab):
    """(file name, kind, common name, SANs): one certificate a kind, for all hosts of that kind."""
    for kind, hosts in hosts_by_kind(lab).items():
        names = lab.kinds[kind].names
        if names not in ("exchange", "cn"):
            hosts = [names]
        yield f"https-{kind}", kind, hosts[0], [] if names == "cn" else hosts


def website(lab, folder, pki):
    """FOLDER/www/HOST/…, FOLDER/hosts.conf for nginx and FOLDER/scripted.tsv for the script."""
    scripted, servers = [], []
    for policy in lab.policies.values():
        if not policy.kind():
            continue
        host = f"mta-sts.{policy.domain.rstrip('.')}"
        file = os.path.join(folder, "www", host, PATH)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as out:
            out.write(policy.body)
        if policy.answer in SCRIPTED:
            scripted.append(f"{host}\t{policy.answer}\t{file}\n")
        else:
            servers.append(server_block(host, policy, folder))
    with open(os.path.join(folder, "scripted.tsv"), "w", encoding="ascii") as out:
        out.writelines(scripted)
    with open(os.path.join(folder, "hosts.conf"), "w", encoding="ascii") as out:
        out.write("map $ssl_server_name $pem {\n  default https-wrongname;\n")
        for kind, hosts in hosts_by_kind(lab).items():
            out.writelines(f"  {host} https-{kind};\n" for host in hosts)
        out.write("}\n")
        out.write(f"ssl_certificate {pki}/$pem.all.pem;\nssl_certificate_key {pki}/$pem.all.pem;\n")
        out.write(f"server {{ listen {NGINX}:443 ssl default_server; return 404; }}\n")
        out.writelines(servers)


def server_block(host, policy, folder):
    listen = f"listen {NGINX}:443 ssl;"
    if policy.host == "tls11":   # OpenSSL 3 speaks TLS below 1.2 at security level 0 only
        listen = f"listen {NGINX_TLS11}:443 ssl; ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;"
    words = policy.answer.split()
    if policy.answer == "200":
        what = ""
    elif policy.answer.startswith("type:"):
        what = f'types {{ }} default_type "{policy.answer[5:]}";'
    else:
        what = f"return {policy.answer};" if len(words) > 1 else f"return {words[0]} \"no policy\\n\";"
    return f"server {{ {listen} server_name {host}; root {folder}/www/{host}; {what} }}\n"


# ---- expect-domain.tsv

def would_bounce(lab, name, servers):
    """Does an address of an exchange fail what RFC 8461 section 4 demands: TLS 1.2, a trusted chain, in date, a SAN?"""
    for server in servers:
        fact = {**lab.cert_facts(server, name), **server.facts}
        if server.tls == "no":
            return True
        if fact["tls_enabled"] != "yes":
            continue
        named = any(name_matches(pattern, name) for pattern in lab.cert_names(server)[1])
        if not named or "no" in (fact["cert_trusted"], fact["cert_in_date"]) or fact["tls1_2"] == fact["tls1_3"] == "no":
            return True
    return False


def shown(names):
    return " ".join(name.rstrip(".") for name in names) or NOTHING


def of_table(lab, policy, exchanges):
    """The columns mta_sts to tlsrpt of a domain of policies.tsv."""
    missing, bounces = [], []
    if policy.status in OF_A_POLICY:
        missing = policy.not_covered(exchanges)
    if policy.status == "enforce":
        bounces = [name for name, servers in exchanges if name not in missing and would_bounce(lab, name, servers)]
    return [policy.status.replace("mode-none", "none"), policy.mode(), policy.why, shown(missing), shown(bounces), policy.report_status]


def of_others(lab, domain):
    """Nobody else has a policy; where DNS fails nobody knows, and a domain whose MX records fail is not asked for more."""
    unknown = ("bogus", "unknown")
    failed = [lab.state(domain) in unknown or lab.state(f"{prefix}.{domain}") in unknown for prefix in ("_mta-sts", "_smtp._tls")]
    return ["unknown" if failed[0] else "none", NOTHING, "dns" if failed[0] else NOTHING, NOTHING, NOTHING,
            "unknown" if failed[1] else "none"]


def expect(lab, exchanges_of):
    """expect-domain.tsv; exchanges_of(domain) gives (name, [(address as shown, server)])."""
    table = [COLUMNS]
    for domain, note in lab.domains.items():
        exchanges = [(name, [server for _, server in endpoints]) for name, endpoints in exchanges_of(domain)]
        policy = lab.policies.get(domain)
        found = of_table(lab, policy, exchanges) if policy else of_others(lab, domain)
        table.append([domain.rstrip("."), lab.state(domain), *found, note])
    return "".join("\t".join(row) + "\n" for row in table).encode()
