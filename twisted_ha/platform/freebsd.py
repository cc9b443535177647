"""
FreeBSD, written from its manual pages: ip(4), ip6(4), netintro(4), unix(4), termios(4), watchdog(4).

A socket cannot be bound to an interface here.  One receive socket serves them all, and the kernel says
with each datagram by which interface it came in (C{IP_RECVIF}, C{IPV6_RECVPKTINFO}).
"""

from __future__ import annotations

import re
import socket
import struct
import subprocess
from collections.abc import Callable
from typing import Any, ClassVar

from zope.interface import implementer

from twisted_ha.errors import MediumError, PlatformError
from twisted_ha.platform.freebsd_watchdog import FreeBSDWatchdog
from twisted_ha.platform.interface import (
    Ancillary,
    Directories,
    EchoSocket,
    IPlatform,
    ISerialLock,
    IWatchdog,
    NetworkInterface,
    PeerCredentials,
    ReceiveSocket,
)
from twisted_ha.platform.posix import PosixPlatform, explain

__all__ = ["FreeBSDPlatform", "arrivalByName", "arrivalByPacketInfo"]

# Numbers of <sys/socket.h>, <netinet/in.h>, <netinet6/in6.h>, <netinet/icmp6.h>, <sys/un.h>, written
# out so that the tests see the same calls on every system.
SOL_SOCKET = 0xFFFF
SO_REUSEADDR = 0x0004
SO_REUSEPORT = 0x0200
SO_DONTROUTE = 0x0010
SO_BROADCAST = 0x0020
AF_INET6 = 28
IPPROTO_IP = 0
IP_TOS = 3
IP_MULTICAST_IF = 9
IP_MULTICAST_TTL = 10
IP_MULTICAST_LOOP = 11
IP_ADD_MEMBERSHIP = 12
IP_RECVIF = 20
IPPROTO_IPV6 = 41
IPV6_MULTICAST_IF = 9
IPV6_MULTICAST_HOPS = 10
IPV6_MULTICAST_LOOP = 11
IPV6_JOIN_GROUP = 12
IPV6_V6ONLY = 27
IPV6_RECVPKTINFO = 36
IPV6_PKTINFO = 46
IPPROTO_ICMPV6 = 58
ICMP6_FILTER = 18
SOL_LOCAL = 0
LOCAL_PEERCRED = 1

_ECHO_REPLY_6 = 129
_LOW_DELAY = 0x10
_XUCRED = 88


def arrivalByName(ancillary: Ancillary) -> int | None:
    """
    The interface of C{IP_RECVIF}: a C{struct sockaddr_dl}: length, family, then the index as a short.
    """
    for level, kind, data in ancillary:
        if level == IPPROTO_IP and kind == IP_RECVIF and len(data) >= 4:
            (index,) = struct.unpack_from("=H", data, 2)
            return int(index)
    return None


def arrivalByPacketInfo(ancillary: Ancillary) -> int | None:
    """The interface of C{IPV6_PKTINFO}: the destination address, then the index."""
    for level, kind, data in ancillary:
        if level == IPPROTO_IPV6 and kind == IPV6_PKTINFO and len(data) >= 20:
            (index,) = struct.unpack_from("=I", data, 16)
            return int(index)
    return None


def _ifconfig(name: str) -> str:
    done = subprocess.run(
        ["/sbin/ifconfig", name, "inet6"], capture_output=True, text=True, timeout=5, check=False
    )
    return done.stdout


@implementer(IPlatform)
class FreeBSDPlatform(PosixPlatform):
    """A FreeBSD system."""

    name = "FreeBSD"
    hearsInterface = False
    # _IOWR('i', 17), 33, 35 and 37 with a struct ifreq of 32 bytes.
    requests: ClassVar = {
        "flags": 0xC0206911,
        "address": 0xC0206921,
        "broadcast": 0xC0206923,
        "netmask": 0xC0206925,
    }
    directories = Directories(
        config="/usr/local/etc/ha.d",
        state="/var/lib/heartbeat",
        run="/var/run/heartbeat",
        log="/var/log",
        serialLocks="/var/spool/lock",
        pidFile="/var/run/heartbeat.pid",
        initScripts=("/usr/local/etc/rc.d", "/etc/rc.d"),
    )

    def __init__(self, *arguments: Any, ifconfig: Callable[[str], str] = _ifconfig, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._ifconfig = ifconfig

    # -- interfaces and datagrams

    def linkLocal(self, name: str) -> str | None:
        """From C{ifconfig}, which is asked at start only."""
        try:
            told = self._ifconfig(name)
        except (OSError, subprocess.SubprocessError):
            return None
        found = re.search(r"^\s+inet6 (fe80:[0-9a-f:]+)(?:%\S+)? ", told, re.MULTILINE)
        return found.group(1) if found else None

    def broadcastSender(self, interface: NetworkInterface) -> socket.socket:
        """A socket for broadcasts; the address of the network leads to its interface."""
        made = self._open(socket.AF_INET)
        made.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
        made.setsockopt(SOL_SOCKET, SO_DONTROUTE, 1)
        return made

    def multicastSender(
        self, interface: NetworkInterface, ttl: int, loop: bool, ipv6: bool
    ) -> socket.socket:
        """A socket for multicasts on one interface."""
        if ipv6:
            made = self._open(socket.AF_INET6)
            made.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_IF, interface.index)
            made.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl)
            made.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, int(loop))
            return made
        made = self._open(socket.AF_INET)
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, _addressOf(interface))
        # BSD takes these two as single bytes.
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, bytes([ttl]))
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, bytes([loop]))
        return made

    def unicastSender(self, interface: NetworkInterface, ipv6: bool) -> socket.socket:
        """A socket for unicasts; routing chooses the interface."""
        made = self._open(socket.AF_INET6 if ipv6 else socket.AF_INET)
        if not ipv6:
            made.setsockopt(IPPROTO_IP, IP_TOS, _LOW_DELAY)
        return made

    def receiver(
        self, interface: NetworkInterface, port: int, ipv6: bool, shared: bool
    ) -> ReceiveSocket:
        """A socket for all interfaces that says by which one each datagram came."""
        made = self._receiving(ipv6, shared)
        if ipv6:
            made.setsockopt(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        else:
            made.setsockopt(IPPROTO_IP, IP_RECVIF, 1)
        self._bind(made, ("::" if ipv6 else "0.0.0.0", port), "on all interfaces", port)
        return ReceiveSocket(socket=made, arrival=arrivalByPacketInfo if ipv6 else arrivalByName)

    def multicastReceiver(
        self, interface: NetworkInterface, group: str, port: int, ipv6: bool
    ) -> ReceiveSocket:
        """A socket for one group; the kernel delivers only what the socket itself has joined."""
        made = self._receiving(ipv6, shared=True)
        address: Any = (group, port, 0, interface.index) if ipv6 else (group, port)
        self._bind(made, address, f"of group {group} on {interface.name}", port)
        try:
            if ipv6:
                joining = socket.inet_pton(socket.AF_INET6, group) + struct.pack("=I", interface.index)
                made.setsockopt(IPPROTO_IPV6, IPV6_JOIN_GROUP, joining)
            else:
                joining = socket.inet_aton(group) + _addressOf(interface)
                made.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, joining)
        except OSError as e:
            made.close()
            raise MediumError(
                f"group {group} cannot be joined on {interface.name}: {explain(e)}"
            ) from None
        return ReceiveSocket(socket=made)

    def _receiving(self, ipv6: bool, shared: bool) -> socket.socket:
        made = self._open(socket.AF_INET6 if ipv6 else socket.AF_INET)
        if shared:
            made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            made.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
        if ipv6:
            made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        return made

    def echoSocket(self, ipv6: bool, identifier: int) -> EchoSocket:
        """A raw socket; there is no other kind here."""
        protocol = socket.IPPROTO_ICMPV6 if ipv6 else socket.IPPROTO_ICMP
        try:
            made = self._open(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_RAW, protocol)
        except PermissionError:
            raise MediumError(
                "ping needs a raw ICMP socket: start the daemon as root (in a jail: allow.raw_sockets)"
            ) from None
        if ipv6:
            # A set bit lets that type pass: the opposite of Linux.
            words = [0] * 8
            words[_ECHO_REPLY_6 // 32] = 1 << _ECHO_REPLY_6 % 32
            made.setsockopt(IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("=8I", *words))
        return EchoSocket(socket=made, headed=not ipv6, checksummed=ipv6, identifier=None)

    # -- serial lines

    def serialLock(self, device: str) -> ISerialLock:
        """A lock in C{/var/spool/lock}."""
        return self._serialLock(self.directories.serialLocks, device)

    def _serialHint(self, device: str) -> str:
        return (
            "serial lines are called /dev/cuau0, /dev/cuaU0 (USB), in old releases /dev/cuad0 or"
            " /dev/cuaa0; not the dial-in device /dev/tty*, which waits for a carrier"
        )

    def _serialUsers(self, device: str) -> list[str]:
        """The kernel itself refuses a call-out device whose dial-in half is in use."""
        return []

    # -- the process

    def peerCredentials(self, connection: socket.socket) -> PeerCredentials:
        """
        C{LOCAL_PEERCRED}: C{struct xucred}: version, user, number of groups, sixteen groups of which
        the first is the effective one, and since FreeBSD 13 the process.
        """
        try:
            told = connection.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, _XUCRED)
        except OSError as e:
            raise PlatformError(f"who has connected cannot be told: {explain(e)}") from None
        if len(told) < 16:
            raise PlatformError("who has connected cannot be told: the kernel's answer is cut short")
        version, uid, _, gid = struct.unpack_from("=IIhxxI", told)
        if version != 0:
            raise PlatformError(f"who has connected cannot be told: xucred version {version} is unknown")
        pid = struct.unpack_from("=i", told, 80)[0] if len(told) >= 84 else 0
        return PeerCredentials(uid=uid, gid=gid, pid=pid if pid > 0 else None)

    def loadAverage(self) -> str:
        """There is no load average file here, and heartbeat says so on the wire."""
        return "n/a"

    def raisePriority(self, priority: int | None) -> str:
        """
        Not done: realtime priority would pass on to every script, and nothing resets it there.
        """
        return "no realtime priority on FreeBSD: a loaded machine can delay the heartbeat"

    def openWatchdog(self, device: str, timeout: float) -> IWatchdog:
        """Arm C{/dev/fido}."""
        return FreeBSDWatchdog(device, timeout)


def _addressOf(interface: NetworkInterface) -> bytes:
    """
    The interface by its address, as ip(4) wants it.

    @raise MediumError: it has none.
    """
    if interface.address is None:
        raise MediumError(f"{interface.name} has no IPv4 address; give it one, or use mcast6")
    return socket.inet_aton(interface.address)
