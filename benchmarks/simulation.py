"""
How fast the simulator is: simulated hours per CPU second, for an idle cluster and for random stories.

    python -m benchmarks.simulation [hours]

Real codec, real HMAC, all invariants.  What a process does once (imports, caches) is done before the
clock starts: a story of twenty seconds would measure nothing else.
"""

from __future__ import annotations

import sys
import time

from twisted_ha.sim.report import Timeline
from twisted_ha.sim.scenario import parseStory
from twisted_ha.sim.setup import ORIGINAL, Setup, clusterConfig
from twisted_ha.sim.simulate import manyStories, runStory
from twisted_ha.sim.soak import Soak


def measure(name: str, setup: Setup, hours: float) -> None:
    """One idle cluster."""
    began = time.process_time()
    timeline = runStory(setup, parseStory(f"until {hours:g}h", setup))
    show(name, timeline.seconds, time.process_time() - began, timeline)


def show(name: str, seconds: float, spent: float, timeline: Timeline | None = None) -> None:
    """One line."""
    frames = f", {spent / timeline.frames * 1e6:.0f} us per frame heard" if timeline else ""
    print(f"{name:<44} {seconds / 3600 / spent:#8.3g} h per CPU second{frames}", flush=True)


def main() -> None:
    """All of them."""
    manyStories()
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    two = {"nodes": 2, "keepalive": 1.0, "deadtime": 10.0}
    loud = Setup(config=clusterConfig(**two))
    runStory(loud, parseStory("until 5m", loud))
    measure("two nodes, two bcast links", loud, hours)
    quiet = clusterConfig(**two, links=["mcast:eth1", "mcast:eth2"])
    measure("two nodes, two mcast links", Setup(config=quiet), hours)
    kinds = {"beta": ORIGINAL}
    measure(
        "ours and the original, two bcast links", Setup(config=clusterConfig(**two), kinds=kinds), hours
    )
    many = clusterConfig(16, links=["mcast:eth1"], groups=[])
    measure("sixteen nodes, one mcast link", Setup(config=many), hours / 30)
    began = time.process_time()
    soak = Soak("ours/ours", shrinking=False)
    soak.run(range(30))
    show("thirty random stories", soak.seconds, time.process_time() - began)


if __name__ == "__main__":
    main()
