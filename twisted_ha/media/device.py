"""What all media share: a device that is opened, looked after, opened again, and closed."""

from __future__ import annotations

from typing import ClassVar, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import MediumError
from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.media.reactor import SocketReactor
from twisted_ha.media.upkeep import Upkeep
from twisted_ha.terms import NodeName

__all__ = ["DeviceMedium"]


@implementer(IMedium)
class DeviceMedium:
    """
    A medium with a device of its own.  What kind of device, a subclass says: how it is opened, watched,
    used and given back.
    """

    pingNode: NodeName | None = None
    datagram: ClassVar[bool] = True

    def __init__(
        self, kind: str, name: str, reactor: SocketReactor, bus: EventBus, patient: bool
    ) -> None:
        """@param patient: a device that cannot be opened at first is tried again, not refused."""
        self.kind = kind
        self.name = name
        self._losses = 0
        self._reactor = reactor
        self._bus = bus
        self._upkeep = Upkeep(
            cast(IReactorTime, reactor), bus, kind, name, self._attempt, self._check, patient
        )
        self._sink: IFrameSink | None = None

    @property
    def losses(self) -> int:
        """How many frames could not be sent."""
        return self._losses

    def open(self, sink: IFrameSink) -> None:
        """Open the device; from now on it is looked after."""
        self._sink = sink
        try:
            self._upkeep.start()
        except MediumError as e:
            self._sink = None
            raise MediumError(f"{self.kind} {self.name}: {e}") from None

    def close(self) -> Deferred[None]:
        """Give the device back."""
        self._sink = None
        self._upkeep.stop()
        self._release()
        return succeed(None)

    def send(self, frame: bytes) -> None:
        """Hand C{frame} to the device."""
        raise NotImplementedError

    def _deliver(self, frame: bytes, source: str) -> bool:
        """
        A frame was heard.

        @return: whether it was a message of this cluster.
        """
        return self._sink is not None and self._sink.frameReceived(frame, self, source)

    def _attempt(self) -> str:
        try:
            return self._acquire()
        except OSError as e:
            raise MediumError(e.strerror or str(e)) from None

    def _acquire(self) -> str:
        """
        Open the device, after giving back what is left of an earlier opening.

        @return: what it is open for, for people.
        @raise MediumError: it cannot be opened.
        @raise OSError: the same, in the kernel's words.
        """
        raise NotImplementedError

    def _check(self) -> None:
        """@raise MediumError: the device has to be opened anew."""

    def _release(self) -> None:
        """Give back whatever is open."""
        raise NotImplementedError
