#!/usr/bin/python3
"""compare.py MXGRADE CA CACHE [ID…] - mxgrade's facts about every server of the lab against those of its peers.

Run inside the lab (tests/peers/run does). Each fact that a peer tells is one comparison. A difference passes if
explained.tsv has it, with these values; a line of explained.tsv that explains nothing fails. A line with the fact `*`
says that this peer is not asked there, and why: that is skipped.
"""
import collections
import itertools
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]
import asking  # noqa: E402
import tables  # noqa: E402
from wire import Wire  # noqa: E402

AT_ONCE = 4
# testssl.sh costs 8 to 13 seconds of processor time a server: one of every family, and the SSLv2 and SSLv3 ones
TESTSSL_SERVERS = set("pf-default ex-3des jsse-all jsse-ssl3 node012-export node012-ssl2 node08 node22 nss-ssl3 go124-old "
                      "otp25 wolfssl ngx-modern".split())
# They stand in front of ngx-modern: it never has two tools at once
SHARED = {"fussy": "ngx-modern", "closenotify": "ngx-modern"}
NOT_ASKED = "*"
SERVERS_ENOUGH = 10   # for a ratio
SCANNERS, SCANNERS_AT_LEAST = ("sslscan", "testssl"), 3   # measured: 7.8 and 4.3; the others are one handshake each
SLOW = TESTSSL_SERVERS | {"pf-postscreen"}   # begun first


Line = collections.namedtuple("Line", "number server fact peer ours theirs right why")


class Explained:
    """explained.tsv. Servers, facts and peers may be lists: each of them must come true."""

    def __init__(self, path, wanted):
        self.lines, self.used = [], set()
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if text.strip() and not text.startswith("#"):
                servers, facts, peers, *rest = text.split("\t")
                if len(rest) != 4:
                    raise SystemExit(f"{path}:{number}: {len(rest) + 3} columns, expected 7")
                triples = itertools.product(servers.split(), facts.split(), peers.split())
                self.lines += [Line(number, *triple, *rest) for triple in triples if triple[0] in wanted]

    def find(self, server, fact, peer, ours, theirs):
        for line in self.lines:
            if line[1:6] == (server, fact, peer, ours, theirs):
                self.used.add(line)
                return line
        return None

    def not_asked(self, server, peer):
        """The line, if there is one, by which this peer is not to be asked about this server."""
        return self.find(server, NOT_ASKED, peer, "-", "-")

    def skipped(self):
        return [line for line in self.lines if line.fact == NOT_ASKED and line in self.used]

    def stale(self):
        return [line for line in self.lines if line not in self.used]


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.complaints = []

    def that(self, good, complaint):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            self.complaints.append(complaint)


def differs(fact, ours, theirs):
    """The plan saw a few suites, the peer lists all: what was seen must be in the list."""
    if fact.startswith("suites_"):
        missing = " ".join(f"{code:04X}" for code in sorted(ours - theirs))
        return (missing, "not listed") if missing else None
    return None if ours == theirs else (ours, theirs)


def peers_of(server, explained):
    return [name for name in asking.PEERS if (name != "testssl" or server.id in TESTSSL_SERVERS)
            and not explained.not_asked(server.id, name)]


class Asked:
    """What everyone said of one server, and how many connections each needed for it."""

    def __init__(self, server, peers, tools, wire):
        self.server, self.said, self.errors, self.opened, self.seconds = server, {}, {}, {}, {}
        for name in ["mxgrade", *peers]:
            started, before = time.monotonic(), wire.count(server.address)
            try:
                self.said[name] = asking.mxgrade(server, tools) if name == "mxgrade" else asking.PEERS[name](server, tools)
            except asking.ToolError as error:
                self.errors[name] = str(error)
            self.opened[name] = wire.count(server.address) - before
            self.seconds[name] = time.monotonic() - started


def judge(asked, explained, tally):
    """Rows of the table of differences."""
    ident, rows = asked.server.id, []
    for name in asked.opened:
        tally.that(name not in asked.errors, f"{ident}: {name} did not work: {asked.errors.get(name)}")
    report = asked.said.pop("mxgrade", None)
    if report is None:
        return rows
    ours = {**asking.facts_of(report), "answered": "yes"}
    tally.that(len(report["connections"]) == asked.opened["mxgrade"],
               f"{ident}: mxgrade reports {len(report['connections'])} connections, the wire had {asked.opened['mxgrade']}")
    for peer, theirs in asked.said.items():
        theirs["answered"] = asking.yes(theirs)
        for fact in sorted(set(ours) & set(theirs)):
            difference = differs(fact, ours[fact], theirs[fact])
            line = difference and explained.find(ident, fact, peer, *difference)
            tally.that(not difference or line, f"{ident}: {fact}: {peer} differs and nothing explains it: {difference}")
            if difference:
                verdict = (line.right, line.why) if line else ("?", "NOT EXPLAINED")
                rows.append((ident, fact, difference[0], peer, difference[1], *verdict))
    return rows


def in_turns(servers, explained, tools, wire):
    """Servers side by side, but for those that share one."""
    turns = collections.defaultdict(list)
    for server in sorted(servers, key=lambda server: server.id not in SLOW):
        turns[SHARED.get(server.id, server.id)].append(server)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(lambda turn: [Asked(server, peers_of(server, explained), tools, wire) for server in turn],
                             turns.values()))
    by_id = {asked.server.id: asked for turn in done for asked in turn}
    return [by_id[server.id] for server in servers]


def show_differences(rows):
    print("\nDifferences\n" + "\t".join(("server", "fact", "mxgrade", "peer", "says", "right", "why")))
    for row in rows:
        print("\t".join(row))


def show_connections(everyone):
    names = ["mxgrade", *asking.PEERS]
    print("\nConnections to port 25\n" + f"{'server':<16}" + "".join(f"{name:>16}" for name in names))
    for asked in everyone:
        print(f"{asked.server.id:<16}" + "".join(f"{asked.opened.get(name, '-'):>16}" for name in names))


def compare_connections(everyone, tally):
    """Totals and ratios, each over the servers that both have asked. A scanner must cost several times as much."""
    for name in asking.PEERS:
        both = [asked for asked in everyone if name in asked.opened]
        theirs, ours = (sum(asked.opened[who] for asked in both) for who in (name, "mxgrade"))
        text = (f"{name}: {theirs} connections to {len(both)} servers, mxgrade {ours} to the same: "
                f"{theirs / max(ours, 1):.1f} times as many; {sum(asked.seconds[name] for asked in both):.0f} s")
        judged = name in SCANNERS and len(both) >= SERVERS_ENOUGH
        if judged:
            tally.that(theirs >= SCANNERS_AT_LEAST * ours, f"{text}; expected at least {SCANNERS_AT_LEAST} times as many")
        print("ok -" if judged and theirs >= SCANNERS_AT_LEAST * ours else "    ", text)


def main():
    program, ca, cache, *only = sys.argv[1:]
    lab, tally, wire, rows = tables.Lab(), Tally(), Wire(), []
    servers = [server for server in lab.servers.values()
               if server.facts["starttls_advertised"] == "yes" and server.id not in tables.COUNTING and (not only or server.id in only)]
    explained = Explained(HERE / "explained.tsv", {server.id for server in servers})
    with tempfile.TemporaryDirectory() as folder:
        everyone = in_turns(servers, explained, asking.Tools(program, ca, cache, folder), wire)
    for asked in everyone:
        rows += judge(asked, explained, tally)
    for line in explained.stale():
        tally.that(False, f"explained.tsv:{line.number}: {line.server} {line.fact} {line.peer}: does not occur any more")
    tally.that(wire.lost() == 0, "the kernel dropped packets: the connections are not counted right")
    show_differences(rows)
    show_connections(everyone)
    compare_connections(everyone, tally)
    skipped = explained.skipped()
    print(*(f"# skip {line.server} {line.peer}: {line.why}" for line in skipped), sep="\n")
    print(*(f"not ok - {complaint}" for complaint in tally.complaints), sep="\n")
    print(f"peers: {tally.passed} passed, {tally.failed} failed, {len(skipped)} skipped")
    sys.exit(2 if tally.failed > 0 or tally.passed == 0 else 0)   # 1 is Python's own, for a traceback


main()
