"""
Frames that ask and tell the neighbours about an address: ARP, and neighbour discovery for IPv6.

Pure functions of values; sending is the kernel modules' part.

@see: RFC 826, RFC 5227 section 1.1 (probe), RFC 4861 sections 4.3, 4.4 and 7.2.6; for the forms
    heartbeat sends: resource-management.md section 8.1, I{send_arp}.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

__all__ = [
    "ETHERTYPE_ARP",
    "ETHERTYPE_IPV6",
    "advertiser",
    "announcements",
    "claimant",
    "hardwareText",
    "probe",
]

ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD

_BROADCAST = b"\xff" * 6
_NOBODY = b"\0" * 6
_REQUEST = 1
_REPLY = 2

_SOLICITATION = 135
_ADVERTISEMENT = 136
_SOURCE_HARDWARE = 1
_TARGET_HARDWARE = 2
_OVERRIDE = 0x20000000


def hardwareText(hardware: bytes) -> str:
    """A hardware address as people write it."""
    return ":".join(f"{byte:02x}" for byte in hardware)


def probe(hardware: bytes, address: IPv4Address | IPv6Address) -> bytes:
    """
    The question who has C{address}, asked by nobody: it enters no neighbour's table.

    @param hardware: the interface's own hardware address.
    """
    if isinstance(address, IPv4Address):
        return _arp(_REQUEST, hardware, b"\0" * 4, _NOBODY, address.packed)
    group = IPv6Address(b"\xff\x02" + b"\0" * 9 + b"\x01\xff" + address.packed[13:])
    body = struct.pack("!BBHI", _SOLICITATION, 0, 0, 0) + address.packed
    return _ipv6(hardware, IPv6Address(0), group, body)


def announcements(hardware: bytes, address: IPv4Address | IPv6Address) -> tuple[bytes, ...]:
    """
    What makes every neighbour send to C{hardware} from now on.

    For IPv4 both forms, request and reply: some stacks learn from the one only, some from the other.
    """
    if isinstance(address, IPv4Address):
        packed = address.packed
        return (
            _arp(_REQUEST, hardware, packed, _NOBODY, packed),
            _arp(_REPLY, hardware, packed, hardware, packed),
        )
    body = struct.pack("!BBHI", _ADVERTISEMENT, 0, 0, _OVERRIDE) + address.packed
    body += struct.pack("!BB", _TARGET_HARDWARE, 1) + hardware
    return (_ipv6(hardware, address, IPv6Address("ff02::1"), body),)


def claimant(frame: bytes, address: IPv4Address, ours: bytes) -> bytes | None:
    """
    Who says in an ARP C{frame} that C{address} is theirs.

    A probe by somebody else does not count: it asks and claims nothing.

    @param ours: our own hardware address, whose frames do not count either.
    @return: the hardware address, or L{None}.
    """
    if len(frame) < 42 or frame[12:20] != b"\x08\x06\x00\x01\x08\x00\x06\x04":
        return None
    sender, senderAddress = frame[22:28], frame[28:32]
    if senderAddress != address.packed or sender in (ours, _NOBODY):
        return None
    return sender


def advertiser(message: bytes, address: IPv6Address, ours: bytes) -> bytes | None:
    """
    Who says in an ICMPv6 C{message} (without IPv6 header) that C{address} is theirs.

    @return: the hardware address; C{b""} if it was left out; L{None} if nobody says so.
    """
    if len(message) < 24 or message[0] != _ADVERTISEMENT or message[8:24] != address.packed:
        return None
    at = 24
    while at + 8 <= len(message) and message[at + 1]:
        if message[at] == _TARGET_HARDWARE:
            sender = message[at + 2 : at + 8]
            return None if sender == ours else sender
        at += message[at + 1] * 8
    return b""


def _arp(operation: int, hardware: bytes, sender: bytes, target: bytes, targetAddress: bytes) -> bytes:
    header = _BROADCAST + hardware + struct.pack("!H", ETHERTYPE_ARP)
    return header + (
        struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + hardware + sender + target + targetAddress
    )


def _ipv6(hardware: bytes, source: IPv6Address, target: IPv6Address, body: bytes) -> bytes:
    """An ICMPv6 message to a multicast group, with its checksum (its third and fourth byte are 0)."""
    pseudo = source.packed + target.packed + struct.pack("!II", len(body), 58)
    body = body[:2] + struct.pack("!H", _checksum(pseudo + body)) + body[4:]
    header = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source.packed + target.packed
    destination = b"\x33\x33" + target.packed[12:]
    return destination + hardware + struct.pack("!H", ETHERTYPE_IPV6) + header + body


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
