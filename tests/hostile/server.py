"""server.py - one SMTP server of many faces: which one a client meets depends on the address it connects to.

A script is the whole dialogue, step by step. Each step is either the octets to send or a coroutine function that takes
the peer and does as it likes; whatever a script leaves out, a sound server does.
"""
import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass, field
from typing import Any

ESTABLISHED = 1  # tcp_info.tcpi_state


class Gone(Exception):
    """The client has left, or the script has ended the connection."""


class Peer:
    """A connection, and everything that can be done to it."""

    def __init__(self, reader, writer, number):
        self.reader, self.writer, self.number = reader, writer, number  # number: the nth of this address, from 1
        self.unread = b""  # comes before what the client sends next
        self.socket = writer.get_extra_info("socket")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def is_open(self):
        """As the kernel sees it: the client has not closed its side."""
        try:
            return self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED
        except OSError:
            return False

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data, pause=0.0):
        """Octet by octet, each a segment; by the clock, so that a busy server is not slower still."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for count, octet in enumerate(data):
            await self.send(bytes([octet]))
            due += pause
            if pause or count % 32 == 0:
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def flood(self, data, times=1 << 40):
        """Sends data again and again, until the client has had enough."""
        while times > 0:
            await self.send(data)
            await asyncio.sleep(0)  # others want to be served too, even if this client takes all of it
            times -= 1

    async def read(self):
        data, self.unread = self.unread or await self.reader.read(65536), b""
        if not data:
            raise Gone
        return data

    async def exactly(self, count):
        return await self.reader.readexactly(count)

    async def line(self):
        line = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise Gone
        return line.strip()

    async def hold(self):
        """Says nothing more, and stays until the client leaves."""
        while True:
            await self.read()

    async def close(self):
        raise Gone

    async def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise Gone


# ---- TLS by OpenSSL ----

class Tls:
    """The server's side of a real TLS connection over a peer; shape(peer, octets) sends what OpenSSL wants sent."""

    def __init__(self, peer, context, shape):
        self.peer, self.shape = peer, shape
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.clear = b""

    async def flush(self):
        if data := self.outgoing.read():
            await self.shape(self.peer, data)

    async def drive(self, operation, *arguments):
        while True:
            try:
                result = operation(*arguments)
                await self.flush()
                return result
            except ssl.SSLWantReadError:
                await self.flush()
                self.incoming.write(await self.peer.read())
            except ssl.SSLError as error:
                await self.flush()  # the alert
                raise Gone from error

    async def handshake(self):
        await self.drive(self.object.do_handshake)

    async def send(self, data):
        await self.drive(self.object.write, data)

    async def flood(self, data):
        while True:
            await self.send(data)

    async def line(self):
        while b"\n" not in self.clear:
            data = await self.drive(self.object.read, 4096)
            if not data:
                raise Gone
            self.clear += data
        line, _, self.clear = self.clear.partition(b"\n")
        return line.strip()

    async def hold(self):
        await self.peer.hold()

    async def close(self):
        await self.peer.close()

    async def reset(self):
        await self.peer.reset()


async def as_it_is(peer, data):
    await peer.send(data)


# ---- the dialogue ----

GREETING = b"220 mx.hostile.test ESMTP ready\r\n"
EHLO = b"250-mx.hostile.test\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
READY = b"220 2.0.0 go ahead\r\n"


@dataclass
class Script:
    context: Any = None  # ssl.SSLContext
    greeting: Any = GREETING
    ehlo: Any = EHLO
    helo: Any = b"250 mx.hostile.test\r\n"
    starttls: Any = READY  # octets that begin with 220 lead to tls; a coroutine function says so with its result
    tls: Any = None  # coroutine function in place of OpenSSL
    shape: Any = as_it_is  # how OpenSSL's octets are sent
    inside: Any = b"250-mx.hostile.test\r\n250 8BITMIME\r\n"  # the answer to EHLO inside TLS
    limit: int = 1 << 40  # connections that are served; the rest gets beyond
    beyond: Any = b"421 4.7.0 too many connections\r\n"
    quit: Any = b"221 2.0.0 bye\r\n"


async def play(peer, step):
    """Does a step; true if it leads on to TLS."""
    if callable(step):
        return await step(peer)
    await peer.send(step)
    return step.startswith(b"220")


async def serve_inside(script, tls):
    await tls.handshake()
    while True:
        verb = (await tls.line()).upper()
        await play(tls, script.inside if verb.startswith(b"EHLO") else script.quit)
        if verb == b"QUIT":
            return


async def serve(script, peer):
    if peer.number > script.limit:
        await play(peer, script.beyond)
        return
    await play(peer, script.greeting)
    steps = {b"EHLO": script.ehlo, b"HELO": script.helo, b"STARTTLS": script.starttls, b"QUIT": script.quit}
    while True:
        verb = (await peer.line()).split(b" ")[0].upper()
        leads_on = await play(peer, steps.get(verb, b"502 5.5.1 not here\r\n"))
        if verb == b"QUIT":
            return
        if verb == b"STARTTLS" and leads_on:
            break
    if script.tls:
        await script.tls(peer)
    else:
        await serve_inside(script, Tls(peer, script.context, script.shape))


@dataclass
class Face:
    """An address's script and what its clients have done so far."""

    script: Script
    connections: int = 0
    overlaps: int = 0  # connections made while another was still open
    errors: list = field(default_factory=list)
    peers: list = field(default_factory=list)


class Server:
    def __init__(self, scripts, play=serve):
        self.play = play  # coroutine function of a script and a peer
        self.faces = {address: Face(script) for address, script in scripts.items()}
        self.server, self.port = None, 0
        self.lag, self.watch = 0.0, None  # the longest time, in seconds, that the server itself was held up

    async def start(self):
        """Listens on every address, on one port that is free on the first."""
        addresses = list(self.faces)
        with socket.socket() as probe:
            probe.bind((addresses[0], 0))
            self.port = probe.getsockname()[1]
        self.server = await asyncio.start_server(self.accept, addresses, self.port, limit=1 << 20, backlog=64)
        self.watch = asyncio.create_task(self.watch_lag())

    async def watch_lag(self):
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.05)
            self.lag = max(self.lag, loop.time() - before - 0.05)

    async def accept(self, reader, writer):
        face = self.faces[writer.get_extra_info("sockname")[0]]
        face.connections += 1
        face.overlaps += any(peer.is_open() for peer in face.peers)
        peer = Peer(reader, writer, face.connections)
        face.peers.append(peer)
        try:
            await self.play(face.script, peer)
        except (Gone, EOFError, ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:  # a script's own mistake must not pass for the behaviour under test
            face.errors.append(repr(error))
        finally:
            face.peers.remove(peer)
            writer.close()

    def stop(self):
        self.server.close()
        self.watch.cancel()
