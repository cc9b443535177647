"""
Reading datagrams from a socket that the platform has prepared.

The reactor adopts the socket, except where the kernel says with each datagram by which interface it
came: the reactor's own port does not read that, so such a socket has a reader of ours.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.platform.interface import Ancillary, ReceiveSocket

__all__ = ["PACKET_SIZE", "Closing", "Hear", "Listening", "SocketReactor", "listen", "sourceOf"]

PACKET_SIZE = 65535
"""The reactor's default, 8192, would cut a longer message in silence."""

_ANCILLARY_SIZE = 512
_AT_ONCE = 256
_NOTHING_NOW = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR})

Hear = Callable[[bytes, str, "int | None"], None]
"""Called with a datagram, where it came from, and the index of the interface if the socket tells."""


class SocketReactor(Protocol):
    """What we need of a reactor: C{IReactorSocket}, C{IReactorFDSet} and C{IReactorTime}."""

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: int, protocol: Any, maxPacketSize: int
    ) -> Any: ...

    def addReader(self, reader: Any) -> None: ...

    def removeReader(self, reader: Any) -> None: ...

    def seconds(self) -> float: ...

    def callLater(self, delay: float, callable: Callable[..., object], *args: object) -> Any: ...


class Listening(Protocol):
    """A socket that is being read."""

    def stop(self) -> Deferred[None]:
        """Read no more and close it; fires when that is done."""


def listen(
    reactor: SocketReactor, prepared: ReceiveSocket, hear: Hear, lost: Callable[[str], None]
) -> Listening:
    """
    Read C{prepared} from now on; it belongs to the answer.

    @param lost: called with the reason if the socket fails by itself.
    """
    if prepared.arrival is None:
        return _Adopted(reactor, prepared.socket, hear, lost)
    return _ArrivalReader(reactor, prepared.socket, prepared.arrival, hear, lost)


class Closing:
    """What is being closed and has not finished."""

    def __init__(self) -> None:
        self._pending: list[Deferred[None]] = []

    def add(self, closed: Deferred[None]) -> None:
        """Remember C{closed} until it fires."""
        self._pending.append(closed)
        closed.addBoth(self._done, closed)

    def finished(self) -> Deferred[None]:
        """Fires when everything added so far is closed."""
        return DeferredList(list(self._pending)).addCallback(lambda _: None)

    def _done(self, result: object, which: Deferred[None]) -> None:
        self._pending.remove(which)


def sourceOf(address: tuple[Any, ...]) -> str:
    """An address as people write it."""
    host, port = address[0], address[1] if len(address) > 1 else 0
    if not port:
        return str(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Adopted(DatagramProtocol):
    """A socket in the hands of the reactor."""

    noisy = False

    def __init__(
        self, reactor: SocketReactor, sock: socket.socket, hear: Hear, lost: Callable[[str], None]
    ) -> None:
        self._hear = hear
        self._lost: Callable[[str], None] | None = lost
        try:
            self._port = reactor.adoptDatagramPort(sock.fileno(), sock.family, self, PACKET_SIZE)
        finally:
            # The reactor has made a descriptor of its own.
            sock.close()

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._hear(datagram, sourceOf(addr), None)

    def stopProtocol(self) -> None:
        if self._lost is not None:
            self._lost("its socket was closed by an error")

    def stop(self) -> Deferred[None]:
        self._lost = None
        return maybeDeferred(self._port.stopListening)


@implementer(IReadDescriptor)
class _ArrivalReader:
    """A socket read with C{recvmsg}."""

    _log = Logger()

    def __init__(
        self,
        reactor: SocketReactor,
        sock: socket.socket,
        arrival: Callable[[Ancillary], int | None],
        hear: Hear,
        lost: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._socket = sock
        self._arrival = arrival
        self._hear = hear
        self._lost = lost
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return "media"

    def doRead(self) -> None:
        # Bounded, so that a flood leaves time for everything else.
        for _ in range(_AT_ONCE):
            try:
                datagram, ancillary, _, address = self._socket.recvmsg(PACKET_SIZE, _ANCILLARY_SIZE)
            except OSError as e:
                if e.errno not in _NOTHING_NOW:
                    self._close()
                    self._lost(f"its socket cannot be read: {e.strerror or e}")
                return
            try:
                self._hear(datagram, sourceOf(address), self._arrival(ancillary))
            except Exception:
                self._log.failure("a datagram could not be handled; this is a bug")
            if self._socket.fileno() == -1:
                return

    def connectionLost(self, reason: Failure) -> None:
        if self._socket.fileno() != -1:
            self._close()
            self._lost("its socket was closed by an error")

    def stop(self) -> Deferred[None]:
        self._close()
        return succeed(None)

    def _close(self) -> None:
        if self._socket.fileno() != -1:
            self._reactor.removeReader(self)
            self._socket.close()
