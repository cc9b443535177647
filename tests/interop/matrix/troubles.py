"""
What happens to a cluster in the middle of something else: scripts that are slow or fail, and faults
while groups are on the move.
"""

from __future__ import annotations

from tests.interop.matrix.stage import Stage
from tests.interop.matrix.story import (
    NODES,
    eachItsOwn,
    everything,
    healed,
    insist,
    storyOfEach,
    takesPart,
)

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
        takesPart(stage, node)
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
        takesPart(stage, node)


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
        takesPart(stage, node)


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
        takesPart(stage, node)
        if not stage.isOurs(node):
            # It goes on saying that it holds the group, and 30 s later gives the other class (B7).
            stage.wait(2.0)
            insist(stage, node, "standby", "local", {other: "all"})


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
        takesPart(stage, node)


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
        takesPart(stage, node)


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
        takesPart(stage, node)


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
        takesPart(stage, node)


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
        takesPart(stage, node)


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
        healed(stage)


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
        takesPart(stage, other)
