"""Comes up and becomes stable: the driver of L{twisted_ha.resources.acquisition}."""

from __future__ import annotations

from collections.abc import Callable

from twisted_ha.bus import EventBus
from twisted_ha.events import TransitionCompleted, UndecidedInput, Warned
from twisted_ha.interfaces import IMessenger, INodes
from twisted_ha.resources.acquisition import (
    ASK_AGAIN,
    PATIENCE,
    TABLE,
    Phase,
    PhaseAction,
    Seen,
    classifyReport,
)
from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.board import Board, Peer
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["Joiner"]

_COMPLAIN_EVERY = 30
"""Words that nobody hears: a complaint a minute."""


class Joiner:
    """
    Takes this node's own groups when it may.

    @ivar phase: how far this node is.
    """

    def __init__(
        self,
        board: Board,
        worker: GroupWorker,
        messenger: IMessenger,
        bus: EventBus,
        reconsider: Callable[[], None],
        alarm: Alarm,
        nodes: INodes,
    ) -> None:
        """@param reconsider: called after the patience with the other node has ended."""
        self._board = board
        self._worker = worker
        self._messenger = messenger
        self._bus = bus
        self._reconsider = reconsider
        self._alarm = alarm
        self._nodes = nodes
        self.phase = Phase.OFFLINE
        self._askedAgain = False
        self._unheard = 0

    @property
    def takesPart(self) -> bool:
        """Communications have come up, and this node is not leaving."""
        return self.phase not in (Phase.OFFLINE, Phase.LEAVING)

    def settleAtOnce(self) -> None:
        """Wait for nobody: what C{auto_failback legacy} does."""
        self.phase = Phase.STABLE

    def peerStarting(self) -> None:
        """The other node says that it is starting."""
        peer = self._board.peer
        assert peer is not None
        waits = self.phase in (Phase.STARTING, Phase.WAITING)
        if waits and not peer.reported and not self._askedAgain:
            # It had no ear for our own word yet: the original drops what comes too early.
            self._askedAgain = True
            self._messenger.send(Message.of("starting"))

    def peerRestarted(self) -> None:
        """The other node was started anew, and may be asked anew."""
        self._askedAgain = False

    def judge(self) -> None:
        """The other node may have reported what this one waits for."""
        peer = self._board.peer
        assert peer is not None
        if peer.reported:
            self.see(classifyReport(peer))

    def see(self, seen: Seen) -> None:
        """Step the table and do what it says."""
        rule = TABLE.step(self.phase, seen)
        if rule is None:
            self._bus.publish(
                UndecidedInput(machine=TABLE.name, state=self.phase.value, given=seen.value)
            )
            return
        before, self.phase = self.phase, rule.state
        for action in rule.actions:
            self._perform(action, seen)
        if before is not Phase.STABLE and self.phase is Phase.STABLE:
            self._bus.publish(TransitionCompleted(who="local"))

    def _perform(self, action: PhaseAction, seen: Seen) -> None:
        match action:
            case PhaseAction.SAY_STARTING:
                self._messenger.send(Message.of("starting"))
            case PhaseAction.START_TIMER:
                self._alarm.set(PATIENCE, self._patienceEnded)
            case PhaseAction.ASK_SOON:
                self._alarm.set(ASK_AGAIN, self._patienceEnded)
            case PhaseAction.STOP_TIMER:
                self._alarm.cancel()
            case PhaseAction.CLAIM_LOCAL:
                self._board.claim(ResourceSet.LOCAL)
                self._board.report(stable=False, why=seen.value)
                self._worker.want(self._board.keys(ResourceSet.LOCAL), True, why=seen.value)
            case PhaseAction.COMPLAIN:
                if self._unheard % _COMPLAIN_EVERY == 1:
                    self._bus.publish(
                        Warned(
                            message="the other node is heard but does not answer: does it hear this"
                            " one?  Nothing is taken from it"
                        )
                    )
            case PhaseAction.SETTLE:
                self._board.report(why=seen.value)

    def _hasNothingToSay(self, peer: Peer) -> bool:
        """Whether it hears this node, is heard, and says nothing: only an original does that (B23)."""
        return (
            not peer.ours
            and not self._nodes.isDeaf(peer.name)
            and self._nodes.isHeardWhole(peer.name, self._alarm.lately)
        )

    def _patienceEnded(self) -> None:
        peer = self._board.peer
        silent = peer if peer is not None and not peer.reported else None
        if silent is not None and not self._hasNothingToSay(silent):
            self._unheard += 1
            self.see(Seen.TIMEOUT_UNANSWERED)
        elif silent is not None and self._unheard:
            # What was said until now was said to nobody.
            self._unheard = 0
            self.see(Seen.HEARD_AT_LAST)
        elif self._board.free & ResourceSet.LOCAL:
            self.see(Seen.TIMEOUT_FREE)
        else:
            self.see(Seen.TIMEOUT_HELD)
        self._reconsider()
