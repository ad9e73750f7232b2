#!/usr/bin/python3
"""trap.py - prints a line for every attempt to connect to a forbidden address: "connect ADDRESS PORT".

It watches the loopback for SYNs, so that it sees those that are refused, too, and whoever else listens there. ::1 is
ngx-v6's address as well: count before and after.
"""
import ipaddress
import os
import socket
import struct
import subprocess
import sys

TABLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tables.py")
ALL_PROTOCOLS, OUTGOING, TCP, SYN, ACK = 3, 4, 6, 0x02, 0x10
IPV4_HEADER, IPV6_HEADER = 20, 40


def watched():
    lines = subprocess.run([sys.executable, TABLES, "traps"], check=True, capture_output=True, text=True).stdout
    return {tuple(line.split("\t")) for line in lines.splitlines()}


def target(packet):
    """(address, port) that a SYN goes to, or nothing."""
    version = packet[0] >> 4
    if version == 4 and packet[9] == TCP:
        address, segment = packet[16:20], packet[4 * (packet[0] & 15):]
    elif version == 6 and packet[6] == TCP:
        address, segment = packet[24:40], packet[IPV6_HEADER:]
    else:
        return None
    if len(segment) < IPV4_HEADER or segment[13] & (SYN | ACK) != SYN:
        return None
    return str(ipaddress.ip_address(address)), str(struct.unpack(">H", segment[2:4])[0])


def main():
    wanted = watched()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS)) as wire:
        wire.bind(("lo", ALL_PROTOCOLS))
        print("watching", flush=True)
        while True:
            packet, (_, _, kind, *_) = wire.recvfrom(65536)
            if kind == OUTGOING and packet and (found := target(packet)) in wanted:
                print("connect", *found, flush=True)


main()
