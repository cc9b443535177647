"""A timer that doubts itself."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["Alarm"]

LEAST_SLACK = 0.05
"""Seconds a timer may be late on any machine without meaning anything."""


class Alarm:
    """
    Calls once, some time from now.

    After a stall the reactor runs the timers that are due before it reads what arrived meanwhile.  So a
    timer that comes late waits once more, for two beats, so that what should have been heard before it
    is heard (B6).
    """

    def __init__(self, clock: IReactorTime, keepalive: float) -> None:
        """@param keepalive: seconds between two beats."""
        self._clock = clock
        self._call: IDelayedCall | None = None
        self.reconfigure(keepalive)

    def reconfigure(self, keepalive: float) -> None:
        """Another time between two beats."""
        self._slack = max(LEAST_SLACK, keepalive / 2)
        self._listen = 2 * keepalive

    @property
    def due(self) -> float | None:
        """When it will call, on the clock; L{None} if it will not."""
        return self._call.getTime() if self._call is not None else None

    @property
    def lately(self) -> float:
        """Two beats ago, on the clock: who is there and is heard was heard since then."""
        return self._clock.seconds() - self._listen

    def set(self, seconds: float, then: Callable[[], object]) -> None:
        """Call C{then} in so many seconds, instead of what it would have called."""
        self.cancel()
        due = self._clock.seconds() + seconds
        self._call = self._clock.callLater(seconds, self._ring, due, then)

    def cancel(self) -> None:
        """Call nothing."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _ring(self, due: float, then: Callable[[], object]) -> None:
        self._call = None
        if self._clock.seconds() - due > self._slack:
            self.set(self._listen, then)
        else:
            then()
