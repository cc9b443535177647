"""Takes over from a node that died or left: the driver of L{twisted_ha.resources.takeover}."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from twisted_ha.bus import EventBus
from twisted_ha.errors import FencingError
from twisted_ha.events import (
    FencingFailed,
    FencingStarted,
    FencingSucceeded,
    StandbyStep,
    TakeoverCompleted,
    TakeoverStarted,
    UndecidedInput,
    Warned,
)
from twisted_ha.interfaces import IFencer, IMessenger
from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.board import Board
from twisted_ha.resources.takeover import PATIENCE, RETRY, TABLE, Takeover, TakeoverAction, TakeoverSeen
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import NodeName, ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["Successor"]


class Successor:
    """
    One takeover at a time.

    @ivar state: how far it is.
    @ivar ended: called when one has ended, or goes on without a word of the other node.
    """

    def __init__(
        self,
        board: Board,
        worker: GroupWorker,
        fencer: IFencer,
        messenger: IMessenger,
        clock: IReactorTime,
        bus: EventBus,
        alarm: Alarm,
    ) -> None:
        self._board = board
        self._worker = worker
        self._fencer = fencer
        self._messenger = messenger
        self._clock = clock
        self._bus = bus
        self.state = Takeover.IDLE
        self.ended: Callable[[], None] = lambda: None
        self._node = board.localNode
        self._why = ""
        self._began = 0.0
        self._attempt = 0
        self._taken: ResourceSet = ResourceSet.NONE
        self._alarm = alarm
        self._fencing: Deferred[None] | None = None
        self._listenUntil = float("-inf")

    @property
    def idle(self) -> bool:
        """No takeover is under way."""
        return self.state is Takeover.IDLE

    def begin(self, node: NodeName, seen: TakeoverSeen, why: str) -> None:
        """
        A node died or left.

        @param seen: C{DIED_HOLDING}, C{DIED_EMPTY} or C{LEFT}.
        @param why: in words, as it will stand beside the groups.
        """
        if self.idle:
            self._node = node
            self._why = why
            self._began = self._clock.seconds()
        self.see(seen)

    def progress(self) -> None:
        """The worker has moved: see whether all is taken."""
        if (
            self.state is Takeover.TAKING
            and self._worker.settled(self._board.keys(self._board.mine))
            and not (self._listening and self._worker.withheld)
        ):
            self.see(TakeoverSeen.TAKEN)

    def withhold(self) -> None:
        """
        A takeover takes time, and the other node may come back meanwhile and hold what was to be taken
        next.  That is not touched before it has said whether it does, and if it does, not before the
        audit has decided.
        """
        disputed = set(self._board.keys(self._board.disputed))
        if self.idle:
            self._worker.withhold(self._worker.withheld & disputed)
        else:
            doubtful = self._board.keys(ResourceSet.ALL) if self._listening else disputed
            self._worker.withhold(key for key in doubtful if not self._worker.standing([key]))

    @property
    def _listening(self) -> bool:
        peer = self._board.peer
        return (
            self._board.mode.negotiated  # else nobody says what it holds
            and peer is not None
            and peer.present
            and not (peer.reported or peer.starting)
            and self._clock.seconds() < self._listenUntil
        )

    def see(self, seen: TakeoverSeen) -> None:
        """Step the table and do what it says."""
        rule = TABLE.step(self.state, seen)
        if rule is None:
            self._bus.publish(
                UndecidedInput(machine=TABLE.name, state=self.state.value, given=seen.value)
            )
            return
        before, self.state = self.state, rule.state
        for action in rule.actions:
            self._perform(action)
        if before is not Takeover.IDLE and self.state is Takeover.IDLE:
            self.ended()
        elif rule.actions:
            self.progress()

    def _perform(self, action: TakeoverAction) -> None:
        match action:
            case TakeoverAction.FENCE:
                self._fence()
            case TakeoverAction.SAY_UNNEEDED:
                self._tell(f"Dead node {self._node} gave up resources.")
                self._say("unneeded")
            case TakeoverAction.FENCE_AGAIN:
                self._alarm.set(RETRY, lambda: self.see(TakeoverSeen.RETRY))
            case TakeoverAction.CANCEL_FENCING:
                self._attempt += 1
                self._alarm.cancel()
                fencing, self._fencing = self._fencing, None
                if fencing is not None:
                    fencing.cancel()  # a device that can still be stopped is stopped (B4)
            case TakeoverAction.CLAIM:
                self._bus.publish(TakeoverStarted(node=self._node, why=self._why))
                self._taken = ResourceSet.ALL & ~self._board.mine
                if self._board.peer is not None:
                    self._board.peer.resources = ResourceSet.NONE
                self._board.claim(ResourceSet.ALL)
                self._board.report(stable=False, why=self._why)
            case TakeoverAction.ACQUIRE:
                # What this node holds already keeps its own reason, unless it is being stopped.  What
                # failed is tried at once: the other node may have been why, answering for the address.
                everything = self._board.keys(ResourceSet.ALL)
                failed = {runner.group.key for runner in self._worker.failed(everything)}
                keys = [key for key in everything if key in failed or not self._worker.wants(key)]
                self._worker.want(keys, True, why=self._why)
            case TakeoverAction.LISTEN:
                self._listenUntil = self._clock.seconds() + PATIENCE
                self._alarm.set(PATIENCE, self.ended)
            case TakeoverAction.FINISH:
                self._alarm.cancel()
                keys = self._board.keys(self._taken)
                failed = {
                    runner.group.key for runner in self._worker.failed(keys)
                } | self._worker.withheld
                self._bus.publish(
                    TakeoverCompleted(
                        node=self._node,
                        groups=tuple(key for key in keys if key not in failed),
                        seconds=self._clock.seconds() - self._began,
                    )
                )

    def _fence(self) -> None:
        self._attempt += 1
        attempt = self._attempt
        if self._fencer.device:
            self._bus.publish(FencingStarted(node=self._node, device=self._fencer.device))
        done: Deferred[str] = self._fencer.fence(self._node)

        def fenced(detail: str) -> None:
            if attempt == self._attempt:
                if self._fencer.device:
                    self._bus.publish(FencingSucceeded(node=self._node, detail=detail))
                    self._say("OK")
                else:
                    self._bus.publish(Warned(message=detail))
                    self._say("n_stnth")
                self.see(TakeoverSeen.FENCED)

        def failed(failure: Failure) -> None:
            if failure.check(CancelledError):
                return
            failure.trap(FencingError)
            if attempt == self._attempt:
                self._bus.publish(
                    FencingFailed(node=self._node, reason=str(failure.value), retryIn=RETRY)
                )
                self._say("bad")
                self.see(TakeoverSeen.FENCE_FAILED)

        self._fencing = done.addCallbacks(fenced, failed)

    def _say(self, result: str) -> None:
        self._messenger.send(Message.of("stonith", node=self._node, result=result))

    def _tell(self, message: str) -> None:
        self._bus.publish(StandbyStep(message=message))
