"""
Keeping one device open.

Cables are pulled, interfaces are deleted and made again, adapters are unplugged.  Every medium watches
its own device and opens it again, without a restart and without disturbing the others.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.errors import MediumError
from twisted_ha.events import MediumDown, MediumUp

__all__ = ["State", "Upkeep"]


class State(Enum):
    """How it goes with a device."""

    CLOSED = "closed"
    WORKING = "working"
    FAILING = "failing"
    """It is open, and what is sent is lost."""
    LOST = "lost"
    """It is not open; opening it is tried again and again."""


class Upkeep:
    """
    Opens a device, looks after it, and tells when it goes away and when it is back: each once.

    @cvar INTERVAL: seconds between two looks at the device, and between two attempts to open it.
    """

    INTERVAL = 1.0

    def __init__(
        self,
        clock: IReactorTime,
        bus: EventBus,
        kind: str,
        name: str,
        attempt: Callable[[], str],
        check: Callable[[], None] = lambda: None,
        patient: bool = False,
    ) -> None:
        """
        @param attempt: open the device, after closing what is left of an earlier opening; returns what
            it is open for, in words, and raises L{MediumError}.
        @param check: raises L{MediumError} if the device has to be opened anew.
        @param patient: a device that cannot be opened at first is tried again as well.
        """
        self._clock = clock
        self._bus = bus
        self._kind = kind
        self._name = name
        self._attempt = attempt
        self._check = check
        self._patient = patient
        self._detail = ""
        self._state = State.CLOSED
        self._next: IDelayedCall | None = None

    @property
    def state(self) -> State:
        """How it goes with the device."""
        return self._state

    def start(self) -> None:
        """
        Open the device and look after it from now on.

        @raise MediumError: it cannot be opened, and we are not patient; nothing is kept open.
        """
        if self._state is not State.CLOSED:
            return
        try:
            self._opened(self._attempt())
        except MediumError as e:
            if not self._patient:
                raise
            self._state = State.LOST
            self._tellDown(str(e))
        self._again()

    def stop(self) -> None:
        """Look after it no more.  Closing the device is the caller's part."""
        self._state = State.CLOSED
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None

    def lost(self, reason: str) -> None:
        """The device went away."""
        if self._state is State.CLOSED:
            return
        before, self._state = self._state, State.LOST
        if before is State.WORKING:
            self._tellDown(reason)

    def failed(self, reason: str) -> None:
        """Something could not be sent, though the device is there."""
        if self._state is State.WORKING:
            self._state = State.FAILING
            self._tellDown(reason)

    def succeeded(self) -> None:
        """Something was sent."""
        if self._state is State.FAILING:
            self._state = State.WORKING
            self._tellUp("sending works again")

    def _again(self) -> None:
        self._next = self._clock.callLater(self.INTERVAL, self._look)

    def _look(self) -> None:
        # First of all, so that nothing that goes wrong below can end the looking.
        self._again()
        try:
            if self._state is not State.LOST:
                self._check()
        except MediumError as e:
            self.lost(str(e))
        if self._state is State.LOST:
            self._reopen()

    def _reopen(self) -> None:
        try:
            detail = self._attempt()
        except MediumError:
            # It was told when it went away.
            return
        self._opened(detail)

    def _opened(self, detail: str) -> None:
        self._state = State.WORKING
        self._tellUp(detail)

    def _tellUp(self, detail: str) -> None:
        self._bus.publish(MediumUp(medium=self._name, kind=self._kind, detail=detail))

    def _tellDown(self, reason: str) -> None:
        self._bus.publish(MediumDown(medium=self._name, kind=self._kind, reason=reason))
