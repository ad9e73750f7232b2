"""table.py - every behaviour and what a probe must say of it. A new behaviour is one row: see README.md.

Facts are written as words: "tls1_2" is yes, "!tls1_2" is no. A row's `must` facts have to come out exactly so; a fact
in `may` may come out so or unknown; every other fact has to be unknown, with a reason.
"""
import asyncio
import itertools
import os
import random
from dataclasses import dataclass
from typing import Any

import certs
import tls
from judging import LATE
from server import EHLO, GREETING, READY, Gone, Script, Tls, as_it_is, serve_inside

# ---- how long a probe waits ----

# Seconds. A server that is busy answers late, too: what a sound one needs is far below these, also where three other
# processes want the processors. What a slow server does is said as a part of them, and DEADLINE leaves room for six
# connections that time out.
GREETING_TIME, REPLY_TIME, TLS_TIME, QUIT_TIME, GAP_TIME, DEADLINE = 18, 12, 12, 0.5, 0.01, 72


# ---- what is true of a server ----

MET = "reachable starttls_advertised"
NAMED = "cert_trusted cert_in_date cert_name_match cert_verifiable !sni_refused"
SERVES = f"{MET} tls_enabled"
MODERN_TLS = ("!sslv2 !sslv3 !tls1_0 !tls1_1 tls1_2 tls1_3 !weak_ciphers !anon_suites nist_r1 nist_r2 forward_secrecy "
              "!pq_hybrid")
MODERN = f"{SERVES} {MODERN_TLS} {NAMED}"
LEGACY = (f"{SERVES} !sslv2 !sslv3 tls1_0 tls1_1 tls1_2 !tls1_3 weak_ciphers !anon_suites nist_r1 nist_r2 "
          f"forward_secrecy !pq_hybrid {NAMED}")
ONLY_13 = (f"{SERVES} !sslv2 !sslv3 !tls1_0 !tls1_1 !tls1_2 tls1_3 !weak_ciphers !anon_suites !nist_r1 nist_r2 "
           f"forward_secrecy !pq_hybrid {NAMED}")
NO_TLS = ("!tls_enabled !sslv2 !sslv3 !tls1_0 !tls1_1 !tls1_2 !tls1_3 !weak_ciphers !anon_suites !nist_r1 !nist_r2 "
          "!forward_secrecy !pq_hybrid")
# Hand-made flights of TLS 1.2 alone. With RC4, which our OpenSSL cannot offer, the whole flight makes tls_enabled yes;
# with AES OpenSSL goes along and finds nobody behind the flight.
RC4 = f"{SERVES} tls1_2 weak_ciphers"
RC4_REST = "!sslv2 !sslv3 !tls1_0 !tls1_1 !tls1_3 !anon_suites !nist_r1 !nist_r2 !forward_secrecy !pq_hybrid"
AES = f"{MET} tls1_2 nist_r1"
AES_REST = ("!tls_enabled !sslv2 !sslv3 !tls1_0 !tls1_1 !tls1_3 !weak_ciphers !anon_suites !nist_r2 !forward_secrecy "
            "!pq_hybrid")
ANY_NAMED = "!cert_trusted cert_in_date !cert_in_date cert_name_match !cert_name_match !cert_verifiable !sni_refused"


@dataclass
class Row:
    name: str
    script: Script
    must: str = ""
    may: str = ""
    reasons: Any = None  # the report's reason is one of these words; "-" is none
    flags: str = ""  # must be raised
    check: Any = None  # function(result): what is wrong, or ""
    seconds: float = DEADLINE * LATE  # must have ended by then
    names: int = 1  # exchange names on the address
    alone: bool = False  # in a second run, since it is known to hold up the others


def graded(name, facts, seconds=DEADLINE * LATE, **rest):
    """Everything right and nothing open, whatever happens on the way."""
    flags, check = rest.pop("flags", ""), rest.pop("check", None)
    return Row(name, Script(**rest), must=facts, reasons="-", flags=flags, check=check, seconds=seconds)


def unsure(name, reasons=None, must=MET, may="", **rest):
    """Nothing is known beyond `must`."""
    flags, check = rest.pop("flags", ""), rest.pop("check", None)
    return Row(name, Script(**rest), must, may, reasons, flags, check)


# ---- steps ----

def later(seconds, data):
    async def step(peer):
        await asyncio.sleep(seconds)
        await peer.send(data)
        return data.startswith(b"220")
    return step


def dripping(data, pause=0.0):
    """Octet by octet; pause in seconds."""
    async def step(peer):
        await peer.drip(data, pause)
        return data.startswith(b"220")
    return step


def flooding(data, first=b""):
    async def step(peer):
        await peer.send(first)
        await peer.flood(data)
    return step


async def hold(peer):
    await peer.hold()


async def close(peer):
    await peer.close()


async def reset(peer):
    await peer.reset()


ENDS = {"close": (close, "closed"), "reset": (reset, "reset"), "silence": (hold, "timeout")}


def then(data, end=hold):
    """Octets, then an end."""
    async def step(peer):
        await peer.send(data)
        await end(peer)
    return step


def to_hello(answer, end=hold):
    """Answers a client's hello with octets made from it; then waits for the client to leave."""
    async def step(peer):
        hello = await tls.read_hello(peer)
        await peer.send(answer(hello))
        await end(peer)
    return step


def hello_flood(first, data):
    async def step(peer):
        await tls.read_hello(peer)
        await peer.send(first)
        await peer.flood(data)
    return step


def raw12(stream, suites):
    """A server of TLS 1.2 with these suites alone: stream(hello, suite) makes the messages of its flight."""
    async def step(peer):
        hello = await tls.read_hello(peer)
        suite = next((suite for suite in suites if suite in hello.suites), None)
        if tls.TLS12 not in hello.versions or suite is None:
            known = tls.TLS12 in hello.versions
            await peer.send(tls.alert(tls.HANDSHAKE_FAILURE if known else tls.PROTOCOL_VERSION))
            raise Gone
        await peer.send(tls.records(tls.HANDSHAKE, stream(hello, suite)))
        if (await peer.read())[0] != tls.ALERT:  # it goes on to ClientKeyExchange, which we cannot follow
            await peer.send(tls.alert(tls.HANDSHAKE_FAILURE))
    return step


def raw_chain(suites, *ders):
    return raw12(lambda _, suite: tls.flight12(tls.TLS12, suite, *ders), suites)


def cut(count, end):
    """The first count octets of OpenSSL's answer, then an end."""
    async def shape(peer, data):
        await peer.send(data[:count])
        await end(peer)
    return shape


def fragments(size, segment=None):
    """Plain-text handshake records of size octets, in segments of one octet if asked."""
    async def shape(peer, data):
        await (peer.drip if segment else peer.send)(tls.refragment(data, size))
    return shape


def refusing_old(context, refuse):
    """OpenSSL, but what offers no TLS 1.2 is refused in another way than with an alert."""
    async def step(peer):
        hello = await tls.read_hello(peer)
        if hello.versions[0] < tls.TLS12:
            await refuse(peer)
        peer.unread = hello.raw
        await serve_inside(Script(), Tls(peer, context, as_it_is))
    return step


async def one_octet_segments(peer, data):
    await peer.drip(data)


def flipping(seed):
    """One octet in a few is another one."""
    dice = random.Random(seed)

    async def shape(peer, data):
        octets = bytearray(data)
        for _ in range(1 + len(octets) // 200):
            octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
        await peer.send(bytes(octets))
    return shape


async def after_warning(peer, data):
    if not getattr(peer, "warned", False):
        peer.warned = True
        data = tls.alert(tls.UNRECOGNIZED_NAME, tls.WARNING) + data
    await peer.send(data)


def from_number(number, step):
    """A TLS step for the connections from the nth on; those before are served by nobody else than OpenSSL."""
    async def shape(peer, data):
        if peer.number >= number:
            await step(peer)
        await peer.send(data)
    return shape


# ---- checks ----

def shows(field, text):
    """The field of the result, as a whole, contains text."""
    def check(result):
        found = repr(result.get(field))
        return "" if text in found else f"{field} lacks {text!r}: {found[:200]}"
    return check


def certificate_is(**wanted):
    """Fields of the certificate: a value, or a function of it."""
    def check(result):
        found = result.get("certificate")
        if found is None:
            return "no certificate was seen"
        wrong = {key: str(found[key])[:100] for key, value in wanted.items()
                 if not (value(found[key]) if callable(value) else found[key] == value)}
        return f"certificate: {wrong}" if wrong else ""
    return check


def no_certificate(result):
    return "a certificate came out of nothing" if result.get("certificate") else ""


def unreadable(result):
    """There is one, and all that is known is that no client can verify it."""
    certificate = result.get("certificate")
    if not certificate or not certificate["parse_error"] or certificate["subject"] or certificate["san"]:
        return f"not a certificate that cannot be read: {certificate}"
    return ""


def consistent_reasons(*reasons):
    def check(result):
        facts = {**result["facts"], **result["name_facts"]}
        wrong = {key: fact["reason"] for key, fact in facts.items()
                 if fact["value"] == "unknown" and fact["reason"] not in reasons}
        return f"unknown for other reasons than {reasons}: {wrong}" if wrong else ""
    return check


# ---- rows ----

STRANGE = b"nul\0 esc\x1b[31m bel\x07 del\x7f latin1\xe9\xff c1\xc2\x9b rtl\xe2\x80\xae"
RATE, REFUSED = "rate_limited", "refused_service"


def sound_rows(contexts):
    """In flight together with everything else, and yet right and in time."""
    for copy in range(3):
        for kind, facts in (("modern", MODERN), ("legacy", LEGACY), ("only13", ONLY_13)):
            yield graded(f"sound_{kind}_{copy}", facts, context=contexts[kind], seconds=DEADLINE / 2)
        yield Row(f"sound_without_starttls_{copy}", Script(ehlo=b"250-mx.hostile.test\r\n250 8BITMIME\r\n"),
                  f"reachable !starttls_advertised {NO_TLS}", reasons="-", seconds=DEADLINE / 3)


def banner_rows(modern):
    yield unsure("banner_endless", "protocol_error", "", greeting=flooding(b"220-and another line\r\n"))
    yield unsure("banner_endless_line", "protocol_error", "", greeting=flooding(b"220-" + b"x" * 4096))
    yield unsure("banner_without_newline", "greeting_timeout", "", greeting=then(b"220 and nothing"))
    yield unsure("banner_octet_a_second", "greeting_timeout", "", greeting=dripping(GREETING, 1))
    yield graded("banner_late", MODERN, context=modern, greeting=later(GREETING_TIME / 6, GREETING))
    yield unsure("banner_too_late", "greeting_timeout", "", greeting=later(2 * GREETING_TIME, GREETING))
    yield unsure("banner_garbage", "protocol_error", "", greeting=os.urandom(600) + b"\r\n")
    yield unsure("banner_http", "protocol_error", "", greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")
    yield graded("banner_strange_octets", MODERN, context=modern, greeting=b"220 " + STRANGE + b"\r\n",
                 check=shows("banner", "x1b"))
    yield graded("banner_empty", MODERN, context=modern, greeting=b"220\r\n")
    yield unsure("banner_twice", "- protocol_error", "", f"reachable {MODERN}", context=modern, greeting=GREETING * 2)
    yield unsure("banner_and_more", "- protocol_error", "", f"reachable {MODERN}", context=modern,
                 greeting=GREETING + b"250 2.0.0 ok\r\n")
    yield graded("banner_many_lines", MODERN, context=modern, greeting=b"220-hello\r\n" * 60 + GREETING)


def ehlo_rows(modern):
    yield unsure("ehlo_1_gib", "protocol_error", "reachable",
                 ehlo=lambda peer: peer.flood(b"250-" + b"x" * 1020 + b"\r\n", 1 << 20))
    yield graded("ehlo_strange_octets", MODERN, context=modern, ehlo=b"250-" + STRANGE + b"\r\n250-" + STRANGE
                 + b"\r\n250 STARTTLS\r\n", check=shows("ehlo", "x1b"))
    yield unsure("ehlo_250_lines", "- protocol_error", "reachable", MODERN, context=modern,
                 ehlo=b"250-X-LINE 1\r\n" * 249 + b"250 STARTTLS\r\n")
    yield graded("ehlo_100_lines", MODERN, context=modern, ehlo=b"250-X-LINE 1\r\n" * 99 + b"250 STARTTLS\r\n")
    yield unsure("ehlo_line_of_64_kib", "- protocol_error", "reachable", MODERN, context=modern,
                 ehlo=b"250-" + b"x" * 65536 + b"\r\n250 STARTTLS\r\n")
    yield graded("ehlo_octet_by_octet", MODERN, context=modern, ehlo=dripping(EHLO))
    yield graded("ehlo_lower_case", MODERN, context=modern, ehlo=b"250-mx\r\n250-starttls\r\n250 size\r\n")
    yield graded("ehlo_bare_lf", MODERN, context=modern, greeting=GREETING.replace(b"\r", b""),
                 ehlo=EHLO.replace(b"\r", b""), starttls=READY.replace(b"\r", b""))
    yield Row("ehlo_502_then_helo", Script(ehlo=b"502 5.5.1 what\r\n"),
              f"reachable !starttls_advertised {NO_TLS}", reasons="-", flags="no_esmtp")
    yield unsure("ehlo_550_helo_taken", REFUSED, "reachable", ehlo=b"550 5.7.1 not from you\r\n")
    yield unsure("ehlo_501_helo_taken", REFUSED, "reachable", ehlo=b"501 5.5.4 not with that name\r\n")
    yield unsure("ehlo_lists_nothing", REFUSED, "reachable", ehlo=b"250 mx.hostile.test\r\n")
    yield unsure("greeting_250", "protocol_error", "", greeting=b"250 ok\r\n")
    yield unsure("ehlo_220", "protocol_error", "reachable", ehlo=b"220 ok\r\n")
    yield unsure("ehlo_code_changes", "protocol_error", "reachable", ehlo=b"250-a\r\n220-b\r\n250 STARTTLS\r\n")
    yield Row("ehlo_masked", Script(ehlo=b"250-mx\r\n250-XXXXXXXA\r\n250 SIZE\r\n"),
              f"reachable !starttls_advertised {NO_TLS}", reasons="-", flags="starttls_stripped")
    yield unsure("ehlo_never_ends", "timeout", "reachable", ehlo=b"250-mx\r\n250-STARTTLS\r\n")
    yield unsure("ehlo_octet_a_second", "timeout", "reachable", ehlo=dripping(EHLO, 1))


def code_rows():
    for code in (421, 450, 454, 550, 554):
        line = b"%d 4.7.0 go away\r\n" % code
        yield unsure(f"greeting_{code}", RATE if code < 500 else REFUSED, "", greeting=line)
        yield unsure(f"ehlo_{code}", RATE if code < 500 else REFUSED, "reachable", ehlo=line, helo=line)
        yield unsure(f"starttls_{code}", RATE if code == 421 else "starttls_refused", starttls=line)
    for code in (501, 502):
        yield unsure(f"starttls_{code}", "starttls_refused", starttls=b"%d 5.5.1 not here\r\n" % code)


def starttls_rows(modern):
    ready = {"starttls": READY}
    yield unsure("ready_then_plain_text", None, **ready, tls=then(b"500 5.5.1 unknown command\r\n" * 3))
    yield unsure("ready_then_nothing_but_text", None, tls=flooding(b"250 ok\r\n" * 512))
    for name, (end, reason) in ENDS.items():
        yield unsure(f"ready_then_{name}", None, tls=end)
        yield unsure(f"hello_then_{name}", None, tls=to_hello(lambda _: b"", end))
        yield unsure(f"greeting_{name}", "greeting_timeout" if end is hold else reason, "", greeting=end)
        yield unsure(f"ehlo_{name}", reason, "reachable", ehlo=end)
        yield unsure(f"starttls_{name}", reason, starttls=end)
        yield unsure(f"server_hello_{name}", None, context=modern, shape=cut(20, end), may="!sslv2")   # it sends alerts for that
        yield unsure(f"flight_{name}", None, context=modern, shape=cut(400, end),
                     may=MODERN_TLS + " !cert_trusted cert_in_date " + NAMED)
        yield graded(f"inside_{name}", MODERN, context=modern, inside=end)
        yield graded(f"quit_{name}", MODERN, context=modern, quit=end)
    yield unsure("ready_before_asked", None, "reachable", MODERN, context=modern, ehlo=EHLO + READY)
    yield unsure("flight_octet_a_second", "timeout", context=modern, shape=lambda peer, data: peer.drip(data, 1))
    yield graded("early_octets", MODERN, context=modern, starttls=READY + b"250 2.0.0 injected\r\n",
                 flags="early_bytes")


def parting_rows():
    """A client that has waited long enough says so before it goes (RFC 5321 section 3.8, RFC 8446 section 6)."""
    last = {"ehlo": [], "hello": []}

    async def mute_to_ehlo(peer):
        last["ehlo"].append(await peer.read())

    async def mute_to_hello(peer):
        await tls.read_hello(peer)
        last["hello"].append((await peer.read())[:1])

    def said(name, wanted):
        return lambda _: "" if last[name] and set(last[name]) == {wanted} else f"left with {last[name]}"

    yield unsure("parts_from_silent_ehlo", "timeout", "reachable", ehlo=mute_to_ehlo, check=said("ehlo", b"QUIT\r\n"))
    yield unsure("parts_from_silent_tls", "timeout", tls=mute_to_hello, check=said("hello", bytes([tls.ALERT])))


def old_rows(modern):
    """Versions that are off, refused without an alert: with the control's help a close is a no, silence never is."""
    notify = tls.alert(tls.CLOSE_NOTIFY, tls.WARNING)
    for name, refuse in (("close", close), ("reset", reset), ("close_notify", then(notify, close))):
        yield graded(f"old_versions_{name}", MODERN, tls=refusing_old(modern, refuse))
    yield unsure("old_versions_silence", "- timeout", SERVES, MODERN, tls=refusing_old(modern, hold))


def client_certificate_rows(wishing, insisting):
    yield graded("client_certificate_wished", MODERN, context=wishing)
    yield unsure("client_certificate_insisted", "silent_inside_tls", MET, f"{MODERN_TLS} {NAMED}", context=insisting)


def inside_rows(contexts):
    modern = contexts["modern"]
    yield graded("inside_strange_octets", MODERN, context=modern, inside=b"250-" + STRANGE + b"\r\n250 " + STRANGE
                 + b"\r\n", check=shows("ehlo_tls", "x1b"))
    yield graded("inside_endless", MODERN, context=modern, inside=lambda t: t.flood(b"250-again\r\n" * 100))
    yield graded("inside_endless_line", MODERN, context=modern, inside=lambda t: t.flood(b"x" * 16384))
    yield graded("inside_421", MODERN, context=modern, inside=b"421 4.7.0 enough\r\n")
    yield graded("inside_554", MODERN, context=modern, inside=b"554 5.7.1 no\r\n")
    yield graded("tickets_255", MODERN, context=contexts["tickets"])


def fragment_rows(modern, legacy):
    yield graded("records_of_one_octet", MODERN, context=modern, shape=fragments(1))
    yield graded("records_of_one_octet_legacy", LEGACY, context=legacy, shape=fragments(1))
    yield graded("segments_of_one_octet", MODERN, context=modern, shape=one_octet_segments)
    yield graded("records_and_segments_of_one_octet", LEGACY, context=legacy, shape=fragments(1, True))
    yield graded("warning_before_server_hello", MODERN, context=modern, shape=after_warning)


def flipped_rows(modern, legacy):
    """Nobody can say what must come out of noise: only that something does, in bounds."""
    anything = " ".join(f"{fact} !{fact}" for fact in MODERN.replace("!", "").split())
    for seed in range(12):
        yield unsure(f"flipped_octets_{seed}", None, MET, anything, context=modern, shape=flipping(seed))
        yield unsure(f"flipped_octets_legacy_{seed}", None, MET, anything, context=legacy, shape=flipping(seed))


def alert_rows():
    """Refusals of everything: an answer, so "no" may follow; nothing may be yes."""
    codes = [0, 10, 20, 21, 22, 30, *range(40, 52), 60, 70, 71, 80, 86, 90, 100, *range(109, 117), 120, 121, 255]
    for code in codes:
        yield unsure(f"alert_{code}", None, may=NO_TLS, tls=to_hello(lambda _, code=code: tls.alert(code)))
    yield unsure("alert_close_notify", None, may=NO_TLS,
                 tls=to_hello(lambda _: tls.alert(tls.CLOSE_NOTIFY, tls.WARNING), close))
    yield unsure("alert_level_unknown", None, may=NO_TLS, tls=to_hello(lambda _: tls.alert(40, 7)))
    yield unsure("alert_of_one_octet", None, may=NO_TLS, tls=to_hello(lambda _: tls.record(tls.ALERT, b"\2")))
    yield unsure("alert_in_two_records", None, may=NO_TLS,
                 tls=to_hello(lambda _: tls.record(tls.ALERT, b"\2") + tls.record(tls.ALERT, b"\x28")))


def malformed_rows():
    warning = tls.alert(tls.UNRECOGNIZED_NAME, tls.WARNING)
    selected = tls.record(tls.HANDSHAKE, tls.server_hello(tls.TLS12, 0x009C))
    answers = {
        "garbage": lambda _: os.urandom(2000),
        "garbage_in_a_record": lambda _: tls.record(tls.HANDSHAKE, os.urandom(2000)),
        "garbage_server_hello": lambda _: tls.record(tls.HANDSHAKE, tls.message(tls.SERVER_HELLO, os.urandom(80))),
        "truncated_server_hello": lambda h: answer(h, lambda body: body[:36], tls.TLS12),
        "version_13_without_extension": lambda h: answer(h, version=tls.TLS13),
        "server_hello_that_claims_more": lambda _: tls.record(tls.HANDSHAKE, b"\2\0\xff\xff" + bytes(200)),
        "server_hello_that_claims_16_mib": lambda _: tls.record(tls.HANDSHAKE, b"\2\xff\xff\xff" + bytes(200)),
        "empty_server_hello": lambda _: tls.record(tls.HANDSHAKE, tls.message(tls.SERVER_HELLO, b"")),
        "oversized_record": lambda _: b"\x16\3\3\xff\xff" + bytes(70000),
        "own_hello_back": lambda h: tls.record(tls.HANDSHAKE, tls.message(1, b"\3\3" + h.random + bytes(40))),
        "certificate_before_hello": lambda _: tls.records(tls.HANDSHAKE, tls.certificates(certs.certificate())),
        "second_server_hello": lambda h: 2 * answer(h, version=min(h.versions[0], tls.TLS12)),
        "application_data": lambda _: tls.record(tls.APPLICATION, os.urandom(500)),
        "heartbeat": lambda _: tls.record(24, b"\2\xff\xff" + bytes(60)),
        "sslv2_record": lambda _: b"\x80\x2e\4\0\1\0\2\0\0\0\3\0\x10\7\0\xc0" + bytes(32),
        "sslv2_record_with_lying_lengths": lambda _: b"\xff\xff\4\0\1\0\2\xff\xff\xff\xff\xff\xff" + bytes(40000),
    }
    # OpenSSL believes the first of two hellos; and what comes as SSL 2.0 to an SSL 2.0 hello is SSL 2.0.
    believed = {"second_server_hello": "tls1_2 nist_r1 nist_r2 forward_secrecy !tls1_3 !pq_hybrid",
                "sslv2_record": "tls_enabled sslv2 weak_ciphers"}
    for name, make in answers.items():
        yield unsure(name, None, may=believed.get(name, ""), tls=to_hello(make))
    floods = {
        "empty_records": (b"", tls.record(tls.HANDSHAKE, b"") * 2000),
        "empty_alerts": (b"", tls.record(tls.ALERT, b"") * 2000),
        "warnings": (b"", warning * 2000),
        "ccs": (b"", tls.record(tls.CCS, b"\1") * 2000),
        "empty_records_after_hello": (selected, tls.record(tls.HANDSHAKE, b"") * 2000),
        "ccs_after_hello": (selected, tls.record(tls.CCS, b"\1") * 2000),
        "warnings_after_hello": (selected, warning * 2000),
        "hello_requests_after_hello": (selected, tls.record(tls.HANDSHAKE, tls.message(0, b"") * 2000)),
        "certificates_after_hello": (selected, tls.record(tls.HANDSHAKE, tls.certificates(b"x" * 4000))),
        "one_message_without_end": (b"", tls.record(tls.HANDSHAKE, b"\2\3\0\0" + bytes(16000))),
    }
    for name, (first, data) in floods.items():
        yield unsure(f"flood_of_{name}", None, tls=hello_flood(first, data),
                     may=MODERN_TLS + " !tls_enabled !tls1_3" if first else "")


def answer(hello, change=lambda body: body, version=None, suite=None, extensions=b""):
    """A ServerHello to what the client offered, its body changed."""
    version, suite = version or hello.versions[0], suite or (hello.suites or [0x002F])[0]
    whole = tls.server_hello(version, suite, extensions)
    return tls.record(tls.HANDSHAKE, tls.message(tls.SERVER_HELLO, change(whole[4:])))


def sound_hello(hello, **unsound):
    """A ServerHello of TLS 1.2 or below to what was offered, but for what is given."""
    version, suite = min(hello.versions[0], tls.TLS12), (hello.suites or [0x002F])[0]
    return tls.record(tls.HANDSHAKE, tls.server_hello(version, suite, **unsound))


def selection_rows():
    """Selections of what was never offered are no yes."""
    chain = certs.certificate()

    def whole(version=lambda h: tls.TLS12, suite=lambda h: h.suites[0] if h.suites else 0x2F):
        return to_hello(lambda h: tls.records(tls.HANDSHAKE, tls.flight12(version(h), suite(h), chain)))

    def missing(candidates):
        return lambda h: next(suite for suite in candidates if suite not in h.suites)

    # An answer of TLS 1.2 to a hello of 1.3 alone says that there is no 1.3; the certificate was really shown.
    below = f"!tls1_3 !pq_hybrid {ANY_NAMED}"
    strange = {"version_of_the_future": lambda h: 0x0399, "version_below_everything": lambda h: 0x0100,
               "version_zero": lambda h: 0}
    for name, version in strange.items():
        yield unsure(name, None, tls=whole(version))
    yield unsure("version_above_the_offer", None, may=below, flags="not_offered",
                 tls=whole(lambda h: min(h.versions[0] + 1, tls.TLS12) if h.versions[0] < tls.TLS12 else 0x0304))
    for name, suite in {"suite_not_offered": lambda h: 0x0AFE, "suite_null_null": lambda h: 0,
                        "suite_weak_and_not_offered": missing([0x0005, 0x0004, 0x0019, 0x0060, 0xFEFE]),
                        "suite_13_under_12": lambda h: 0x1301 if 0x1301 not in h.suites else 0x1304}.items():
        yield unsure(name, None, may=below, flags="not_offered", tls=whole(suite=suite))
    # Our own parser refuses it; OpenSSL has taken version and suite by then.
    yield unsure("compression_not_offered", None, may="tls1_2 nist_r1 nist_r2 forward_secrecy",
                 tls=to_hello(lambda h: sound_hello(h, compression=1)))
    yield unsure("session_of_255_octets", None, may=MODERN_TLS,
                 tls=to_hello(lambda h: sound_hello(h, session=bytes(255))))
    yield unsure("retry_for_a_group_not_offered", None,
                 tls=to_hello(lambda h: tls.record(tls.HANDSHAKE, tls.hello13(0x1301, 0x7777))))
    yield unsure("retry_for_no_group", None,
                 tls=to_hello(lambda h: tls.record(tls.HANDSHAKE, tls.hello13(0x1301))))
    yield unsure("retry_again_and_again", None, may="!tls_enabled tls1_3 !sslv2 nist_r2 forward_secrecy !pq_hybrid",
                 tls=retry_for_ever)
    yield unsure("version_13_draft", None,
                 tls=to_hello(lambda h: tls.record(tls.HANDSHAKE, tls.hello13(0x1301, 0x001D, version=0x7F1C))))
    yield unsure("unsolicited_extension", None, MET, f"{AES} {AES_REST} {ANY_NAMED}",
                 tls=raw12(lambda h, suite: tls.server_hello(tls.TLS12, suite, tls.extension(16, b"\0\3\2h2"))
                           + tls.certificates(chain) + tls.message(tls.DONE, b""), tls.AES_SUITES))


async def retry_for_ever(peer):
    while True:
        await tls.read_hello(peer)
        await peer.send(tls.record(tls.HANDSHAKE, tls.hello13(0x1301, 0x001D)))


def raw(name, *ders, check=None, must=RC4, named=True):
    """A flight with this chain, twice: for our own parser, and for OpenSSL, in a handshake that breaks thereafter."""
    may = f"{RC4} {RC4_REST} {ANY_NAMED if named else '!sni_refused'}"
    yield Row(f"rc4_{name}", Script(tls=raw_chain(tls.RC4_SUITES, *ders)), must, may, check=check)
    yield Row(f"aes_{name}", Script(tls=raw_chain(tls.AES_SUITES, *ders)), MET, f"{AES} {AES_REST} {ANY_NAMED}")


def without_end(stream, suites):
    """raw12() up to ServerHelloDone, as when that comes in a segment of its own; the client gives up before."""
    done = tls.message(tls.DONE, b"")
    return raw12(lambda hello, suite: stream(hello, suite).removesuffix(done), suites)


def costly_rows(signer):
    """Arithmetic that the server lets the client do; the client's processor is what is attacked."""
    for bits in (1024, 4096, 8192, 9984, 16384):
        flight = raw12(lambda hello, suite, bits=bits: tls.dhe_flight(hello, suite, signer, bits), tls.DHE_SUITES)
        may = f"{MODERN} !tls_enabled !tls1_3 !nist_r1 !forward_secrecy !nist_r2 {ANY_NAMED}"
        yield Row(f"dhe_of_{bits}_bits", Script(tls=flight), MET, may, alone=True)
    # Our limit, not its fault, wherever the segments of its flight end.
    slow = without_end(lambda hello, suite: tls.dhe_flight(hello, suite, signer, 8192), tls.DHE_SUITES)
    yield unsure("dhe_of_8192_bits_in_segments", None, MET, may.replace(" !tls_enabled", ""), tls=slow)


def chain_rows():
    """What a hand-made flight can carry that OpenSSL would never send."""
    def organisation(octets):
        return certs.attribute(certs.ORGANISATION, b"x" * octets)

    good, small = certs.certificate(sans=[b"other.test"]), certs.certificate(key=certs.strange_key())
    big, overlong = certs.certificate(more=organisation(30000)), certs.certificate(more=organisation(65536))
    cycle = [certs.certificate(cn=cn, issuer=issuer) for cn, issuer in ((b"a.test", b"b.test"), (b"b.test", b"a.test"))]
    huge = int.from_bytes(os.urandom(512), "big") | 1 | 1 << 4095
    empty = {"check": no_certificate, "named": False}
    broken = {"check": unreadable, "must": f"{RC4} !cert_trusted !cert_verifiable", "named": False}
    lost = {**empty, "must": MET}  # past the bound of a flight
    rows = (
        raw("chain_of_10_mib", *[big] * 170, **lost),
        raw("chain_of_1000", *[good] * 1000, **lost),
        raw("chain_of_500", *[small] * 500, check=certificate_is(chain_count=lambda n: n <= 20)),
        raw("chain_cyclic", *cycle * 5, check=certificate_is(cn="a.test", chain_count=9)),
        raw("chain_of_nothing", **empty),
        raw("chain_of_one_empty", b"", **empty),
        raw("chain_of_zeros", bytes(3000), **broken),
        raw("chain_broken_der", good[:-100], **broken),
        raw("chain_nested_der", b"\x30\x80" * 2000, **broken),
        raw("chain_with_tail", good + b"tail", **broken),
        raw("chain_good_then_broken", good, b"\x30\x05junk!", os.urandom(500),
            check=certificate_is(cn=certs.NAME, san=["other.test"], chain_count=2)),
        raw("certificate_of_60_kib", big, check=certificate_is(subject=lambda text: 0 < len(text) <= 1100)),
        raw("certificate_over_64_kib", overlong, **empty),
        raw("key_rsa_16384", certs.certificate(key=certs.rsa_key(16384), signature=b"\x5a" * 2048),
            check=certificate_is(key_type="RSA", key_bits=16384)),
        raw("key_rsa_huge_exponent", certs.certificate(key=certs.rsa_key(4096, huge), signature=b"\x5a" * 512),
            check=certificate_is(key_type="RSA", key_bits=4096)),
        raw("key_rsa_3072_long_exponent", certs.certificate(key=certs.rsa_key(3072, huge >> 1100 | 1),
            signature=b"\x5a" * 384), check=certificate_is(key_type="RSA", key_bits=3072)),
        raw("key_rsa_400000", certs.certificate(key=certs.rsa_key(400000), signature=b"\x5a" * 256),
            check=certificate_is(key_type="RSA", key_bits=400000)),
        raw("key_rsa_zero", certs.certificate(key=certs.rsa_public(0, 0)), check=certificate_is(key_type="RSA")),
        raw("key_ec_explicit_16384", certs.certificate(key=certs.explicit_curve(16384)),
            check=certificate_is(key_type="unknown")),
        raw("key_of_unknown_type", small, check=certificate_is(key_type="unknown", key_bits=0)),
        raw("signature_of_unknown_algorithm", certs.certificate(algorithm="1.3.6.1.4.1.99999.2"),
            check=certificate_is(signature="unknown")),
        raw("serial_of_2_kib", certs.certificate(serial=1 << 16384),
            check=certificate_is(serial=lambda text: 0 < len(text) <= 80)),
    )
    return itertools.chain(*rows)


def certificate_rows(serving):
    """Hostile fields in certificates that come with a handshake which completes, and in a raw flight too."""
    bad_name = "!cert_trusted cert_in_date !cert_name_match !cert_verifiable !sni_refused"
    bad_date = "!cert_trusted !cert_in_date !cert_name_match !cert_verifiable !sni_refused"
    other = b"other.test"
    generalized = certs.GENERALIZED_TIME
    fields = {
        "cn_with_nul": (bad_name, {"cn": certs.NAME.encode() + b"\0.evil.test"},
                        {"cn": f"{certs.NAME}\\x00.evil.test"}),
        "cn_invalid_utf8": (bad_name, {"cn": b"a\xff\xfe\xc0\x80b"}, {}),
        "cn_escapes": (bad_name, {"cn": b"\x1b]0;owned\x07\r\n'\"; DROP TABLE", "cn_tag": certs.PRINTABLE}, {}),
        "cn_half_utf16": (bad_name, {"cn": b"\xd8\x00\x00", "cn_tag": certs.BMP}, {}),
        "cn_empty": (bad_name, {"cn": b""}, {"cn": ""}),
        "san_with_nul": (bad_name, {"sans": [certs.NAME.encode() + b"\0.evil.test", b"\xff\x1b[0m"]}, {"san_total": 2}),
        "san_1000": (bad_name, {"sans": [b"n%d.test" % n for n in range(1000)]}, {"san_total": 1000}),
        "san_1500": (bad_name, {"sans": [b"n%d.test" % n for n in range(1500)]},
                     {"san_total": 1500, "san": lambda names: len(names) == 1000}),
        "san_of_30_kib": (bad_name, {"sans": [b"a" * 30000]}, {"san": lambda names: len(names[0]) <= 1024}),
        "year_0": (bad_date, {"cn": other, "not_before": (generalized, b"00000101000000Z"),
                              "not_after": (generalized, b"00000201000000Z")}, {}),
        "year_9999": (bad_name, {"cn": other, "not_after": (generalized, b"99991231235959Z")},
                      {"not_after": 253402300799}),
        "dates_of_garbage": (bad_date, {"cn": other, "not_before": (certs.UTC_TIME, b"yesterday"),
                                        "not_after": (generalized, b"\xff\0\x1b")}, {}),
        "dates_empty": (bad_date, {"cn": other, "not_before": (certs.UTC_TIME, b""),
                                   "not_after": (certs.UTC_TIME, b"")}, {}),
        "dates_reversed": (bad_date, {"cn": other, "not_before": (certs.UTC_TIME, b"400101000000Z"),
                                      "not_after": (certs.UTC_TIME, b"200101000000Z")}, {}),
    }
    for name, (facts, fields_of, wanted) in fields.items():
        check = certificate_is(**wanted)
        yield from raw(name, certs.certificate(**fields_of), check=check)
        if context := serving(name, fields_of):
            yield graded(f"served_{name}", f"{SERVES} {MODERN_TLS} {facts}", context=context, check=check)


def limit_rows(modern):
    """Servers that have enough after some connections: what was learnt stays, the rest is unknown."""
    stops = {"421": (b"421 4.7.0 too many\r\n", RATE), "closes": (close, "closed"), "resets": (reset, "reset"),
             "drops": (hold, "greeting_timeout")}
    for count, (name, (beyond, reason)) in itertools.product(range(1, 9), stops.items()):
        yield unsure(f"{name}_after_{count}", f"- {reason}", SERVES, MODERN, context=modern, limit=count, beyond=beyond,
                     check=consistent_reasons(reason))
    for count, (name, (end, reason)) in itertools.product((2, 3, 4, 5), ENDS.items()):
        yield unsure(f"hello_{name}_from_{count}", None, SERVES, MODERN, context=modern,
                     shape=from_number(count, end))
    for count in (2, 3):
        yield unsure(f"alert_internal_error_from_{count}", None, SERVES, MODERN, context=modern,
                     shape=from_number(count, then(tls.alert(80), close)))
    for count in (2, 3, 4, 5):
        yield unsure(f"starttls_454_from_{count}", "- starttls_refused rate_limited", SERVES, MODERN, context=modern,
                     starttls=refusing_from(count))
        yield unsure(f"starttls_gone_from_{count}", "- starttls_refused", SERVES, MODERN, context=modern,
                     ehlo=gone_from(count))


def name_rows(modern):
    """Further names on an endpoint: each has a handshake of its own, until the server has had enough."""
    stops = {"421": (b"421 4.7.0 too many\r\n", RATE), "closes": (close, "closed"), "resets": (reset, "reset"),
             "drops": (hold, "greeting_timeout")}

    def after(count, reason):
        """The names behind the first: that many judged, and the rest unknown for this reason."""
        def check(result):
            found = [(fact["value"], fact["reason"]) for name in result["other_names"]
                     for key, fact in name.items() if key == "cert_trusted"]
            wanted = [("yes", "")] * count + [("unknown", reason)] * (len(found) - count)
            return "" if found == wanted else f"cert_trusted of the other names: {found}"
        return check

    yield Row("names_shared", Script(context=modern), MODERN, reasons="-", names=6, check=after(5, ""))
    for name, (beyond, reason) in stops.items():
        yield Row(f"names_{name}", Script(context=modern, limit=1, beyond=beyond), SERVES, MODERN, reason, names=3,
                  check=after(0, reason))


def refusing_from(count):
    async def step(peer):
        await peer.send(READY if peer.number < count else b"454 4.7.0 TLS not available\r\n")
        return peer.number < count
    return step


def gone_from(count):
    async def step(peer):
        await peer.send(EHLO if peer.number < count else EHLO.replace(b"250-STARTTLS\r\n", b""))
    return step


def slow_rows(modern):
    """Half of every time-out goes by: only the deadline ends this."""
    halves = {"greeting": (GREETING, GREETING_TIME / 2), "ehlo": (EHLO, REPLY_TIME / 2),
              "starttls": (READY, REPLY_TIME / 2)}
    slow = {step: later(seconds, data) for step, (data, seconds) in halves.items()}
    octets = {step: dripping(data, seconds / len(data)) for step, (data, seconds) in halves.items()}
    for name, steps in (("tarpit", slow), ("tarpit_of_octets", octets)):
        yield unsure(name, "deadline", SERVES, MODERN, context=modern, check=consistent_reasons("deadline"), **steps)


def rows(contexts, serving, signer):
    """All rows.

    contexts: ssl.SSLContext by name: modern, legacy, only13, tickets; wishing for, insisting on a client certificate.
    serving(name, fields): a context that serves such a certificate, or None if OpenSSL will not load it.
    signer: RsaSigner.
    """
    modern, legacy = contexts["modern"], contexts["legacy"]
    return list(itertools.chain(
        sound_rows(contexts), banner_rows(modern), ehlo_rows(modern), code_rows(), starttls_rows(modern),
        old_rows(modern), parting_rows(), client_certificate_rows(contexts["wishing"], contexts["insisting"]),
        inside_rows(contexts),
        fragment_rows(modern, legacy), flipped_rows(modern, legacy), alert_rows(), malformed_rows(), selection_rows(),
        costly_rows(signer), chain_rows(), certificate_rows(serving), limit_rows(modern), name_rows(modern),
        slow_rows(modern)))
