"""Tests for L{twisted_ha.cluster.deadline} and L{twisted_ha.cluster.punctuality}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import TIMERS, run, stall
from twisted_ha.bus import EventBus
from twisted_ha.cluster.deadline import Deadline
from twisted_ha.cluster.punctuality import Punctuality
from twisted_ha.config.model import Timers
from twisted_ha.events import BeatLate, Event


class DeadlineTests(SynchronousTestCase):
    """A deadline that moves."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        bus = EventBus(self.clock)
        bus.subscribe(lambda event, when: self.events.append(event))
        self.punctuality = Punctuality(self.clock, bus, TIMERS)
        self.due: float | None = 5.0
        self.passed: list[float] = []
        self.deadline = Deadline(
            self.clock,
            self.punctuality,
            lambda: self.due,
            lambda: self.passed.append(self.clock.seconds()),
        )

    def test_passes(self) -> None:
        """It passes when it is due, once."""
        self.deadline.arm()
        run(self.clock, 4.9)
        self.assertEqual(self.passed, [])
        run(self.clock, 10)
        self.assertEqual(self.passed, [5.0])
        self.assertFalse(self.deadline.armed)

    def test_moves(self) -> None:
        """Moving it later needs no new call: the pending one goes back to sleep."""
        self.deadline.arm()
        (call,) = self.clock.getDelayedCalls()
        self.due = 9.0
        self.deadline.arm()
        self.assertEqual(self.clock.getDelayedCalls(), [call])
        run(self.clock, 20)
        self.assertEqual(self.passed, [9.0])

    def test_sooner(self) -> None:
        """Moving it earlier takes effect when it is armed again."""
        self.deadline.arm()
        self.due = 2.0
        self.deadline.arm()
        run(self.clock, 20)
        self.assertEqual(self.passed, [2.0])

    def test_never(self) -> None:
        """Without a due time it does not pass."""
        self.deadline.arm()
        self.due = None
        run(self.clock, 20)
        self.assertEqual(self.passed, [])
        self.deadline.arm()
        self.assertFalse(self.deadline.armed)

    def test_stop(self) -> None:
        """Stopped, it leaves no call behind."""
        self.deadline.arm()
        self.deadline.stop()
        self.deadline.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_oneMoreTurn(self) -> None:
        """What is read in the turn after the deadline still counts."""
        self.deadline.arm()
        self.clock.callLater(5.0, setattr, self, "due", 8.0)  # after the deadline's call, same turn
        run(self.clock, 6)
        self.assertEqual(self.passed, [])
        run(self.clock, 6)
        self.assertEqual(self.passed, [8.0])

    def test_late(self) -> None:
        """A call that comes late is reported before anything is believed to have passed."""
        self.deadline.arm()
        stall(self.clock, 9.0)
        (event,) = self.events
        assert isinstance(event, BeatLate)
        self.assertEqual(event.late, 4.0)


class PunctualityTests(SynchronousTestCase):
    """How late this process was."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        bus = EventBus(self.clock)
        bus.subscribe(lambda event, when: self.events.append(event))
        self.punctuality = Punctuality(self.clock, bus, TIMERS)
        self.late: list[float] = []
        self.punctuality.onLate(self.late.append)

    def test_slack(self) -> None:
        """Half a keepalive is no lateness, but never less than 50 ms."""
        self.clock.advance(10)
        self.assertFalse(self.punctuality.ran(9.5, self.clock.seconds()))
        self.assertTrue(self.punctuality.ran(9.49, self.clock.seconds()))
        self.punctuality.reconfigure(Timers(keepalive=0.02, deadtime=0.1))
        self.assertEqual(self.punctuality.slack, 0.05)

    def test_told(self) -> None:
        """Lateness is an event, and told to those who asked for it, in seconds."""
        self.clock.advance(10)
        self.punctuality.ran(7.0, self.clock.seconds())
        self.assertEqual(self.late, [3.0])
        (event,) = self.events
        self.assertIn("6.00 s", event.render())

    def test_sameStall(self) -> None:
        """The calls that one stall delayed are one lateness."""
        self.clock.advance(10)
        self.assertEqual(
            [
                self.punctuality.ran(7.0, self.clock.seconds()),
                self.punctuality.ran(8.0, self.clock.seconds()),
            ],
            [True, True],
        )
        self.assertEqual(self.late, [3.0])

    def test_usually(self) -> None:
        """Without lateness silence lasts as long as it is allowed."""
        self.assertEqual(self.punctuality.silentUntil(3.0, 0.0, 6.0), 9.0)

    def test_afresh(self) -> None:
        """After a lateness everybody has the whole time again."""
        self.clock.advance(10)
        self.punctuality.ran(2.0, self.clock.seconds())
        self.assertEqual(self.punctuality.silentUntil(3.0, 0.0, 6.0), 16.0)

    def test_longSleep(self) -> None:
        """However long the sleep was, one full time of listening follows."""
        self.clock.advance(3600)
        self.punctuality.ran(2.0, self.clock.seconds())
        self.assertEqual(self.punctuality.silentUntil(3.0, 0.0, 6.0), 3606.0)

    def test_notForEver(self) -> None:
        """A process that is always late believes in a death after three times of actual listening."""
        due = 0.0
        while self.clock.seconds() < 60:
            planned = self.clock.seconds() + 1.0
            self.clock.advance(1.6)
            due = self.punctuality.silentUntil(0.0, 0.0, 6.0)
            if due <= self.clock.seconds():
                break
            self.punctuality.ran(planned, self.clock.seconds())
        awake = self.clock.seconds() - self.punctuality.lost
        self.assertTrue(18.0 <= awake <= 20.0, awake)
