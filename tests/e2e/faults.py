#!/usr/bin/python3
"""faults.py TOOLS CA [SERVER…] - one fault leaves no wrong fact, on the lab's servers.

Every server is probed through a relay (fault_relay.c), once without a fault and then once for each connection of that
probe and each kind of fault that may meet it. A probe that was stopped is taken up a second time. Whatever is then
known, of the server and of its certificate, is what was known without the fault. TOOLS is the folder of fault_relay and
probe_many. Run inside the lab (`lab exec`); $MXG_LEFT_OUT names servers that do not run there.

Servers of one daemon with the same facts and the same course of the plan make a class, and its members take turns: the
first fault at the first connection meets the first member, the next fault the next. Each run gives each the same.
"""
import collections
import csv
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lab"), os.path.join(HERE, "..", "hostile")]
import tables  # noqa: E402
from judging import objects  # noqa: E402

SUITES = os.path.join(HERE, "..", "..", "common", "model", "cipher_suites.csv")
FAULTS = ("close", "reset", "silence", "alert80", "alert40", "421")
PORT = 2525
# Milliseconds: greeting, reply, TLS, QUIT, gap, deadline. A server that is slow for once makes an unknown, no failure.
TIMES = (5000, 4000, 4000, 500, 0, 90000)
AT_ONCE = 48
ROUNDS = 3            # in which what did not come about for a busy machine is tried again
KNOWN_LEAST = 0.9     # of the facts known without a fault: a test in which nothing is known would find nothing wrong
MOST_SHOWN = 20
NOTHING = "faults: 0 passed, 1 failed, 0 skipped"
# How a server may refuse that does not say so; the others are verdicts (engine/plan/plan_note.c).
VERDICTS = ("close_notify", "handshake_failure", "illegal_parameter", "protocol_version", "insufficient_security",
            "inappropriate_fallback")


class Run:
    """One probe through the relay: fault is None or meets connection at."""

    def __init__(self, server, address, fault=None, at=0):
        self.server, self.target, self.fault, self.at = server, address, fault, at
        self.results, self.met = [], False

    def __str__(self):
        return f"{self.server.id}: {self.fault or 'no fault'} at connection {self.at}"


# ---- probing

def relay_lines(runs):
    for number, run in enumerate(runs):
        run.address = f"127.{100 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
        yield f"{run.address} {run.target} 25 {run.fault or 'none'} {run.at}\n"


def start_relay(tools, runs, told):
    relay = subprocess.Popen([f"{tools}/fault_relay", str(PORT)], stdin=subprocess.PIPE, stdout=told, text=True)
    relay.stdin.write("".join(relay_lines(runs)))
    relay.stdin.close()
    until = time.monotonic() + 20
    while os.path.getsize(told.name) == 0:
        if relay.poll() is not None or time.monotonic() > until:
            sys.exit(f"fault_relay did not start\n{NOTHING}")
        time.sleep(0.02)
    return relay


def probe_all(tools, ca, runs):
    """Makes the runs; each has its results, one for each attempt, and whether the fault was met."""
    with tempfile.NamedTemporaryFile("w+", prefix="mxgrade-relay-") as told:
        relay = start_relay(tools, runs, told)
        targets = "".join(f"{number} {run.address} {PORT} {run.server.id}.mx.test\n" for number, run in enumerate(runs))
        done = subprocess.run([f"{tools}/probe_many", *map(str, TIMES), str(AT_ONCE)], input=targets, check=False,
                              capture_output=True, text=True, env={**os.environ, "MXG_TRUST_STORE": ca})
        ended = relay.poll()
        relay.kill()
        relay.wait()
        met = set(open(told.name, encoding="ascii").read().split())
    if done.returncode != 0 or done.stderr or ended is not None:
        sys.exit(f"probe_many: exit {done.returncode}; relay: {ended}\n{done.stderr[-4000:]}\n{NOTHING}")
    for run in runs:
        run.results, run.met = [], run.address in met
    for result in objects(done.stdout):
        if "id" in result:
            runs[int(result["id"])].results.append(result)


def facts_of(result):
    return {key: fact["value"] for key, fact in {**result["facts"], **result["name_facts"]}.items()}


def configured(run, key):
    """By the lab's tables; whether a name is refused may be asked for the fault's sake alone, and none of these servers does."""
    return run.server.facts.get(key, "no" if key == "sni_refused" else None)


def is_as_configured(run):
    found, wanted = facts_of(run.results[0]), run.server.facts
    return all(wanted[key] in ("*", found[key]) for key in tables.FACTS)


# ---- what is run

def servers_of(lab, only, left_out):
    """What listens, and answers one client as the next, within the times of this test."""
    return [server for server in lab.servers.values()
            if server.daemon != "-" and server.greets != "listens" and server.id not in left_out | tables.COUNTING
            and (not only or server.id in only)]


def classes_of(runs):
    """Runs without a fault, by class: one daemon, the same facts, the same course of the plan."""
    classes = collections.defaultdict(list)
    for run in runs:
        classes[run.server.daemon, tuple(run.server.facts[key] for key in tables.FACTS), plan_of(run)].append(run)
    return list(classes.values())


def plan_of(run):
    return tuple((row["step"], row["outcome"], row["alert"]) for row in run.results[0]["connections"])


def can_meet(fault, connection):
    """A hello has to come for the fault to take its answer's place; alert 40 takes that of a selection."""
    if fault == "alert40":
        return connection["outcome"] == "selected"
    return fault == "421" or connection["outcome"] in ("selected", "refused", "closed", "reset", "silent", "malformed")


def faulty_runs(members):
    """For one class: each connection by each fault, the members by turns."""
    turn = 0
    for at, connection in enumerate(members[0].results[0]["connections"], 1):
        for fault in FAULTS:
            if can_meet(fault, connection):
                member = members[turn % len(members)]
                turn += 1
                yield Run(member.server, member.target, fault, at), member


def spread(classes):
    """All runs, those of a class far from each other: its servers are asked by few at once."""
    placed = []
    for members in classes:
        runs = list(faulty_runs(members))
        placed += [((place + 0.5) / len(runs), place, pair) for place, pair in enumerate(runs)]
    return [pair for _, _, pair in sorted(placed, key=lambda item: item[:2])]


# ---- judgement

def classes_of_suites():
    with open(SUITES, encoding="ascii") as table:
        for row in csv.DictReader(table):
            weak = set(row["weak_class"].split("|")) - {""}
            shows = {"weak_ciphers": weak - {"ANON"}, "anon_suites": "ANON" in weak, "nist_r1": row["nist_r1"] == "1"}
            yield row["iana_name"], {key for key, has in shows.items() if has}


SHOWS = dict(classes_of_suites())


def refuses_like(fault, connections):
    """Does the server itself refuse so, as far as the plan can tell?"""
    if fault in ("close", "reset"):
        return any(row["outcome"] in ("closed", "reset") for row in connections)
    return fault == "alert40" or (fault == "alert80" and any(
        row["outcome"] == "refused" and row["alert"] and row["alert"] not in VERDICTS for row in connections))


def cannot_be_told(run, without, key):
    """A refusal of suites, as the server makes them, in place of a selection that would have shown such a suite: what
    docs/probe-plan.md section 8 says that no plan as short can see."""
    shown = SHOWS.get(without["connections"][run.at - 1]["suite"], ())
    return refuses_like(run.fault, without["connections"]) and key in shown


class Tally:
    def __init__(self):
        self.wrong, self.untold, self.wrong_runs = [], [], set()
        self.known = self.facts = self.certificates = self.again = 0
        self.unknown_of = collections.Counter()

    def compare(self, run, baseline):
        without = baseline.results[0]
        truth = facts_of(without)
        self.again += len(run.results) > 1
        for result in run.results:
            for key, value in facts_of(result).items():
                if value not in ("unknown", truth[key], configured(run, key)):
                    self.differs(run, without, key, value, truth[key])
            self.compare_certificate(run, result, without)
        last = facts_of(run.results[-1])
        asked = [key for key in truth if truth[key] != "unknown"]
        unknown = sum(last[key] == "unknown" for key in asked)
        self.facts, self.known = self.facts + len(asked), self.known + len(asked) - unknown
        self.unknown_of[run.fault] += unknown > 0

    def differs(self, run, without, key, value, truth):
        if value == "no" and cannot_be_told(run, without, key):
            self.untold.append(f"{run}: {key}")
        else:
            self.is_wrong(run, f"{key} is {value}, and {truth} without the fault")

    def is_wrong(self, run, text):
        self.wrong.append(f"{run}: {text}")
        self.wrong_runs.add(str(run))

    def compare_certificate(self, run, result, without):
        if "certificate" not in result:
            return
        self.certificates += 1
        if result["certificate"] != without.get("certificate"):
            self.is_wrong(run, f"another certificate, {result['certificate']['subject']}")


def until_good(tools, ca, runs, is_good):
    """Makes the runs; those that did not come about, for a busy machine, again. What never did is returned."""
    todo = runs
    for _ in range(ROUNDS):
        if not todo:
            break
        probe_all(tools, ca, todo)
        todo = [run for run in todo if not is_good(run)]
    return todo


def report(classes, pairs, unsteady, unmet):
    tally = Tally()
    for run, baseline in pairs:
        tally.compare(run, baseline)
    positions = sum(len(members[0].results[0]["connections"]) for members in classes)
    steady = sum(map(len, classes))
    print(f"# {steady} servers in {len(classes)} classes x {positions} connections of theirs x {len(FAULTS)} kinds of "
          f"fault: {len(pairs)} faults, {len(tally.wrong)} facts wrong")
    print(f"# {tally.again} probes taken up again, {tally.certificates} certificates compared; "
          f"{tally.known} of {tally.facts} facts known in the end, something unknown after",
          ", ".join(f"{fault}: {tally.unknown_of[fault]}" for fault in FAULTS))
    print(f"# {len(tally.untold)} facts denied by a refusal of suites that nobody can tell from a true one "
          "(docs/probe-plan.md section 8):", *tally.untold, sep="\n#   ")
    failures = tally.wrong + [f"{run}: not as configured, {ROUNDS} times" for run in unsteady]
    failures += [f"{run}: the fault was not met, {ROUNDS} times" for run in unmet]
    if tally.known < KNOWN_LEAST * tally.facts:
        failures.append(f"only {tally.known} of {tally.facts} facts were known in the end")
    for text in failures[:MOST_SHOWN]:
        print("not ok -", text)
    return len(pairs) - len(tally.wrong_runs | set(map(str, unmet))), len(failures)


def main():
    tools, ca, only = sys.argv[1], sys.argv[2], set(sys.argv[3:])
    started = time.monotonic()
    servers = servers_of(tables.Lab(), only, set(os.environ.get("MXG_LEFT_OUT", "").split()))
    whole = [Run(server, address) for server in servers for address in server.addresses]
    unsteady = until_good(tools, ca, whole, is_as_configured)
    classes = classes_of([run for run in whole if run not in unsteady])
    pairs = spread(classes)
    unmet = until_good(tools, ca, [run for run, _ in pairs], lambda run: run.met)
    passed, failed = report(classes, pairs, unsteady, unmet)
    print(f"# {time.monotonic() - started:.0f} s")
    print(f"faults: {passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0 or passed == 0)


main()
