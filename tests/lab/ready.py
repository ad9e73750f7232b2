#!/usr/bin/python3
"""ready.py - are the lab's servers there?  Reads `tables.py servers` on standard input.

  ready.py wait SECONDS RUN   until all are up, SECONDS are over, or a daemon of RUN/*.pid has ended;
                              prints the ids of those that are not up
  ready.py status             a line for each: address, id, what, up or DOWN
  ready.py free               exits 1 and names what listens already, if something does
Exit status 1 if something is not as wanted.
"""
import errno
import glob
import socket
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
from policies import HOSTS, NGINX, NGINX_TLS11, SCRIPT  # noqa: E402

RESOLVER = ("127.20.0.1", 53)
AUTHORITATIVE = ("127.20.0.53", 53)
SMTP_PORT, HTTPS_PORT = 25, 443
POLICY_HOSTS = (NGINX, NGINX_TLS11, SCRIPT, HOSTS["silent"], HOSTS["closed"], HOSTS["dropped"])
ONE_LOOK_S = 3.0
POLL_S = 0.05
SILENCE_S = 0.3
AUTHENTIC_DATA = 0x0020


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listens(address, port=SMTP_PORT):
    """By the kernel's table: no connection, because limit3 counts them."""
    wanted = "%08X:%04X" % (struct.unpack("=I", socket.inet_aton(address))[0], port)
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(line.split()[1] == wanted and line.split()[3] == "0A" for line in list(table)[1:])


def greets(address, code):
    with socket.create_connection((address, SMTP_PORT), ONE_LOOK_S) as connection:
        greeting = b""
        while len(greeting) < len(code) and (more := connection.recv(512)):
            greeting += more
        return greeting.startswith(code.encode())


def is_silent(address):
    with socket.create_connection((address, SMTP_PORT), ONE_LOOK_S) as connection:
        connection.settimeout(SILENCE_S)
        try:
            connection.recv(1)
            return False
        except TimeoutError:
            return True


def is_closed(address):
    try:
        socket.create_connection((address, SMTP_PORT), ONE_LOOK_S).close()
        return False
    except ConnectionRefusedError:
        return True


def is_up(address, expected):
    """Does a server behave as its column "greets" says?"""
    look = {"listens": listens, "silent": is_silent, "closed": is_closed}.get(expected)
    try:
        return look(address) if look else greets(address, expected)
    except OSError:
        return False


def resolves(server, authenticated):
    """Asks for the SOA of test.; the resolver must also vouch for it (AD)."""
    query = struct.pack(">6H", 1, 0x0120, 1, 0, 0, 0) + b"\x04test\x00" + struct.pack(">2H", 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(ONE_LOOK_S / 3)
        try:
            sock.connect(server)
            sock.send(query)
            flags, _, answers = struct.unpack(">2x3H", sock.recv(4096)[:8])
        except OSError:
            return False
    return flags & 0x000F == 0 and answers > 0 and bool(flags & AUTHENTIC_DATA or not authenticated)


def checks():
    """(id, address, what, function that looks)"""
    found = [("nsd", AUTHORITATIVE[0], "authoritative for test.", lambda: resolves(AUTHORITATIVE, False)),
             ("unbound", RESOLVER[0], "validating resolver", lambda: resolves(RESOLVER, True))]
    found += [("https", address, "policy host", lambda a=address: listens(a, HTTPS_PORT)) for address in POLICY_HOSTS]
    for line in sys.stdin:
        ident, address, _, _, expected, why = line.rstrip("\n").split("\t")
        found.append((ident, address, why, lambda a=address, e=expected: is_up(a, e)))
    return found


def has_ended(run):
    """Did a daemon that was spawned with its pid in run/*.pid end?"""
    for file in glob.glob(run + "/*.pid"):
        with open(file, encoding="ascii") as pid:
            try:
                with open(f"/proc/{pid.read().split()[0]}/stat", encoding="ascii") as stat:
                    if stat.read().rpartition(")")[2].split()[0] == "Z":
                        return True
            except FileNotFoundError:
                return True
    return False


def wait(pool, wanted, seconds, run):
    deadline = time.monotonic() + seconds
    while True:
        results = list(pool.map(lambda check: check[3](), wanted))
        wanted = [check for check, up in zip(wanted, results) if not up]
        if not wanted or time.monotonic() > deadline or has_ended(run):
            break
        time.sleep(POLL_S)
    for check in wanted:
        print(check[0])
    return not wanted


def status(pool, wanted):
    results = list(pool.map(lambda check: check[3](), wanted))
    for (ident, address, why, _), up in zip(wanted, results):
        print(f"{address:<12} {ident:<14} {'up' if up else 'DOWN':<5} {why}")
    return all(results)


def taken(address, port, kind):
    with socket.socket(family(address), kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        try:
            sock.bind((address, port))
            if kind == socket.SOCK_STREAM:
                sock.listen()
            return False
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL and ":" in address:
                return False   # no IPv6 here: the server will be left out
            print(f"{address} port {port}: {error.strerror}")
            return True


def free(wanted):
    busy = [taken(check[1], HTTPS_PORT if check[0] == "https" else SMTP_PORT, socket.SOCK_STREAM) for check in wanted[2:]]
    busy += [taken(*server, socket.SOCK_DGRAM) for server in (RESOLVER, AUTHORITATIVE)]
    return not any(busy)


def main(arguments):
    wanted = checks()
    with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        if arguments[0] == "wait":
            good = wait(pool, wanted, float(arguments[1]), arguments[2])
        else:
            good = status(pool, wanted) if arguments[0] == "status" else free(wanted)
    sys.exit(0 if good else 1)


main(sys.argv[1:])
