"""What is sent when on one road."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from twisted_ha.linktest.probe import Size
from twisted_ha.linktest.roads import Road

__all__ = ["Due", "Schedule", "scheduleOf"]

Due = Size | Literal["report"]

_PACKETS: Sequence[Due] = (
    Size.SMALL,
    Size.FULL,
    Size.SMALL,
    Size.LARGE,
    "report",
)
_SERIAL: Sequence[Due] = (Size.SMALL, Size.FULL, "report", Size.SMALL, Size.SMALL, "report")
_PING: Sequence[Due] = (Size.SMALL,)
_BITS = 10
_SHARE = 0.6
"""How much of a serial line is used, so that what waits does not look like loss or delay."""


class Schedule:
    """
    A cycle of messages.

    @ivar busy: seconds between two messages while there is somebody to test with; C{idle}: otherwise.
    """

    def __init__(self, cycle: Sequence[Due], busy: float, idle: float, baud: int = 0) -> None:
        """@param baud: of a serial line; a message is not followed by the next before it has left."""
        self._cycle = cycle
        self.busy = busy
        self.idle = idle
        self._baud = baud
        self._place = 0
        self._last: float | None = None
        self._pause = 0.0

    def due(self, now: float, active: bool) -> Due | None:
        """What to send now, if anything."""
        if self._last is not None:
            pause = max(self._pause, self.busy if active else self.idle)
            if now < self._last + pause - 0.001:
                return None
        return self._cycle[self._place]

    def sent(self, now: float, length: int, active: bool) -> None:
        """It was sent, and is C{length} bytes long."""
        self._place = (self._place + 1) % len(self._cycle)
        self._pause = length * _BITS / (self._baud * _SHARE) if self._baud else 0.0
        self._last = now


def scheduleOf(road: Road, ping: bool) -> Schedule:
    """The schedule of a road."""
    if ping:
        return Schedule(_PING, 1.0, 5.0)
    if road.baud:
        return Schedule(_SERIAL, 0.1, 1.0, road.baud)
    return Schedule(_PACKETS, 0.1, 0.5)
