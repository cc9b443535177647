"""Invariants about single steps: what must never happen at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from twisted_ha.events import HoldingsChanged, UndecidedInput
from twisted_ha.sim.invariants import Invariant
from twisted_ha.sim.observed import (
    Condition,
    LifeChanged,
    NodeSaid,
    Observed,
    OperationBegan,
    ResetAsked,
    StrangerHeard,
    Wreck,
)
from twisted_ha.sim.setup import ORIGINAL

if TYPE_CHECKING:
    from twisted_ha.sim.world import World

__all__ = [
    "ClaimedFirst",
    "Decided",
    "FencedFirst",
    "FirstHeard",
    "GenerationsGrow",
    "InOrder",
    "NoFriendlyFire",
    "NoOrphans",
    "NoWreck",
    "OneAtATime",
    "SingleOwner",
    "StrangersIgnored",
]


class SingleOwner(Invariant):
    """
    A group runs on one machine at most, while the machines reach each other.

    With all links cut both may run it; L{twisted_ha.sim.sky.Sky.healTime} after they are mended one must
    have let go.  What a machine without a daemon and a guardian holds is excused: nobody is there to
    release it.  To blame is who started it last, or an original that does not claim what it runs.
    """

    name: ClassVar = "single owner"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._told: set[str] = set()
        self._lookAgainAt = 0.0
        self._last: dict[str, str] = {}

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, OperationBegan) and seen.verb == "start":
            self._last[seen.group] = seen.node

    def check(self) -> None:
        sky = self.world.sky
        for group in self.world.setup.config.groups:
            owners = self.world.owners(group.key)
            if len(owners) < 2:
                self._told.discard(group.key)
                self.claim(sky.linkedSince is not None, True, "")
                continue
            linked = sky.linkedFor(sky.healTime)
            if not linked and sky.linkedSince is not None and self._lookAgainAt <= self.now:
                self._lookAgainAt = sky.linkedSince + sky.healTime + 0.001
                self.checkIn(self._lookAgainAt - self.now)
            helpless = any(sky.helpless(owner, group.key) for owner in owners)
            premise = linked and not helpless and group.key not in self._told
            if premise:
                self._told.add(group.key)
            text = f"{group.key} runs on {' and '.join(owners)}"
            culprit = " and ".join(sky.disowners(group)) if premise else ""
            self.claim(premise, False, text, culprit or self._last.get(group.key, ""))


class FirstHeard(Invariant):
    """
    Nobody starts a group that another machine still holds, unless it has declared that one dead.

    That the other has released it is judged by what it does, not by what it says.
    """

    name: ClassVar = "release heard or death declared first"

    def observe(self, seen: Observed) -> None:
        if not isinstance(seen, OperationBegan) or seen.verb != "start" or not seen.by:
            return
        sky = self.world.sky
        belief = sky.beliefs.get(seen.node)
        for other in self.world.owners(seen.group):
            if other == seen.node or belief is None:
                continue
            premise = sky.linkedFor(sky.healTime) and not sky.helpless(other, seen.group)
            text = f"{seen.node} starts {seen.resource}, which {other} still holds and is not dead"
            self.claim(premise, other in belief.dead, text, seen.node)
        if self.world.owners(seen.group) in ([], [seen.node]):
            self.claim(True, True, "")


class FencedFirst(Invariant):
    """
    With a power switch, nobody starts a group that another machine still holds, links or not: that one
    was reset first.
    """

    name: ClassVar = "fenced before taken"

    def observe(self, seen: Observed) -> None:
        if not isinstance(seen, OperationBegan) or seen.verb != "start" or not seen.by:
            return
        others = [one for one in self.world.owners(seen.group) if one != seen.node]
        helpless = any(self.world.sky.helpless(other, seen.group) for other in others)
        text = f"{seen.node} starts {seen.resource} while {' and '.join(others)} holds it, not reset"
        self.claim(self.world.setup.fencing and not helpless, not others, text, seen.node)


class NoFriendlyFire(Invariant):
    """
    The power switch is never asked to reset a node that lives and is heard.

    A reset that was asked for in time is not taken back if the node speaks before it happens.
    """

    name: ClassVar = "no reset of a live member"

    def observe(self, seen: Observed) -> None:
        if not isinstance(seen, ResetAsked):
            return
        target = self.world.living(seen.node)
        timers = self.world.setup.config.timers
        reached = self.world.network.reached.get((seen.node, seen.source), float("-inf"))
        recent = self.now - reached < timers.deadtime - timers.keepalive
        alive = target is not None and self.world.well(seen.node) and reached >= target.began
        linked = self.world.sky.linkedFor(self.world.sky.healTime)
        stalled = self.world.sky.stalledWithin(seen.node, timers.deadtime + 5.0) > 0
        text = f"{seen.source} asks to reset {seen.node}, which lives and is heard"
        self.claim(linked and not stalled, not (alive and recent), text, seen.source)


class ClaimedFirst(Invariant):
    """Our own daemon claims a class of groups on the wire before it touches a group of it."""

    name: ClassVar = "claimed before touched"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._claims: dict[str, str] = {}

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, LifeChanged) and seen.what == "started":
            self._claims[seen.node] = "none"
        elif isinstance(seen, NodeSaid) and isinstance(seen.event, HoldingsChanged):
            self._claims[seen.node] = seen.event.holdings
        elif isinstance(seen, OperationBegan) and seen.verb == "start" and seen.by:
            home = next(
                group.node for group in self.world.setup.config.groups if group.key == seen.group
            )
            claimed = self._claims.get(seen.node, "none")
            needed = "local" if home == seen.node else "foreign"
            text = f"{seen.node} starts {seen.resource} and claims {claimed}"
            config = self.world.setup.config
            # In legacy mode there are no claims.
            premise = self.world.setup.kindOf(seen.node) != ORIGINAL and config.autoFailback.negotiated
            self.claim(premise, claimed in (needed, "all"), text, seen.node)


class InOrder(Invariant):
    """
    A group starts from left to right and stops from right to left.

    The guardian stops an address even if what stands on it would not stop: it has no time to wait.
    """

    name: ClassVar = "start in order, stop in reverse"

    def observe(self, seen: Observed) -> None:
        if not isinstance(seen, OperationBegan) or seen.verb == "status":
            return
        machine = self.world.machines[seen.node]
        tokens = machine.tokensOf[seen.group]
        place = tokens.index(seen.resource)
        if seen.verb == "start":
            wrong = [
                token for token in tokens[:place] if machine.conditions[token] is not Condition.RUNNING
            ]
            text = f"{seen.resource} starts before {', '.join(wrong)}"
        else:
            wrong = [token for token in tokens[place + 1 :] if machine.conditions[token].standing]
            text = f"{seen.resource} stops before {', '.join(wrong)}"
        sky = self.world.sky
        excused = not seen.by and (
            sky.stopMisbehaves(seen.node, seen.group) or sky.stuck(seen.node, seen.group)
        )
        self.claim(not excused, not wrong, f"on {seen.node} {text}", seen.node)


class OneAtATime(Invariant):
    """Two operations never run on one resource at once.  Scripts of a dead daemon are not counted."""

    name: ClassVar = "one operation at a time"

    def observe(self, seen: Observed) -> None:
        if not isinstance(seen, OperationBegan):
            return
        life = self.world.living(seen.node)
        counted = [
            f"{verb} by {'the guardian' if not by else f'daemon {by}'}"
            for verb, by in seen.overlapping
            if by == 0 or (life is not None and by == life.number)
        ]
        guardian = seen.by == 0
        text = f"on {seen.node} {seen.resource} {seen.verb} begins during {', '.join(counted)}"
        self.claim(not guardian, not counted, text, seen.node)


class StrangersIgnored(Invariant):
    """A frame with a wrong signature, or one that was heard before, changes nothing."""

    name: ClassVar = "forgery and replay change nothing"

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, StrangerHeard):
            text = f"a {seen.what} frame changed what {seen.node} believes"
            self.claim(seen.what != "late", not seen.changed, text, seen.node)


class GenerationsGrow(Invariant):
    """A daemon never calls itself by a generation it has used before."""

    name: ClassVar = "generations grow"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._highest: dict[str, int] = {}

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, LifeChanged) and seen.what == "started":
            new = self.world.lives[seen.node].generation
            before = self._highest.get(seen.node, 0)
            self.claim(before > 0, new > before, f"{seen.node}: {new} after {before}", seen.node)
            self._highest[seen.node] = max(new, before)


class NoOrphans(Invariant):
    """
    Nothing runs on a machine on which no daemon runs: the guardian has released it, or is about to.
    """

    name: ClassVar = "no orphans"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._told: set[tuple[str, str]] = set()

    def check(self) -> None:
        for name, machine in self.world.machines.items():
            guardian = self.world.guardians.get(name)
            if not machine.powered or self.world.living(name) is not None or guardian is None:
                continue
            for group in self.world.setup.config.groups:
                held = machine.holds(group.key)
                place = (name, group.key)
                if not held:
                    self._told.discard(place)
                premise = (
                    not guardian.killed
                    and guardian.releasing is None
                    and not machine.operations
                    and self.now >= self.world.sky.agentsWellAt
                    and not self.world.sky.stopMisbehaves(name, group.key)
                    and place not in self._told
                )
                if premise and held:
                    self._told.add(place)
                self.claim(premise, not held, f"{group.key} is left on {name} without a daemon", name)


class Decided(Invariant):
    """Every input of every state machine has been thought about."""

    name: ClassVar = "every input decided"

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, NodeSaid):
            undecided = isinstance(seen.event, UndecidedInput)
            self.claim(True, not undecided, f"{seen.node}: {seen}" if undecided else "", seen.node)


class NoWreck(Invariant):
    """Nothing raises."""

    name: ClassVar = "no traceback"

    def observe(self, seen: Observed) -> None:
        self.claim(True, not isinstance(seen, Wreck), str(seen), seen.node)


SAFETY: tuple[type[Invariant], ...] = (
    SingleOwner,
    FirstHeard,
    FencedFirst,
    NoFriendlyFire,
    ClaimedFirst,
    InOrder,
    OneAtATime,
    StrangersIgnored,
    GenerationsGrow,
    NoOrphans,
    Decided,
    NoWreck,
)
