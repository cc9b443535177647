"""
Doubting oneself before declaring others dead.

A process that was stopped, starved or moved to another host has not listened, and its peers' silence
is its own deafness.  So every call that should have come at a known time reports when it came; one that
came late means that nobody is silent until they have been listened to afresh.

@see: resource-management.md section 3.11 (own stall) and 4.8, B6.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.config.model import Timers
from twisted_ha.events import BeatLate

__all__ = ["PATIENCE", "Punctuality"]

PATIENCE = 3
"""
How many dead times of actual listening end all doubt.  A node that is late at every single beat would
doubt itself for ever, and never take over from a peer that is really gone.
"""

_LEAST_SLACK = 0.05


class Punctuality:
    """
    How late this process was, and since when it has listened without a break.

    @ivar slack: seconds a call may come late without meaning anything.  Half a keepalive: a stall that
        short costs at most one message of a peer, and what waited in the sockets meanwhile is read in
        the turn that L{Deadline} waits before it believes in a death.
    @ivar listeningSince: the clock's seconds at which listening began, or began afresh.
    @ivar lost: seconds this process did not run although it should have, all in all.
    """

    def __init__(self, clock: IReactorTime, bus: EventBus, timers: Timers) -> None:
        self._clock = clock
        self._bus = bus
        self._observers: list[Callable[[float], None]] = []
        self.listeningSince = clock.seconds()
        self.lost = 0.0
        self.reconfigure(timers)

    def reconfigure(self, timers: Timers) -> None:
        """Use other times from now on."""
        self.slack = max(timers.keepalive / 2, _LEAST_SLACK)
        self._deadtime = timers.deadtime

    def onLate(self, observer: Callable[[float], None]) -> None:
        """Call C{observer} with the seconds whenever this process was late."""
        self._observers.append(observer)

    def start(self) -> None:
        """Listening begins now."""
        self.listeningSince = self._clock.seconds()

    def ran(self, planned: float, now: float) -> bool:
        """
        A call planned for C{planned} runs C{now} (both the clock's seconds).

        @return: whether it came too late to trust what was heard until now.
        """
        late = now - planned
        if late <= self.slack:
            return False
        if planned < self.listeningSince:
            return True  # the same stall, and somebody has already told of it
        self.listeningSince = now
        self.lost += late
        self._bus.publish(
            BeatLate(
                late=late,
                doubt=f"it listens for {self._deadtime:.2f} s before it declares any node dead",
            )
        )
        for observer in tuple(self._observers):
            observer(late)
        return True

    def silentUntil(self, lastHeard: float, lostThen: float, deadtime: float) -> float:
        """
        When a node last heard of at C{lastHeard} has been silent for C{deadtime} beyond doubt.

        @param lostThen: the value of L{lost} when it was heard.
        @return: the clock's seconds.
        """
        due = lastHeard + deadtime
        if self.listeningSince <= lastHeard:
            return due
        afresh = self.listeningSince + deadtime
        return min(afresh, max(due, lastHeard + (self.lost - lostThen) + PATIENCE * deadtime))
