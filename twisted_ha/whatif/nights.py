"""Many random nights in one table: the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twisted_ha.whatif.columns import columns
from twisted_ha.whatif.outcome import Outcome
from twisted_ha.whatif.page import lasting

__all__ = ["Night", "nightsPage"]

MOST = 10
"""Nights that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """
    What one seed came to.

    @ivar longest: the longest time without an owner, in seconds, of any group.
    @ivar silent: seconds without an owner in all, of the worst group; so C{doubled}, with two.
    @ivar broken: the invariants that broke.
    """

    seed: int
    story: str
    seconds: float
    longest: float
    silent: float
    doubled: float
    broken: tuple[str, ...]

    @classmethod
    def of(cls, seed: int, outcome: Outcome) -> Night:
        """Sum one simulation up."""
        return cls(
            seed=seed,
            story=outcome.timeline.story,
            seconds=outcome.timeline.seconds,
            longest=max((felt.longest.seconds for felt in outcome.felt if felt.longest), default=0.0),
            silent=max((felt.silent for felt in outcome.felt), default=0.0),
            doubled=max((felt.doubled for felt in outcome.felt), default=0.0),
            broken=tuple(dict.fromkeys(one.invariant for one in outcome.timeline.violations)),
        )


def nightsPage(nights: Sequence[Night]) -> Iterator[str]:
    """What C{hactl simulate --random N} shows."""
    hours = sum(night.seconds for night in nights) / 3600
    broken = [night for night in nights if night.broken]
    worst = sorted(nights, key=lambda night: (not night.broken, -night.longest))[:MOST]
    yield f"{len(nights)} random nights, {hours:.1f} simulated hours; the worst:"
    rows = [("SEED", "WITHOUT AN OWNER", "LONGEST", "TWO OWNERS", "BROKEN")]
    rows += [
        (
            str(night.seed),
            lasting(night.silent),
            lasting(night.longest),
            lasting(night.doubled),
            ", ".join(night.broken) or "nothing",
        )
        for night in worst
    ]
    yield from columns(rows, "  ")
    yield ""
    yield f"To see one: hactl simulate --random 1 --seed {worst[0].seed}, with the same files."
    if broken:
        yield f"In {len(broken)} of them something happened that must never happen; please report it."
    else:
        yield "Nothing happened that must never happen."
