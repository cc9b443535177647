"""
The jobs of the original: process trees that run resource scripts.

They are started at once, never serialised against each other, have no time limit, and nobody looks at
their exit codes (resource-management.md sections 2.3, 2.4 and 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred

from twisted_ha.config.model import ResourceGroup
from twisted_ha.sim.clock import SimClock
from twisted_ha.sim.machine import Ending, Machine

__all__ = ["Scripts"]

FOREVER = 1e6
"""Seconds: the original never gives up a script."""

STOP_RETRIES = 10


class Scripts:
    """
    Runs groups left to right and right to left, as the shell scripts do.

    @ivar startFailed: called when a start failed and its group was released (B7).
    @ivar stopFailed: called when a resource would not stop and is still owned.
    """

    def __init__(self, machine: Machine, clock: SimClock, life: int) -> None:
        self._machine = machine
        self._clock = clock
        self._life = life
        self.startFailed: Callable[[], None] = lambda: None
        self.stopFailed: Callable[[], None] = lambda: None

    def _run(self, resource: str, verb: str) -> Deferred[Ending]:
        return self._machine.operate(resource, verb, by=self._life, deadline=FOREVER, clock=self._clock)

    def _sleep(self, seconds: float) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._clock.callLater(seconds, done.callback, None)
        return done

    async def owned(self, resource: str) -> bool:
        """The ownership test of section 2.2."""
        ending = await self._run(resource, "status")
        return ending.ok and ending.running

    async def ownsGroup(self, group: ResourceGroup) -> bool:
        """Whether the first resource of a group is owned: the original looks no further."""
        return bool(group.resources) and await self.owned(group.resources[0].token)

    async def take(self, groups: Iterable[ResourceGroup]) -> None:
        """Acquire groups, one after the other."""
        for group in groups:
            for resource in group.resources:
                if await self.owned(resource.token):
                    continue
                ending = await self._run(resource.token, "start")
                if not ending.ok:
                    await self.give([group])
                    self._clock.callLater(30.0, self.startFailed)
                    break

    async def give(self, groups: Iterable[ResourceGroup]) -> None:
        """Release groups, one after the other; stop is called whether they run or not."""
        for group in groups:
            for resource in reversed(group.resources):
                for _ in range(STOP_RETRIES + 1):
                    ending = await self._run(resource.token, "stop")
                    if ending.ok:
                        break
                    await self._sleep(1.0)
                else:
                    if await self.owned(resource.token):
                        self.stopFailed()
