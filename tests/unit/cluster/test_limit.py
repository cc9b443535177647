"""Tests for L{twisted_ha.cluster.limit}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cluster.limit import Allowance


class AllowanceTests(SynchronousTestCase):
    """So many in a second."""

    def test_rate(self) -> None:
        """What was not taken is not saved up; each key has its own."""
        clock = Clock()
        allowance = Allowance(clock, 3)
        self.assertEqual([allowance.take("a") for _ in range(5)], [True] * 3 + [False] * 2)
        self.assertTrue(allowance.take("b"))
        clock.advance(0.9)
        self.assertFalse(allowance.take("a"))
        clock.advance(0.1)
        self.assertEqual([allowance.take("a") for _ in range(4)], [True] * 3 + [False])
        clock.advance(10)
        self.assertEqual([allowance.take("a") for _ in range(4)], [True] * 3 + [False])
