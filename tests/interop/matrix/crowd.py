"""
More than two nodes: everybody sees everybody, and a node of ours keeps out of the others' way.

The original's own groups are left to two originals at most; what three of them do to each other is told
in docs/compatibility.md.
"""

from __future__ import annotations

from tests.interop.lab import ConditionNotMet
from tests.interop.lab.laboratory import SERVICE_ADDRESS
from tests.interop.lab.nodes import Ours
from tests.interop.lab.plan import OTHER_ADDRESS
from tests.interop.matrix.stage import Stage
from tests.interop.matrix.story import Story

__all__ = ["CROWDS", "MEMBERS", "THIRD"]

CL_STATUS = "/usr/bin/cl_status"


class Crowd(Stage):
    """Three to eight machines; settled when all of them tell the same of each other."""

    def wrong(self, **expected: str) -> str:
        """
        What keeps the cluster from being settled, in words; empty if it is.

        @param expected: the owner of the address of C{alpha}'s and C{beta}'s group, if it matters.
        """
        said = {name: self.nodes[name].holdings() for name in sorted(self.running)}
        if any(word in ("transition", "down") for word in said.values()):
            return f"they say {said}"
        for name in sorted(self.running):
            seen = self._seenBy(name)
            if seen != self._wanted():
                return f"{name} sees {seen}"
        for home, owner in expected.items():
            address = {"alpha": SERVICE_ADDRESS, "beta": OTHER_ADDRESS}[home]
            if self.lab.owners.of(address) != {owner}:
                return f"{self.lab.owners.tell(address)}"
        return ""

    def _wanted(self) -> dict[str, str]:
        return {name: "active" if name in self.running else "dead" for name in self.nodes}

    def _seenBy(self, name: str) -> dict[str, str]:
        """What a node thinks of each; ours is asked by its own API, which is quicker."""
        node = self.nodes[name]
        if isinstance(node, Ours):
            return {one["name"]: one["status"] for one in node.status()["nodes"]}
        return {other: self._asked(name, "nodestatus", other) for other in self.nodes}

    def _judge(self, begin: float) -> None:
        """
        Ask everybody once more, by the original's own program.

        @raise ConditionNotMet: they do not agree.
        """
        super()._judge(begin)
        for name in sorted(self.running):
            listed = self._asked(name, "listnodes").split()
            seen = {other: self._asked(name, "nodestatus", other) for other in listed}
            if seen != self._wanted():
                raise ConditionNotMet(f"cl_status on {name} says {seen}")

    def _asked(self, name: str, *words: str) -> str:
        """What the original's own C{cl_status} says on a machine."""
        return self.nodes[name].machine.run(CL_STATUS, *words, check=False).stdout.strip()

    def _silences(self, begin: float) -> tuple[float | None, float | None]:
        return None, None


class Members(Crowd):
    """A crowd without any groups, which originals would each take from nodes that are slow to start."""

    resources = ()


def members(stage: Stage) -> None:
    """Everybody sees everybody; the death and the return of each kind of node is seen by all."""
    with stage.step("start all"):
        for name in stage.nodes:
            stage.start(name)
    one = {stage.isOurs(name): name for name in stage.nodes}
    for name in one.values():
        kind = "ours" if stage.isOurs(name) else "theirs"
        with stage.step(f"power loss of {name} ({kind})"):
            stage.powerOff(name)
        with stage.step(f"{name} ({kind}) returns"):
            stage.start(name)
    with stage.step(f"stop and start of {one[True]} (ours)"):
        stage.stop(one[True])
        stage.start(one[True])


def third(stage: Stage) -> None:
    """Two originals move their groups, lose each other and return beside a third node that is ours."""
    with stage.step("start all", alpha="alpha", beta="beta"):
        for name in stage.nodes:
            stage.start(name)
    with stage.step("standby all on alpha", alpha="beta", beta="beta"):
        stage.request("alpha", "standby", "all")
    with stage.step("takeover local on alpha", alpha="alpha", beta="beta"):
        stage.request("alpha", "takeover", "local")
    with stage.step("gamma (ours) restarts", alpha="alpha", beta="beta"):
        stage.stop("gamma")
        stage.start("gamma")
    with stage.step("power loss of gamma (ours)", alpha="alpha", beta="beta"):
        stage.powerOff("gamma")
    with stage.step("gamma (ours) returns", alpha="alpha", beta="beta"):
        stage.start("gamma")
    with stage.step("power loss of alpha", alpha="beta", beta="beta"):
        stage.powerOff("alpha")
    with stage.step("alpha returns", 90.0):
        stage.start("alpha")


MEMBERS = Story("members", members, (members.__doc__ or "").strip(), stage=Members)
THIRD = Story("third", third, (third.__doc__ or "").strip(), stage=Crowd)

CROWDS: tuple[tuple[str, Story], ...] = (
    ("theirs-ours-ours", MEMBERS),
    ("ours-theirs-ours", MEMBERS),
    ("theirs-theirs-ours", MEMBERS),
    ("theirs-theirs-ours", THIRD),
    ("ours-ours-ours-theirs-ours-ours-ours-theirs", MEMBERS),
)
"""Who is in each of them, and what is told."""
