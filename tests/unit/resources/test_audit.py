"""What the board shows, looked at."""

from __future__ import annotations

from tests.unit.resources.test_lookout import ALL, DIED, FOREIGN, LOCAL, NONE, LookoutTestCase
from twisted_ha.resources.audit import ASK_AGAIN, YIELD_DELAY
from twisted_ha.resources.standby import Move
from twisted_ha.resources.words import MoveWord


class FailingTests(LookoutTestCase):
    """A group of alpha's would not start."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.agents["a2"].startFails = True
        self.alpha.stable()
        self.alpha.worker.want(["a1"], True)
        self.alpha.audit.groupFailed(self.alpha.worker.runners["a1"])

    def test_offered(self) -> None:
        """Beta is to try."""
        self.alpha.audit.look()
        self.assertFalse(self.alpha.mover.idle)

    def test_runsAfterAll(self) -> None:
        """Not when it has been started meanwhile."""
        self.alpha.agents["a2"].startFails = False
        self.alpha.worker.want(["a1"], True)
        self.alpha.audit.look()
        self.assertTrue(self.alpha.mover.idle)


class TakeoverTests(LookoutTestCase):
    """A takeover from beta is under way, and beta is back."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.stable()
        self.alpha.agents["a1"].startTakes = None
        self.lookout.died(DIED)
        self.lookout.statusChanged()
        self.alpha.quiet()

    def test_asks(self) -> None:
        """It is asked what it holds, and again if it does not answer."""
        for _ in range(3):
            self.alpha.audit.lookMeanwhile()
        self.assertEqual(self.said(), ["starting", "resource all 1"])
        self.alpha.clock.advance(ASK_AGAIN)
        self.alpha.audit.lookMeanwhile()
        self.assertEqual(self.said().count("starting"), 2)

    def test_hasSaidSo(self) -> None:
        """Not when it has said so."""
        self.peer.reported, self.peer.resources = True, NONE
        self.alpha.audit.lookMeanwhile()
        self.assertEqual(self.said(), [])


class MoveTests(LookoutTestCase):
    """Beta, an original, gives its own, and alpha waits; both claim everything."""

    def test_besides(self) -> None:
        """What the move is about is left to it; the rest is settled, in favour of the original."""
        self.alpha.stable()
        self.alpha.worker.want(["b1"], True)
        self.alpha.board.claim(ALL)
        self.peer.ours, self.peer.resources = False, ALL
        self.alpha.mover.peerAsks(MoveWord(step="me", resources=LOCAL))
        self.assertEqual(self.alpha.mover.state, Move.GRANTED)
        self.alpha.audit.lookMeanwhile()
        self.alpha.clock.advance(YIELD_DELAY)
        self.alpha.audit.lookMeanwhile()
        self.assertEqual((self.wanted(), self.alpha.board.mine), ([False, True], FOREIGN))
