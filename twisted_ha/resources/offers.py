"""What the other node offers: it wants to give groups, and waits for an answer."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twisted_ha.frozen import dataclass
from twisted_ha.interfaces import IMessenger
from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.board import Board
from twisted_ha.resources.mover import Mover
from twisted_ha.resources.standby import Move
from twisted_ha.resources.words import MoveWord, refusal

__all__ = ["Offers"]

PATIENCE = 9.0
"""Seconds an offer may wait until this node is quiet; the other node waits 10 itself."""

TAKEOVER_TIME = 8.0
"""Seconds after our start in which an original that wants to give may still run the scripts of its
takeover from our last life.  It would stop what these start afterwards, and both would run it (B12).  It
serves meanwhile, and waits 10 s for an answer, which has to get there."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """
    @ivar word: the other node's C{me}.
    @ivar since: the clock's seconds when it said so.
    """

    word: MoveWord
    since: float


class Offers:
    """One offer at a time, from the other node's C{me} until this node is quiet and answers it."""

    def __init__(
        self,
        board: Board,
        mover: Mover,
        messenger: IMessenger,
        clock: IReactorTime,
        reconsider: Callable[[], None],
        alarm: Alarm,
    ) -> None:
        """@param reconsider: called when an offer that had to wait for its time may be answered."""
        self._board = board
        self._mover = mover
        self._messenger = messenger
        self._clock = clock
        self._reconsider = reconsider
        self._alarm = alarm
        self._offer: _Offer | None = None
        self._takeoverUntil = float("-inf")

    @property
    def waiting(self) -> bool:
        """There is an offer without an answer."""
        return self._offer is not None

    def communicationsUp(self) -> None:
        """This node has started, and the other may be taking over from its last life."""
        self._takeoverUntil = self._clock.seconds() + TAKEOVER_TIME

    def takeoverComplete(self) -> None:
        """The other node has taken over from our last life."""
        self._takeoverUntil = float("-inf")

    def made(self, word: MoveWord) -> None:
        """The other node says C{me}."""
        mover = self._mover
        if mover.state is Move.GRANTED and mover.outdatedBy(word.wish):
            # Who wishes something else has given up what was granted, and that was not heard.
            assert self._board.peer is not None
            mover.refused(f"{self._board.peer.name} wishes something else now")
        if mover.state is Move.ASKED:
            mover.peerAsks(word)
        elif mover.idle and self._offer is None:
            self._offer = _Offer(word, self._clock.seconds())
        # A second wish before the first has ended is none: the original drops its own.

    def peerDone(self, word: MoveWord) -> None:
        """The other node says C{done} while its offer waits."""
        peer = self._board.peer
        assert peer is not None and self._offer is not None
        if not peer.ours and word.sequence > self._offer.word.sequence:
            # Unanswered, it is done with something else; see Mover.peerDone.
            self._offer = None
            self._messenger.send(MoveWord(step="done", resources=word.resources).message)

    def refuse(self, word: MoveWord, reason: str) -> None:
        """Say no to a C{me}; an original would not understand it, and waits in vain."""
        peer = self._board.peer
        assert peer is not None
        if peer.ours:
            self._messenger.sendTo(peer.name, refusal(reason, word.wish))

    def forget(self) -> None:
        """The other node died, left or was started anew."""
        self._offer = None

    def answer(self) -> None:
        """This node is quiet: grant what is offered, unless that is too old or too early."""
        peer, offer = self._board.peer, self._offer
        if peer is None or offer is None:
            return
        early = self._takeoverUntil - self._clock.seconds()
        if not peer.ours and early > 0:
            self._alarm.set(early, self._reconsider)
            return
        self._offer = None
        if self._clock.seconds() - offer.since <= PATIENCE:
            self._mover.peerAsks(offer.word)
