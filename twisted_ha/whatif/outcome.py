"""One simulation as an operator wants to have it: what happened, what it looked like, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twisted_ha.events import Event, LinkUp
from twisted_ha.sim.catalogue import INVARIANTS
from twisted_ha.sim.invariants import Invariant
from twisted_ha.sim.observed import (
    FaultMade,
    LifeChanged,
    NodeSaid,
    Observed,
    PowerChanged,
    Reset,
    Wreck,
)
from twisted_ha.sim.report import Line, Timeline
from twisted_ha.sim.scenario import Story
from twisted_ha.sim.setup import Setup
from twisted_ha.sim.simulate import runStory
from twisted_ha.sim.world import World
from twisted_ha.whatif.felt import Felt, feltBy
from twisted_ha.whatif.lanes import Lanes, watch

__all__ = ["Outcome", "play"]

TOLD = frozenset(
    {
        "BeatLate",
        "CommunicationsUp",
        "FailbackStarted",
        "FencingDeviceFailed",
        "FencingFailed",
        "FencingStarted",
        "FencingSucceeded",
        "GroupAcquired",
        "GroupChanging",
        "GroupFailed",
        "GroupReleaseFailed",
        "GroupReleased",
        "GuardianReleased",
        "HoldingsConflict",
        "LinkDown",
        "LinkUp",
        "NodeDied",
        "NodeRestarted",
        "NodeReturned",
        "OperatorNeeded",
        "PeerShutDown",
        "StandbyFinished",
        "StandbyRefused",
        "StandbyRequested",
        "TakeoverRefused",
        "TakeoverStarted",
        "UndecidedInput",
    }
)
"""What an operator would look for in the log of that night; the rest is shown on request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What came of a story.

    @ivar lines: the sentences that matter, or all of them, as L{play} was asked.
    @ivar deeds: when the story did what, and what ended by itself.
    @ivar history: every fact, with its time.
    @ivar felt: by group, in the order of C{haresources}.
    """

    timeline: Timeline
    lines: tuple[Line, ...]
    deeds: tuple[tuple[float, str], ...]
    history: tuple[tuple[float, Observed], ...]
    lanes: Lanes
    felt: tuple[Felt, ...]

    @property
    def broken(self) -> bool:
        """Whether something happened that must never happen."""
        return bool(self.timeline.violations)

    @property
    def interesting(self) -> float:
        """When nothing more happened, in seconds, and a little later: where a picture may end."""
        marks = [at for lane in self.lanes.all for at in lane.changes]
        marks += [at for at, _ in self.deeds]
        marks += [line.at for line in self.lines if not line.detail]
        last = max(marks, default=0.0)
        return min(self.lanes.seconds, max(last * 1.08, last + 2.0))


def play(
    setup: Setup,
    story: Story,
    *,
    detail: bool = False,
    invariants: Iterable[Callable[[World], Invariant]] = INVARIANTS,
) -> Outcome:
    """
    Run a story and look at it in every way.

    @param detail: every sentence, with every script.
    """
    worlds: list[World] = []
    ends: list[Callable[[], Lanes]] = []

    def follow(world: World) -> None:
        worlds.append(world)
        ends.append(watch(world, story))

    timeline = runStory(setup, story, invariants, follow)
    history = worlds[0].history
    lanes = ends[0]()
    return Outcome(
        timeline=timeline,
        lines=tuple(
            line
            for line, (_, seen) in zip(timeline.lines, history, strict=True)
            if detail or _matters(seen)
        ),
        deeds=tuple((at, seen.text) for at, seen in history if isinstance(seen, FaultMade)),
        history=tuple(history),
        lanes=lanes,
        felt=tuple(feltBy(group, history) for group in lanes.groups),
    )


def _matters(seen: Observed) -> bool:
    if isinstance(seen, NodeSaid):
        return _eventMatters(seen.node, seen.event)
    if isinstance(seen, LifeChanged):
        return seen.detail != "no power"
    return isinstance(seen, FaultMade | Reset | PowerChanged | Wreck)


def _eventMatters(node: str, event: Event) -> bool:
    if isinstance(event, LinkUp):
        return event.node != node  # that it hears itself is no news
    return type(event).__name__ in TOLD
