#!/usr/bin/python3
"""scripted.py BACKEND ROLE=ADDRESS… - servers that misbehave on purpose, port 25 each.

Roles that do TLS hand the connection to BACKEND, a real server with STARTTLS on port 25.
"""
import asyncio
import sys

PORT = 25
IDLE_LIMIT_S = 300
LINE_LIMIT = 2048
SERVED_BEFORE_421 = 3
GREETING_DELAY_S = 40
ALERT, CLOSE_NOTIFY = b"\x15", bytes.fromhex("15 0303 0002 01 00")
EHLO_PLAIN = [b"250-scripted.mx.test", b"250-SIZE 10240000", b"250 8BITMIME"]
EHLO_STARTTLS = [b"250-scripted.mx.test", b"250-STARTTLS", b"250 8BITMIME"]
EHLO_MASKED = [b"250-scripted.mx.test", b"250-XXXXXXXA", b"250 8BITMIME"]

backend = ""


async def say(writer, *lines):
    writer.write(b"".join(line + b"\r\n" for line in lines))
    await writer.drain()


async def say_slowly(writer, *lines):
    """An octet a segment, and lines that end in a bare LF now and then."""
    for index, line in enumerate(lines):
        for octet in line + (b"\n" if index % 2 else b"\r\n"):
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0.001)


async def commands(reader):
    """The verbs a client sends, until it goes away or falls silent."""
    while True:
        line = await asyncio.wait_for(reader.readline(), IDLE_LIMIT_S)
        if not line:
            return
        yield line.strip().upper()


async def converse(reader, writer, ehlo, starttls, speak=say):
    """SMTP in clear until QUIT (False) or an accepted STARTTLS (True)."""
    async for verb in commands(reader):
        if verb == b"QUIT":
            await speak(writer, b"221 2.0.0 bye")
            return False
        if verb.startswith(b"EHLO"):
            await speak(writer, *ehlo)
        elif verb == b"STARTTLS" and starttls == b"accept":
            return True
        elif verb == b"STARTTLS":
            await speak(writer, starttls)
        elif verb.split(b" ")[0] in (b"HELO", b"NOOP", b"RSET"):
            await speak(writer, b"250 2.0.0 ok")
        else:
            await speak(writer, b"502 5.5.1 not here")
    return False


async def pump(reader, writer):
    while data := await asyncio.wait_for(reader.read(65536), IDLE_LIMIT_S):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def splice(reader, writer, before=False):
    """Connects a client with the backend; before: STARTTLS is to be settled first."""
    there_reader, there_writer = await asyncio.open_connection(backend, PORT)
    try:
        if before:
            await settle(there_reader, there_writer)
            await say_slowly(writer, b"220 2.0.0 ready")
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
    finally:
        there_writer.close()


async def settle(reader, writer):
    """Brings a connection to the backend up to the point where TLS begins."""
    await reply(reader)
    for command in (b"EHLO scripted.mx.test", b"STARTTLS"):
        await say(writer, command)
        await reply(reader)


async def reply(reader):
    """Reads a reply to its last line."""
    while (await asyncio.wait_for(reader.readline(), IDLE_LIMIT_S))[3:4] == b"-":
        pass


# ---- roles

async def plain(reader, writer):
    await say(writer, b"220 scripted.mx.test ESMTP")
    await converse(reader, writer, EHLO_PLAIN, b"502 5.5.1 not here")


async def stripped(reader, writer):
    await say(writer, b"220 ****************************")
    await converse(reader, writer, EHLO_MASKED, b"500 5.5.1 command unrecognized: \"XXXXXXXA\"")


async def starttls454(reader, writer):
    await say(writer, b"220 scripted.mx.test ESMTP")
    await converse(reader, writer, EHLO_STARTTLS, b"454 4.7.0 TLS not available after start")


async def greet554(reader, writer):
    await say(writer, b"554 5.7.1 scripted.mx.test no SMTP service for you")
    await converse(reader, writer, [b"503 5.5.1 bad sequence"], b"503 5.5.1 bad sequence")


async def greet421(_, writer):
    await say(writer, b"421 4.7.0 scripted.mx.test too many connections from your address")


async def late40(reader, writer):
    """A tarpit for spammers: the greeting takes its time (RFC 5321 section 4.5.3.2.1 wants clients to wait 5 minutes)."""
    await asyncio.sleep(GREETING_DELAY_S)
    await splice(reader, writer)


async def silent(reader, _):
    await asyncio.wait_for(reader.read(), IDLE_LIMIT_S)


async def fussy(reader, writer):
    await say_slowly(writer, b"220-scripted.mx.test ESMTP", b"220-wait for the last line", b"220 now")
    ehlo = [b"250-scripted.mx.test", b"250-x-weird words and more", b"250-starttls", b"250 8bitmime"]
    if await converse(reader, writer, ehlo, b"accept", say_slowly):
        await splice(reader, writer, before=True)


async def closenotify(reader, writer):
    """A hello that the backend refuses is refused with a close_notify at the level of a warning."""
    await say(writer, b"220 scripted.mx.test ESMTP")
    if not await converse(reader, writer, EHLO_STARTTLS, b"accept"):
        return
    there_reader, there_writer = await asyncio.open_connection(backend, PORT)
    try:
        await settle(there_reader, there_writer)
        await say(writer, b"220 2.0.0 ready")
        upstream = asyncio.ensure_future(pump(reader, there_writer))
        first = await there_reader.read(1)
        if first == ALERT:
            upstream.cancel()
            writer.write(CLOSE_NOTIFY)
        else:
            writer.write(first)
            await asyncio.gather(upstream, pump(there_reader, writer))
    finally:
        there_writer.close()


class Limit3:
    """Serves three connections, then says 421: what a strict server does to a scanner. For ever, or, if it is one that
    forgives, once, and then serves three again."""

    def __init__(self, forgives):
        self.forgives = forgives
        self.served = 0

    async def __call__(self, reader, writer):
        self.served += 1
        if self.served <= SERVED_BEFORE_421:
            await splice(reader, writer)
            return
        if self.forgives:
            self.served = 0
        await greet421(reader, writer)


ROLES = {"plain": plain, "stripped": stripped, "starttls454": starttls454, "greet554": greet554,
         "greet421": greet421, "silent": silent, "late40": late40, "fussy": fussy, "closenotify": closenotify, "limit3": Limit3(forgives=False),
         "limit3-again": Limit3(forgives=True)}


def served_by(role):
    async def handler(reader, writer):
        try:
            await role(reader, writer)
        except (OSError, asyncio.TimeoutError, asyncio.LimitOverrunError, ValueError):
            pass   # the client went away, fell silent or talks nonsense
        finally:
            writer.close()
    return handler


async def main():
    global backend
    backend = sys.argv[1]
    for argument in sys.argv[2:]:
        role, address = argument.split("=")
        await asyncio.start_server(served_by(ROLES[role]), address, PORT, backlog=512, limit=LINE_LIMIT)
    await asyncio.Event().wait()


asyncio.run(main())
