"""The doors for programs written for the original: its API socket and its command FIFO."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred

from twisted_ha.api.listening import SocketService
from twisted_ha.assembly import LocalNode
from twisted_ha.bus import EventBus
from twisted_ha.events import CommunicationsUp, Event
from twisted_ha.hbapi.desk import Desk
from twisted_ha.hbapi.fifo import CommandFifo
from twisted_ha.hbapi.kinds import CLIENT_QUERY
from twisted_ha.hbapi.node import LocalClusterNode
from twisted_ha.hbapi.signon import Peer

__all__ = ["Attention", "ClientApi"]


class ClientApi:
    """
    Opens the FIFO at once, and the socket when this node takes part in the cluster: until then
    C{cl_status} says that heartbeat is stopped, and programs wait.

    @ivar desk: those who are signed on.
    """

    def __init__(
        self,
        node: LocalNode,
        *,
        socket: str,
        fifo: str,
        reactor: Any,
        wallClock: Callable[[], float],
        bus: EventBus,
        credentials: Callable[[Any], Peer],
        working: Callable[[str], bool] = lambda medium: True,
    ) -> None:
        """
        @param socket: the path of the API's socket.
        @param fifo: the path of the FIFO.
        @param credentials: who is at the other end of a transport.
        @param working: whether the medium of that name is open.
        """
        self._node = node
        local = LocalClusterNode(node, working)
        self.desk = Desk(local, clock=reactor, wallClock=wallClock, bus=bus, credentials=credentials)
        self._socket = _RegisterService(socket, self.desk, reactor=reactor, clock=reactor, bus=bus)
        self._fifo = CommandFifo(
            fifo,
            reactor=reactor,
            clock=reactor,
            bus=bus,
            received=partial(local.inject, origin="the command FIFO"),
        )
        self._attention = Attention(node, self.desk)
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Hear what happens, and open the doors."""
        self._unsubscribe = self._node.bus.subscribe(self._happened)
        self._fifo.open()
        if self._node.core.communicationsUp:
            self._open()

    def stop(self) -> Deferred[None]:
        """Close the doors.  Clients see the end of their connections, and nothing before it."""
        self._unsubscribe()
        self._attention.pay(False)
        self._fifo.close()
        self.desk.closeAll()
        return self._socket.stopService()

    def _open(self) -> None:
        if not self._socket.running:
            self._socket.startService()

    def _happened(self, event: Event, when: float) -> None:
        if isinstance(event, CommunicationsUp):
            self._open()


class Attention:
    """
    Follows what the cluster says while there is somebody to tell it, which mostly there is not.

    What other nodes ask about clients is answered always.
    """

    def __init__(self, node: LocalNode, desk: Desk) -> None:
        self._node = node
        self._feed = desk.feed
        self._ends: list[Callable[[], None]] = []
        desk.attended = self.pay
        node.core.handle(CLIENT_QUERY, lambda header, message: desk.asked(message))

    def pay(self, somebody: bool) -> None:
        """@param somebody: whether anybody is signed on."""
        while self._ends:
            self._ends.pop()()
        self._feed.stop()
        if somebody:
            self._ends = [
                self._node.core.observe(self._feed.heard),
                self._node.bus.subscribe(self._feed.happened),
            ]


class _RegisterService(SocketService):
    """The socket is open to everybody; who may sign on is asked of the kernel and of C{apiauth}."""

    name = "client API"

    def mode(self) -> int:
        """As the original's."""
        return 0o777
