"""
The circumstances: what the invariants' premises are made of.

An invariant says what must hold when certain things are the case; L{Sky} knows what is the case: which
nodes reach each other and since when, who was stalled, what each node believes of the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twisted_ha.events import (
    CommunicationsUp,
    HoldingsChanged,
    NodeDied,
    NodeRestarted,
    NodeReturned,
    NodeStatusChanged,
    PeerShutDown,
)
from twisted_ha.sim.machine import PATIENCE
from twisted_ha.sim.observed import (
    FaultMade,
    LifeChanged,
    NodeSaid,
    Observed,
    OperationEnded,
    PowerChanged,
    Reset,
)
from twisted_ha.sim.setup import ORIGINAL
from twisted_ha.terms import ResourceSet

if TYPE_CHECKING:
    from twisted_ha.config.model import ResourceGroup
    from twisted_ha.sim.world import World

__all__ = ["Beliefs", "Sky"]

LONGEST_RETRY = 320.0
"""Seconds: a group that failed again and again is tried every five minutes."""


@dataclass(slots=True)
class Beliefs:
    """
    What one life of a daemon has said about the others.

    @ivar communications: it takes part.
    @ivar holdings: what it claims.
    """

    dead: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    communications: bool = False
    holdings: ResourceSet = ResourceSet.NONE


class Sky:
    """
    What is the case.

    @ivar linkedSince: since when every two machines with power reach each other by at least one fair
        wire in both directions; L{None} while some do not.
    @ivar beliefs: of each node's present life.
    @ivar stalls: by node, when it was held, and until when.
    @ivar movedAt: when an operator last asked for a move.
    @ivar misbehavedAt: when an agent last failed.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.linkedSince: float | None = 0.0
        self.beliefs: dict[str, Beliefs] = {}
        self.stalls: dict[str, list[tuple[float, float | None]]] = {}
        self.movedAt: float | None = None
        self.misbehavedAt = float("-inf")
        timers = world.setup.config.timers
        mixed = any(world.setup.kindOf(node) == ORIGINAL for node in world.machines)
        self.healTime = 3 * timers.keepalive + 10.0
        """Seconds within which two owners must have become one after the links are back."""
        self.settleTime = max(timers.initdead, timers.deadtime) + timers.deadtime + 30.0
        """Seconds within which everything must be in its place after the last fault."""
        # Whatever the operator says his scripts take in one go is no fault of the cluster.
        slow = sum(world.setup.timings.values())
        self.settleTime += 2 * slow
        self.healTime += slow
        if mixed:
            self.settleTime += 2 * timers.deadtime + 30.0
            self.healTime += timers.deadtime

    def observe(self, seen: Observed) -> None:
        """Take note."""
        if isinstance(seen, NodeSaid):
            self._said(seen)
        elif isinstance(seen, OperationEnded):
            if not seen.ok:
                self.misbehavedAt = self._world.time.now
        elif isinstance(seen, LifeChanged):
            self._lifeChanged(seen)
        elif isinstance(seen, FaultMade) and seen.text.split()[0] in ("standby", "takeover"):
            self.movedAt = self._world.time.now
        if isinstance(seen, FaultMade | LifeChanged | PowerChanged | Reset):
            self.look()

    def _said(self, seen: NodeSaid) -> None:
        event, belief = seen.event, self.beliefs.get(seen.node)
        if belief is None:
            return
        if isinstance(event, NodeDied):
            belief.dead.add(event.node)
        elif isinstance(event, NodeReturned | NodeRestarted | NodeStatusChanged):
            belief.dead.discard(event.node)
            if isinstance(event, NodeRestarted):
                belief.left.discard(event.node)
        elif isinstance(event, PeerShutDown):
            belief.left.add(event.node)
        elif isinstance(event, CommunicationsUp):
            belief.communications = True
        elif isinstance(event, HoldingsChanged):
            belief.holdings = ResourceSet.ofWord(event.holdings)

    def _lifeChanged(self, seen: LifeChanged) -> None:
        now = self._world.time.now
        spells = self.stalls.setdefault(seen.node, [])
        if seen.what == "started":
            self.beliefs[seen.node] = Beliefs()
        elif seen.what == "paused":
            spells.append((now, None))
        elif seen.what in ("resumed", "killed") and spells and spells[-1][1] is None:
            spells[-1] = (spells[-1][0], now)

    def claimers(self, group: ResourceGroup) -> list[str]:
        """The nodes that run a daemon and claim a group, whether they hold it or not."""
        return [
            node
            for node, belief in self.beliefs.items()
            if self._world.living(node) is not None
            and (ResourceSet.LOCAL if group.node == node else ResourceSet.FOREIGN) & belief.holdings
        ]

    def disowners(self, group: ResourceGroup) -> list[str]:
        """
        The originals that run a group, do not claim it, and have nothing in hand that would end that:
        the other node takes what is claimed by nobody.  In legacy mode nobody claims anything.
        """
        setup = self._world.setup
        if not setup.config.autoFailback.negotiated:
            return []
        claimers = self.claimers(group)
        return [
            node
            for node in self._world.owners(group.key)
            if node not in claimers
            and (life := self._world.living(node)) is not None
            and setup.kindOf(node) == ORIGINAL
            and not life.busy
        ]

    def look(self) -> None:
        """See again who reaches whom: something was done to a cable or a machine."""
        powered = [name for name, machine in self._world.machines.items() if machine.powered]
        timers = self._world.setup.config.timers
        beats = int(timers.deadtime / timers.keepalive)
        if not self._world.network.joined(powered, beats):
            self.linkedSince = None
        elif self.linkedSince is None:
            self.linkedSince = self._world.time.now

    def linkedFor(self, seconds: float) -> bool:
        """Whether all who have power have reached each other for that long."""
        return self.linkedSince is not None and self._world.time.now - self.linkedSince >= seconds

    @property
    def agentsWellAt(self) -> float:
        """When whatever an agent has spoilt must have been tried again."""
        return self.misbehavedAt + LONGEST_RETRY

    def stalledWithin(self, node: str, window: float) -> float:
        """The longest stall of a node that reached into the last C{window} seconds; 0 for none."""
        now = self._world.time.now
        lengths = [
            (now if end is None else end) - begin
            for begin, end in self.stalls.get(node, [])
            if end is None or end >= now - window
        ]
        return max(lengths, default=0.0)

    def stopMisbehaves(self, node: str, group: str) -> bool:
        """Whether a resource of a group will not stop there, or not in good time."""
        machine = self._world.machines[node]
        keepalive = self._world.setup.config.timers.keepalive
        manners = [machine.behaviour(token, "stop") for token in machine.tokensOf[group]]
        return any(one.fails or one.hangs or one.seconds > keepalive / 3 for one in manners)

    def stuck(self, node: str, group: str) -> bool:
        """
        Whether a script of a group hangs there, or did until the daemon tries again: the group is
        released only then.
        """
        machine = self._world.machines[node]
        now = machine.clock.seconds()
        return now <= machine.stuckUntil.get(group, float("-inf")) + PATIENCE or any(
            machine.groupOf[one.resource] == group and now - one.began > PATIENCE
            for one in machine.operations
        )

    def helpless(self, node: str, group: str) -> bool:
        """
        Whether what runs on a machine is out of its daemon's hands: nobody is there to release it, or
        it will not be released.
        """
        world = self._world
        machine = world.machines[node]
        life = world.lives.get(node)
        guardian = world.guardians.get(node)
        original = world.setup.kindOf(node) == ORIGINAL
        if machine.frozen or self.stuck(node, group) or self.stopMisbehaves(node, group):
            return True
        if life is None or not life.running or life.paused:
            return original or guardian is None or not guardian.alive or guardian.releasing is not None
        if original and life.foundOrphans:
            return True  # it never looks at what its last life has left (B24)
        young = world.time.now - life.began < self.settleTime
        return (young and (original or life.foundOrphans)) or self.stalledWithin(node, self.healTime) > 0
