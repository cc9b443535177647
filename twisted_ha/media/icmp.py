"""ICMP echo as bytes (wire-protocol.md section 8.6; RFC 792, RFC 4443)."""

from __future__ import annotations

import struct

from twisted_ha.frozen import dataclass

__all__ = ["EchoReply", "checksum", "parseReply", "request"]

_REQUEST = 8
_REPLY = 0
_REQUEST_6 = 128
_REPLY_6 = 129
_HEADER = 8


@dataclass(frozen=True, slots=True)
class EchoReply:
    """
    What came back.

    @ivar identifier: in host byte order, as heartbeat writes it.
    """

    identifier: int
    sequence: int
    payload: bytes


def checksum(data: bytes) -> int:
    """The internet checksum, RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def request(
    identifier: int, sequence: int, payload: bytes, ipv6: bool = False, sign: bool = True
) -> bytes:
    """
    An echo request.

    @param identifier: written in host byte order, C{sequence} in network byte order.
    @param sign: write the checksum; without it the kernel does.
    """
    kind = _REQUEST_6 if ipv6 else _REQUEST
    rest = struct.pack("=H", identifier) + struct.pack("!H", sequence) + payload
    total = checksum(bytes((kind, 0, 0, 0)) + rest) if sign else 0
    return struct.pack("!BBH", kind, 0, total) + rest


def parseReply(packet: bytes, headed: bool, ipv6: bool = False) -> EchoReply | None:
    """
    The echo reply in a packet, or L{None} if it is something else.

    @param headed: the packet begins with an IPv4 header.
    """
    if headed:
        if len(packet) < 20 or packet[0] >> 4 != 4:
            return None
        packet = packet[(packet[0] & 0x0F) * 4 :]
    if len(packet) < _HEADER or packet[0] != (_REPLY_6 if ipv6 else _REPLY) or packet[1] != 0:
        return None
    (identifier,) = struct.unpack_from("=H", packet, 4)
    (sequence,) = struct.unpack_from("!H", packet, 6)
    return EchoReply(identifier, sequence, packet[_HEADER:])
