"""The same story with other settings, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twisted_ha.sim.scenario import parseStory
from twisted_ha.whatif.bench import Bench
from twisted_ha.whatif.columns import columns
from twisted_ha.whatif.measure import Conditions, Weathered, failover, weathered
from twisted_ha.whatif.nights import Night
from twisted_ha.whatif.outcome import play
from twisted_ha.whatif.page import lasting
from twisted_ha.whatif.variants import Variant

__all__ = ["Row", "compare", "comparisonPage"]

SEEDS = 3
"""Nights of each kind that a variant is looked at in."""
SECONDS = 300.0
"""Of bad weather in each of them, of the simulation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One variant.

    @ivar night: what the user's story came to; of several seeds the worst.
    @ivar failover: the longest time without an owner after a power loss, in seconds; L{None} if nobody
        can take over.
    """

    variant: Variant
    night: Night
    failover: float | None
    weathered: Weathered

    @property
    def broken(self) -> tuple[str, ...]:
        """The invariants that broke in the story."""
        return self.night.broken


def compare(
    bench: Bench,
    variant: Variant,
    script: str,
    conditions: Conditions,
    seed: int,
    progress: Callable[[str], None] = lambda text: None,
) -> Row:
    """
    Look at one variant.

    @param script: the user's story.
    @raise VariantError: the daemon would not start with it.
    """
    changed = bench.having(variant.of(bench.config))
    nights: list[Night] = []
    weather = Weathered()
    for place in range(seed, seed + SEEDS):
        progress(f"{variant.text}: the story, seed {place}")
        setup = changed.seeded(place)
        nights.append(Night.of(place, play(setup, parseStory(script, setup))))
        progress(f"{variant.text}: {conditions}, seed {place}")
        weather += weathered(changed, conditions, SECONDS, place)
    progress(f"{variant.text}: a power loss")
    return Row(
        variant=variant,
        night=max(nights, key=lambda night: (bool(night.broken), night.longest, night.doubled)),
        failover=failover(changed, range(seed, seed + SEEDS)),
        weathered=weather,
    )


def comparisonPage(rows: Sequence[Row], title: str, conditions: Conditions) -> str:
    """The table."""
    minutes = rows[0].weathered.seconds / 60
    cells = [("", "WITHOUT AN OWNER", "TWO OWNERS", "POWER LOSS", "FALSE DEATHS", "RELEASES", "BROKEN")]
    for row in rows:
        cells.append(
            (
                row.variant.text,
                lasting(row.night.longest),
                lasting(row.night.doubled),
                "-" if row.failover is None else lasting(row.failover),
                str(row.weathered.deaths or "none"),
                str(row.weathered.releases or "none"),
                ", ".join(row.broken) or "nothing",
            )
        )
    lines = columns(cells)
    return "\n".join(
        [
            f"{title}: compared over {SEEDS} seeds, the worst of each",
            "",
            *lines,
            "",
            "WITHOUT AN OWNER: the longest time in this story.  TWO OWNERS: all the time with two.",
            "POWER LOSS: the longest time without an owner when the active node loses its power.",
            f"FALSE DEATHS, RELEASES: in {round(minutes, 1):g} minutes of {conditions}, how often",
            "a living node was declared dead, and a guardian released groups since its daemon stalled.",
        ]
    )
