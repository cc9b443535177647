"""What people ask: give these groups, take those.  Each request gets one report, whatever happens."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.events import TakeoverRefused
from twisted_ha.interfaces import IMessenger
from twisted_ha.operations import MoveReport
from twisted_ha.resources.acquisition import Phase
from twisted_ha.resources.board import Board
from twisted_ha.resources.joiner import Joiner
from twisted_ha.resources.mover import Mover
from twisted_ha.resources.standby import ANSWER_TIME
from twisted_ha.resources.words import refusal
from twisted_ha.terms import ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["Requests"]

PATIENCE = 30.0
"""Seconds a request may wait until both nodes are quiet."""

_Wish = tuple[ResourceSet, "Deferred[MoveReport]"]


class Requests:
    """
    Requests that wait for a quiet moment, or for the other node.

    @ivar quiet: whether this node is settled.
    @ivar reconsider: look whether anything can be done now.
    """

    def __init__(
        self,
        board: Board,
        mover: Mover,
        joiner: Joiner,
        messenger: IMessenger,
        clock: IReactorTime,
        bus: EventBus,
        *,
        quiet: Callable[[], bool],
        reconsider: Callable[[], None],
    ) -> None:
        self._board = board
        self._mover = mover
        self._joiner = joiner
        self._messenger = messenger
        self._clock = clock
        self._bus = bus
        self._quiet = quiet
        self._reconsider = reconsider
        self._waiting: list[_Wish] = []
        self._taking: list[tuple[Deferred[MoveReport], Deferred[None]]] = []

    def standby(self, resources: ResourceSet) -> Deferred[MoveReport]:
        """
        Give classes of groups, in this node's words, to the other node.

        @return: fires when they are there, or with why not; it does not fail.
        """
        refusal = self._whyNot()
        if refusal:
            return succeed(_refused(f"nothing was moved: {refusal}"))
        if not resources & self._board.mine and self._quiet():
            return succeed(self._nothingToGive())
        done: Deferred[MoveReport] = Deferred()
        wish = (resources, done)
        self._waiting.append(wish)
        self._reconsider()
        if wish in self._waiting:
            self._clock.callLater(PATIENCE, self._expired, wish)
        return done

    def takeover(self, resources: ResourceSet) -> Deferred[MoveReport]:
        """
        Ask the other node to give classes of groups, in this node's words.

        @return: fires when they are here, or with why not; it does not fail.
        """
        refusal = self._whyNot()
        if refusal:
            return succeed(_refused(f"nothing was moved: {refusal}"))
        if not resources & ~self._board.mine and self._quiet():
            return succeed(_done(f"{self._board.localNode} holds them already"))
        done: Deferred[MoveReport] = Deferred()

        def moved(report: MoveReport) -> None:
            if not done.called:
                done.callback(report)

        watched = self._mover.watch()
        asking = (done, watched.addCallback(moved))
        self._taking.append(asking)
        self._messenger.send(Message.of("hb_takeover", rsc_hold=resources.word))

        def patience() -> None:
            if asking in self._taking:
                self._taking.remove(asking)
            if not done.called and self._mover.idle:
                self._mover.forget(watched)
                done.callback(_refused("the other node did not give them in time"))

        self._clock.callLater(ANSWER_TIME + 2.0, patience)
        return done

    def peerRequests(self, message: Message) -> None:
        """The people of the other node ask for groups of this one: its C{hb_takeover}."""
        word = message.get("rsc_hold") or "all"
        # what is local to the one who asks is foreign here (B8: C{failback} means local)
        wanted = {"local": ResourceSet.FOREIGN, "failback": ResourceSet.FOREIGN}.get(
            word, ResourceSet.LOCAL if word == "foreign" else ResourceSet.ALL
        )

        def answered(report: MoveReport) -> None:
            peer = self._board.peer
            if (report.outcome == "refused" or not report.groups) and peer is not None and peer.ours:
                self._messenger.sendTo(peer.name, refusal(report.text))

        self.standby(wanted).addCallback(answered)

    def serve(self) -> None:
        """Both nodes are quiet: begin with the first wish to give."""
        peer = self._board.peer
        if not self._waiting or peer is None or not peer.present or not peer.stable:
            return
        resources, done = self._waiting.pop(0)
        if resources & self._board.mine:
            self._mover.give(resources & self._board.mine, "").chainDeferred(done)
        else:
            done.callback(self._nothingToGive())

    def peerRefuses(self, reason: str) -> None:
        """The other node says no to what it was asked for, and in its words why."""
        peer = self._board.peer
        assert peer is not None
        self._bus.publish(TakeoverRefused(node=peer.name, reason=reason))
        asked, self._taking = self._taking, []
        for done, watched in asked:
            if not done.called and self._mover.idle:
                self._mover.forget(watched)
                done.callback(_refused(f"nothing was moved: {peer.name} says: {reason}"))

    def leave(self) -> None:
        """This node leaves: nothing more is moved for anybody."""
        waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            done.callback(_refused("this node is leaving"))

    def _whyNot(self) -> str:
        """Why nothing can be moved at present, in words; empty if it can."""
        peer = self._board.peer
        if not self._board.mode.negotiated:
            return "standby works only with auto_failback on or off, not legacy"
        if self._joiner.phase is Phase.LEAVING:
            return "this node is leaving"
        if self._joiner.phase is Phase.OFFLINE:
            return "this node has not heard of all others yet"
        if self._joiner.phase is Phase.MEMBER:
            return "ha.cf names more than two nodes, and this one takes part as a member only"
        if peer is None:
            return "there is no other node in ha.cf"
        if not peer.present:
            return f"{peer.name} is not there to take part"
        return ""

    def _expired(self, wish: _Wish) -> None:
        if wish in self._waiting:
            self._waiting.remove(wish)
            wish[1].callback(_refused("nothing was moved: the nodes did not come to rest in time"))

    def _nothingToGive(self) -> MoveReport:
        held = self._board.mine.word
        return _done(f"nothing to give: {self._board.localNode} holds {held} resources")


def _refused(text: str) -> MoveReport:
    return MoveReport(ok=False, outcome="refused", text=text)


def _done(text: str) -> MoveReport:
    return MoveReport(ok=True, outcome="completed", text=text)
