"""
C{auto_failback legacy}: every node always takes its own groups, asking the other to give them up.

There are no claims and no reports; C{ip-request} asks for one group and C{ip-request-resp} says go
ahead (resource-management.md sections 3.9 and 4.5).  Unlike the original, a request that nobody
answers is made again.
"""

from __future__ import annotations

from twisted_ha.interfaces import IMessenger
from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.board import Board
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["REQUEST", "RESPONSE", "Legacy"]

REQUEST = "ip-request"
RESPONSE = "ip-request-resp"

ASK_AGAIN = 3.0
"""Seconds after a request that nobody answered."""


class Legacy:
    """Asks for groups, and gives them when asked."""

    def __init__(self, board: Board, worker: GroupWorker, messenger: IMessenger, alarm: Alarm) -> None:
        self._board = board
        self._worker = worker
        self._messenger = messenger
        self._alarm = alarm
        self._asked: set[str] = set()
        self._giving: set[str] = set()

    def requestOwn(self, *, held: bool = False) -> None:
        """
        Get every group of this node that is not wanted here yet.

        @param held: ask for the others too: the other node may have taken them while this one was not
            heard, and gives what it is asked for.
        """
        peer = self._board.peer
        alone = peer is None or not peer.present
        for key in self._board.keys(ResourceSet.LOCAL):
            if self._worker.wants(key) and (alone or not held):
                continue
            if alone:
                self._take(key, handedOver=False, why="no other node is active")
            else:
                self._asked.add(key)
                self._messenger.send(Message.of(REQUEST, ipaddr=key))
        if self._asked and self._alarm.due is None:
            self._alarm.set(ASK_AGAIN, self._askAgain)

    def requested(self, message: Message) -> None:
        """The other node asks for one of its groups."""
        key = message.get("ipaddr") or ""
        if key not in self._worker.runners:
            return
        self._giving.add(key)
        peer = self._board.peer
        name = peer.name if peer is not None else "the other node"
        self._worker.want([key], False, why=f"{name} asked for it")
        self.progress()

    def answered(self, message: Message) -> None:
        """A go-ahead; it counts if it is for a group that this node asked for."""
        key = message.get("ipaddr") or ""
        if message.get("ok") == "OK" and key in self._asked:
            owned = message.get("weown") == "yes"
            self._take(key, handedOver=owned, why="the other node gave it" if owned else "it was free")

    def peerAppeared(self, *, active: bool) -> None:
        """
        A life of the other node is heard for the first time.  What its last one held of ours is held by
        nobody now (B3).

        @param active: it has come up already, unheard, and may have taken everything.
        """
        self._board.drop(ResourceSet.ALL)
        self.requestOwn(held=active)

    def peerReturned(self) -> None:
        """
        After a healed partition: what belongs to the other node is its own again.

        An original that has missed us too gives everything up after two seconds and says goodbye: then
        it is taken again.  One that has not never gave up what is its own.
        """
        self.giveBack("the partition is over, and its home node holds it")
        self.requestOwn(held=True)

    def giveBack(self, why: str) -> None:
        """Release what belongs to the other node, which will not ask for it."""
        self._board.drop(ResourceSet.ALL)
        self._worker.want(self._board.keys(ResourceSet.FOREIGN), False, why=why)

    def progress(self) -> None:
        """The worker has moved: answer requests whose group is released."""
        for key in sorted(self._giving):
            if not self._worker.settled([key]) or self._worker.standing([key]):
                continue
            self._giving.discard(key)
            if self._board.peer is not None:
                self._messenger.send(
                    Message.of(
                        RESPONSE,
                        dest=self._board.peer.name,
                        ipaddr=key,
                        weown="yes",
                        ok="OK",
                    )
                )

    def stop(self) -> None:
        """Ask no more, and take nothing that was asked for."""
        self._asked.clear()
        self._alarm.cancel()

    def _askAgain(self) -> None:
        self._asked.clear()
        self.requestOwn()

    def _take(self, key: str, *, handedOver: bool, why: str) -> None:
        self._asked.discard(key)
        self._worker.want([key], True, handedOver=handedOver, why=why)
