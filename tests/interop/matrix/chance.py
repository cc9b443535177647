"""
Faults at moments that nobody has chosen: a story from a seed.

The same seed tells the same deeds after the same pauses; what the machines make of it depends on the
moment, which is the point.  Every deed is printed into the row, so that a story that went wrong can be
told by hand.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Callable

from tests.interop.lab import ConditionNotMet
from tests.interop.lab.laboratory import CLUSTER
from tests.interop.matrix.stage import Stage
from tests.interop.matrix.story import NODES, Story

__all__ = ["byChance"]

_DEEDS = 6
_LONGEST = 50.0
"""Seconds in which everything but that waiting is over: the original takes 30 after a failed script."""
_RESOURCES = ("all", "local", "foreign")


class _Chance:
    """Does things to a stage, and puts them right in the end."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.done: list[str] = []
        self._isCut = False

    def tell(self) -> None:
        """Do all of it."""
        deeds: tuple[tuple[int, Callable[[str], str]], ...] = (
            (4, self._ask),
            (3, self._power),
            (2, self._stop),
            (2, self._kill),
            (2, self._slow),
            (1, self._fail),
            (2, self._cable),
            (1, self._lose),
            (1, self._stall),
        )
        weights = [weight for weight, _ in deeds]
        for _ in range(_DEEDS):
            ((_, deed),) = self.random.choices(deeds, weights)
            node = self.random.choice(NODES)
            pause = self.random.choice((0.0, 0.3, 1.0, 3.0)) * self.random.random() * 1.5
            self.stage.wait(pause)
            self.done.append(f"+{pause:.2f} {deed(node)}")

    def repair(self) -> None:
        """Nothing is cut, lost or failing any more, and both daemons run."""
        self.stage.mend()
        for node in NODES:
            for verb in ("start", "stop"):
                self.stage.script(node, verb)
            if node not in self.stage.running:
                self.stage.start(node)

    def free(self) -> None:
        """
        Start an original anew that waits an hour for the end of a standby whose giver was started anew
        (resource-management.md section 3.8).  Only an operator can, and two originals need one, too.
        """
        with contextlib.suppress(ConditionNotMet):
            self.stage.settle(_LONGEST)
            return
        for node in NODES:
            other = self.stage.other(node)
            if self.stage[node].holdings() == "transition" and other.holdings() not in (
                "transition",
                "down",
            ):
                if self.stage.isOurs(node):
                    return
                self.stage.kill(node)
                self.stage.start(node)
                self.done.append(f"(then {node}, which waited for ever, was started anew)")
                return

    def _ask(self, node: str) -> str:
        verb, resources = self.random.choice(("standby", "takeover")), self.random.choice(_RESOURCES)
        if node in self.stage.running:
            self.stage.request(node, verb, resources)
        return f"{verb} {resources} on {node}"

    def _power(self, node: str) -> str:
        if not self.stage[node].machine.isOn:
            self.stage.start(node)
            return f"power on {node}"
        self.stage.powerOff(node)
        return f"power off {node}"

    def _stop(self, node: str) -> str:
        return self._end(node, "stop", self.stage.stop)

    def _kill(self, node: str) -> str:
        return self._end(node, "kill", self.stage.kill)

    def _end(self, node: str, word: str, end: Callable[[str], None]) -> str:
        if node not in self.stage.running:
            self.stage.start(node)
            return f"start {node}"
        # While the original waits for its links it puts a stop off until initdead.
        if word == "stop" and not self.stage.isOurs(node) and self.stage[node].holdings() == "down":
            return f"leave {node} alone"
        end(node)
        return f"{word} {node}"

    def _slow(self, node: str) -> str:
        verb, seconds = self.random.choice(("start", "stop")), self.random.choice((0.5, 1.5, 3.0, 6.0))
        self.stage.script(node, verb, seconds)
        return f"{verb} takes {seconds} s on {node}"

    def _fail(self, node: str) -> str:
        self.stage.script(node, "start", fail=True)
        return f"start fails on {node}"

    def _cable(self, node: str) -> str:
        self._isCut = not self._isCut
        (self.stage.cut if self._isCut else self.stage.mend)()
        return "cut all" if self._isCut else "mend all"

    def _lose(self, node: str) -> str:
        percent = self.random.choice((10, 20))
        if self._isCut:
            return "leave the cables alone"
        self.stage.lab.drop(self.stage["alpha"].machine, CLUSTER, percent)
        return f"lose {percent} %"

    def _stall(self, node: str) -> str:
        # Longer stalls make the original declare the healthy node dead (B6).
        seconds = round(self.random.uniform(0.1, 0.6) * self.stage.plan.deadtime, 2)
        if node in self.stage.running:
            self.stage.stall(node, seconds)
        return f"stall {node} for {seconds} s"


def _tell(stage: Stage, seed: int) -> None:
    stage.form()
    chance = _Chance(stage, seed)
    # The deeds are known only when they are done; the row is named then.
    with stage.step(f"seed {seed}", 120.0):
        chance.tell()
        chance.repair()
        chance.free()
        stage.rename(f"seed {seed}: {'; '.join(chance.done)}")


def byChance(seed: int) -> Story:
    """The story of a seed."""
    return Story(
        f"chance-{seed}",
        functools.partial(_tell, seed=seed),
        f"{_DEEDS} deeds at random moments, from seed {seed}",
    )
