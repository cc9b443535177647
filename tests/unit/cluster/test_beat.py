"""Tests for L{twisted_ha.cluster.beat}."""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    GAMMA,
    Member,
    Peer,
    Wire,
    configuration,
    member,
    run,
    stall,
)
from twisted_ha.cluster.beat import EXTENSION, EXTENSION_FIELD, PLAY
from twisted_ha.config.model import Timers
from twisted_ha.events import BeatLate
from twisted_ha.terms import NodeName


class BeatTests(SynchronousTestCase):
    """Our own status."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.port = Wire(self.clock).port(ALPHA)
        self.alpha = member(self.clock, [self.port])

    def test_first(self) -> None:
        """The first packet of a life is a status with C{init} and the number 1, then C{up} follows."""
        self.alpha.core.start()
        first, second = self.port.messages
        self.assertEqual([first.get(name) for name in ("t", "st", "seq")], ["status", "init", "1"])
        self.assertEqual([second.get(name) for name in ("t", "st", "seq")], ["status", "up", "2"])

    def test_fields(self) -> None:
        """A status says what it wants to be judged by, and what it speaks."""
        self.alpha.core.start()
        self.assertEqual(
            [(field.name, field.value) for field in self.port.messages[0]][:5],
            [("t", "status"), ("st", "init"), ("dt", "1770"), ("protocol", "1"), ("twisted_ha", "1")],
        )

    def test_everyKeepalive(self) -> None:
        """It beats every keepalive without drift, and feeds whoever watches over it."""
        self.alpha.core.start()
        run(self.clock, 10.5)
        self.assertEqual(self.alpha.beats, [0.0, 0.0, *map(float, range(1, 11))])

    def test_noDrift(self) -> None:
        """A beat that comes a little late does not make the next one late."""
        self.alpha.core.start()
        stall(self.clock, 1.2)
        run(self.clock, 2.0)
        self.assertEqual(self.alpha.beats[2:], [1.2, 2.0, 3.0])

    def test_noCatchingUp(self) -> None:
        """After a stall it beats once, not once for each beat it missed."""
        self.alpha.core.start()
        stall(self.clock, 7.2)
        self.assertEqual(self.alpha.beats, [0.0, 0.0, 7.2])
        self.assertEqual(len(self.alpha.told(BeatLate)), 1)
        run(self.clock, 2.0)
        self.assertEqual(self.alpha.beats[3:], [8.2, 9.2])

    def test_oneMore(self) -> None:
        """One more status does not move the beat."""
        self.alpha.core.start()
        run(self.clock, 0.5)
        self.alpha.core.sendStatus()
        run(self.clock, 0.5)
        self.assertEqual(self.alpha.beats[2:], [0.5, 1.0])

    def test_goesOn(self) -> None:
        """Whatever fails in one beat, the next one comes."""
        self.alpha.core.start()
        self.alpha.core._beat._beat = lambda: 1 / 0
        self.assertRaises(ZeroDivisionError, run, self.clock, 1.0)
        self.alpha.core._beat._beat = lambda: None
        sent = len(self.port.sent)
        run(self.clock, 1.0)
        self.assertEqual(len(self.port.sent), sent + 1)

    def test_flowControl(self) -> None:
        """Once a node without C{protocol} was heard, ours is not announced any more, and nothing
        is acknowledged."""
        self.alpha.core.start()
        beta = Peer(self.alpha)
        beta.extras = {}
        beta.says()
        run(self.clock, 1.0)
        self.assertNotIn("protocol", self.port.messages[-1])
        for _ in range(30):
            beta.says("note")
        self.assertNotIn("NS_ackmsg", self.port.types())

    def test_acknowledges(self) -> None:
        """A peer that announces C{protocol} has every tenth message acknowledged, in hexadecimal."""
        self.alpha.core.start()
        beta = Peer(self.alpha)
        beta.says()
        for _ in range(40):
            beta.says("note")
        acks = [one for one in self.port.messages if one.type == "NS_ackmsg"]
        numbers = [int(one.get("ackseq") or "", 16) for one in acks]
        self.assertEqual({one.get("dest") for one in acks}, {"beta"})
        self.assertEqual(len(numbers), 4)
        self.assertEqual({b - a for a, b in pairwise(numbers)}, {10})

    def test_acknowledgesOurKind(self) -> None:
        """One of our kind does nothing with them, and gets one in a hundred."""
        self.alpha.core.start()
        beta = Peer(self.alpha)
        beta.extras = {**beta.extras, EXTENSION_FIELD: EXTENSION}
        beta.says()
        for _ in range(400):
            beta.says("note")
        self.assertEqual(self.port.types().count("NS_ackmsg"), 4)

    def test_reconfigure(self) -> None:
        """A new keepalive counts from the last beat, and a new dead time is announced at once."""
        self.alpha.core.start()
        run(self.clock, 1.25)
        timers = Timers(keepalive=0.5, deadtime=3, initdead=12)
        self.alpha.core.reconfigure(configuration(timers=timers))
        self.assertEqual(self.port.messages[-1].get("dt"), "bb8")
        run(self.clock, 1.0)
        self.assertEqual(self.alpha.beats[3:], [1.25, 1.5, 2.0])


class InStepTests(SynchronousTestCase):
    """A node beats when the node of our kind with the first name does (docs/adr/beating-in-step.md)."""

    nodes: tuple[NodeName, ...] = ALPHA, BETA

    def setUp(self) -> None:
        self.clock = Clock()
        self.wire = Wire(self.clock)

    def start(self, name: NodeName) -> Member:
        """C{name} begins to take part, and a moment goes by."""
        config = configuration(name, self.nodes)
        made = member(self.clock, [self.wire.port(name)], config)
        made.core.start()
        run(self.clock, 0.3)
        return made

    def beats(self, one: Member, seconds: float) -> list[float]:
        """When C{one} beats in the next C{seconds}."""
        known = len(one.beats)
        run(self.clock, seconds)
        return one.beats[known:]

    def assertRegular(self, beats: list[float], least: float, most: float) -> None:
        """The times between two beats are within these bounds, in seconds."""
        self.assertGreater(len(beats), 1)
        for earlier, later in pairwise(beats):
            self.assertGreaterEqual(later - earlier, least - 1e-9)
            self.assertLessEqual(later - earlier, most + 1e-9)

    def test_fallsIntoStep(self) -> None:
        """After a while the one beats as soon as it hears the other, which takes no notice of that."""
        alpha, beta = self.start(ALPHA), self.start(BETA)
        self.assertRegular(self.beats(beta, 25.0), 1.0 - PLAY, 1.0 + PLAY)
        followed = self.beats(beta, 5.0)
        self.assertRegular(followed, 1.0, 1.0)
        for ours, theirs in zip(followed, alpha.beats[-5:], strict=True):
            self.assertAlmostEqual(ours, theirs + self.wire.latency)
        self.assertRegular(alpha.beats[-30:], 1.0, 1.0)

    def test_lostBeats(self) -> None:
        """What it does not hear it does not wait for: it beats a little later, and then by itself."""
        self.start(ALPHA)
        beta = self.start(BETA)
        run(self.clock, 30.0)
        self.wire.part(ALPHA, BETA)
        last = beta.beats[-1]
        alone = [round(b - a, 3) for a, b in pairwise([last, *self.beats(beta, 3.2)])]
        self.assertEqual(alone, [1.0 + PLAY, 1.0, 1.0])
        self.wire.cut.clear()
        self.assertRegular(self.beats(beta, 30.0), 1.0 - PLAY, 1.0 + PLAY)

    def test_heartbeatIsNotFollowed(self) -> None:
        """Heartbeat beats in its own way."""
        beta = self.start(BETA)
        alpha = Peer(beta, ALPHA)
        for turn in range(20):
            alpha.says()
            beats = self.beats(beta, 2.0)
            if turn > 10:
                self.assertRegular(beats, 1.0, 1.0)

    def test_severalToFollow(self) -> None:
        """However many it follows, it stays within its bounds, and at last all agree."""
        self.nodes = ALPHA, BETA, GAMMA
        members = [self.start(name) for name in reversed(self.nodes)]
        self.assertRegular(self.beats(members[0], 60.0), 1.0 - PLAY, 1.0 + PLAY)
        last = [one.beats[-1] for one in members]
        self.assertLess(max(last) - min(last), 3 * self.wire.latency)

    def test_withoutTheFirst(self) -> None:
        """When the node that led is gone, the next one does."""
        self.nodes = ALPHA, BETA, GAMMA
        alpha, beta, gamma = (self.start(name) for name in self.nodes)
        run(self.clock, 30.0)
        alpha.core.stop()
        run(self.clock, 30.0)
        self.assertRegular(self.beats(beta, 5.0), 1.0, 1.0)
        self.assertAlmostEqual(gamma.beats[-1], beta.beats[-1] + self.wire.latency)

    def test_heardLate(self) -> None:
        """What is heard when the own beat is due already does not put it off."""
        beta = self.start(BETA)
        alpha = Peer(beta, ALPHA)
        alpha.extras = {**alpha.extras, EXTENSION_FIELD: EXTENSION}
        alpha.says()
        run(self.clock, 10.0)
        alpha.says()
        due = beta.core._beat._planned
        self.clock.rightNow = due + 0.3
        alpha.says()
        self.assertEqual(beta.core._beat._planned, due)
