"""
Many seeds, one report: C{python -m twisted_ha.sim.soak --seeds 0:1000 --pair ours/original}.

Each seed makes a cluster and a story.  A story that violates an invariant is shrunk and printed with its
timeline; the last lines count how often each invariant was asked and how often it bound.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from twisted_ha.sim.badcable import inventBadCable
from twisted_ha.sim.invariants import Violation
from twisted_ha.sim.report import Timeline
from twisted_ha.sim.scenario import Story
from twisted_ha.sim.setup import OURS, Setup
from twisted_ha.sim.shrink import shrink
from twisted_ha.sim.simulate import manyStories, runStory
from twisted_ha.sim.storyteller import CASTS, PAIRS, invent
from twisted_ha.sim.twin import WALL_CLOCK, clockTwin, hasTwin

__all__ = ["Failure", "Soak", "main"]

MENDING = ("mend ", "calm ", "plug ", "start ", "power on ")
"""How sentences begin that end a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """
    A seed that violates an invariant.

    @ivar story: shrunk.
    @ivar ours: the culprit runs our program, or it is nobody's.
    """

    pair: str
    seed: int
    invariant: str
    story: Story
    timeline: Timeline
    violation: Violation
    ours: bool

    def render(self) -> str:
        """The story and the lines around the violation."""
        head = f"{self.pair}, seed {self.seed}: {self.violation}"
        return f"{head}\n  story: {self.story}\n{self.timeline.around(self.violation.at)}"


@dataclass(slots=True)
class Soak:
    """
    A run over many seeds.

    @ivar invent: makes a cluster and its story of a seed and the pair.
    @ivar counts: by invariant: evaluations, premises, violations.
    @ivar faults: how often the stories did what, by the form of the sentence; mending is not counted.
    """

    pair: str
    shrinking: bool = True
    invent: Callable[[int, str], tuple[Setup, Story]] = invent
    seeds: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)

    def run(self, seeds: Iterable[int], until: float = float("inf")) -> None:
        """
        Run seeds.

        @param until: when to stop, by C{time.monotonic}.
        """
        for seed in seeds:
            if time.monotonic() > until:
                break
            self.one(seed)

    def one(self, seed: int) -> Timeline:
        """Run one seed."""
        setup, story = self.invent(seed, self.pair)
        timeline = runStory(setup, story)
        self.faults.update(
            step.deed.form for step in story.steps if not step.deed.form.startswith(MENDING)
        )
        self.seeds += 1
        self.seconds += timeline.seconds
        for count in timeline.counts:
            counter = self.counts.setdefault(count.invariant, Counter())
            counter["evaluations"] += count.evaluations
            counter["premises"] += count.premises
            counter["violations"] += count.violations
        violations = list(timeline.violations)
        if hasTwin(setup, story):
            parted = clockTwin(setup, story, timeline)
            violations += [parted] if parted is not None else []
            counter = self.counts.setdefault(WALL_CLOCK, Counter())
            counter.update(evaluations=1, premises=1, violations=int(parted is not None))
        for violation in self._distinct(violations):
            self.failures.append(self._failure(setup, story, timeline, violation))
        return timeline

    @staticmethod
    def _distinct(violations: Sequence[Violation]) -> Iterator[Violation]:
        seen: set[tuple[str, str]] = set()
        for violation in violations:
            if (violation.invariant, violation.culprit) not in seen:
                seen.add((violation.invariant, violation.culprit))
                yield violation

    def _failure(self, setup: Setup, story: Story, timeline: Timeline, violation: Violation) -> Failure:
        if self.shrinking and violation.invariant != WALL_CLOCK:

            def same(found: Timeline) -> list[Violation]:
                return [
                    one
                    for one in found.violations
                    if (one.invariant, one.culprit) == (violation.invariant, violation.culprit)
                ]

            story = shrink(story, lambda candidate: bool(same(runStory(setup, candidate))))
            timeline = runStory(setup, story)
            violation = same(timeline)[0]
        culprit = violation.culprit
        ours = culprit not in setup.config.nodes or setup.kindOf(culprit) == OURS
        return Failure(
            pair=self.pair,
            seed=setup.seed,
            invariant=violation.invariant,
            story=story,
            timeline=timeline,
            violation=violation,
            ours=ours,
        )

    def render(self) -> str:
        """The table at the end."""
        lines = [
            f"{self.pair}: {self.seeds} seeds, {self.seconds / 3600:.1f} simulated hours, "
            f"{sum(one.ours for one in self.failures)} violations of ours, "
            f"{sum(not one.ours for one in self.failures)} of the original's"
        ]
        for name, counter in self.counts.items():
            lines.append(
                f"  {name:<40} asked {counter['evaluations']:>9}  bound {counter['premises']:>9}"
                f"  violated {counter['violations']:>5}"
            )
        return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds as the command line says.  @return: 1 if an invariant was violated by us."""
    parser = argparse.ArgumentParser(prog="python -m twisted_ha.sim.soak", description=__doc__)
    parser.add_argument("--seeds", default="0:200", help="from:to, or one number")
    parser.add_argument("--pair", default=PAIRS[0], choices=CASTS)
    parser.add_argument("--calm", action="store_true", help="long quiet times between the faults")
    parser.add_argument("--bad-cable", action="store_true", help="every situation on one bad cable")
    parser.add_argument("--minutes", type=float, default=10.0, help="stop after this long")
    parser.add_argument("--no-shrink", action="store_true", help="report failing seeds as they are")
    parser.add_argument("--timeline", action="store_true", help="print every timeline")
    options = parser.parse_args(arguments)
    if options.bad_cable and (options.calm or options.pair not in PAIRS):
        parser.error("--bad-cable is about two nodes, and has its own times")
    manyStories()
    first, _, last = options.seeds.partition(":")
    seeds = range(int(first), int(last) if last else int(first) + 1)
    soak = Soak(
        options.pair,
        shrinking=not options.no_shrink,
        invent=inventBadCable if options.bad_cable else partial(invent, calm=options.calm),
    )
    until = time.monotonic() + options.minutes * 60
    for seed in seeds:
        if time.monotonic() > until:
            break
        before = len(soak.failures)
        timeline = soak.one(seed)
        if options.timeline:
            print(timeline.render())
        for failure in soak.failures[before:]:
            print(failure.render(), flush=True)
            print()
    print(soak.render())
    return 1 if any(failure.ours for failure in soak.failures) else 0


if __name__ == "__main__":
    sys.exit(main())
