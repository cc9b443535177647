"""The other node comes and goes: what follows from it."""

from __future__ import annotations

from enum import Enum

from twisted_ha.events import NodeDied
from twisted_ha.interfaces import INodes
from twisted_ha.resources.acquisition import Phase, Seen
from twisted_ha.resources.audit import Audit
from twisted_ha.resources.board import Board, Peer
from twisted_ha.resources.joiner import Joiner
from twisted_ha.resources.legacy import Legacy
from twisted_ha.resources.mover import Mover
from twisted_ha.resources.offers import Offers
from twisted_ha.resources.standby import Move, MoveSeen
from twisted_ha.resources.successor import Successor
from twisted_ha.resources.takeover import TakeoverSeen, classifyDeath
from twisted_ha.terms import ResourceSet

__all__ = ["Lookout"]


class _Sight(Enum):
    """What is known of the other node's present life, as far as it matters in legacy mode."""

    NONE = "it was not heard"
    THERE = "it is there"
    ACTIVE = "it has come up"


class Lookout:
    """Knows whether the other node is there, and tells the machines that something may follow."""

    def __init__(
        self,
        board: Board,
        joiner: Joiner,
        mover: Mover,
        offers: Offers,
        successor: Successor,
        audit: Audit,
        legacy: Legacy,
        nodes: INodes,
    ) -> None:
        self._board = board
        self._joiner = joiner
        self._mover = mover
        self._offers = offers
        self._successor = successor
        self._audit = audit
        self._legacy = legacy
        self._nodes = nodes
        self._lost = False
        self._missed = False
        self._buried = False
        self._sight = _Sight.NONE

    @property
    def _peer(self) -> Peer:
        assert self._board.peer is not None
        return self._board.peer

    @property
    def _negotiated(self) -> bool:
        return self._board.mode.negotiated

    def communicationsUp(self) -> None:
        """Every node was heard, or is dead.  Only this may come in a cluster of one."""
        peer = self._board.peer
        if peer is not None and self._nodes.isAlive(peer.name):
            self.heard()  # its first word may have been the one that brought communications up
        self._offers.communicationsUp()
        if not self._negotiated:
            self._legacyUp()
            return
        self._joiner.see(Seen.COMMUNICATIONS_UP)
        if peer is None:
            self._joiner.see(Seen.PEER_GONE)
        elif peer.left:
            self._succeed(TakeoverSeen.LEFT, f"{peer.name} has left")
        elif not peer.alive:
            seen = classifyDeath(peer, unsure=peer.unsure, between=False)
            self._succeed(seen, f"{peer.name} is not there")
        else:
            self._joiner.judge()

    def _legacyUp(self) -> None:
        if self._joiner.phase is not Phase.OFFLINE:
            return
        self._joiner.settleAtOnce()
        if self._board.peer is not None and self._peer.present:
            self._legacyMeets()
        else:
            self._legacyTake()

    def _legacyTake(self) -> None:
        peer = self._board.peer
        if peer is not None and not peer.present:
            seen = TakeoverSeen.LEFT if peer.left else TakeoverSeen.DIED_HOLDING
            self._succeed(seen, f"{peer.name} is not there")
        else:
            self._legacy.requestOwn()

    def _legacyMeets(self, *, back: bool = False) -> None:
        """
        Tell the legacy mode, once of each life: the other node is there; it is active.

        @param back: this is the life that was declared dead: it gave nothing up that is its own.
        """
        settled = self._joiner.phase is Phase.STABLE
        if self._negotiated or not settled or not self._peer.present:
            return
        name = self._peer.name
        before, self._sight = self._sight, _Sight.ACTIVE if self._nodes.isActive(name) else _Sight.THERE
        if self._sight is before:
            return
        if self._sight is _Sight.THERE:
            self._legacy.peerAppeared()
        elif back:
            self._legacy.peerActive("the partition is over, and its home node holds it")
        else:
            self._legacy.peerActive(None if self._nodes.isOurs(name) else "its home node is active")

    def late(self, keepalive: float) -> None:
        """A status of it came later than warntime."""
        settled = self._joiner.phase is Phase.STABLE
        if (
            not self._negotiated
            and settled
            and self._peer.present
            and not self._nodes.isOurs(self._peer.name)
        ):
            self._legacy.peerLate(2 * keepalive)

    def guardianReleased(self) -> None:
        """In legacy mode nobody else will notice: this node must get them again itself."""
        self._lost = not self._negotiated

    def regain(self) -> None:
        """This node knows again where it stands: it gets what its guardian had to release."""
        if self._lost and self._joiner.phase is Phase.STABLE:
            self._lost = False
            self._legacyTake()

    def heard(self) -> None:
        """A message of it has arrived."""
        peer = self._peer
        peer.alive = True
        peer.ours = self._nodes.isOurs(peer.name)
        if self._missed:
            # Of the life that was declared dead; the status that says so may come after it.
            self._missed = False
            self._audit.returned()

    def statusChanged(self) -> None:
        """A status of it has arrived, and is another than the last."""
        # Another message may have come before it, and that is not enough to end a takeover.
        appears = self._buried or not self._peer.alive
        self._buried = False
        self.heard()
        if appears:
            self._successor.see(TakeoverSeen.PEER_BACK)
            if self._joiner.takesPart:
                self._board.report(why=f"{self._peer.name} is alive")
        self._legacyMeets()

    def returned(self) -> None:
        """It was declared dead and never was."""
        self._buried = False
        peer = self._peer
        self.heard()
        peer.left = False
        self._successor.see(TakeoverSeen.PEER_BACK)
        self._audit.returned()
        self._sight = _Sight.NONE
        self._legacyMeets(back=True)
        if self._joiner.takesPart:
            self._board.ask(f"{peer.name} has returned")

    def restarted(self) -> None:
        """Its daemon was started anew, and may have been too quick to be declared dead."""
        self._missed = self._buried = False
        self._peer.newLife()
        self._joiner.peerRestarted()
        self._lifeEnded()
        self._successor.see(TakeoverSeen.PEER_BACK)
        self._audit.wantFailback = True
        self._sight = _Sight.NONE
        self._legacyMeets()

    def died(self, event: NodeDied) -> None:
        """It was silent longer than its deadtime."""
        peer = self._peer
        seen = classifyDeath(
            peer,
            unsure=not peer.certain or not self._negotiated,
            between=self._mover.state in (Move.HANDED, Move.GRANTED),
        )
        succeeded = peer.left and self._board.mine == ResourceSet.ALL  # when it said goodbye
        peer.died()
        self._missed, self._buried = event.heard, True
        self._sight = _Sight.NONE
        self._lifeEnded()
        if self._joiner.takesPart and not succeeded:
            self._succeed(seen, f"{peer.name} died (silent for {event.silentFor:.2f} s)")

    def left(self) -> None:
        """It says that it has released everything and leaves."""
        peer = self._peer
        peer.saidGoodbye()
        self._lifeEnded()
        if self._joiner.takesPart:
            self._succeed(TakeoverSeen.LEFT, f"{peer.name} has left")

    def _lifeEnded(self) -> None:
        self._offers.forget()
        self._mover.see(MoveSeen.PEER_GONE)
        self._audit.peerGone()

    def _succeed(self, seen: TakeoverSeen, why: str) -> None:
        self._audit.wantFailback = True
        self._successor.begin(self._peer.name, seen, why)
        self._joiner.see(Seen.PEER_GONE)
