"""What the matrix judges by can fail: tests of the judges, without a machine."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.interop.lab.bugs import bugsIn, confessions
from tests.interop.matrix.cases import caseNamed, compared, matching, matrix
from tests.interop.matrix.probes import Run, overlaps, runs
from tests.interop.matrix.running import Result
from tests.interop.matrix.stage import Row
from tests.interop.matrix.table import table

NAME = "ours-theirs/bcast+serial-sha1-classic-on/move"


class BugTests(SynchronousTestCase):
    """L{tests.interop.lab.bugs}."""

    def test_traceback(self) -> None:
        """A traceback is found wherever it stands, with what follows it, and once."""
        text = "fine\nERROR: 'x' failed; this is a bug\nTraceback (most recent call last):\n  File\nboom"
        self.assertEqual(len(list(confessions(text))), 1)
        self.assertIn("boom", next(confessions(text)))

    def test_kinds(self) -> None:
        """So is everything else that only a bug writes."""
        for line in (
            "Unhandled error in Deferred:",
            "Exception ignored in: <function f>",
            "x.py:1: RuntimeWarning: coroutine was never awaited",
            "Acquisition: nobody has decided what this means in that; ignored",
        ):
            self.assertEqual(len(list(confessions(line))), 1, line)

    def test_innocent(self) -> None:
        """What an operator or a peer can cause is no bug."""
        self.assertEqual(list(confessions("ERROR: Return code 1 from probe\nCRIT: beta is dead")), [])

    def test_files(self) -> None:
        """Every file below the directory is read, and named."""
        directory = Path(self.mktemp())
        (directory / "ha-incidents").mkdir(parents=True)
        (directory / "ha-incidents" / "one").write_text("Unhandled Error\n")
        (directory / "output").write_text("nothing\n")
        self.assertEqual([bug.partition(":")[0] for bug in bugsIn(directory)], ["one"])


class ProbeTests(SynchronousTestCase):
    """L{tests.interop.matrix.probes}."""

    JOURNAL = "1.00 one starting\n2.00 one stopping\n3.00 one stopped\n4.00 one stopped\n"

    def test_runs(self) -> None:
        """A probe runs from the begin of its start to the end of its stop."""
        self.assertEqual(runs("alpha", self.JOURNAL, 10.0, []), [Run("one", "alpha", 11.0, 13.0)])

    def test_runsOn(self) -> None:
        """One that was not stopped runs on."""
        (run,) = runs("alpha", "1.00 one starting\n", 0.0, [])
        self.assertEqual(run.end, float("inf"))

    def test_powerCut(self) -> None:
        """A power cut ends it."""
        journal = "1.00 one starting\n5.00 one starting\n6.00 one stopped\n"
        found = [(run.begin, run.end) for run in runs("alpha", journal, 0.0, [2.0])]
        self.assertEqual(found, [(1.0, 2.0), (5.0, 6.0)])

    def test_overlap(self) -> None:
        """One probe on two machines at a time is seen, however it lies; what only touches is not."""
        alpha = Run("one", "alpha", 1.0, 3.0)
        for begin, end, seen in ((2.0, 4.0, 1), (0.0, 5.0, 1), (1.5, 2.0, 1), (3.0, 4.0, 0)):
            self.assertEqual(len(overlaps([alpha, Run("one", "beta", begin, end)])), seen)
        self.assertEqual(overlaps([alpha, Run("two", "beta", 1.0, 3.0)]), [])
        self.assertEqual(overlaps([alpha, Run("one", "alpha", 1.0, 3.0)]), [])


class MatrixTests(SynchronousTestCase):
    """Cases, their results and the table of them."""

    def test_names(self) -> None:
        """Every case has a name of its own, and is found by it."""
        names = [case.name for case in matrix()]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual([caseNamed(name).name for name in names], names)

    def test_bothWays(self) -> None:
        """Every case of a pair is there both ways round."""
        names = {case.name for case in matrix()}
        for name in names:
            pair, rest = name.split("/", 1)
            if pair == "ours-theirs" and "chance" not in rest:
                self.assertIn(f"theirs-ours/{rest}", names)

    def test_patterns(self) -> None:
        """A pattern is for the whole name or one part of it."""
        found = {case.setting.medium for case in matching(matrix(), ["serial*"])}
        self.assertEqual(found, {"serial"})
        self.assertEqual({case.story.name for case in matching(matrix(), ["moves"])}, {"moves"})

    def test_noSuchCase(self) -> None:
        """A wrong name is answered with the words there are."""
        for name in ("moves", "ours-others/bcast-sha1-classic-on/moves", NAME + "x", "a/b/c"):
            error = self.assertRaises(ValueError, caseNamed, name)
            self.assertIn("bcast+mcast", str(error))

    def test_compared(self) -> None:
        """Two originals are told each story once."""
        beside = [
            case.name
            for case in compared(map(caseNamed, (NAME, NAME.replace("ours-theirs", "theirs-ours"))))
        ]
        self.assertEqual(beside, ["theirs-theirs/bcast+serial-sha1-classic-on/move"])

    def test_result(self) -> None:
        """A result is a line, and comes back from it; one without a step is none."""
        result = Result(NAME, (Row("standby", True, 0.1, 0.2), Row("takeover", False, None, 3.0, "no")))
        self.assertEqual(Result.parse(result.line()), result)
        self.assertFalse(result.ok)
        self.assertFalse(Result(NAME, ()).ok)
        self.assertRaises(ValueError, Result.parse, "Traceback")

    def test_table(self) -> None:
        """A line for each step, and one for a case that did not come to its end."""
        good = Result(NAME, (Row("standby", True, 0.1234, 0.2),))
        bad = Result(NAME.replace("move", "stop"), (Row("stop", True, 0.1, 0.2),), "and then nothing")
        lines = table([good, bad]).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("123 ms", lines[1])
        self.assertIn("not told to its end", lines[3])
        self.assertIn("FAILED", lines[3])

    def test_beside(self) -> None:
        """With two originals beside it a step has their time, too."""
        rest = NAME.split("/", 1)[1]
        results = [
            Result(NAME, (Row("standby", True, 0.1, 0.1),)),
            Result(f"theirs-theirs/{rest}", (Row("standby", True, 0.777, 0.5),)),
        ]
        (line,) = table(results, compare=True).splitlines()[1:]
        self.assertIn("777 ms", line)
