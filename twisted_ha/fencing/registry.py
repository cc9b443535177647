"""Which device C{ha.cf} means."""

from __future__ import annotations

import os
from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.config.model import ClusterConfig
from twisted_ha.fencing.absent import AbsentFencer
from twisted_ha.interfaces import IFencer, IProcessRunner

__all__ = ["buildFencer"]


def buildFencer(
    config: ClusterConfig,
    *,
    runner: IProcessRunner,
    clock: IReactorTime,
    bus: EventBus,
    environment: Mapping[str, str],
    run: str,
) -> IFencer:
    """
    The device of C{config}, ready for use; one that can be asked whether it works is asked from now on
    until this node leaves.

    @param environment: what every script of this node sees.
    @param run: the directory of what dies with the machine.
    """
    device = config.fencing
    if device is None:
        return AbsentFencer()
    # What belongs to one kind of device is read when there is one: most clusters have none.
    if device.type == "null":
        from twisted_ha.fencing.null import NullFencer

        return NullFencer(bus)
    if device.type == "meatware":
        from twisted_ha.fencing.meatware import MeatwareFencer

        return MeatwareFencer(
            hosts=device.parameters, directories=_fifoDirectories(run), clock=clock, bus=bus
        )
    from twisted_ha.fencing.external import ExternalFencer
    from twisted_ha.fencing.plugin import PLACES, Plugin

    plugin = Plugin(
        name=device.type.removeprefix("external/"),
        parameters=device.parameters,
        # An administrator's own script comes before a packaged one, as with resources.
        directories=(os.path.join(config.directory, "stonith", "external"), *PLACES),
        runner=runner,
        clock=clock,
        environment=environment,
        harmless=config.nodes,
    )
    external = ExternalFencer(plugin, clock=clock, bus=bus, peers=config.peers)
    bus.subscribe(external)
    external.start()
    return external


def _fifoDirectories(run: str) -> tuple[str, ...]:
    """Ours, and in the usual layout also the place where the original's C{meatclient} looks."""
    if os.path.normpath(run) in ("/var/run/heartbeat", "/run/heartbeat"):
        return (run, "/var/run")
    return (run,)
