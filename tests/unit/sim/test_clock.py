"""L{twisted_ha.sim.clock}."""

from __future__ import annotations

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted_ha.sim.clock import SimClock, WorldTime


class SimClockTests(SynchronousTestCase):
    """L{SimClock} and L{WorldTime}."""

    def setUp(self) -> None:
        self.world = WorldTime()
        self.clock = SimClock(self.world, base=1000.0)
        self.told: list[object] = []

    def test_interfaces(self) -> None:
        """A clock is an C{IReactorTime}, and its calls are C{IDelayedCall}s."""
        verifyObject(IReactorTime, self.clock)
        verifyObject(IDelayedCall, self.clock.callLater(1, self.told.append, 1))

    def test_stepsThroughEveryCall(self) -> None:
        """A beat that plans the next one runs at each of its times, and sees that time."""

        def beat() -> None:
            self.told.append(self.clock.seconds())
            self.clock.callLater(1, beat)

        self.clock.callLater(1, beat)
        self.world.run(5.5)
        self.assertEqual(self.told, [1001.0, 1002.0, 1003.0, 1004.0, 1005.0])
        self.assertEqual(self.world.now, 5.5)

    def test_equalTimesInOrder(self) -> None:
        """What is due at the same instant runs in the order in which it was planned."""
        other = self.clock.fork()
        for number in range(10):
            (other if number % 2 else self.clock).callLater(3, self.told.append, number)
        self.world.run(3)
        self.assertEqual(self.told, list(range(10)))

    def test_arguments(self) -> None:
        """Arguments and keywords reach the call."""
        self.clock.callLater(0, lambda *args, **kw: self.told.append((args, kw)), 1, two=2)
        self.world.run(0)
        self.assertEqual(self.told, [((1,), {"two": 2})])

    def test_cancel(self) -> None:
        """A cancelled call is not made, and says so."""
        call = self.clock.callLater(1, self.told.append, 1)
        self.assertTrue(call.active())
        call.cancel()
        self.assertFalse(call.active())
        self.assertRaises(AlreadyCancelled, call.cancel)
        self.world.run(2)
        self.assertEqual(self.told, [])

    def test_called(self) -> None:
        """A call that was made can be neither cancelled nor moved."""
        call = self.clock.callLater(1, self.told.append, 1)
        self.world.run(2)
        self.assertRaises(AlreadyCalled, call.cancel)
        self.assertRaises(AlreadyCalled, call.reset, 1)
        self.assertRaises(AlreadyCalled, call.delay, 1)

    def test_reset(self) -> None:
        """A reset call comes once, at its new time, later or earlier than planned."""
        late = self.clock.callLater(1, lambda: self.told.append(("late", self.world.now)))
        soon = self.clock.callLater(9, lambda: self.told.append(("soon", self.world.now)))
        late.reset(5)
        soon.reset(2)
        self.assertEqual(soon.getTime(), 1002.0)
        self.world.run(20)
        self.assertEqual(self.told, [("soon", 2.0), ("late", 5.0)])

    def test_delay(self) -> None:
        """A delayed call comes that much later than it was planned."""
        call = self.clock.callLater(1, lambda: self.told.append(self.world.now))
        self.world.run(0.5)
        call.delay(2)
        self.world.run(20)
        self.assertEqual(self.told, [3.0])

    def test_past(self) -> None:
        """Nothing can be planned for the past."""
        self.assertRaises(ValueError, self.clock.callLater, -1, self.told.append, 1)

    def test_rate(self) -> None:
        """A fast clock shows more seconds, and what it plans comes sooner in the world."""
        fast = SimClock(self.world, rate=1.25)
        fast.callLater(5, lambda: self.told.append((self.world.now, fast.seconds())))
        self.world.run(10)
        self.assertEqual(self.told, [(4.0, 5.0)])

    def test_pause(self) -> None:
        """What a paused process had planned waits, and comes late and in order when it runs again."""
        for number in range(3):
            self.clock.callLater(1 + number, lambda n=number: self.told.append((n, self.world.now)))
        self.clock.callLater(20, self.told.append, "after")
        self.clock.pause()
        self.world.run(10)
        self.assertEqual(self.told, [])
        self.clock.resume()
        self.world.run(30)
        self.assertEqual(self.told, [(0, 10.0), (1, 10.0), (2, 10.0), "after"])

    def test_movedWhilePaused(self) -> None:
        """A call that is reset while it waits comes at its new time only."""
        call = self.clock.callLater(1, lambda: self.told.append(self.world.now))
        self.clock.pause()
        self.world.run(2)
        self.assertTrue(call.active())
        call.reset(3)
        self.clock.resume()
        self.world.run(10)
        self.assertEqual(self.told, [5.0])

    def test_cancelledWhilePaused(self) -> None:
        """A call that is cancelled while it waits never comes."""
        call = self.clock.callLater(1, self.told.append, 1)
        self.clock.pause()
        self.world.run(2)
        call.cancel()
        self.clock.resume()
        self.world.run(10)
        self.assertEqual(self.told, [])

    def test_pauseIsPrivate(self) -> None:
        """A paused process does not hold up another on the same machine."""
        other = self.clock.fork()
        self.assertEqual(other.seconds(), self.clock.seconds())
        other.callLater(1, self.told.append, "other")
        self.clock.pause()
        self.world.run(2)
        self.assertEqual(self.told, ["other"])

    def test_kill(self) -> None:
        """What a killed process had planned never comes, nor what is planned for it later."""
        self.clock.callLater(1, self.told.append, 1)
        self.clock.kill()
        self.clock.callLater(1, self.told.append, 2)
        self.world.run(5)
        self.assertEqual(self.told, [])

    def test_getDelayedCalls(self) -> None:
        """Only this clock's calls that are still to come, moved ones once."""
        first = self.clock.callLater(1, self.told.append, 1)
        second = self.clock.callLater(2, self.told.append, 2)
        third = self.clock.callLater(3, self.told.append, 3)
        self.clock.fork().callLater(1, self.told.append, 4)
        second.reset(9)
        third.cancel()
        self.assertEqual(self.clock.getDelayedCalls(), [first, second])
