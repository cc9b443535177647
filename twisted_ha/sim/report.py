"""What a simulation has shown, for people: a timeline in sentences, and what it costs whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twisted_ha.sim.invariants import Violation
from twisted_ha.sim.observed import (
    FaultMade,
    LifeChanged,
    NodeSaid,
    Observed,
    OperationBegan,
    OperationEnded,
    Reset,
    StrangerHeard,
)
from twisted_ha.sim.world import World

__all__ = ["Count", "Interruption", "Line", "Timeline", "timelineOf"]

CHATTER = frozenset(
    {
        "AgentFinished",
        "AgentStarted",
        "FrameRefused",
        "HookFinished",
        "LateHeartbeat",
        "MessagesMissing",
        "MessagesRecovered",
    }
)
"""Events that say little about who runs what; shown on request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One line of a timeline.

    @ivar at: the world's seconds.
    @ivar node: whose doing it is; empty for the story's.
    @ivar detail: it may be left out.
    """

    at: float
    node: str
    text: str
    detail: bool = False

    def __str__(self) -> str:
        return f"{self.at:10.3f}  {self.node:<8} {self.text}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """
    A time in which a group, having been served once, was not.

    @ivar end: L{None} if it was not served again.
    """

    group: str
    begin: float
    end: float | None

    def __str__(self) -> str:
        if self.end is None:
            return f"{self.group}: down from {self.begin:.3f} s on"
        seconds = self.end - self.begin
        return f"{self.group}: down {seconds:.3f} s, from {self.begin:.3f} s to {self.end:.3f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often an invariant was asked, and how often it bound."""

    invariant: str
    evaluations: int
    premises: int
    violations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """
    A whole simulation, told.

    @ivar seconds: how long it was.
    @ivar owners: by group: who holds it at the end.
    @ivar digest: the same for the same seed and story.
    """

    seed: int
    story: str
    seconds: float
    lines: tuple[Line, ...]
    interruptions: tuple[Interruption, ...]
    owners: tuple[tuple[str, tuple[str, ...]], ...]
    violations: tuple[Violation, ...]
    counts: tuple[Count, ...]
    digest: str
    steps: int
    frames: int

    def render(self, *, detail: bool = False) -> str:
        """
        The timeline as people read it.

        @param detail: with every script and every late message.
        """
        shown = [str(line) for line in self.lines if detail or not line.detail]
        shown.append("")
        for group, owners in self.owners:
            shown.append(f"{group} is with {' and '.join(owners) or 'nobody'} in the end")
        shown.extend(str(interruption) for interruption in self.interruptions)
        shown.extend(str(violation) for violation in self.violations)
        shown.append(f"seed {self.seed}, digest {self.digest}, {self.seconds:g} s simulated")
        return "\n".join(shown)

    def around(self, at: float, seconds: float = 15.0) -> str:
        """The lines near an instant, for a bug report."""
        near = (line for line in self.lines if at - seconds <= line.at <= at + 1.0)
        return "\n".join(str(line) for line in near)


def timelineOf(world: World, story: str = "") -> Timeline:
    """Tell what has happened in a world so far."""
    return Timeline(
        seed=world.setup.seed,
        story=story,
        seconds=world.time.now,
        lines=tuple(_lines(world.history)),
        interruptions=tuple(_interruptions(world)),
        owners=tuple((group.key, tuple(world.owners(group.key))) for group in world.setup.config.groups),
        violations=tuple(
            sorted(
                (one for invariant in world.invariants for one in invariant.violations),
                key=lambda violation: violation.at,
            )
        ),
        counts=tuple(
            Count(
                invariant=invariant.name,
                evaluations=invariant.evaluations,
                premises=invariant.premises,
                violations=len(invariant.violations),
            )
            for invariant in world.invariants
        ),
        digest=world.digest,
        steps=world.time.steps,
        frames=world.network.delivered,
    )


def _lines(history: Iterable[tuple[float, Observed]]) -> Iterable[Line]:
    for at, seen in history:
        detail = isinstance(seen, (OperationBegan, OperationEnded, StrangerHeard))
        if isinstance(seen, OperationEnded) and not seen.ok:
            detail = False
        if isinstance(seen, StrangerHeard) and seen.changed:
            detail = False
        if isinstance(seen, NodeSaid):
            detail = type(seen.event).__name__ in CHATTER
        node = "" if isinstance(seen, (FaultMade, Reset)) else seen.node
        yield Line(at=at, node=node, text=str(seen), detail=detail)


def _interruptions(world: World) -> Iterable[Interruption]:
    """
    From the operations that were seen: a group is served while every resource of it runs on one machine.
    """
    for group in world.setup.config.groups:
        tokens = [resource.token for resource in group.resources]
        running: dict[str, set[str]] = {name: set() for name in world.machines}
        yield from _gaps(group.key, _served(world, tokens, running))


def _served(
    world: World, tokens: Sequence[str], running: dict[str, set[str]]
) -> Iterable[tuple[float, bool]]:
    for at, seen in world.history:
        if isinstance(seen, OperationBegan) and seen.verb == "stop":
            running[seen.node].discard(seen.resource)
        elif isinstance(seen, OperationEnded) and seen.resource in tokens:
            if seen.condition.value == "running":
                running[seen.node].add(seen.resource)
            else:
                running[seen.node].discard(seen.resource)
        elif isinstance(seen, LifeChanged):
            pass
        elif getattr(seen, "on", None) is False:
            running[seen.node].clear()
        else:
            continue
        yield at, any(set(tokens) <= here for here in running.values())


def _gaps(group: str, changes: Iterable[tuple[float, bool]]) -> Iterable[Interruption]:
    begin: float | None = None
    before = False
    for at, served in changes:
        if before and not served:
            begin = at
        elif served and begin is not None:
            yield Interruption(group=group, begin=begin, end=at)
            begin = None
        before = served
    if begin is not None:
        yield Interruption(group=group, begin=begin, end=None)
