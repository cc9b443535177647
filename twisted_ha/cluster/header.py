"""
The fields that every message has, read once.

@see: wire-protocol.md section 3.2.
"""

from __future__ import annotations

from typing import NamedTuple

from twisted_ha.errors import HeartbeatError
from twisted_ha.terms import NodeName
from twisted_ha.wire.fields import baseOf, parseNumber
from twisted_ha.wire.message import Message, Value

__all__ = ["UNSEQUENCED", "Header", "HeaderError"]

UNSEQUENCED = "NS_"
"""Types that begin so carry no sequence number and are never sent again."""

UUID_LENGTH = 16
_BASE = baseOf("", "seq")
"""Of all numbers in a header: C{ts}, C{hg} and C{seq}."""
_NIL = bytes(UUID_LENGTH)


class HeaderError(HeartbeatError):
    """
    A message that is authentic and lacks what every message has.

    @ivar reason: what is missing, without anything of the message.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Header(NamedTuple):
    """
    Where a message came from, where it belongs in its sender's order, and whom it is for.

    @ivar type: C{t}.
    @ivar src: the sender's name exactly as written; it need not be a node of ours.
    @ivar srcuuid: 16 bytes; L{None} if there are none worth the name (heartbeat 1.2 sends none).
    @ivar generation: the sender's daemon start counter; 0 if it does not say.
    @ivar sequence: L{None} for the types without one.
    @ivar dest: L{None} if the message is for everybody; then there is no C{destuuid} either.
    @ivar ts: the sender's wall clock in Unix seconds; it is never compared with ours.
    """

    type: str
    src: NodeName
    srcuuid: bytes | None = None
    generation: int = 0
    sequence: int | None = None
    dest: NodeName | None = None
    destuuid: bytes | None = None
    ts: int = 0

    @classmethod
    def of(cls, message: Message) -> Header:
        """
        Read the header of C{message}.

        @raise HeaderError: C{t}, C{src}, C{ts} or (where there must be one) C{seq} is missing or wrong.
        """
        kind, get = message.type, message.values.get
        if not kind:
            raise HeaderError("no type (t)")
        source = get("src")
        if not isinstance(source, str) or not source:
            raise HeaderError("no sender (src)")
        written = parseNumber(get("ts"), _BASE)
        if not written:
            raise HeaderError("no time of sending (ts)")
        sequence = None
        if not kind.startswith(UNSEQUENCED):
            sequence = parseNumber(get("seq"), _BASE)
            if not sequence:
                raise HeaderError("no sequence number (seq)")
        target = get("dest")
        return cls(
            kind,
            NodeName(source),
            _uuid(get("srcuuid")),
            parseNumber(get("hg"), _BASE) or 0,
            sequence,
            NodeName(target) if isinstance(target, str) else None,
            _uuid(get("destuuid")) if isinstance(target, str) else None,
            written,
        )


def _uuid(value: Value | None) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) == UUID_LENGTH and value != _NIL else None
