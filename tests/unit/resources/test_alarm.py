"""Timers that doubt themselves."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from twisted_ha.resources.alarm import Alarm


class AlarmTests(TestCase):
    """L{Alarm} with beats a second apart."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.alarm = Alarm(self.clock, 1.0)
        self.rung: list[float] = []
        self.alarm.set(10, lambda: self.rung.append(self.clock.seconds()))

    def test_inTime(self) -> None:
        """It calls when it is due."""
        self.clock.advance(9.9)
        self.assertEqual(self.rung, [])
        self.clock.advance(0.1)
        self.assertEqual(self.rung, [10.0])
        self.assertIsNone(self.alarm.due)

    def test_aLittleLate(self) -> None:
        """Up to half a beat late is in time."""
        self.clock.advance(10.4)
        self.assertEqual(self.rung, [10.4])

    def test_late(self) -> None:
        """Later than that it listens for two beats first."""
        self.clock.advance(25)
        self.assertEqual(self.rung, [])
        self.clock.advance(1.9)
        self.assertEqual(self.rung, [])
        self.clock.advance(0.1)
        self.assertEqual(self.rung, [27.0])

    def test_cancel(self) -> None:
        """Cancelled, also while it listens, it calls nothing."""
        self.clock.advance(25)
        self.alarm.cancel()
        self.clock.advance(100)
        self.assertEqual(self.rung, [])

    def test_set(self) -> None:
        """A new time replaces the old."""
        self.alarm.set(20, lambda: self.rung.append(-1))
        self.clock.advance(10)
        self.assertEqual(self.rung, [])
        self.assertEqual(self.alarm.due, 20)
