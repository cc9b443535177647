"""
The number base of every numeric field, written once.

Some are hexadecimal and some decimal, and C{firstseq} is both: decimal in the request for a message,
hexadecimal in its refusal.

@see: wire-protocol.md section 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted_ha.wire.message import Message, Value

__all__ = ["MAX_NUMBER", "baseOf", "formatNumber", "parseNumber", "readNumber"]

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
_LONGEST = 24
"""Characters; what is longer does not fit in 64 bits in any base."""


def baseOf(messageType: str, name: str) -> int:
    """
    10 or 16.

    @raise KeyError: C{name} is not a number on the wire.
    """
    if name == "firstseq" and messageType == "NS_nak_rexmit":
        return 16
    return _BASES[name]


def readNumber(message: Message, name: str) -> int | None:
    """
    The number in a field.

    @return: L{None} if it is missing, is not a number in its base, or does not fit in 64 bits.
    @raise KeyError: C{name} is not a number on the wire; nothing a message can cause.
    """
    return parseNumber(
        message.get(name), _BASES[name] if name != "firstseq" else baseOf(message.type, name)
    )


def parseNumber(text: Value | None, base: int) -> int | None:
    """The same of what stands in a field, where the base is known."""
    # Python reads signs, blanks, underscores and the digits of every script as well; heartbeat does not.
    if not isinstance(text, str) or len(text) > _LONGEST or not (text.isalnum() and text.isascii()):
        return None
    try:
        number = int(text, base)
    except ValueError:
        return None
    return number if number <= MAX_NUMBER else None


def formatNumber(messageType: str, name: str, value: int) -> str:
    """
    The number as it stands in a field: lower case, no prefix, no leading zeros.

    @raise KeyError: C{name} is not a number on the wire.
    @raise ValueError: C{value} is negative or does not fit in 64 bits.
    """
    if not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"{name}: {value} is not an unsigned 64-bit number")
    base = _BASES[name] if name != "firstseq" else baseOf(messageType, name)
    return f"{value:x}" if base == 16 else f"{value:d}"
