"""C{bcast}: to the broadcast address of one interface (wire-protocol.md section 8.1)."""

from __future__ import annotations

from collections.abc import Callable

from twisted_ha.config.model import BcastMedium
from twisted_ha.errors import MediumError
from twisted_ha.media.receivers import Deliver, Receivers
from twisted_ha.media.udp import Channel
from twisted_ha.platform.interface import IPlatform, NetworkInterface

__all__ = ["Broadcast"]


class Broadcast:
    """Reaches whoever is on the same network."""

    kind = "bcast"

    def __init__(self, config: BcastMedium, platform: IPlatform, receivers: Receivers) -> None:
        self.name = config.interface
        self._port = config.port
        self._platform = platform
        self._receivers = receivers

    def identity(self) -> object:
        """The interface's number, and where a broadcast goes."""
        return _identity(self._interface())

    def prepare(self, deliver: Deliver, lost: Callable[[str], None]) -> Channel:
        """Make the sockets."""
        interface = self._interface()
        assert interface.broadcast is not None
        sender = self._platform.broadcastSender(interface)
        try:
            heard = self._receivers.join(interface, self._port, False, deliver, lost)
        except BaseException:
            sender.close()
            raise
        return Channel(
            sender=sender,
            destination=(interface.broadcast, self._port),
            heard=heard,
            identity=_identity(interface),
            detail=f"UDP port {self._port}, to {interface.broadcast}",
        )

    def _interface(self) -> NetworkInterface:
        interface = self._platform.interface(self.name)
        if not interface.broadcasts:
            raise MediumError(f"{self.name} is no interface that can broadcast; use ucast instead")
        if interface.broadcast is None:
            raise MediumError(
                f"{self.name} has no IPv4 address with a broadcast address; give it one, or use ucast6"
                " or mcast6"
            )
        return interface


def _identity(interface: NetworkInterface) -> tuple[int, str | None]:
    return interface.index, interface.broadcast
