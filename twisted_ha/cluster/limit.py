"""
Doing things at a limited rate: telling the same thing, with how often it was not told, and what others
ask for.
"""

from __future__ import annotations

from collections.abc import Hashable

from twisted.internet.interfaces import IReactorTime

__all__ = ["Allowance", "RateLimit"]


class RateLimit:
    """
    One of each key in so many seconds.

    The keys come from the configuration or from our own code, never from a packet, so there are few.
    """

    def __init__(self, clock: IReactorTime, interval: float) -> None:
        """
        @param interval: seconds between two of the same key.
        """
        self._clock = clock
        self._interval = interval
        self._told: dict[Hashable, float] = {}
        self._untold: dict[Hashable, int] = {}

    def allow(self, key: Hashable) -> int | None:
        """
        Whether it may be told now.

        @return: how many of C{key} were not told since the last one; L{None} if this one is not either.
        """
        now = self._clock.seconds()
        last = self._told.get(key)
        if last is not None and now - last < self._interval:
            self._untold[key] = self._untold.get(key, 0) + 1
            return None
        self._told[key] = now
        return self._untold.pop(key, 0)


class Allowance:
    """
    So many of each key in a second.

    The keys come from the configuration or from our own code, never from a packet, so there are few.
    """

    def __init__(self, clock: IReactorTime, rate: int) -> None:
        """
        @param rate: how many a second.
        """
        self._clock = clock
        self._rate = rate
        self._taken: dict[Hashable, tuple[float, int]] = {}

    def take(self, key: Hashable) -> bool:
        """Whether one more of C{key} is allowed now; if so, it counts."""
        now = self._clock.seconds()
        since, count = self._taken.get(key, (now, 0))
        if now - since >= 1.0:
            since, count = now, 0
        if count >= self._rate:
            return False
        self._taken[key] = since, count + 1
        return True
