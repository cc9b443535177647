"""
A deadline that moves often and costs nothing when it does.

Every packet of a node moves its deadline.  So the pending call is left alone: when it comes, it looks
when the deadline is now, and goes back to sleep until then.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.cluster.punctuality import Punctuality

__all__ = ["TOLERANCE", "Deadline"]

TOLERANCE = 1e-6
"""Seconds that the arithmetic of clocks may be wrong by."""


class Deadline:
    """
    Calls C{passed} when the time C{due} names has passed, on time and beyond doubt.

    Twisted runs delayed calls before it reads sockets: what proves us wrong may already be waiting
    there.  So one more turn of the reactor goes by before C{passed} is called, and a call that came
    late itself is told to L{Punctuality} first, which moves every deadline.
    """

    def __init__(
        self,
        clock: IReactorTime,
        punctuality: Punctuality,
        due: Callable[[], float | None],
        passed: Callable[[], None],
    ) -> None:
        """
        @param due: the clock's seconds at which it passes as things are now; L{None} for never.
        """
        self._clock = clock
        self._punctuality = punctuality
        self._due = due
        self._passed = passed
        self._call: IDelayedCall | None = None
        self._when = 0.0
        self._confirming = False

    @property
    def armed(self) -> bool:
        """Whether a call is pending."""
        return self._call is not None

    def arm(self) -> None:
        """See to it that a call is pending which is not too late.  Cheap if there is one."""
        due = self._due()
        if due is None:
            return
        if self._call is not None:
            if self._confirming or self._when <= due:
                return
            self._call.cancel()
        self._schedule(due)

    def stop(self) -> None:
        """Never call again, unless armed again."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._confirming = False

    def _schedule(self, when: float) -> None:
        now = self._clock.seconds()
        self._when = max(when, now)
        self._call = self._clock.callLater(self._when - now, self._look)

    def _look(self) -> None:
        self._call = None
        confirmed, self._confirming = self._confirming, False
        now = self._clock.seconds()
        self._punctuality.ran(self._when, now)
        due = self._due()
        if due is None:
            return
        if due > now + TOLERANCE:
            self._schedule(due)
        elif confirmed:
            self._passed()
        else:
            self._confirming = True
            self._schedule(now)
