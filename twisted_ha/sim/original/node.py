"""One life of a simulated heartbeat 3.0.6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.config.model import ClusterConfig
from twisted_ha.interfaces import IFencer, IMedium
from twisted_ha.sim.clock import SimClock
from twisted_ha.sim.machine import Machine
from twisted_ha.sim.original.jobs import Scripts
from twisted_ha.sim.original.legacy import LegacyResources
from twisted_ha.sim.original.link import OriginalLink
from twisted_ha.sim.original.resources import OriginalResources
from twisted_ha.sim.original.seal import KeyRingSeal

__all__ = ["OriginalNode"]


class OriginalNode:
    """
    Both halves, put together.

    @ivar bus: what it would log, as events.
    """

    def __init__(
        self,
        config: ClusterConfig,
        *,
        machine: Machine,
        clock: SimClock,
        random: Random,
        media: Sequence[IMedium],
        fencer: IFencer | None,
        generation: int,
        uuid: bytes,
        life: int,
    ) -> None:
        self.bus = EventBus(clock)
        self.link = OriginalLink(
            config,
            clock,
            machine.wall,
            random,
            media,
            KeyRingSeal(KeyRing(config.keys)),
            self.bus,
            generation,
            uuid,
        )
        self.scripts = Scripts(machine, clock, life)
        kind = OriginalResources if config.autoFailback.negotiated else LegacyResources
        self.resources = kind(self.link, self.scripts, fencer)

    def start(self, finished: Callable[[bool], None], reboot: Callable[[], None]) -> None:
        """
        Begin.

        @param finished: called at its exit, with whether it starts itself again.
        @param reboot: called when a resource will not stop (section 2.5).
        """
        self.resources.finished = finished
        self.scripts.stopFailed = reboot
        self.link.start()
