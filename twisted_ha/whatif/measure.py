"""
What a set of timers is worth: how long a takeover takes, and how often bad weather alone causes one.

Both are measured by simulation over several seeds, with the scripts and links of the user's files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf
from random import Random
from statistics import fmean

from twisted_ha.events import GuardianReleased, LateHeartbeat, NodeDied
from twisted_ha.sim.observed import NodeSaid
from twisted_ha.sim.scenario import linkNames, parseStory
from twisted_ha.whatif.bench import Bench
from twisted_ha.whatif.outcome import Outcome, play
from twisted_ha.whatif.stories import cast

__all__ = ["Conditions", "Weathered", "failover", "weathered"]

_STALLS_A_MINUTE = 2

ENOUGH = 5
"""Long silences from which something may be concluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """
    How bad the weather is; nothing in it is broken, so a node that is declared dead in it is a mistake.

    @ivar loss: the share of packets that every link loses, 0 to 1.
    @ivar burst: how many in a row, on average.
    @ivar stall: seconds for which a daemon sometimes does not run: on a busy disk, a paused machine.
    """

    loss: float = 0.0
    burst: int = 1
    stall: float = 0.0

    def __str__(self) -> str:
        parts = []
        if self.loss:
            bursts = f" in bursts of {self.burst}" if self.burst > 1 else ""
            parts.append(f"{self.loss * 100:g}% loss{bursts} on every link")
        if self.stall:
            parts.append(f"stalls of up to {self.stall:g} s")
        return " and ".join(parts) or "fair weather"

    def story(self, bench: Bench, seconds: float, seed: int) -> str:
        """That weather for a while, as a script."""
        config = bench.config
        begin = float(cast(bench.setup)["begin"][:-1])
        end = begin + seconds
        sentences = [f"until {end:g}s"]
        for link in linkNames(bench.setup):
            if self.loss and link not in config.pingNodes:
                sentences.append(
                    f"at {begin:g}s lose {self.loss * 100:g}% on {link} in bursts of {self.burst}"
                )
        random = Random(f"{seed}/stalls")
        for _ in range(round(seconds / 60 * _STALLS_A_MINUTE) if self.stall else 0):
            length = self.stall * random.choice([1.0, 1.0, random.uniform(0.3, 1.0)])
            latest = max(begin, end - length - 3 * config.timers.deadtime)
            node = random.choice(config.nodes)
            sentences.append(f"at {random.uniform(begin, latest):.2f}s pause {node} for {length:.2f}s")
        return "; ".join(sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weathered:
    """
    What bad weather did, over all runs.

    @ivar seconds: how long it was simulated.
    @ivar deaths: how often a living node was declared dead.
    @ivar releases: how often a guardian released groups because its daemon stalled.
    @ivar silent: seconds in which a group had no owner, of the worst group.
    @ivar doubled: seconds in which a group had two.
    @ivar late: the times between two heartbeats that were longer than warntime, in seconds.
    """

    seconds: float = 0.0
    deaths: int = 0
    releases: int = 0
    silent: float = 0.0
    doubled: float = 0.0
    late: tuple[float, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether the service never noticed the weather."""
        return not self.deaths and not self.releases

    def __add__(self, other: Weathered) -> Weathered:
        return Weathered(
            seconds=self.seconds + other.seconds,
            deaths=self.deaths + other.deaths,
            releases=self.releases + other.releases,
            silent=self.silent + other.silent,
            doubled=self.doubled + other.doubled,
            late=self.late + other.late,
        )

    def laterThan(self, seconds: float) -> int:
        """How many heartbeats were later than that."""
        return sum(one > seconds for one in self.late)

    def hoursBetween(self, deadtime: float) -> float:
        """
        After how many hours of such weather, on average, a silence is longer than C{deadtime}.

        Nobody simulates a year to see what happens once in it.  Long silences are about exponentially
        distributed, each further heartbeat being lost with the same chance; so the longer half of those
        that were seen tells how much rarer those are that were not.

        @return: infinity if too few were seen to tell.
        """
        late = sorted(self.late)
        usual = late[len(late) // 2] if late else 0.0
        beyond = [one - usual for one in late if one > usual]
        if len(beyond) < ENOUGH:
            return inf
        expected = len(beyond) * exp((usual - deadtime) / fmean(beyond))
        return self.seconds / 3600 / expected if expected > 0 else inf


def weathered(bench: Bench, conditions: Conditions, seconds: float, seed: int) -> Weathered:
    """
    Let the weather be bad for a while.

    @param seconds: how long, of the simulation.
    """
    setup = bench.seeded(seed)
    story = parseStory(conditions.story(bench, seconds, seed), setup)
    outcome = play(setup, story, invariants=())
    events = [seen.event for _, seen in outcome.history if isinstance(seen, NodeSaid)]
    late = [event.milliseconds / 1000 for event in events if isinstance(event, LateHeartbeat)]
    return Weathered(
        seconds=seconds,
        deaths=sum(isinstance(event, NodeDied) and not event.ping for event in events),
        releases=sum(isinstance(event, GuardianReleased) for event in events),
        silent=max((felt.silent for felt in outcome.felt), default=0.0),
        doubled=max((felt.doubled for felt in outcome.felt), default=0.0),
        late=tuple(late),
    )


def failover(bench: Bench, seeds: Iterable[int]) -> float | None:
    """
    The longest time without an owner when the active node loses its power, in seconds, over some seeds.

    @return: L{None} if there is no group, or nobody who could take it.
    """
    parts = cast(bench.setup)
    if "service" not in parts or "other" not in parts:
        return None
    worst = 0.0
    for seed in seeds:
        setup = bench.seeded(seed)
        # The moment within a keepalive decides who was heard last, so each seed has another.
        at = float(parts["begin"][:-1]) + Random(f"{seed}/moment").uniform(
            0, setup.config.timers.keepalive
        )
        end = at + 2 * setup.config.timers.deadtime + sum(setup.timings.values()) + 30
        story = f"at {at:.3f}s power off {parts['active']}; until {end:g}s"
        worst = max(worst, _worst(play(setup, parseStory(story, setup), invariants=())))
    return worst


def _worst(outcome: Outcome) -> float:
    return max((felt.longest.seconds for felt in outcome.felt if felt.longest), default=0.0)
