"""
One computer: its clocks, its disk, and what really runs on it.

A daemon is only a process here.  The resources it started, the scripts it left behind and the guardian
outlive it; nothing outlives the power.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType

from twisted.internet.defer import Deferred

from twisted_ha.config.model import ResourceGroup
from twisted_ha.resources.worker import backOff
from twisted_ha.sim.clock import SimCall, SimClock, WorldTime
from twisted_ha.sim.disk import SimDisk
from twisted_ha.sim.observed import Condition, Observed, OperationBegan, OperationEnded, PowerChanged
from twisted_ha.terms import NodeName

__all__ = ["PATIENCE", "Behaviour", "Ending", "Machine", "Operation", "WallClock"]

PATIENCE = 3.0
"""Seconds: a script that runs longer keeps its resource out of everybody's hands."""

EPOCH = 1_800_000_000.0
"""What every wall clock shows when the world begins."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    How one operation of one resource goes.

    @ivar seconds: how long it takes.
    @ivar fails: it ends with an error and changes nothing.
    @ivar hangs: it never ends by itself.
    """

    seconds: float
    fails: bool = False
    hangs: bool = False


USUAL: Mapping[str, Behaviour] = {
    "start": Behaviour(0.1),
    "stop": Behaviour(0.08),
    "status": Behaviour(0.02),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """
    How an operation ended.

    @ivar running: what C{status} saw.
    """

    ok: bool
    seconds: float
    timedOut: bool = False
    running: bool = False


@dataclass(slots=True, eq=False)
class Operation:
    """One script under way."""

    resource: str
    verb: str
    by: int
    began: float
    done: Deferred[Ending]
    clock: SimClock
    calls: list[SimCall] = field(default_factory=list)


class WallClock:
    """
    The time of day a machine believes in.

    @ivar offset: by how many seconds it is wrong.
    """

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self.offset = 0.0

    def __call__(self) -> float:
        return EPOCH + self._clock.world.now + self.offset


class Machine:
    """
    A computer of the cluster.

    @ivar clock: the time of everything on it but the daemon: scripts and the guardian.
    @ivar groupOf: the group of each resource, by its token.
    @ivar tokensOf: the opposite: the tokens of a group, from left to right.
    @ivar conditions: what each resource really does here, by its token.
    @ivar usual: how the operations of these resources go in fair weather, where not as in L{USUAL}.
    @ivar behaviours: what goes otherwise than usual, by resource and operation.
    @ivar operations: the scripts under way.
    @ivar stuckUntil: by group: when it is tried again after a script that ran longer than L{PATIENCE},
        or a stop that failed.
    @ivar stuckTimes: by resource: how many did so in a row.
    @ivar frozen: the whole machine stands still, as a stopped virtual machine does.
    """

    def __init__(
        self,
        name: NodeName,
        world: WorldTime,
        groups: Sequence[ResourceGroup],
        random: Random,
        observe: Callable[[Observed], None],
        *,
        rate: float = 1.0,
        base: float = 0.0,
        timings: Mapping[tuple[str, str], float] = MappingProxyType({}),
    ) -> None:
        """@param timings: seconds an operation takes, by resource and operation."""
        self.name = name
        self.random = random
        self.clock = SimClock(world, rate=rate, base=base)
        self.wall = WallClock(self.clock)
        self.disk = SimDisk()
        self.powered = False
        self.frozen = False
        self.groupOf = {one.token: group.key for group in groups for one in group.resources}
        self.tokensOf: dict[str, list[str]] = {group.key: [] for group in groups}
        for token, key in self.groupOf.items():
            self.tokensOf[key].append(token)
        self.conditions = dict.fromkeys(self.groupOf, Condition.STOPPED)
        self.usual = {place: Behaviour(seconds) for place, seconds in timings.items()}
        self.behaviours: dict[tuple[str, str], Behaviour] = {}
        self.operations: list[Operation] = []
        self.stuckUntil: dict[str, float] = {}
        self.stuckTimes: Counter[str] = Counter()
        self._observe = observe

    def holds(self, group: str) -> bool:
        """Whether any resource of a group may be running here."""
        return any(self.conditions[token].standing for token in self.tokensOf[group])

    def whole(self, group: str) -> bool:
        """Whether every resource of a group runs here."""
        return all(self.conditions[token] is Condition.RUNNING for token in self.tokensOf[group])

    @property
    def stuck(self) -> bool:
        """Whether a script has been running for longer than L{PATIENCE}."""
        return any(self.clock.seconds() - one.began > PATIENCE for one in self.operations)

    def switchOn(self) -> None:
        """Give it power; nothing runs on it yet."""
        self.powered = True
        self._observe(PowerChanged(node=self.name, on=True))

    def losePower(self) -> None:
        """Everything on it ends at this instant, and what was not synced is lost."""
        self.powered = False
        self.frozen = False
        self.clock.kill()
        self.clock = self.clock.fork()
        self.operations.clear()
        self.conditions = dict.fromkeys(self.conditions, Condition.STOPPED)
        self.disk.powerLost(self.random)
        self._observe(PowerChanged(node=self.name, on=False))

    def behaviour(self, resource: str, verb: str) -> Behaviour:
        """How this operation will go."""
        return self.behaviours.get((resource, verb)) or self.usually(resource, verb)

    def usually(self, resource: str, verb: str) -> Behaviour:
        """How it goes when nothing is wrong."""
        return self.usual.get((resource, verb), USUAL[verb])

    def operate(
        self, resource: str, verb: str, *, by: int, deadline: float, clock: SimClock
    ) -> Deferred[Ending]:
        """
        Run a script.

        @param by: the daemon's life it is run by, or 0 for the guardian.
        @param deadline: seconds until it is killed.
        @param clock: of the process that waits for it: a dead one never hears, a paused one late.
        """
        overlapping = tuple((one.verb, one.by) for one in self.operations if one.resource == resource)
        operation = Operation(resource, verb, by, self.clock.seconds(), Deferred(), clock)
        self.operations.append(operation)
        if verb == "start" and self.conditions[resource] is Condition.STOPPED:
            self.conditions[resource] = Condition.STARTING
        elif verb == "stop" and self.conditions[resource].standing:
            self.conditions[resource] = Condition.STOPPING
        if verb != "status" or overlapping:
            self._observe(
                OperationBegan(
                    node=self.name,
                    group=self.groupOf[resource],
                    resource=resource,
                    verb=verb,
                    by=by,
                    overlapping=overlapping,
                )
            )
        manner = self.behaviour(resource, verb)
        if manner.hangs or manner.seconds > deadline:
            operation.calls.append(self.clock.callLater(deadline, self._ended, operation, False, True))
        else:
            operation.calls.append(
                self.clock.callLater(manner.seconds, self._ended, operation, not manner.fails, False)
            )
        return operation.done

    def refuse(
        self, resource: str, verb: str, *, by: int, seconds: float, clock: SimClock
    ) -> Deferred[Ending]:
        """An operation that finds at once that it must not be done: it fails, and touches nothing."""
        done: Deferred[Ending] = Deferred()

        def refused() -> None:
            self._tellEnd(resource, verb, by, False)
            clock.callLater(0, done.callback, Ending(ok=False, seconds=seconds))

        self.clock.callLater(seconds, refused)
        return done

    def endScripts(self, clock: SimClock, resource: str | None = None, verb: str | None = None) -> None:
        """
        Somebody ends the scripts that a process waits for; what they did half stays half done.

        @param resource: of this one only.
        @param verb: this operation only.
        """
        for operation in [
            one
            for one in self.operations
            if one.clock is clock and resource in (None, one.resource) and verb in (None, one.verb)
        ]:
            for call in operation.calls:
                if call.active():
                    call.cancel()
            self._ended(operation, False, True)

    def _ended(self, operation: Operation, ok: bool, timedOut: bool) -> None:
        self.operations.remove(operation)
        resource, verb = operation.resource, operation.verb
        before = self.conditions[resource]
        if verb == "start":
            if ok:
                self.conditions[resource] = Condition.RUNNING
            elif not timedOut and before is Condition.STARTING:
                self.conditions[resource] = Condition.STOPPED
        elif verb == "stop":
            if ok:
                self.conditions[resource] = Condition.STOPPED
            elif before is Condition.STOPPING:
                self.conditions[resource] = Condition.RUNNING
        if verb != "status":
            self._tellEnd(resource, verb, operation.by, ok)
        seconds = self.clock.seconds() - operation.began
        if seconds > PATIENCE or (verb == "stop" and not ok):
            self.stuckTimes[resource] += 1
            again = self.clock.seconds() + backOff(self.stuckTimes[resource])
            self.stuckUntil[self.groupOf[resource]] = again
        elif ok and verb != "status":
            del self.stuckTimes[resource]
        running = self.conditions[resource] in (Condition.RUNNING, Condition.STOPPING)
        ending = Ending(ok=ok, seconds=seconds, timedOut=timedOut, running=running)
        operation.clock.callLater(0, operation.done.callback, ending)

    def _tellEnd(self, resource: str, verb: str, by: int, ok: bool) -> None:
        self._observe(
            OperationEnded(
                node=self.name,
                group=self.groupOf[resource],
                resource=resource,
                verb=verb,
                by=by,
                ok=ok,
                condition=self.conditions[resource],
            )
        )
