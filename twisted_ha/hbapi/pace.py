"""How much of the cluster's attention one client may have."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

__all__ = ["Pace"]


class Pace:
    """So many at once, and then so many in a second."""

    def __init__(self, clock: IReactorTime, burst: int, perSecond: float) -> None:
        self._clock = clock
        self._burst = float(burst)
        self._perSecond = perSecond
        self._left = self._burst
        self._when = clock.seconds()

    def wait(self) -> float:
        """
        Ask for one.

        @return: 0 if it may be now, and it is counted; else the seconds after which to ask again.
        """
        now = self._clock.seconds()
        self._left = min(self._burst, self._left + (now - self._when) * self._perSecond)
        self._when = now
        if self._left < 1.0 - 1e-6:
            return (1.0 - self._left) / self._perSecond
        self._left -= 1.0
        return 0.0
