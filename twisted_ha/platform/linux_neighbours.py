"""Asking and telling the neighbours on Linux, through a packet socket."""

from __future__ import annotations

import socket
import struct
from ctypes import addressof, c_char
from ipaddress import IPv4Address, IPv6Address

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from twisted_ha.platform import neighbours
from twisted_ha.platform.netlink import Interface

__all__ = ["LinuxNeighbours"]

_IFF_UP, _IFF_NOARP = 0x1, 0x80
_ETHERNET = 1
_SO_ATTACH_FILTER = 26
_RETURN = 0x06
_ICMP6_FILTER = 1


class LinuxNeighbours:
    """
    One packet socket for the life of the daemon: to close one, the kernel waits until every processor
    has forgotten it, which takes some 10 ms during which nothing else would run here.  A filter makes
    it deaf while nobody is asked.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._link: socket.socket | None = None
        self._asked: list[_Question] = []

    def close(self) -> None:
        """Give the socket back; it is opened again when it is needed."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def announce(self, interface: Interface, address: IPv4Address | IPv6Address) -> None:
        """
        Tell once that C{address} is at C{interface}; without ARP there is nobody to tell.

        @raise OSError: it could not be sent.
        """
        if _speaksArp(interface):
            for frame in neighbours.announcements(interface.hardware, address):
                self._send(interface, frame)

    def probe(
        self, interface: Interface, address: IPv4Address | IPv6Address, seconds: float
    ) -> Deferred[str | None]:
        """
        Ask who has C{address}, and look at the answers when the time is over.  On an interface that is
        down or knows no ARP (a tunnel) there is no second owner to find.

        @raise OSError: it could not be asked.
        """
        if not _speaksArp(interface) or not interface.flags & _IFF_UP:
            return succeed(None)
        question = neighbours.probe(interface.hardware, address)
        if isinstance(address, IPv6Address):
            return self._probe6(interface, address, question, seconds)
        asked = _Question(interface, address)
        link = self._open()
        if not self._asked:
            _filter(link, 0xFFFF)
        self._asked.append(asked)
        try:
            self._send(interface, question)
        except OSError:
            self._answered(asked)
            raise
        answer: Deferred[str | None] = Deferred()
        self._clock.callLater(seconds, lambda: answer.callback(self._answered(asked)))
        return answer

    def _answered(self, asked: _Question) -> str | None:
        self._read()
        self._asked.remove(asked)
        if not self._asked and self._link is not None:
            _filter(self._link, 0)
        return asked.answer

    def _read(self) -> None:
        for _ in range(4096):  # a flood must not keep us
            try:
                frame, source = self._open().recvfrom(2048)
            except OSError:
                return
            for asked in self._asked:
                asked.heard(frame, source[0])

    def _probe6(
        self, interface: Interface, address: IPv6Address, question: bytes, seconds: float
    ) -> Deferred[str | None]:
        listener = _advertisements()
        try:
            self._send(interface, question)
        except OSError:
            listener.close()
            raise
        answer: Deferred[str | None] = Deferred()

        def look() -> None:
            with listener:
                answer.callback(_advertised(listener, interface, address))

        self._clock.callLater(seconds, look)
        return answer

    def _send(self, interface: Interface, frame: bytes) -> None:
        self._open().sendto(frame, (interface.name, 0))

    def _open(self) -> socket.socket:
        if self._link is None:
            protocol = socket.htons(neighbours.ETHERTYPE_ARP)
            link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, protocol)
            try:
                link.setblocking(False)
                _filter(link, 0)
            except OSError:
                link.close()
                raise
            self._link = link
        return self._link


class _Question:
    """
    An address that is being asked for.

    @ivar answer: who has it, as far as is known.
    """

    def __init__(self, interface: Interface, address: IPv4Address) -> None:
        self._interface = interface
        self._address = address
        self.answer: str | None = None

    def heard(self, frame: bytes, interface: str) -> None:
        """An ARP frame came."""
        if interface == self._interface.name:
            hardware = neighbours.claimant(frame, self._address, self._interface.hardware)
            if hardware is not None:
                self.answer = neighbours.hardwareText(hardware)


def _advertised(listener: socket.socket, interface: Interface, address: IPv6Address) -> str | None:
    for _ in range(4096):
        try:
            message, source = listener.recvfrom(2048)
        except OSError:
            return None
        if source[3] in (0, interface.index):
            hardware = neighbours.advertiser(message, address, interface.hardware)
            if hardware is not None:
                return neighbours.hardwareText(hardware) or "a neighbour"
    return None


def _speaksArp(interface: Interface) -> bool:
    ethernet = interface.kind == _ETHERNET and len(interface.hardware) == 6
    return ethernet and not interface.flags & _IFF_NOARP


def _filter(link: socket.socket, length: int) -> None:
    """Let the first C{length} bytes of every frame through; none at all for 0."""
    program = struct.pack("=HBBI", _RETURN, 0, 0, length)
    kept = (c_char * len(program)).from_buffer_copy(program)
    link.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", 1, addressof(kept)))


def _advertisements() -> socket.socket:
    """A socket that hears neighbour advertisements and no other ICMPv6."""
    listener = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    try:
        blocked = [0xFFFFFFFF] * 8
        blocked[136 >> 5] &= ~(1 << (136 & 31))
        listener.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *blocked))
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
