"""The flight recorder: the last few thousand events, and a copy on disk of those around a takeover."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from twisted_ha.events import (
    Event,
    GroupFailed,
    GroupReleaseFailed,
    GuardianReleased,
    HoldingsConflict,
    NodeReturned,
    TakeoverCompleted,
    TakeoverStarted,
)
from twisted_ha.observe.incident import IncidentDirectory
from twisted_ha.observe.lines import Entry
from twisted_ha.observe.outlet import Outlet, WriterThread

__all__ = ["Recorder"]

_BEGINNINGS = (
    TakeoverStarted,
    NodeReturned,
    HoldingsConflict,
    GroupFailed,
    GroupReleaseFailed,
    GuardianReleased,
)

_AFTERWARDS = 5.0
"""Seconds that are waited after the last thing of interest, so that the file has the end too."""

_LONGEST = 60.0
"""Seconds after which a takeover that does not end is written down as it stands."""

_BETWEEN = 60.0
"""Seconds between two files at least, so that a flapping node cannot fill the disk."""


class Recorder:
    """
    Keeps events with their times.

    It is an observer for L{EventBus.subscribe<twisted_ha.bus.EventBus.subscribe>}.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clock: IReactorTime,
        wallClock: Callable[[], float],
        incidents: IncidentDirectory | None = None,
        outlet: Outlet | None = None,
        size: int = 4000,
    ) -> None:
        """
        @param wallClock: seconds since the epoch.
        @param incidents: where incident files go; without it there are none.
        @param outlet: where they are written; a thread of its own if not given.
        @param size: how many events are kept.
        """
        self._clock = clock
        self._wallClock = wallClock
        self._incidents = incidents
        self._outlet: Outlet = outlet or WriterThread()
        self._kept: deque[tuple[float, Event]] = deque(maxlen=size)
        self._due: IDelayedCall | None = None
        self._began = 0.0
        self._next: float | None = None

    def __call__(self, event: Event, when: float) -> None:
        """Keep one event."""
        self._kept.append((self._wallClock(), event))
        if self._incidents is None:
            return
        if isinstance(event, _BEGINNINGS):
            if self._due is None:
                self._began = when
            self._writeAt(when + _LONGEST if isinstance(event, TakeoverStarted) else when + _AFTERWARDS)
        elif isinstance(event, TakeoverCompleted) and self._due is not None:
            self._writeAt(when + _AFTERWARDS)

    def recent(self, count: int) -> Sequence[tuple[float, Event]]:
        """
        The last events, oldest first.

        @return: pairs of seconds since the epoch and the event.
        """
        return tuple(self._kept)[-count:] if count > 0 else ()

    def close(self, seconds: float = 2.0) -> None:
        """Write down an incident that is under way, waiting no longer than C{seconds} for the disk."""
        if self._due is not None:
            self._cancel()
            self._write()
            if isinstance(self._outlet, WriterThread):
                self._outlet.flush(seconds)

    def _writeAt(self, when: float) -> None:
        self._cancel()
        when = min(when, self._began + _LONGEST)
        if self._next is not None:
            when = max(when, self._next)
        self._due = self._clock.callLater(max(0.0, when - self._clock.seconds()), self._write)

    def _cancel(self) -> None:
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None

    def _write(self) -> None:
        self._due = None
        self._next = self._clock.seconds() + _BETWEEN
        kept, now = tuple(self._kept), self._wallClock()
        self._outlet(lambda: self._writeFile(now, kept))

    def _writeFile(self, now: float, kept: tuple[tuple[float, Event], ...]) -> None:
        assert self._incidents is not None
        entries = [Entry(event.level, when, event.render()) for when, event in kept]
        try:
            self._incidents.write(now, entries)
        except OSError as error:
            self._log.warn(
                "cannot write an incident file in {path}: {reason}; the log itself is not affected",
                path=self._incidents.path,
                reason=error.strerror or str(error),
            )
