"""Linux: sockets bound to interfaces, C{/proc}, C{SO_PEERCRED} and the Linux watchdog."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Collection
from contextlib import suppress
from typing import Any, ClassVar

from zope.interface import implementer

from twisted_ha.errors import MediumError, PlatformError
from twisted_ha.platform.interface import (
    Directories,
    EchoSocket,
    IPlatform,
    ISerialLock,
    IWatchdog,
    NetworkInterface,
    PeerCredentials,
    ReceiveSocket,
)
from twisted_ha.platform.linux_filter import attach, program
from twisted_ha.platform.linux_watchdog import LinuxWatchdog
from twisted_ha.platform.posix import PosixPlatform, explain

__all__ = ["LinuxPlatform"]

# <linux/in.h>, <linux/in6.h>, <linux/icmp.h>, <linux/icmpv6.h>: not in Python's socket module.
_IP_MULTICAST_ALL = 49
_IPV6_MULTICAST_ALL = 29
_SOL_RAW = 255
_ICMP_FILTER = 1
_SOL_ICMPV6 = 58
_ICMPV6_FILTER = 1
_ECHO_REPLY = 0
_ECHO_REPLY_6 = 129

_LOW_DELAY = 0x10

_QUEUE = 1 << 20
_SO_RCVBUFFORCE = 33


@implementer(IPlatform)
class LinuxPlatform(PosixPlatform):
    """A Linux system."""

    name = "Linux"
    hearsInterface = True
    requests: ClassVar = {"flags": 0x8913, "address": 0x8915, "broadcast": 0x8919, "netmask": 0x891B}
    directories = Directories(
        config="/etc/ha.d",
        state="/var/lib/heartbeat",
        run="/var/run/heartbeat",
        log="/var/log",
        serialLocks="/var/lock",
        pidFile="/var/run/heartbeat.pid",
        initScripts=("/etc/init.d",),
    )

    # -- interfaces and datagrams

    def linkLocal(self, name: str) -> str | None:
        """From C{/proc/net/if_inet6}: address, index, prefix, scope (20 is the link), flags, name."""
        try:
            with open("/proc/net/if_inet6", encoding="ascii") as table:
                rows = [line.split() for line in table]
        except OSError:
            return None
        for address, _, _, scope, _, interface in rows:
            if interface == name and scope == "20":
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address))
        return None

    def broadcastSender(self, interface: NetworkInterface) -> socket.socket:
        """A socket for broadcasts on one interface."""
        made = self._openOn(interface.name, socket.AF_INET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
        return made

    def multicastSender(
        self, interface: NetworkInterface, ttl: int, loop: bool, ipv6: bool
    ) -> socket.socket:
        """A socket for multicasts on one interface."""
        if ipv6:
            made = self._openOn(interface.name, socket.AF_INET6)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, interface.index)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, int(loop))
            return made
        made = self._openOn(interface.name, socket.AF_INET)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _mreqn("0.0.0.0", interface.index))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, int(loop))
        return made

    def unicastSender(self, interface: NetworkInterface, ipv6: bool) -> socket.socket:
        """A socket for unicasts through one interface."""
        made = self._openOn(interface.name, socket.AF_INET6 if ipv6 else socket.AF_INET)
        if not ipv6:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _LOW_DELAY)
        return made

    def receiver(
        self, interface: NetworkInterface, port: int, ipv6: bool, shared: bool
    ) -> ReceiveSocket:
        """A socket for what comes in by one interface and is not a multicast."""
        made = self._receiveOn(interface.name, ipv6, shared)
        # Nobody needs to be woken by his own broadcasts.  Where this is refused they are only a little
        # work: the medium knows its own frames.
        with suppress(OSError):
            attach(made, program(ipv6))
        self._bind(made, ("::" if ipv6 else "0.0.0.0", port), f"on {interface.name}", port)
        return self._received(made, ipv6)

    def multicastReceiver(
        self, interface: NetworkInterface, group: str, port: int, ipv6: bool
    ) -> ReceiveSocket:
        """A socket for one group on one interface."""
        made = self._receiveOn(interface.name, ipv6, shared=True)
        address: Any = (group, port, 0, interface.index) if ipv6 else (group, port)
        self._bind(made, address, f"of group {group} on {interface.name}", port)
        try:
            if ipv6:
                joining = socket.inet_pton(socket.AF_INET6, group) + struct.pack("=I", interface.index)
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, joining)
            else:
                joining = _mreqn(group, interface.index)
                made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joining)
        except OSError as e:
            made.close()
            raise MediumError(
                f"group {group} cannot be joined on {interface.name}: {explain(e)}"
            ) from None
        return self._received(made, ipv6)

    def _received(self, made: socket.socket, ipv6: bool) -> ReceiveSocket:
        """
        A receive socket with a queue as long as we may have it: a burst should fit into it.
        """
        for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
            with suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, option, _QUEUE)
                break

        def shield(addresses: Collection[str]) -> None:
            with suppress(OSError):
                attach(made, program(ipv6, addresses))

        return ReceiveSocket(socket=made, shield=shield)

    def _receiveOn(self, interface: str, ipv6: bool, shared: bool) -> socket.socket:
        made = self._openOn(interface, socket.AF_INET6 if ipv6 else socket.AF_INET)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Linux gives a socket the multicasts of every group that anybody on the machine has joined,
        # on any interface, unless told not to.  A link would then look alive through another one.
        if ipv6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
        else:
            made.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        return made

    def _openOn(self, interface: str, family: int) -> socket.socket:
        """
        A socket bound to an interface.

        @raise MediumError: it went away meanwhile, or we may not.
        """
        made = self._open(family)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        except OSError as e:
            made.close()
            if e.errno in (errno.EPERM, errno.EACCES):
                raise MediumError(
                    f"a socket may not be bound to {interface}: no permission; start the daemon as root"
                ) from None
            raise MediumError(f"a socket cannot be bound to {interface}: {explain(e)}") from None
        return made

    def echoSocket(self, ipv6: bool, identifier: int) -> EchoSocket:
        """A raw socket that hears echo replies only, or an unprivileged echo socket."""
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        protocol = socket.IPPROTO_ICMPV6 if ipv6 else socket.IPPROTO_ICMP
        try:
            made = self._open(family, socket.SOCK_RAW, protocol)
        except PermissionError:
            return self._unprivilegedEcho(family, protocol)
        # A set bit blocks that type.
        if ipv6:
            blocked = bytearray(b"\xff" * 32)
            words = list(struct.unpack("=8I", blocked))
            words[_ECHO_REPLY_6 // 32] &= ~(1 << _ECHO_REPLY_6 % 32)
            made.setsockopt(_SOL_ICMPV6, _ICMPV6_FILTER, struct.pack("=8I", *words))
        else:
            made.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << _ECHO_REPLY)))
        return EchoSocket(socket=made, headed=not ipv6, checksummed=ipv6, identifier=None)

    def _unprivilegedEcho(self, family: int, protocol: int) -> EchoSocket:
        try:
            made = self._open(family, socket.SOCK_DGRAM, protocol)
        except OSError:
            raise MediumError(
                "ping needs a raw ICMP socket: start the daemon as root, or allow unprivileged ones with"
                " sysctl net.ipv4.ping_group_range"
            ) from None
        # The "port" is the identifier, in network byte order.  The kernel has to choose it: it does not
        # refuse one that another ping medium has, and then gives all replies to one of the two.
        made.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))
        chosen = socket.ntohs(made.getsockname()[1])
        return EchoSocket(socket=made, headed=False, checksummed=True, identifier=chosen)

    # -- serial lines

    def serialLock(self, device: str) -> ISerialLock:
        """A lock in C{/var/lock}."""
        return self._serialLock(self.directories.serialLocks, device)

    def _alive(self, pid: int) -> bool:
        """A process that has ended and that nobody has buried yet still has its number, and no more."""
        try:
            with open(f"/proc/{pid}/stat", "rb") as stat:
                return stat.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
        except (OSError, IndexError):
            return super()._alive(pid)

    def _serialHint(self, device: str) -> str:
        return "serial lines are called /dev/ttyS0, /dev/ttyUSB0 and so on here"

    def _serialUsers(self, device: str) -> list[str]:
        """
        Other processes that have the device open, as far as we may see.

        The programs that make pseudo terminals often keep both ends, and no getty waits on one.
        """
        real = os.path.realpath(device)
        if real.startswith("/dev/pts/") or not os.path.exists(real):
            return []
        users = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) != os.getpid() and _hasOpen(entry, real):
                users.append(f"{_programOf(entry)} (process {entry})")
        return users

    # -- the process

    def peerCredentials(self, connection: socket.socket) -> PeerCredentials:
        """C{SO_PEERCRED}: three ints, process, user and group."""
        try:
            told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("=iII"))
        except OSError as e:
            raise PlatformError(f"who has connected cannot be told: {explain(e)}") from None
        pid, uid, gid = struct.unpack("=iII", told)
        return PeerCredentials(uid=uid, gid=gid, pid=pid or None)

    def loadAverage(self) -> str:
        """The first line of C{/proc/loadavg}."""
        try:
            with open("/proc/loadavg", encoding="ascii") as load:
                return load.readline().rstrip("\n") or "n/a"
        except OSError:
            return "n/a"

    def lockMemory(self) -> str:
        """C{mlockall}, after what the start has used and nobody needs any more is given back."""
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # the C library may be another than GNU's
        if trim is not None:
            trim(0)
        return super().lockMemory()

    def raisePriority(self, priority: int | None) -> str:
        """Round robin among realtime processes; what we spawn is ordinary again."""
        wanted = os.sched_get_priority_min(os.SCHED_RR) if priority is None else priority
        try:
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(wanted))
        except (OSError, ValueError) as e:
            reason = explain(e) if isinstance(e, OSError) else str(e)
            return f"no realtime priority ({reason}): a loaded machine can delay the heartbeat"
        return ""

    def openWatchdog(self, device: str, timeout: float) -> IWatchdog:
        """Arm C{/dev/watchdog}."""
        return LinuxWatchdog(device, timeout)


def _mreqn(group: str, index: int) -> bytes:
    """A C{struct ip_mreqn}, which names the interface by number and so needs no address on it."""
    return socket.inet_aton(group) + socket.inet_aton("0.0.0.0") + struct.pack("=i", index)


def _hasOpen(pid: str, path: str) -> bool:
    try:
        return any(os.readlink(entry.path) == path for entry in os.scandir(f"/proc/{pid}/fd"))
    except OSError:
        # Not ours to see, or gone meanwhile.
        return False


def _programOf(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as name:
            return name.read().strip() or "a program"
    except OSError:
        return "a program"
