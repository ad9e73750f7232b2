#!/usr/bin/python3
"""https.py CERTIFICATE SCRIPTED - policy hosts that misbehave on purpose, port 443 (addresses: ../policies.py).

SCRIPTED has a line for each host of the address that speaks TLS: name, role, file with its policy. The other addresses
never get as far: one is silent, one closes, and one answers no SYN, because its queue of connections is full.
"""
import asyncio
import os
import socket
import ssl
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from policies import HOSTS, SCRIPT  # noqa: E402

PORT = 443
IDLE_LIMIT_S = 300
HEAD_LIMIT = 16384
LATE_S, SLOW_S, PAUSE_S = 2, 1, 0.001
CHUNK = b"x-padding: " + b"a" * 4082 + b"\r\n"


def head(length=None):
    size = f"Content-Length: {length}\r\n" if length is not None else ""
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{size}Connection: close\r\n\r\n".encode()


# ---- roles: the request was read; body is the host's policy

async def endless(writer, body):
    writer.write(head() + body)
    while not writer.is_closing():
        writer.write(CHUNK)
        await writer.drain()
        await asyncio.sleep(PAUSE_S)   # drain() alone lets nobody else have a turn while the client keeps up


async def slow(writer, body):
    writer.write(head(len(body)))
    for octet in body:
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(SLOW_S)


async def late(writer, body):
    await asyncio.sleep(LATE_S)
    writer.write(head(len(body)) + body)


async def cut(writer, body):
    writer.write(head(len(body)) + body[:len(body) // 2])


async def not_http(writer, _):
    writer.write(b"220 smtp.mx.test ESMTP\r\n")


async def hangs(*_):
    await asyncio.sleep(IDLE_LIMIT_S)


ROLES = {"endless": endless, "slow": slow, "late": late, "cut": cut, "not-http": not_http, "hangs": hangs}


# ---- connections

def policies(file):
    """name of host -> (role, body)"""
    found = {}
    with open(file, encoding="ascii") as table:
        for line in table:
            name, role, path = line.rstrip("\n").split("\t")
            with open(path, "rb") as body:
                found[name] = ROLES[role], body.read()
    return found


def host_of(request):
    for line in request.split(b"\r\n"):
        if line.lower().startswith(b"host:"):
            return line[5:].strip().decode("ascii", "replace").lower()
    return ""


def served(hosts):
    async def handler(reader, writer):
        try:
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_LIMIT_S)
            role, body = hosts[host_of(request)]
            await role(writer, body)
            await writer.drain()
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, KeyError):
            pass   # the client went away, fell silent or talks nonsense
        finally:
            writer.close()
    return handler


async def silent(reader, writer):
    try:
        await asyncio.wait_for(reader.read(), IDLE_LIMIT_S)
    except (OSError, asyncio.TimeoutError):
        pass
    writer.close()


async def closed(_, writer):
    writer.close()


def drop(address):
    """Linux answers no SYN to a queue that is full: one connection fits, and nobody takes it out. Returns what to keep."""
    listener = socket.create_server((address, PORT), backlog=0)
    kept = [listener]
    for _ in range(2):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((address, PORT))
        kept.append(client)
    return kept


async def main(certificate, scripted):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    await asyncio.start_server(served(policies(scripted)), SCRIPT, PORT, ssl=context, backlog=128, limit=HEAD_LIMIT)
    await asyncio.start_server(silent, HOSTS["silent"], PORT, backlog=128)
    await asyncio.start_server(closed, HOSTS["closed"], PORT, backlog=128)
    kept = drop(HOSTS["dropped"])
    await asyncio.Event().wait()
    del kept


asyncio.run(main(*sys.argv[1:]))
