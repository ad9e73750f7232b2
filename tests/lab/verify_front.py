#!/usr/bin/python3
"""verify_front.py FRONT - does the front pass on what a TLS server does, and nothing else?

Runs FRONT (servers/go/front) before a server of its own, on addresses of its own, inside the lab. What a scanner
reads out of an end, a reset or silence is worth something only if the front does not change it.
"""
import socket
import struct
import subprocess
import sys
import threading

MAIL, SERVER = ("127.24.0.1", 25), ("127.24.0.1", 465)
LIMIT_S = 5
RESET = struct.pack("ii", 1, 0)   # SO_LINGER: close sends a reset


def reply(file):
    while (line := file.readline())[3:4] == b"-":
        pass
    return line


class Pair:
    """A client behind STARTTLS, and its other end at the server."""

    def __init__(self, listener, behind=b""):
        self.client = socket.create_connection(MAIL, LIMIT_S)
        file = self.client.makefile("rb", buffering=0)
        reply(file)
        self.client.sendall(b"EHLO verify.test\r\n")
        reply(file)
        self.client.sendall(b"STARTTLS\r\n" + behind)
        self.answer = reply(file)
        self.server, _ = listener.accept()
        self.server.settimeout(LIMIT_S)

    def close(self):
        self.client.close()
        self.server.close()


def ended_by_reset(sock):
    try:
        return sock.recv(1) and False
    except ConnectionResetError:
        return True


def bytes_pass_both_ways(pair):
    pair.client.sendall(b"\x16hello")
    there = pair.server.recv(100)
    pair.server.sendall(b"\x15alert")
    return there == b"\x16hello" and pair.client.recv(100) == b"\x15alert"


def an_end_is_an_end(pair):
    pair.server.sendall(b"last")
    pair.server.close()
    return pair.client.recv(100) == b"last" and pair.client.recv(1) == b""


def a_reset_of_the_server_is_a_reset(pair):
    pair.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    pair.server.close()
    return ended_by_reset(pair.client)


def a_reset_of_the_client_is_a_reset(pair):
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    pair.client.close()
    return ended_by_reset(pair.server)


def a_half_close_leaves_the_other_half_open(pair):
    pair.client.shutdown(socket.SHUT_WR)
    ended = pair.server.recv(1) == b""
    pair.server.sendall(b"answer")
    return ended and pair.client.recv(100) == b"answer"


def starttls_is_answered_with_220(pair):
    return pair.answer.startswith(b"220 ")


def what_follows_starttls_reaches_the_server(pair):
    return pair.server.recv(100) == b"\x16early"


CHECKS = (starttls_is_answered_with_220, bytes_pass_both_ways, an_end_is_an_end, a_reset_of_the_server_is_a_reset,
          a_reset_of_the_client_is_a_reset, a_half_close_leaves_the_other_half_open,
          what_follows_starttls_reaches_the_server)


def wait_for_greeting(front):
    """The front serves its address soon after the server listens."""
    for _ in range(LIMIT_S * 50):
        try:
            socket.create_connection(MAIL, LIMIT_S).close()
            return
        except ConnectionRefusedError:
            if front.poll() is not None:
                break
            threading.Event().wait(0.02)
    raise SystemExit("the front does not serve")


def main(program):
    failed = False
    with socket.create_server(SERVER) as listener:
        listener.settimeout(LIMIT_S)
        with subprocess.Popen([program, f"{MAIL[0]}={SERVER[0]}:{SERVER[1]}"]) as front:
            try:
                wait_for_greeting(front)
                for check in CHECKS:
                    pair = Pair(listener, b"\x16early" if check is what_follows_starttls_reaches_the_server else b"")
                    try:
                        good = check(pair)
                    except OSError as error:
                        good = print("     ", error)
                    pair.close()
                    print(f"{'ok' if good else 'WRONG':<6}front: {check.__name__.replace('_', ' ')}")
                    failed |= not good
            finally:
                front.terminate()
    sys.exit(failed)


main(sys.argv[1])
