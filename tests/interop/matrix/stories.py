"""
What happens to a cluster.  Each story begins with two machines that are switched on and ends settled;
a step is judged when it ends (L{Stage.step}).

A story is a function with a name; C{@story} puts it into L{STORIES}.  Those that are told of either
machine are told twice, for C{alpha} and for C{beta}.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.lab.laboratory import CLUSTER
from tests.interop.matrix.stage import Stage

__all__ = ["STORIES", "Story"]


@dataclass(frozen=True, slots=True)
class Story:
    """
    One story.

    @ivar tell: tells it.
    @ivar text: in words.
    @ivar deadtime: seconds, if it needs another than the setting has.
    @ivar stage: what it is told on.
    """

    name: str
    tell: Callable[[Stage], None]
    text: str
    deadtime: float | None = None
    stage: type[Stage] = Stage


STORIES: dict[str, Story] = {}
NODES = ("alpha", "beta")
_Told = Callable[[Stage], None]
_ToldOf = Callable[[Stage, str], None]


def _add(name: str, tell: _Told, text: str | None, deadtime: float | None) -> None:
    STORIES[name] = Story(name, tell, " ".join((text or "").split()), deadtime)


def story(name: str, deadtime: float | None = None) -> Callable[[_Told], _Told]:
    """A story about the pair."""

    def decorate(tell: _Told) -> _Told:
        _add(name, tell, tell.__doc__, deadtime)
        return tell

    return decorate


def storyOfEach(name: str, deadtime: float | None = None) -> Callable[[_ToldOf], _ToldOf]:
    """A story about one of the machines, told of C{alpha} and of C{beta}."""

    def decorate(tell: _ToldOf) -> _ToldOf:
        for node in NODES:
            text = (tell.__doc__ or "").replace("C{node}", node)
            _add(f"{name}-{node}", functools.partial(tell, node=node), text, deadtime)
        return tell

    return decorate


def everything(node: str) -> dict[str, str]:
    """What they say when C{node} holds all of it."""
    return {name: "all" if name == node else "none" for name in NODES}


def eachItsOwn(stage: Stage) -> dict[str, str]:
    """What they say once both are back: with failback each has its own, else nobody has promised."""
    return {"alpha": "local", "beta": "local"} if stage.setting.failback == "on" else {}


# Switching on


@story("together")
def together(stage: Stage) -> None:
    """Both are started at one time."""
    with stage.step("start both", alpha="local", beta="local"):
        stage.start("alpha")
        stage.start("beta")


@storyOfEach("first")
def first(stage: Stage, node: str) -> None:
    """C{node} is started and serves alone; long after that the other one is started."""
    with stage.step(f"start {node}", **{node: "all"}):
        stage.start(node)
    stage.ask()
    other = stage.other(node).name
    with stage.step(f"start {other}", **eachItsOwn(stage)):
        stage.start(other)
        _up(stage, other)


def _up(stage: Stage, name: str) -> None:
    stage.until(f"{name} takes part", lambda: stage[name].holdings() not in ("down", "transition"), 40.0)


# Losing a node


@storyOfEach("power")
def power(stage: Stage, node: str) -> None:
    """C{node} loses power, and comes back when everybody knows."""
    stage.form()
    stage.wait(4.0)  # in its first 5 s the original asks to be given 2 s more
    other = stage.other(node).name
    with stage.step(f"power loss of {node}", **{other: "all"}):
        stage.powerOff(node)
    with stage.step(f"{node} returns", **eachItsOwn(stage)):
        stage.start(node)
        _up(stage, node)


@storyOfEach("reboot", deadtime=6.0)
def reboot(stage: Stage, node: str) -> None:
    """C{node}, which serves everything, loses power and is back before anybody has missed it."""
    stage.form()
    other = stage.other(node).name
    stage.request(other, "standby", "all")
    stage.settle(**everything(node))
    with stage.step(f"reboot {node} within deadtime"):
        stage.powerOff(node)
        stage.start(node)
        _up(stage, node)


@storyOfEach("restart", deadtime=6.0)
def restart(stage: Stage, node: str) -> None:
    """The daemon of C{node} is stopped and started again at once."""
    stage.form()
    with stage.step(f"restart {node}", **eachItsOwn(stage)):
        stage.stop(node)
        stage.start(node)
        _up(stage, node)


@storyOfEach("stop")
def stop(stage: Stage, node: str) -> None:
    """C{node} is stopped, and is started when it has long been dead."""
    stage.form()
    other = stage.other(node).name
    with stage.step(f"stop {node}", **{other: "all"}):
        stage.stop(node)
    stage.wait(stage.plan.deadtime + 2.5)  # the original asks for 2 s more in its first 5 s
    with stage.step(f"{node} returns", **eachItsOwn(stage)):
        stage.start(node)
        _up(stage, node)


@storyOfEach("kill")
def kill(stage: Stage, node: str) -> None:
    """The daemon of C{node} is killed, and started again when it is dead for the other."""
    stage.form()
    with stage.step(f"kill -9 on {node}, start", **eachItsOwn(stage)):
        stage.kill(node)
        stage.other(node).expect(f"node {node}: is dead")
        stage.wait(1.5)
        stage.start(node)
        _up(stage, node)


# Moving on request


@story("moves")
def moves(stage: Stage) -> None:
    """Standby and takeover of all, local and foreign groups, typed on either node."""
    stage.form()
    apart = {"alpha": "local", "beta": "local"}
    for node, verb, resources, holdings in (
        ("alpha", "standby", "local", everything("beta")),
        ("alpha", "takeover", "local", apart),
        ("beta", "standby", "local", everything("alpha")),
        ("beta", "takeover", "local", apart),
        ("alpha", "standby", "all", everything("beta")),
        ("beta", "standby", "foreign", apart),
        ("alpha", "takeover", "foreign", everything("alpha")),
        ("alpha", "standby", "foreign", apart),
        ("beta", "takeover", "foreign", everything("beta")),
        ("beta", "standby", "all", everything("alpha")),
        ("beta", "takeover", "all", everything("beta")),
        ("alpha", "takeover", "all", everything("alpha")),
    ):
        with stage.step(f"{verb} {resources} on {node}", 30.0, **holdings):
            stage.request(node, verb, resources)


@story("move")
def move(stage: Stage) -> None:
    """A standby there, and a takeover back."""
    stage.form()
    with stage.step("standby all on alpha", 30.0, **everything("beta")):
        stage.request("alpha", "standby", "all")
    with stage.step("takeover all on alpha", 30.0, **everything("alpha")):
        stage.request("alpha", "takeover", "all")


# Cables


@story("heal")
def heal(stage: Stage) -> None:
    """All cables are cut until both serve everything, and mended."""
    stage.form()
    stage.cut()
    for name in NODES:
        stage.until(f"{name} takes all", lambda name=name: stage[name].holdings() == "all")
    with stage.step("mend all cables", **eachItsOwn(stage)):
        stage.mend()
        _healed(stage)


def _healed(stage: Stage) -> None:
    """The original restarts itself once it has noticed; nobody is settled before that."""
    for name in NODES:
        if not stage.isOurs(name):
            stage[name].expect("returning after partition", 15.0)
            stage[name].expect("Heartbeat restart triggered", 30.0)


@story("heal-cluster")
def healCluster(stage: Stage) -> None:
    """Only the cluster's cable is cut: the users reach both nodes.  Then it is mended."""
    stage.form()
    stage.excuse("the cluster's network is cut")
    stage.lab.drop(stage["alpha"].machine, CLUSTER)
    for name in NODES:
        stage[name].expect(f"node {stage.other(name).name}: is dead")
    stage.wait(3.0)
    with stage.step("mend the cluster's cable", **eachItsOwn(stage)):
        stage.mend()
        _healed(stage)


@story("short-cut", deadtime=4.0)
def shortCut(stage: Stage) -> None:
    """All cables are cut for less than deadtime: nothing moves."""
    stage.form()
    with stage.step("cut and mend within deadtime", alpha="local", beta="local"):
        stage.cut()
        stage.wait(2.0)
        stage.mend()


@story("one-of-two")
def oneOfTwo(stage: Stage) -> None:
    """One of two links is cut and mended, then the other: nothing moves; a standby works meanwhile."""
    stage.form()
    with stage.step("cut the first link", alpha="local", beta="local"):
        stage.lab.drop(stage["alpha"].machine, CLUSTER)
        stage.wait(stage.plan.deadtime + 2.0)
    with stage.step("standby all on alpha by the second", 30.0, **everything("beta")):
        stage.request("alpha", "standby", "all")
    with stage.step("mend it and cut the second link", **everything("beta")):
        stage.mend()
        stage.wait(1.0)
        stage.cutSecond()
        stage.wait(stage.plan.deadtime + 2.0)
    with stage.step("takeover all on alpha by the first", 30.0, **everything("alpha")):
        stage.request("alpha", "takeover", "all")
    with stage.step("mend both", **everything("alpha")):
        stage.mend()
    with stage.step("power loss of alpha", beta="all"):
        stage.powerOff("alpha")


@story("loss", deadtime=4.0)
def loss(stage: Stage) -> None:
    """A tenth of all packets is lost for minutes; meanwhile groups move and nodes are restarted."""
    stage.form()
    stage.lab.drop(stage["alpha"].machine, CLUSTER, 10)
    with stage.step("one minute of 10 % loss", alpha="local", beta="local"):
        stage.wait(60.0)
    for node, other in (NODES, NODES[::-1]):
        with stage.step(f"standby all on {node} with loss", 90.0, **everything(other)):
            _insist(stage, node, "standby", "all", everything(other))
        with stage.step(f"takeover all on {node} with loss", 90.0, **everything(node)):
            _insist(stage, node, "takeover", "all", everything(node))
    for node in NODES:
        with stage.step(f"restart {node} with loss", 90.0):
            stage.stop(node)
            stage.start(node)
            _up(stage, node)
    with stage.step("another minute of 10 % loss", 90.0):
        stage.wait(60.0)
    with stage.step("no more loss"):
        stage.mend()


def _insist(stage: Stage, node: str, verb: str, resources: str, wanted: dict[str, str]) -> None:
    """
    Ask as an operator does who sees that nothing happened: the original drops a request that overtook
    a report ("Other side is in flux"), and tells nobody.
    """
    for _ in range(4):
        stage.request(node, verb, resources)
        try:
            stage.until("it moves", lambda: not stage.wrong(**wanted), 15.0)
        except AssertionError:
            continue
        return


# Scripts


@storyOfEach("slow-takeover")
def slowTakeover(stage: Stage, node: str) -> None:
    """C{node} loses power; the other's scripts take 3 s, and it returns while they run."""
    stage.form()
    other = stage.other(node).name
    stage.script(other, "start", 3.0)
    with stage.step(f"power loss of {node}, slow scripts, returns meanwhile"):
        stage.powerOff(node)
        stage.scriptBegins(other)
        stage.start(node)
        _up(stage, node)
        stage.script(other, "start")


@storyOfEach("failing-takeover")
def failingTakeover(stage: Stage, node: str) -> None:
    """C{node} loses power; the other's scripts fail until C{node} is back."""
    stage.form()
    other = stage.other(node).name
    stage.script(other, "start", fail=True)
    with stage.step(f"power loss of {node}, failing scripts, returns"):
        stage.powerOff(node)
        stage[other].expect("Giving up resources due to failure", 20.0)
        stage.start(node)
        _up(stage, node)


@storyOfEach("slow-standby")
def slowStandby(stage: Stage, node: str) -> None:
    """C{node} gives everything; its scripts and the other's take 2 s each."""
    stage.form()
    other = stage.other(node).name
    stage.script(node, "stop", 2.0)
    stage.script(other, "start", 2.0)
    with stage.step(f"standby all on {node}, slow scripts", 30.0, **everything(other)):
        stage.request(node, "standby", "all")


@storyOfEach("failing-standby")
def failingStandby(stage: Stage, node: str) -> None:
    """C{node} gives its own group; the other cannot start it, and it comes back."""
    stage.form()
    other = stage.other(node).name
    stage.script(other, "start", fail=True)
    with stage.step(
        f"standby local on {node}, failing start on {other}", 90.0, alpha="local", beta="local"
    ):
        stage.request(node, "standby", "local")
        stage[other].expect("Giving up resources due to failure", 20.0)


@storyOfEach("stuck-standby")
def stuckStandby(stage: Stage, node: str) -> None:
    """C{node} gives everything and cannot stop its group at first."""
    stage.form()
    other = stage.other(node).name
    stage.script(node, "stop", fail=True)
    with stage.step(f"standby all on {node}, stop fails for 3 s"):
        stage.request(node, "standby", "all")
        # The original tries eleven times, ten seconds in all, and then reboots the machine.
        stage.noted(node, "stop-failed")
        stage.wait(3.0)
        stage.script(node, "stop")
    with stage.step(f"standby all on {node} again", 30.0, **everything(other)):
        stage.request(node, "standby", "all")


@storyOfEach("slow-failback")
def slowFailback(stage: Stage, node: str) -> None:
    """C{node} comes back; the other's stop and its own start take 2 s each."""
    stage.form()
    other = stage.other(node).name
    with stage.step(f"power loss of {node}", **{other: "all"}):
        stage.powerOff(node)
    stage.script(node, "start", 2.0)
    stage.script(other, "stop", 2.0)
    with stage.step(f"{node} returns, slow scripts", **eachItsOwn(stage)):
        stage.start(node)
        _up(stage, node)


@storyOfEach("failing-failback")
def failingFailback(stage: Stage, node: str) -> None:
    """C{node} comes back and cannot start its own group; an operator sends it to the other."""
    stage.form()
    other = stage.other(node).name
    with stage.step(f"power loss of {node}", **{other: "all"}):
        stage.powerOff(node)
    stage.script(node, "start", fail=True)
    with stage.step(f"{node} returns, failing start", 90.0, **{other: "all"}):
        stage.start(node)
        stage[node].expect("Giving up resources due to failure", 30.0)
        _up(stage, node)
        if not stage.isOurs(node):
            # It goes on saying that it holds the group, and 30 s later gives the other class (B7).
            stage.wait(2.0)
            _insist(stage, node, "standby", "local", {other: "all"})


# Faults at other moments


@storyOfEach("giver-dies")
def giverDies(stage: Stage, node: str) -> None:
    """C{node} loses power while it releases what it gives."""
    stage.form()
    other = stage.other(node).name
    stage.script(node, "stop", 3.0)
    with stage.step(f"power loss of {node} in its standby", **{other: "all"}):
        stage.request(node, "standby", "all")
        stage.scriptBegins(node, "stop")
        stage.powerOff(node)
    stage.script(node, "stop")
    with stage.step(f"{node} returns", **eachItsOwn(stage)):
        stage.start(node)
        _up(stage, node)


@storyOfEach("taker-dies")
def takerDies(stage: Stage, node: str) -> None:
    """C{node} loses power while it starts what it was given."""
    stage.form()
    other = stage.other(node).name
    stage.script(node, "start", 3.0)
    with stage.step(f"power loss of {node} while it acquires", **{other: "all"}):
        stage.request(other, "standby", "all")
        stage.scriptBegins(node)
        stage.powerOff(node)
    stage.script(node, "start")
    with stage.step(f"{node} returns", **eachItsOwn(stage)):
        stage.start(node)
        _up(stage, node)


@storyOfEach("giver-killed")
def giverKilled(stage: Stage, node: str) -> None:
    """The daemon of C{node} is killed while the other acquires what it gave, and is started again."""
    stage.form()
    other = stage.other(node).name
    stage.script(other, "start", 3.0)
    with stage.step(f"kill -9 on {node} while {other} acquires, start"):
        stage.request(node, "standby", "all")
        stage.scriptBegins(other)
        stage.kill(node)
        stage.wait(stage.plan.deadtime + 2.5)
        stage.start(node)
        _up(stage, node)


@storyOfEach("giver-restarts")
def giverRestarts(stage: Stage, node: str) -> None:
    """The daemon of C{node} is stopped and started while the other acquires what it gave."""
    stage.form()
    other = stage.other(node).name
    stage.script(other, "start", 2.0)
    with stage.step(f"restart {node} while {other} acquires", 90.0):
        stage.request(node, "standby", "all")
        stage.scriptBegins(other)
        stage.stop(node)
        stage.start(node)
        _up(stage, node)


@storyOfEach("taker-restarts")
def takerRestarts(stage: Stage, node: str) -> None:
    """The daemon of C{node} is stopped and started while it acquires what it was given."""
    stage.form()
    other = stage.other(node).name
    stage.script(node, "start", 2.0)
    with stage.step(f"restart {node} while it acquires", 90.0):
        stage.request(other, "standby", "all")
        stage.scriptBegins(node)
        stage.stop(node)
        stage.start(node)
        _up(stage, node)


@storyOfEach("cut-in-standby")
def cutInStandby(stage: Stage, node: str) -> None:
    """All cables are cut while C{node} starts what it was given, and mended when both take all."""
    stage.form()
    other = stage.other(node).name
    stage.script(node, "start", 2.0)
    stage.request(other, "standby", "all")
    stage.scriptBegins(node)
    stage.cut()
    for name in NODES:
        stage.until(f"{name} takes all", lambda name=name: stage[name].holdings() == "all")
    stage.script(node, "start")
    with stage.step(f"cut while {node} acquires, mend"):
        stage.mend()
        _healed(stage)


@storyOfEach("cut-in-takeover")
def cutInTakeover(stage: Stage, node: str) -> None:
    """
    C{node} returns, and while the other gives its group back all cables are cut for longer than
    deadtime.
    """
    stage.form()
    other = stage.other(node).name
    with stage.step(f"power loss of {node}", **{other: "all"}):
        stage.powerOff(node)
    stage.script(other, "stop", 2.0)
    stage.start(node)
    if stage.setting.failback == "on":
        stage.scriptBegins(other, "stop", 40.0)
    stage.cut()
    stage.wait(stage.plan.deadtime + 4.0)
    stage.script(other, "stop")
    with stage.step(f"cut while {other} gives back, mend", 90.0):
        stage.mend()


@storyOfEach("peer-leaves-in-takeover")
def peerLeavesInTakeover(stage: Stage, node: str) -> None:
    """C{node} takes over from a node that was stopped; that one is started while the scripts run."""
    stage.form()
    other = stage.other(node).name
    stage.script(node, "start", 3.0)
    with stage.step(f"{other} stops, {node} is slow, {other} is started meanwhile", 90.0):
        stage.stop(other)
        stage.start(other)
        _up(stage, other)
