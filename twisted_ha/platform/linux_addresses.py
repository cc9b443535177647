"""
Service addresses on Linux, through rtnetlink and packet sockets.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_interface

from twisted.internet.defer import Deferred, execute, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from twisted_ha.errors import PlatformError
from twisted_ha.interfaces import IAddresses
from twisted_ha.operations import PlacedAddress, ServiceAddress
from twisted_ha.platform.linux_neighbours import LinuxNeighbours
from twisted_ha.platform.netlink import Configured, Interface, Netlink

__all__ = ["LinuxAddresses"]

Address = IPv4Address | IPv6Address

_IFF_UP, _IFF_LOOPBACK = 0x1, 0x8
_LONGEST_LABEL = 15  # IFNAMSIZ without its NUL


@implementer(IAddresses)
class LinuxAddresses:
    """
    The addresses of the network namespace this process is in.

    Every call but L{probe} is finished when it returns.
    """

    _sysctls = "/proc/sys/net/ipv4/conf"

    def __init__(self, clock: IReactorTime) -> None:
        self._neighbours = LinuxNeighbours(clock)

    def find(self, address: Address) -> Deferred[tuple[PlacedAddress, ...]]:
        """Where C{address} stands now."""
        return execute(self._find, address)

    def plan(self, wanted: ServiceAddress) -> Deferred[PlacedAddress]:
        """
        What is not asked for comes from the route that leads to the address: the longest one, by all
        rules of the kernel.  The default route names an interface, but says nothing about the mask.
        """
        return execute(self._plan, wanted)

    def add(self, placed: PlacedAddress) -> Deferred[None]:
        """Add it; an interface that is down is set up, as C{ifconfig} does."""
        return execute(self._add, placed)

    def remove(self, placed: PlacedAddress) -> Deferred[None]:
        """Remove it, and see to it that nothing else goes with it."""
        return execute(self._remove, placed)

    def probe(self, placed: PlacedAddress, seconds: float) -> Deferred[str | None]:
        """Ask by ARP probe or neighbour solicitation."""
        return maybeDeferred(self._probe, placed, seconds)

    def announce(self, placed: PlacedAddress) -> None:
        """Gratuitous ARP, request and reply; for IPv6 an unsolicited advertisement."""
        with _explained(f"announce {placed.address} on {placed.interface}"), Netlink() as kernel:
            self._neighbours.announce(_named(kernel, placed.interface), placed.address)

    def close(self) -> None:
        """Give back what is kept open between calls."""
        self._neighbours.close()

    def emergencyCommand(self, address: Address) -> tuple[str, ...]:
        """A line of shell around C{ip}, which finds the address by itself."""
        version = f"-{address.version}"
        show = f"ip {version} -o address show to {address}/{address.max_prefixlen}"
        lines = (
            "command -v ip >/dev/null || exit 127",
            f"{show} | while read -r _ dev _ cidr _; do",
            '[ "$dev" = lo ] && continue',
            # Without this, deleting the first address of a network deletes the others with it.
            'echo 1 > "/proc/sys/net/ipv4/conf/$dev/promote_secondaries"',
            f'ip {version} address del "$cidr" dev "$dev"',
            "done 2>/dev/null",
            f'[ -z "$({show} | while read -r _ dev _; do [ "$dev" = lo ] || echo "$dev"; done)" ]',
        )
        return ("/bin/sh", "-c", "\n".join(lines))

    def _probe(self, placed: PlacedAddress, seconds: float) -> Deferred[str | None]:
        with _explained(f"probe for {placed.address} on {placed.interface}"), Netlink() as kernel:
            interface = _named(kernel, placed.interface)
            return self._neighbours.probe(interface, placed.address, seconds)

    def _find(self, address: Address) -> tuple[PlacedAddress, ...]:
        with _explained("read the addresses of this node"), Netlink() as kernel:
            main: dict[int, Configured] = {}
            found = []
            for each in kernel.addresses(_family(address)):
                main.setdefault(each.index, each)
                if each.address == address:
                    with suppress(OSError):  # an interface may go while we look
                        interface = kernel.interfaceAt(each.index)
                        found.append(_placed(each, interface, each is main[each.index]))
            return tuple(found)

    def _plan(self, wanted: ServiceAddress) -> PlacedAddress:
        name, prefix = wanted.interface, wanted.prefix
        with _explained(f"find an interface for {wanted.address}"), Netlink() as kernel:
            if name is None or prefix is None:
                route = kernel.route(wanted.address)
                if not route.usable:
                    raise PlatformError(
                        f"unable to find an interface for {wanted.address}: no machine can have that"
                        " address in the networks of this node"
                    )
                if prefix is None and route.prefix == 0:
                    raise PlatformError(
                        f"Cannot use default route w/o netmask [{wanted.address}]: write"
                        f" {wanted.address}/24, or whatever the size of its network is"
                    )
                name = name or kernel.interfaceAt(route.index).name
                prefix = prefix or route.prefix
            interface = _named(kernel, name)
            taken = {each.label for each in kernel.addresses(socket.AF_INET)}
        placed = PlacedAddress(
            address=wanted.address,
            prefix=prefix,
            interface=interface.name,
            label=wanted.label,
            broadcast=wanted.broadcast,
            loopback=bool(interface.flags & _IFF_LOOPBACK),
        )
        return _completed(placed, taken)

    def _add(self, placed: PlacedAddress) -> None:
        with _explained(f"add {placed}"), Netlink() as kernel:
            interface = _named(kernel, placed.interface)
            if not interface.flags & _IFF_UP:
                kernel.raiseInterface(interface.index)
            with suppress(FileExistsError):
                kernel.add(_wanted(placed, interface))

    def _remove(self, placed: PlacedAddress) -> None:
        with _explained(f"remove {placed}"), Netlink() as kernel:
            try:
                index = socket.if_nametoindex(placed.interface)
            except OSError:
                return  # gone with its interface
            before = [each for each in kernel.addresses(_family(placed.address)) if each.index == index]
            found = next((each for each in before if each.address == placed.address), None)
            if found is None:
                return
            network = ip_interface(f"{found.address}/{found.prefix}").network
            followers = [
                each
                for each in before
                if each.secondary and each.prefix == found.prefix and each.address in network
            ]
            if found.secondary or not followers:
                _delete(kernel, found)
                return
            with self._promoting(placed.interface):
                _delete(kernel, found)
            after = {each.address for each in kernel.addresses(socket.AF_INET) if each.index == index}
            for each in followers:
                if each.address not in after:
                    with suppress(FileExistsError):
                        kernel.add(each)

    @contextmanager
    def _promoting(self, interface: str) -> Iterator[None]:
        """
        The kernel deletes a network's other addresses together with its first one, unless told for the
        moment to promote the next; where that is not allowed they are added again afterwards.
        """
        path = os.path.join(self._sysctls, interface, "promote_secondaries")
        former: str | None = None
        try:
            with open(path, "r+", encoding="ascii") as file:
                former = file.read().strip()
                file.seek(0)
                file.write("1")
        except OSError:
            former = None
        try:
            yield
        finally:
            if former not in (None, "1"):
                with suppress(OSError), open(path, "w", encoding="ascii") as file:
                    file.write(former or "0")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn an L{OSError} into a sentence."""
    try:
        yield
    except OSError as error:
        raise _sentence(what, error) from error


def _sentence(what: str, error: OSError) -> PlatformError:
    reason = error.strerror or str(error)
    if error.errno in (errno.EPERM, errno.EACCES):
        reason += " (this needs root, or CAP_NET_ADMIN and CAP_NET_RAW)"
    return PlatformError(f"cannot {what}: {reason}")


def _named(kernel: Netlink, name: str) -> Interface:
    try:
        return kernel.interface(name)
    except OSError as error:
        if error.errno not in (errno.ENODEV, errno.ENXIO, errno.ERANGE, errno.EINVAL):
            raise
    there = ", ".join(known for _, known in socket.if_nameindex())
    raise PlatformError(f"there is no interface {name} on this node (there are: {there})")


def _family(address: Address) -> int:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def _placed(found: Configured, interface: Interface, main: bool) -> PlacedAddress:
    """
    What we say of an address.  Ours and heartbeat's carry a label; an interface's own address is the
    first one on it and carries none.  For IPv6 there are no labels, and only an automatic address is
    certainly not a service.
    """
    if found.address.version == 4:
        own = main and found.label in (None, interface.name)
    else:
        own = not found.permanent
    return PlacedAddress(
        address=found.address,
        prefix=found.prefix,
        interface=interface.name,
        label=found.label,
        broadcast=found.broadcast,
        loopback=bool(interface.flags & _IFF_LOOPBACK),
        own=own,
    )


def _completed(placed: PlacedAddress, taken: set[str | None]) -> PlacedAddress:
    """With broadcast address and label, where the address has such things."""
    if not isinstance(placed.address, IPv4Address):
        return placed
    broadcast, label = placed.broadcast, placed.label
    if broadcast is None and placed.prefix < 31:
        broadcast = IPv4Network(f"{placed.address}/{placed.prefix}", strict=False).broadcast_address
    if label is None:
        free = (f"{placed.interface}:{number}" for number in range(512))
        label = next((each for each in free if each not in taken), None)
    if label is not None and len(label) > _LONGEST_LABEL:
        label = None
    return PlacedAddress(
        address=placed.address,
        prefix=placed.prefix,
        interface=placed.interface,
        label=label,
        broadcast=broadcast,
        loopback=placed.loopback,
    )


def _wanted(placed: PlacedAddress, interface: Interface) -> Configured:
    return Configured(
        address=placed.address,
        prefix=placed.prefix,
        index=interface.index,
        label=placed.label,
        broadcast=placed.broadcast,
        secondary=False,
        permanent=True,
    )


def _delete(kernel: Netlink, old: Configured) -> None:
    try:
        kernel.delete(old)
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.ENODEV):
            raise
