"""The flight recorder."""

from __future__ import annotations

import os
import time

from twisted.internet.task import Clock
from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.bus import EventBus
from twisted_ha.events import LinkUp, NodeDied, TakeoverCompleted, TakeoverStarted
from twisted_ha.observe.incident import IncidentDirectory
from twisted_ha.observe.lines import Entry, LineFormat
from twisted_ha.observe.outlet import atOnce
from twisted_ha.observe.recorder import Recorder
from twisted_ha.terms import NodeName

BETA = NodeName("beta")
FORMAT = LineFormat(syslogStyle=False, host="alpha", localTime=time.gmtime)
STARTED = TakeoverStarted(node=BETA, why="it died")
COMPLETED = TakeoverCompleted(node=BETA, groups=("10.0.0.9",), seconds=0.1)


class RecorderTests(SynchronousTestCase):
    """L{Recorder}."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.clock = Clock()
        self.bus = EventBus(self.clock)
        self.incidents = IncidentDirectory(self.directory, FORMAT, localTime=time.gmtime)
        self.recorder = Recorder(
            clock=self.clock,
            wallClock=lambda: 1141214400.0 + self.clock.seconds(),
            incidents=self.incidents,
            outlet=atOnce,
            size=5,
        )
        self.bus.subscribe(self.recorder)

    def files(self) -> list[str]:
        return sorted(os.listdir(self.directory))

    def read(self, name: str) -> str:
        with open(os.path.join(self.directory, name)) as file:
            return file.read()

    def test_recent(self) -> None:
        """The last events are kept, oldest first, with the times of the wall clock."""
        for number in range(7):
            self.bus.publish(LinkUp(node=BETA, link=f"eth{number}"))
            self.clock.advance(1)
        kept = self.recorder.recent(3)
        self.assertEqual(
            [event.link for _, event in kept if isinstance(event, LinkUp)], ["eth4", "eth5", "eth6"]
        )
        self.assertEqual(kept[-1][0], 1141214406.0)
        self.assertEqual(len(self.recorder.recent(100)), 5)
        self.assertEqual(self.recorder.recent(0), ())

    def test_takeover(self) -> None:
        """A takeover leaves a file with what came before and what came after."""
        self.bus.publish(NodeDied(node=BETA, silentFor=5.2, deadtime=5.0))
        self.bus.publish(STARTED)
        self.clock.advance(1)
        self.bus.publish(COMPLETED)
        self.clock.advance(1)
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.assertEqual(self.files(), [])
        self.clock.advance(10)
        (name,) = self.files()
        self.assertEqual(name, "ha-incident-20060301-120012.log")
        text = self.read(name)
        for part in ("node beta: is dead", "Resources being acquired", "takeover complete", "eth0 up"):
            self.assertIn(part, text)

    def test_endless(self) -> None:
        """A takeover that does not end is written down after a minute as it stands."""
        self.bus.publish(STARTED)
        self.clock.advance(61)
        self.assertEqual(len(self.files()), 1)

    def test_rate(self) -> None:
        """A node that dies again and again leaves one file a minute."""
        for _ in range(10):
            self.bus.publish(STARTED)
            self.bus.publish(COMPLETED)
            self.clock.pump([6.0])
        self.assertEqual(len(self.files()), 1)
        self.clock.pump([6.0])
        self.assertEqual(len(self.files()), 2)

    def test_close(self) -> None:
        """A daemon that stops meanwhile writes down what it has."""
        self.bus.publish(STARTED)
        self.recorder.close()
        self.assertEqual(len(self.files()), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_quiet(self) -> None:
        """Nothing happened, nothing is written."""
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.clock.advance(1000)
        self.recorder.close()
        self.assertEqual(self.files(), [])

    def test_cannotWrite(self) -> None:
        """A directory that is gone costs the file and nothing else."""
        os.rmdir(self.directory)
        self.bus.publish(STARTED)
        self.bus.publish(COMPLETED)
        self.clock.advance(10)
        self.assertEqual(len(self.recorder.recent(10)), 2)


class IncidentDirectoryTests(SynchronousTestCase):
    """L{IncidentDirectory}."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)

    def test_keeps(self) -> None:
        """Only the newest files stay, and nobody else's file is touched."""
        with open(os.path.join(self.directory, "ha-incident-notes.txt"), "w"):
            pass
        incidents = IncidentDirectory(self.directory, FORMAT, keep=2, localTime=time.gmtime)
        for when in (0.0, 60.0, 120.0):
            incidents.write(when, [Entry(LogLevel.info, when, "x")])
        self.assertEqual(
            sorted(os.listdir(self.directory)),
            [
                "ha-incident-19700101-000100.log",
                "ha-incident-19700101-000200.log",
                "ha-incident-notes.txt",
            ],
        )

    def test_size(self) -> None:
        """What does not fit is left out from the front."""
        incidents = IncidentDirectory(self.directory, FORMAT, size=100)
        path = incidents.write(
            0.0, [Entry(LogLevel.info, 0.0, f"event {number}") for number in range(99)]
        )
        with open(path) as file:
            text = file.read()
        self.assertLessEqual(len(text), 100)
        self.assertTrue(text.endswith("event 98\n"))

    def test_sameSecond(self) -> None:
        """Two in one second do not overwrite each other."""
        incidents = IncidentDirectory(self.directory, FORMAT)
        self.assertNotEqual(incidents.write(0.0, []), incidents.write(0.0, []))
