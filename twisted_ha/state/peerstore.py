"""
Keeps how far the other nodes were heard, in a thread of its own.

A disk under load may take seconds for one C{fsync}, and in that time this node would be silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import StateError
from twisted_ha.events import Warned
from twisted_ha.interfaces import IMarkStore
from twisted_ha.state.files import StateDirectory
from twisted_ha.terms import LifeMark, NodeName

__all__ = ["PeerStore"]


@implementer(IMarkStore)
class PeerStore:
    """The file in the state directory.  It is written by one thread at a time, and always the newest."""

    _log = Logger()

    def __init__(
        self,
        state: StateDirectory,
        bus: EventBus,
        inThread: Callable[..., Deferred[Any]],
    ) -> None:
        """@param inThread: calls a function with arguments, elsewhere."""
        self.place = state.peersPath
        self._state = state
        self._bus = bus
        self._inThread = inThread
        self._next: Mapping[NodeName, LifeMark] | None = None
        self._writing = False
        self._failing = False
        self._waiting: list[Deferred[None]] = []

    def load(self) -> Mapping[NodeName, LifeMark]:
        """See L{IMarkStore.load}."""
        try:
            return self._state.peers()
        except StateError as error:
            self._warn(f"{error}.  Old messages of a node may be taken for new ones until it is heard")
            return {}

    def save(self, marks: Mapping[NodeName, LifeMark]) -> None:
        """See L{IMarkStore.save}."""
        self._next = marks
        if not self._writing:
            self._write()

    def settled(self) -> Deferred[None]:
        """@return: fires when everything is written, or could not be."""
        if not self._writing:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def _write(self) -> None:
        marks, self._next = self._next, None
        self._writing = True
        done = maybeDeferred(self._inThread, self._state.keepPeers, marks)
        done.addCallbacks(self._written, self._failed)
        done.addCallback(self._after)

    def _written(self, _: None) -> None:
        self._failing = False

    def _failed(self, failure: Failure) -> None:
        if failure.check(StateError) is None:
            self._log.failure("keeping how far the others were heard met a bug", failure)
        elif not self._failing:
            self._failing = True
            self._warn(
                f"{failure.getErrorMessage()}.  The daemon goes on; after its next start old messages of"
                " a node may be taken for new ones until it is heard"
            )

    def _after(self, _: None) -> None:
        self._writing = False
        if self._next is not None:
            self._write()
            return
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    def _warn(self, message: str) -> None:
        self._bus.publish(Warned(message=message))
