"""
C{ping}, C{ping6} and C{ping_group}: nodes that only answer (wire-protocol.md sections 8.6 and 8.7).

The payload of a request is the message the ping node would send if it could; its reply brings it back.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted_ha.bus import EventBus
from twisted_ha.config.model import PingMedium as PingConfig
from twisted_ha.media.device import DeviceMedium
from twisted_ha.media.hosts import Resolve, resolve
from twisted_ha.media.icmp import parseReply, request
from twisted_ha.media.listening import Listening
from twisted_ha.media.reactor import SocketReactor
from twisted_ha.media.udp import whyNotSent
from twisted_ha.platform.interface import EchoSocket, IPlatform, ReceiveSocket

__all__ = ["PingMedium"]


class PingMedium(DeviceMedium):
    """
    One ping node.

    A raw socket hears the replies to every program of the machine, so a reply counts if it carries our
    identifier and returns unchanged what we sent under its sequence number; that also keeps the ping
    nodes of this daemon apart, which all use the same identifier.  The address of a reply is compared
    for a group only: a router may answer from another one.

    @cvar REMEMBERED: requests that may still be answered, in slots by sequence number.
    """

    REMEMBERED = 128

    def __init__(
        self,
        config: PingConfig,
        platform: IPlatform,
        reactor: SocketReactor,
        bus: EventBus,
        getpid: Callable[[], int] = os.getpid,
        resolve: Resolve = resolve,
        patient: bool = False,
    ) -> None:
        """@param getpid: asked when opening, since a daemon forks before that."""
        kind = "ping_group" if config.group else "ping6" if config.ipv6 else "ping"
        super().__init__(kind, str(config.name), reactor, bus, patient)
        self.pingNode = config.name
        self._config = config
        self._platform = platform
        self._getpid = getpid
        self._resolve = resolve
        self._addresses: tuple[str, ...] = ()
        self._destinations: tuple[str, ...] = ()
        self._echo: EchoSocket | None = None
        self._identifier = 0
        self._listening: Listening | None = None
        self._sequence = 0
        self._asked: list[tuple[int, bytes] | None] = [None] * self.REMEMBERED

    def send(self, frame: bytes) -> None:
        """Ask every host, with C{frame} as payload."""
        if self._sink is None:
            return
        echo = self._echo
        if echo is None:
            self._losses += 1
            return
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFF
        self._asked[sequence % self.REMEMBERED] = (sequence, frame)
        asking = request(self._identifier, sequence, frame, self._config.ipv6, sign=not echo.checksummed)
        refused = ""
        asked = 0
        for address in self._destinations:
            try:
                echo.socket.sendto(asking, (address, 0))
                asked += 1
            except OSError as e:
                refused = whyNotSent(e)
        if asked:
            self._upkeep.succeeded()
        else:
            self._losses += 1
            self._upkeep.failed(refused)

    def _heard(self, packet: bytes, source: str, index: int | None) -> bool:
        if self._echo is None:
            return False
        reply = parseReply(packet, self._echo.headed, self._config.ipv6)
        if reply is None or reply.identifier != self._identifier:
            return False
        if self._config.group and source not in self._addresses:
            return False
        slot = reply.sequence % self.REMEMBERED
        if self._asked[slot] != (reply.sequence, reply.payload):
            return False
        self._asked[slot] = None
        return self._deliver(reply.payload, source)

    def _acquire(self) -> str:
        self._release()
        if not self._addresses:
            config = self._config
            self._addresses = tuple(self._resolve(host, config.ipv6) for host in config.hosts)
            # A link-local address keeps its zone, as in fe80::1%eth0.
            self._destinations = tuple(
                address + host[len(host.partition("%")[0]) :]
                for address, host in zip(self._addresses, config.hosts, strict=True)
            )
        wanted = self._getpid() & 0xFFFF
        echo = self._platform.echoSocket(self._config.ipv6, wanted)
        self._identifier = wanted if echo.identifier is None else echo.identifier
        reading = ReceiveSocket(socket=echo.socket)
        self._listening = Listening(self._reactor, reading, self._heard, self._upkeep.lost)
        self._echo = echo
        return f"echo requests to {', '.join(self._addresses)}"

    def _release(self) -> None:
        self._echo = None
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.stop()
