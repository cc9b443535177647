"""
Which of a peer's messages are acknowledged: every tenth, at a phase of its own.

Heartbeat 3.0.6 drops acknowledged messages from its ring, and pauses its clients when too many are not.

@see: wire-protocol.md section 5.6.
"""

from __future__ import annotations

from random import Random

from twisted_ha.cluster.sequence import SequenceTracker

__all__ = ["STRIDE", "Acknowledgement"]

STRIDE = 10
"""One message in so many is acknowledged."""


class Acknowledgement:
    """What has been acknowledged to one peer."""

    __slots__ = ("_done", "_phase")

    def __init__(self) -> None:
        self._phase: int | None = None
        self._done = 0

    def due(self, tracker: SequenceTracker, random: Random) -> int | None:
        """
        The number to acknowledge now: the highest of the phase up to which nothing is missing.

        @return: L{None} if there is none that was not acknowledged before.
        """
        if self._phase is None:
            self._phase = random.randrange(STRIDE)
        whole = tracker.whole
        number = whole - (whole - self._phase) % STRIDE
        if number <= self._done or number < tracker.first:
            return None
        self._done = number
        return number

    def reset(self) -> None:
        """The peer counts from 1 again.  Its phase stays."""
        self._done = 0
