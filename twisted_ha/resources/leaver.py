"""Leaves the cluster: the driver of L{twisted_ha.resources.release}."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.events import ShutdownFinished, UndecidedInput, Warned
from twisted_ha.interfaces import IMessenger
from twisted_ha.resources.board import Board
from twisted_ha.resources.release import FAREWELL, TABLE, Leave, LeaveAction, LeaveSeen
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["Leaver"]

ATTEMPTS = 2
"""How often a group that will not stop is tried before this node goes without saying C{shutdone}."""


class Leaver:
    """Releases everything, once, and says so."""

    def __init__(
        self,
        board: Board,
        worker: GroupWorker,
        messenger: IMessenger,
        clock: IReactorTime,
        bus: EventBus,
    ) -> None:
        self._board = board
        self._worker = worker
        self._messenger = messenger
        self._clock = clock
        self._bus = bus
        self.state = Leave.STAYING
        self._waiting: list[Deferred[None]] = []

    def leave(self) -> Deferred[None]:
        """@return: fires when this node may go."""
        if self.state is Leave.GONE:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        self.see(LeaveSeen.ASKED)
        return done

    def progress(self) -> None:
        """The worker has moved: see whether everything is released."""
        if self.state is not Leave.RELEASING:
            return
        keys = self._board.keys(ResourceSet.ALL)
        if not self._worker.settled(keys):
            return
        if not self._worker.standing(keys):
            self.see(LeaveSeen.RELEASED)
        elif any(runner.failures >= ATTEMPTS for runner in self._worker.failed(keys)):
            self.see(LeaveSeen.WILL_NOT_STOP)

    def see(self, seen: LeaveSeen) -> None:
        """Step the table and do what it says."""
        rule = TABLE.step(self.state, seen)
        if rule is None:
            self._bus.publish(
                UndecidedInput(machine=TABLE.name, state=self.state.value, given=seen.value)
            )
            return
        self.state = rule.state
        for action in rule.actions:
            self._perform(action, seen)
        if rule.actions:
            self.progress()

    def _perform(self, action: LeaveAction, seen: LeaveSeen) -> None:
        match action:
            case LeaveAction.REPORT_GIVING:
                self._board.report(info="shutdown", stable=False, why="leaving")
            case LeaveAction.RELEASE:
                self._worker.want(
                    self._board.keys(ResourceSet.ALL), False, why="this node leaves the cluster"
                )
            case LeaveAction.DROP:
                self._board.drop(ResourceSet.ALL)
                self._board.report(info="shutdown", stable=False, why="everything is released")
                self._bus.publish(ShutdownFinished())
            case LeaveAction.SAY_SHUTDONE:
                self._messenger.send(Message.of("shutdone", st="dead"))
            case LeaveAction.WAIT:
                peer = self._board.peer
                wait = FAREWELL if peer is not None and peer.present else 0.0
                self._clock.callLater(wait, self.see, LeaveSeen.TIMEOUT)
            case LeaveAction.GO:
                if seen is LeaveSeen.WILL_NOT_STOP:
                    self._bus.publish(
                        Warned(
                            message="leaving without saying that everything is released: "
                            "the other node will wait its deadtime, and fence if it can"
                        )
                    )
                waiting, self._waiting = self._waiting, []
                for done in waiting:
                    done.callback(None)
