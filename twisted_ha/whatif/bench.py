"""A cluster's own files, laid out for the simulator, and what of them the simulator leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from twisted_ha.config.complaints import listed
from twisted_ha.config.model import ClusterConfig, Resource, ResourceGroup
from twisted_ha.sim.setup import Setup
from twisted_ha.sim.street import ADDRESS_AGENTS, streetOf
from twisted_ha.whatif.timings import Timing

__all__ = ["Bench", "benchOf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """
    What is simulated.

    @ivar notes: what the user should know of how it differs from his cluster, in sentences.
    """

    setup: Setup
    notes: tuple[str, ...] = ()

    @property
    def config(self) -> ClusterConfig:
        """The configuration that is simulated."""
        return self.setup.config

    def seeded(self, seed: int) -> Setup:
        """The same in another night."""
        return replace(self.setup, seed=seed)

    def having(self, config: ClusterConfig) -> Bench:
        """The same scripts with another configuration."""
        return replace(self, setup=replace(self.setup, config=config))


def benchOf(config: ClusterConfig, timings: Sequence[Timing] = (), seed: int = 0) -> Bench:
    """
    Lay a configuration out.

    @param timings: how long scripts take; where two speak of one operation, the later counts.
    @raise TimingError: a timing names a resource that is not in C{haresources}.
    """
    groups, notes = _toldApart(config.groups)
    if len(config.nodes) > 2:
        notes.append(
            f"ha.cf names {len(config.nodes)} nodes, and groups move between two: what is simulated is"
            " who hears whom and who is declared dead; no group is started, as in the daemon"
        )
        groups = ()
    elif len(config.nodes) == 1:
        notes.append("ha.cf names one node: there is nobody to take over")
    notes += _leftOut(replace(config, groups=groups))
    taken: dict[tuple[str, str], float] = {}
    for timing in timings:
        taken |= timing.tokens(groups, config.groups)
    return Bench(
        setup=Setup(
            config=replace(config, groups=groups),
            seed=seed,
            fencing=config.fencing is not None,
            timings=taken,
            orderly=True,
            street=True,
        ),
        notes=tuple(notes),
    )


def _toldApart(groups: Iterable[ResourceGroup]) -> tuple[tuple[ResourceGroup, ...], list[str]]:
    """
    Groups in which no word occurs twice: C{MailTo::root} of a second line becomes C{MailTo::root@2}, as
    each of them runs for itself.
    """
    seen: dict[str, int] = {}
    made: list[ResourceGroup] = []
    renamed: list[str] = []
    for group in groups:
        resources: list[Resource] = []
        for resource in group.resources:
            count = seen[resource.token] = seen.get(resource.token, 0) + 1
            if count > 1:
                resource = replace(resource, token=f"{resource.token}@{count}")
                renamed.append(resource.token)
            resources.append(resource)
        made.append(replace(group, resources=tuple(resources)))
    if not renamed:
        return tuple(made), []
    return tuple(made), [f"words that haresources has more than once are told apart: {listed(renamed)}"]


def _leftOut(config: ClusterConfig) -> Iterable[str]:
    blind = [
        one.token
        for group in config.groups
        for one in group.resources
        if one.agent in ADDRESS_AGENTS and streetOf(one) is None
    ]
    if blind and len(config.nodes) > 1:
        yield (
            f"haresources names no interface for {listed(blind)}: it is taken for granted that a node"
            " does not hear whether the other still answers for it"
        )
    if config.fencing is not None:
        yield f"{config.fencing.type} is simulated as a power switch that resets a node within 2 s"
    if config.watchdog is not None:
        yield "the watchdog is not simulated: a daemon that hangs is released by its guardian only"
    if config.respawn:
        programs = listed(dict.fromkeys(one.command.split()[0] for one in config.respawn))
        yield f"programs of ha.cf are not simulated: {programs}"
