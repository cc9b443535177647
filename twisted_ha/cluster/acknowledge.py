"""
Which of a peer's messages are acknowledged: every tenth, at a phase of its own.

Heartbeat 3.0.6 drops acknowledged messages from its ring, and pauses its clients when too many are not.
One of our kind does neither: it only shows the number, so every hundredth is enough for it.

@see: wire-protocol.md section 5.6.
"""

from __future__ import annotations

from random import Random

from twisted_ha.cluster.sequence import SequenceTracker

__all__ = ["STRIDE", "STRIDE_OURS", "Acknowledgement"]

STRIDE = 10
"""One message in so many is acknowledged."""

STRIDE_OURS = 100
"""The same to a node of our kind.  An acknowledgement costs both nodes as much as a status."""


class Acknowledgement:
    """What has been acknowledged to one peer."""

    __slots__ = ("_done", "_phase")

    def __init__(self) -> None:
        self._phase: int | None = None
        self._done = 0

    def due(self, tracker: SequenceTracker, random: Random, stride: int = STRIDE) -> int | None:
        """
        The number to acknowledge now: the highest of the phase up to which nothing is missing.

        @param stride: one message in so many; it may change as more is known of the peer.
        @return: L{None} if there is none that was not acknowledged before.
        """
        if self._phase is None:
            self._phase = random.randrange(STRIDE_OURS)
        whole = tracker.whole
        number = whole - (whole - self._phase) % stride
        if number <= self._done or number < tracker.first:
            return None
        self._done = number
        return number

    def reset(self) -> None:
        """The peer counts from 1 again.  Its phase stays."""
        self._done = 0
