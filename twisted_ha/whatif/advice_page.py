"""Advice as a page for people: a table, lines to write into ha.cf, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isinf

from twisted_ha.config.duration import words
from twisted_ha.sim.scenario import linkNames
from twisted_ha.whatif.adviser import LADDER, Advice, Candidate
from twisted_ha.whatif.bench import Bench
from twisted_ha.whatif.columns import columns
from twisted_ha.whatif.page import lasting

__all__ = ["advicePage"]

_VERDICTS = {
    "yours": "as in ha.cf",
    "too short": "too short",
    "shortest": "the shortest without a mistake",
    "recommended": "recommended",
}


def advicePage(advice: Advice, bench: Bench, notes: Iterable[str]) -> str:
    """What C{hactl advise} shows."""
    lines = [f"Timers for {advice.conditions}, simulated:", *(f"  note: {note}" for note in notes), ""]
    lines += columns(
        [
            ("KEEPALIVE", "DEADTIME", "FALSE DEATHS", "RELEASES", "SIMULATED", "POWER LOSS", ""),
            *(_row(one) for one in advice.candidates),
        ]
    )
    lines += [
        "",
        "FALSE DEATHS: a node that lives was declared dead.  RELEASES: a guardian released groups since",
        "its daemon stalled.  POWER LOSS: the longest time without an owner after a power loss.",
        "",
    ]
    lines += _recommendation(advice, bench)
    return "\n".join(lines)


def _row(one: Candidate) -> tuple[str, ...]:
    return (
        words(one.keepalive),
        words(one.deadtime),
        str(one.weathered.deaths or "none"),
        str(one.weathered.releases or "none"),
        f"{one.weathered.seconds / 60:g} min",
        "" if one.failover is None else lasting(one.failover),
        _VERDICTS[one.role],
    )


def _recommendation(advice: Advice, bench: Bench) -> Iterator[str]:
    best, yours = advice.recommended, advice.yours
    if best is None and not advice.complete:
        yield "Nothing can be recommended yet: there was no time to find out.  Give --minutes more."
        return
    if best is None:
        yield "Nothing can be recommended: in that weather mistakes are not rare enough even with"
        yield f"deadtime {words(LADDER[-1])}.  Mend the links or the stalls first; fencing keeps two"
        yield "owners apart meanwhile (docs/fencing.md)."
        return
    yield "Write into ha.cf, on both nodes:"
    for name, value in (
        ("keepalive", best.keepalive),
        ("warntime", advice.warntime),
        ("deadtime", best.deadtime),
        ("initdead", advice.initdead),
    ):
        yield f"    {name} {_written(value)}"
    yield "Why:"
    loud = [
        one for one in advice.candidates if one.role == "too short" and one.keepalive == best.keepalive
    ]
    below = f"; with {words(loud[0].deadtime)} there were some" if loud else ""
    yield (
        f"  - With keepalive {words(best.keepalive)}, {words(advice.shortest)} was the shortest deadtime"
        f" that made no mistake{below}."
    )
    yield (
        f"    {words(best.deadtime)} is {best.deadtime / advice.shortest:.1f} times that, and made none"
        f" in {best.weathered.seconds / 60:g} other minutes."
    )
    if best.failover is not None and yours.failover is not None:
        yield (
            f"  - A power loss leaves the service without an owner for {lasting(best.failover)} at most;"
            f" with your timers {lasting(yours.failover)}."
        )
    if not yours.weathered.quiet:
        yield (
            f"  - With your timers {yours.weathered.deaths} living nodes were declared dead and"
            f" {yours.weathered.releases} times a guardian released groups."
        )
    yield (
        f"  - A daemon that does not run for longer than {words(best.deadtime - best.keepalive)} still"
        " loses its groups: that is what deadtime means."
    )
    if not isinf(advice.hours):
        yield (
            f"  - As far as the silences that were seen tell, it makes one mistake in"
            f" {_long(advice.hours)} of such weather without a break."
        )
    warnings = best.weathered.laterThan(advice.warntime)
    if warnings:
        times = "once" if warnings == 1 else f"{warnings} times"
        yield f"  - warntime would have warned {times} in those {best.weathered.seconds / 60:g} minutes."
    for reason in advice.skipped:
        yield f"  - Not tried: {reason}."
    if not advice.complete:
        yield "  - There was no time for every keepalive: give --minutes more."
    if len(set(linkNames(bench.setup)) - set(bench.config.pingNodes)) < 2:
        yield "  - No timer helps against a broken cable: a second link does."


def _long(hours: float) -> str:
    """A very rough length of time: more would be pretended."""
    for unit, length in (("years", 8766.0), ("weeks", 168.0), ("days", 24.0)):
        if hours >= 2 * length:
            count = hours / length
            return f"more than a thousand {unit}" if count > 1000 else f"about {count:.0f} {unit}"
    return f"about {hours:.0f} hours"


def _written(seconds: float) -> str:
    return f"{seconds:g}" if seconds >= 1 and seconds == int(seconds) else f"{round(seconds * 1000)}ms"
