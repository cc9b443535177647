"""Timers that follow from others."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.model import Origin, Timers

TIMERS = ("keepalive", "deadtime", "warntime", "initdead")


class DerivedTests(ConfigTestCase):
    """What nobody wrote (configuration.md section 4.3)."""

    def timers(self, *lines: str) -> Timers:
        return self.withHacf(*lines, without=TIMERS).timers

    def test_defaults(self) -> None:
        """Without any timer: 1 s, 30 s, half, the same, the same."""
        self.assertEqual(Timers(), self.timers())

    def test_initdead(self) -> None:
        """It follows from deadtime in three ranges."""
        for deadtime, initdead in {"11": 11.0, "10": 20.0, "6": 12.0, "5.9": 12.0, "3": 12.0}.items():
            self.assertEqual(initdead, self.timers(f"deadtime {deadtime}").initdead, deadtime)

    def test_warntime(self) -> None:
        """It is half of deadtime in whole milliseconds."""
        self.assertEqual(2.502, self.timers("deadtime 5005ms").warntime)

    def test_deadping(self) -> None:
        """It is deadtime."""
        self.assertEqual(7.0, self.timers("deadtime 7").deadping)

    def test_recorded(self) -> None:
        """Derived values are recorded in milliseconds, with how they came about."""
        self.timers("deadtime 5")
        parameters = self.load().parameters
        recorded = parameters["initdead"]
        self.assertEqual(("12000ms", Origin.DERIVED), (recorded.text, recorded.origin))
        self.assertIn("below 6 s", recorded.where)
        self.assertEqual("2500ms", parameters["warntime"].text)
        self.assertEqual(Origin.DEFAULT, parameters["keepalive"].origin)


class CheckTests(ConfigTestCase):
    """What must hold between them (section 4.2)."""

    def test_deadtime(self) -> None:
        """It must be longer than two keepalives, and the hint is such a time."""
        found = self.refused("deadtime 2", without=["deadtime"], category="deadtime-too-small")
        self.assertIn("deadtime 4", found.hint)
        self.assertEqual(10, found.where.line)

    def test_keepaliveAlone(self) -> None:
        """Against the default deadtime it is the keepalive that is underlined."""
        found = self.refused(
            "keepalive 15", without=["keepalive", "deadtime", "initdead"], category="deadtime-too-small"
        )
        self.assertEqual(8, found.where.line)

    def test_hintBelowASecond(self) -> None:
        """The proposed time is one the file may hold."""
        found = self.refused(
            "keepalive 200ms",
            "deadtime 400ms",
            without=["keepalive", "deadtime"],
            category="deadtime-too-small",
        )
        self.assertIn("deadtime 800ms", found.hint)

    def test_initdead(self) -> None:
        """It must not be below deadtime; below 10 s is a warning."""
        self.refused("initdead 4", without=["initdead"], category="initdead-below-deadtime")
        self.warned("initdead 7", without=["initdead"], category="initdead-below-10s")

    def test_warntime(self) -> None:
        """Above deadtime it never warns, and at keepalive it always does."""
        self.warned("warntime 30", without=["warntime"], category="warntime-above-deadtime")
        self.warned("warntime 1", without=["warntime"], category="warntime-below-keepalive")

    def test_deadping(self) -> None:
        """If given it must be longer than two keepalives."""
        self.refused("deadping 2", category="deadping-too-small")
        self.assertEqual(2.001, self.quiet("deadping 2001ms").timers.deadping)
