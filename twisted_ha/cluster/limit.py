"""Telling the same thing at a limited rate, and saying how often it was not told."""

from __future__ import annotations

from collections.abc import Hashable

from twisted.internet.interfaces import IReactorTime

__all__ = ["RateLimit"]


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
