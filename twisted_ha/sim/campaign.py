"""
The long run: C{python -m twisted_ha.sim.campaign --hours 10000 --processes 2}.

A campaign is a fixed list of seeds for a number of hours: what it finds depends on nothing else.  It is
cut into blocks of a few stories.  Each block that is done is a line in a file, so a campaign can be
stopped at any time, goes on where it was, and may be spread over processes.  Every part of the mix
advances at the same pace, so that what was run so far is a fair sample of the whole.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path

import twisted_ha
from twisted_ha.sim.chronicle import chronicle
from twisted_ha.sim.report import Count
from twisted_ha.sim.results import Found, Result, readResults
from twisted_ha.sim.setup import clusterConfig
from twisted_ha.sim.simulate import manyStories, simulate
from twisted_ha.sim.soak import Soak
from twisted_ha.sim.storyteller import MEMBERS, invent

__all__ = ["MIX", "Block", "Chapter", "blocksFor", "fingerprint", "main", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """
    One part of the mix.

    @ivar cast: who runs what; see L{twisted_ha.sim.storyteller.CASTS}.
    @ivar calm: an hour with a few faults, instead of a night of them.
    @ivar share: of the hours of the whole.
    @ivar hours: about how long a story is.
    @ivar size: how many stories make a block.
    """

    cast: str
    calm: bool
    share: float
    hours: float
    size: int

    @property
    def name(self) -> str:
        """As reports show it."""
        return f"{self.cast}, {'calm' if self.calm else 'busy'}"


MIX: tuple[Chapter, ...] = (
    Chapter(cast="ours/ours", calm=False, share=0.090, hours=0.050, size=40),
    Chapter(cast="ours/ours", calm=True, share=0.418, hours=0.65, size=4),
    Chapter(cast="ours/original", calm=False, share=0.040, hours=0.061, size=40),
    Chapter(cast="ours/original", calm=True, share=0.205, hours=0.65, size=4),
    Chapter(cast="original/ours", calm=False, share=0.040, hours=0.061, size=40),
    Chapter(cast="original/ours", calm=True, share=0.205, hours=0.65, size=4),
    Chapter(cast=MEMBERS, calm=False, share=0.002, hours=0.051, size=8),
)
"""
Most of a cluster's life is calm, and most of its dangers are in bad nights: a sixth of the hours are
busy, and hold most of the faults.  Up to sixteen nodes cost a hundred times as much as two.
"""

FIRST_SEED = 100_000
"""Above those of the tests."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some seeds of one chapter."""

    chapter: int
    first: int
    count: int

    @property
    def key(self) -> str:
        """Names it in the file."""
        return f"{MIX[self.chapter].name} {self.first}:{self.first + self.count}"


def fingerprint() -> str:
    """
    Which program this is: the sources of everything that a simulation uses, in twelve digits.

    What is imported late is so by a short story.
    """
    simulate(clusterConfig(2), "at 10s power off alpha\nat 20s power on alpha\nuntil 40s")
    made = sha256()
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] == twisted_ha.__name__ and module.__file__ is not None:
            made.update(name.encode() + b"\0" + Path(module.__file__).read_bytes())
    return made.hexdigest()[:12]


def blocksFor(hours: float) -> list[Block]:
    """The blocks of a campaign, in the order in which they are run."""
    placed: list[tuple[float, int, Block]] = []
    for number, chapter in enumerate(MIX):
        blocks = max(1, round(hours * chapter.share / chapter.hours / chapter.size))
        for place in range(blocks):
            block = Block(number, FIRST_SEED + place * chapter.size, chapter.size)
            placed.append(((place + 0.5) / blocks, number, block))
    return [block for _, _, block in sorted(placed, key=lambda one: one[:2])]


def run(block: Block, program: str) -> Result:
    """Run one block, here and now."""
    chapter = MIX[block.chapter]
    soak = Soak(chapter.cast, shrinking=False, invent=partial(invent, calm=chapter.calm))
    began, opened = time.process_time(), time.monotonic()
    soak.run(range(block.first, block.first + block.count))
    return Result(
        program=program,
        key=block.key,
        chapter=chapter.name,
        stories=soak.seeds,
        seconds=soak.seconds,
        spent=time.process_time() - began,
        wall=time.monotonic() - opened,
        faults=dict(soak.faults),
        counts=[
            Count(
                invariant=name,
                evaluations=counter["evaluations"],
                premises=counter["premises"],
                violations=counter["violations"],
            )
            for name, counter in soak.counts.items()
        ],
        found=[
            Found(
                cast=chapter.cast,
                calm=chapter.calm,
                seed=failure.seed,
                invariant=failure.invariant,
                culprit=failure.violation.culprit,
                ours=failure.ours,
                text=failure.violation.text,
            )
            for failure in soak.failures
        ],
    )


def _work(blocks: Sequence[Block], program: str, processes: int, minutes: float, path: Path) -> None:
    """Run blocks until all are done or the time is up, and write down each."""
    until = time.monotonic() + minutes * 60
    began, done, hours = time.monotonic(), 0, 0.0
    waiting = iter(blocks)
    with ProcessPoolExecutor(processes, initializer=manyStories) as pool, path.open("a") as file:
        running = {pool.submit(run, block, program) for block in islice(waiting, processes)}
        while running:
            for future in as_completed(running):
                result = future.result()
                file.write(result.line() + "\n")
                file.flush()
                done += 1
                hours += result.seconds / 3600
                running.discard(future)
                spent = time.monotonic() - began
                print(
                    f"{done}/{len(blocks)} blocks, {hours:.1f} h simulated in {spent / 60:.1f} min; "
                    f"{result.key}: {len([one for one in result.found if one.ours])} violations of ours",
                    flush=True,
                )
                break
            if time.monotonic() < until:
                running.update(pool.submit(run, block, program) for block in islice(waiting, 1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign as the command line says.  @return: 1 if an invariant was violated by us."""
    parser = argparse.ArgumentParser(prog="python -m twisted_ha.sim.campaign", description=__doc__)
    parser.add_argument("--hours", type=float, default=10_000.0, help="simulated hours of the whole")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="begin nothing after this long"
    )
    parser.add_argument("--results", type=Path, default=Path("soak.jsonl"), help="where blocks are kept")
    parser.add_argument(
        "--report", type=Path, help="write the report there; to the terminal if not given"
    )
    parser.add_argument("--keep", action="store_true", help="count what another program ran as well")
    options = parser.parse_args(arguments)
    program = fingerprint()

    def kept() -> dict[str, Result]:
        return {
            one.key: one
            for one in readResults(options.results)
            if options.keep or one.program == program
        }

    blocks = blocksFor(options.hours)
    done = kept()
    missing = [block for block in blocks if block.key not in done]
    if missing:
        _work(missing, program, options.processes, options.minutes, options.results)
    done = kept()
    results = [done[block.key] for block in blocks if block.key in done]
    text = chronicle(results, len(blocks), options.hours)
    if options.report is not None:
        options.report.write_text(text)
    else:
        print(text)
    return 1 if any(found.ours for result in results for found in result.found) else 0


if __name__ == "__main__":
    sys.exit(main())
