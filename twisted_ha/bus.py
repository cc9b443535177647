"""The one order in which things that happened are told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

if TYPE_CHECKING:
    from twisted_ha.events import Event

__all__ = ["EventBus", "Observer"]

Observer = Callable[["Event", float], None]
"""Called with an event and the clock's seconds at which it was published."""


class EventBus:
    """
    Tells every observer every event, in one order.

    An event published while another is being told waits behind it, so nothing re-enters and all
    observers see the same sequence.  An observer that raises is logged once per event and stays: it
    is a bug of ours, and the others must still hear.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._observers: list[Observer] = []
        self._waiting: deque[tuple[Event, float]] = deque()
        self._telling = False

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """
        Tell C{observer} everything from now on.

        @return: call it to stop that; calling it twice does no harm.
        """
        self._observers.append(observer)

        def unsubscribe() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell C{event}, or queue it behind the one being told."""
        self._waiting.append((event, self._clock.seconds()))
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                told, when = self._waiting.popleft()
                for observer in tuple(self._observers):
                    try:
                        observer(told, when)
                    except Exception:
                        self._log.failure(
                            "an observer of {event} failed; this is a bug", event=type(told).__name__
                        )
        finally:
            self._telling = False
