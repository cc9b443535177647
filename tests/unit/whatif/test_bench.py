"""L{twisted_ha.whatif.bench} and L{twisted_ha.whatif.timings}."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.whatif.clusters import benched, group, told
from twisted_ha.config.model import FencingDevice, Respawn
from twisted_ha.sim.setup import clusterConfig
from twisted_ha.whatif.bench import benchOf
from twisted_ha.whatif.timings import TimingError, parseTiming, parseTimings


class BenchTests(SynchronousTestCase):
    """L{benchOf}."""

    def test_plain(self) -> None:
        """Of a cluster of two nothing is left out, and nothing need be said."""
        config = clusterConfig(groups=[group("alpha", "IPaddr::10.0.0.9/24/eth0", "web")])
        bench = benchOf(config)
        self.assertEqual(bench.notes, ())
        self.assertEqual(bench.config, config)
        self.assertTrue(bench.setup.orderly)

    def test_sameWordTwice(self) -> None:
        """A word that two lines have is two resources, told apart by number; the user is told."""
        config = clusterConfig(groups=[group("alpha", "a", "Mail::x"), group("beta", "b", "Mail::x")])
        bench = benchOf(config, [parseTiming("Mail::x start 1s")])
        self.assertEqual(
            [one.token for each in bench.config.groups for one in each.resources],
            ["a", "Mail::x", "b", "Mail::x@2"],
        )
        self.assertIn("Mail::x@2", bench.notes[0])
        self.assertEqual(bench.setup.timings, {("Mail::x", "start"): 1.0, ("Mail::x@2", "start"): 1.0})
        self.assertEqual(told("until 60s", bench).timeline.violations, ())

    def test_noInterface(self) -> None:
        """Of an address without an interface it is said that the worst is assumed."""
        (note,) = benchOf(clusterConfig(groups=[group("alpha", "IPaddr::10.0.0.9")])).notes
        self.assertIn("names no interface for IPaddr::10.0.0.9", note)

    def test_manyNodes(self) -> None:
        """With three nodes it is said that only membership is simulated, and no group is."""
        bench = benchOf(clusterConfig(3))
        self.assertEqual(bench.config.groups, ())
        self.assertIn("names 3 nodes", bench.notes[0])
        outcome = told("at 20s power off gamma", bench)
        self.assertEqual(outcome.timeline.violations, ())
        self.assertEqual(outcome.felt, ())

    def test_leftOut(self) -> None:
        """What stands in ha.cf and is not simulated is said."""
        config = replace(
            clusterConfig(),
            fencing=FencingDevice(type="external/ipmi"),
            watchdog="/dev/watchdog",
            respawn=(Respawn(user="hacluster", command="/usr/lib/heartbeat/ipfail -x"),),
        )
        notes = " ".join(benchOf(config).notes)
        for words in ("external/ipmi is simulated as a power switch", "watchdog", "heartbeat/ipfail"):
            self.assertIn(words, notes)
        self.assertTrue(benchOf(config).setup.fencing)


class TimingTests(SynchronousTestCase):
    """L{parseTiming} and L{parseTimings}."""

    def refused(self, text: str) -> str:
        return str(self.assertRaises(TimingError, parseTiming, text))

    def test_byAgent(self) -> None:
        """A timing may speak of an agent; a later one, of one resource, counts more."""
        timings = [parseTiming("daemon start 2s"), parseTiming("daemon1 start 500ms")]
        bench = benchOf(clusterConfig(), timings)
        self.assertEqual(bench.setup.timings, {("daemon0", "start"): 2.0, ("daemon1", "start"): 0.5})

    def test_slowScripts(self) -> None:
        """Slow scripts cost the user what they take, and are no misbehaviour."""
        bench = benchOf(benched().config, [parseTiming("daemon start 40s")])
        outcome = told("at 60s standby all on alpha", bench)
        self.assertEqual(outcome.timeline.violations, ())
        self.assertTrue(40 < outcome.felt[0].silent < 41, outcome.felt[0])

    def test_misspelt(self) -> None:
        """What is wrong is said, and what could be written."""
        for text in ("IPaddr start", "IPaddr begin 3s", "IPaddr start soon"):
            self.assertIn("--timing", self.refused(text))
        self.assertIn('"begin" is no operation', self.refused("IPaddr begin 3s"))
        self.assertIn('"soon" is not a duration', self.refused("IPaddr start soon"))

    def test_unknownResource(self) -> None:
        """A resource that is not in haresources is refused, with those that are."""
        error = self.assertRaises(
            TimingError, benchOf, clusterConfig(), [parseTiming("deamon start 3s")]
        )
        self.assertIn('no resource "deamon" in haresources; did you mean', str(error))

    def test_file(self) -> None:
        """A file has one a line, comments, and complaints with line numbers."""
        lines = ["# slow", "", "IPaddr start 1s # really", "Filesystem stop 2s"]
        found = list(parseTimings(lines, "t"))
        self.assertEqual(
            [(one.name, one.where) for one in found], [("IPaddr", "t:3"), ("Filesystem", "t:4")]
        )
        error = self.assertRaises(TimingError, list, parseTimings(["x"], "t"))
        self.assertIn("t:1:", str(error))
