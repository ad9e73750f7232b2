#!/usr/bin/python3
"""probes.py MXGRADE CA - every server of the lab is probed twice, by the plan and with --thorough.

The plan's facts, --thorough's facts and the server's configuration (tests/lab/servers.tsv) must be the same; and the
plan's connections are compared with the fewest that could show as much (bound_of()): on average at most 1.05 times the
bound, nowhere more than one above it. Run inside the lab (`lab exec`).
"""
import collections
import csv
import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lab"))
import tables  # noqa: E402

PROBE_SECONDS = 120
AT_ONCE = 4
MEAN_MOST = 1.05
ABOVE_MOST = 1
LEGACY = ("sslv3", "tls1_0", "tls1_1", "tls1_2")
CLASSES = ("weak_ciphers", "anon_suites", "nist_r1", "nist_r2", "forward_secrecy")
KEYS = ("by_rsa", "by_ecdsa")  # the kind of certificate that a suite needs
SHOWN_BY_TLS13 = ("nist_r2", "forward_secrecy")
NEW_GROUPS = ("x25519", "x448")
FROM_DIALOGUE = ("reachable", "starttls_advertised", "tls_enabled")


def read_suites():
    """name -> (classes, completable by OpenSSL 3)"""
    suites = {}
    with open(os.path.join(ROOT, "common", "model", "cipher_suites.csv"), encoding="ascii") as table:
        for row in csv.DictReader(table):
            tokens = set(row["weak_class"].split("|")) - {""}
            shows = {"weak_ciphers": bool(tokens - {"ANON"}), "anon_suites": "ANON" in tokens,
                     "nist_r1": row["nist_r1"] == "1", "nist_r2": row["nist_r2"] == "1",
                     "forward_secrecy": row["forward_secret"] == "1" and "ANON" not in tokens,
                     "by_rsa": row["auth"] == "RSA", "by_ecdsa": row["auth"] == "ECDSA"}
            strong = not tokens and row["openssl_name"] and row["kx"] in ("RSA", "DHE", "ECDHE")
            suites[row["iana_name"]] = (frozenset(name for name in shows if shows[name]), bool(strong))
    return suites


SUITES = read_suites()


def probe(mxgrade, ca, server, *options):
    command = [mxgrade, "probe", "--json", "--allow-reserved", "--gap", "0s", "--tls-timeout", "4s", "--greeting-timeout", "5s",
               "--deadline", f"{PROBE_SECONDS}s", "--trust-store", ca, "--name", f"{server.id}.mx.test", *options,
               f"[{server.address}]:25" if ":" in server.address else server.address]
    done = subprocess.run(command, capture_output=True, timeout=2 * PROBE_SECONDS, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{server.id}: exit status {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return json.loads(done.stdout)


def values(report):
    return {key: fact["value"] for key, fact in report["facts"].items()}


def cover(shown, wanted, complete):
    """The fewest suites that show every class wanted, one of them completable if asked."""
    kinds = list({SUITES[suite] for suite in shown if suite in SUITES})
    for size in range(len(kinds) + 1):
        for some in itertools.combinations(kinds, size):
            classes = frozenset().union(*(kind[0] for kind in some))
            if wanted <= classes and (not complete or any(kind[1] for kind in some)):
                return size
    return size


def bound_of(fact, plan, thorough):
    """tests/unit/test_simulator.c says why each term is there."""
    if fact["starttls_advertised"] != "yes":
        return 2   # a "no" that costs the whole grade is asked for twice
    yes = lambda key: fact[key] == "yes"
    no = lambda key: fact[key] == "no"
    below = [row["suite"] for row in thorough["thorough"]["suites"] if row["version"] not in ("TLS 1.3", "SSL 2.0")]
    usable = [row["suite"] for row in thorough["thorough"]["suites"] if row["version"] not in ("TLS 1.3", "SSL 3.0", "SSL 2.0")]
    versions = sum(yes(key) for key in LEGACY)
    can = any(SUITES[suite][1] for suite in usable if suite in SUITES)
    tls13_completes = yes("tls1_3") and not yes("pq_hybrid")
    wanted = frozenset(key for key in CLASSES if yes(key) and not (yes("tls1_3") and key in SHOWN_BY_TLS13))
    keys = frozenset().union(*(SUITES[suite][0] for suite in usable if suite in SUITES)) & frozenset(KEYS)
    if len(keys) == 2:
        first = plan.get("certificate", {}).get("key_type") if yes("tls1_3") else None
        wanted |= keys - {"by_rsa" if first == "RSA" else "by_ecdsa" if first else None}
    bound = max(versions, cover(below, wanted & frozenset().union(*(SUITES[s][0] for s in below if s in SUITES)),
                                can and not tls13_completes))
    shows_age = yes("tls1_3") or any(row.get("group") in NEW_GROUPS or "CHACHA20" in row.get("suite", "")
                                     for row in plan["connections"])
    bound += yes("tls1_3") + yes("sslv2") + no("sslv3")
    asks_other = len(keys) == 1 and any(yes(key) for key in LEGACY if key != "sslv3")
    bound += bool(versions) and (asks_other or any(no(key) for key in CLASSES))
    # Who goes by the client's order shows by a selection what is off at the lowest version.
    bound += versions > 1 and no("weak_ciphers") and any(row["step"] == "weak-lowest" for row in plan["connections"])
    bound += no("sslv2") and not shows_age
    bound += not can and not tls13_completes
    bound += 2 if no("tls_enabled") else 0   # it has to fail twice
    return bound + needs_control(plan["connections"]) + asked_twice(plan["connections"])


def asked_twice(connections):
    """Questions whose refusal had to come twice: it did not say that it was for the version, or was a close."""
    refused = collections.Counter((row["step"], row["offered"]) for row in connections
                                  if row["outcome"] in ("refused", "closed", "reset"))
    return sum(times == 2 for times in refused.values())


def needs_control(connections):
    """Some refusal was only a close, and no other answer came after it."""
    outcomes = [row["outcome"] for row in connections if row["step"] != "control"]
    last = max((place for place, outcome in enumerate(outcomes) if outcome in ("closed", "reset")), default=None)
    return last is not None and "selected" not in outcomes[last:]


class Check:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def that(self, good, text):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print("not ok -", text)


def compare(check, server, plan, thorough):
    first, second = values(plan), values(thorough)
    for key in tables.FACTS:
        wanted = server.facts[key]
        if wanted == "*":
            continue
        check.that(first[key] == wanted, f"{server.id}: {key} is {first[key]} by the plan, configured {wanted}: {server.why}")
        if thorough.get("thorough") and key not in FROM_DIALOGUE:
            check.that(second[key] == wanted, f"{server.id}: {key} is {second[key]} by --thorough, configured {wanted}")


def main():
    mxgrade, ca = sys.argv[1:3]
    left_out = set(sys.argv[3:])
    lab, check = tables.Lab(), Check()
    servers = [server for server in lab.servers.values()
               if server.daemon != "-" and server.id not in left_out | tables.COUNTING and "*" not in server.facts.values()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        plans = list(pool.map(lambda server: probe(mxgrade, ca, server), servers))
        thoroughs = list(pool.map(lambda server: probe(mxgrade, ca, server, "--thorough", "--pq-strict"), servers))
    made = bounds = compared = 0
    print(f"{'server':<18}{'connections':>12}{'bound':>7}{'thorough':>10}")
    for server, plan, thorough in zip(servers, plans, thoroughs):
        compare(check, server, plan, thorough)
        if thorough.get("thorough") is None and server.facts["starttls_advertised"] != "no":
            continue   # nothing could be asked: 421, silence
        count, bound = len(plan["connections"]), bound_of(server.facts, plan, thorough)
        print(f"{server.id:<18}{count:>12}{bound:>7}{len(thorough['connections']):>10}")
        check.that(count <= bound + ABOVE_MOST, f"{server.id}: {count} connections, bound {bound}")
        made, bounds, compared = made + count, bounds + bound, compared + 1
    print(f"{compared} servers: {made} connections, {made / compared:.2f} on average; bound {bounds / compared:.2f}; "
          f"ratio {made / bounds:.3f}")
    check.that(made <= MEAN_MOST * bounds, f"{made} connections are more than {MEAN_MOST} times the bound {bounds}")
    print(f"probes: {check.passed} passed, {check.failed} failed, 0 skipped")
    sys.exit(check.failed > 0 or check.passed == 0)


main()
