"""Tests of L{twisted_ha.resources.refresher}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench
from twisted_ha.resources.refresher import ARRIVAL, FRESH, Refresher


class RefresherTests(SynchronousTestCase):
    """Beta, an original, asks for messages again."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.bench.peer.ours = False
        self.refresher = Refresher(self.bench.board, self.bench.clock, self.bench.alarm())

    def reportedBefore(self, seconds: float) -> None:
        self.bench.board.report()
        self.bench.clock.advance(seconds)
        del self.bench.mouth.said[:]

    def asked(self) -> list[str]:
        """What is said when the messages have arrived."""
        self.refresher.retransmissionAsked()
        self.bench.clock.advance(ARRIVAL)
        return self.bench.mouth.types()

    def test_reportsAgain(self) -> None:
        """A report that it may have asked for is followed by a fresh one, after the retransmission."""
        self.reportedBefore(FRESH - 0.1)
        self.refresher.retransmissionAsked()
        self.assertEqual(self.bench.mouth.said, [])
        self.bench.clock.advance(ARRIVAL)
        self.assertEqual(self.bench.mouth.types(), ["resource local 1"])

    def test_old(self) -> None:
        """An old report is not what it lacks."""
        self.reportedBefore(FRESH)
        self.assertEqual(self.asked(), [])

    def test_never(self) -> None:
        """Before our first report there is nothing to overwrite."""
        self.assertEqual(self.asked(), [])

    def test_often(self) -> None:
        """It asks for many messages one after the other, and gets one report for all."""
        self.reportedBefore(1.0)
        self.refresher.retransmissionAsked()
        self.bench.clock.advance(ARRIVAL - 0.1)
        self.refresher.retransmissionAsked()
        self.bench.clock.advance(0.1)
        self.assertEqual(self.bench.mouth.types(), ["resource local 1"])

    def test_ours(self) -> None:
        """One of our kind knows an older report when it sees one."""
        self.bench.peer.ours = True
        self.reportedBefore(1.0)
        self.assertEqual(self.asked(), [])

    def test_nobody(self) -> None:
        """Among more than two nodes nobody is to be corrected."""
        self.reportedBefore(1.0)
        self.bench.board.peer = None
        self.assertEqual(self.asked(), [])
