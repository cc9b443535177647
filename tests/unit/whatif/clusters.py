"""Small clusters and stories for the tests of this room."""

from __future__ import annotations

from functools import cache

from twisted_ha.config.model import ClusterConfig, Resource, ResourceGroup
from twisted_ha.sim.scenario import parseStory
from twisted_ha.sim.setup import clusterConfig
from twisted_ha.terms import NodeName
from twisted_ha.whatif.bench import Bench, benchOf
from twisted_ha.whatif.outcome import Outcome, play

__all__ = ["FIRST", "SECOND", "benched", "group", "told"]

FIRST, SECOND = "10.0.0.101", "10.0.0.102"
"""The groups of L{clusterConfig}: of alpha, and of beta."""


def benched(**more: object) -> Bench:
    """A cluster with short timers."""
    config: ClusterConfig = clusterConfig(**{"deadtime": 4.0, "initdead": 4.0, **more})  # type: ignore[arg-type]
    return benchOf(config, seed=1)


def told(script: str, bench: Bench | None = None, *, detail: bool = False) -> Outcome:
    """What comes of a script."""
    if bench is None:
        return _toldOfBenched(script, detail)
    return play(bench.setup, parseStory(script, bench.setup), detail=detail)


@cache
def _toldOfBenched(script: str, detail: bool) -> Outcome:
    """An outcome is frozen, so many tests may look at one."""
    return told(script, benched(), detail=detail)


def group(node: str, *tokens: str, line: int = 1) -> ResourceGroup:
    """A line of C{haresources}."""
    resources = tuple(
        Resource(token=token, agent=agent, arguments=tuple(filter(None, rest.split("::"))))
        for token in tokens
        for agent, _, rest in [token.partition("::")]
    )
    return ResourceGroup(key=tokens[0], node=NodeName(node), resources=resources, line=line)
