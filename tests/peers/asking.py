"""asking.py - the peers: how each is asked, and what its answer says about facts.

A function for each peer takes (server, tools) and returns {fact: value}; a fact that the peer cannot tell is not there.
Values are "yes", "no" or a text; "suites_tls1_2" and the like are sets of codes. What stands here is the peer's word,
right or wrong: nothing is mended (explained.tsv says where it is wrong, and why).
"""
import csv
import json
import os
import re
import signal
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL_SECONDS = 450   # testssl.sh takes 40 on two busy cores, and 200 beside other work
ATTEMPTS = 3
CLASSES = ("weak_ciphers", "anon_suites", "nist_r1", "nist_r2", "forward_secrecy")
VERSIONS = {"SSL 3.0": "sslv3", "TLS 1.0": "tls1_0", "TLS 1.1": "tls1_1", "TLS 1.2": "tls1_2", "TLS 1.3": "tls1_3"}
HYBRIDS = ("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024")
GROUPS_35 = ":".join(HYBRIDS + ("X25519", "P-256", "P-384", "P-521", "X448"))


class ToolError(Exception):
    """The tool itself did not work: nothing can be said about the server."""


def yes(value):
    return "yes" if value else "no"


# ---- suites

class Suites:
    def __init__(self):
        self.classes, self.by_name = {}, {}
        with open(ROOT / "common" / "model" / "cipher_suites.csv", encoding="ascii") as table:
            for row in csv.DictReader(table):
                code, weak = int(row["codepoint"], 16), set(row["weak_class"].split("|")) - {""}
                shows = (weak - {"ANON"}, "ANON" in weak, row["nist_r1"] == "1", row["nist_r2"] == "1",
                         row["forward_secret"] == "1" and "ANON" not in weak)
                self.classes[code] = {fact for fact, shown in zip(CLASSES, shows) if shown}
                for column in ("iana_name", "openssl_name", "openssl_name_old"):
                    self.by_name.setdefault(row[column], code)

    def code(self, name):
        return int(name, 16) if name.startswith("0x") else self.by_name[name]

    def all_facts(self, codes):
        """What a full list of a server's suites says: every class, yes or no."""
        shown = set().union(*(self.classes[code] for code in codes))
        return {fact: yes(fact in shown) for fact in CLASSES}

    def seen_facts(self, codes):
        """What a few selected suites say: only yes."""
        return {fact: "yes" for code in codes for fact in self.classes[code]}


SUITES = Suites()


# ---- running

class Tools:
    """Where the programs are, and what they are all told."""

    def __init__(self, mxgrade, ca, cache, folder):
        self.mxgrade, self.ca, self.folder = mxgrade, ca, Path(folder)
        self.postfix, trixie = Path(cache, "roots", "postfix"), Path(cache, "roots", "openssl35")
        self.openssl35 = [str(trixie / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path",
                          str(trixie / "usr/lib/x86_64-linux-gnu"), str(trixie / "usr/bin/openssl")]
        self.write_main_cf()

    def write_main_cf(self):
        """Everything the library has, as the prober asks it; uucp and news are on every Debian."""
        (self.folder / "main.cf").write_text(
            "compatibility_level = 3.6\ninet_protocols = all\nmail_owner = uucp\nsetgid_group = news\n"
            "myhostname = peers.test\nqueue_directory = /\ntls_medium_cipherlist = ALL:@SECLEVEL=0\n", encoding="ascii")


def run(command, **options):
    """What it printed. sslscan dies of SIGPIPE if a server closes early, by chance: then it may try again."""
    for _ in range(ATTEMPTS):
        try:
            done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=TOOL_SECONDS, check=False, **options)
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"no end after {TOOL_SECONDS} s") from error
        if done.returncode != -signal.SIGPIPE:
            break
    return done.stdout.decode(errors="replace")


def host_port(server):
    return f"[{server.address}]:25" if ":" in server.address else f"{server.address}:25"


def exchange(server):
    return f"{server.id}.mx.test"


# ---- mxgrade itself

def mxgrade(server, tools):
    """The report, as it is."""
    command = [tools.mxgrade, "probe", "--json", "--allow-reserved", "--gap", "0s", "--tls-timeout", "8s",
               "--greeting-timeout", "10s", "--trust-store", tools.ca, "--name", exchange(server), host_port(server)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TOOL_SECONDS, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise ToolError(done.stderr.decode(errors="replace")[-2000:]) from error


def facts_of(report):
    """The report as facts that a peer can be compared with."""
    facts = {key: fact["value"] for key, fact in report["facts"].items()}
    for row in report["connections"]:
        if "suite" in row and row.get("version") in VERSIONS:
            facts.setdefault(f"suites_{VERSIONS[row['version']]}", set()).add(SUITES.code(row["suite"]))
    hybrids = {row["group"].lower() for row in report["connections"] if "mlkem" in row.get("group", "").lower()}
    facts["pq_group"] = ",".join(sorted(hybrids)) or "none"
    if certificate := report.get("certificate"):
        facts |= {"cert_subject": certificate["subject"].rpartition("CN=")[2], "cert_sha256": certificate["sha256"],
                  "cert_san": " ".join(sorted(certificate["san"])) or "none", "cert_bits": str(certificate["key_bits"]),
                  "cert_signature": certificate["signature"], "cert_self_signed": yes(certificate["self_signed"])}
    return facts


# ---- sslscan

def sslscan(server, tools):
    """Its full list of suites; what it does beside is switched off, so that its connections are for these facts alone. Its
    own 3 seconds for an answer are too few on a busy machine where a server waits before it greets."""
    file = tools.folder / f"{server.id}.xml"
    said = run(["sslscan", "--timeout=30", "--starttls-smtp", "--no-colour", "--no-heartbleed", "--no-renegotiation",
                "--no-compression", "--no-fallback", "--no-groups", f"--sni-name={exchange(server)}", f"--xml={file}", host_port(server)])
    try:
        found = xml.parse(file).getroot().find("ssltest")
    except (OSError, xml.ParseError) as error:
        raise ToolError(f"{error}: {said[-500:]}") from error
    if found is None:   # it could not get as far as TLS
        return {}
    names = {"2": "sslv2", "3": "sslv3", "1.0": "tls1_0", "1.1": "tls1_1", "1.2": "tls1_2", "1.3": "tls1_3"}
    facts = {names[row.get("version")]: yes(row.get("enabled") == "1") for row in found.iter("protocol")}
    suites = {fact: set() for fact in VERSIONS.values()}
    for row in found.iter("cipher"):
        suites[names[row.get("sslversion")[4:]]].add(int(row.get("id"), 16))
    if codes := set().union(*suites.values()):
        facts |= {"tls_enabled": "yes", **SUITES.all_facts(codes)}
        facts |= {f"suites_{fact}": listed for fact, listed in suites.items()}
    certificate = found.find("certificates/certificate")
    if certificate is not None and certificate.findtext("signature-algorithm"):   # it is empty after an anonymous handshake
        facts |= sslscan_certificate(certificate)
    return facts


def sslscan_certificate(certificate):
    text = lambda name: (certificate.findtext(name) or "").strip()
    facts = {"cert_subject": text("subject"), "cert_signature": text("signature-algorithm"),
             "cert_self_signed": text("self-signed").replace("true", "yes").replace("false", "no"),
             "cert_san": " ".join(sorted(re.findall(r"DNS:([^,\s]+)", text("altnames")))) or "none"}
    if text("expired") == "true":   # of a certificate that is not valid yet it says false as well
        facts["cert_in_date"] = "no"
    key = certificate.find("pk")
    if key is not None and key.get("bits"):
        facts["cert_bits"] = key.get("bits")
    return facts


# ---- openssl s_client

NOT_TRUST = {"9": "cert_in_date", "10": "cert_in_date", "62": "cert_name_match"}
HANDSHAKE = re.compile(r"^New, (\S+), Cipher is (?!\(NONE\))(\S+)", re.M)


def s_client(openssl, server, tools, *options):
    return run([*openssl, "s_client", "-starttls", "smtp", "-connect", host_port(server), "-servername", exchange(server),
                "-CAfile", tools.ca, "-verify_hostname", exchange(server), *options])


def verification(said):
    """Every error is printed, not only the first: trust, dates and name can be told apart."""
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", said, re.S)
    if not pem:
        return {}
    facts = dict.fromkeys(("cert_trusted", "cert_in_date", "cert_name_match"), "yes")
    facts |= {NOT_TRUST.get(number, "cert_trusted"): "no" for number in re.findall(r"verify error:num=(\d+)", said)}
    facts["cert_verifiable"] = yes("Verify return code: 0 (ok)" in said)
    if bits := re.search(r"Server public key is (\d+) bit", said):
        facts["cert_bits"] = bits[1]
    digest = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=pem[0].encode(), check=True,
                            capture_output=True).stdout.decode()
    return facts | {"cert_sha256": digest.strip().rpartition("=")[2].replace(":", "").lower()}


def openssl30(server, tools):
    """A handshake for each version, with everything that OpenSSL 3.0 has."""
    facts, codes, checked = {}, [], {}
    for option, key in (("-tls1_3", "tls1_3"), ("-tls1_2", "tls1_2"), ("-tls1_1", "tls1_1"), ("-tls1", "tls1_0")):
        said = s_client(["openssl"], server, tools, option, "-cipher", "ALL:eNULL:@SECLEVEL=0")
        shaken = HANDSHAKE.search(said)
        facts[key] = yes(shaken)
        if shaken:
            codes.append(SUITES.code(shaken[2]))
            checked = checked or verification(said)
    return {**facts, **SUITES.seen_facts(codes), **checked, "tls_enabled": yes(codes)}


def openssl35(server, tools):
    """TLS 1.3 with every hybrid before every classical group."""
    said = s_client(tools.openssl35, server, tools, "-tls1_3", "-groups", GROUPS_35)
    shaken = HANDSHAKE.search(said)
    group = re.search(r"Negotiated TLS1.3 group: (\S*MLKEM\S*)", said)
    facts = {"tls1_3": yes(shaken), "pq_hybrid": yes(group), "pq_group": group[1].lower() if group else "none"}
    if shaken:
        facts |= {"tls_enabled": "yes", **SUITES.seen_facts([SUITES.code(shaken[2])]), **verification(said)}
    return facts


# ---- posttls-finger

SMTP_SECONDS = 10   # servers that begin with TLS never answer inside it
ESTABLISHED = re.compile(r"(Verified|Trusted|Untrusted|Anonymous) TLS connection established .*: (\S+) with cipher (\S+)")
POSTFIX_VERSIONS = {"TLSv1": "tls1_0", "TLSv1.1": "tls1_1", "TLSv1.2": "tls1_2", "TLSv1.3": "tls1_3"}


def posttls_finger(server, tools):
    """secure wants a certificate, may takes an anonymous suite if there is one: two views of one server."""
    address = f"[IPv6:{server.address}]:25" if ":" in server.address else f"[{server.address}]:25"
    environment = {**os.environ, "MAIL_CONFIG": str(tools.folder),
                   "LD_LIBRARY_PATH": f"{tools.postfix}/usr/lib/postfix:{tools.postfix}/usr/lib/x86_64-linux-gnu"}
    facts, tried = {}, False
    for level in ("may", "secure"):
        said = run([tools.postfix / "usr/sbin/posttls-finger", "-c", "-T", SMTP_SECONDS, "-l", level, "-L",
                    "summary,certmatch,verbose", "-F", tools.ca, address, exchange(server)], env=environment)
        if "posttls-finger: fatal" in said or "error while loading" in said:
            raise ToolError(said[-500:])
        tried |= "setting up TLS connection" in said
        facts |= posttls_finger_facts(said, level)
    if tried:
        facts.setdefault("tls_enabled", "no")
    return facts


def posttls_finger_facts(said, level):
    shaken = ESTABLISHED.search(said)
    if not shaken:
        return {}
    status, version, suite = shaken.groups()
    facts = {"starttls_advertised": "yes", "tls_enabled": "yes", POSTFIX_VERSIONS[version]: "yes",
             **SUITES.seen_facts([SUITES.code(suite)])}
    if level == "secure":
        facts["cert_verifiable"] = yes(status == "Verified")
        if "matched peername" in said:
            facts["cert_name_match"] = "yes"
        if "hostname mismatch" in said:
            facts["cert_name_match"] = "no"
        if re.search(r"certificate has expired|not yet valid", said):
            facts["cert_in_date"] = "no"
        if digest := re.search(r" fingerprint=([0-9A-F:]+)", said):
            facts["cert_sha256"] = digest[1].replace(":", "").lower()
    return facts


# ---- testssl.sh

TESTSSL_VERSIONS = {"SSLv2": "sslv2", "SSLv3": "sslv3", "TLS1": "tls1_0", "TLS1_1": "tls1_1", "TLS1_2": "tls1_2",
                    "TLS1_3": "tls1_3"}
TESTSSL_WEAK = ("cipherlist_NULL", "cipherlist_EXPORT", "cipherlist_LOW", "cipherlist_3DES_IDEA")


def offered(finding):
    if finding.startswith(("offered", "vulnerable", "supported")):
        return "yes"
    return "no" if finding.startswith("not offered") else None


def testssl(server, tools):
    """Protocols and categories of suites."""
    file = tools.folder / f"{server.id}.json"
    address = f"[{server.address}]" if ":" in server.address else server.address
    said = run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", address, "-t", "smtp", "-p", "-s",
                "--jsonfile", file, f"{exchange(server)}:25"])
    try:
        rows = {row["id"]: offered(row["finding"]) for row in json.loads(file.read_text(encoding="utf-8"))}
    except (OSError, ValueError) as error:
        raise ToolError(f"{error}: {said[-500:]}") from error
    facts = {fact: rows[key] for key, fact in TESTSSL_VERSIONS.items() if rows.get(key)}
    weak = {rows.get(key) for key in TESTSSL_WEAK}
    if "yes" in weak or weak == {"no"}:
        facts["weak_ciphers"] = yes("yes" in weak)
    if rows.get("cipherlist_aNULL"):
        facts["anon_suites"] = rows["cipherlist_aNULL"]
    return facts


PEERS = {"sslscan": sslscan, "openssl30": openssl30, "openssl35": openssl35, "posttls-finger": posttls_finger,
         "testssl": testssl}
