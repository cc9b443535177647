"""What the board shows, looked at."""

from __future__ import annotations

from tests.unit.resources.test_lookout import ALL, DIED, FOREIGN, LOCAL, NONE, LookoutTestCase
from twisted_ha.resources.audit import ASK_AGAIN, ASK_HOME, HOME_HAS, YIELD_DELAY
from twisted_ha.resources.standby import Move
from twisted_ha.resources.words import MoveWord
from twisted_ha.terms import ResourceSet


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


class FreeTests(LookoutTestCase):
    """Alpha runs its own; beta lives, has said that it holds nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.stable()
        self.alpha.board.claim(LOCAL)
        self.peer.ours = self.peer.reported = self.peer.stable = True
        self.peer.resources = NONE
        self.look()

    def look(self, after: float = 0.0) -> None:
        self.alpha.clock.advance(after)
        self.alpha.audit.look()

    def questions(self) -> int:
        return self.said().count("starting")

    def answer(self, holds: ResourceSet = NONE) -> None:
        self.peer.resources = holds
        self.peer.reports += 1

    def test_taken(self) -> None:
        """When it has said twice, the second time knowing that it is free, that it does not hold it."""
        self.look(HOME_HAS[0] - 0.1)
        self.assertEqual(self.questions(), 0)
        self.look(0.1)
        self.answer()
        self.look()
        self.look(HOME_HAS[1] - 0.1)
        self.assertEqual(self.questions(), 1)
        self.look(0.1)
        self.assertEqual((self.questions(), self.alpha.board.mine), (2, LOCAL))
        self.answer()
        self.look()
        self.assertEqual((self.questions(), self.alpha.board.mine), (2, ALL))

    def test_unanswered(self) -> None:
        """Whoever does not answer is asked again, for as long as it lives, and nothing is taken."""
        self.look(HOME_HAS[0])
        for _ in range(30):
            self.look(ASK_HOME)
        self.assertEqual((self.questions(), self.alpha.board.mine), (31, LOCAL))

    def test_earlierWord(self) -> None:
        """What it said before it was asked is no answer."""
        self.answer()
        self.look(HOME_HAS[0])
        self.look(ASK_HOME)
        self.assertEqual(self.questions(), 2)

    def test_holdsIt(self) -> None:
        """It has taken it, and its word was lost."""
        self.look(HOME_HAS[0])
        self.answer(LOCAL)
        for _ in range(9):
            self.look(1)
        self.assertEqual((self.questions(), self.alpha.board.mine), (1, LOCAL))

    def test_askedAnew(self) -> None:
        """What it was asked and answered when the class was free before is forgotten."""
        for answered in (False, True):
            self.look(HOME_HAS[0])
            if answered:
                self.answer()
                self.look()
            self.answer(LOCAL)
            self.look(5)
            before = self.questions()
            self.answer(NONE)
            self.look()
            self.look(HOME_HAS[0] - 0.1)
            self.assertEqual(self.questions(), before)
            self.look(0.1)
            self.assertEqual(self.questions(), before + 1)
            self.answer(LOCAL)
            self.look()
            self.answer(NONE)
            self.look()

    def test_moves(self) -> None:
        """So is what it said before or while something moved."""
        self.look(HOME_HAS[0])
        self.answer()
        self.look()
        for stable in (True, False):
            if stable:
                self.alpha.audit.restless()
            else:
                self.peer.stable = False
                self.look()
                self.peer.stable = True
            self.answer()
            self.look(HOME_HAS[1])
            self.assertEqual(self.alpha.board.mine, LOCAL)
            self.look(HOME_HAS[0])
            self.answer()
            self.look()
            self.assertEqual(self.alpha.board.mine, LOCAL)
