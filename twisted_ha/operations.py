"""Operations on resources as values: what is run, how it ended, what that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType

from twisted_ha.frozen import dataclass

__all__ = [
    "Completed",
    "GuardedGroup",
    "Invocation",
    "MoveReport",
    "Outcome",
    "PlacedAddress",
    "ServiceAddress",
    "Standing",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """
    A program to run.

    @ivar argv: the program's absolute path and its arguments.
    @ivar environment: the whole environment, not additions.
    @ivar deadline: seconds until its process group is ended with TERM, then KILL.
    @ivar argv0: what the program is told its name is, if not C{argv[0]}.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    deadline: float = 60.0
    argv0: str | None = None

    def __str__(self) -> str:
        return " ".join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """
    How a program ended.

    Completion is the exit of the program itself, not end of file on its pipes: agents leave children
    behind that keep them open (resource-management.md section 2.1).

    @ivar status: its exit status; L{None} if a signal ended it or it could not be run.
    @ivar signal: the signal that ended it, or L{None}.
    @ivar output: the last of its standard output.
    @ivar errors: the last of its standard error.
    @ivar seconds: from the start to the exit.
    @ivar timedOut: it was ended by us at its deadline.
    """

    status: int | None
    signal: int | None = None
    output: bytes = b""
    errors: bytes = b""
    seconds: float = 0.0
    timedOut: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself with exit status 0."""
        return self.status == 0 and not self.timedOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What one start or stop came to.

    @ivar ok: the resource is now as asked.
    @ivar reason: when not ok: what happened, with the agent's last words.
    @ivar timedOut: it did not end before its deadline.
    """

    ok: bool
    reason: str = ""
    seconds: float = 0.0
    timedOut: bool = False


class Standing(Enum):
    """What an agent says of its resource on this node."""

    RUNNING = "running"
    STOPPED = "stopped"
    UNKNOWN = "unknown"
    """The agent could not tell: it is missing, it hung, or it could not be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedGroup:
    """
    A group as the guardian needs it.

    @ivar key: the group's name.
    @ivar stops: what stops it, in this order; each must succeed when there is nothing to stop.
    """

    key: str
    stops: tuple[Invocation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveReport:
    """
    What a request to move groups came to.

    @ivar ok: the groups are where they were asked to be.
    @ivar outcome: C{"completed"}, C{"refused"}, C{"cancelled"} or C{"failed"}.
    @ivar text: the sentence for the person who asked.
    @ivar seconds: from the request to the end.
    @ivar groups: the keys of the groups it was about.
    """

    ok: bool
    outcome: str
    text: str
    seconds: float = 0.0
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAddress:
    """
    An address resource as C{haresources} asks for it; what is L{None} is found out.

    @ivar prefix: the length of the network part, in bits.
    @ivar label: the whole alias label (C{eth0:web}), Linux only.
    """

    address: IPv4Address | IPv6Address
    prefix: int | None = None
    interface: str | None = None
    label: str | None = None
    broadcast: IPv4Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedAddress:
    """
    Where an address is, or shall be, on this node.

    @ivar loopback: the interface reaches nobody else.
    @ivar own: it looks like the interface's own address, not like one that was added as a service.
    """

    address: IPv4Address | IPv6Address
    prefix: int
    interface: str
    label: str | None = None
    broadcast: IPv4Address | None = None
    loopback: bool = False
    own: bool = False

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix} on {self.interface}"
