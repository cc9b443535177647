"""One run of the test: it sends on every road, hears, and tells the others what it has heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.config.model import ClusterConfig
from twisted_ha.errors import AuthError, MediumError, WireError
from twisted_ha.events import Event, MediumDown, MediumUp
from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.linktest.account import Line, Peer
from twisted_ha.linktest.probe import TYPE, Door, Probe, Report, Size, probeMessage, read, reportMessage
from twisted_ha.linktest.roads import Way
from twisted_ha.linktest.schedule import Schedule, scheduleOf
from twisted_ha.wire.codec import decode
from twisted_ha.wire.message import Message
from twisted_ha.wire.signed import Encoding

__all__ = ["LinkTest"]

_MOST = 64
"""So many strangers, and so many runs, are remembered."""


@implementer(IFrameSink)
class LinkTest:
    """
    The test as one machine sees it.

    @cvar TICK: seconds between two looks at what is due.
    @cvar QUIET: seconds without a word after which another run of the test counts as ended.
    @ivar ways: every road by each door.
    @ivar beside: a daemon has the ports and lines of the configuration.
    @ivar peers: the latest run on each node that was heard, strangers to C{ha.cf} included.
    @ivar foreign: packets whose signature is not ours, by link, claimed sender and key number.
    @ivar others: authentic messages of the cluster itself, by link and sender.
    @ivar unreadable: packets that are no messages, by link.
    @ivar echoed: our own probes that came back, by link.
    @ivar twins: names that two machines use.
    @ivar lines: the bytes of each serial line.
    @ivar answered: answers of ping nodes, by name.
    @ivar sent: probes sent, by road and door.
    """

    TICK = 0.05
    QUIET = 3.0
    _log = Logger()

    def __init__(
        self,
        config: ClusterConfig,
        ways: Sequence[Way],
        *,
        keyring: KeyRing,
        bus: EventBus,
        clock: IReactorTime,
        wallClock: Callable[[], float],
        run: str,
        beside: bool = False,
        listening: bool = False,
        told: Callable[[str], None] = lambda text: None,
        ended: Callable[[Peer], None] = lambda peer: None,
    ) -> None:
        """
        @param wallClock: the Unix time.
        @param run: hexadecimal digits that no other run has.
        @param told: called with what is worth a line at once.
        @param ended: called when a test that is no listener has ended on another machine.
        """
        self.config = config
        self.ways = list(ways)
        self.run = run
        self.beside = beside
        self.listening = listening
        self.peers: dict[str, Peer] = {}
        self.foreign: Counter[tuple[str, str, int | None]] = Counter()
        self.others: Counter[tuple[str, str]] = Counter()
        self.unreadable: Counter[str] = Counter()
        self.echoed: Counter[str] = Counter()
        self.twins: set[str] = set()
        self.lines: dict[str, Line] = {}
        self.answered: Counter[str] = Counter()
        self.sent: Counter[tuple[str, Door]] = Counter()
        self._keyring = keyring
        self._clock = clock
        self._wallClock = wallClock
        self._told = told
        self._ended = ended
        self._doors = {id(way.medium): way for way in self.ways}
        self._schedules: dict[int, Schedule] = {}
        self._numbers: Counter[object] = Counter()
        self._before: set[tuple[str, str]] = set()
        self._running: set[str] = set()
        self._call: IDelayedCall | None = None
        self._finishing = False
        bus.subscribe(self._remember)

    # ---- its life

    def start(self) -> None:
        """
        Open what can be opened and begin.  What a daemon has is left alone: a second reader would take
        its heartbeats away.
        """
        for way in self.ways:
            if self.beside and way.medium.pingNode is None and way.door is Door.MAIN:
                way.error = "a daemon on this machine has it"
                continue
            self._open(way)
        self._tick()

    def _open(self, way: Way) -> None:
        if way.road.kind == "serial":
            line = self.lines[way.road.link] = Line()
            cast(Any, way.medium).tap = line.feed
        try:
            way.medium.open(self)
        except MediumError as error:
            way.error = str(error).removeprefix(f"{way.medium.kind} {way.medium.name}: ")
            return
        way.open = True
        self._schedules[id(way)] = scheduleOf(way.road, way.medium.pingNode is not None)

    def finish(self) -> None:
        """Send no more probes; go on telling what was heard."""
        self._finishing = True

    def stop(self) -> Deferred[None]:
        """@return: fires when everything is closed."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
        opened = [way.medium.close() for way in self.ways if way.open]
        return DeferredList(opened).addCallback(lambda _: None)

    def _remember(self, event: Event, when: float) -> None:
        match event:
            case MediumDown() | MediumUp():
                for way in self.ways:
                    if (way.road.kind, way.road.link) == (event.kind, event.medium) and way.open:
                        way.failing = event.reason if isinstance(event, MediumDown) else way.failing
            case _:
                pass

    # ---- sending

    @property
    def active(self) -> bool:
        """Whether there is somebody to test with, or this test ends by itself."""
        return not self.listening or bool(self._running)

    @property
    def _sideDoor(self) -> bool:
        """Whether the other port is of use: until everybody was heard, and none is beside a daemon."""
        peers = [self.peers.get(name) for name in self.config.peers]
        return self.beside or any(peer is None or peer.beside for peer in peers)

    def _tick(self) -> None:
        self._call = self._clock.callLater(self.TICK, self._tick)
        self._noticeEnds()
        for way in self.ways:
            schedule = self._schedules.get(id(way))
            if schedule is None or (way.door is Door.SIDE and not self._sideDoor):
                continue
            due = schedule.due(self._clock.seconds(), self.active)
            if due is None:
                continue
            reporting = due == "report" or self._finishing
            length = self._report(way) if reporting else self._probe(way, cast(Size, due))
            schedule.sent(self._clock.seconds(), length, self.active)

    def _noticeEnds(self) -> None:
        now = self._clock.seconds()
        for name in sorted(self._running):
            peer = self.peers[name]
            if now - peer.lastHeard > self.QUIET:
                self._running.discard(name)
                self._ended(peer)

    def _probe(self, way: Way, size: Size) -> int:
        place = way.road.name, way.door, size
        self._numbers[place] += 1
        probe = Probe(
            src=self.config.localNode,
            run=self.run,
            road=way.road.name,
            door=way.door,
            size=size,
            number=self._numbers[place],
            wall=self._wallClock(),
            nodes=self.config.nodes,
            beside=self.beside,
            listening=self.listening,
        )
        message = probeMessage(probe, lambda made: len(self._frame(made, way.medium)))
        self.sent[way.road.name, way.door] += 1
        return self._send(message, way.medium)

    def _report(self, way: Way) -> int:
        if way.medium.pingNode is not None:
            return 0
        length = 0
        now = self._clock.seconds()
        for peer in self.peers.values():
            if now - peer.lastHeard <= self.QUIET:
                report = Report(
                    src=self.config.localNode, run=self.run, of=peer.run, heard=tuple(peer.heard())
                )
                length += self._send(reportMessage(report, self._wallClock()), way.medium)
        return length

    def _frame(self, message: Message, medium: IMedium) -> bytes:
        return self._keyring.sign(message, Encoding.CLASSIC, medium.datagram)

    def _send(self, message: Message, medium: IMedium) -> int:
        frame = self._frame(message, medium)
        medium.send(frame)
        return len(frame)

    # ---- hearing

    def frameReceived(self, frame: bytes, medium: IMedium, source: str) -> bool:
        """Take one frame.  Never raises, whatever the bytes are.  In a test nobody is known yet."""
        way = self._doors.get(id(medium))
        if way is not None:
            try:
                self._take(frame, way)
            except Exception:
                self._log.failure("a packet on {link} met a bug", link=medium.name)
        return False

    def _take(self, frame: bytes, way: Way) -> None:
        if way.medium.pingNode is not None:
            self.answered[way.road.link] += 1
            return
        link = way.road.link
        try:
            signed = decode(frame)
        except WireError:
            self.unreadable[link] += 1
            return
        try:
            message = self._keyring.verify(signed)
        except (AuthError, WireError):
            claimed = signed.message.get("src") or "somebody"
            self._foreign(link, claimed[:80], signed.key)
            return
        if message.type == TYPE:
            self._linkTest(message, way, signed.key)
        else:
            self._other(message, link)

    def _foreign(self, link: str, claimed: str, number: int | None) -> None:
        place = link, claimed, number
        if place not in self.foreign:
            if len(self.foreign) >= _MOST:
                return
            key = "no key" if number is None else f"a key {number} that is not ours"
            self._told(f"{claimed} is heard by {link}, signed with {key}")
        self.foreign[place] += 1

    def _other(self, message: Message, link: str) -> None:
        sender = message.get("src") or ""
        if sender != self.config.localNode and (
            (link, sender) in self.others or len(self.others) < _MOST
        ):
            self.others[link, sender] += 1

    def _linkTest(self, message: Message, way: Way, key: int | None) -> None:
        said = read(message)
        if said is None:
            return
        if said.src == self.config.localNode:
            if said.run == self.run:
                self.echoed[way.road.link] += 1
            else:
                self.twins.add(said.src)
            return
        peer = self._peer(said.src, said.run)
        if peer is None:
            return
        peer.key = key
        peer.lastHeard = self._clock.seconds()
        if isinstance(said, Report):
            if said.of == self.run:
                peer.told(said)
            return
        if peer.probed(said, way.road.link, self._wallClock()):
            port = f", port {way.port}" if way.port else ""
            self._told(f"{peer.name} is heard by {way.road.link}{port} (its road: {said.road})")
        if not peer.listening:
            self._running.add(peer.name)

    def _peer(self, name: str, run: str) -> Peer | None:
        """The account of that run; a new one when it is another than before."""
        known = self.peers.get(name)
        if known is not None and known.run == run:
            return known
        if known is None and len(self.peers) >= _MOST:
            return None
        if known is not None:
            if (name, run) in self._before:
                self.twins.add(name)
            if len(self._before) < _MOST * 16:
                self._before.add((name, known.run))
        self.peers[name] = Peer(name, run)
        return self.peers[name]
