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


def failure(how: str, why: str, test: str) -> str:
    """A section of a test that failed."""
    return "\n".join([_RULE, f"[{how}]", "Traceback (most recent call last):", why, "", test])


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

    def test_severalRuns(self) -> None:
        """Of several runs the sum counts, and one that did not come to its end is no result."""
        runs = report("PASSED (skips=2, successes=7)") + report("FAILED (errors=1, successes=4)")
        self.assertEqual(self.run_(runs), (1, ["11 passed, 1 failed, 2 skipped"]))
        torn = report("PASSED (successes=7)") + "Ran 9 tests in 0.005s\n"
        self.assertEqual(self.run_(torn), (1, ["trial did not come to an end"]))

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

    def test_failedNames(self) -> None:
        """The names of those that failed, each once, whatever their tracebacks say."""
        first, second = "tests.unit.a.B.test_c", "tests.interop.d.E.test_f"
        sections = (
            skipped("no", "tests.a.B.test_skipped"),
            failure("FAIL", 'File "tests/unit/a.py", line 3', first),
            failure("ERROR", "Reactor was unclean.", first),
            failure("ERROR", "not within 5 s: alpha serves", second),
        )
        last = "FAILED (skips=1, failures=1, errors=2, successes=6)"
        self.assertEqual(self.run_(report(last, *sections), "--failed"), (0, [first, second]))

    def again(self, second: str) -> tuple[int, list[str]]:
        """One of nine failed, and was run again."""
        sections = failure("ERROR", "not within 5 s", "tests.interop.d.E.test_f")
        path = self.mktemp()
        Path(path).write_text(second)
        return self.run_(report("FAILED (errors=1, successes=8)", sections), "--again", path)

    def test_unsteady(self) -> None:
        """A test that passed when it was run again is named, and counts as passed."""
        self.assertEqual(
            self.again(report("PASSED (successes=1)")),
            (
                0,
                [
                    "unsteady: passed when it was run again alone: tests.interop.d.E.test_f",
                    "9 passed, 0 failed, 0 skipped",
                ],
            ),
        )

    def test_failedAgain(self) -> None:
        """One that failed again has failed."""
        section = failure("ERROR", "not within 5 s", "tests.interop.d.E.test_f")
        status, lines = self.again(report("FAILED (errors=1)", section))
        self.assertEqual((status, lines[-1]), (1, "8 passed, 1 failed, 0 skipped"))

    def test_againSaysNothing(self) -> None:
        """So has one whose second run did not come to an end, or was skipped."""
        for output in ("make: *** Error 1", report("PASSED (skips=1)")):
            status, lines = self.again(output)
            self.assertEqual((status, lines[-1]), (1, "8 passed, 1 failed, 0 skipped"))
