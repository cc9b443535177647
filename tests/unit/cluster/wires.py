"""A small cluster for tests: cores on one clock, joined by wires that can be cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.cluster.core import ClusterCore
from twisted_ha.cluster.header import Header
from twisted_ha.config.model import ClusterConfig, Keys, MediumConfig, PingMedium, Timers
from twisted_ha.events import Event
from twisted_ha.interfaces import IFrameSink, IMarkStore, IMedium
from twisted_ha.terms import LifeMark, NodeName
from twisted_ha.wire import Encoding, Message, decode

ALPHA, BETA, GAMMA = NodeName("alpha"), NodeName("beta"), NodeName("gamma")
ROUTER = NodeName("10.0.0.254")
KEYS = Keys(keys={1: Key("sha1", b"TestSecret")}, signing=1)
RING = KeyRing(KEYS)
TIMERS = Timers(keepalive=1.0, warntime=3.0, deadtime=6.0, initdead=12.0, deadping=5.0)
EPOCH = 1_800_000_000


def uuidOf(name: str) -> bytes:
    """A uuid that tells whose it is."""
    return name.encode().ljust(16, b"\n")


def configuration(
    node: NodeName = ALPHA,
    nodes: tuple[NodeName, ...] = (ALPHA, BETA),
    media: tuple[MediumConfig, ...] = (),
    timers: Timers = TIMERS,
    netstrings: bool = False,
) -> ClusterConfig:
    """What C{ha.cf} says on C{node}."""
    return ClusterConfig(
        directory="/etc/ha.d",
        localNode=node,
        nodes=nodes,
        media=media,
        timers=timers,
        keys=KEYS,
        groups=(),
        netstrings=netstrings,
    )


ROUTER_LINE = PingMedium(name=ROUTER, hosts=(ROUTER,))


def run(clock: Clock, seconds: float) -> None:
    """Let time pass from one pending call to the next, as it really does."""
    end = clock.seconds() + seconds
    while True:
        due = [call.getTime() for call in clock.getDelayedCalls() if call.getTime() <= end]
        if not due:
            break
        clock.advance(max(0.0, min(due) - clock.seconds()))
    clock.advance(max(0.0, end - clock.seconds()))


def stall(clock: Clock, seconds: float) -> None:
    """Let time pass without this process: what was due is called late, then what waited is read."""
    clock.advance(seconds)


class Wire:
    """
    A segment that delivers after C{latency} seconds.

    @ivar cut: pairs of sender and receiver between which nothing passes.
    @ivar loses: asked for every frame on its way; true loses it.
    """

    latency = 0.001

    def __init__(self, clock: Clock, name: str = "eth1", echoes: bool = False) -> None:
        self.clock = clock
        self.name = name
        self.echoes = echoes
        self.ports: list[Port] = []
        self.cut: set[tuple[str, str]] = set()
        self.loses: Callable[[bytes], bool] = lambda frame: False

    def port(self, node: NodeName, kind: str = "bcast", pingNode: NodeName | None = None) -> Port:
        """A plug for C{node}."""
        made = Port(self, node, kind, pingNode)
        self.ports.append(made)
        return made

    def part(self, one: str, other: str) -> None:
        """Cut both ways."""
        self.cut |= {(one, other), (other, one)}

    def carry(self, sender: Port, frame: bytes) -> None:
        """To everybody but the sender, and on a wire that echoes to the sender too."""
        for port in list(self.ports):
            if port is sender and not self.echoes and port.pingNode is None:
                continue
            if port is not sender and port.pingNode is not None:
                continue
            if (sender.node, port.node) in self.cut or self.loses(frame):
                continue
            self.clock.callLater(self.latency, port.deliver, frame, sender.node)


@implementer(IMedium)
class Port:
    """
    One node's medium on a wire.

    @ivar sent: every frame it was given.
    """

    def __init__(self, wire: Wire, node: NodeName, kind: str, pingNode: NodeName | None) -> None:
        self.wire = wire
        self.node = node
        self.name = wire.name
        self.kind = kind
        self.pingNode = pingNode
        self.datagram = kind != "serial"
        self.sent: list[bytes] = []
        self.sink: IFrameSink | None = None

    def open(self, sink: IFrameSink) -> None:
        self.sink = sink

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)
        if self.sink is not None:
            self.wire.carry(self, frame)

    def close(self) -> Deferred[None]:
        self.sink = None
        return succeed(None)

    def deliver(self, frame: bytes, source: str) -> None:
        if self.sink is not None:
            self.sink.frameReceived(frame, self, source)

    @property
    def messages(self) -> list[Message]:
        """What was sent, verified and read."""
        return [RING.verify(decode(frame)) for frame in self.sent]

    def types(self) -> list[str]:
        """The types of what was sent."""
        return [message.type for message in self.messages]


@dataclass
class Member:
    """One core, with everything it told."""

    core: ClusterCore
    bus: EventBus
    ports: list[Port]
    events: list[Event] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    watched: list[tuple[Header, Message, bool]] = field(default_factory=list)

    def told(self, kind: type[Event]) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def names(self) -> list[str]:
        """The kinds of all events, in order."""
        return [type(event).__name__ for event in self.events]

    def status(self, node: NodeName) -> str:
        """What it thinks of a node."""
        return self.core.nodes[node].word


def member(
    clock: Clock,
    ports: list[Port],
    config: ClusterConfig | None = None,
    generation: int = 100,
    seed: int = 1,
    marks: FakeMarks | None = None,
) -> Member:
    """A core on these ports, not started yet."""
    config = config or configuration(ports[0].node if ports else ALPHA)
    bus = EventBus(clock)
    beats: list[float] = []
    core = ClusterCore(
        config=config,
        clock=clock,
        wallClock=lambda: EPOCH + clock.seconds(),
        random=Random(seed),
        media=ports,
        keyring=RING,
        bus=bus,
        generation=generation,
        uuid=uuidOf(config.localNode),
        marks=marks or FakeMarks(),
        loadAverage=lambda: "0.66 0.52 0.33 1/154 20\n",
        beat=lambda: beats.append(clock.seconds()),
    )
    made = Member(core, bus, ports, beats=beats)
    bus.subscribe(lambda event, when: made.events.append(event))
    core.observe(lambda header, message, local: made.watched.append((header, message, local)))
    core.onLate(made.late.append)
    for port in ports:
        port.open(core.receiver)
    return made


@implementer(IMarkStore)
class FakeMarks:
    """
    Keeps marks in memory.

    @ivar marks: what is kept.
    @ivar saves: how often it was.
    """

    place = "/state/twisted_ha.peers"

    def __init__(self, marks: Mapping[NodeName, LifeMark] = MappingProxyType({})) -> None:
        self.marks = dict(marks)
        self.saves = 0

    def load(self) -> Mapping[NodeName, LifeMark]:
        return self.marks

    def save(self, marks: Mapping[NodeName, LifeMark]) -> None:
        self.marks = dict(marks)
        self.saves += 1


class Peer:
    """A node that exists only as frames, written by hand."""

    def __init__(self, member: Member, name: NodeName = BETA, generation: int = 50) -> None:
        self.member = member
        self.name = name
        self.generation = generation
        self.sequence = 0
        self.extras: dict[str, str | None] = {"dt": "1770", "protocol": "1"}

    def make(self, type: str, *, sequence: int | None = None, **fields: str | bytes | None) -> Message:
        """A message of it, with the next sequence number or this one."""
        if sequence is None and not type.startswith("NS_"):
            self.sequence += 1
            sequence = self.sequence
        elif sequence is not None:
            self.sequence = max(self.sequence, sequence)
        values: dict[str, str | bytes | None] = {
            **fields,
            "src": self.name,
            "srcuuid": uuidOf(self.name),
            "seq": None if sequence is None else f"{sequence:x}",
            "hg": f"{self.generation:x}",
            "ts": "6b03ee37",
        }
        return Message.of(type, **values)

    def frame(self, message: Message, ring: KeyRing = RING) -> bytes:
        """It as a datagram."""
        return ring.sign(message, Encoding.CLASSIC)

    def hear(self, message: Message, port: Port | None = None) -> None:
        """Let the member hear it."""
        (port or self.member.ports[0]).deliver(self.frame(message), self.name)

    def says(
        self,
        type: str = "status",
        *,
        sequence: int | None = None,
        port: Port | None = None,
        **fields: str | bytes | None,
    ) -> Message:
        """Make a message and let the member hear it; a status is C{active} if nothing else is said."""
        if type == "status":
            fields = {"st": "active", **self.extras, **fields}
        message = self.make(type, sequence=sequence, **fields)
        self.hear(message, port)
        return message
