"""
C{auto_failback legacy}: every node always takes its own groups, asking the other to give them up.

There are no claims and no reports; C{ip-request} asks for one group and C{ip-request-resp} says go
ahead (resource-management.md sections 3.9 and 4.5).  A node that comes up without hearing the other
takes everything and asks nobody, and nothing on the wire tells the other so.  So both ways to one owner
are taken, unlike in the original: whoever comes into sight as active is asked for what is ours, held
here or not, until it answers; and an original, which asks once or not at all, is told to go ahead.
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
        self._giving: dict[str, bool] = {}

    def requestOwn(self, *, held: bool = False) -> None:
        """
        Get every group of this node that is not wanted here yet.

        @param held: ask for the others too: the other node may run them as well, unheard.
        """
        own = self._board.keys(ResourceSet.LOCAL)
        self._asked.update(key for key in own if held or not self._worker.wants(key))
        self._ask()

    def askAgain(self) -> None:
        """Ask now for what was asked for and not answered, if there is any."""
        if self._asked:
            self._ask()

    def _ask(self) -> None:
        peer = self._board.peer
        asked = [key for key in self._board.keys(ResourceSet.LOCAL) if key in self._asked]
        if peer is None:
            for key in asked:
                self._take(key, handedOver=False, why="there is no other node")
        elif not peer.present:
            self._asked.clear()  # whoever takes over from it takes everything
        elif asked:
            for key in asked:
                self._messenger.send(Message.of(REQUEST, ipaddr=key))
            if self._alarm.due is None:
                self._alarm.set(ASK_AGAIN, self._ask)

    def requested(self, message: Message) -> None:
        """The other node asks for one of its groups."""
        key = message.get("ipaddr") or ""
        peer = self._board.peer
        if peer is not None and peer.left:
            return  # from before it said goodbye: it was lost, and comes late
        if key in self._worker.runners:
            name = peer.name if peer is not None else "the other node"
            self._give([key], f"{name} asked for it")

    def answered(self, message: Message) -> None:
        """A go-ahead; it counts if it is for a group that this node asked for."""
        key = message.get("ipaddr") or ""
        if message.get("ok") == "OK" and key in self._asked:
            owned = message.get("weown") == "yes"
            self._take(key, handedOver=owned, why="the other node gave it" if owned else "it was free")

    def peerAppeared(self) -> None:
        """
        A life of the other node is heard for the first time, and will ask for its groups.  What its last
        one held of ours is held by nobody now (B3).
        """
        self._board.drop(ResourceSet.ALL)
        self.requestOwn()

    def peerActive(self, why: str | None = None) -> None:
        """
        The other node has come up, as far as this one knows just now.  It may have done so unheard, or
        without hearing this node, and have taken everything.

        @param why: it will not ask for its own groups, and for what reason they are given to it.
        """
        self._board.drop(ResourceSet.ALL)
        if why is not None:
            self._give(self._board.keys(ResourceSet.FOREIGN), why)
        self.requestOwn(held=True)

    def peerLate(self, wait: float) -> None:
        """
        The other node, an original, was late.  If it heard this one late as well it declares it dead and
        takes everything without a word, when it hears its next status (B6).

        @param wait: seconds until that has certainly happened.
        """
        self._asked.update(self._board.keys(ResourceSet.LOCAL))
        self._alarm.set(max(wait, ASK_AGAIN), self._ask)

    def _give(self, keys: list[str], why: str) -> None:
        for key in keys:
            self._giving[key] = self._giving.get(key, False) or self._worker.standing([key])
        self._worker.want(keys, False, why=why)
        self.progress()

    def progress(self) -> None:
        """The worker has moved: say go ahead for what is released."""
        for key in sorted(self._giving):
            if not self._worker.settled([key]) or self._worker.standing([key]):
                continue
            held = self._giving.pop(key)
            if self._board.peer is not None:
                self._messenger.send(
                    Message.of(
                        RESPONSE,
                        dest=self._board.peer.name,
                        ipaddr=key,
                        weown="yes" if held else "no",
                        ok="OK",
                    )
                )

    def stop(self) -> None:
        """Ask no more, and take nothing that was asked for."""
        self._asked.clear()
        self._alarm.cancel()

    def _take(self, key: str, *, handedOver: bool, why: str) -> None:
        self._asked.discard(key)
        held = self._worker.wants(key)
        self._worker.want([key], True, handedOver=handedOver, why=why)
        if held and handedOver:
            self._worker.announce([key])  # the neighbours may know the other node's address for it
