"""Tests for L{twisted_ha.cluster.beat}."""

from __future__ import annotations

from itertools import pairwise

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import ALPHA, Peer, Wire, configuration, member, run, stall
from twisted_ha.cluster.beat import EXTENSION, EXTENSION_FIELD
from twisted_ha.config.model import Timers
from twisted_ha.events import BeatLate


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
