"""
What happens to a cluster whose scripts do as they are told: it is switched on, loses nodes and cables,
and moves its groups on request.

Each story begins with machines that are switched on and ends settled; a step is judged when it ends
(L{Stage.step}).
"""

from __future__ import annotations

from tests.interop.lab.laboratory import CLUSTER
from tests.interop.matrix.stage import Stage
from tests.interop.matrix.story import (
    NODES,
    eachItsOwn,
    everything,
    healed,
    insist,
    story,
    storyOfEach,
    takesPart,
)

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
        takesPart(stage, other)


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
        takesPart(stage, node)


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
        takesPart(stage, node)


@storyOfEach("restart", deadtime=6.0)
def restart(stage: Stage, node: str) -> None:
    """The daemon of C{node} is stopped and started again at once."""
    stage.form()
    with stage.step(f"restart {node}", **eachItsOwn(stage)):
        stage.stop(node)
        stage.start(node)
        takesPart(stage, node)


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
        takesPart(stage, node)


@storyOfEach("kill")
def kill(stage: Stage, node: str) -> None:
    """The daemon of C{node} is killed, and started again when it is dead for the other."""
    stage.form()
    with stage.step(f"kill -9 on {node}, start", **eachItsOwn(stage)):
        stage.kill(node)
        stage.other(node).expect(f"node {node}: is dead")
        stage.wait(1.5)
        stage.start(node)
        takesPart(stage, node)


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
        healed(stage)


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
        healed(stage)


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
            insist(stage, node, "standby", "all", everything(other))
        with stage.step(f"takeover all on {node} with loss", 90.0, **everything(node)):
            insist(stage, node, "takeover", "all", everything(node))
    for node in NODES:
        with stage.step(f"restart {node} with loss", 90.0):
            stage.stop(node)
            stage.start(node)
            takesPart(stage, node)
    with stage.step("another minute of 10 % loss", 90.0):
        stage.wait(60.0)
    with stage.step("no more loss"):
        stage.mend()
