"""Carries out planned moves: the driver of the table in L{twisted_ha.resources.standby}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.events import (
    StandbyFinished,
    StandbyRefused,
    StandbyRequested,
    StandbyStep,
    UndecidedInput,
)
from twisted_ha.interfaces import IMessenger
from twisted_ha.operations import MoveReport
from twisted_ha.resources.board import Board
from twisted_ha.resources.standby import (
    ANSWER_TIME,
    BEGIN_TIME,
    TABLE,
    WORK_TIME,
    Move,
    MoveAction,
    MoveSeen,
)
from twisted_ha.resources.words import MoveWord
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import NodeName, ResourceSet

__all__ = ["Mover"]


class Mover:
    """
    One planned move at a time.

    @ivar state: how far it is.
    @ivar resources: what it is about, in the giver's words.
    @ivar wish: its number; L{None} if the giver is an original.
    @ivar ended: called after a move has ended, however it did.
    """

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
        self.state = Move.NONE
        self.resources = ResourceSet.NONE
        self.giver: NodeName = board.localNode
        self.wish: str | None = None
        self._wishes = 0
        self.ended: Callable[[], None] = lambda: None
        self._began = 0.0
        self._reason = ""
        self._timer: IDelayedCall | None = None
        self._asking: list[Deferred[MoveReport]] = []

    # what others ask and hear

    @property
    def idle(self) -> bool:
        """No move is under way."""
        return self.state is Move.NONE

    @property
    def inOurWords(self) -> ResourceSet:
        """What the move is about, in this node's words."""
        giving = self.giver == self._board.localNode
        return self.resources if giving else self.resources.mirrored

    def give(self, resources: ResourceSet, why: str) -> Deferred[MoveReport]:
        """
        Give classes of groups to the other node.  The caller has made sure that both are settled.

        @return: fires when the other node has them, or with why not; it does not fail.
        """
        if not self.idle:
            return succeed(self._refusal("another move is under way", resources))
        self._board.reportChange("settled")  # an original that thinks us in flux drops the wish
        self._wishes += 1
        self._open(self._board.localNode, resources, why, str(self._wishes))
        done: Deferred[MoveReport] = Deferred()
        self._asking.append(done)
        self.see(MoveSeen.ASK)
        return done

    def watch(self) -> Deferred[MoveReport]:
        """@return: fires with the report of the move that is under way, or of the next one."""
        done: Deferred[MoveReport] = Deferred()
        self._asking.append(done)
        return done

    def forget(self, watcher: Deferred[Any]) -> None:
        """Tell C{watcher}, which came from L{watch}, nothing."""
        self._asking = [asking for asking in self._asking if asking is not watcher]

    def means(self, wish: str | None) -> bool:
        """Whether a word about the wish of that number is about the move that is under way."""
        return wish is None or wish == self.wish

    def outdatedBy(self, wish: str | None) -> bool:
        """
        Whether a wish of that number was made after the one that is under way.  An earlier one is only
        late: it was lost, and has been sent again.
        """
        then, now = _number(self.wish), _number(wish)
        return then is not None and now is not None and now > then

    def peerAsks(self, word: MoveWord) -> None:
        """The other node wants to give, and nothing speaks against it."""
        assert self._board.peer is not None
        if self.state is Move.ASKED:
            # One of the two wishes must go first.  The original waits 10 s for an answer that never
            # comes, so its wish does; between two of ours the lower name's.
            first = not self._board.peer.ours or self._board.peer.name < self._board.localNode
            if first:
                self.see(MoveSeen.CROSSING_LOST, then=lambda: self._openPeers(word))
            return
        if self.idle:
            self._openPeers(word)
            self.see(MoveSeen.PEER_ASKS)

    def peerGrants(self, word: MoveWord) -> None:
        """The other node says C{other}."""
        peer = self._board.peer
        assert peer is not None
        if self.means(word.wish):
            # reports from before this word say nothing about the move (see peerReports)
            peer.sequence = max(peer.sequence, word.sequence)
            self.see(MoveSeen.PEER_GRANTS)

    def peerRefuses(self, wish: str, reason: str) -> None:
        """The other node says no to a wish of ours, and in its words why."""
        reason = f"{self._peerName} says: {reason}"
        self._sayRefused(reason)
        if self.means(wish):
            self.refused(reason)

    def peerReports(self, info: str | None) -> None:
        """
        The other node has reported what it holds, and the board knows it.

        @param info: the word beside it; C{standby} when it releases for us.
        """
        peer = self._board.peer
        assert peer is not None
        if self.state is Move.GRANTED and info == "standby":
            self.see(MoveSeen.PEER_GIVES)
        elif (
            self.state is Move.GRANTED
            and peer.ours
            and peer.stable
            and not self.inOurWords & peer.ourWords
        ):
            # It has released them and is in no move any more: its guardian did it, while it was stalled.
            self.see(MoveSeen.PEER_DONE)
        elif self.state is Move.HANDED and peer.ours and peer.stable:
            # Its last word has been lost, but what it holds says how the move ended.
            if self.inOurWords & ~peer.ourWords:
                self._reason = f"{self._peerName} did not take them"
            self.see(MoveSeen.PEER_DONE)

    def peerDone(self, word: MoveWord) -> None:
        """The other node says C{done}."""
        peer = self._board.peer
        assert peer is not None
        ours = word.resources.mirrored
        takenBack = bool(word.state and word.sequence < peer.sequence and ours & peer.ourWords)
        fromGiver = word.state == Move.HANDED.value
        released = fromGiver if word.state else not ours & peer.ourWords
        released = released and not takenBack
        if self.idle and word.resources and released and not ours & self._board.mine:
            # It released what nobody claims, after this node had stopped waiting for it.
            self._openPeers(word)
            self.see(MoveSeen.LATE_DONE)
            return
        if not self.means(word.wish):
            return
        if word.state and fromGiver is not (self.state is Move.GRANTED):
            # Each node counts its own wishes: this word is about a move in the other direction.
            return
        if self.state is Move.GRANTED and takenBack:
            # It says so later than it said that they are free: nobody took them, and it has given up.
            self.refused(f"{peer.name} has taken them back")
            return
        if self.state is Move.GRANTED and not word.state and self.inOurWords & peer.ourWords:
            # An original whose scripts of an earlier standby end just now takes that for the end of this
            # one, which it has not begun.  It waits an hour for our word, so it gets it.
            self._reason = f"{self._peerName} has not released them"
            self.see(MoveSeen.NOT_RELEASED)
            return
        if self.state is Move.HANDED and word.failed:
            self._reason = f"{self._peerName} could not start {word.failed}"
        self.see(MoveSeen.PEER_DONE)

    def progress(self) -> None:
        """The worker has moved: see whether a step of this move is complete."""
        keys = self._board.keys(self.inOurWords)
        if self.state is Move.RELEASING and self._worker.settled(keys):
            if not self._worker.standing(keys):
                self.see(MoveSeen.RELEASED)
        elif self.state is Move.ACQUIRING and self._worker.settled(keys):
            self.see(MoveSeen.ACQUIRED)

    def refused(self, reason: str) -> None:
        """The move that the other node was to take part in comes to nothing."""
        self._reason = reason
        self.see(MoveSeen.PEER_REFUSES)

    def abort(self, reason: str) -> None:
        """This node leaves, or has lost what it held: no move of it goes on."""
        self._reason = reason
        self.see(MoveSeen.LEAVING)

    # the table

    def see(self, seen: MoveSeen, then: Callable[[], None] | None = None) -> None:
        """
        Step the table and do what it says.

        @param then: called after C{CANCEL}, where a lost crossing turns into the other's move.
        """
        rule = TABLE.step(self.state, seen)
        if rule is None:
            self._bus.publish(
                UndecidedInput(machine=TABLE.name, state=self.state.value, given=seen.value)
            )
            return
        before, self.state = self.state, rule.state
        for action in rule.actions:
            self._perform(action, seen)
            if action is MoveAction.CANCEL and then is not None:
                then()
        if before is not Move.NONE and self.state is Move.NONE:
            self.ended()
        elif self.state in (Move.RELEASING, Move.ACQUIRING):
            self.progress()

    def _perform(self, action: MoveAction, seen: MoveSeen) -> None:
        match action:
            case MoveAction.SAY_ME:
                self._say("me")
            case MoveAction.SAY_OTHER:
                self._say("other")
            case MoveAction.SAY_DONE:
                self._say("done")
            case MoveAction.WAIT_ANSWER:
                self._wait(ANSWER_TIME)
            case MoveAction.WAIT_BEGINNING:
                self._wait(BEGIN_TIME)
            case MoveAction.WAIT_WORK:
                self._wait(ANSWER_TIME if self._mayAsk else WORK_TIME)
            case MoveAction.STOP_WAITING:
                self._stopWaiting()
            case MoveAction.REPORT_GIVING:
                self._tell(f"standby: {self._peerName} can take our {self._word} resources")
                self._tell(f"give up {self._word} HA resources (standby).")
                self._board.report(info="standby", stable=False, why="going standby")
            case MoveAction.RELEASE:
                self._worker.want(
                    self._board.keys(self.resources), False, why=f"given to {self._peerName}"
                )
            case MoveAction.DROP:
                self._board.drop(self.resources)
                if self._board.peer is not None:
                    # from here on it may hold them, whatever its last report said
                    self._board.peer.resources |= self.resources.mirrored
                self._board.report(info="standby", stable=False, why="released for standby")
                self._tell(f"Local standby process completed [{self._word}].")
            case MoveAction.TAKE_BACK:
                self._worker.want(
                    self._board.keys(self.resources & self._board.mine),
                    True,
                    why=f"taken back: {self._peerName} went away before it had them",
                )
            case MoveAction.CLAIM:
                self._tell(f"standby: acquire [{self._word}] resources from {self.giver}")
                if self._board.peer is not None:
                    self._board.peer.resources &= ~self.resources
                self._board.claim(self.inOurWords)
                self._board.report(stable=False, why="claimed before acquiring")
            case MoveAction.ACQUIRE:
                self._worker.want(
                    self._board.keys(self.inOurWords),
                    True,
                    handedOver=True,
                    why=f"taken from {self.giver}, which went standby",
                )
            case MoveAction.COMPLETE:
                self._complete()
            case MoveAction.CANCEL:
                self._finish("cancelled", self._reason or seen.value)
            case MoveAction.SETTLE:
                self._board.report(stable=None, why="planned move ended")

    # helpers

    @property
    def _peerName(self) -> NodeName:
        assert self._board.peer is not None
        return self._board.peer.name

    @property
    def _word(self) -> str:
        return self.resources.word

    def _open(self, giver: NodeName, resources: ResourceSet, why: str, wish: str | None) -> None:
        self.giver = giver
        self.wish = wish
        self.resources = resources
        self._began = self._clock.seconds()
        self._reason = ""
        self._bus.publish(StandbyRequested(node=giver, resources=resources.word))
        if why:
            self._tell(why)

    def _openPeers(self, word: MoveWord) -> None:
        self._open(self._peerName, word.resources, "", word.wish)

    def _say(self, step: str) -> None:
        keys = self._board.keys(self.inOurWords)
        failed = self._worker.failed(keys) if step == "done" else []
        self._messenger.send(
            MoveWord(
                step=step,
                resources=self.resources,
                wish=self.wish,
                failed=", ".join(one.group.key for one in failed) or None,
                state=self.state.value if step == "done" else None,
            ).message
        )

    def _complete(self) -> None:
        failed = self._worker.failed(self._board.keys(self.inOurWords))
        if self.giver != self._board.localNode:
            self._tell(f"Standby resource acquisition done [{self._word}].")
            if failed:
                names = ", ".join(one.group.key for one in failed)
                self._reason = f"{self._board.localNode} could not start {names}"
        else:
            self._tell(f"Other node completed standby takeover of {self._word} resources.")
        self._finish("failed" if self._reason else "completed", self._reason)

    def _finish(self, outcome: str, reason: str) -> None:
        seconds = self._clock.seconds() - self._began
        self._bus.publish(
            StandbyFinished(
                giver=self.giver,
                resources=self._word,
                outcome=outcome,
                seconds=seconds,
                reason=f": {reason}" if reason else "",
            )
        )
        giving = self.giver == self._board.localNode
        taker = self._peerName if giving else self._board.localNode
        if outcome == "completed":
            text = f"{self.giver} gave its {self._word} resources to {taker} in {seconds:.3f} s"
        else:
            text = f"standby of {self.giver} [{self._word}] {outcome}: {reason}"
        report = MoveReport(
            ok=outcome == "completed",
            outcome=outcome,
            text=text,
            seconds=seconds,
            groups=tuple(self._board.keys(self.inOurWords)),
        )
        asking, self._asking = self._asking, []
        for done in asking:
            done.callback(report)

    def _refusal(self, reason: str, resources: ResourceSet) -> MoveReport:
        self._sayRefused(reason)
        return MoveReport(
            ok=False,
            outcome="refused",
            text=f"nothing was moved: {reason}",
            groups=tuple(self._board.keys(resources)),
        )

    def _sayRefused(self, reason: str) -> None:
        self._bus.publish(StandbyRefused(node=self._board.localNode, step="me", reason=reason))

    def _tell(self, message: str) -> None:
        self._bus.publish(StandbyStep(message=message))

    def _wait(self, seconds: float) -> None:
        self._stopWaiting()
        self._timer = self._clock.callLater(seconds, self._timedOut)

    @property
    def _mayAsk(self) -> bool:
        """The other node acquires, and is one that can be asked how it is getting on."""
        return self.state is Move.HANDED and self._board.peer is not None and self._board.peer.ours

    def _timedOut(self) -> None:
        self._timer = None
        if self._mayAsk:
            self._board.ask("asking whether the other node has them", stable=False)
            self._wait(ANSWER_TIME)
            return
        self._reason = "No reply to standby request.  Standby request cancelled."
        self.see(MoveSeen.TIMEOUT)

    def _stopWaiting(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


def _number(wish: str | None) -> int | None:
    return int(wish) if wish and wish.isascii() and wish.isdigit() and len(wish) < 16 else None
