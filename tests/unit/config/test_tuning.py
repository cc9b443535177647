"""The optional fourth file."""

from __future__ import annotations

import re
from pathlib import Path

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.location import Complaint, Severity
from twisted_ha.config.model import Deadlines, StopFailure, Tuning

SAMPLE = Path(__file__).parents[3] / "conf" / "twisted_ha.cf"
KEY = "IPaddr::10.77.0.100/24/eth0"


class TuningTests(ConfigTestCase):
    """C{twisted_ha.cf}."""

    def tuning(self, *lines: str) -> Tuning:
        self.write("twisted_ha.cf", "\n".join([*lines, ""]))
        config = self.load()
        self.assertEqual([], [item.render() for item in config.warnings])
        return config.tuning

    def bad(self, line: str) -> Complaint:
        self.write("twisted_ha.cf", f"# x\n{line}\n")
        (found,) = self.allComplaints()
        self.assertIs(Severity.ERROR, found.severity)
        self.assertTrue(found.hint)
        self.assertEqual(2, found.where.line)
        return found

    def test_absent(self) -> None:
        """It need not be there."""
        self.assertEqual(Tuning(), self.load().tuning)

    def test_general(self) -> None:
        """Deadlines for everything."""
        self.assertEqual(
            Deadlines(start=90.0, stop=0.5, status=7.0),
            self.tuning("start_deadline 90", "stop_deadline 500ms", "status_deadline 7").deadlines,
        )

    def test_special(self) -> None:
        """Deadlines for one agent or group; what is left open is general, wherever that stands."""
        tuned = self.tuning(
            "deadline agent IPaddr start 5", f"deadline group {KEY} stop 7", "stop_deadline 99"
        )
        self.assertEqual(Deadlines(start=5.0, stop=99.0), tuned.agentDeadlines["IPaddr"])
        self.assertEqual(Deadlines(stop=7.0), tuned.groupDeadlines[KEY])
        self.assertEqual(7.0, tuned.deadlinesFor(KEY, "IPaddr").stop)
        self.assertEqual(5.0, tuned.deadlinesFor("other", "IPaddr").start)

    def test_choices(self) -> None:
        """The other values."""
        tuned = self.tuning("stop_failure reboot", "address_conflict take", "address_probe 0")
        self.assertEqual(
            (StopFailure.REBOOT, True, 0.0), (tuned.stopFailure, tuned.takeConflicting, tuned.probeTime)
        )

    def test_bad(self) -> None:
        """What is wrong is underlined, with what to write."""
        self.assertIn("did you mean start_deadline?", self.bad("start_dedline 5").hint)
        for line in (
            *(
                "nonsense",
                "start_deadline",
                "start_deadline 5 6",
                "start_deadline 5s",
                "start_deadline 0",
            ),
            *("stop_failure maybe", "stop_failure HOLD", "address_conflict no", "address_probe 11"),
            *("deadline", "deadline agent IPaddr start", "deadline node x start 5"),
            *(
                "deadline agent IPaddr restart 5",
                "deadline agent IPaddr start x",
                "deadline agent a b c d e",
            ),
        ):
            self.bad(line)

    def test_unusedName(self) -> None:
        """A deadline for what haresources does not have is a warning with what it has."""
        self.write("twisted_ha.cf", "deadline agent IPadr start 5\n")
        (found,) = self.load().warnings
        self.assertEqual(("unused-deadline", "did you mean IPaddr?"), (found.category, found.hint))

    def test_repeated(self) -> None:
        """The last line counts, and that is said."""
        self.write("twisted_ha.cf", "start_deadline 5\nstart_deadline 6\n")
        config = self.load()
        self.assertEqual(["repeated"], [item.category for item in config.warnings])
        self.assertEqual(6.0, config.tuning.deadlines.start)

    def test_sample(self) -> None:
        """The sample's commented lines really are what happens without them."""
        lines = re.findall(r"^#([a-z]+_[a-z]+ .*)$", SAMPLE.read_text(), re.MULTILINE)
        self.assertEqual(6, len(lines))
        self.assertEqual(Tuning(), self.tuning(*lines))
