"""
The number base of every numeric field, written once.

Some are hexadecimal and some decimal, and C{firstseq} is both: decimal in the request for a message,
hexadecimal in its refusal.

@see: wire-protocol.md section 3.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted_ha.wire.message import Message

__all__ = ["MAX_NUMBER", "baseOf", "formatNumber", "readNumber"]

MAX_NUMBER = 2**64 - 1
"""Heartbeat counts in C{unsigned long}."""

_BASES = {
    "ackseq": 16,
    "dt": 16,
    "hg": 16,
    "oseq": 16,
    "seq": 16,
    "ts": 16,
    "client_gen": 10,
    "firstseq": 10,
    "lastseq": 10,
    "num_ping": 10,
    "protocol": 10,
    "ttl": 10,
    "weight": 10,
}
_EXCEPTIONS = {("NS_nak_rexmit", "firstseq"): 16}
_SHAPES = {16: re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,20}"), 10: re.compile(r"[0-9]{1,24}")}


def baseOf(messageType: str, name: str) -> int:
    """
    10 or 16.

    @raise KeyError: C{name} is not a number on the wire.
    """
    return _EXCEPTIONS.get((messageType, name)) or _BASES[name]


def readNumber(message: Message, name: str) -> int | None:
    """
    The number in a field.

    @return: L{None} if it is missing, is not a number in its base, or does not fit in 64 bits.
    @raise KeyError: C{name} is not a number on the wire; nothing a message can cause.
    """
    base = baseOf(message.type, name)
    text = message.get(name)
    if text is None or _SHAPES[base].fullmatch(text) is None:
        return None
    number = int(text, base)
    return number if number <= MAX_NUMBER else None


def formatNumber(messageType: str, name: str, value: int) -> str:
    """
    The number as it stands in a field: lower case, no prefix, no leading zeros.

    @raise KeyError: C{name} is not a number on the wire.
    @raise ValueError: C{value} is negative or does not fit in 64 bits.
    """
    if not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"{name}: {value} is not an unsigned 64-bit number")
    return f"{value:x}" if baseOf(messageType, name) == 16 else f"{value:d}"
