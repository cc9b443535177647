"""
What Linux and FreeBSD have in common: the same calls with other numbers.

System calls that a test wants to see fail are handed in; nobody else needs to.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import ipaddress
import os
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from twisted_ha.errors import MediumError
from twisted_ha.platform.interface import ISerialLock, NetworkInterface
from twisted_ha.platform.serial_lock import SerialLock, isAlive

if TYPE_CHECKING:
    from serial import Serial

__all__ = ["Ioctl", "PosixPlatform", "SocketFactory", "explain"]

Ioctl = Callable[[int, int, bytes], bytes]
SocketFactory = Callable[[int, int, int], socket.socket]

_IFF_UP = 0x1
_IFF_BROADCAST = 0x2
_IFREQ = "16s24x"
_MCL_CURRENT_AND_FUTURE = 3
_MCL_ONFAULT = 4
"""Lock a page when it is first used.  Without it all that is merely mapped, thread stacks for
instance, becomes resident: 15 MB more.  Linux since 4.4; FreeBSD refuses the number."""
_GONE = frozenset({errno.ENODEV, errno.ENXIO})


def explain(error: OSError) -> str:
    """The kernel's words for an error, without Python's decoration."""
    return error.strerror or str(error)


def _ioctl(fd: int, request: int, argument: bytes) -> bytes:
    return fcntl.ioctl(fd, request, argument)


class PosixPlatform:
    """
    The common half of a platform.

    @cvar requests: the numbers of the interface ioctls: flags, address, netmask, broadcast.
    """

    requests: ClassVar[dict[str, int]]

    def __init__(
        self,
        socketFactory: SocketFactory = socket.socket,
        ioctl: Ioctl = _ioctl,
        indexOf: Callable[[str], int] = socket.if_nametoindex,
    ) -> None:
        self._socketFactory = socketFactory
        self._ioctl = ioctl
        self._indexOf = indexOf

    # -- interfaces

    def interface(self, name: str) -> NetworkInterface:
        """An interface as it is now: five system calls, cheap enough for every second."""
        try:
            index = self._indexOf(name)
        except OSError:
            raise MediumError(self._noSuchInterface(name)) from None
        asking = self._socketFactory(socket.AF_INET, socket.SOCK_DGRAM, 0)
        try:
            flags = self._flags(asking.fileno(), name)
            address = self._asked(asking.fileno(), "address", name)
            netmask = self._asked(asking.fileno(), "netmask", name) if address else None
            told = self._asked(asking.fileno(), "broadcast", name) if address else None
        except OSError as e:
            if e.errno in _GONE:
                raise MediumError(self._noSuchInterface(name)) from None
            raise MediumError(f"network interface {name} cannot be looked at: {explain(e)}") from None
        finally:
            asking.close()
        prefix = _prefix(netmask) if netmask else None
        broadcasts = bool(flags & _IFF_BROADCAST)
        return NetworkInterface(
            name=name,
            index=index,
            up=bool(flags & _IFF_UP),
            broadcasts=broadcasts,
            address=address,
            prefix=prefix,
            broadcast=_broadcast(address, prefix, told) if broadcasts else None,
        )

    def _noSuchInterface(self, name: str) -> str:
        if ":" in name:
            return (
                f"{name} is an alias, not a network interface; name the interface itself:"
                f" {name.partition(':')[0]}"
            )
        there = ", ".join(known for _, known in socket.if_nameindex())
        return f"there is no network interface {name} (there are: {there})"

    def _flags(self, fd: int, name: str) -> int:
        answer = self._ioctl(fd, self.requests["flags"], struct.pack(_IFREQ, name.encode()))
        (flags,) = struct.unpack_from("=h", answer, 16)
        return int(flags)

    def _asked(self, fd: int, what: str, name: str) -> str | None:
        try:
            answer = self._ioctl(fd, self.requests[what], struct.pack(_IFREQ, name.encode()))
        except OSError as e:
            if e.errno == errno.EADDRNOTAVAIL:
                return None
            raise
        return socket.inet_ntoa(answer[20:24])

    # -- sockets

    def _open(self, family: int, kind: int = socket.SOCK_DGRAM, protocol: int = 0) -> socket.socket:
        made = self._socketFactory(family, kind, protocol)
        made.setblocking(False)
        return made

    def _bind(self, sock: socket.socket, address: Any, where: str, port: int) -> None:
        """@raise MediumError: the socket cannot be bound; it is closed."""
        try:
            sock.bind(address)
        except OSError as e:
            sock.close()
            raise MediumError(_cannotBind(e, where, port)) from None

    # -- serial lines

    def openSerial(self, device: str, baud: int) -> Serial:
        """Open and set up a serial line; see L{openLine}."""
        from twisted_ha.platform.serial_line import openLine  # brings pyserial, which few need

        return openLine(device, baud, self._serialHint(device), lambda: self._serialUsers(device))

    def _serialHint(self, device: str) -> str:
        raise NotImplementedError

    def _serialUsers(self, device: str) -> list[str]:
        raise NotImplementedError

    def _serialLock(self, directory: str, device: str) -> ISerialLock:
        return SerialLock(directory, device, alive=self._alive)

    def _alive(self, pid: int) -> bool:
        """Whether a process runs, and so may own a lock."""
        return isAlive(pid)

    # -- the process

    def lockMemory(self) -> str:
        """C{mlockall}; the two systems agree on its numbers."""
        libc = ctypes.CDLL(None, use_errno=True)
        for flags in (_MCL_CURRENT_AND_FUTURE | _MCL_ONFAULT, _MCL_CURRENT_AND_FUTURE):
            if libc.mlockall(flags) == 0:
                return ""
        reason = os.strerror(ctypes.get_errno())
        return f"memory is not locked ({reason}): a machine that swaps can delay the heartbeat"


def _prefix(netmask: str) -> int:
    return int.from_bytes(socket.inet_aton(netmask), "big").bit_count()


def _broadcast(address: str | None, prefix: int | None, told: str | None) -> str | None:
    """
    Where a broadcast goes.

    C{ip addr add 10.0.0.1/24} leaves the kernel's own notion at 0.0.0.0, yet routes the network's
    last address as a broadcast; so that is what is meant.
    """
    if told and told != "0.0.0.0":
        return told
    if address is None or prefix is None or prefix > 30:
        return None
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False).broadcast_address)


def _cannotBind(error: OSError, where: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"UDP port {port} {where} is already in use: stop the other program (another heartbeat?)"
            " or choose another udpport, the same on all nodes"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"UDP port {port} {where} may not be used: {explain(error)}; start the daemon as root,"
            " or choose a udpport above 1023, the same on all nodes"
        )
    return f"UDP port {port} {where} cannot be used: {explain(error)}"
