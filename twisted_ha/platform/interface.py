"""
What the rest of the program may ask of the kernel, and the values it answers with.

Nothing outside this package knows which system it runs on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeAlias

from zope.interface import Attribute, Interface

from twisted_ha.frozen import dataclass

if TYPE_CHECKING:
    from serial import Serial

__all__ = [
    "Ancillary",
    "Directories",
    "EchoSocket",
    "IPlatform",
    "ISerialLock",
    "IWatchdog",
    "NetworkInterface",
    "PeerCredentials",
    "ReceiveSocket",
]

Ancillary: TypeAlias = Sequence[tuple[int, int, bytes]]
"""What C{recvmsg} returns beside the data: (level, type, bytes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directories:
    """
    Where things are on this system (configuration.md section 1).

    @ivar config: C{ha.cf}, C{authkeys}, C{haresources} and the scripts.
    @ivar state: what must survive a reboot: generation, identity.
    @ivar run: sockets and what dies with the machine.
    @ivar log: log files.
    @ivar serialLocks: the UUCP locks of serial lines.
    @ivar pidFile: where the daemon's process id is found.
    @ivar initScripts: where a resource's script is looked for after C{resource.d}.
    """

    config: str
    state: str
    run: str
    log: str
    serialLocks: str
    pidFile: str
    initScripts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface:
    """
    An interface as it is at one moment; it is looked up again rather than kept.

    @ivar index: the kernel's number; an interface that went away and came back has another one.
    @ivar up: whether it is set up; says nothing about a cable.
    @ivar broadcasts: whether this kind of interface has broadcasts at all.
    @ivar address: its first IPv4 address, or L{None}.
    @ivar prefix: the length of that address's network prefix.
    @ivar broadcast: where a broadcast to that network goes, or L{None}.
    """

    name: str
    index: int
    up: bool = True
    broadcasts: bool = True
    address: str | None = None
    prefix: int | None = None
    broadcast: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveSocket:
    """
    A bound, non-blocking socket.

    @ivar arrival: reads the index of the interface a datagram came in by from its ancillary data;
        L{None} if the socket hears one interface only.
    @ivar shield: lets the kernel drop most of what does not come from these addresses, before it takes
        room in the socket's queue; given none, everything is heard again.  L{None} if it cannot.
    """

    socket: socket.socket
    arrival: Callable[[Ancillary], int | None] | None = None
    shield: Callable[[Collection[str]], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoSocket:
    """
    A socket for ICMP echo.

    @ivar headed: a received datagram begins with an IP header.
    @ivar checksummed: the kernel writes the ICMP checksum.
    @ivar identifier: what the kernel writes as identifier, in host byte order, and filters replies
        by; L{None} if both are ours to do.
    """

    socket: socket.socket
    headed: bool
    checksummed: bool
    identifier: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCredentials:
    """
    Who is at the other end of a unix socket, as of its C{connect}.

    @ivar pid: L{None} where the system does not tell.
    """

    uid: int
    gid: int
    pid: int | None


class IWatchdog(Interface):
    """A timer that resets the machine unless it is patted in time."""

    timeout: float = Attribute("Seconds until it bites; what the device made of the wish.")

    def pat() -> None:
        """
        Start again from the full time.

        @raise PlatformError: the device refused.
        """

    def close() -> None:
        """Disarm it and close the device.  Never raises."""


class ISerialLock(Interface):
    """A UUCP lock on a serial line, seen by everybody else who uses serial lines."""

    def acquire() -> None:
        """
        Take the lock; one left by a dead process is cleared, and one of our own is kept.

        @raise MediumError: a living process holds it, or the lock cannot be written.
        """

    def release() -> None:
        """Remove the lock if it is ours.  Never raises."""


class IPlatform(Interface):
    """
    Sockets, devices and directories of one system.

    Sockets come configured, non-blocking and not inherited; the caller owns them.  What is wrong with a
    device or an address is a L{MediumError<twisted_ha.errors.MediumError>} whose text says how to
    repair it.
    """

    name: str = Attribute("For people: C{Linux}, C{FreeBSD}.")
    directories: Directories = Attribute("Where things are.")
    hearsInterface: bool = Attribute(
        "Whether a receive socket can be bound to one interface.  Where it cannot, one socket serves"
        " all interfaces and tells them apart by L{ReceiveSocket.arrival}."
    )

    # -- interfaces and datagrams

    def interface(name: str) -> NetworkInterface:
        """@raise MediumError: there is no such interface."""

    def linkLocal(name: str) -> str | None:
        """The link-local IPv6 address of an interface, without its zone; L{None} if it has none."""

    def broadcastSender(interface: NetworkInterface) -> socket.socket:
        """An unbound socket that may send to the interface's broadcast address, past no router."""

    def multicastSender(interface: NetworkInterface, ttl: int, loop: bool, ipv6: bool) -> socket.socket:
        """
        An unbound socket whose multicasts leave by C{interface}.

        @param ttl: time to live, or IPv6 hops.
        @param loop: whether this machine hears them too.
        """

    def unicastSender(interface: NetworkInterface, ipv6: bool) -> socket.socket:
        """An unbound socket that sends by C{interface} where the system can insist on that."""

    def receiver(interface: NetworkInterface, port: int, ipv6: bool, shared: bool) -> ReceiveSocket:
        """
        A socket bound to the wildcard address, for broadcasts and unicasts.

        @param shared: another socket of this daemon is bound to the same port; without it a port that
            any other socket uses is refused.
        @raise MediumError: the port is in use, or may not be used.
        """

    def multicastReceiver(
        interface: NetworkInterface, group: str, port: int, ipv6: bool
    ) -> ReceiveSocket:
        """
        A socket bound to C{group} and C{port} that has joined C{group} on C{interface} and hears what
        comes in there only.

        @raise MediumError: the port is in use, or the group cannot be joined.
        """

    def echoSocket(ipv6: bool, identifier: int) -> EchoSocket:
        """
        A raw ICMP socket, or an unprivileged one where only that is allowed.

        @param identifier: what the echo requests should carry, in host byte order.
        @raise MediumError: neither is allowed.
        """

    # -- serial lines

    def serialLock(device: str) -> ISerialLock:
        """The lock of a serial line, not yet taken."""

    def openSerial(device: str, baud: int) -> Serial:
        """
        Open and set up a serial line as heartbeat does (wire-protocol.md section 8.5).  Does not block.

        @raise MediumError: it is missing, is no serial line, is in use, or may not be opened.
        """

    # -- the process

    def peerCredentials(connection: socket.socket) -> PeerCredentials:
        """@raise PlatformError: the kernel does not tell."""

    def loadAverage() -> str:
        """The text of C{ld} in a message: C{"n/a"} where the system has none."""

    def lockMemory() -> str:
        """Keep this process from being swapped out.  @return: what is lost if it cannot, or nothing."""

    def raisePriority(priority: int | None) -> str:
        """
        Run with realtime priority, and the programs we start without it.

        @param priority: as in C{rtprio}; L{None} for the lowest realtime priority.
        @return: what is lost if it cannot, or nothing.
        """

    def openWatchdog(device: str, timeout: float) -> IWatchdog:
        """
        Arm a watchdog.

        @param timeout: seconds, rounded up to what the device can do.
        @raise PlatformError: it cannot be opened.
        """
