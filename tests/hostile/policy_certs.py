"""policy_certs.py - the certificates that policy hosts show, made by openssl(1), and TLS contexts that show them."""
import datetime
import ssl
from pathlib import Path

from certs import openssl
from policy_table import DOMAIN, HOST

DAY = datetime.timedelta(days=1)
# name: subject alternative names, and what differs from a sound certificate
CERTIFICATES = {
    "good": dict(san=f"DNS:{HOST}"),
    "wildcard": dict(san=f"DNS:other.test,DNS:*.{DOMAIN}"),
    "expired": dict(san=f"DNS:{HOST}", days=(-30, -1)),
    "future": dict(san=f"DNS:{HOST}", days=(1, 30)),
    "wrong_name": dict(san="DNS:www.example.com", cn=HOST),
    "apex": dict(san=f"DNS:{DOMAIN}", cn=HOST),
    "high_wildcard": dict(san="DNS:*.test", cn=HOST),
    "partial_wildcard": dict(san=f"DNS:mta-s*.{DOMAIN}", cn=HOST),
    "cn_only": dict(san="", cn=HOST),
    "cn_and_mail": dict(san=f"email:postmaster@{DOMAIN}", cn=HOST),
    "cn_and_address": dict(san="IP:127.0.0.1", cn=HOST),
    "self_signed": dict(san=f"DNS:{HOST}", signer="self"),
    "untrusted": dict(san=f"DNS:{HOST}", signer="other"),
    "for_clients": dict(san=f"DNS:{HOST}", usage="clientAuth"),
}
V = ssl.TLSVersion
# name: certificate, lowest and highest version, whether a client certificate is wanted
CONTEXTS = {
    **{name: (name, V.TLSv1_2, V.TLSv1_3, False) for name in CERTIFICATES},
    "tls12": ("good", V.TLSv1_2, V.TLSv1_2, False),
    "tls11": ("good", V.TLSv1, V.TLSv1_1, False),
    "wants_clients": ("good", V.TLSv1_3, V.TLSv1_3, True),
    "wants_clients_tls12": ("good", V.TLSv1_2, V.TLSv1_2, True),
}
CA_CONFIG = """
[ca]
default_ca = this
[this]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
extendedKeyUsage = {usage}
{san}
"""


def make_root(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-subj", f"/CN={name}")


def stamp(days):
    return (datetime.datetime.now(datetime.timezone.utc) + days * DAY).strftime("%Y%m%d%H%M%SZ")


def make_leaf(folder, name, san, cn="policy host", days=(-1, 30), signer="root", usage="serverAuth"):
    key, request, config = f"{folder}/{name}.key", f"{folder}/{name}.csr", Path(folder, f"{name}.cnf")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            request, "-subj", f"/CN={cn}")
    config.write_text(CA_CONFIG.format(folder=folder, usage=usage, san=f"subjectAltName = {san}" if san else ""))
    signing = ["-selfsign", "-keyfile", key] if signer == "self" else [
        "-cert", f"{folder}/{signer}.pem", "-keyfile", f"{folder}/{signer}.key"]
    openssl("ca", "-batch", "-notext", "-config", str(config), *signing, "-in", request, "-out",
            f"{folder}/{name}.leaf.pem", "-startdate", stamp(days[0]), "-enddate", stamp(days[1]))
    return f"{folder}/{name}.leaf.pem", key


def context_of(pair, low, high, wants_clients, on_name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    context.set_ciphers("ALL:@SECLEVEL=0" if high < V.TLSv1_2 else "ECDHE+AESGCM")
    context.minimum_version, context.maximum_version = low, high
    context.verify_mode = ssl.CERT_REQUIRED if wants_clients else ssl.CERT_NONE
    context.sni_callback = lambda _object, name, _context: on_name(name)
    return context


def contexts_in(folder, on_name):
    """Contexts by name, and the file of the root to trust. on_name(name) is called with every SNI."""
    Path(folder, "index").touch()
    for name in ("root", "other"):
        make_root(folder, name)
    pairs = {name: make_leaf(folder, name, **options) for name, options in CERTIFICATES.items()}
    contexts = {name: context_of(pairs[pair], low, high, wants, on_name)
                for name, (pair, low, high, wants) in CONTEXTS.items()}
    return contexts, f"{folder}/root.pem"
