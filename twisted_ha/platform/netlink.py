"""
The few words of rtnetlink that service addresses need.

The kernel answers these requests before C{send} returns, so they are plain calls of well under a
millisecond.

@see: rtnetlink(7), netlink(7); the numbers are the kernel's user interface (C{linux/rtnetlink.h},
    C{linux/if_addr.h}).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from twisted_ha.frozen import dataclass

__all__ = ["Configured", "Interface", "Netlink", "Route"]

Address = IPv4Address | IPv6Address

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_LINK = struct.Struct("=BxHiII")

_ERROR, _DONE = 2, 3
_NEWLINK, _GETLINK = 16, 18
_NEWADDR, _DELADDR, _GETADDR = 20, 21, 22
_GETROUTE = 26
_F_REQUEST, _F_MULTI, _F_ACK, _F_DUMP, _F_EXCL, _F_CREATE = 0x1, 0x2, 0x4, 0x300, 0x200, 0x400

_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_BROADCAST, _IFA_FLAGS = 1, 2, 3, 4, 8
_IFA_F_SECONDARY, _IFA_F_NODAD, _IFA_F_PERMANENT = 0x01, 0x02, 0x80
_RTA_OIF = 4
_RTM_F_FIB_MATCH = 0x2000
_RTN_UNICAST = 1
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_EXT_MASK = 1, 3, 29
_NO_STATISTICS = struct.pack("=I", 8)
_IFF_UP = 0x1


@dataclass(frozen=True, slots=True)
class Interface:
    """
    @ivar kind: the kernel's ARPHRD number: 1 is Ethernet.
    @ivar flags: C{IFF_*}.
    """

    index: int
    name: str
    kind: int
    flags: int
    hardware: bytes


@dataclass(frozen=True, slots=True)
class Configured:
    """
    One address as it is configured.

    @ivar secondary: another address of its network came first, and takes it along when it is deleted.
    @ivar permanent: without a lifetime: neither from DHCP nor from a router.
    """

    address: Address
    prefix: int
    index: int
    label: str | None
    broadcast: IPv4Address | None
    secondary: bool
    permanent: bool


@dataclass(frozen=True, slots=True)
class Route:
    """
    What leads to an address.

    @ivar index: the interface.
    @ivar prefix: the length of the route that matched; 0 is the default route.
    @ivar usable: it leads to a machine: not to a broadcast address, not into a black hole.
    """

    index: int
    prefix: int
    usable: bool


class Netlink:
    """A conversation with the kernel; a context manager.  Everything here may raise L{OSError}."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.settimeout(1.0)
        self._sequence = 0

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def interface(self, name: str) -> Interface:
        """@raise OSError: C{ENODEV}: there is none of this name."""
        wanted = _LINK.pack(0, 0, 0, 0, 0) + _attribute(_IFLA_IFNAME, name.encode() + b"\0")
        return _interface(self._ask(_GETLINK, wanted + _attribute(_IFLA_EXT_MASK, _NO_STATISTICS)))

    def interfaceAt(self, index: int) -> Interface:
        """@raise OSError: C{ENODEV}: there is none with this number (any more)."""
        wanted = _LINK.pack(0, 0, index, 0, 0)
        return _interface(self._ask(_GETLINK, wanted + _attribute(_IFLA_EXT_MASK, _NO_STATISTICS)))

    def raiseInterface(self, index: int) -> None:
        """Set an interface up."""
        self._command(_NEWLINK, 0, _LINK.pack(0, 0, index, _IFF_UP, _IFF_UP))

    def addresses(self, family: int) -> list[Configured]:
        """Every address of a family in the kernel's order: the first of an interface is its main one."""
        return [_configured(body) for body in self._dump(_GETADDR, _ADDRESS.pack(family, 0, 0, 0, 0))]

    def add(self, new: Configured) -> None:
        """@raise FileExistsError: it is there already."""
        self._command(_NEWADDR, _F_CREATE | _F_EXCL, _body(new))

    def delete(self, old: Configured) -> None:
        """@raise OSError: C{EADDRNOTAVAIL}: it is not there."""
        self._command(_DELADDR, 0, _body(old))

    def route(self, address: Address) -> Route:
        """
        How C{address} would be reached, by all the kernel's rules.

        @raise OSError: C{ENETUNREACH}: not at all.
        """
        family = _family(address)
        bits = address.max_prefixlen
        target = _attribute(1, address.packed)
        # Asked twice: the first answer names the interface, the second the length of the route.
        resolved = self._ask(_GETROUTE, _ROUTE.pack(family, bits, 0, 0, 0, 0, 0, 0, 0) + target)
        matched = self._ask(
            _GETROUTE, _ROUTE.pack(family, bits, 0, 0, 0, 0, 0, 0, _RTM_F_FIB_MATCH) + target
        )
        interface = _attributes(resolved[_ROUTE.size :]).get(_RTA_OIF, b"\0\0\0\0")
        return Route(
            index=int(struct.unpack("=I", interface)[0]),
            prefix=matched[1],
            usable=resolved[7] == _RTN_UNICAST,
        )

    def _send(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        header = _HEADER.pack(_HEADER.size + len(body), kind, _F_REQUEST | flags, self._sequence, 0)
        self._socket.send(header + body)

    def _replies(self) -> Iterator[tuple[int, bytes]]:
        while True:
            data = self._socket.recv(1 << 18)
            at = 0
            while at + _HEADER.size <= len(data):
                length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
                if length < _HEADER.size:
                    break
                if sequence == self._sequence:
                    yield kind, data[at + _HEADER.size : at + length]
                at += (length + 3) & ~3

    def _dump(self, kind: int, body: bytes) -> list[bytes]:
        self._send(kind, _F_DUMP, body)
        found = []
        for reply, content in self._replies():
            if reply == _DONE:
                break
            if reply == _ERROR:
                _raise(content)
            found.append(content)
        return found

    def _ask(self, kind: int, body: bytes) -> bytes:
        self._send(kind, 0, body)
        reply, content = next(self._replies())
        if reply == _ERROR:
            _raise(content)
        return content

    def _command(self, kind: int, flags: int, body: bytes) -> None:
        self._send(kind, flags | _F_ACK, body)
        _, content = next(self._replies())
        _raise(content)


def _raise(content: bytes) -> None:
    (number,) = struct.unpack_from("=i", content)
    if number:
        raise OSError(-number, os.strerror(-number))


def _family(address: Address) -> int:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found


def _interface(body: bytes) -> Interface:
    _, kind, index, flags, _ = _LINK.unpack_from(body)
    found = _attributes(body[_LINK.size :])
    name = found.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode("ascii", "replace")
    return Interface(index, name, kind, flags, found.get(_IFLA_ADDRESS, b""))


def _configured(body: bytes) -> Configured:
    family, prefix, flags, _, index = _ADDRESS.unpack_from(body)
    found = _attributes(body[_ADDRESS.size :])
    if _IFA_FLAGS in found:
        (flags,) = struct.unpack("=I", found[_IFA_FLAGS])
    kind = IPv4Address if family == socket.AF_INET else IPv6Address
    label = found.get(_IFA_LABEL)
    broadcast = found.get(_IFA_BROADCAST)
    return Configured(
        address=kind(found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS, b""))),
        prefix=prefix,
        index=index,
        label=label.rstrip(b"\0").decode("ascii", "replace") if label else None,
        broadcast=IPv4Address(broadcast) if broadcast else None,
        # The same bit means "temporary" for IPv6, where deleting one address leaves the others.
        secondary=family == socket.AF_INET and bool(flags & _IFA_F_SECONDARY),
        permanent=bool(flags & _IFA_F_PERMANENT),
    )


def _body(address: Configured) -> bytes:
    family = _family(address.address)
    flags = _IFA_F_NODAD if family == socket.AF_INET6 else 0
    packed = address.address.packed
    body = _ADDRESS.pack(family, address.prefix, flags, 0, address.index) + _attribute(
        _IFA_LOCAL, packed
    )
    if family == socket.AF_INET6:
        body += _attribute(_IFA_ADDRESS, packed)
    elif address.broadcast is not None:
        body += _attribute(_IFA_BROADCAST, address.broadcast.packed)
    if address.label is not None:
        body += _attribute(_IFA_LABEL, address.label.encode() + b"\0")
    return body
