"""
Reading datagrams from a socket that the platform has prepared.

The reactor's own port reads up to 256 kB before anything else has its turn: a flood of short datagrams
would hold up the heartbeat for a second.  Nor does it read by which interface a datagram came, where the
kernel says so with each of them.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.media.reactor import SocketReactor
from twisted_ha.media.shield import Shield
from twisted_ha.platform.interface import ReceiveSocket

__all__ = ["PACKET_SIZE", "Hear", "Listening", "sourceOf"]

PACKET_SIZE = 65535
"""The longest datagram there is; a shorter buffer would cut a long message in silence."""

_ANCILLARY_SIZE = 512
_NOTHING_NOW = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR})

Hear = Callable[[bytes, str, "int | None"], bool]
"""
Called with a datagram, where it came from, and the index of the interface if the socket tells; returns
whether it was a message of this cluster.
"""


@lru_cache(maxsize=256)  # asked for every datagram, and those who send are few
def sourceOf(address: tuple[Any, ...]) -> str:
    """An address as people write it."""
    host, port = address[0], address[1] if len(address) > 1 else 0
    if not port:
        return str(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@implementer(IReadDescriptor)
class Listening:
    """
    A socket that is being read.

    @cvar AT_ONCE: datagrams read in one turn of the reactor.
    @cvar TURN: seconds after which a turn ends, whatever was read: some datagrams are costly to refuse.
    """

    AT_ONCE = 64
    TURN = 0.01
    _log = Logger()

    def __init__(
        self,
        reactor: SocketReactor,
        prepared: ReceiveSocket,
        hear: Hear,
        lost: Callable[[str], None],
    ) -> None:
        """
        Read C{prepared} from now on; it belongs to this object.

        @param lost: called with the reason if the socket fails by itself.
        """
        self._reactor = reactor
        self._socket = prepared.socket
        self._arrival = prepared.arrival
        self._hear = hear
        self._lost = lost
        self._shield = None if prepared.shield is None else Shield(reactor, prepared.shield)
        reactor.addReader(self)

    def fileno(self) -> int:
        """The descriptor, or -1 once it is closed."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """For the reactor's log."""
        return "media"

    def doRead(self) -> None:
        """Read what is there, but not for long: the heartbeat and the other sockets want their turn."""
        end = self._reactor.seconds() + self.TURN
        for _ in range(self.AT_ONCE):
            try:
                datagram, ancillary, _, address = self._socket.recvmsg(PACKET_SIZE, _ANCILLARY_SIZE)
            except OSError as e:
                if e.errno not in _NOTHING_NOW:
                    self.stop()
                    self._lost(f"its socket cannot be read: {e.strerror or e}")
                elif self._shield is not None:
                    self._shield.emptied()
                return
            arrival = None if self._arrival is None else self._arrival(ancillary)
            try:
                known = self._hear(datagram, sourceOf(address), arrival)
                if known and self._shield is not None:
                    self._shield.friend(address[0])
            except Exception:
                self._log.failure("a datagram could not be handled; this is a bug")
            if self._socket.fileno() == -1:
                return
            if self._reactor.seconds() >= end:
                break
        if self._shield is not None:
            self._shield.pressed()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor gives the socket up."""
        if self._socket.fileno() != -1:
            self.stop()
            self._lost("its socket was closed by an error")

    def stop(self) -> None:
        """Read no more and close it."""
        if self._shield is not None:
            self._shield.stop()
        if self._socket.fileno() != -1:
            self._reactor.removeReader(self)
            self._socket.close()
