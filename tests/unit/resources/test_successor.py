"""A takeover that takes its time, and a node that comes back meanwhile."""

from __future__ import annotations

from tests.unit.resources.test_lookout import ALL, DIED, NONE, LookoutTestCase
from twisted_ha.events import TakeoverCompleted
from twisted_ha.resources.takeover import PATIENCE
from twisted_ha.terms import FailbackMode


class BackInATakeoverTests(LookoutTestCase):
    """Beta died; alpha starts its own group, and has not begun beta's when beta is heard."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.stable()
        self.alpha.agents["a1"].startTakes = 2.0
        self.alpha.successor.ended = self.alpha.look = self.look  # type: ignore[method-assign]
        self.alpha.worker.changed = self.look
        self.alpha.board.drop(ALL)
        self.alpha.worker.want(["a1"], False)
        self.lookout.died(DIED)
        self.assertEqual(self.started(), ["start a1"])

    def look(self) -> None:
        """What the manager does."""
        self.alpha.successor.withhold()
        self.alpha.successor.progress()

    def back(self) -> None:
        self.peer.resources = NONE
        self.lookout.statusChanged()
        self.look()

    def started(self) -> list[str]:
        return [call for call in self.alpha.agents.calls if call.startswith("start")]

    def test_gone(self) -> None:
        """As long as nobody is there, one group follows the other."""
        self.alpha.clock.advance(2.0)
        self.assertEqual(self.started(), ["start a1", "start a2", "start b1"])
        self.assertTrue(self.alpha.successor.idle)

    def test_silent(self) -> None:
        """Who is back and has not said what it holds may hold it: nothing more is begun, for a time."""
        self.back()
        self.alpha.clock.advance(2.0)
        self.assertEqual(self.started(), ["start a1", "start a2"])
        self.assertFalse(self.alpha.successor.idle)
        self.alpha.clock.advance(PATIENCE - 2.0)
        self.assertEqual(self.started(), ["start a1", "start a2", "start b1"])
        self.assertTrue(self.alpha.successor.idle)

    def test_holdsIt(self) -> None:
        """It says that it does: it is left with it, and the takeover is over."""
        self.back()
        self.alpha.clock.advance(2.0)
        self.peer.reported, self.peer.resources = True, ALL
        self.look()
        self.assertEqual(self.started(), ["start a1", "start a2"])
        (done,) = self.alpha.told(TakeoverCompleted)
        self.assertEqual(done, TakeoverCompleted(node="beta", groups=("a1",), seconds=2.0))

    def test_holdsNothing(self) -> None:
        """It says that it holds nothing: what is left is taken."""
        self.back()
        self.alpha.clock.advance(2.0)
        self.peer.reported = True
        self.look()
        self.assertEqual(self.started(), ["start a1", "start a2", "start b1"])

    def test_starting(self) -> None:
        """One that says that it is starting holds nothing."""
        self.back()
        self.peer.saidStarting()
        self.look()
        self.alpha.clock.advance(2.0)
        self.assertEqual(self.started(), ["start a1", "start a2", "start b1"])

    def test_legacy(self) -> None:
        """In legacy mode nobody says what it holds, and nobody is waited for."""
        self.alpha.board.mode = FailbackMode.LEGACY
        self.back()
        self.alpha.clock.advance(2.0)
        self.assertEqual(self.started(), ["start a1", "start a2", "start b1"])
