"""What a campaign has to say for itself: a page to keep under docs/."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import twisted
from twisted_ha.version import VERSION

if TYPE_CHECKING:
    from twisted_ha.sim.results import Found, Result

__all__ = ["chronicle"]


def chronicle(results: Sequence[Result], blocks: int, hours: float) -> str:
    """
    The page.

    @param blocks: of how many blocks C{results} are a part.
    @param hours: how many simulated hours the whole would be.
    """
    simulated = sum(one.seconds for one in results) / 3600
    found = [each for one in results for each in one.found]
    ours = [each for each in found if each.ours]
    faults: Counter[str] = Counter()
    for one in results:
        faults.update(one.faults)
    spent = sum(one.spent for one in results) / 3600
    wall = sum(one.wall for one in results) / 3600
    stories = sum(one.stories for one in results)
    programs: Counter[str] = Counter()
    for one in results:
        programs[one.program] += round(one.seconds)
    sources = ", ".join(f"{name} for {span / 3600:,.0f} h" for name, span in programs.most_common())
    lines = [
        "# Soak",
        "",
        "Written by `make soak`; docs/simulator.md says what the words mean. All invariants were asked",
        "in all stories, with the real codec and real signatures.",
        "",
        f"- **{simulated:,.1f} simulated hours** in {stories:,} stories with {faults.total():,} faults;"
        f" {len(results)} of {blocks} blocks of a campaign of {hours:,.0f} hours",
        f"- **{len(ours)} violations of ours**, {len(found) - len(ours)} by the doing of the original",
        f"- {spent:.2f} hours of CPU time, {wall:.2f} hours by the wall clock, over all processes",
        f"- twisted_ha {VERSION} (sources {sources}), {sys.implementation.name}"
        f" {sys.version.split()[0]}, Twisted {twisted.__version__}",
        "",
        "## What was run",
        "",
        *_chapters(results),
        "",
        "A *busy* story is a few minutes with one to seven faults; in a *calm* one they are seconds to",
        "most of an hour apart. *members* are three to sixteen nodes that have no groups.",
        "",
        "## Faults",
        "",
        *_table(("sentence", "times"), ((f"`{form}`", f"{n:,}") for form, n in faults.most_common())),
        "",
        "## Invariants",
        "",
        *_invariants(results, ours),
        "",
        "*Bound* is how often the premise held under which the invariant says anything.",
    ]
    if found:
        lines += ["", "## Violations", "", *_violations(found)]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    made = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return [*made, *("| " + " | ".join(row) + " |" for row in rows)]


def _chapters(results: Sequence[Result]) -> list[str]:
    names = list(dict.fromkeys(one.chapter for one in results))
    rows = []
    for name in names:
        chosen = [one for one in results if one.chapter == name]
        firsts = [int(one.key.rsplit(" ", 1)[1].split(":")[0]) for one in chosen]
        lasts = [int(one.key.rsplit(":", 1)[1]) for one in chosen]
        rows.append(
            (
                name,
                f"{min(firsts)} to {max(lasts) - 1}",
                f"{sum(one.stories for one in chosen):,}",
                f"{sum(one.seconds for one in chosen) / 3600:,.1f}",
                f"{sum(sum(one.faults.values()) for one in chosen):,}",
                f"{sum(one.seconds for one in chosen) / 3600 / sum(one.spent for one in chosen):.3f}",
            )
        )
    return _table(("", "seeds", "stories", "hours", "faults", "hours a CPU second"), rows)


def _invariants(results: Sequence[Result], ours: Sequence[Found]) -> list[str]:
    asked: Counter[str] = Counter()
    bound: Counter[str] = Counter()
    for one in results:
        for count in one.counts:
            asked[count.invariant] += count.evaluations
            bound[count.invariant] += count.premises
    mine = Counter(each.invariant for each in ours)
    every = Counter(each.invariant for one in results for each in one.found)
    rows = (
        (name, f"{asked[name]:,}", f"{bound[name]:,}", str(mine[name]), str(every[name] - mine[name]))
        for name in asked
    )
    return _table(("invariant", "asked", "bound", "stories violated by ours", "by the original"), rows)


def _violations(found: Sequence[Found]) -> list[str]:
    """Each with the command that shows it."""
    lines: list[str] = []
    for each in sorted(found, key=lambda one: (not one.ours, one.invariant, one.cast, one.seed)):
        if each.ours or len(lines) < 40:
            calm = " --calm" if each.calm else ""
            who = "" if each.ours else " (the original's)"
            lines.append(
                f"- {each.invariant}{who}: {each.text}"
                f" — `python -m twisted_ha.sim.soak --pair {each.cast}{calm} --seeds {each.seed}`"
            )
    return lines
