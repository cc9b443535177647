"""Tests of L{twisted_ha.watchdog}."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.cluster.wires import configuration
from twisted_ha.bus import EventBus
from twisted_ha.errors import PlatformError
from twisted_ha.events import Event, Notice, Warned
from twisted_ha.platform.interface import IPlatform, IWatchdog
from twisted_ha.watchdog import Watchdog

DEVICE = "/dev/watchdog"


@implementer(IWatchdog)
class Device:
    """
    A watchdog that writes down what was done to it.

    @ivar broken: it refuses.
    """

    timeout = 7.0

    def __init__(self) -> None:
        self.done: list[str] = []
        self.broken = False

    def pat(self) -> None:
        self.done.append("pat")
        if self.broken:
            raise PlatformError("it is asleep")

    def close(self) -> None:
        self.done.append("close")


class WatchdogTests(SynchronousTestCase):
    """One node and its watchdog."""

    def setUp(self) -> None:
        self.device = Device()
        self.opened: list[tuple[str, float]] = []
        self.missing = False
        bus = EventBus(Clock())
        self.events: list[Event] = []
        bus.subscribe(lambda event, when: self.events.append(event))
        config = replace(configuration(), watchdog=DEVICE)
        self.watchdog = Watchdog(config, cast(IPlatform, self), bus)
        self.none = Watchdog(configuration(), cast(IPlatform, self), bus)

    def openWatchdog(self, device: str, timeout: float) -> IWatchdog:
        """What a platform does."""
        if self.missing:
            raise PlatformError(f"{device}: No such file or directory")
        self.opened.append((device, timeout))
        return self.device

    def test_fake(self) -> None:
        """The device is one."""
        verifyObject(IWatchdog, self.device)

    def test_life(self) -> None:
        """It is armed for a little more than deadtime, patted at every beat, and disarmed in the end."""
        self.watchdog.start()
        self.watchdog.beat()
        self.watchdog.beat()
        self.watchdog.stop()
        self.watchdog.beat()
        self.watchdog.stop()
        self.assertEqual(self.opened, [(DEVICE, 6.01)])
        self.assertEqual(self.device.done, ["pat", "pat", "close"])
        self.assertEqual(self.events, [Notice(message="Using watchdog device: /dev/watchdog (7 s)")])

    def test_none(self) -> None:
        """Without a line in C{ha.cf} nothing is opened."""
        self.none.start()
        self.none.beat()
        self.none.stop()
        self.assertEqual((self.opened, self.events), ([], []))

    def test_missing(self) -> None:
        """A device that cannot be opened is told, and the node goes on without."""
        self.missing = True
        self.watchdog.start()
        self.watchdog.beat()
        self.watchdog.stop()
        said = "Cannot open watchdog device: /dev/watchdog: No such file or directory"
        self.assertEqual(self.events, [Warned(message=said)])

    def test_refuses(self) -> None:
        """One that refuses may bite all the same: it is patted on, and that is told once."""
        self.watchdog.start()
        del self.events[:]
        self.device.broken = True
        self.watchdog.beat()
        self.watchdog.beat()
        self.device.broken = False
        self.watchdog.beat()
        self.watchdog.beat()
        self.assertEqual(self.device.done, ["pat"] * 4)
        self.assertEqual(
            self.events,
            [
                Warned(message="the watchdog does not listen: it is asleep"),
                Notice(message="the watchdog listens again"),
            ],
        )
