"""
What must be asked of the machine to know whether a configuration can work there.

The parsers ask through L{IHostQueries} and through nothing else, so that every answer can be made up
in a test, and so that a file can be checked on another machine than the one it is for.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

from zope.interface import Interface, implementer

from twisted_ha.errors import MediumError
from twisted_ha.frozen import dataclass

__all__ = [
    "Addressed",
    "Device",
    "ElsewhereHost",
    "FileFacts",
    "IHostQueries",
    "InterfaceFacts",
    "SystemHost",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceFacts:
    """
    A network interface that exists.

    @ivar address: its first IPv4 address, or L{None} if it has none.
    @ivar broadcast: the broadcast address that goes with it, or L{None}.
    @ivar certain: whether the two above were really looked up.  If not, nothing is concluded.
    """

    address: str | None = None
    broadcast: str | None = None
    certain: bool = True


class Addressed(Protocol):
    """What a platform tells of an interface; see L{InterfaceFacts}."""

    @property
    def address(self) -> str | None: ...

    @property
    def broadcast(self) -> str | None: ...


class Device(Enum):
    """What stands at a path of C{/dev}."""

    MISSING = "missing"
    OTHER = "other"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """
    Who may do what with a file.

    @ivar mode: the permission bits.
    @ivar trusted: it belongs to root or to the user this program runs as.
    """

    mode: int
    trusted: bool = True


class IHostQueries(Interface):
    """Questions about this machine.  None of them raises; what is not known is C{None} or C{False}."""

    def interfaceNames() -> Sequence[str]:
        """The names of all network interfaces, for suggestions; may be empty if not known."""

    def interface(name: str) -> InterfaceFacts | None:
        """@return: L{None} if there is no such interface."""

    def device(path: str) -> Device:
        """What stands at C{path}."""

    def resolves(name: str, ipv6: bool) -> bool:
        """Whether C{name}, an address or a host name, leads to an address of that family."""

    def userId(name: str) -> int | None:
        """The number of a user, or L{None}."""

    def groupId(name: str) -> int | None:
        """The number of a group, or L{None}."""

    def executable(path: str) -> bool:
        """Whether C{path} is a regular file that may be executed."""

    def udpPort(service: str) -> int | None:
        """The UDP port of a service in the services database, or L{None}."""

    def udpService(port: int) -> str | None:
        """The service that has a UDP port in the services database, or L{None}."""

    def fileFacts(path: str) -> FileFacts | None:
        """@return: L{None} if there is no such file, or if its mode says nothing here."""

    def readText(path: str) -> str | None:
        """The contents of a file as UTF-8 with C{surrogateescape}, or L{None} if it cannot be read."""

    def realtimePriorities() -> tuple[int, int]:
        """The lowest and the highest priority of the realtime class."""


@implementer(IHostQueries)
class SystemHost:
    """This machine, asked through the standard library."""

    def __init__(self, lookUp: Callable[[str], Addressed] | None = None) -> None:
        """
        @param lookUp: finds an interface, or raises L{MediumError}.  How differs between kernels, so
            the platform's C{interface} is handed in; without it addresses are not checked.
        """
        self._lookUp = lookUp
        self._resolved: dict[tuple[str, bool], bool] = {}

    def interfaceNames(self) -> Sequence[str]:
        """See L{IHostQueries}."""
        try:
            return [name for _, name in socket.if_nameindex()]
        except OSError:
            return []

    def interface(self, name: str) -> InterfaceFacts | None:
        """See L{IHostQueries}."""
        if name not in self.interfaceNames():
            return None
        if self._lookUp is None:
            return InterfaceFacts(certain=False)
        try:
            found = self._lookUp(name)
        except MediumError:
            return None
        return InterfaceFacts(address=found.address, broadcast=found.broadcast)

    def device(self, path: str) -> Device:
        """See L{IHostQueries}."""
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            return Device.MISSING
        return Device.CHARACTER if stat.S_ISCHR(mode) else Device.OTHER

    def resolves(self, name: str, ipv6: bool) -> bool:
        """See L{IHostQueries}.  Each name is asked once: a resolver that is down is slow to say so."""
        asked = (name, ipv6)
        if asked not in self._resolved:
            family = socket.AF_INET6 if ipv6 else socket.AF_INET
            try:
                found = bool(socket.getaddrinfo(name, None, family, socket.SOCK_DGRAM))
            except (OSError, ValueError):
                found = False
            self._resolved[asked] = found
        return self._resolved[asked]

    def userId(self, name: str) -> int | None:
        """See L{IHostQueries}."""
        try:
            return pwd.getpwnam(name).pw_uid
        except (KeyError, ValueError, OSError):
            return None

    def groupId(self, name: str) -> int | None:
        """See L{IHostQueries}."""
        try:
            return grp.getgrnam(name).gr_gid
        except (KeyError, ValueError, OSError):
            return None

    def executable(self, path: str) -> bool:
        """See L{IHostQueries}."""
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            return False
        return stat.S_ISREG(mode) and bool(mode & 0o111)

    def udpPort(self, service: str) -> int | None:
        """See L{IHostQueries}."""
        try:
            return socket.getservbyname(service, "udp")
        except (OSError, ValueError):
            return None

    def udpService(self, port: int) -> str | None:
        """See L{IHostQueries}."""
        try:
            return socket.getservbyport(port, "udp")
        except (OSError, OverflowError):
            return None

    def fileFacts(self, path: str) -> FileFacts | None:
        """See L{IHostQueries}."""
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return None
        return FileFacts(mode=stat.S_IMODE(found.st_mode), trusted=found.st_uid in (0, os.geteuid()))

    def readText(self, path: str) -> str | None:
        """See L{IHostQueries}."""
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
                return file.read()
        except (OSError, ValueError):
            return None

    def realtimePriorities(self) -> tuple[int, int]:
        """See L{IHostQueries}."""
        return (
            os.sched_get_priority_min(os.SCHED_FIFO),
            os.sched_get_priority_max(os.SCHED_FIFO),
        )


@implementer(IHostQueries)
class ElsewhereHost:
    """
    A machine we are not on: everything that would have to be asked there is taken for granted.

    For checking or simulating the files of a cluster on somebody's workstation.  Names of users and
    groups become numbers that mean nothing.
    """

    def interfaceNames(self) -> Sequence[str]:
        """See L{IHostQueries}."""
        return []

    def interface(self, name: str) -> InterfaceFacts | None:
        """See L{IHostQueries}."""
        return InterfaceFacts(certain=False)

    def device(self, path: str) -> Device:
        """See L{IHostQueries}."""
        return Device.CHARACTER

    def resolves(self, name: str, ipv6: bool) -> bool:
        """See L{IHostQueries}."""
        return True

    def userId(self, name: str) -> int | None:
        """See L{IHostQueries}."""
        return 0 if name == "root" else 65534

    def groupId(self, name: str) -> int | None:
        """See L{IHostQueries}."""
        return 0 if name in ("root", "wheel") else 65534

    def executable(self, path: str) -> bool:
        """See L{IHostQueries}."""
        return True

    def udpPort(self, service: str) -> int | None:
        """See L{IHostQueries}."""
        return None

    def udpService(self, port: int) -> str | None:
        """See L{IHostQueries}."""
        return None

    def fileFacts(self, path: str) -> FileFacts | None:
        """See L{IHostQueries}.  A copy of C{authkeys} has whatever mode its way here gave it."""
        return None

    def readText(self, path: str) -> str | None:
        """See L{IHostQueries}."""
        return ""

    def realtimePriorities(self) -> tuple[int, int]:
        """See L{IHostQueries}."""
        return 0, 99
