"""
When this node's communications are up: everybody was heard or is dead, and node lists are exchanged.

@see: wire-protocol.md sections 4.2 and 9.1; resource-management.md section 3.4.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.cluster.nodes import Node, NodeTable
from twisted_ha.events import Warned
from twisted_ha.terms import NodeName
from twisted_ha.wire.message import Message

__all__ = ["ASK_AGAIN", "REPNODES", "REQNODES", "Communications"]

REQNODES = "reqnodes"
REPNODES = "repnodes"

ASK_AGAIN = 1.0
"""Seconds between two requests; heartbeat answers within half of that."""

TRIES = 10
"""So often each node is asked.  What it would say changes nothing for us."""


class Communications:
    """
    The way from C{up} to C{active}.

    @ivar up: communications are up; they stay so.
    """

    def __init__(
        self,
        *,
        clock: IReactorTime,
        bus: EventBus,
        nodes: NodeTable,
        configured: tuple[NodeName, ...],
        sendTo: Callable[[NodeName, Message], None],
        nowUp: Callable[[], None],
    ) -> None:
        """
        @param configured: the ordinary nodes in the order of C{ha.cf}.
        @param nowUp: called once.
        """
        self._clock = clock
        self._bus = bus
        self._nodes = nodes
        self._configured = configured
        self._sendTo = sendTo
        self._nowUp = nowUp
        self._call: IDelayedCall | None = None
        self._asked = 0
        self._compared: set[NodeName] = set()
        self._started = False
        self.up = False

    def start(self) -> None:
        """Begin to look whether everybody is there."""
        self._started = True
        self.consider()

    def stop(self) -> None:
        """Ask nobody any more."""
        self._started = False
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def consider(self) -> None:
        """Something has changed that may be what was waited for."""
        if self.up or not self._started:
            return
        if not all(node.heard or node.dead for node in self._nodes.others):
            return
        alive = [node for node in self._nodes.peers if not node.dead]
        if not alive or any(node.extension is not None or not node.protocol for node in alive):
            # Nobody to ask; or somebody of our kind, whose list is its ha.cf; or heartbeat 1.2, which
            # does not answer.
            self._done()
        elif self._call is None:
            self._ask(alive)

    def _ask(self, alive: list[Node]) -> None:
        if self._asked >= TRIES * len(alive):
            names = ", ".join(node.name for node in alive)
            self._bus.publish(
                Warned(
                    message=f"no node list from {names} after {self._asked} requests; going on without"
                )
            )
            self._done()
            return
        node = alive[self._asked % len(alive)]
        self._asked += 1
        self._call = self._clock.callLater(ASK_AGAIN, self._askAgain)
        self._sendTo(node.name, Message.of(REQNODES))

    def _askAgain(self) -> None:
        self._call = None
        self.consider()

    def _done(self) -> None:
        self.stop()
        self.up = True
        self._nowUp()

    def requested(self, node: Node) -> None:
        """C{node} wants our node list; without it a real one never leaves C{up}."""
        listed = "".join(f"{name} " for name in self._configured)
        self._sendTo(node.name, Message.of(REPNODES, nodelist=listed, delnodelist=" "))

    def answered(self, node: Node, message: Message) -> None:
        """C{node} has sent its node list.  Ours is in C{ha.cf}: a difference is for people."""
        theirs = (message.get("nodelist") or "").split()
        if set(theirs) != set(self._configured) and node.name not in self._compared:
            self._compared.add(node.name)
            ours = " ".join(self._configured)
            self._bus.publish(
                Warned(
                    message=f"the nodes in ha.cf differ: {node.name} has"
                    f" {' '.join(theirs)[:200]!r}, this node has {ours!r}"
                )
            )
        if self._call is not None:
            self._done()
