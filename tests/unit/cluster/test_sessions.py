"""
What two real heartbeat 3.0.6 nodes said to each other, heard by a core of ours.

The core is the third on the wire, under the name C{gamma}, and hears both; what it makes of them is
compared with what is known to have happened (wire-protocol.md section 9).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import ALPHA, BETA, GAMMA, Member, Port, Wire, configuration, member, run
from twisted_ha.cluster.header import Header
from twisted_ha.config.model import Timers
from twisted_ha.events import (
    Event,
    FrameRefused,
    MessagesMissing,
    MessagesRecovered,
    NodeDied,
    NodeRestarted,
    NodeReturned,
    NodeStatusChanged,
)
from twisted_ha.terms import NodeName
from twisted_ha.wire import Message, decode

VECTORS = os.path.join(os.path.dirname(__file__), "..", "..", "data", "vectors")

Frames = list[dict[str, Any]]


def session(name: str) -> Frames:
    """The frames of one captured session."""
    with open(os.path.join(VECTORS, f"session-{name}.json")) as file:
        frames: Frames = json.load(file)["frames"]
    return frames


class SessionTestCase(SynchronousTestCase):
    """A listener beside two real nodes."""

    name = ""
    timers = Timers()

    def setUp(self) -> None:
        self.clock = Clock()
        self.port: Port = Wire(self.clock, "eth1").port(GAMMA)
        self.second: Port = Wire(self.clock, "eth2").port(GAMMA)
        config = configuration(GAMMA, (ALPHA, BETA, GAMMA), timers=self.timers)
        self.gamma: Member = member(self.clock, [self.port, self.second], config)
        self.times: list[tuple[float, Event]] = []
        self.gamma.bus.subscribe(lambda event, when: self.times.append((when, event)))
        self.heard: list[tuple[str, int, int]] = []
        self.gamma.core.observe(self.note)
        self.gamma.core.start()
        self.frames = session(self.name)

    def note(self, header: Header, message: Message, local: bool) -> None:
        """Remember what was acted on."""
        if not local and header.sequence is not None:
            self.heard.append((header.src, header.generation, header.sequence))

    def replay(self, keep: Callable[[int], bool] = lambda place: True, twice: bool = False) -> None:
        """Let the frames come at their times; C{twice} over both links."""
        for place, frame in enumerate(self.frames):
            run(self.clock, max(0.0, frame["t"] - self.clock.seconds()))
            if not keep(place):
                continue
            self.port.deliver(bytes.fromhex(frame["hex"]), frame["from"])
            if twice:
                self.second.deliver(bytes.fromhex(frame["hex"]), frame["from"])

    def sequenced(self) -> set[tuple[str, int, int]]:
        """Every sequenced message of the session that was for everybody."""
        found = set()
        for frame in self.frames:
            header = Header.of(decode(bytes.fromhex(frame["hex"])).message)
            if header.sequence is not None and header.dest is None:
                found.add((header.src, header.generation, header.sequence))
        return found

    def of(self, kind: type[Event], node: NodeName) -> list[tuple[float, Event]]:
        """When events of one kind about one node were told."""
        return [
            (round(when, 2), event)
            for when, event in self.times
            if isinstance(event, kind) and getattr(event, "node", None) == node
        ]


class StartTests(SessionTestCase):
    """Start, standby, takeover, stop."""

    name = "start-standby-takeover-stop"
    timers = Timers(keepalive=1, warntime=3, deadtime=6, initdead=12, deadping=6)

    def test_words(self) -> None:
        """Both nodes are followed from C{up} to C{active}, and alpha to its death after the stop."""
        self.replay()
        run(self.clock, 8)
        for node in (ALPHA, BETA):
            words = [event.status for _, event in self.of(NodeStatusChanged, node)]  # type: ignore[attr-defined]
            self.assertEqual(words, ["up", "active"])
        ((when, death), *_) = self.of(NodeDied, ALPHA)
        assert isinstance(death, NodeDied)
        self.assertEqual((when, death.deadtime, death.heard), (44.01, 6.0, True))

    def test_everything(self) -> None:
        """Every message is acted on exactly once, none is refused, and no gap stays open."""
        self.replay()
        self.assertEqual(len(self.heard), len(set(self.heard)))
        self.assertEqual(set(self.heard), self.sequenced())
        self.assertEqual(self.gamma.told(FrameRefused), [])
        self.assertEqual(self.gamma.told(NodeRestarted), [])
        self.assertEqual(len(self.gamma.told(MessagesMissing)), len(self.gamma.told(MessagesRecovered)))

    def test_reorderingIsNoLoss(self) -> None:
        """Their habit of sending n+1 before n makes us ask for nothing."""
        self.replay()
        self.assertTrue(self.gamma.told(MessagesMissing))
        self.assertNotIn("NS_rexmit", self.port.types())
        links = self.gamma.core.nodes[BETA].links
        self.assertEqual(links["eth1"].lost, 0)
        self.assertGreater(links["eth1"].outOfOrder, 0)

    def test_twoLinks(self) -> None:
        """Heard over two links it is the same session: nothing is acted on twice."""
        self.replay(twice=True)
        self.assertEqual(len(self.heard), len(set(self.heard)))
        self.assertEqual(set(self.heard), self.sequenced())
        node = self.gamma.core.nodes[BETA]
        self.assertEqual(node.links["eth1"].messages, node.links["eth2"].messages)

    def test_announced(self) -> None:
        """What they announce is known, and that they are not of our kind."""
        self.replay(lambda place: self.frames[place]["t"] < 30)
        view = {view.name: view for view in self.gamma.core.nodeViews()}[ALPHA]
        self.assertEqual(
            (view.generation, view.deadtime, view.protocol, view.extension),
            (0x6B03EE38, 6.0, True, None),
        )
        self.assertEqual(view.uuid, "25b4aa7e65864926ace9429f0d9a750a")

    def test_lost(self) -> None:
        """Frames that are lost are asked for, in decimal, of the node that sent them."""
        gone = {place for place in range(40, 110) if place % 7 == 0}
        self.replay(lambda place: place not in gone)
        asked = set()
        for message in self.port.messages:
            if message.type == "NS_rexmit":
                first, last = int(message.get("firstseq") or ""), int(message.get("lastseq") or "")
                asked |= {(message.get("dest"), number) for number in range(first, last + 1)}
        lost = {(src, sequence) for src, _, sequence in self.sequenced() - set(self.heard)}
        self.assertTrue(lost)
        self.assertTrue(lost <= asked, lost - asked)


class CrashTests(SessionTestCase):
    """Crash, restart, quick restart, partition, and both starting themselves anew."""

    name = "crash-restart-partition"
    timers = Timers(keepalive=0.5, warntime=1, deadtime=3, initdead=6, deadping=3)

    def test_lives(self) -> None:
        """Every new life is a restart with the next generation."""
        self.replay()
        for node, times in ((ALPHA, [22.05, 38.58, 72.81]), (BETA, [72.25])):
            restarts = self.of(NodeRestarted, node)
            self.assertEqual([when for when, _ in restarts], times)
            for _, event in restarts:
                assert isinstance(event, NodeRestarted)
                self.assertEqual(event.generation, event.previous + 1)

    def test_deaths(self) -> None:
        """The crash and the partition are deaths of alpha, its quick restart is none."""
        self.replay()
        self.assertEqual([when for when, _ in self.of(NodeDied, ALPHA)], [20.01, 57.58])
        self.assertEqual(self.of(NodeDied, BETA), [])

    def test_partition(self) -> None:
        """alpha was captured on beta's side: it returns when the partition heals, and only then."""
        self.replay()
        ((when, event),) = self.of(NodeReturned, ALPHA)
        assert isinstance(event, NodeReturned)
        self.assertEqual((when, round(event.silentFor, 2)), (63.59, 9.01))
        self.assertEqual(self.of(NodeReturned, BETA), [])

    def test_once(self) -> None:
        """Nothing is acted on twice in all of it, and nothing is refused."""
        self.replay(twice=True)
        self.assertEqual(len(self.heard), len(set(self.heard)))
        self.assertEqual(self.gamma.told(FrameRefused), [])
