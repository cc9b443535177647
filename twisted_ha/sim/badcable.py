"""
One cable that loses nearly every second packet, met systematically: who holds what, times what happens
next, times how the cluster is configured.

Stories by chance seldom reach a certain word being lost in a certain state; here every combination comes
up once in L{ROUND} seeds, each time at other moments.
"""

from __future__ import annotations

from itertools import product
from random import Random

from twisted_ha.sim.scenario import Story, parseStory
from twisted_ha.sim.setup import Setup, clusterConfig
from twisted_ha.sim.storyteller import kindsOf
from twisted_ha.terms import FailbackMode

__all__ = ["ROUND", "inventBadCable"]

HOLDINGS = (
    "",
    "at 20s standby all on beta",
    "at 20s standby all on alpha",
    "at 20s standby local on beta; at 21s standby local on alpha",
)
"""Each its own; one of them everything; each the other's."""

EVENTS = (
    "at 26s reboot {x} in {short}s",
    "at 26s reboot {x} in {near}s",
    "at 26s reboot {x} in {long}s",
    "at 26s kill {x}; at {later}s start {x}",
    "at 26s stop {x}; at {later}s start {x}",
    "at 26s pause {x} for {near}s",
    "at 26s cut eth1; at {later}s mend eth1",
    "at 26s reboot alpha in {near}s; at 26.5s reboot beta in {short}s",
    "at 26s reboot {x} in {short}s; at {later}s standby all on {y}",
    "at 26s reboot {x} in {near}s; at {later}s takeover all on {x}",
    "at 24s cut eth1; at 26s reboot {x} in {near}s; at {later}s mend eth1",
    "at 26s standby all on {x}; at 26.2s pause {y} for {short}s",
    "at 26s standby all on {x}; at {soon}s reboot {y} in {short}s",
    "at 26s reboot {x} in {short}s; at {later}s reboot {x} in {short}s",
)
"""What happens: C{x} is one node, C{y} the other, C{short} to C{long} seconds around the deadtime."""

SLOW = "at 23s slow {what} of daemon0 on {x} to 2.5s; at {end}s mend {what} of daemon0 on {x}"
END = (
    "at {end}s calm eth1; at {end}s mend all; at 84s power on alpha; at 84s power on beta;"
    " at 85s start alpha; at 85s start beta"
)
DEADTIME = 6.0
"""Seconds: six statuses, all of which get lost in one of two hundred and fifty times at 40 %."""

_MODES = (FailbackMode.OFF, FailbackMode.ON, FailbackMode.LEGACY)
_COMBINATIONS = tuple(product(HOLDINGS, EVENTS, _MODES, (True, False)))

ROUND = len(_COMBINATIONS)
"""How many seeds there are to one of each combination."""


def inventBadCable(seed: int, pair: str) -> tuple[Setup, Story]:
    """
    A cluster and what befalls it.

    @param pair: one of L{twisted_ha.sim.storyteller.PAIRS}.
    """
    holding, event, mode, fencing = _COMBINATIONS[seed % ROUND]
    random = Random(f"{seed}/cable")
    x, y = random.choice([("alpha", "beta"), ("beta", "alpha")])
    moments = {
        "short": random.uniform(0.5, 2.5),
        "near": random.uniform(2.8, 4.6),
        "long": random.uniform(7.0, 12.0),
        "soon": 26 + random.uniform(0.02, 0.6),
        "later": 26 + random.uniform(0.5, 8.0),
        "end": random.uniform(34.0, 44.0),
    }
    words = {"x": x, "y": y, "what": random.choice(["start", "stop"])}
    words.update((name, f"{moment:.2f}") for name, moment in moments.items())
    sentences = [holding, f"at {random.uniform(22, 27):.2f}s lose {random.choice([30, 40])}% on eth1"]
    sentences += [event, *([SLOW] if random.random() < 0.4 else []), END]
    config = clusterConfig(links=["eth1"], mode=mode, deadtime=DEADTIME, initdead=DEADTIME)
    setup = Setup(config=config, kinds=kindsOf(config, pair), seed=seed, fencing=fencing)
    text = "; ".join(sentence.format(**words) for sentence in sentences if sentence)
    return setup, parseStory(text, setup)
