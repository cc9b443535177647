"""
What the kernel drops before it takes room in a socket's queue: a program for its packet filter.

@see: bpf(2) and the kernel's C{Documentation/networking/filter.rst}.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Collection

__all__ = ["attach", "program"]

# <linux/filter.h>, <linux/if_packet.h>, <asm/socket.h>
_SO_ATTACH_FILTER = 26
_PACKET_LOOPBACK = 5
_LOAD = 0x20
_AND = 0x54
_EQUAL = 0x15
_RETURN = 0x06
_PACKET_TYPE = 0xFFFFF004
_RANDOM = 0xFFFFF038
_NETWORK_HEADER = 0xFFF00000
_SOURCE = 12
_SOURCE_6_LAST = 20
_KEEP = 0xFFFFFFFF
_SHARE = 16

Instruction = tuple[int, int, int, int]
"""Code, how many instructions to skip if true and if false, operand."""


def program(ipv6: bool, friends: Collection[str] = ()) -> list[Instruction]:
    """
    Drop the copies of a broadcast that the machine which sent it hears itself.

    @param friends: if there are any: also drop what comes from other addresses, but for every sixteenth
        datagram.  Of an IPv6 address the last four bytes are compared.
    """
    made: list[Instruction] = [
        (_LOAD, 0, 0, _PACKET_TYPE),
        (_EQUAL, 0, 1, _PACKET_LOOPBACK),
        (_RETURN, 0, 0, 0),
    ]
    if friends:
        made.append((_LOAD, 0, 0, _NETWORK_HEADER + (_SOURCE_6_LAST if ipv6 else _SOURCE)))
        for address in friends:
            made += [(_EQUAL, 0, 1, _lastWord(address, ipv6)), (_RETURN, 0, 0, _KEEP)]
        made += [
            (_LOAD, 0, 0, _RANDOM),
            (_AND, 0, 0, _SHARE - 1),
            (_EQUAL, 1, 0, 0),
            (_RETURN, 0, 0, 0),
        ]
    made.append((_RETURN, 0, 0, _KEEP))
    return made


def attach(made: socket.socket, instructions: Collection[Instruction]) -> None:
    """
    Let the kernel run that from now on, in place of what it ran before.

    @raise OSError: it is refused.
    """
    code = b"".join(struct.pack("=HBBI", *each) for each in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    made.setsockopt(
        socket.SOL_SOCKET,
        _SO_ATTACH_FILTER,
        struct.pack("HP", len(instructions), ctypes.addressof(buffer)),
    )


def _lastWord(address: str, ipv6: bool) -> int:
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    return int.from_bytes(socket.inet_pton(family, address.partition("%")[0])[-4:], "big")
