"""L{twisted_ha.whatif.variants}, L{twisted_ha.whatif.measure} and L{twisted_ha.whatif.comparison}."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.whatif.clusters import benched
from twisted_ha.config.model import Origin, Parameter
from twisted_ha.sim.scenario import parseStory
from twisted_ha.sim.setup import clusterConfig
from twisted_ha.terms import FailbackMode
from twisted_ha.whatif import comparison
from twisted_ha.whatif.comparison import compare, comparisonPage
from twisted_ha.whatif.measure import Conditions, Weathered, failover, weathered
from twisted_ha.whatif.variants import AS_IT_IS, VariantError, parseVariant

FAIR = Conditions()


class VariantTests(SynchronousTestCase):
    """L{parseVariant}."""

    def refused(self, text: str) -> str:
        def tried() -> None:
            parseVariant(text).of(clusterConfig())

        return str(self.assertRaises(VariantError, tried))

    def test_times(self) -> None:
        """Times are written as in ha.cf, and several may be changed at once."""
        timers = parseVariant("keepalive=500ms,deadtime=3").of(clusterConfig()).timers
        self.assertEqual((timers.keepalive, timers.deadtime), (0.5, 3.0))

    def test_derivedFollow(self) -> None:
        """What nobody wrote follows deadtime as it does in ha.cf."""
        timers = parseVariant("deadtime=20").of(clusterConfig()).timers
        self.assertEqual((timers.warntime, timers.initdead), (10.0, 20.0))

    def test_writtenStay(self) -> None:
        """What somebody wrote stays."""
        written = Parameter(text="7", origin=Origin.FILE)
        config = replace(clusterConfig(warntime=7.0), parameters={"warntime": written})
        self.assertEqual(parseVariant("deadtime=20").of(config).timers.warntime, 7.0)

    def test_failback(self) -> None:
        """auto_failback may be tried too."""
        config = parseVariant("auto_failback=off").of(clusterConfig())
        self.assertIs(config.autoFailback, FailbackMode.OFF)

    def test_asItIs(self) -> None:
        """The files themselves are a variant."""
        self.assertEqual(AS_IT_IS.of(clusterConfig()), clusterConfig())

    def test_misspelt(self) -> None:
        """What cannot be understood is answered with what could be written."""
        self.assertIn("did you mean deadtime?", self.refused("deadtme=3"))
        self.assertIn("write 30 or 1500ms", self.refused("deadtime=soon"))
        self.assertIn("write for example deadtime=5", self.refused("deadtime"))
        self.assertIn("on, off or legacy", self.refused("auto_failback=maybe"))

    def test_rules(self) -> None:
        """The rules of ha.cf hold."""
        self.assertIn("longer than two keepalives (2 s)", self.refused("deadtime=2"))
        self.assertIn("initdead (1 s) must not be shorter", self.refused("deadtime=5,initdead=1"))
        self.assertIn("keepalive must be longer than nothing", self.refused("keepalive=0"))


class MeasureTests(SynchronousTestCase):
    """L{failover} and L{weathered}."""

    def test_failover(self) -> None:
        """A power loss costs about deadtime, whatever deadtime is."""
        for deadtime in (4.0, 8.0):
            worst = failover(benched(deadtime=deadtime, initdead=deadtime), range(2))
            assert worst is not None
            self.assertTrue(deadtime - 1 < worst < deadtime + 1, worst)

    def test_nobodyToTakeOver(self) -> None:
        """Without a second node, or without a group, there is nothing to measure."""
        self.assertIsNone(failover(benched(nodes=1), [1]))
        self.assertIsNone(failover(benched(groups=[]), [1]))

    def test_fairWeather(self) -> None:
        """In fair weather nothing happens."""
        seen = weathered(benched(), FAIR, 60.0, 1)
        self.assertEqual(seen, Weathered(seconds=60.0))
        self.assertTrue(seen.quiet)

    def test_storm(self) -> None:
        """When nearly everything is lost, living nodes are declared dead, and it is counted."""
        seen = weathered(benched(), Conditions(loss=0.9, burst=8), 60.0, 1)
        self.assertTrue(seen.deaths > 0 and not seen.quiet, seen)

    def test_stalls(self) -> None:
        """Stalls longer than deadtime are noticed by the guardian and by the other node."""
        seen = weathered(benched(), Conditions(stall=6.0), 120.0, 1)
        self.assertTrue(seen.deaths > 0 and seen.releases > 0, seen)

    def test_scriptCanBeRead(self) -> None:
        """Weather is a story like any other, and says itself in words."""
        bench = benched(pings=["10.0.0.254"])
        conditions = Conditions(loss=0.05, burst=3, stall=1.0)
        story = parseStory(conditions.story(bench, 60.0, 1), bench.setup)
        self.assertNotIn("10.0.0.254", str(story))
        self.assertEqual(str(conditions), "5% loss in bursts of 3 on every link and stalls of up to 1 s")
        self.assertEqual(str(FAIR), "fair weather")

    def test_tail(self) -> None:
        """From the silences that were seen it follows how rare longer ones are: each second, e times."""
        random = Random(1)
        late = tuple(2.0 + random.expovariate(1.0) for _ in range(2000))
        seen = Weathered(seconds=3600.0 * 20, late=late)
        for deadtime in (6.0, 12.0):
            hours = seen.hoursBetween(deadtime)
            self.assertTrue(0.8 < hours / (exp(deadtime - 2.0) / 100) < 1.25, (deadtime, hours))
        self.assertEqual(Weathered(seconds=60.0, late=(2.0, 3.0)).hoursBetween(9.0), inf)
        self.assertEqual(Weathered(seconds=60.0).hoursBetween(9.0), inf)
        self.assertEqual(seen.laterThan(0.0), 2000)

    def test_sum(self) -> None:
        """Runs are added up."""
        one = Weathered(seconds=1, deaths=1, late=(2.0,))
        self.assertEqual(one + one, Weathered(seconds=2, deaths=2, late=(2.0, 2.0)))


class ComparisonTests(SynchronousTestCase):
    """L{compare} and L{comparisonPage}."""

    def test_page(self) -> None:
        """A shorter deadtime makes a shorter failover, and the table says so."""
        bench = benched(links=("eth1",))
        self.patch(comparison, "SECONDS", 30.0)
        told: list[str] = []
        rows = [
            compare(bench, variant, "at 20s standby all on alpha; until 30s", FAIR, 1, told.append)
            for variant in (AS_IT_IS, parseVariant("deadtime=2500ms"))
        ]
        self.assertTrue(rows[1].failover < rows[0].failover)  # type: ignore[operator]
        page = comparisonPage(rows, "a title", FAIR)
        self.assertIn("as in ha.cf", page)
        self.assertIn("deadtime=2500ms", page)
        self.assertIn("in 1.5 minutes of fair weather", page)
        self.assertIn("as in ha.cf: a power loss", told)
