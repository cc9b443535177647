"""Whole nodes for tests, as they stand at some moment of a simulated story."""

from __future__ import annotations

from typing import cast

from twisted_ha.assembly import LocalNode
from twisted_ha.sim.daemons import OurLife
from twisted_ha.sim.scenario import parseStory
from twisted_ha.sim.setup import Setup, clusterConfig
from twisted_ha.sim.simulate import runStory
from twisted_ha.sim.world import World
from twisted_ha.terms import FailbackMode, NodeName

__all__ = ["FIRST", "SECOND", "nodeAfter"]

FIRST, SECOND = "10.0.0.101", "10.0.0.102"
"""The groups: C{alpha} is the home of the first, C{beta} of the second."""


def nodeAfter(story: str, name: str = "beta", mode: FailbackMode = FailbackMode.ON) -> LocalNode:
    """
    The node of that name after C{story}, in a cluster of two.

    @param story: the language of L{parseStory}; it ends with C{until}.
    """
    worlds: list[World] = []
    config = clusterConfig(deadtime=5.0, initdead=6.0, mode=mode)
    setup = Setup(config=config, kinds={}, seed=1)
    runStory(setup, parseStory(story, setup), prepare=worlds.append)
    return cast(OurLife, worlds[0].lives[NodeName(name)]).node
