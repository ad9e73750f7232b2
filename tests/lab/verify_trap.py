#!/usr/bin/python3
"""verify_trap.py LOG - does servers/trap.py see a connection to every forbidden address, and no other?"""
import os
import socket
import subprocess
import sys
import time

HOME = os.path.dirname(os.path.abspath(__file__))
CONNECT_S, SEEN_S, POLL_S = 0.5, 2, 0.05
ALLOWED = ("127.20.0.1", 25)   # the resolver's address: nobody's, and in no list


def lines(log):
    with open(log, encoding="ascii") as file:
        return file.read().splitlines()


def connect(address, port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
        sock.settimeout(CONNECT_S)
        sock.connect_ex((address, port))


def main(log):
    places = [line.split("\t") for line in subprocess.run([sys.executable, os.path.join(HOME, "tables.py"), "traps"], check=True,
                                                          capture_output=True, text=True).stdout.splitlines()]
    before = len(lines(log))
    connect(*ALLOWED)
    for address, port in places:
        connect(address, int(port))
    wanted = sorted(f"connect {address} {port}" for address, port in places)
    deadline = time.monotonic() + SEEN_S
    while (seen := sorted(lines(log)[before:])) != wanted and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for place in sorted(set(wanted) ^ set(seen)):
        print(f"WRONG trap: {place}: {'not seen' if place in wanted else 'nobody connected there'}")
    print(f"{'ok' if seen == wanted else 'WRONG':<6}trap: {len(seen)} of {len(wanted)} connections seen")
    sys.exit(seen != wanted)


main(*sys.argv[1:])
