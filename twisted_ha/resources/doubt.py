"""
What a node makes of its own absence: it did not run for a while, and others may have acted meanwhile.

The guardian may have released what is held here, and the other node may have taken it.  Both have said
so, in a pipe and in sockets; until that is read, nothing is decided and nothing is touched (B6, B24).
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from twisted_ha.bus import EventBus
from twisted_ha.config.model import Timers
from twisted_ha.events import GuardianReleased
from twisted_ha.interfaces import IGuardian
from twisted_ha.resources.board import Board
from twisted_ha.resources.gate import Gate
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import ResourceSet

__all__ = ["Doubt"]

LISTEN = 0.01
"""Seconds, and at least one turn of the reactor, that a node listens after a stall before it decides."""

ANSWER = 1.0
"""Seconds that it waits for its guardian's word, which comes at once unless that one hangs itself."""

HUNGRY = 0.1
"""The part of its patience that a guardian may have waited since it was last fed, when all goes well."""


class Doubt:
    """
    Hears of stalls, and of what the guardian did in them.

    @ivar timers: of the present configuration.
    """

    def __init__(
        self,
        board: Board,
        worker: GroupWorker,
        gate: Gate,
        guardian: IGuardian,
        clock: IReactorTime,
        bus: EventBus,
        timers: Timers,
        *,
        listened: Callable[[], None],
        released: Callable[[ResourceSet, ResourceSet], None],
    ) -> None:
        """
        @param gate: closed while this node is in doubt.
        @param listened: called when what waited has been read.
        @param released: called with the classes that the guardian stopped, and with those of which
            something would not stop.
        """
        self._board = board
        self._worker = worker
        self._gate = gate
        self._guardian = guardian
        self._clock = clock
        self._bus = bus
        self.timers = timers
        self._listened = listened
        self._released = released
        self.listening = False
        self._hearing: Deferred[list[None]] | None = None
        self._guardianAtWork = False
        self._failed: frozenset[str] = frozenset()
        guardian.released = self.guardianReleased
        guardian.releaseBegan = self.guardianReleases
        guardian.releaseFailed = self.guardianFailed

    @property
    def none(self) -> bool:
        """This node knows where it stands."""
        return not self.listening and not self._guardianAtWork

    def late(self, seconds: float) -> None:
        """
        This process did not run when it should have.

        Half of what the guardian would bear with is enough to listen first, or less where beats are so
        rare that this may be too much for it: it counts from the last one it was told.
        """
        patience = self.timers.deadtime - self.timers.keepalive
        if seconds <= min(patience / 2, patience * (1 - HUNGRY) - self.timers.keepalive):
            return
        self.stop()
        self.listening = True
        self._gate.close()
        answer = self._guardian.ask()
        answer.addTimeout(ANSWER, self._clock, onTimeoutCancel=lambda result, seconds: None)
        read: Deferred[None] = deferLater(self._clock, LISTEN)
        self._hearing = gatherResults([read, answer], consumeErrors=True)
        self._hearing.addCallbacks(self._heard, lambda failure: failure.trap(FirstError))  # cancelled

    def stop(self) -> None:
        """Wait for nothing more."""
        if self._hearing is not None:
            self._hearing.cancel()
            self._hearing = None

    def _heard(self, result: object) -> None:
        self._hearing = None
        self.listening = False
        self._listened()
        self._goOn()

    def guardianReleases(self, silentFor: float) -> None:
        """The guardian has begun to release what is held here."""
        self._guardianAtWork = True
        self._gate.close()

    def guardianFailed(self, keys: tuple[str, ...]) -> None:
        """The guardian could not stop these groups."""
        self._failed = frozenset(keys)

    def guardianReleased(self, keys: tuple[str, ...], silentFor: float) -> None:
        """The guardian has stopped these groups, those left out that it could not stop."""
        failed, self._failed = self._failed, frozenset()
        self._bus.publish(GuardianReleased(groups=keys, silentFor=silentFor))
        why = f"the guardian released it: this node was silent {silentFor:.2f} s"
        self._worker.lost([key for key in keys if key not in failed], why)
        lost = stuck = ResourceSet.NONE
        for group in self._board.groups:
            if group.key in failed:
                stuck |= self._board.classOf(group)
            elif group.key in keys:
                lost |= self._board.classOf(group)
        self._worker.want(self._board.keys(lost | stuck), False, why=why)
        self._worker.suspect(failed, f"{why}, and it would not stop")
        self._guardianAtWork = False
        self._released(lost, stuck)
        self._goOn()

    def _goOn(self) -> None:
        if self.none:
            self._gate.open()
