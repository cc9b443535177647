"""
The messages this node has sent, in case somebody missed one.

@see: wire-protocol.md section 5.1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from twisted_ha.wire.signed import Encoding

__all__ = ["MAX_BYTES", "RING", "Form", "SendHistory", "Sent"]

RING = 500
"""How many messages are kept; the same as heartbeat 3.0.6."""

MAX_BYTES = 8 * 1024 * 1024
"""How many bytes their frames may take together: a client can send large ones."""


Form: TypeAlias = tuple[Encoding, bool]
"""How a message is written, and whether it is one datagram."""


@dataclass(slots=True)
class Sent:
    """
    One message as it left.  Its bytes say it all; as objects five hundred of them take 0.4 MB more.

    @ivar frames: its bytes in each form it was sent in.
    @ivar lastSent: the clock's seconds when it last left.
    @ivar resent: it left more than once.
    @ivar outdated: they are signed with a key that is no longer used.
    """

    sequence: int
    frames: dict[Form, bytes]
    lastSent: float = 0.0
    resent: bool = False
    outdated: bool = False


class SendHistory:
    """The last messages, in the order of their numbers, without a gap."""

    def __init__(self, ring: int = RING, maxBytes: int = MAX_BYTES) -> None:
        self._ring = ring
        self._maxBytes = maxBytes
        self._kept: deque[tuple[Sent, int]] = deque()
        self._bytes = 0
        self.highest = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Sent]:
        return (sent for sent, _ in self._kept)

    @property
    def lowest(self) -> int:
        """The lowest number still kept; one above the highest sent if none is."""
        return self._kept[0][0].sequence if self._kept else self.highest + 1

    def add(self, sent: Sent) -> None:
        """Keep C{sent}, whose number is the next; the oldest ones give way."""
        size = sum(map(len, sent.frames.values()))
        self._kept.append((sent, size))
        self._bytes += size
        self.highest = sent.sequence
        while len(self._kept) > self._ring or (self._bytes > self._maxBytes and len(self._kept) > 1):
            self._bytes -= self._kept.popleft()[1]

    def get(self, sequence: int) -> Sent | None:
        """The message of that number, if it is still here."""
        place = sequence - self.lowest
        return self._kept[place][0] if 0 <= place < len(self._kept) else None
