"""
C{kill -9} between any two steps: whatever a daemon was doing, after its restart everything is legal.

The instants are those at which something happens in the same story without the kill.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.sim.scenario import parseStory
from twisted_ha.sim.setup import Setup, clusterConfig
from twisted_ha.sim.simulate import runStory
from twisted_ha.sim.world import World

CONFIG = clusterConfig(deadtime=5.0, initdead=6.0, links=("eth1",))


class EveryStepTests(SynchronousTestCase):
    """A takeover and a hand-over, with a daemon killed in the middle."""

    def instants(self, story: str, begin: float, end: float) -> list[float]:
        """When something happens between C{begin} and C{end}."""
        seen: set[float] = set()

        def watch(world: World) -> None:
            step: Callable[[float], bool] = world.time.step

            def stepping(until: float) -> bool:
                more = step(until)
                if begin <= world.time.now <= end:
                    seen.add(world.time.now)
                return more

            self.patch(world.time, "step", stepping)

        setup = Setup(config=CONFIG, seed=1)
        runStory(setup, parseStory(f"{story}; until {end}s", setup), (), watch)
        return sorted(seen)

    def killedAnywhere(self, story: str, node: str, begin: float, end: float) -> None:
        """Kill a node's daemon at each of the instants, and start it a second later."""
        setup = Setup(config=CONFIG, seed=1)
        instants = self.instants(story, begin, end)
        self.assertTrue(len(instants) >= 8, instants)
        for at in instants:
            kill = f"at {at + 1e-6:.7f}s kill {node}; at {at + 1:.7f}s start {node}"
            timeline = runStory(setup, parseStory(f"{story}; {kill}", setup))
            self.assertEqual(timeline.violations, (), f"{kill}\n{timeline.render(detail=True)}")

    def test_takeover(self) -> None:
        """The one that takes over is killed: from the death of the other until everything is taken."""
        self.killedAnywhere("at 20s power off beta; at 40s power on beta", "alpha", 23.9, 26.0)

    def test_giver(self) -> None:
        """The giver of a hand-over is killed."""
        self.killedAnywhere("at 20s standby all on alpha", "alpha", 20.0, 21.0)

    def test_taker(self) -> None:
        """The taker of a hand-over is killed."""
        self.killedAnywhere("at 20s standby all on alpha", "beta", 20.0, 21.0)

    def test_start(self) -> None:
        """A node is killed while both begin."""
        self.killedAnywhere("at 60s calm eth1", "alpha", 0.5, 1.5)
