"""
The configuration as frozen values: what C{ha.cf}, C{authkeys} and C{haresources} mean.

Times are seconds as L{float}.  Everything here is immutable, so that a running daemon can compare an
old configuration with a new one and apply only what changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from types import MappingProxyType

from twisted_ha.auth.key import Key
from twisted_ha.config.location import Complaint
from twisted_ha.frozen import dataclass
from twisted_ha.terms import FailbackMode, NodeName

__all__ = [
    "ApiAuth",
    "BcastMedium",
    "ClusterConfig",
    "Deadlines",
    "FencingDevice",
    "Keys",
    "Logging",
    "McastMedium",
    "MediumConfig",
    "Origin",
    "Parameter",
    "PingMedium",
    "Resource",
    "ResourceGroup",
    "Respawn",
    "SerialMedium",
    "StopFailure",
    "Timers",
    "Tuning",
    "UcastMedium",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """
    How long things take, in seconds.

    @ivar keepalive: between two status messages.
    @ivar warntime: a status later than this after the last is a warning.
    @ivar deadtime: a node silent for longer is dead; more than twice C{keepalive}.
    @ivar initdead: the same while the links of this node have never been up; at least C{deadtime}.
    @ivar deadping: the same for ping nodes.
    @ivar maxRexmitDelay: between two requests for the same missing message.
    """

    keepalive: float = 1.0
    warntime: float = 15.0
    deadtime: float = 30.0
    initdead: float = 30.0
    deadping: float = 30.0
    maxRexmitDelay: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class BcastMedium:
    """C{bcast}: to the broadcast address of one interface."""

    interface: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class McastMedium:
    """C{mcast} and C{mcast6}: to a multicast group through one interface."""

    interface: str
    group: str
    port: int
    ttl: int
    loop: bool
    ipv6: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UcastMedium:
    """C{ucast} and C{ucast6}: to one address through one interface."""

    interface: str
    address: str
    port: int
    ipv6: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialMedium:
    """C{serial}: a null-modem cable."""

    device: str
    baud: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PingMedium:
    """
    C{ping}, C{ping6} and C{ping_group}: one ping node.

    @ivar name: the ping node's name: the host or the group's name, folded to lower case.
    @ivar hosts: who is asked; one answer is enough.
    @ivar group: whether this is a C{ping_group}.
    """

    name: NodeName
    hosts: tuple[str, ...]
    group: bool = False
    ipv6: bool = False


MediumConfig = BcastMedium | McastMedium | UcastMedium | SerialMedium | PingMedium


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """
    Where the log goes.

    @ivar facility: a syslog facility, or L{None} for no syslog.
    @ivar logfile: everything but debug messages; L{None} for none.
    @ivar debugfile: everything (as heartbeat 3.0.6); L{None} for none.
    @ivar syslogFormat: lines look as syslog's (C{syslogmsgfmt on} written explicitly), else as 1.2's.
    @ivar debug: the debug level, 0 to 255.
    @ivar logBadPackets: whether refused packets are logged at all.
    """

    facility: str | None = None
    logfile: str | None = None
    debugfile: str | None = None
    syslogFormat: bool = False
    debug: int = 0
    logBadPackets: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Respawn:
    """C{respawn} and C{failfast}: a client program that is kept running."""

    user: str
    command: str
    failfast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAuth:
    """
    C{apiauth}: who may use the local API under a name.  Numbers are resolved from names at load.

    @ivar builtin: nobody wrote it: it is one of the rules of client-api.md section 6.
    """

    client: str
    uids: frozenset[int] = frozenset()
    gids: frozenset[int] = frozenset()
    builtin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingDevice:
    """
    C{stonith} and C{stonith_host}: the one device that resets the other node.

    @ivar type: C{external/NAME}, C{meatware} or C{null}.
    @ivar parameters: as written, or the words of the first line of C{file}; not in the C{repr}, since
        passwords are among them.
    """

    type: str
    parameters: tuple[str, ...] = field(default=(), repr=False)
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """
    C{authkeys}.

    @ivar signing: the number of the key that signs what we send.
    """

    keys: Mapping[int, Key]
    signing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """
    One word of a C{haresources} line.

    @ivar token: exactly as written; it names the resource to people.
    @ivar agent: the script or native agent: C{IPaddr} for a bare address.
    @ivar arguments: what stands between the C{::}; empty ones are left out.
    """

    token: str
    agent: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceGroup:
    """
    One line of C{haresources}.

    @ivar key: the first resource's token: the group's name on the wire and to people.
    @ivar node: whose group it is, folded to lower case.
    @ivar line: where it stands, counted from 1.
    """

    key: str
    node: NodeName
    resources: tuple[Resource, ...]
    line: int = 0


class StopFailure(Enum):
    """What follows when a resource will not stop (resource-management.md section 2.5)."""

    HOLD = "hold"
    """Never tell the peer it is released: the group stays claimed, and is tried again."""
    REBOOT = "reboot"
    """Reboot this machine at once, as the original does."""
    IGNORE = "ignore"
    """Tell the peer it is released.  Only for resources that may run twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long one operation of one resource may take, in seconds."""

    start: float = 60.0
    stop: float = 60.0
    status: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """
    What heartbeat's own files have no word for: the optional fourth file, C{twisted_ha.cf}.

    @ivar deadlines: for every operation that no line below names.
    @ivar groupDeadlines: by group key.
    @ivar agentDeadlines: by agent name; a group's come first.
    @ivar takeConflicting: start an address even though somebody else answers for it.
    @ivar probeTime: how long to listen for such an answer, in seconds.
    """

    deadlines: Deadlines = Deadlines()
    groupDeadlines: Mapping[str, Deadlines] = field(default_factory=lambda: MappingProxyType({}))
    agentDeadlines: Mapping[str, Deadlines] = field(default_factory=lambda: MappingProxyType({}))
    stopFailure: StopFailure = StopFailure.HOLD
    takeConflicting: bool = False
    probeTime: float = 0.02

    def deadlinesFor(self, group: str, agent: str) -> Deadlines:
        """The deadlines of one agent in one group."""
        return self.groupDeadlines.get(group) or self.agentDeadlines.get(agent) or self.deadlines


class Origin(Enum):
    """Where a parameter's value came from."""

    FILE = "file"
    DEFAULT = "default"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """
    A directive's recorded text, as C{getparm} answers it and scripts see it as C{HA_name}.

    @ivar where: C{file:line} for a value from a file, else how it was derived.
    """

    text: str
    origin: Origin
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """
    Everything the three files say, checked and complete.

    @ivar directory: the configuration directory they were read from.
    @ivar localNode: this node; it is one of C{nodes}.
    @ivar nodes: the ordinary nodes in the order of C{ha.cf}.
    @ivar media: in the order of C{ha.cf}, ping media included.
    @ivar groups: in the order of C{haresources}.
    @ivar parameters: every recorded directive by its name (configuration.md sections 4.3 and 9.2).
    @ivar environment: the C{env} directives, names without C{HA_}.
    @ivar netstrings: C{msgfmt netstring} was written.
    @ivar generationFromClock: C{hbgenmethod time}.
    @ivar uuidFromName: C{uuidfrom nodename}.
    @ivar members: nodes and ping nodes as their lines stand in C{ha.cf}; empty where nobody knows.
    @ivar warnings: what was found and does not keep the daemon from starting.
    """

    directory: str
    localNode: NodeName
    nodes: tuple[NodeName, ...]
    media: tuple[MediumConfig, ...]
    timers: Timers
    keys: Keys
    groups: tuple[ResourceGroup, ...]
    autoFailback: FailbackMode = FailbackMode.LEGACY
    hopfudge: int = 1
    logging: Logging = Logging()
    respawn: tuple[Respawn, ...] = ()
    apiauth: tuple[ApiAuth, ...] = ()
    fencing: FencingDevice | None = None
    watchdog: str | None = None
    realtime: bool = True
    rtprio: int | None = None
    netstrings: bool = False
    generationFromClock: bool = False
    uuidFromName: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    tuning: Tuning = Tuning()
    members: tuple[NodeName, ...] = ()
    warnings: tuple[Complaint, ...] = ()

    @property
    def pingNodes(self) -> tuple[NodeName, ...]:
        """The ping nodes, in the order of C{ha.cf}."""
        return tuple(medium.name for medium in self.media if isinstance(medium, PingMedium))

    @property
    def peers(self) -> tuple[NodeName, ...]:
        """The ordinary nodes other than this one."""
        return tuple(node for node in self.nodes if node != self.localNode)

    @property
    def managedGroups(self) -> tuple[ResourceGroup, ...]:
        """
        The groups this node may run: all of them, or none where more than two nodes are named.  The
        holdings protocol knows only "mine" and "the other's" (resource-management.md section 1.5).
        """
        return self.groups if len(self.nodes) <= 2 else ()

    @property
    def ttl(self) -> int:
        """The C{ttl} of a message: hopfudge and all nodes, ping nodes included."""
        return self.hopfudge + len(self.nodes) + len(self.pingNodes)
