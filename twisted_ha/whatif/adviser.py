"""
Which C{deadtime}: the shortest that takes no living node for dead in a given weather, and a margin.

For each C{keepalive} a ladder of deadtimes is climbed or descended, each rung simulated over several
seeds, until the shortest quiet one is found; the recommendation stands a margin above it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from twisted_ha.config.duration import words
from twisted_ha.config.model import SerialMedium
from twisted_ha.config.serial_speed import bytesPerSecond
from twisted_ha.whatif.bench import Bench
from twisted_ha.whatif.measure import Conditions, Weathered, failover, weathered
from twisted_ha.whatif.variants import VariantError, retimed

__all__ = ["Advice", "Candidate", "advise"]

KEEPALIVES = (0.25, 0.5, 1.0, 2.0)
LADDER = (0.6, 0.8, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 90, 120)
HOURS = 1000.0
"""Of bad weather without a break: six weeks."""

RUNS = 4
SECONDS = 300.0
"""Of the simulation, for each run."""
SAME = 1.15
"""A deadtime that is longer by less than this is as good, if its keepalive is longer."""
LINE_SHARE = 0.6
"""What heartbeats may take of a serial line, as C{hactl check} has it."""
PREVIEW = 1000
"""Where the seeds of the last look begin: it is not asked about nights that decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    Timers that were tried.

    @ivar failover: the longest time without an owner after a power loss, in seconds, if it was measured.
    @ivar role: C{"yours"}, C{"shortest"}, C{"too short"} or C{"recommended"}.
    """

    keepalive: float
    deadtime: float
    weathered: Weathered
    failover: float | None = None
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """
    @ivar candidates: in the order in which they were tried, the user's own timers first.
    @ivar recommended: L{None} if nothing on the ladder is quiet in that weather.
    @ivar warntime: that goes with it, in seconds; so does C{initdead}.
    @ivar shortest: the shortest quiet deadtime with the recommended keepalive, in seconds.
    @ivar hours: of such weather from one mistake to the next with what is recommended, as estimated.
    @ivar complete: there was time for everything.
    """

    conditions: Conditions
    margin: float
    candidates: tuple[Candidate, ...]
    recommended: Candidate | None = None
    warntime: float = 0.0
    initdead: float = 0.0
    shortest: float = 0.0
    hours: float = inf
    complete: bool = True
    skipped: tuple[str, ...] = ()

    @property
    def yours(self) -> Candidate:
        """The timers of the files."""
        return self.candidates[0]


@dataclass(slots=True)
class _Search:
    """One search."""

    bench: Bench
    conditions: Conditions
    margin: float
    hours: float
    seed: int
    runs: int
    seconds: float
    timeLeft: Callable[[], bool]
    progress: Callable[[str], None]
    tried: dict[tuple[float, float], Candidate] = field(default_factory=dict)

    def retimed(self, keepalive: float, deadtime: float) -> Bench:
        """The user's cluster with other timers; C{initdead} follows where it must."""
        initdead = max(self.bench.config.timers.initdead, deadtime)
        times = {"keepalive": keepalive, "deadtime": deadtime, "initdead": initdead}
        # The warnings are what the length of silences is known from.
        times |= {"warntime": 1.5 * keepalive}
        times |= {"deadping": max(deadtime, self.bench.config.timers.deadping)}
        return self.bench.having(retimed(self.bench.config, times, "timers"))

    def look(
        self, keepalive: float, deadtime: float, first: int = 0, *, whole: bool = False
    ) -> Weathered:
        """
        The weather over all runs, or until it is felt.

        @param whole: go on after it was felt.
        """
        bench = self.retimed(keepalive, deadtime)
        total = Weathered()
        for run in range(self.runs):
            self.progress(f"keepalive {words(keepalive)}, deadtime {words(deadtime)}: run {run + 1}")
            total += weathered(bench, self.conditions, self.seconds, self.seed + first + run)
            if not total.quiet and not whole:
                break
        return total

    def quiet(self, keepalive: float, deadtime: float) -> bool:
        """Whether these timers feel nothing; each pair is tried once."""
        place = (keepalive, deadtime)
        if place not in self.tried:
            self.tried[place] = Candidate(
                keepalive=keepalive, deadtime=deadtime, weathered=self.look(keepalive, deadtime)
            )
        return self.tried[place].weathered.quiet

    def lasting(self, keepalive: float, shortest: float) -> float | None:
        """The first rung a margin above the shortest, on which mistakes are as rare as is asked for."""
        seen = self.tried[keepalive, shortest].weathered
        for rung in LADDER:
            if rung >= shortest * self.margin - 1e-9 and seen.hoursBetween(rung) >= self.hours:
                return rung
        return None

    def shortest(self, keepalive: float) -> float | None:
        """The shortest quiet deadtime of the ladder for a keepalive."""
        rungs = [deadtime for deadtime in LADDER if deadtime > 2.5 * keepalive]
        guess = self.conditions.stall + 4 * keepalive
        place = next((one for one, rung in enumerate(rungs) if rung >= guess), len(rungs) - 1)
        if self.quiet(keepalive, rungs[place]):
            while place > 0 and self.timeLeft() and self.quiet(keepalive, rungs[place - 1]):
                place -= 1
            return rungs[place]
        while place + 1 < len(rungs) and self.timeLeft():
            place += 1
            if self.quiet(keepalive, rungs[place]):
                return rungs[place]
        return None


def advise(
    bench: Bench,
    conditions: Conditions,
    *,
    margin: float = 1.5,
    hours: float = HOURS,
    seed: int = 0,
    runs: int = RUNS,
    seconds: float | None = None,
    timeLeft: Callable[[], bool] = lambda: True,
    progress: Callable[[str], None] = lambda text: None,
) -> Advice:
    """
    Recommend timers for a cluster.

    @param margin: how many times the shortest quiet deadtime the recommended one is, at least.
    @param hours: of such weather from one mistake to the next, on average, at least.
    @param runs: simulations of each pair of timers, of C{seconds} each, else of L{SECONDS}.
    @param timeLeft: asked between pairs; once it says no, what is known must do.
    @param progress: told what is being tried.
    """
    each = SECONDS if seconds is None else seconds
    search = _Search(bench, conditions, margin, hours, seed, runs, each, timeLeft, progress)
    timers = bench.config.timers
    own = Candidate(
        keepalive=timers.keepalive,
        deadtime=timers.deadtime,
        weathered=search.look(timers.keepalive, timers.deadtime, whole=True),
        failover=failover(bench, range(seed, seed + runs)),
        role="yours",
    )
    keepalives, skipped = _keepalives(bench)
    found: dict[float, float] = {}
    complete = True
    for keepalive in keepalives:
        if not timeLeft():
            complete = False
            break
        shortest = search.shortest(keepalive)
        if shortest is not None:
            found[keepalive] = shortest
        elif not timeLeft():
            complete = False
    advice = Advice(
        conditions=conditions,
        margin=margin,
        candidates=(own, *_interesting(search, found)),
        complete=complete,
        skipped=skipped,
    )
    return _recommended(search, found, advice)


def _keepalives(bench: Bench) -> tuple[Sequence[float], tuple[str, ...]]:
    """Those worth trying, the user's own first; a slow serial line forbids short ones."""
    config = bench.config
    slowest = min((one.baud for one in config.media if isinstance(one, SerialMedium)), default=0)
    kept: list[float] = []
    skipped: list[str] = []
    for keepalive in dict.fromkeys((config.timers.keepalive, *reversed(KEEPALIVES))):
        wanted = bytesPerSecond(keepalive, config.nodes)
        if slowest and wanted > LINE_SHARE * slowest / 10 and keepalive != config.timers.keepalive:
            skipped.append(f"keepalive {words(keepalive)}: too much for a serial line of {slowest} baud")
        else:
            kept.append(keepalive)
    return kept, tuple(skipped)


def _interesting(search: _Search, found: dict[float, float]) -> Sequence[Candidate]:
    """For each keepalive the shortest quiet deadtime, and the next shorter that was tried."""
    chosen: list[Candidate] = []
    for keepalive in sorted({one for one, _ in search.tried}):
        rows = sorted(
            (one for one in search.tried.values() if one.keepalive == keepalive),
            key=lambda one: one.deadtime,
        )
        best = found.get(keepalive)
        loud = [one for one in rows if not one.weathered.quiet]
        if loud:
            chosen.append(replace(loud[-1], role="too short"))
        chosen += [replace(one, role="shortest") for one in rows if one.deadtime == best]
    return chosen


def _recommended(search: _Search, found: dict[float, float], advice: Advice) -> Advice:
    """The shortest of all with the margin, looked at again in nights that did not decide."""
    wanted = {keepalive: search.lasting(keepalive, shortest) for keepalive, shortest in found.items()}
    pairs = sorted((deadtime, -keepalive) for keepalive, deadtime in wanted.items() if deadtime)
    if not pairs:
        return advice
    least = pairs[0][0]
    keepalive = max(-negative for deadtime, negative in pairs if deadtime <= least * SAME)
    deadtime = wanted[keepalive]
    assert deadtime is not None
    while True:
        try:
            seen = search.look(keepalive, deadtime, PREVIEW, whole=True)
        except VariantError:
            return advice
        longer = next((rung for rung in LADDER if rung > deadtime), None)
        if seen.quiet or longer is None or not search.timeLeft():
            break
        deadtime = longer
    bench = search.retimed(keepalive, deadtime)
    best = Candidate(
        keepalive=keepalive,
        deadtime=deadtime,
        weathered=seen,
        failover=failover(bench, range(search.seed, search.seed + search.runs)),
        role="recommended",
    )
    return replace(
        advice,
        candidates=(*advice.candidates, best),
        recommended=best if seen.quiet else None,
        complete=advice.complete and (seen.quiet or longer is None),
        warntime=deadtime / 2,
        hours=(search.tried[keepalive, found[keepalive]].weathered + seen).hoursBetween(deadtime),
        initdead=bench.config.timers.initdead,
        shortest=found[keepalive],
    )
