"""C{ucast} and C{ucast6}: to one address (wire-protocol.md sections 8.3 and 8.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted_ha.config.model import UcastMedium
from twisted_ha.media.hosts import Resolve, isLinkLocal, resolve
from twisted_ha.media.receivers import Deliver, Receivers
from twisted_ha.media.udp import Channel
from twisted_ha.platform.interface import IPlatform, NetworkInterface

__all__ = ["Unicast"]


class Unicast:
    """
    Reaches one node.

    One line a peer; a line with this node's own address is allowed, so that all nodes can have the same
    file, and leads nowhere.
    """

    def __init__(
        self,
        config: UcastMedium,
        platform: IPlatform,
        receivers: Receivers,
        resolve: Resolve = resolve,
    ) -> None:
        self.kind = "ucast6" if config.ipv6 else "ucast"
        self.name = config.interface
        self._config = config
        self._platform = platform
        self._receivers = receivers
        self._resolve = resolve
        self._host: str | None = None

    def identity(self) -> object:
        """The interface's number."""
        return self._platform.interface(self.name).index

    def prepare(self, deliver: Deliver, lost: Callable[[str], None]) -> Channel:
        """Make the sockets.  A host name is looked up the first time only: at start one may wait."""
        config = self._config
        if self._host is None:
            self._host = self._resolve(config.address, config.ipv6)
        interface = self._platform.interface(self.name)
        sender = self._platform.unicastSender(interface, config.ipv6)
        try:
            heard = self._receivers.join(interface, config.port, config.ipv6, deliver, lost)
        except BaseException:
            sender.close()
            raise
        return Channel(
            sender=sender,
            destination=self._destination(self._host, interface),
            heard=heard,
            identity=interface.index,
            detail=f"UDP port {config.port}, to {self._host}",
        )

    def _destination(self, host: str, interface: NetworkInterface) -> tuple[Any, ...]:
        if not self._config.ipv6:
            return (host, self._config.port)
        return (host, self._config.port, 0, interface.index if isLinkLocal(host) else 0)
