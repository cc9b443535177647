"""
Stories nobody has thought of: a seed makes a cluster and what befalls it.

Every fault is mended in the end, so that the invariants may ask whether everything found its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from twisted_ha.config.model import ClusterConfig
from twisted_ha.sim.scenario import Story, linkNames, parseStory
from twisted_ha.sim.setup import ORIGINAL, OURS, Setup, clusterConfig
from twisted_ha.terms import FailbackMode

__all__ = ["CASTS", "MEMBERS", "PAIRS", "invent", "inventSetup", "inventStory", "kindsOf"]

PAIRS = ("ours/ours", "ours/original", "original/ours", "original/original")
"""Who runs what, the home of the first group first."""

MEMBERS = "members"
"""Three to sixteen nodes of ours that have no groups, only each other."""

CASTS = (*PAIRS, MEMBERS)

SIZES = (3, 3, 3, 4, 4, 5, 6, 8, 12, 16)
"""Of clusters of members; every node hears every other, so the large ones cost most."""

BUSY = (0.1, 0.7, 3.0, 12.0, 45.0)
CALM = (0.7, 30.0, 300.0, 900.0, 2400.0)
"""Seconds from one fault to the next: a bad night, or the life in which there are bad nights."""

MODES = (*(FailbackMode.ON, FailbackMode.OFF) * 2, FailbackMode.LEGACY)
"""Of C{auto_failback}; the last is the default, and what nobody should use."""

KEEPALIVE_BUSY = (0.5, 1.0, 1.0, 2.0)
KEEPALIVE_CALM = (1.0, 2.0, 2.0, 2.0)
"""Seconds between two statuses: the default is one, and many clusters are content with two."""

LINKS: Sequence[tuple[str, ...]] = (
    ("eth1", "eth2"),
    ("eth1",),
    ("ucast:eth1", "eth2"),
    ("mcast:eth1", "/dev/ttyS0"),
    ("eth1", "/dev/ttyS0"),
    ("ucast:eth1",),
)


def invent(seed: int, cast: str, *, calm: bool = False) -> tuple[Setup, Story]:
    """
    What L{inventSetup} and L{inventStory} make of a seed.

    @param calm: as there.
    """
    setup = inventSetup(seed, cast, calm=calm)
    return setup, inventStory(setup, calm=calm)


def kindsOf(config: ClusterConfig, pair: str) -> dict[str, str]:
    """
    Which program each node runs.

    @param pair: one of L{PAIRS}.
    """
    return {
        name: ORIGINAL if word == "original" else OURS
        for name, word in zip(config.nodes, pair.split("/"), strict=True)
    }


def inventSetup(seed: int, cast: str = PAIRS[0], *, calm: bool = False) -> Setup:
    """
    A cluster for a seed.

    @param cast: one of L{CASTS}.
    @param calm: for a calm story; see L{inventStory}.
    """
    random = Random(f"{seed}/setup")
    if cast == MEMBERS:
        return _inventMembers(seed, random)
    keepalive = random.choice(KEEPALIVE_CALM if calm else KEEPALIVE_BUSY)
    deadtime = random.choice([3.0, 5.0, 10.0]) * max(1.0, keepalive)
    config = clusterConfig(
        links=random.choice(LINKS),
        mode=random.choice(MODES),
        keepalive=keepalive,
        deadtime=deadtime,
        initdead=max(deadtime, random.choice([deadtime, 12.0, 20.0])),
        pings=("10.0.0.254",) if random.random() < 0.15 else (),
    )
    return Setup(
        config=config,
        kinds=kindsOf(config, cast),
        seed=seed,
        fencing=random.random() < 0.3,
        rates={name: 1 + random.uniform(-0.0005, 0.0005) for name in config.nodes},
        orderly=random.random() < 0.5,
    )


def _inventMembers(seed: int, random: Random) -> Setup:
    keepalive = random.choice([1.0, 2.0])
    config = clusterConfig(
        random.choice(SIZES),
        links=random.choice([("eth1", "eth2"), ("mcast:eth1",), ("ucast:eth1",), ("eth1",)]),
        keepalive=keepalive,
        deadtime=random.choice([5.0, 10.0]) * keepalive,
        groups=(),
    )
    rates: dict[str, float] = {name: 1 + random.uniform(-0.0005, 0.0005) for name in config.nodes}
    return Setup(config=config, seed=seed, rates=rates)


class _Teller:
    """Makes up one story."""

    def __init__(self, setup: Setup, random: Random) -> None:
        self.setup = setup
        self.random = random
        self.nodes = setup.config.nodes
        self.links = [link for link in linkNames(setup) if link not in setup.config.pingNodes]
        self.tokens = [resource.token for group in setup.config.groups for resource in group.resources]
        self.sentences: list[tuple[float, str]] = []

    def at(self, when: float, text: str) -> None:
        self.sentences.append((round(when, 2), text))

    def length(self) -> float:
        """A time that matters: just short of deadtime, just beyond it, or long."""
        deadtime = self.setup.config.timers.deadtime
        keepalive = self.setup.config.timers.keepalive
        base = self.random.choice(
            [0.3, keepalive, deadtime / 2, deadtime - keepalive, deadtime, 1.5 * deadtime, 40.0]
        )
        return base * self.random.uniform(0.8, 1.2)

    def node(self) -> str:
        return self.random.choice(self.nodes)

    def other(self, node: str) -> str:
        return self.random.choice([one for one in self.nodes if one != node])

    def cutOne(self, when: float) -> None:
        link = self.random.choice(self.links)
        self.at(when, f"cut {link}")
        self.at(when + self.length(), f"mend {link}")

    def cutAll(self, when: float) -> None:
        self.at(when, "cut all")
        self.at(when + self.length(), "mend all")

    def cutWay(self, when: float) -> None:
        node = self.node()
        way = f"from {node} to {self.other(node)}"
        self.at(when, f"cut all {way}")
        self.at(when + self.length(), f"mend all {way}")

    def power(self, when: float) -> None:
        node = self.node()
        if self.random.random() < 0.5:
            self.at(when, f"reboot {node} in {self.length():.2f}s")
        else:
            self.at(when, f"power off {node}")
            self.at(when + self.length(), f"power on {node}")

    def kill(self, when: float) -> None:
        node = self.node()
        with_guardian = " with guardian" if self.random.random() < 0.15 else ""
        self.at(when, f"kill {node}{with_guardian}")
        self.at(when + self.length(), f"start {node}")

    def leave(self, when: float) -> None:
        node = self.node()
        self.at(when, f"stop {node}")
        self.at(when + self.length(), f"start {node}")

    def pause(self, when: float) -> None:
        how = "freeze" if self.random.random() < 0.2 else "pause"
        self.at(when, f"{how} {self.node()} for {self.length():.2f}s")

    def storm(self, when: float) -> None:
        link = self.random.choice(self.links)
        share = self.random.choice([5, 20, 40, 70])
        text = self.random.choice(
            [
                f"lose {share}% on {link}",
                f"lose {share}% on {link} in bursts of {self.random.randint(2, 8)}",
                f"double {share}% on {link}",
                f"reorder {share}% on {link}",
                f"corrupt {share}% on {link}",
                f"delay {link} by {self.random.choice([50, 200, 900])}ms",
            ]
        )
        self.at(when, text)
        self.at(when + self.length() * 2, f"calm {link}")

    def clock(self, when: float) -> None:
        shift = self.random.choice([-86400, -30, -2, 2, 30, 3600, 10_000_000])
        self.at(when, f"set clock of {self.node()} by {shift:+d}s")

    def disk(self, when: float) -> None:
        node = self.node()
        self.at(when, f"{self.random.choice(['fill', 'protect', 'tear'])} disk of {node}")
        self.at(when + self.random.uniform(0, 3), f"reboot {node} in {self.length():.2f}s")
        self.at(when + 60, f"mend disk of {node}")

    def write(self, when: float) -> None:
        """The power goes in the middle of a write: at the next start, or while the daemon runs."""
        node = self.node()
        if self.random.random() < 0.5:
            self.at(when, f"tear disk of {node}")
        if self.random.random() < 0.5:
            self.at(when, f"power off {node}")
        self.at(when + 0.01, f"fail power of {node} at write {self.random.randint(1, 3)}")
        for _ in range(2):
            when += self.length()
            self.at(when + 0.02, f"power on {node}")

    def key(self, when: float) -> None:
        node = self.node()
        self.at(when, f"change key of {node}")
        self.at(when + self.length(), f"mend key of {node}")

    def agent(self, when: float) -> None:
        verb = self.random.choice(["start", "stop", "status"])
        what = f"{verb} of {self.random.choice(self.tokens)} on {self.node()}"
        how = self.random.choice(["fail", "hang", "slow", "slow"])
        to = f" to {self.length():.2f}s" if how == "slow" else ""
        self.at(when, f"{how} {what}{to}")
        self.at(when + self.length() * 2, f"mend {what}")

    def person(self, when: float) -> None:
        for _ in range(self.random.choice([1, 1, 2, 4])):
            deed = self.random.choice(["standby", "takeover"])
            resources = self.random.choice(["all", "local", "foreign"])
            self.at(when, f"{deed} {resources} on {self.node()}")
            when += self.random.choice([0.0, 0.05, 0.3, 2.0])

    def stranger(self, when: float) -> None:
        deed = self.random.choice(["replay", "forge"])
        self.at(when, f"{deed} {self.random.randint(5, 60)} on {self.random.choice(self.links)}")

    def switch(self, when: float) -> None:
        self.at(when, "break fencing")
        self.at(when + self.length() * 2, "mend fencing")

    def ending(self) -> None:
        """Everything is mended; who does not run is started."""
        when = max((at for at, _ in self.sentences), default=20.0) + 5.0
        self.at(when, "mend all")
        for link in self.links:
            self.at(when, f"calm {link}")
        for node in self.nodes:
            self.at(when, f"mend disk of {node}")
            self.at(when, f"mend key of {node}")
        self.at(when, "mend fencing")
        for node in self.nodes:
            self.at(when + 45.0, f"power on {node}")
            self.at(when + 46.0, f"start {node}")


def inventStory(setup: Setup, *, faults: int | None = None, calm: bool = False) -> Story:
    """
    A story for a cluster, by its seed; of what the cluster has not, it tells nothing.

    @param faults: how many; 1 to 7 by chance if not given.
    @param calm: mostly nothing happens between them, for up to an hour.
    """
    random = Random(f"{setup.seed}/story")
    teller = _Teller(setup, random)
    wired, paired = bool(teller.links), len(teller.nodes) > 1
    kinds: list[tuple[Callable[[float], None], int]] = [
        (teller.cutOne, 2 * wired),
        (teller.cutAll, 3),
        (teller.cutWay, 2 * paired),
        (teller.power, 4),
        (teller.kill, 3),
        (teller.leave, 3),
        (teller.pause, 3),
        (teller.storm, 3 * wired),
        (teller.clock, 1),
        (teller.disk, 1),
        (teller.write, 1),
        (teller.key, 1 if paired else 0),
        (teller.agent, 2 if teller.tokens else 0),
        (teller.person, 5 if teller.tokens else 0),
        (teller.stranger, 2 * wired),
        (teller.switch, 1 if setup.fencing else 0),
    ]
    when = random.choice([0.2, 3.0, 25.0, 40.0])
    for _ in range(random.randint(1, 7) if faults is None else faults):
        tell = random.choices([one for one, _ in kinds], [weight for _, weight in kinds])[0]
        tell(when)
        when += random.choice(CALM if calm else BUSY) * random.uniform(0.5, 1.5)
    teller.ending()
    sentences = sorted(teller.sentences, key=lambda sentence: sentence[0])
    return parseStory("; ".join(f"at {at:g}s {text}" for at, text in sentences), setup)
