"""
What the UDP media share: sending, hearing, and starting over when the interface is not what it was.

They differ in how their sockets are prepared and where they send, which is an L{Approach}.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from twisted_ha.bus import EventBus
from twisted_ha.errors import MediumError
from twisted_ha.events import Warned
from twisted_ha.frozen import dataclass
from twisted_ha.media.device import DeviceMedium
from twisted_ha.media.echoes import Echoes
from twisted_ha.media.reactor import SocketReactor
from twisted_ha.media.receivers import Deliver

__all__ = ["Approach", "Channel", "UdpMedium", "whyNotSent"]

_FULL = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.ENOMEM})
_REFUSED = frozenset({errno.EPERM, errno.EACCES})


class Stoppable(Protocol):
    """Something that hears until it is stopped."""

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """
    Open sockets.

    @ivar sender: what to send with, and C{destination} where to.
    @ivar heard: what hears.
    @ivar identity: what the sockets depend on; when it is no longer so, they are made anew.
    @ivar detail: what is open, for people.
    """

    sender: socket.socket
    destination: tuple[Any, ...]
    heard: Stoppable
    identity: object
    detail: str


class Approach(Protocol):
    """One way of using UDP."""

    kind: str
    name: str

    def identity(self) -> object:
        """
        What the sockets depend on, as it is now.

        @raise MediumError: the interface is gone, or cannot be used.
        """

    def prepare(self, deliver: Deliver, lost: Callable[[str], None]) -> Channel:
        """
        Make the sockets.

        @raise MediumError: they cannot be made.
        @raise OSError: the same, in the kernel's words.
        """


def whyNotSent(error: OSError) -> str:
    """Why a datagram could not be sent, for people."""
    text = error.strerror or str(error)
    if error.errno in _REFUSED:
        return f"sending is refused: {text} (a packet filter on this machine?)"
    return f"sending fails: {text}"


class UdpMedium(DeviceMedium):
    """
    A UDP medium.

    @cvar PATIENCE: so many datagrams in a row may be lost to a full queue before that is told; any
        other error is told at once.
    """

    PATIENCE: ClassVar[int] = 3

    def __init__(
        self,
        approach: Approach,
        reactor: SocketReactor,
        bus: EventBus,
        echoes: Echoes,
        patient: bool = False,
    ) -> None:
        super().__init__(approach.kind, approach.name, reactor, bus, patient)
        self._approach = approach
        self._echoes = echoes
        self._channel: Channel | None = None
        self._fullInARow = 0
        self._largest = 0

    def send(self, frame: bytes) -> None:
        """One datagram; what happens to it shows in L{losses} and as events."""
        if self._sink is None:
            return
        channel = self._channel
        if channel is None:
            self._losses += 1
            return
        self._echoes.sent(frame)
        try:
            channel.sender.sendto(frame, channel.destination)
        except OSError as e:
            self._losses += 1
            self._notSent(e, len(frame))
        else:
            self._fullInARow = 0
            self._upkeep.succeeded()

    def datagramReceived(self, datagram: bytes, source: str) -> bool:
        """
        Something was heard; our own frames are not worth telling.

        @return: whether it was a message of this cluster.
        """
        return datagram not in self._echoes and self._deliver(datagram, source)

    def _notSent(self, error: OSError, size: int) -> None:
        if error.errno == errno.EMSGSIZE:
            # The fault of this frame and not of the medium; told once for each new record.
            if size > self._largest:
                self._largest = size
                self._bus.publish(
                    Warned(
                        message=f"a message of {size} bytes does not fit through {self.name}; it is lost"
                    )
                )
            return
        if error.errno in _FULL:
            self._fullInARow += 1
            if self._fullInARow < self.PATIENCE:
                return
        self._upkeep.failed(whyNotSent(error))

    def _acquire(self) -> str:
        # The new sockets first: a receive socket that others share is kept that way.
        before, self._channel = self._channel, None
        try:
            self._channel = self._approach.prepare(self.datagramReceived, self._upkeep.lost)
        finally:
            _close(before)
        return self._channel.detail

    def _check(self) -> None:
        if self._channel is not None and self._approach.identity() != self._channel.identity:
            raise MediumError("the interface was replaced or has another address")

    def _release(self) -> None:
        channel, self._channel = self._channel, None
        _close(channel)


def _close(channel: Channel | None) -> None:
    if channel is not None:
        channel.sender.close()
        channel.heard.stop()
