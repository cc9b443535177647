"""
The simulator tells the truth: the same stories, simulated and on real nodes in namespaces.

A story is played on real nodes first.  When its deeds took effect there, to the millisecond, is then
told to the simulator, which has the same configuration; so what remains to be compared is what the
daemons made of it: the same events, in the same order on each node, each within a keepalive.

A new story is one entry of L{STORIES}: its script, and what of the plan is different.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.interop.lab import SERVICE_ADDRESS
from tests.interop.lab.case import LabCase
from tests.interop.lab.machine import Machine
from tests.interop.lab.nodes import Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.player import Player
from tests.interop.lab.recorder import Recorder, Said
from tests.interop.lab.waiting import now
from twisted_ha.config import ElsewhereHost, load
from twisted_ha.sim.observed import Condition, NodeSaid, OperationEnded, PowerChanged
from twisted_ha.sim.scenario import Story, parseStory
from twisted_ha.sim.setup import Setup
from twisted_ha.sim.simulate import runStory
from twisted_ha.sim.world import World
from twisted_ha.whatif.bench import benchOf
from twisted_ha.whatif.timings import parseTiming

KEEPALIVE = 0.2
ADDRESS = f"{SERVICE_ADDRESS}/24/eth0"
TIMINGS = (
    *("IPaddr start 25ms", "IPaddr stop 2ms", "IPaddr status 1ms"),
    *("Trouble start 10ms", "Trouble stop 10ms", "Trouble status 10ms"),
)
"""
What our native address agent takes, nearly: most of it is listening for somebody who has it; and what a
small script takes.
"""

SCRIPT = """\
#!/bin/sh
# A service that runs by saying so, and fails when it is told to.
[ -e "/etc/ha.d/Trouble.$1.fails" ] && exit 1
case $1 in
start) touch /run/trouble ;;
stop) rm -f /run/trouble ;;
status) if [ -e /run/trouble ]; then echo running; else echo stopped; exit 3; fi ;;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fast(Plan):
    """Timers that make stories short, two links, and a service that can be told to fail."""

    keepalive: float = KEEPALIVE
    warntime: float = 0.5
    deadtime: float = 1.0
    initdead: float = 2.0
    media: tuple[str, ...] = ("bcast eth0", "bcast eth1")

    def files(self, machine: Machine | None, serial: str = "") -> dict[str, str]:
        """With the service's script."""
        # Nothing in a plan without a serial cable depends on the machine.
        return {**Plan.files(self, machine, serial), "resource.d/Trouble": SCRIPT}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Real:
    """
    A story, its times counted from when both nodes are at rest.

    @ivar conflict: two owners are part of it.
    """

    script: str
    plan: dict[str, Any] = field(default_factory=dict)
    conflict: bool = False


STORIES = {
    "powerLoss": Real("at 300ms power off alpha; at 1.6s power on alpha; until 3s"),
    "powerLossWithoutFailback": Real(
        "at 300ms power off alpha; at 1.6s power on alpha; until 3s", {"failback": "off"}
    ),
    "standbyAndTakeover": Real(
        "at 300ms standby all on alpha; at 900ms takeover all on alpha; until 1.5s"
    ),
    "kill": Real("at 300ms kill alpha; until 1.8s"),
    "killAndQuickStart": Real(
        "at 300ms kill alpha; at 500ms start alpha; until 1.2s", {"deadtime": 4.0, "initdead": 5.0}
    ),
    "shortStallThenStop": Real("at 300ms pause alpha for 0.5s; at 1.2s stop alpha; until 1.8s"),
    "longStall": Real("at 300ms pause alpha for 1.6s; until 2.5s"),
    "oneCable": Real("at 300ms cut eth1; at 1.6s mend eth1; until 2.2s"),
    "allCables": Real("at 300ms cut all; at 1.8s mend all; until 2.6s", conflict=True),
    "clusterCable": Real("at 300ms cut eth1; at 1.8s mend eth1; until 2.6s", {"media": ("bcast eth1",)}),
    "startFails": Real(
        "fail start of Trouble on beta; at 300ms standby all on alpha; until 1.2s",
        {"resources": (f"alpha {ADDRESS} Trouble",)},
    ),
    "loss": Real(
        "lose 30% on eth0; lose 30% on eth1; at 2s standby all on alpha; until 3s",
        {"deadtime": 2.5, "initdead": 3.0},
    ),
}
"""Each begins with both nodes switched on together, and that is compared too."""

TOLD = {
    "FailbackStarted": ("move", "failback"),
    "GroupAcquired": ("group", "acquired"),
    "GroupFailed": ("group", "failed: {resource}"),
    "GroupReleased": ("group", "released"),
    "GuardianReleased": ("guardian", "released"),
    "LinkDown": ("link {link}", "dead"),
    "LinkUp": ("link {link}", "up"),
    "NodeDied": ("node {node}", "dead"),
    "NodeRestarted": ("node {node}", "restarted"),
    "NodeReturned": ("node {node}", "returned"),
    "PeerShutDown": ("node {node}", "shuts down"),
    "StandbyFinished": ("move", "standby {resources} {outcome}"),
    "TakeoverStarted": ("move", "takeover from {node}"),
}
"""
The events that are compared, by class: what each is about, and what it says of that.

What a daemon claims and disputes for the milliseconds in between is not: it depends on which of two
packets it reads first, and reading takes no time in the simulation.
"""

TIE = KEEPALIVE / 4
"""
What is closer together than this may be in either order: the turns of two event loops, and two cards.
What is about one thing is in one order always.
"""

ATTEMPTS = 2
"""A story that differs is played once more: on a shared machine a night may be out of joint."""

SEEDS = range(30)
"""
Which of two things a daemon finds first when it wakes, and which packet is lost, is chance: the real
night must be one of these simulated ones.
"""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """
    Something that happened on a node.

    @ivar at: seconds since the first daemon started.
    @ivar about: what it is about: a link, a node, a group.
    """

    at: float
    node: str
    about: str
    what: str


def mark(at: float, node: str, name: str, fields: dict[str, Any]) -> Iterator[Mark]:
    """What is compared of an event, if it is; that a node hears itself is not."""
    if name in TOLD and not (name == "LinkUp" and fields["node"] == node):
        about, what = TOLD[name]
        yield Mark(at, node, about.format_map(fields), what.format_map(fields))


def differences(told: list[Mark], simulated: list[Mark], slack: float = 0.0) -> list[str]:
    """
    What is not the same on real nodes and in the simulation, in words; nothing if they agree.

    @param slack: seconds by which the times of the deeds are uncertain.
    """
    found: list[str] = []
    threads = sorted({(one.node, one.about) for one in told + simulated})
    pairs: list[tuple[Mark, Mark]] = []
    for node, about in threads:
        real, made = (
            [one for one in marks if (one.node, one.about) == (node, about)]
            for marks in (told, simulated)
        )
        if [one.what for one in real] != [one.what for one in made]:
            found.append(f"{node}, {about}: really {_story(real)}; simulated {_story(made)}")
            continue
        pairs += zip(real, made, strict=True)
    for real, made in pairs:
        if abs(real.at - made.at) > KEEPALIVE + slack:
            found.append(f"{real.node}, {real.about} {real.what}: at {real.at:.3f}, not {made.at:.3f}")
    for real, made in pairs:
        for otherReal, otherMade in pairs:
            if real.node == otherReal.node and made.at + TIE < otherMade.at and real.at > otherReal.at:
                found.append(f"{real.node}: {otherReal.about} {otherReal.what} before {real.about}")
    return found


def _story(marks: list[Mark]) -> str:
    return ", ".join(f"{one.what} at {one.at:.3f}" for one in marks) or "nothing"


class SimulationIsRealTests(LabCase):
    """Every story of L{STORIES}."""

    def check(self, name: str) -> None:
        """Play one story both ways, and compare."""
        real = STORIES[name]
        self.mayConflict = real.conflict
        plan = Fast(**real.plan)
        setup = setupOf(plan, Path(self.mktemp()))
        for _ in range(ATTEMPTS):
            told, script, slack = self.played(plan, parseStory(real.script, setup))
            closest = None
            for seed in SEEDS:
                found = differences(told, simulated(replace(setup, seed=seed), script), slack)
                if not found:
                    return
                closest = found if closest is None else min(closest, found, key=len)
        assert closest is not None
        self.fail("\n  ".join([f"the simulator says otherwise of: {script}", *closest]))

    def played(self, plan: Fast, story: Story) -> tuple[list[Mark], str, float]:
        """
        On real nodes.

        @return: what happened; the script with the times at which it really happened; and by how much
            those are uncertain.
        """
        assert story.until is not None
        for machine in self.lab.machines.values():
            if machine.isOn:
                machine.powerOff()
        recorder = Recorder()
        self.addCleanup(recorder.stop)
        nodes = {name: self.node(Ours, name, plan) for name in plan.nodes}
        player = Player(self.lab, nodes, recorder)
        player.begin(*plan.nodes)
        for node in nodes.values():
            node.settled("local")
        player.play(story.steps, story.until)
        said, end = recorder.stop(), now()
        done = sorted([*player.done, *_starts(said, player.done)])
        origin = done[0][0]
        marks = [
            made for one in said for made in mark(one.time - origin, one.node, one.name, one.fields)
        ]
        marks += [
            Mark(change.time - origin, change.machine, "address", "there" if change.present else "gone")
            for change in self.lab.owners.history
            if change.address == SERVICE_ADDRESS and change.time > origin
        ]
        sentences = [f"at {at - origin:.4f}s {text}" for at, text in done]
        return sorted(marks), "; ".join([*sentences, f"until {end - origin:.4f}s"]), player.slack


def _starts(said: list[Said], done: list[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    """When which daemon began to speak, as deeds: at first, and after a power loss, with its machine."""
    dark = {"alpha", "beta"}
    for one in said:
        if one.name == "LocalStatusChanged" and one.fields["status"] == "up":
            off = any(text == f"power off {one.node}" and at < one.time for at, text in done)
            yield one.time, f"{'power on' if one.node in dark or off else 'start'} {one.node}"
            dark.discard(one.node)


def simulated(setup: Setup, script: str) -> list[Mark]:
    """In the simulator: what happened."""
    worlds: list[World] = []
    runStory(setup, parseStory(script, setup), (), worlds.append)
    marks: list[Mark] = []
    has: set[str] = set()
    for at, seen in worlds[0].history:
        if isinstance(seen, NodeSaid):
            marks += mark(at, seen.node, type(seen.event).__name__, seen.event.asDict())
        there = seen.node in has
        if isinstance(seen, OperationEnded) and seen.resource == ADDRESS:
            there = seen.condition is Condition.RUNNING
        elif isinstance(seen, PowerChanged):
            there = False
        if there != (seen.node in has):
            (has.add if there else has.discard)(seen.node)
            marks.append(Mark(at, seen.node, "address", "there" if there else "gone"))
    return sorted(marks)


def setupOf(plan: Fast, directory: Path) -> Setup:
    """The same files, for the simulator; its machines are switched on by the story."""
    for name, text in plan.files(None).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
    config = load(str(directory), uname="alpha", host=ElsewhereHost())
    agents = {resource.agent for group in config.groups for resource in group.resources}
    timings = [parseTiming(text) for text in TIMINGS if text.split()[0] in agents]
    bench = benchOf(config, timings)
    return replace(bench.setup, autoStart=False)


def _test(name: str) -> Any:
    def test(self: SimulationIsRealTests) -> None:
        self.check(name)

    test.__doc__ = f"Simulated as really: {STORIES[name].script}"
    return test


for _name in STORIES:
    setattr(SimulationIsRealTests, f"test_{_name}", _test(_name))
