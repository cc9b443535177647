"""L{twisted_ha.sim.campaign} and L{twisted_ha.sim.chronicle}."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha import bus
from twisted_ha.sim.campaign import MIX, Block, blocksFor, fingerprint, run
from twisted_ha.sim.chronicle import chronicle
from twisted_ha.sim.report import Count
from twisted_ha.sim.results import Found, Result, readResults


def result(key: str = "ours/ours, busy 5:7", **more: object) -> Result:
    """What became of a block of two stories."""
    values: dict[str, object] = {
        "program": "p",
        "key": key,
        "chapter": key.rsplit(" ", 1)[0],
        "stories": 2,
        "seconds": 7200.0,
        "spent": 3600.0,
        "wall": 4000.0,
        "faults": {"cut all": 3},
        "counts": [Count(invariant="single owner", evaluations=9, premises=4, violations=0)],
    }
    return Result(**{**values, **more})  # type: ignore[arg-type]


FOUND = Found(
    cast="ours/ours",
    calm=True,
    seed=6,
    invariant="single owner",
    culprit="alpha",
    ours=True,
    text="two",
)


class BlockTests(SynchronousTestCase):
    """The list of what is to be run."""

    def test_mix(self) -> None:
        """The shares of the mix make a whole."""
        self.assertAlmostEqual(sum(chapter.share for chapter in MIX), 1.0)

    def test_always(self) -> None:
        """The list depends on nothing but the hours, and no seed of a chapter comes twice."""
        blocks = blocksFor(100)
        self.assertEqual(blocks, blocksFor(100))
        seeds = Counter(
            (block.chapter, block.first + place) for block in blocks for place in range(block.count)
        )
        self.assertEqual(set(seeds.values()), {1})

    def test_fair(self) -> None:
        """Every beginning of the list has of every chapter what it should have, to one block."""
        blocks = blocksFor(1000)
        whole = Counter(block.chapter for block in blocks)
        for length in range(1, len(blocks), 37):
            part = Counter(block.chapter for block in blocks[:length])
            for chapter, count in whole.items():
                due = count * length / len(blocks)
                self.assertTrue(abs(part[chapter] - due) <= 1.5, (length, chapter))

    def test_fingerprint(self) -> None:
        """Another program is one of which something that is simulated differs."""
        before = fingerprint()
        self.assertEqual(fingerprint(), before)
        other = self.mktemp()
        with open(other, "w") as file:
            file.write("# another bus")
        self.patch(bus, "__file__", other)
        self.assertNotEqual(fingerprint(), before)

    def test_run(self) -> None:
        """A block is run to its end, and says what it was."""
        ran = run(Block(0, 100_000, 1), fingerprint())
        self.assertEqual((ran.stories, ran.key), (1, "ours/ours, busy 100000:100001"))
        self.assertTrue(ran.seconds > 60 and ran.counts and ran.faults)


class ResultTests(SynchronousTestCase):
    """The file."""

    def test_line(self) -> None:
        """What is written is read again."""
        written = result(found=[FOUND])
        self.assertEqual(Result.read(written.line()), written)

    def test_cutShort(self) -> None:
        """The line that was being written when the process ended counts for nothing."""
        path = Path(self.mktemp())
        line = result().line()
        path.write_text(f"{line}\n{line[:40]}")
        self.assertEqual(list(readResults(path)), [result()])
        self.assertEqual(list(readResults(path.with_name("missing"))), [])


class ChronicleTests(SynchronousTestCase):
    """The report."""

    def test_sums(self) -> None:
        """Hours, stories, faults and invariants are added up."""
        text = chronicle([result(), result("ours/ours, busy 7:9")], 10, 100.0)
        for words in (
            "**4.0 simulated hours** in 4 stories with 6 faults; 2 of 10 blocks",
            "**0 violations of ours**",
            "| ours/ours, busy | 5 to 8 | 4 | 4.0 | 6 |",
            "| `cut all` | 6 |",
            "| single owner | 18 | 8 | 0 | 0 |",
        ):
            self.assertIn(words, text)
        self.assertNotIn("## Violations", text)

    def test_violations(self) -> None:
        """A violation comes with the command that shows it."""
        text = chronicle([result(found=[FOUND])], 10, 100.0)
        self.assertIn("**1 violations of ours**", text)
        self.assertIn("single owner: two — `python -m twisted_ha.sim.soak --pair ours/ours --calm", text)
