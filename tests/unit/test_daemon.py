"""Tests of L{twisted_ha.daemon}: how a daemon settles down before it takes resources."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any
from weakref import ref

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import configuration
from twisted_ha.daemon import Daemon
from twisted_ha.events import Event, Notice
from twisted_ha.places import Places


class Kernel:
    """
    A platform that is asked for memory and priority only, and says what it was told to.

    @ivar asked: what was asked for, in order.
    """

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.noMemory = self.noPriority = ""

    def lockMemory(self) -> str:
        self.asked.append("memory")
        return self.noMemory

    def raisePriority(self, priority: int | None) -> str:
        self.asked.append(("priority", priority))
        return self.noPriority


class Node:
    """Something that knows itself: nothing but a look for garbage frees it."""

    def __init__(self) -> None:
        self.itself = self


class SettleTests(SynchronousTestCase):
    """Everything is loaded; resources come next."""

    def setUp(self) -> None:
        self.kernel = Kernel()
        self.events: list[Event] = []
        self.addCleanup(gc.unfreeze)

    def settle(self, **directives: Any) -> None:
        """@param directives: what C{ha.cf} says."""
        daemon = Daemon(
            replace(configuration(), **directives),
            Places(config="/etc/ha.d", state="/var/lib/heartbeat", run="/var/run/heartbeat"),
            reactor=Clock(),
            platform=self.kernel,  # type: ignore[arg-type]
            host=None,  # type: ignore[arg-type]
            uname="alpha",
        )
        daemon.bus.subscribe(lambda event, when: self.events.append(event))
        daemon._settle()

    def test_whatIsLoadedStays(self) -> None:
        """What is loaded is not looked through for garbage again."""
        gc.unfreeze()
        kept = Node()
        self.settle()
        self.assertGreater(gc.get_freeze_count(), 0)
        self.assertNotIn(id(kept), {id(one) for one in gc.get_objects()})

    def test_garbageDoesNotStay(self) -> None:
        """Garbage of the start is freed first: what stays is never freed."""
        gc.disable()
        self.addCleanup(gc.enable)
        garbage = ref(Node())
        self.assertIsNotNone(garbage())
        self.settle()
        self.assertIsNone(garbage())

    def test_realtime(self) -> None:
        """It asks for memory that stays and the priority of C{rtprio}; then it says nothing."""
        self.settle(rtprio=7)
        self.assertEqual(self.kernel.asked, ["memory", ("priority", 7)])
        self.assertEqual(self.events, [])

    def test_lowestPriority(self) -> None:
        """Without C{rtprio} the platform chooses."""
        self.settle()
        self.assertIn(("priority", None), self.kernel.asked)

    def test_notRealtime(self) -> None:
        """With C{realtime off} it asks for neither, and is tidy all the same."""
        gc.unfreeze()
        self.settle(realtime=False)
        self.assertEqual(self.kernel.asked, [])
        self.assertGreater(gc.get_freeze_count(), 0)

    def test_lost(self) -> None:
        """What the system does not give is told, each by itself, and hinders nothing."""
        self.kernel.noMemory, self.kernel.noPriority = "no memory", "no priority"
        self.settle()
        self.assertEqual(self.events, [Notice(message="no memory"), Notice(message="no priority")])

    def test_oneLost(self) -> None:
        """What it gives is not spoken of."""
        self.kernel.noPriority = "no priority"
        self.settle()
        self.assertEqual(self.events, [Notice(message="no priority")])
