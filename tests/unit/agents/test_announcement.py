"""When addresses are announced."""

from __future__ import annotations

import os

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.agents.announcement import Burst, Rhythm, readRhythm


class RhythmTests(SynchronousTestCase):
    """The times of a series."""

    def test_usual(self) -> None:
        """At once, at least three times in the first second, and as heartbeat does for five."""
        times = Rhythm().times
        self.assertEqual(times[0], 0.0)
        self.assertGreaterEqual(len([time for time in times if time < 1.0]), 3)
        self.assertEqual([time for time in times if time >= 0.5], [0.5 * n for n in range(1, 11)])

    def test_noRepetition(self) -> None:
        """Without repetition the first few remain: an address must be announced."""
        self.assertEqual(len(Rhythm(repeat=0).times), 3)


class ReadTests(SynchronousTestCase):
    """C{conf/arp_config}."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(os.path.join(self.directory, "conf"))

    def write(self, name: str, text: str) -> None:
        with open(os.path.join(self.directory, "conf", name), "w") as file:
            file.write(text)

    def test_none(self) -> None:
        """Without files it is heartbeat's rhythm."""
        self.assertEqual(readRhythm(self.directory, "eth0"), Rhythm(0.5, 10))

    def test_file(self) -> None:
        """Shell assignments are understood; what else the file says is not run."""
        self.write("arp_config", "# slow\nARP_INTERVAL_MS=200 # ms\nexport ARP_REPEAT='5'\nrm -rf /\n")
        self.assertEqual(readRhythm(self.directory, "eth0"), Rhythm(0.2, 5))

    def test_interface(self) -> None:
        """The file of an interface outweighs the general one, setting by setting."""
        self.write("arp_config", "ARP_INTERVAL_MS=200\nARP_REPEAT=5\n")
        self.write("arp_config:eth1", "ARP_REPEAT=2\n")
        self.assertEqual(readRhythm(self.directory, "eth1"), Rhythm(0.2, 2))
        self.assertEqual(readRhythm(self.directory, "eth0"), Rhythm(0.2, 5))

    def test_nonsense(self) -> None:
        """Nonsense counts as nothing, and zero does not become a flood."""
        self.write("arp_config", "ARP_INTERVAL_MS=0\nARP_REPEAT=-1\nARP_REPEAT=lots\n\0\xff")
        self.assertEqual(readRhythm(self.directory, "eth0"), Rhythm(0.01, 10))


class BurstTests(SynchronousTestCase):
    """A series on the clock."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.times: list[float] = []

    def test_series(self) -> None:
        """The first is made at once, the others at their times, and then it is over."""
        Burst(self.clock, Rhythm(), lambda: self.times.append(self.clock.seconds()))
        self.assertEqual(self.times, [0.0])
        for due in Rhythm().times[1:]:
            before = len(self.times)
            self.clock.advance(due - self.clock.seconds() - 1e-6)
            self.assertEqual(len(self.times), before)
            self.clock.advance(2e-6)
            self.assertEqual(len(self.times), before + 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_late(self) -> None:
        """A clock that jumps does not make it repeat what is past all at once, for ever or never."""
        Burst(self.clock, Rhythm(), lambda: self.times.append(self.clock.seconds()))
        self.clock.advance(100)
        self.assertEqual(len(self.times), len(Rhythm().times))

    def test_cancel(self) -> None:
        """After cancel nothing is said."""
        burst = Burst(self.clock, Rhythm(), lambda: self.times.append(self.clock.seconds()))
        burst.cancel()
        self.clock.pump([0.5] * 12)
        self.assertEqual(self.times, [0.0])
        self.assertEqual(self.clock.getDelayedCalls(), [])
