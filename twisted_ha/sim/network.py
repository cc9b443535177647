"""
The cables between the machines: every medium of C{ha.cf}, and what can go wrong on it.

A L{Segment} is one wire with a name (C{eth1}, C{/dev/cuau0}); each ordered pair of nodes on it has a
L{Path} of its own, so a cut may be one-way.  All chance comes from one seeded source.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.sim.clock import SimClock
from twisted_ha.sim.weather import CLEAR, Path, Weather, unharmed
from twisted_ha.terms import NodeName
from twisted_ha.wire.framer import Framer

__all__ = ["Network", "Segment", "Sent", "SimMedium", "Switched", "Tap"]

LATENCY = (0.0001, 0.0004)
"""Between these a frame travels a local network, in seconds."""

_SPREAD = LATENCY[1] - LATENCY[0]

RECEIVE_BUFFER = 212_992
"""Bytes a socket keeps for a process that does not read; what comes then is lost."""

REMEMBERED = 4000

CAPACITY = 1000
"""Frames that one port takes in a second."""

SERIAL_BACKLOG = 0.5
"""A serial line that is further behind than this loses what it is given (wire-protocol.md 8.5)."""

_APART = 1e-9
"""Seconds between two frames, so that rounding does not exchange them."""

Tap = Callable[["SimMedium", bytes], None]
"""Called with every frame a medium is given to send."""


@dataclass(slots=True, eq=False)
class Sent:
    """
    One frame that was sent, as an attacker has recorded it.

    @ivar first: when these bytes were first sent: a repeated message keeps its time.
    @ivar status: it says that its sender lives.
    @ivar strange: its sender had other keys than the rest when it was sent.
    @ivar heardBy: the media it has reached whole, of daemons with the keys to read it, and when.
    """

    source: str
    frame: bytes
    first: float
    status: bool
    strange: bool
    heardBy: tuple[tuple[SimMedium, float], ...] = ()


class Port:
    """
    Where a machine is plugged into a wire.

    @ivar sent: how many frames its daemons have sent there.
    """

    __slots__ = ("_count", "_second", "sent")

    def __init__(self) -> None:
        self.sent = 0
        self._second = -1
        self._count = 0

    def takes(self, now: float) -> bool:
        """Send one frame more.  A port takes so many a second, so that a storm ends somewhere."""
        self.sent += 1
        second = int(now)
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= CAPACITY


class Segment:
    """
    One wire.

    @ivar members: the machines it leads to, running or not.
    @ivar ports: by machine.
    @ivar paths: by sender and receiver.
    @ivar recent: the last frames sent here, which an attacker has recorded.
    @ivar answers: for a ping node: whether it is switched on.
    """

    def __init__(self, name: str, kind: str, baud: int = 0) -> None:
        self.name = name
        self.kind = kind
        self.baud = baud
        self.ports: dict[str, Port] = {}
        self.paths: dict[tuple[str, str], Path] = {}
        self.media: list[SimMedium] = []
        self.members: list[str] = []
        self.recent: deque[Sent] = deque(maxlen=256)
        self.answers = True
        self._busyUntil: dict[str, float] = {}

    def path(self, source: str, target: str) -> Path:
        """The way from C{source} to C{target}."""
        found = self.paths.get((source, target))
        if found is None:
            found = self.paths[source, target] = Path()
        return found

    def join(self, medium: SimMedium) -> None:
        """Plug a medium in."""
        self.media.append(medium)
        if medium.node not in self.members:
            self.members.append(medium.node)
        self._changed()

    def leave(self, medium: SimMedium) -> None:
        """Unplug a medium, if it is plugged in."""
        if medium in self.media:
            self.media.remove(medium)
            self._changed()

    def _changed(self) -> None:
        for medium in self.media:
            medium.neighboursChanged()

    def latency(self, source: str, frame: bytes, now: float, random: Random) -> float | None:
        """
        How long a frame takes from C{source}; L{None} if a serial line is too far behind to take it.
        """
        if not self.baud:
            return LATENCY[0] + _SPREAD * random.random()
        begins = max(now, self._busyUntil.get(source, 0.0))
        if begins - now > SERIAL_BACKLOG:
            return None
        ends = begins + len(frame) * 10 / self.baud
        self._busyUntil[source] = ends
        return ends - now


class Switched(Segment):
    """
    A wire on which nothing overtakes: what a node sends arrives in the order in which it was sent, as it
    does through one switch in fair weather.
    """

    def __init__(self, name: str, kind: str, baud: int = 0) -> None:
        super().__init__(name, kind, baud)
        self._last: dict[str, float] = {}

    def latency(self, source: str, frame: bytes, now: float, random: Random) -> float | None:
        """The same, and never before the frame that was sent before."""
        latency = super().latency(source, frame, now, random)
        if latency is None:
            return None
        arrival = max(now + latency, self._last.get(source, 0.0) + _APART)
        self._last[source] = arrival
        return arrival - now


@implementer(IMedium)
class SimMedium:
    """
    One directive of C{ha.cf} on one node.

    What comes back to its sender is not carried: L{twisted_ha.media.echoes} drops every echo before
    anybody hears it, and heartbeat knows its own name.

    @ivar node: whose port it is.
    @ivar sink: who hears what arrives; L{None} before it is opened and after it is closed.
    @ivar targets: who is sent to; L{None} for everybody on the segment.
    @ivar met: by sender: when the first status was read here.
    @ivar since: by sender: when that one had been sent, however it came.
    @ivar latest: by sender: the same of the last one sent.
    @ivar paused: nobody reads: what arrives waits in the socket's buffer.
    """

    def __init__(
        self,
        network: Network,
        segment: Segment,
        node: NodeName,
        kind: str,
        *,
        targets: tuple[str, ...] | None = None,
        pingNode: NodeName | None = None,
    ) -> None:
        self.network = network
        self.segment = segment
        self.port = segment.ports.setdefault(node, Port())
        self.node = node
        self.name = segment.name
        self.kind = kind
        self.targets = targets
        self.pingNode = pingNode
        self.datagram = kind != "serial"
        self.paused = False
        self.sink: IFrameSink | None = None
        self._framer = None if self.datagram else Framer()
        self._waiting: deque[tuple[bytes, str]] = deque()
        self._waitingBytes = 0
        self.met: dict[str, float] = {}
        self.since: dict[str, float] = {}
        self.latest: dict[str, float] = {}
        self._hearers: list[tuple[SimMedium, Path]] | None = None

    @property
    def hearers(self) -> list[tuple[SimMedium, Path]]:
        """Who hears what it sends, one medium on each machine, and the way there."""
        if self._hearers is None:
            found: dict[str, SimMedium] = {}
            for other in self.segment.media:
                meant = self.targets is None or other.node in self.targets
                if meant and other.node != self.node and other.pingNode is None:
                    found.setdefault(other.node, other)
            self._hearers = [
                (other, self.segment.path(self.node, name)) for name, other in found.items()
            ]
        return self._hearers

    def neighboursChanged(self) -> None:
        """Somebody was plugged in or out."""
        self._hearers = None

    def open(self, sink: IFrameSink) -> None:
        """Deliver every frame heard to C{sink} from now on."""
        self.sink = sink

    def send(self, frame: bytes) -> None:
        """Put C{frame} on the wire."""
        if self.sink is not None:
            self.network.transmit(self, frame)

    def close(self) -> Deferred[None]:
        """Deliver nothing more."""
        self.unplug()
        return succeed(None)

    def unplug(self) -> None:
        """The process that had it open is gone."""
        self.sink = None
        self._waiting.clear()
        self.segment.leave(self)

    def arrive(self, frame: bytes, source: str) -> bool:
        """
        A frame has come over the wire.

        @return: whether it was read at once, and was a message of this cluster.
        """
        sink = self.sink
        if sink is None:
            return False
        if self.paused:
            if self._waitingBytes + len(frame) <= RECEIVE_BUFFER:
                self._waiting.append((frame, source))
                self._waitingBytes += len(frame)
            return False
        self.network.delivered += 1
        if self._framer is None:
            return sink.frameReceived(frame, self, source)
        read = False
        for whole in self._framer.feed(frame):
            read = sink.frameReceived(whole, self, source) or read
        return read

    def readStatus(self, sent: Sent, now: float) -> None:
        """Its process has read a status."""
        source, first = sent.source, sent.first
        if source not in self.met:
            self.met[source], self.since[source], self.latest[source] = now, first, first
        elif first > self.latest[source]:
            self.latest[source] = first

    def resume(self) -> None:
        """The process reads again: it gets what waited, in order."""
        self.paused = False
        waiting, self._waiting = self._waiting, deque()
        self._waitingBytes = 0
        for frame, source in waiting:
            self.arrive(frame, source)


class Network:
    """
    All wires of the world.

    @ivar taps: told of every frame sent.
    @ivar delivered: how many frames reached a process.
    @ivar strangers: the machines that have other keys than the rest.
    @ivar reached: by sender and receiver: when a status newer than those before last
        reached that machine, read or not.
    @ivar newest: by sender and receiver: when that status was sent.
    @ivar played: by sender and receiver: when somebody else last put a status on a wire that had been
        lost on its way there, and the daemon took it for what it was.
    """

    def __init__(
        self, clock: SimClock, random: Random, wire: Callable[[str, str, int], Segment] = Segment
    ) -> None:
        """@param wire: what every wire is made of."""
        self._clock = clock
        self._random = random
        self._wire = wire
        self.segments: dict[str, Segment] = {}
        self.taps: list[Tap] = []
        self.delivered = 0
        self._firsts: OrderedDict[bytes, float] = OrderedDict()
        self.strangers: set[str] = set()
        self.reached: dict[tuple[str, str], float] = {}
        self.newest: dict[tuple[str, str], float] = {}
        self.played: dict[tuple[str, str], float] = {}

    @property
    def sent(self) -> dict[tuple[str, str], int]:
        """How many frames each node has sent on each link."""
        return {
            (node, segment.name): port.sent
            for segment in self.segments.values()
            for node, port in segment.ports.items()
        }

    def segment(self, name: str, kind: str, baud: int = 0) -> Segment:
        """The wire of that name; it is laid when first asked for."""
        found = self.segments.get(name)
        if found is None:
            found = self.segments[name] = self._wire(name, kind, baud)
        return found

    def attach(self, medium: SimMedium) -> SimMedium:
        """Plug a medium in."""
        medium.segment.join(medium)
        return medium

    def transmit(self, medium: SimMedium, frame: bytes) -> None:
        """Carry a frame from a medium to whoever hears it."""
        for tap in self.taps:
            tap(medium, frame)
        segment, now = medium.segment, self._clock.world.now
        if not medium.port.takes(now):
            return
        node = medium.node
        first, status = self._firstSent(frame, now), frame.find(b"t=status", 0, 24) >= 0
        sent = Sent(node, frame, first, status, node in self.strangers)
        segment.recent.append(sent)
        if medium.pingNode is not None:
            self._echo(medium, frame)
            return
        random, callLater = self._random, self._clock.callLater
        latency = segment.latency(node, frame, now, random)
        if latency is None:
            return
        for other, path in medium.hearers:
            for after, copy in path.carry(frame, latency, random):
                callLater(after, self._deliver, other, copy, sent)

    def _firstSent(self, frame: bytes, now: float) -> float:
        """When a node first sent these bytes, which bear its name, if that is not long ago."""
        firsts = self._firsts
        first = firsts.get(frame)
        if first is None:
            if len(firsts) >= REMEMBERED:
                firsts.popitem(last=False)  # from the front of a plain dict it takes longer each time
            first = firsts[frame] = now
        return first

    def _deliver(self, medium: SimMedium, frame: bytes, sent: Sent) -> None:
        intact = frame is sent.frame
        if intact and medium.sink is not None:
            self._arrived(medium, sent)
        read = medium.arrive(frame, sent.source)
        if read and not intact and unharmed(sent.frame, frame):
            self._arrived(medium, sent)

    def _arrived(self, medium: SimMedium, sent: Sent) -> None:
        """A frame has reached a machine whole; that counts if its daemon has the keys to read it."""
        if sent.strange != (medium.node in self.strangers):
            return
        now = self._clock.world.now
        if not medium.paused:
            sent.heardBy += ((medium, now),)
            if sent.status:
                medium.readStatus(sent, now)
        if sent.status:
            way = (sent.source, medium.node)
            if sent.first > self.newest.get(way, -1.0):
                self.newest[way] = sent.first
                self.reached[way] = now

    def statusPlayed(self, medium: SimMedium, sent: Sent) -> None:
        """A daemon has believed a status that was lost on its way, and now came from a stranger."""
        now = self.played[sent.source, medium.node] = self._clock.world.now
        medium.readStatus(sent, now)

    def _echo(self, medium: SimMedium, frame: bytes) -> None:
        segment = medium.segment
        there = segment.path(medium.node, segment.name)
        back = segment.path(segment.name, medium.node)
        if not segment.answers:
            return
        for after, copy in there.carry(frame, self._random.uniform(*LATENCY), self._random):
            for later, answer in back.carry(copy, after + self._random.uniform(*LATENCY), self._random):
                self._clock.callLater(later, medium.arrive, answer, segment.name)

    def inject(self, link: str, frame: bytes, source: str) -> None:
        """Somebody who is no member puts a frame on a wire: everybody there hears it."""
        for medium in list(self.segments[link].media):
            self._clock.callLater(self._random.uniform(*LATENCY), medium.arrive, frame, source)

    def paths(
        self, link: str | None = None, source: str | None = None, target: str | None = None
    ) -> Iterable[tuple[Segment, tuple[str, str], Path]]:
        """
        The paths of one wire or all, of one direction or all.

        @raise KeyError: there is no wire of that name.
        """
        chosen = [self.segments[link]] if link is not None else list(self.segments.values())
        for segment in chosen:
            ends = segment.members
            if segment.kind == "ping":
                ends = [*ends, segment.name]
            for one in ends:
                for other in ends:
                    if one == other or (source and one != source) or (target and other != target):
                        continue
                    yield segment, (one, other), segment.path(one, other)

    def setCut(
        self, cut: bool, link: str | None, source: str | None = None, target: str | None = None
    ) -> None:
        """Cut or mend; without C{link} every wire between ordinary nodes."""
        for segment, _, path in self.paths(link, source, target):
            if link is not None or segment.kind != "ping":
                path.cut = cut

    def setWeather(
        self,
        weather: Weather,
        link: str | None,
        source: str | None = None,
        target: str | None = None,
    ) -> None:
        """Change the weather; L{CLEAR} ends it."""
        for segment, _, path in self.paths(link, source, target):
            if link is not None or segment.kind != "ping":
                path.weather = weather

    def weatherOf(self, link: str) -> Weather:
        """The weather on the first path of a wire, as the base of a change."""
        for _, _, path in self.paths(link):
            return path.weather
        return CLEAR

    def understand(self, source: str, target: str) -> bool:
        """Whether two machines have the same keys."""
        return (source in self.strangers) == (target in self.strangers)

    def joins(self, source: str, target: str, beats: int) -> bool:
        """
        Whether some wire carries enough frames from C{source} to C{target}.

        @param beats: see L{Weather.fair}.
        """
        if not self.understand(source, target):
            return False
        for segment in self.segments.values():
            if segment.kind == "ping":
                continue
            path = segment.paths.get((source, target))
            if path is None:
                if source in segment.members and target in segment.members:
                    return True
            elif not path.cut and path.weather.fair(beats):
                return True
        return False

    def joined(self, nodes: Iterable[str], beats: int) -> bool:
        """Whether every one of these nodes reaches every other, in both directions."""
        names = list(nodes)
        return all(self.joins(one, other, beats) for one in names for other in names if one != other)
