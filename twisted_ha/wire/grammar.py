"""
What both encodings have in common: limits, field names, lists.

The limits are ours where heartbeat has none: its own messages have about a dozen fields, and a stranger
can send anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from twisted_ha.errors import WireError

__all__ = [
    "AUTH",
    "KNOWN",
    "MAX_DEPTH",
    "MAX_EXPANDED",
    "MAX_FIELDS",
    "MAX_FRAME",
    "Budget",
    "checkName",
    "formatList",
    "fromText",
    "isName",
    "parseList",
    "toText",
]

MAX_FRAME = 262143
"""Bytes of one frame, as in heartbeat 3.0.6 (wire-protocol.md section 1)."""

MAX_EXPANDED = 2 * 1024 * 1024
"""Bytes of a message after decompression, as in heartbeat 3.0.6 (wire-protocol.md section 1.4)."""

MAX_FIELDS = 1024
"""Lines, fields and list items of one message, those of the messages inside it included."""

MAX_DEPTH = 16
"""Messages within messages: the classic encoding has no more newline bytes (section 1.1)."""

AUTH = "auth"
"""The field the classic encoding keeps the authentication in."""

_NAMES = (
    "t subt src srcuuid dest destuuid seq hg ts ld ttl st dt protocol ackseq firstseq lastseq info"
    " rsc_hold rtype isstable ipaddr weown ok node nodelist delnodelist weight site result cn cs"
    " from_id to_id client_gen oseq num_ping twisted_ha"
)
KNOWN = frozenset(_NAMES.split())
"""
Names seen all day, which need no closer look (wire-protocol.md section 3.3).  C{auth} is not among them:
it always gets one.
"""

_NAME = re.compile(r"[^\x00-\x1f\x7f=(][^\x00-\x1f\x7f=]{0,254}")
_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,6}):")


class Budget:
    """How many fields may still come, so that a small frame cannot ask for a great deal of work."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_FIELDS

    def spend(self, count: int, offset: int) -> None:
        """
        Take C{count} of them.

        @param offset: where they stand in the frame, for the error.
        @raise WireError: there are not so many left.
        """
        self._left -= count
        if self._left < 0:
            raise WireError(offset, f"a message of more than {MAX_FIELDS} fields")


def isName(name: str) -> bool:
    """
    Whether C{name} can name a field in both encodings: not empty, no control characters, no C{=},
    no C{(} in front (it would read as a type), at most 255 characters.
    """
    return name in KNOWN or _NAME.fullmatch(name) is not None


def checkName(name: str) -> None:
    """
    Refuse to send a field under a name no receiver could read.

    @raise WireError: it is not L{isName}.
    """
    if not isName(name):
        raise WireError(0, "a field has a name that cannot be sent")


def toText(data: bytes) -> str:
    """Bytes of the wire as text; bytes that are not UTF-8 survive as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def fromText(text: str) -> bytes:
    """
    The opposite of L{toText}.

    @raise WireError: the text holds surrogates that no bytes stand for.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise WireError(0, "a value holds characters that have no bytes in UTF-8") from None


def parseList(data: bytes, offset: int, budget: Budget) -> tuple[str, ...]:
    """
    Read C{<len>:<item>,} repeated.

    @param offset: where C{data} stands in its frame, for the error.
    @raise WireError: it is anything else, or too long.
    """
    items: list[str] = []
    position = 0
    while position < len(data):
        length = _LENGTH.match(data, position)
        if length is None:
            raise WireError(offset + position, "a list item does not begin with its length")
        start = length.end()
        end = start + int(length[1])
        if data[end : end + 1] != b",":
            raise WireError(offset + position, "a list item does not end with a comma")
        budget.spend(1, offset + position)
        items.append(toText(data[start:end]))
        position = end + 1
    return tuple(items)


def formatList(items: Iterable[str]) -> bytes:
    """
    Write a list.

    @raise WireError: an item holds a NUL, which ends a string for every receiver.
    """
    made: list[bytes] = []
    for item in items:
        data = fromText(item)
        if b"\0" in data:
            raise WireError(0, "a list item holds a NUL")
        made.append(b"%d:%s," % (len(data), data))
    if len(made) > MAX_FIELDS:
        raise WireError(0, f"a list of more than {MAX_FIELDS} items")
    return b"".join(made)
