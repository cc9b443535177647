"""Tests of L{twisted_ha.resources.gate}."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.resources.gate import Gate


class GateTests(SynchronousTestCase):
    """Who may pass."""

    def setUp(self) -> None:
        self.stalled = False
        self.gate = Gate(self.look)

    def look(self) -> None:
        if self.stalled:
            self.gate.close()

    def passed(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self.gate.passed())

    def test_open(self) -> None:
        """Everybody, at first."""
        self.successResultOf(self.passed())

    def test_closed(self) -> None:
        """Nobody while it is closed, and everybody in turn when it opens; then others may begin."""
        opened: list[bool] = []
        self.gate.close()
        waiting = [self.passed(), self.passed()]
        self.gate.opened = lambda: opened.append(all(one.called for one in waiting))
        for one in waiting:
            self.assertNoResult(one)
        self.gate.open()
        self.gate.open()
        self.assertEqual(opened, [True])

    def test_looks(self) -> None:
        """Whoever comes first after a stall notices it."""
        self.stalled = True
        waiting = self.passed()
        self.assertNoResult(waiting)
        self.stalled = False
        self.gate.open()
        self.successResultOf(waiting)

    def test_closedByOneWhoPassed(self) -> None:
        """Who waited waits on when somebody before him has closed it again."""
        self.gate.close()
        self.passed().addCallback(lambda _: self.gate.close())
        second = self.passed()
        self.gate.open()
        self.assertNoResult(second)
