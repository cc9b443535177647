"""What the board shows, looked at."""

from __future__ import annotations

from tests.unit.resources.test_lookout import DIED, NONE, LookoutTestCase
from twisted_ha.resources.audit import ASK_AGAIN


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
            self.alpha.audit.lookDuringTakeover()
        self.assertEqual(self.said(), ["starting", "resource all 1"])
        self.alpha.clock.advance(ASK_AGAIN)
        self.alpha.audit.lookDuringTakeover()
        self.assertEqual(self.said().count("starting"), 2)

    def test_hasSaidSo(self) -> None:
        """Not when it has said so."""
        self.peer.reported, self.peer.resources = True, NONE
        self.alpha.audit.lookDuringTakeover()
        self.assertEqual(self.said(), [])
