"""One resource group on this node: started left to right, stopped right to left."""

from __future__ import annotations

from enum import Enum

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.config.model import ResourceGroup
from twisted_ha.errors import AgentError
from twisted_ha.events import GroupAcquired, GroupChanging, GroupReleased
from twisted_ha.interfaces import IAgentRegistry, IResourceAgent
from twisted_ha.operations import Outcome, Standing
from twisted_ha.resources.gate import Gate

__all__ = ["GroupRunner", "GroupState"]


class GroupState(Enum):
    """Where a group stands on this node."""

    STOPPED = "stopped"
    STARTING = "starting"
    STARTED = "started"
    STOPPING = "stopping"
    FAILED = "failed"
    """A resource would not start, and all of the group was stopped again."""
    STUCK = "stuck"
    """A resource would not stop: the group may still run here, in part."""


class GroupRunner:
    """
    Drives the agents of one group.

    @ivar state: where the group stands.
    @ivar since: the clock's seconds when it got there.
    @ivar reason: why it is there, in words.
    @ivar culprit: the resource that would not start or stop, while the state is C{FAILED} or C{STUCK}.
    @ivar failures: starts and stops that failed in a row.
    @ivar touched: while the group is being started: a resource of it was started, or found running.
    """

    def __init__(
        self,
        group: ResourceGroup,
        registry: IAgentRegistry,
        clock: IReactorTime,
        bus: EventBus,
        gate: Gate,
    ) -> None:
        self.group = group
        self._gate = gate
        self._registry = registry
        self._clock = clock
        self._bus = bus
        self.state = GroupState.STOPPED
        self.since = clock.seconds()
        self.reason = "not started since this daemon began"
        self.culprit = ""
        self.failures = 0
        self._abandoned = False
        self._looking: IResourceAgent | None = None
        self.touched = False

    def _become(self, state: GroupState, reason: str) -> None:
        self.state = state
        self.reason = reason
        self.since = self._clock.seconds()

    def agents(self) -> list[IResourceAgent]:
        """
        The group's agents, left to right.

        @raise AgentError: one of them does not exist.
        """
        return [self._registry.find(self.group, resource) for resource in self.group.resources]

    def abandon(self) -> None:
        """
        Begin no further resource of a start that is under way; what has started is stopped again.  If a
        script only looks, it is not waited for.
        """
        self._abandoned = True
        if self._looking is not None:
            self._looking.interrupt()

    def lost(self, reason: str) -> None:
        """Somebody else has stopped the group: the guardian, while this process was stalled."""
        self._become(GroupState.STOPPED, reason)

    def suspect(self, reason: str) -> None:
        """The group may run here, in part: it has to be stopped."""
        self._become(GroupState.STUCK, reason)

    def announce(self) -> None:
        """Tell the neighbours again where the group's addresses are."""
        if self.state is GroupState.STARTED:
            for agent in self.agents():
                agent.announce()

    def start(self, handedOver: bool, why: str) -> Deferred[None]:
        """
        Make the whole group run here.  The state says how it went; the Deferred does not fail.

        @param handedOver: its previous owner said that it has released the group.
        @param why: the reason that will stand beside the group.
        """
        return ensureDeferred(self._start(handedOver, why))

    async def _start(self, handedOver: bool, why: str) -> None:
        self._abandoned = self.touched = False
        self._become(GroupState.STARTING, why)
        began = self._clock.seconds()
        self._told("Acquiring")
        for resource in self.group.resources:
            if self._abandoned:
                await self._stop("given up while it was being started")
                return
            outcome = await self._startOne(resource.token, handedOver)
            if not outcome.ok:
                self.culprit = resource.token
                self.failures += 1
                await self._stop(outcome.reason, failed=True)
                return
        if self._abandoned:
            await self._stop("given up while it was being started")
            return
        self.failures = 0
        self.culprit = ""
        self._become(GroupState.STARTED, why)
        self._bus.publish(GroupAcquired(group=self.group.key, seconds=self._clock.seconds() - began))

    async def _startOne(self, token: str, handedOver: bool) -> Outcome:
        resource = next(one for one in self.group.resources if one.token == token)
        try:
            agent = self._registry.find(self.group, resource)
        except AgentError as error:
            return Outcome(ok=False, reason=str(error))
        await self._gate.passed()
        if self._abandoned:
            return Outcome(ok=True)
        self._looking = agent
        standing = await agent.status()
        self._looking = None
        await self._gate.passed()
        if self._abandoned:
            return Outcome(ok=True)
        self.touched = True
        if standing is Standing.RUNNING:
            return Outcome(ok=True)
        return await agent.start(handedOver)

    def stop(self, why: str) -> Deferred[None]:
        """
        Make nothing of the group run here.  The state says how it went; the Deferred does not fail.
        """
        return ensureDeferred(self._stop(why))

    async def _stop(self, why: str, failed: bool = False) -> None:
        self._become(GroupState.STOPPING, why)
        began = self._clock.seconds()
        self._told("Releasing")
        stuck: tuple[str, str] | None = None
        for resource in reversed(self.group.resources):
            try:
                agent = self._registry.find(self.group, resource)
            except AgentError:
                continue  # what cannot be found was never started by us
            await self._gate.passed()
            outcome = await agent.stop()
            if not outcome.ok:
                stuck = (resource.token, outcome.reason)
                break  # what it stands on must not be taken away under it
        if stuck is not None:
            self.culprit, reason = stuck
            self.failures += 1
            self._become(GroupState.STUCK, reason)
            return
        if failed:
            self._become(GroupState.FAILED, why)
            return
        self.culprit = ""
        self.failures = 0
        self._become(GroupState.STOPPED, why)
        self._bus.publish(GroupReleased(group=self.group.key, seconds=self._clock.seconds() - began))

    def _told(self, verb: str) -> None:
        line = " ".join([self.group.node, *(resource.token for resource in self.group.resources)])
        self._bus.publish(GroupChanging(verb=verb, group=self.group.key, line=line))
