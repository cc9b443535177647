"""Run a story: the one function that tests, the soak run and C{hactl simulate} share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Mapping

from twisted_ha.config.model import ClusterConfig
from twisted_ha.sim.catalogue import INVARIANTS
from twisted_ha.sim.invariants import Invariant
from twisted_ha.sim.report import Timeline, timelineOf
from twisted_ha.sim.scenario import Story, parseStory
from twisted_ha.sim.setup import Setup
from twisted_ha.sim.world import World

__all__ = ["manyStories", "runStory", "simulate"]


def manyStories() -> None:
    """
    Prepare this process for many stories: what is loaded now is never looked through for garbage again.

    Every world ends with such a look, which would otherwise take longer than a short story.
    """
    gc.collect()
    if sys.implementation.name == "cpython":
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)


def simulate(
    config: ClusterConfig,
    story: str,
    *,
    seed: int = 0,
    kinds: Mapping[str, str] | None = None,
    fencing: bool | None = None,
) -> Timeline:
    """
    What would happen to the cluster of C{config} if C{story} were true.

    @param config: as one of the nodes has it; the others are taken to have the same.
    @param story: see L{twisted_ha.sim.scenario}; C{until 300s} says how long to watch.
    @param kinds: nodes that run the original: C{{"beta": "original"}}.
    @param fencing: whether there is a power switch; as C{config} says if not given.
    @raise StoryError: a sentence cannot be understood.
    """
    setup = Setup(
        config=config,
        kinds=dict(kinds or {}),
        seed=seed,
        fencing=config.fencing is not None if fencing is None else fencing,
    )
    return runStory(setup, parseStory(story, setup))


def runStory(
    setup: Setup,
    story: Story,
    invariants: Iterable[Callable[[World], Invariant]] = INVARIANTS,
    prepare: Callable[[World], None] | None = None,
) -> Timeline:
    """
    Run a story that was parsed or made, and tell it.

    @param prepare: called with the world before it begins: where tests plant their mutants.
    """
    world = World(setup, invariants)
    story.schedule(world)
    if prepare is not None:
        prepare(world)
    until = story.until
    if until is None:
        last = story.steps[-1].at if story.steps else 0.0
        world.run(last + 1.0)
        # What the last step began may end later: a pause, a reboot, a script that is tried again.
        while world.time.now < world.quietAt:
            world.run(world.quietAt)
    else:
        world.run(until)
    world.finish()
    return timelineOf(world, str(story))
