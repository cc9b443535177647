"""Tests of L{twisted_ha.media.upkeep}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.media.fakes import RecordingBus
from twisted_ha.errors import MediumError
from twisted_ha.media.upkeep import State, Upkeep


class Device:
    """Something that may be there or not."""

    def __init__(self) -> None:
        self.there = True
        self.sound = True
        self.attempts = 0

    def attempt(self) -> str:
        self.attempts += 1
        if not self.there:
            raise MediumError("not there")
        self.sound = True
        return "open"

    def check(self) -> None:
        if not self.there or not self.sound:
            raise MediumError("gone")


class UpkeepTests(SynchronousTestCase):
    """L{Upkeep}."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.bus = RecordingBus(self.clock)
        self.device = Device()
        self.upkeep = self.make()

    def make(self, patient: bool = False) -> Upkeep:
        return Upkeep(
            self.clock, self.bus, "bcast", "eth1", self.device.attempt, self.device.check, patient
        )

    def test_start(self) -> None:
        """A device that opens is told as working."""
        self.upkeep.start()
        self.assertEqual(self.bus.told(), ["MediumUp"])
        self.assertIs(self.upkeep.state, State.WORKING)

    def test_refused(self) -> None:
        """A device that does not open is refused, nothing is told and nothing is scheduled."""
        self.device.there = False
        self.assertRaises(MediumError, self.upkeep.start)
        self.assertEqual((self.bus.told(), self.clock.getDelayedCalls()), ([], []))

    def test_patient(self) -> None:
        """With patience it is tried again until it opens."""
        self.device.there = False
        self.upkeep = self.make(patient=True)
        self.upkeep.start()
        self.assertEqual(self.bus.told(), ["MediumDown"])
        self.clock.advance(1)
        self.device.there = True
        self.clock.advance(1)
        self.assertEqual(self.bus.told(), ["MediumUp"])

    def test_lostOnce(self) -> None:
        """A device that stays away is told once, however often it is looked for."""
        self.upkeep.start()
        self.bus.told()
        self.device.there = False
        for _ in range(10):
            self.clock.advance(1)
        self.assertEqual(self.bus.told(), ["MediumDown"])
        self.assertIs(self.upkeep.state, State.LOST)

    def test_returned(self) -> None:
        """A device that returns is opened within a second of that."""
        self.upkeep.start()
        self.upkeep.lost("unplugged")
        self.bus.told()
        self.clock.advance(1)
        self.assertEqual(self.bus.told(), ["MediumUp"])

    def test_replaced(self) -> None:
        """A device that was replaced between two looks is opened anew at once, and both are told."""
        self.upkeep.start()
        self.bus.told()
        self.device.sound = False
        self.clock.advance(1)
        self.assertEqual(self.bus.told(), ["MediumDown", "MediumUp"])
        self.assertEqual(self.device.attempts, 2)

    def test_failing(self) -> None:
        """Many failures to send and one success are told once each, and nothing is opened."""
        self.upkeep.start()
        self.bus.told()
        for _ in range(5):
            self.upkeep.failed("no buffers")
        self.upkeep.succeeded()
        self.upkeep.succeeded()
        self.assertEqual(self.bus.told(), ["MediumDown", "MediumUp"])
        self.assertEqual(self.device.attempts, 1)

    def test_failingThenLost(self) -> None:
        """A device that first fails and then is gone is told once."""
        self.upkeep.start()
        self.bus.told()
        self.upkeep.failed("no such device")
        self.device.there = False
        self.clock.advance(1)
        self.assertEqual(self.bus.told(), ["MediumDown"])

    def test_successWhileLost(self) -> None:
        """A success that comes late does not make a lost device work."""
        self.upkeep.start()
        self.upkeep.lost("unplugged")
        self.upkeep.succeeded()
        self.assertIs(self.upkeep.state, State.LOST)

    def test_stopped(self) -> None:
        """After the stop nothing is told or tried."""
        self.upkeep.start()
        self.upkeep.stop()
        self.bus.told()
        self.upkeep.lost("late")
        self.upkeep.failed("late")
        self.clock.advance(10)
        self.assertEqual((self.bus.told(), self.device.attempts), ([], 1))
        self.assertEqual(self.clock.getDelayedCalls(), [])
