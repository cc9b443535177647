"""Two machines with a test each, on one clock, and cables that can be spoiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.config.model import (
    BcastMedium,
    ClusterConfig,
    Keys,
    MediumConfig,
    PingMedium,
    SerialMedium,
    Timers,
)
from twisted_ha.errors import MediumError
from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.linktest.account import Peer
from twisted_ha.linktest.report import Result
from twisted_ha.linktest.roads import roadOf, waysOf
from twisted_ha.linktest.runner import LinkTest
from twisted_ha.terms import NodeName

ALPHA, BETA = NodeName("alpha"), NodeName("beta")
ETH0 = BcastMedium(interface="eth0", port=694)
ETH1 = BcastMedium(interface="eth1", port=694)
CABLE = SerialMedium(device="/dev/cuau0", baud=9600)
ROUTER = PingMedium(name=NodeName("router"), hosts=("10.0.0.254",))


def keysOf(secret: bytes = b"same", number: int = 1, method: str = "sha1") -> Keys:
    """An C{authkeys} of one line."""
    return Keys(keys={number: Key(method, secret)}, signing=number)


def configOf(node: NodeName = ALPHA, *media: MediumConfig, **changes: Any) -> ClusterConfig:
    """A configuration of alpha and beta."""
    values: dict[str, Any] = {
        "directory": "/etc/ha.d",
        "localNode": node,
        "nodes": (ALPHA, BETA),
        "media": media or (ETH0, ETH1),
        "timers": Timers(),
        "keys": keysOf(),
        "groups": (),
        **changes,
    }
    return ClusterConfig(**values)


@implementer(IMedium)
class FakeMedium:
    """One end of a cable."""

    losses = 0

    def __init__(self, cable: Cables, line: MediumConfig, owner: str) -> None:
        road = roadOf(line)
        self.name, self.kind = road.link, road.kind
        self.pingNode = line.name if isinstance(line, PingMedium) else None
        self.datagram = road.kind != "serial"
        self.owner = owner
        self.port = road.port
        self.sink: IFrameSink | None = None
        self.tap: Callable[[bytes], None] | None = None
        self.sent: list[bytes] = []
        self._cables = cable

    def open(self, sink: IFrameSink) -> None:
        why = self._cables.broken.get((self.owner, self.name))
        if why is not None:
            raise MediumError(f"{self.kind} {self.name}: {why}")
        self.sink = sink

    def send(self, frame: bytes) -> None:
        if self.sink is not None:
            self.sent.append(frame)
            self._cables.carry(self, frame)

    def close(self) -> Deferred[None]:
        self.sink = None
        return succeed(None)

    def hear(self, data: bytes) -> None:
        """Something comes out of the cable; on a serial line it may be no frame."""
        if self.sink is None:
            return
        if self.tap is not None:
            self.tap(data)
        if self.datagram or data.startswith(b">>>\n"):
            self.sink.frameReceived(data, self, "somewhere")


class Cables:
    """
    What is between two machines: every end reaches the other end of the same name, kind and port.

    @ivar broken: (owner, link) that cannot be opened, and why.
    @ivar spoil: called with (sender, link, port, frame); what it returns arrives, L{None} for nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ends: list[FakeMedium] = []
        self.broken: dict[tuple[str, str], str] = {}
        self.spoil: Callable[[str, str, int, bytes], bytes | None] = lambda *what: what[3]
        self.delay = 0.002

    def carry(self, end: FakeMedium, frame: bytes) -> None:
        changed = self.spoil(end.owner, end.name, end.port, frame)
        if changed is None:
            return
        if end.pingNode is not None:
            self.clock.callLater(self.delay, end.hear, changed)
            return
        for other in self.ends:
            if other.owner != end.owner and (other.name, other.kind, other.port) == (
                end.name,
                end.kind,
                end.port,
            ):
                self.clock.callLater(self.delay, other.hear, changed)

    def build(self, config: ClusterConfig) -> Sequence[IMedium]:
        """The media of one machine."""
        made = [FakeMedium(self, line, config.localNode) for line in config.media]
        self.ends += made
        return made


class Pair:
    """
    A test on alpha, and a listening one on beta.

    @ivar skew: by how many seconds beta's clock is ahead.
    @ivar lines: what alpha told at once.
    @ivar ended: the tests whose end beta has noticed.
    """

    def __init__(
        self,
        *media: MediumConfig,
        alpha: dict[str, Any] | None = None,
        beta: dict[str, Any] | None = None,
    ) -> None:
        self.clock = Clock()
        self.cables = Cables(self.clock)
        self.skew = 0.0
        self.lines: list[str] = []
        self.ended: list[Peer] = []
        self.bus = EventBus(self.clock)
        self._media = media
        self._tests: dict[NodeName, LinkTest] = {}
        self.alpha = self.add(ALPHA, "aaaaaaaa", **(alpha or {}))
        self.beta = self.add(BETA, "bbbbbbbb", listening=True, **(beta or {}))

    def add(self, node: NodeName, run: str, **options: Any) -> LinkTest:
        """Another test on the cables."""
        config = configOf(node, *self._media, **options.pop("config", {}))
        return LinkTest(
            config,
            waysOf(config, self.cables.build),
            keyring=KeyRing(config.keys),
            bus=self.bus if node == ALPHA else EventBus(self.clock),
            clock=self.clock,
            wallClock=lambda: 1e9 + self.clock.seconds() + (self.skew if node == BETA else 0.0),
            run=run,
            told=self.lines.append if node == ALPHA else lambda text: None,
            ended=self.ended.append,
            **options,
        )

    def go(self, seconds: float = 10.0, *tests: LinkTest) -> Result:
        """Let the tests run, and alpha's come to its end.  @return: what alpha has found."""
        for test in tests or (self.alpha, self.beta):
            test.start()
        self.turn(seconds)
        self.alpha.finish()
        self.turn(3.0)
        return Result.of(self.alpha)

    def turn(self, seconds: float) -> None:
        """Time passes, one call after the other."""
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(0.01)

    def end(self, owner: NodeName, link: str, port: int = 694) -> FakeMedium:
        """One end of a cable."""
        (found,) = [
            end
            for end in self.cables.ends
            if (end.owner, end.name) == (owner, link) and end.port in (0, port)
        ]
        return found
