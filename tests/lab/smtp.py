"""smtp.py - what the lab's servers say in SMTP (smtp.tsv), and whose TLS is broken."""

FACTS = ("tls_broken auth_before_tls requiretls smtputf8 size_declared pipelining eightbitmime chunking dsn "
         "greeting_names_host ehlo_names_host").split()


def works(fact):
    """Does TLS work? Known for itself, or no because it is broken in every attempt of a survey."""
    return "no" if fact.get("tls_broken") == "yes" else fact["tls_enabled"]


def expect(lab):
    table = [["address"] + FACTS + ["size_limit", "why"]]
    table += [[server.address] + server.said for server in lab.servers.values() if server.said]
    return "".join("\t".join(row) + "\n" for row in table).encode()
