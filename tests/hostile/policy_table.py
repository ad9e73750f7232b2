"""policy_table.py - every behaviour of a policy host and what a fetch must say of it. A new behaviour is one row.

A script is what happens on a connection. Unless it says otherwise, a policy host makes a TLS handshake with a sound
certificate, reads the request, sends its answer and closes in order.
"""
import asyncio
import gzip
from dataclasses import dataclass, field, replace
from typing import Any

from judging import LATE
from server import Gone, Tls, as_it_is

DOMAIN = "hostile.test"
HOST = f"mta-sts.{DOMAIN}"
POLICY_MAX = 65536
# Seconds that a fetch may take to connect, and for all of it: far from what a sound host needs, also where three other
# processes want the processors. A fetch that is broken off, and one with a deadline of its own, is to end before both.
CONNECT_TIME, TOTAL_TIME = 40, 50
ABORT_TIME, OWN_TIME = CONNECT_TIME / 8, CONNECT_TIME / 4
RESERVED, GLOBAL = "reserved", "global"  # whether the fetcher may contact reserved addresses

GOOD = (b"version: STSv1\r\nmode: enforce\r\nmx: Mail.Example.com\r\nmx: *.example.net\r\n"
        b"max_age: 604800\r\n")
PLAIN = b"Content-Type: text/plain\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass
class Script:
    answer: Any = b""  # octets, or a coroutine function of the Tls, once the request is read
    certificate: str = "good"  # a name of policy_certs.CERTIFICATES, or of a context
    raw: Any = None  # coroutine function of the peer, in place of everything
    inside: Any = None  # coroutine function of the Tls once the handshake is done, in place of reading the request
    shape: Any = as_it_is  # how OpenSSL's octets are sent
    notify: bool = True  # close with close_notify
    context: Any = None  # set by the runner
    requests: list = field(default_factory=list)


@dataclass
class Row:
    name: str
    script: Script
    status: str  # valid, invalid, unknown
    why: str = ""
    retry: bool = False
    http: Any = None  # the HTTP status reported; None: any
    connections: int = 1
    detail: str = ""  # is part of the detail
    check: Any = None  # function(result): what is wrong, or ""
    kind: str = RESERVED
    deadline_ms: int = 0
    abort_ms: int = 0
    port: Any = None  # another port than the server's
    not_before: float = 0  # seconds
    seconds: float = TOTAL_TIME * LATE  # must have ended by then


def valid(name, answer, check=None, **script):
    return Row(name, Script(answer, **script), "valid", http=200, check=check)


def invalid(name, why, answer=b"", retry=False, http=None, detail="", **script):
    return Row(name, Script(answer, **script), "invalid", why, retry, http, detail=detail)


def unknown(name, why, answer=b"", **script):
    return Row(name, Script(answer, **script), "unknown", why, retry=True)


def given_up(row, seconds=TOTAL_TIME):
    """The row of a host that takes too long: its fetch ends when that time is over, and not before."""
    return replace(row, not_before=seconds, seconds=seconds * LATE)


def page(body=GOOD, head=OK, headers=PLAIN):
    return head + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


# ---- what a policy host does ----

async def after(tls, seconds, data):
    await asyncio.sleep(seconds)
    await tls.send(data)


async def read_request(tls):
    request = []
    while line := await tls.line():
        request.append(line.decode("latin-1"))
    return request


def then(data, step, pause=1.0):
    """Sends data and does the step, which is a verb of Peer, when the client has had time to read."""
    async def play(tls):
        await tls.send(data)
        await asyncio.sleep(pause)
        await getattr(tls, step)()
    return play


def drip_for_ever(head, octet):
    async def play(tls):
        await tls.send(head)
        while True:
            await after(tls, 0.2, octet)
    return play


def flood(head, data):
    async def play(tls):
        await tls.send(head)
        await tls.flood(data)
    return play


async def hold_raw(peer):
    await peer.hold()


async def reset_raw(peer):
    await peer.reset()


async def reset_after_hello(peer):
    await peer.read()
    await peer.reset()


async def close_after_hello(peer):
    await peer.read()
    await peer.close()


def say_raw(data):
    async def play(peer):
        await peer.read()
        await peer.send(data)
        await peer.hold()
    return play


async def cut_flight(peer, data):
    """Half of what OpenSSL wants to send first, and then nothing."""
    await peer.send(data[:len(data) // 2])
    await peer.hold()


async def reset_in_flight(peer, data):
    await peer.send(data[:len(data) // 2])
    await peer.reset()


async def drip(peer, data):
    await peer.drip(data)


async def hold_inside(tls):
    await tls.hold()


async def reset_inside(tls):
    await tls.reset()


async def hold_after_request(tls):
    await read_request(tls)
    await tls.hold()


async def interim(tls):
    await tls.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + page())


def chunked(*pieces):
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return OK + PLAIN + b"Transfer-Encoding: chunked\r\n\r\n" + coded + b"0\r\nX-Trailer: y\r\n\r\n"


def filled(size):
    return GOOD + b"x: " + b"y" * (size - len(GOOD) - 3)


# ---- rows ----

def is_good(result):
    wanted = {"mode": "enforce", "max_age": 604800, "mx": ["mail.example.com", "*.example.net"],
              "body": GOOD.decode().replace("\r\n", "\n"), "domain": DOMAIN}
    wrong = [f"{key} is {result[key]!r}" for key, value in wanted.items() if result[key] != value]
    return "; ".join(wrong)


def has_mode(mode):
    return lambda result: "" if result["mode"] == mode else f"mode is {result['mode']}"


def sound():
    yield valid("good", page(), is_good)
    yield valid("good_wildcard_certificate", page(), is_good, certificate="wildcard")
    yield valid("good_tls12_only", page(), is_good, certificate="tls12")
    yield valid("good_chunked", chunked(GOOD[:7], GOOD[7:]), is_good)
    yield valid("good_until_close", OK + PLAIN + b"\r\n" + GOOD, is_good)
    yield valid("good_octet_by_octet", page(), is_good, shape=drip)
    yield valid("good_interim_answers", interim, is_good)
    yield valid("good_then_reset", then(page(), "reset", 0), is_good)
    yield valid("good_lf_only", page(GOOD.replace(b"\r\n", b"\n")), is_good)
    yield valid("good_type_with_parameters", page(headers=b"Content-Type: Text/Plain; charset=utf-8\r\n"), is_good)
    yield valid("good_cookie_and_alternatives", page(headers=PLAIN + b"Set-Cookie: a=b\r\nAlt-Svc: h2=\":1\"\r\n"
                                                     b"Strict-Transport-Security: max-age=9\r\n"), is_good)
    yield valid("good_testing", page(GOOD.replace(b"enforce", b"testing")), has_mode("testing"))
    yield valid("good_none_without_mx", page(b"version: STSv1\nmode: none\nmax_age: 86400\n"), has_mode("none"))
    yield valid("body_of_64_kib", page(filled(POLICY_MAX)), has_mode("enforce"))
    for number in range(200):
        yield valid(f"good_crowd_{number}", page(), is_good)


def certificates():
    yield invalid("certificate_expired", "cert_date", certificate="expired", detail="expired")
    yield invalid("certificate_not_yet_valid", "cert_date", certificate="future")
    yield invalid("certificate_wrong_name", "cert_name", certificate="wrong_name")
    yield invalid("certificate_of_the_domain_itself", "cert_name", certificate="apex")
    yield invalid("certificate_star_for_two_labels", "cert_name", certificate="high_wildcard")
    yield invalid("certificate_star_in_a_label", "cert_name", certificate="partial_wildcard")
    yield invalid("certificate_cn_only", "cert_name", certificate="cn_only")
    yield invalid("certificate_cn_and_mail_san", "cert_name", certificate="cn_and_mail")
    yield invalid("certificate_cn_and_address_san", "cert_name", certificate="cn_and_address")
    yield invalid("certificate_self_signed", "certificate", certificate="self_signed", detail="self-signed")
    yield invalid("certificate_untrusted_root", "certificate", certificate="untrusted")
    yield invalid("certificate_for_clients", "certificate", certificate="for_clients")


def http():
    for code in (301, 302, 303, 307, 308, 304):
        yield invalid(f"redirect_{code}", "redirect", page(head=b"HTTP/1.1 %d Go\r\n" % code,
                      headers=PLAIN + b"Location: https://127.79.0.1:PORT/.well-known/mta-sts.txt\r\n"), http=code,
                      detail="https://127.79.0.1:")
    yield invalid("redirect_hostile_location", "redirect", page(head=b"HTTP/1.1 302 Go\r\n", headers=PLAIN +
                  b"Location: /\x1b[31m\xe2\x80\xae\xff" + b"x" * 9000 + b"\r\n"), http=302)
    for code, retry in ((404, False), (403, False), (204, False), (206, False), (429, True), (500, True), (503, True)):
        yield invalid(f"status_{code}", "http_status", page(head=b"HTTP/1.1 %d Hm\r\n" % code), retry, code)
    yield invalid("status_404_endless", "http_status", flood(b"HTTP/1.1 404 No\r\n" + PLAIN + b"\r\n", b"x" * 4096),
                  http=404)
    for name, kind in (("html", b"text/html"), ("octets", b"application/octet-stream"), ("plainer", b"text/plainer"),
                       ("empty", b""), ("escapes", b"text/\x1b]0;x\x07")):
        yield invalid(f"type_{name}", "content_type", page(headers=b"Content-Type: " + kind + b"\r\n"), http=200)
    yield invalid("type_missing", "content_type", page(headers=b""), http=200, detail="none given")
    yield invalid("body_of_64_kib_and_one", "too_large", page(filled(POLICY_MAX + 1)), http=200)
    yield invalid("body_endless", "too_large", flood(OK + PLAIN + b"\r\n", b"mx: a.example.com\n" * 200), http=200)
    yield invalid("body_endless_chunks", "too_large", flood(OK + PLAIN + b"Transfer-Encoding: chunked\r\n\r\n",
                  b"12\r\nmx: a.example.com\n\r\n" * 200), http=200)
    yield invalid("body_of_a_terabyte", "too_large", flood(OK + PLAIN + b"Content-Length: 1099511627776\r\n\r\n",
                  b"x" * 4096), http=200)
    yield invalid("headers_endless", "too_large", flood(OK, b"X-Filler: " + b"y" * 500 + b"\r\n"))
    yield invalid("header_line_endless", "too_large", flood(OK + b"X-Filler: ", b"y" * 4096))
    yield invalid("interim_answers_endless", "too_large", flood(b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 50))
    yield invalid("not_http", "not_http", b"220 mx.hostile.test ESMTP ready\r\n")
    yield invalid("http_0_9", "not_http", GOOD)
    yield invalid("http_octets", "not_http", bytes(range(256)) * 8)
    yield given_up(invalid("body_slow", "too_slow", drip_for_ever(OK + PLAIN + b"\r\n", b"x"), True, 200))
    yield given_up(invalid("header_slow", "too_slow", drip_for_ever(OK, b"X"), True))
    yield given_up(invalid("status_line_slow", "too_slow", drip_for_ever(b"HTTP/1.1", b" "), True))
    yield given_up(invalid("body_held", "too_slow", then(page()[:-9], "hold"), True, 200))
    yield invalid("body_cut", "cut_short", page()[:-9], True, 200)
    yield invalid("body_cut_without_notify", "cut_short", OK + PLAIN + b"\r\n" + GOOD, True, 200, notify=False)
    yield invalid("body_reset", "cut_short", then(page()[:-9], "reset"), True, 200)
    yield invalid("headers_reset", "cut_short", then(OK, "reset"), True)


def policies():
    for name, why, body, line in (
            ("gzip", "not_text", gzip.compress(GOOD), 1), ("bom", "syntax", b"\xef\xbb\xbf" + GOOD, 1),
            ("cr_only", "not_text", GOOD.replace(b"\r\n", b"\r"), 1), ("nul", "not_text", GOOD + b"x: \0\n", 6),
            ("html", "syntax", b"<!DOCTYPE html>\n<title>Parked</title>\n", 1), ("empty", "no_version", b"", 0),
            ("escapes", "not_text", GOOD + b"x: \x1b[31m\xff\xe2\x80\xae\n", 6),
            ("no_mx", "no_mx", b"version: STSv1\nmode: enforce\nmax_age: 1\n", 0),
            ("address_mx", "bad_mx", GOOD + b"mx: 192.0.2.1\n", 6), ("mode", "bad_mode", b"mode: maybe\n", 1),
            ("mx_in_thousands", "too_large", GOOD + b"mx: a.b\n" * 5000, 1004)):
        headers = PLAIN + (b"Content-Encoding: gzip\r\n" if name == "gzip" else b"")
        yield invalid(f"policy_{name}", why, page(body, headers=headers), http=200,
                      detail=f"line {line}: " if line else "")


def tls():
    alert = b"\x15\x03\x03\x00\x02\x02"
    yield invalid("tls11_only", "tls", certificate="tls11")
    yield invalid("plain_http_on_the_port", "tls", raw=say_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    yield invalid("smtp_on_the_port", "tls", raw=say_raw(b"220 mx.hostile.test ESMTP\r\n"))
    yield invalid("alert_handshake_failure", "tls", raw=say_raw(alert + b"\x28"))
    yield invalid("alert_unrecognized_name", "tls", raw=say_raw(alert + b"\x70"))
    yield invalid("client_certificate_wanted", "tls", certificate="wants_clients")
    yield invalid("client_certificate_wanted_tls12", "tls", certificate="wants_clients_tls12")


def silence():
    yield given_up(unknown("silent_after_connect", "timeout", raw=hold_raw), CONNECT_TIME)
    yield given_up(unknown("silent_in_handshake", "timeout", shape=cut_flight), CONNECT_TIME)
    yield given_up(unknown("silent_before_request", "timeout", inside=hold_inside))
    yield given_up(unknown("silent_after_request", "timeout", inside=hold_after_request))
    yield unknown("reset_at_once", "closed", raw=reset_raw)
    yield unknown("reset_after_hello", "closed", raw=reset_after_hello)
    yield unknown("close_after_hello", "closed", raw=close_after_hello)
    yield unknown("reset_in_handshake", "closed", shape=reset_in_flight)
    yield unknown("reset_before_request", "closed", inside=reset_inside)
    yield unknown("reset_after_request", "closed", then(b"", "reset"))
    yield unknown("close_after_request", "closed", b"")
    yield unknown("close_after_request_without_notify", "closed", b"", notify=False)


def addresses():
    script = Script(page())
    yield Row("port_refused", script, "invalid", "connect_refused", True, 0, 0, port=1)
    yield Row("reserved_address", Script(page()), "unknown", "refused_by_policy", False, 0, 0, "loopback", kind=GLOBAL)


def ends():
    for name, script in (("connect", Script(raw=hold_raw)), ("handshake", Script(shape=cut_flight)),
                         ("body", Script(drip_for_ever(OK + PLAIN + b"\r\n", b"x")))):
        yield Row(f"abort_in_{name}", script, "unknown", "timeout", True, abort_ms=int(ABORT_TIME * 1000),
                  not_before=ABORT_TIME, seconds=CONNECT_TIME, detail="broken off")
    yield Row("abort_at_once", Script(page()), "unknown", "timeout", True, connections=None, abort_ms=1,
              seconds=CONNECT_TIME)
    yield Row("deadline_of_its_own", Script(raw=hold_raw), "unknown", "timeout", True, deadline_ms=int(OWN_TIME * 1000),
              not_before=OWN_TIME, seconds=CONNECT_TIME)


def rows():
    for group in (sound, certificates, http, policies, tls, silence, addresses, ends):
        yield from group()
