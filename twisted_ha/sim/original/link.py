"""
The communication of the original: status messages, deaths, sequence numbers, retransmission.

It acts on what it hears only when its main loop turns, up to half a second later (wire-protocol.md
section 7.7), and sends every message to itself before it sends it to others (section 5.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from random import Random
from typing import Protocol

from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.config.model import ClusterConfig
from twisted_ha.events import (
    CommunicationsUp,
    LateHeartbeat,
    LocalStatusChanged,
    NodeDied,
    NodeRestarted,
    NodeReturned,
    NodeStatusChanged,
)
from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.sim.clock import SimClock
from twisted_ha.sim.original.peers import Judgement, PeerState
from twisted_ha.terms import NodeName
from twisted_ha.wire.message import Field, FieldType, Message

__all__ = ["Listener", "OriginalLink", "Seal"]

TURN = 0.5
"""Seconds between two turns of the main loop."""

POLL = 0.25
"""Seconds between two looks for dead nodes."""

HISTORY = 500


class Seal(Protocol):
    """Bytes from a message and back; L{None} for bytes that nobody with our keys has signed."""

    def encode(self, message: Message, datagram: bool) -> bytes:
        """Sign and encode."""

    def decode(self, frame: bytes) -> Message | None:
        """Decode and verify."""


class Listener(Protocol):
    """The resource half, as the link tells it what happened."""

    def communicationsUp(self) -> None:
        """Row C1."""

    def received(self, message: Message, own: bool) -> None:
        """Any accepted message, our own included."""

    def died(self, peer: PeerState) -> None:
        """Rows D1 to D7."""

    def partitionHealed(self, peer: PeerState) -> None:
        """Row H1."""


@implementer(IFrameSink)
class OriginalLink:
    """
    Half of a simulated heartbeat 3.0.6.

    @ivar up: communications are up.
    @ivar status: our own status word.
    """

    def __init__(
        self,
        config: ClusterConfig,
        clock: SimClock,
        wallClock: Callable[[], float],
        random: Random,
        media: Sequence[IMedium],
        seal: Seal,
        bus: EventBus,
        generation: int,
        uuid: bytes,
    ) -> None:
        self.config = config
        self.clock = clock
        self.random = random
        self.bus = bus
        self.generation = generation
        self.up = False
        self.status = "init"
        self.peers: Mapping[NodeName, PeerState] = {
            name: PeerState(name, phase=random.randrange(10))
            for name in (*config.peers, *config.pingNodes)
        }
        self._pingNodes = frozenset(config.pingNodes)
        self.listener: Listener | None = None
        self.lastBreath = False
        self._wall = wallClock
        self._media = media
        self._seal = seal
        self._origin = (Field("src", config.localNode), Field("srcuuid", uuid, FieldType.BINARY))
        self._life = Field("hg", f"{generation:x}")
        self._load = Field("ld", "0.00 0.01 0.05 1/123 4567")
        self._ttl = Field("ttl", str(config.ttl))
        self._sequence = 0
        self._history: dict[int, Message] = {}
        self._resent: dict[int, float] = {}
        self._queue: list[Callable[[], None]] = []
        self._began = clock.seconds()
        self._phase = random.uniform(0, TURN)
        self._asked: float | None = None

    def reseal(self, seal: Seal) -> None:
        """Use other keys from now on."""
        self._seal = seal

    # its main loop

    def start(self) -> None:
        """Open the media and begin."""
        for medium in self._media:
            medium.open(self)
        self.sendStatus()
        self._become("up")
        self.sendStatus()
        self.clock.callLater(self.config.timers.keepalive, self._beat)
        self.clock.callLater(POLL, self._poll)

    def later(self, action: Callable[[], None]) -> None:
        """Do something at the next turn of the main loop."""
        if not self._queue:
            now = self.clock.seconds()
            turn = self._phase + ceil((now - self._phase) / TURN) * TURN
            self.clock.callLater(max(0.0, turn - now), self._turn)
        self._queue.append(action)

    def _turn(self) -> None:
        queue, self._queue = self._queue, []
        for action in queue:
            action()

    def _beat(self) -> None:
        self.clock.callLater(self.config.timers.keepalive, self._beat)
        self.sendStatus()

    def _poll(self) -> None:
        self.clock.callLater(POLL, self._poll)
        timers = self.config.timers
        now = self.clock.seconds()
        for peer in self.peers.values():
            if peer.dead:
                continue
            allowed = peer.deadtime or timers.deadtime
            if peer.name in self._pingNodes:
                allowed = timers.deadping
            if not self.up:
                allowed = max(timers.initdead, allowed)
            since = self._began if peer.lastAt is None else peer.lastAt
            if now - since > allowed:
                self.declareDead(peer, now - since, allowed)
        self._checkUp()

    def declareDead(self, peer: PeerState, silent: float, allowed: float) -> None:
        """A node is dead from now on."""
        peer.status = "dead"
        ping = peer.name in self._pingNodes
        self.bus.publish(
            NodeDied(node=peer.name, silentFor=silent, deadtime=allowed, heard=peer.everHeard, ping=ping)
        )
        if not ping:
            self._checkUp()
            if self.listener is not None:
                self.listener.died(peer)
        peer.heard = False
        peer.lastSequence = None
        peer.missing.clear()

    def _checkUp(self) -> None:
        if self.up or any(not (peer.everHeard or peer.dead) for peer in self.peers.values()):
            return
        ordinary = [self.peers[name] for name in self.config.peers]
        living = [peer for peer in ordinary if not peer.dead and peer.protocol]
        if living:
            now = self.clock.seconds()
            if self._asked is None or now - self._asked >= 1.0:
                self._asked = now
                self.send("reqnodes", dest=living[0].name)
            return
        self._comeUp()

    def _comeUp(self) -> None:
        if self.up:
            return
        self.up = True
        self.bus.publish(CommunicationsUp())
        self._become("active")
        if self.listener is not None:
            self.listener.communicationsUp()

    def _become(self, status: str) -> None:
        self.status = status
        self.bus.publish(LocalStatusChanged(status=status))
        self.sendStatus()

    # sending

    def sendStatus(self) -> None:
        """Say that we live."""
        deadtime = self.config.timers.deadtime
        if self.lastBreath:
            deadtime += 30.0
        elif self.clock.seconds() - self._began < 5.0:
            deadtime += 2.0
        self.send("status", st=self.status, dt=f"{round(deadtime * 1000):x}", protocol="1")
        for medium in self._media:
            if medium.pingNode is not None:
                probe = Message.of(
                    "NS_st", st="ping", info="ping", src=medium.pingNode, ts=f"{int(self._wall()):x}"
                )
                medium.send(self._seal.encode(probe, True))

    def send(self, type: str, **values: str | None) -> None:
        """Stamp a message, hand it to ourselves, and then send it."""
        numbered = not type.startswith("NS_")
        fields = [*Message.of(type, **values).fields, *self._origin]
        if numbered:
            self._sequence += 1
            fields.append(Field("seq", f"{self._sequence:x}"))
        fields += (self._life, Field("ts", f"{int(self._wall()):x}"))
        if numbered:
            fields.append(self._load)
        fields.append(self._ttl)
        message = Message(fields)
        if numbered:
            number = self._sequence
            self._history[number] = message
            self._history.pop(number - HISTORY, None)
            if self.listener is not None and type != "status":
                self.listener.received(message, True)
        self._transmit(message)

    def _transmit(self, message: Message) -> None:
        frames: dict[bool, bytes] = {}
        for medium in self._media:
            if medium.pingNode is not None:
                continue
            if medium.datagram not in frames:
                frames[medium.datagram] = self._seal.encode(message, medium.datagram)
            medium.send(frames[medium.datagram])

    # receiving

    def frameReceived(self, frame: bytes, medium: IMedium, source: str) -> bool:
        """Queue a frame for the next turn."""
        self.later(lambda: self._judge(frame))
        return True

    def _judge(self, frame: bytes) -> None:
        message = self._seal.decode(frame)
        if message is None:
            return
        name = NodeName(message.get("src") or "")
        peer = self.peers.get(name)
        if peer is None:
            return
        for_us = message.get("dest") in (None, self.config.localNode)
        if message.type.startswith("NS_"):
            if for_us:
                self._control(message, peer)
            return
        try:
            sequence = int(message.get("seq") or "", 16)
            generation = int(message.get("hg") or "0", 16)
            stamp = int(message.get("ts") or "", 16)
        except ValueError:
            return
        if sequence <= 0 or stamp <= 0:
            return
        before = set(peer.missing)
        previous = peer.generation
        verdict = peer.judge(message.type, generation, sequence)
        for number in peer.missing - before:
            self.clock.callLater(self.random.uniform(0.05, 0.25), self._ask, peer, number)
        if verdict in (Judgement.DROP, Judgement.DUPLICATE):
            return
        if verdict is Judgement.RESTART:
            self.bus.publish(NodeRestarted(node=name, generation=generation, previous=previous))
        peer.heard = peer.everHeard = True
        if not for_us:
            return
        if not peer.missing and sequence % 10 == peer.phase:
            self.send("NS_ackmsg", dest=name, ackseq=f"{sequence:x}")
        self._process(message, peer, verdict, sequence, stamp)

    def _process(
        self, message: Message, peer: PeerState, verdict: Judgement, sequence: int, stamp: int
    ) -> None:
        if message.type == "status":
            self._statusReceived(message, peer, verdict, sequence, stamp)
        elif message.type == "reqnodes":
            listed = "".join(f"{one} " for one in self.config.nodes)
            self.send("repnodes", dest=peer.name, nodelist=listed, delnodelist=" ")
        elif message.type == "repnodes":
            if self._asked is not None:
                self._comeUp()
        elif self.listener is not None:
            self.listener.received(message, False)

    def _statusReceived(
        self, message: Message, peer: PeerState, verdict: Judgement, sequence: int, stamp: int
    ) -> None:
        word = message.get("st")
        if word is None or (stamp < peer.lastStamp and sequence < peer.lastStatus):
            return
        now = self.clock.seconds()
        silent = now - (self._began if peer.lastAt is None else peer.lastAt)
        timers = self.config.timers
        if verdict is Judgement.PARTITION:
            self.bus.publish(NodeReturned(node=peer.name, silentFor=silent))
            if self.listener is not None:
                self.listener.partitionHealed(peer)
        if verdict is not Judgement.RESTART and peer.lastAt is not None and silent > timers.warntime:
            self.bus.publish(LateHeartbeat(node=peer.name, milliseconds=round(silent * 1000)))
            if silent > timers.deadtime and not peer.dead:
                self.declareDead(peer, silent, timers.deadtime)
        if word != peer.status:
            self.bus.publish(NodeStatusChanged(node=peer.name, status=word, previous=peer.status))
            peer.status = word
        if message.get("dt"):
            peer.deadtime = int(message.get("dt") or "0", 16) / 1000
        peer.protocol = message.get("protocol") is not None
        peer.heard = peer.everHeard = True
        peer.lastAt, peer.lastStatus, peer.lastStamp = now, sequence, stamp
        self._checkUp()

    def _control(self, message: Message, peer: PeerState) -> None:
        if message.type == "NS_st":
            now = self.clock.seconds()
            if peer.status != "ping":
                self.bus.publish(NodeStatusChanged(node=peer.name, status="ping", previous=peer.status))
            peer.status, peer.heard, peer.everHeard, peer.lastAt = "ping", True, True, now
            self._checkUp()
        elif message.type == "NS_nak_rexmit":
            peer.missing.discard(int(message.get("firstseq") or "0", 16))
        elif message.type == "NS_rexmit":
            first, last = int(message.get("firstseq") or "0"), int(message.get("lastseq") or "0")
            for number in range(first, min(last, first + 49) + 1):
                self._again(peer, number)

    def _ask(self, peer: PeerState, number: int) -> None:
        if number in peer.missing and not peer.dead:
            self.send("NS_rexmit", dest=peer.name, firstseq=str(number), lastseq=str(number))
            self.clock.callLater(0.25, self._ask, peer, number)

    def _again(self, peer: PeerState, number: int) -> None:
        now = self.clock.seconds()
        if number > self._sequence or now - self._resent.get(number, -1.0) < 0.24:
            return
        stored = self._history.get(number)
        if stored is None:
            self.send("NS_nak_rexmit", dest=peer.name, firstseq=f"{number:x}", info="seqno not found")
            return
        self._resent[number] = now
        self._transmit(stored)
