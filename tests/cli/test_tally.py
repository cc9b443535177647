"""The last line of a CI run, C{.ci/tally.py}."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_TALLY = Path(__file__).resolve().parents[2] / ".ci" / "tally.py"
_RULE = "=" * 79
_END = "-" * 79


def report(last: str, *sections: str) -> str:
    """The end of trial's output, as trial 26.10 writes it."""
    return "\n".join([*sections, _END, "Ran 9 tests in 0.005s", "", last, ""])


def skipped(reason: str, *tests: str) -> str:
    """A section of skipped tests."""
    return "\n".join([_RULE, "[SKIPPED]", reason, "", *tests])


class TallyTests(SynchronousTestCase):
    """C{.ci/tally.py}, run as C{.ci/run} runs it."""

    def run_(self, output: str, *options: str) -> tuple[int, list[str]]:
        """Its exit status and its lines."""
        path = self.mktemp()
        Path(path).write_text(output)
        done = subprocess.run(
            [sys.executable, str(_TALLY), path, *options], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout.splitlines()

    def test_passed(self) -> None:
        """A run in which everything passed is told so, with exit status 0."""
        self.assertEqual(
            self.run_(report("PASSED (successes=9)")), (0, ["9 passed, 0 failed, 0 skipped"])
        )

    def test_mixed(self) -> None:
        """Errors and unexpected successes are failures, expected failures are not."""
        last = "FAILED (skips=2, expectedFailures=1, failures=1, errors=2, successes=3)"
        self.assertEqual(self.run_(report(last)), (1, ["4 passed, 3 failed, 2 skipped"]))

    def test_skips(self) -> None:
        """Skipped tests alone are no failure."""
        status, lines = self.run_(
            report("PASSED (skips=1, successes=8)", skipped("no", "tests.a.B.test_c"))
        )
        self.assertEqual((status, lines), (0, ["8 passed, 0 failed, 1 skipped"]))

    def test_forbiddenSkips(self) -> None:
        """A skipped test where none may be is named with its reason, and fails the run."""
        section = skipped("only root may", "tests.interop.test_a.B.test_c", "tests.cli.D.test_e")
        status, lines = self.run_(
            report("PASSED (skips=2, successes=7)", section), "--no-skips-in", "tests.interop"
        )
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            [
                "must not be skipped here: tests.interop.test_a.B.test_c: only root may",
                "7 passed, 0 failed, 2 skipped",
            ],
        )

    def test_noEnd(self) -> None:
        """A run that was cut off is not a success."""
        self.assertEqual(self.run_("tests.unit\n  A\n")[0], 1)

    def test_nothing(self) -> None:
        """Neither is one without any test."""
        self.assertEqual(self.run_(report("PASSED"))[0], 1)
