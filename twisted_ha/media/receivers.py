"""
Receive sockets for broadcasts and unicasts, shared by the media that would only compete for them.

Several C{ucast} lines on one interface, or a C{bcast} beside them, would each bind the same port, and
the kernel would give each datagram to any of them.  They share one socket, and since they share the link
name, whichever stands first hears for all.  Where a socket cannot be bound to an interface, all
interfaces share one, and a datagram goes to the media of the interface it came in by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted_ha.media.listening import Listening
from twisted_ha.media.reactor import SocketReactor
from twisted_ha.platform.interface import IPlatform, NetworkInterface

__all__ = ["Deliver", "Membership", "Receivers"]

Deliver = Callable[[bytes, str], bool]
"""Called with a frame and where it came from; returns whether it was a message of this cluster."""

_Key = tuple[bool, int, int | None]
"""IPv6, port, and the interface's index where a socket hears one interface only."""


@dataclass(eq=False)
class Membership:
    """One medium's share of a receive socket."""

    index: int
    deliver: Deliver
    lost: Callable[[str], None]
    _leave: Callable[[Membership], None]

    def stop(self) -> None:
        """Hear no more; the socket is closed if this was the last share."""
        self._leave(self)


@dataclass(eq=False)
class _Shared:
    """A receive socket and those who hear it."""

    members: list[Membership] = field(default_factory=list)
    listening: Listening | None = None

    def hear(self, datagram: bytes, source: str, index: int | None) -> bool:
        for member in self.members:
            if index is None or member.index == index:
                return member.deliver(datagram, source)
        return False

    def lost(self, reason: str) -> None:
        members, self.members = self.members, []
        for member in members:
            member.lost(reason)


class Receivers:
    """All shared receive sockets of the daemon."""

    def __init__(
        self,
        reactor: SocketReactor,
        platform: IPlatform,
        alsoMulticast: frozenset[tuple[bool, int]] = frozenset(),
    ) -> None:
        """
        @param alsoMulticast: (IPv6, port) of the ports that multicast media use too.  Only these may be
            shared with other sockets; any other port that is in use is a mistake worth telling.
        """
        self._reactor = reactor
        self._platform = platform
        self._alsoMulticast = alsoMulticast
        self._open: dict[_Key, _Shared] = {}

    def join(
        self,
        interface: NetworkInterface,
        port: int,
        ipv6: bool,
        deliver: Deliver,
        lost: Callable[[str], None],
    ) -> Membership:
        """
        Hear what comes to C{port} by C{interface}.

        @param lost: called with the reason if the socket fails; the share is gone then.
        @raise MediumError: the port cannot be used.
        """
        key = (ipv6, port, interface.index if self._platform.hearsInterface else None)
        shared = self._open.get(key)
        if shared is None:
            shared = self._listen(key, interface)
        member = Membership(
            interface.index, deliver, lost, lambda leaving: self._leave(key, shared, leaving)
        )
        shared.members.append(member)
        return member

    def _listen(self, key: _Key, interface: NetworkInterface) -> _Shared:
        ipv6, port, _ = key
        prepared = self._platform.receiver(interface, port, ipv6, (ipv6, port) in self._alsoMulticast)
        shared = _Shared()

        def lost(reason: str) -> None:
            if self._open.get(key) is shared:
                del self._open[key]
            shared.lost(reason)

        shared.listening = Listening(self._reactor, prepared, shared.hear, lost)
        self._open[key] = shared
        return shared

    def _leave(self, key: _Key, shared: _Shared, leaving: Membership) -> None:
        if leaving not in shared.members:
            return
        shared.members.remove(leaving)
        if shared.members or shared.listening is None:
            return
        if self._open.get(key) is shared:
            del self._open[key]
        shared.listening.stop()
