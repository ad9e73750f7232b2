"""wire.py - how many TCP connections were opened to port 25 of each address, as the lab's loopback saw them.

A packet socket that the kernel lets only opening SYNs into (a classic BPF program). Whoever asks for a count empties it:
a connection is in it before connect() returns, so no thread has to listen.
"""
import collections
import ctypes
import ipaddress
import socket
import struct
import threading

ETH_P_ALL, PACKET_OUTGOING = 3, 4
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33
BUFFER_OCTETS = 64 << 20
PACKET_MAX = 128
SMTP_PORT = 25

LOAD, LOAD_BEHIND, SKIP_HEADER, MASK, EQUAL, TAKE = 0x30, 0x50, 0xB1, 0x54, 0x15, 0x06
OPENING = (  # operation, skip if equal, skip if not, operand; over the IP header
    (LOAD, 0, 0, 0), (MASK, 0, 0, 0xF0),
    (EQUAL, 0, 6, 0x40), (LOAD, 0, 0, 9), (EQUAL, 0, 11, socket.IPPROTO_TCP),
    (SKIP_HEADER, 0, 0, 0), (LOAD_BEHIND, 0, 0, 13), (MASK, 0, 0, 0x12), (EQUAL, 6, 7, 0x02),
    (EQUAL, 0, 6, 0x60), (LOAD, 0, 0, 6), (EQUAL, 0, 4, socket.IPPROTO_TCP),
    (LOAD, 0, 0, 40 + 13), (MASK, 0, 0, 0x12), (EQUAL, 0, 1, 0x02),
    (TAKE, 0, 0, PACKET_MAX), (TAKE, 0, 0, 0))


class Wire:
    def __init__(self, interface="lo"):
        self.lock, self.seen, self.counts = threading.Lock(), set(), collections.Counter()
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_OCTETS)
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in OPENING))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                               struct.pack("HP", len(OPENING), ctypes.addressof(code)))
        self.socket.bind((interface, ETH_P_ALL))

    def count(self, address):
        """Connections opened to port 25 of this address so far."""
        with self.lock:
            try:
                while True:
                    packet, origin = self.socket.recvfrom(PACKET_MAX, socket.MSG_DONTWAIT)
                    if origin[2] == PACKET_OUTGOING:
                        self.note(packet)
            except BlockingIOError:
                return self.counts[ipaddress.ip_address(address)]

    def note(self, packet):
        """A SYN that is sent again is the same connection."""
        version4 = packet[0] >> 4 == 4
        header = 4 * (packet[0] & 15) if version4 else 40
        target = ipaddress.ip_address(packet[16:20] if version4 else packet[24:40])
        _, port, sequence = struct.unpack(">HHI", packet[header:header + 8])
        opening = (target, packet[header:header + 2], sequence)
        if port == SMTP_PORT and opening not in self.seen:
            self.seen.add(opening)
            self.counts[target] += 1

    def lost(self):
        """Packets that the kernel had to drop: no count is right unless this is 0."""
        return struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
