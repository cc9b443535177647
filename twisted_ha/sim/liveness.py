"""Invariants about time: what must have happened by when, and what must not happen early."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from twisted_ha.config.model import ResourceGroup, UcastMedium
from twisted_ha.events import NodeDied
from twisted_ha.resources.audit import FAILBACK_LATEST
from twisted_ha.sim.invariants import Invariant
from twisted_ha.sim.observed import (
    FaultMade,
    LifeChanged,
    NodeSaid,
    Observed,
    OperationBegan,
    OperationEnded,
)
from twisted_ha.sim.setup import ORIGINAL
from twisted_ha.terms import FailbackMode, NodeName

if TYPE_CHECKING:
    from twisted_ha.sim.world import World

__all__ = [
    "BoundedQueues",
    "Converges",
    "DeathInTime",
    "FailsBack",
    "NoFalseDeath",
    "NoStorm",
    "StaysPut",
]

EPSILON = 0.6
"""Seconds: a poll, a turn of somebody's main loop, and the way of a frame."""


class NoFalseDeath(Invariant):
    """
    No node is declared dead while its status messages arrive, however busy the judge was itself.

    A status counts when it has reached the judge's machine: a node that was held must read its mail
    before it judges.
    """

    name: ClassVar = "nobody alive is declared dead"

    def observe(self, seen: Observed) -> None:
        if not isinstance(seen, NodeSaid) or not isinstance(seen.event, NodeDied):
            return
        timers = self.world.setup.config.timers
        reached = self.world.network.reached.get((seen.event.node, seen.node), float("-inf"))
        silent = self.now - reached
        least = timers.deadtime - timers.keepalive - EPSILON
        text = f"{seen.node} declares {seen.event.node} dead {silent:.2f} s after its last status"
        self.claim(not seen.event.ping, silent >= least, text, seen.node)


class DeathInTime(Invariant):
    """
    A node that is gone is declared dead within deadtime, keepalive and a little.

    What counts is a life that was heard: of one that ended before its first word there is nothing to
    declare, and the one before it may have said goodbye.  Silence begins anew with whatever is heard
    later: a status of another life, however short, or one that somebody recorded while it was lost on
    its way, and plays now.  Nobody can tell that from a late one.
    """

    name: ClassVar = "death declared in time"

    def observe(self, seen: Observed) -> None:
        if not isinstance(seen, LifeChanged) or seen.what not in ("killed", "stopped"):
            return
        gone = self.world.lives[seen.node]
        timers = self.world.setup.config.timers
        allowed = timers.deadtime + timers.keepalive + EPSILON
        if self.now - gone.began < 5.0 + timers.keepalive:
            allowed += 2.0  # what a daemon announces in its first five seconds
        for other in self.world.machines:
            if self.world.network.newest.get((seen.node, other), float("-inf")) < gone.began:
                continue
            belief = self.world.sky.beliefs.get(other)
            witness = self.world.living(other)
            if other == seen.node or belief is None or witness is None or not belief.communications:
                continue
            if seen.node in belief.dead or not self.world.well(other):
                continue
            self.world.after(allowed, self._judge, seen, other, witness.number, self.now)

    def _judge(self, seen: LifeChanged, other: str, number: int, since: float) -> None:
        world = self.world
        witness = world.living(other)
        back = world.living(seen.node) is not None
        watched = (
            witness is not None
            and witness.number == number
            and not world.sky.stalledWithin(other, self.now - since)
        )
        network, way = world.network, (seen.node, other)
        heardLater = (
            network.reached.get(way, since) > since + EPSILON
            or network.newest.get(way, since) > since
            or network.played.get(way, since) > since
        )
        restarting = "itself" in seen.detail
        premise = watched and not back and not heardLater and not restarting
        belief = world.sky.beliefs.get(other)
        holds = belief is not None and seen.node in belief.dead
        text = f"{other} has not declared {seen.node} dead {self.now - since:.2f} s after its end"
        self.claim(premise, holds, text, other)


class _Settled(Invariant):
    """What is asked when there has been time enough for everything to be in its place."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._told: set[str] = set()
        self._lookAt = -1.0
        self._changedAt = 0.0
        self._movingSince: dict[str, float] = {}
        self.checkIn(world.sky.settleTime + 0.01)

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, (FaultMade, LifeChanged)):
            self._changedAt = self.now
            self._told.clear()
            when = self.now + self.world.sky.settleTime + 0.01
            if when > self._lookAt + 1.0:
                self._lookAt = when
                self.checkIn(when - self.now)

    @property
    def settled(self) -> bool:
        """Whether that time has passed since anything happened to the cluster."""
        sky = self.world.sky
        quiet = self.now - self._changedAt >= sky.settleTime
        return quiet and sky.linkedFor(sky.settleTime) and self._agentsWell

    @property
    def _agentsWell(self) -> bool:
        misbehaving = any(
            machine.behaviours or machine.stuck for machine in self.world.machines.values()
        )
        return not misbehaving and self.now >= self.world.sky.agentsWellAt

    def _moving(self) -> dict[str, float]:
        """Which originals are in a move, and since when, as far as was seen."""
        for name in self.world.machines:
            life = self.world.living(name)
            if life is not None and life.awaitsMove:
                self._movingSince.setdefault(name, self.now)
            else:
                self._movingSince.pop(name, None)
        return self._movingSince

    def _capable(self) -> list[str]:
        return [name for name in self.world.machines if self.world.well(name)]

    def _abandoned(self, group: str) -> bool:
        """Whether a machine holds a group that nobody will release, or not before it runs again."""
        return any(
            (self._orphaned(owner) or self._still(owner)) and self.world.sky.helpless(owner, group)
            for owner in self.world.owners(group)
        )

    def _still(self, node: str) -> bool:
        life = self.world.living(node)
        return self.world.machines[node].frozen or (life is not None and life.paused)

    def _orphaned(self, node: str) -> bool:
        life = self.world.living(node)
        return life is None or (self.world.setup.kindOf(node) == ORIGINAL and life.foundOrphans)


class Converges(_Settled):
    """
    When nothing has happened for L{twisted_ha.sim.sky.Sky.settleTime}, every group runs whole on exactly
    one machine, if any daemon runs.

    In legacy mode an original whose script would not start a group gives that up for good and tells
    nobody (B7), so nobody else can know that it is to be taken.

    A failback may come an hour later (see L{FailsBack}), and then has C{MOVE_TIME}.
    """

    name: ClassVar = "exactly one owner in the end"
    MOVE_TIME = 30.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._failed: dict[str, tuple[str, int]] = {}

    def observe(self, seen: Observed) -> None:
        super().observe(seen)
        if isinstance(seen, OperationEnded) and seen.verb == "start":
            if seen.ok:
                self._failed.pop(seen.group, None)
            else:
                self._failed[seen.group] = (seen.node, seen.by)

    def _givenUp(self, group: ResourceGroup) -> bool:
        """Whether the home node of a group, an original in legacy mode, was the last to fail with it."""
        home = self.world.living(group.node)
        return (
            not self.world.setup.config.autoFailback.negotiated
            and home is not None
            and self.world.setup.kindOf(group.node) == ORIGINAL
            and self._failed.get(group.key) == (group.node, home.number)
            and not self.world.owners(group.key)
        )

    def check(self) -> None:
        capable = self._capable()
        moving = any(self.now - since < self.MOVE_TIME for since in self._moving().values())
        if moving and self.settled:
            self.checkIn(self.MOVE_TIME)
        # Nobody takes what a node that cannot be asked may hold before that node is reset.
        resets = self.world.fencingWorks or not self.world.setup.fencing
        for group in self.world.setup.config.groups:
            premise = (
                self.settled
                and bool(capable)
                and resets
                and not self._abandoned(group.key)
                and not self._givenUp(group)
                and not moving
                and group.key not in self._told
            )
            owners = self.world.owners(group.key)
            whole = (
                len(owners) == 1
                and owners[0] in capable
                and self.world.machines[owners[0]].whole(group.key)
            )
            if premise and not whole:
                self._told.add(group.key)
            where = " and ".join(owners)
            culprit = where
            if premise and not whole:
                culprit = " and ".join(self.world.sky.disowners(group)) or where
                culprit = culprit or self._idle(group, capable)
            text = f"{group.key} is held by {where or 'nobody'}, not whole by one"
            self.claim(premise, whole, text, culprit)

    def _idle(self, group: ResourceGroup, capable: list[str]) -> str:
        """
        Whose fault it is that nobody runs a group: who claims what it does not run keeps the others
        from running it; what nobody claims a node of ours takes if there is one, else an original.
        """
        world = self.world
        claimers = world.sky.claimers(group)
        idlers = [name for name in capable if world.setup.kindOf(name) != ORIGINAL] or capable
        return " and ".join(claimers) or (idlers[0] if idlers else "")


class FailsBack(_Settled):
    """
    With C{auto_failback on} and nobody's order to the contrary, every group ends at home.

    A group that had to leave because it would not start at home waits for somebody to look at it; what a
    daemon without a guardian has left behind, and its next life does not look at, is nobody's to move.
    An original in a move with a node that is then started anew, before it is missed, waits an hour for
    the end of that, takes part in no other move, and refuses by silence; after that it is to be asked
    again, and given what is its own.
    """

    name: ClassVar = "failback when on"
    LOOK_AGAIN = 60.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._awaitedAt = self._lookedAt = float("-inf")

    def _refusing(self) -> bool:
        """Whether an original waits for the end of a forgotten move, or did when it was last asked."""
        forgotten = any(
            self.world.lives[other].began > since
            for name, since in self._moving().items()
            for other in self._capable()
            if other != name
        )
        if forgotten and self.settled:
            self._awaitedAt = self.now
        refusing = self.now - self._awaitedAt < FAILBACK_LATEST + self.world.sky.settleTime
        if refusing and self.now - self._lookedAt >= self.LOOK_AGAIN:
            self._lookedAt = self.now
            self.checkIn(self.LOOK_AGAIN)
        return refusing

    def check(self) -> None:
        if self.world.setup.config.autoFailback is not FailbackMode.ON:
            return
        sky = self.world.sky
        capable = self._capable()
        begun = [self.world.lives[name].began for name in capable]
        refusing = self._refusing()
        for group in self.world.setup.config.groups:
            premise = (
                self.settled
                and len(capable) == len(self.world.machines)
                and (sky.movedAt is None or sky.movedAt < min(begun))
                and sky.misbehavedAt < min(begun)
                and not refusing
                and not self._abandoned(group.key)
                and group.key not in self._told
            )
            owners = self.world.owners(group.key)
            if premise and owners != [group.node]:
                self._told.add(group.key)
            text = f"{group.key} of {group.node} is with {' and '.join(owners) or 'nobody'}"
            holder = owners[0] if owners else group.node
            self.claim(premise, owners == [group.node], text, holder)


class StaysPut(Invariant):
    """
    With C{auto_failback off} no group leaves a healthy holder unless somebody asked for it.

    What is judged is the decision: the first stop of a group.  One that fails is tried again until it
    works, as long as that takes, and is the same decision until anything but a stop is done there.
    """

    name: ClassVar = "no move when off"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._decided: set[tuple[str, str]] = set()

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, LifeChanged) and seen.what == "started":
            self._decided = {one for one in self._decided if one[0] != seen.node}
        config = self.world.setup.config
        if not isinstance(seen, OperationBegan) or config.autoFailback is not FailbackMode.OFF:
            return
        place = (seen.node, seen.group)
        if seen.verb != "stop":
            self._decided.discard(place)
        if seen.verb != "stop" or not seen.by:
            return
        sky, machine = self.world.sky, self.world.machines[seen.node]
        life = self.world.living(seen.node)
        group = next(one for one in config.groups if one.key == seen.group)
        last = group.resources[-1].token == seen.resource
        elsewhere = [name for name in self.world.owners(seen.group) if name != seen.node]
        premise = (
            last
            and place not in self._decided
            and life is not None
            and not life.leaving
            and self.now - life.began > sky.settleTime
            and not elsewhere
            and sky.linkedFor(sky.settleTime)
            and (sky.movedAt is None or self.now - sky.movedAt > 60.0)
            and sky.stalledWithin(seen.node, sky.settleTime) == 0
            and self._wasWhole(group, seen.node)
        )
        self._decided.add(place)
        text = f"{seen.node} gives up {seen.group}, which it held well"
        self.claim(premise, False, text, seen.node)
        if not premise and machine.powered:
            self.claim(True, True, "")

    def _wasWhole(self, group: ResourceGroup, node: NodeName | str) -> bool:
        machine = self.world.machines[node]
        before = group.resources[:-1]
        return (
            all(machine.conditions[one.token].value == "running" for one in before)
            and self.now - self.world.sky.misbehavedAt > 60.0
        )


class BoundedQueues(Invariant):
    """Nothing that waits grows without end: pending calls, unread frames, a daemon's own queues."""

    name: ClassVar = "bounded queues"
    EVERY = 10.0
    CALLS = 3000
    ENTRIES = 2000

    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.after(self.EVERY, self._sample)

    def _sample(self) -> None:
        self.world.after(self.EVERY, self._sample)
        pending = self.world.time.pending
        most = self.CALLS * len(self.world.machines)
        self.claim(True, pending <= most, f"{pending} pending calls")
        for name in self.world.machines:
            life = self.world.living(name)
            for what, size in (life.queues() if life is not None else {}).items():
                self.claim(True, size <= self.ENTRIES, f"{name}: {size} entries of {what}", name)


class NoStorm(Invariant):
    """
    No daemon sends more than a few dozen messages a second, whatever it hears.

    What was lost is asked for from each other node, and so a large cluster may send more.
    """

    name: ClassVar = "no storm of messages"
    EVERY = 10.0
    MOST = 60.0
    NODES = 8
    """How many other nodes that is for."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._before: dict[tuple[str, str], int] = {}
        # One message is a frame for every ucast line of a wire.
        self._ways = Counter(
            one.interface for one in world.setup.config.media if isinstance(one, UcastMedium)
        )
        self._most = self.MOST * max(1.0, (len(world.machines) - 1) / self.NODES)
        world.after(self.EVERY, self._sample)

    def _sample(self) -> None:
        self.world.after(self.EVERY, self._sample)
        sent = self.world.network.sent
        for (node, link), count in sent.items():
            frames = (count - self._before.get((node, link), 0)) / self.EVERY
            rate = frames / max(1, self._ways[link])
            text = f"{node} sends {rate:.0f} messages a second on {link}"
            self.claim(True, rate <= self._most, text, node)
        self._before = sent


LIVENESS: tuple[type[Invariant], ...] = (
    NoFalseDeath,
    DeathInTime,
    Converges,
    FailsBack,
    StaysPut,
    BoundedQueues,
    NoStorm,
)
