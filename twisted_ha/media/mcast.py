"""
C{mcast} and C{mcast6}: to a multicast group through one interface (wire-protocol.md sections 8.2
and 8.4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted_ha.config.model import McastMedium
from twisted_ha.errors import MediumError
from twisted_ha.media.listening import Listening
from twisted_ha.media.reactor import SocketReactor
from twisted_ha.media.receivers import Deliver
from twisted_ha.media.udp import Channel
from twisted_ha.platform.interface import IPlatform, NetworkInterface

__all__ = ["Multicast"]


class Multicast:
    """
    Reaches whoever has joined the group.

    A receive socket hears one group on one interface, so it is never shared.
    """

    def __init__(self, config: McastMedium, platform: IPlatform, reactor: SocketReactor) -> None:
        self.kind = "mcast6" if config.ipv6 else "mcast"
        self.name = config.interface
        self._config = config
        self._platform = platform
        self._reactor = reactor

    def identity(self) -> object:
        """The interface's number, and for IPv4 its address, which the packets carry."""
        return self._identity(self._interface())

    def prepare(self, deliver: Deliver, lost: Callable[[str], None]) -> Channel:
        """Make the sockets and join the group."""
        config = self._config
        interface = self._interface()
        sender = self._platform.multicastSender(interface, config.ttl, config.loop, config.ipv6)

        def hear(datagram: bytes, source: str, index: int | None) -> bool:
            return deliver(datagram, source)

        try:
            receiver = self._platform.multicastReceiver(
                interface, config.group, config.port, config.ipv6
            )
            heard = Listening(self._reactor, receiver, hear, lost)
        except BaseException:
            sender.close()
            raise
        destination: tuple[Any, ...] = (config.group, config.port)
        if config.ipv6:
            destination = (config.group, config.port, 0, interface.index)
        return Channel(
            sender=sender,
            destination=destination,
            heard=heard,
            identity=self._identity(interface),
            detail=f"UDP group {config.group} port {config.port}, ttl {config.ttl}",
        )

    def _interface(self) -> NetworkInterface:
        interface = self._platform.interface(self.name)
        if not self._config.ipv6 and interface.address is None:
            raise MediumError(f"{self.name} has no IPv4 address; give it one, or use mcast6")
        return interface

    def _identity(self, interface: NetworkInterface) -> object:
        return interface.index, None if self._config.ipv6 else interface.address
