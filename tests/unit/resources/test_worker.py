"""Tests of L{twisted_ha.resources.worker}: which operations wait for which."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench


class WorkerTests(SynchronousTestCase):
    """Alpha's worker with the groups a1 (a1, a2) and b1."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.worker, self.agents, self.clock = self.bench.worker, self.bench.agents, self.bench.clock
        self.calls = self.agents.calls

    def test_oneStart(self) -> None:
        """One group is started at a time, in the order of C{haresources}."""
        self.agents["a1"].startTakes = 5
        self.worker.want(["a1", "b1"], True)
        self.clock.advance(4)
        self.worker.want(["b1"], True)
        self.assertEqual(self.calls, ["start a1"])
        self.clock.advance(1)
        self.assertEqual(self.calls, ["start a1", "start a2", "start b1"])

    def test_stopDoesNotWait(self) -> None:
        """A stop does not wait for the start of another group, and no other start for neither."""
        self.worker.want(["b1"], True)
        del self.calls[:]
        self.agents["a1"].startTakes = 5
        self.agents["b1"].stopTakes = 2
        self.worker.want(["a1"], True)
        self.worker.want(["b1"], False)
        self.assertEqual(self.calls, ["start a1", "stop b1"])
        self.worker.want(["b1"], True)
        self.clock.advance(3)
        self.assertEqual(self.calls, ["start a1", "stop b1"])
        self.assertFalse(self.worker.settled())
        self.clock.advance(2)
        self.assertEqual(self.calls, ["start a1", "stop b1", "start a2", "start b1"])
        self.assertTrue(self.worker.settled())

    def test_oneStop(self) -> None:
        """One group is stopped at a time."""
        self.worker.want(["a1", "b1"], True)
        del self.calls[:]
        self.agents["a2"].stopTakes = 2
        self.worker.want(["a1", "b1"], False)
        self.assertEqual(self.calls, ["stop a2"])
        self.clock.advance(2)
        self.assertEqual(self.calls, ["stop a2", "stop a1", "stop b1"])

    def test_withheld(self) -> None:
        """A start that only looks is given up, at once, when the group is withheld."""
        self.agents["a1"].statusTakes = 60
        self.worker.want(["a1"], True)
        self.assertFalse(self.worker.standing(["a1"]))
        self.worker.withhold(["a1"])
        self.clock.advance(0)
        self.assertTrue(self.worker.settled())
        self.assertEqual(self.calls, ["stop a2", "stop a1"])
        self.agents["a1"].statusTakes = 0
        self.worker.withhold([])
        self.assertEqual(self.calls[2:], ["start a1", "start a2"])

    def test_withheldTooLate(self) -> None:
        """One that has done something goes on: what is decided later is decided about a whole group."""
        self.agents["a1"].startTakes = 2
        self.worker.want(["a1"], True)
        self.assertTrue(self.worker.standing(["a1"]))
        self.worker.withhold(["a1"])
        self.clock.advance(2)
        self.assertEqual(self.calls, ["start a1", "start a2"])

    def test_looksInVain(self) -> None:
        """A script that only looks is not waited for when the group is not wanted any more."""
        self.agents["a2"].statusTakes = 60
        self.worker.want(["a1"], True)
        self.worker.want(["a1"], False)
        self.clock.advance(0)
        self.assertTrue(self.worker.settled())
        self.assertEqual(self.calls, ["start a1", "stop a2", "stop a1"])
