"""
What a packet costs that a node refuses, by what is wrong with it: ours and heartbeat 3.0.6.

A stranger on the cluster's network sends datagrams to one node of a settled pair.  The processor time of
all processes of the node, less what they use without it, is divided by the datagrams that arrived: from
the socket to the refusal, in real processes.  Run it as root on Linux:
C{python -m benchmarks.refusal [--count 20000] [--rate 5000]}.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.footprint import memory, processorTime
from benchmarks.table import table
from tests.interop.lab import SERVICE_ADDRESS, Lab, waitFor, whyNot
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.strangers import DEADLY, KINDS, datagrams
from tests.interop.lab.waiting import now

_IDLE = 4.0
_QUIET = 1.0
_TICKS = 0.02
_FIRST = 100
_WORTH = 1.0
"""Seconds of processor time that are enough to measure with."""


@dataclass
class Refusing:
    """
    One product.

    @ivar costs: by kind of datagram, microseconds of processor time each, or words.
    @ivar grown: bytes of RSS that all of them together left behind, before the one that may kill.
    """

    product: str
    costs: dict[str, str] = field(default_factory=dict)
    grown: int = 0


def dropped(node: Node) -> int:
    """How many datagrams the kernel has thrown away because nobody read them."""
    lines = Path(f"/proc/{node.machine.inside.pid}/net/udp").read_text().splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines)


class Measuring:
    """A settled pair and a stranger."""

    def __init__(self, lab: Lab, system: type[Node], count: int, rate: int) -> None:
        self._lab = lab
        self._count = count
        self._rate = rate
        plan = Plan(keepalive=1.0, warntime=5.0, deadtime=10.0, initdead=10.0)
        for machine in lab.machines.values():
            machine.powerOn(SERVICE_ADDRESS)
        self._nodes = [system(machine, plan) for machine in lab.machines.values()]
        self.node = self._nodes[0]
        self._start()
        self.result = Refusing(system.product)

    def _start(self) -> None:
        for node in self._nodes:
            if not node.processes():
                node.start()
        for node in self._nodes:
            node.settled("local", 60.0)
        time.sleep(1.0)

    def run(self) -> Refusing:
        """Every kind, one after the other."""
        self._capture = self._lab.capture()
        pids = set(self.node.processes())
        before = self._spent(pids)
        time.sleep(_IDLE)
        self._idle = (self._spent(pids) - before) / _IDLE
        size = self._memory()
        for kind in KINDS:
            if kind == DEADLY:
                self.result.grown = self._memory() - size
            self.result.costs[kind] = self._one(kind)
            print(f"  {self.result.product}: {kind}: {self.result.costs[kind]}", file=sys.stderr)
        return self.result

    def _memory(self) -> int:
        return sum(memory(pid)[0] for pid in self.node.processes())

    def _one(self, kind: str) -> str:
        sent = [each.payload for each in self._capture.packets if each.machine == "beta"]
        frames = datagrams(kind, sent)
        try:
            cost = self._cost(frames, _FIRST)
            count = max(_FIRST, min(self._count, round(_WORTH / max(cost, 1e-6))))
            return f"{self._cost(frames, count) * 1e6:.0f}"
        except Died:
            self._revive()
            return "died"

    def _cost(self, frames: list[bytes], count: int) -> float:
        """Seconds of processor time that each of so many datagrams costs."""
        lost = dropped(self.node)
        used = self._used(lambda: self._lab.flood(self.node.machine, frames, count, self._rate))
        return used / (count - (dropped(self.node) - lost))

    def _used(self, doing: Callable[[], object]) -> float:
        """Processor time of the node's processes for something, until they are as quiet as before."""
        pids = set(self.node.processes())
        before, began = self._spent(pids), now()
        doing()
        while True:
            present = self._spent(pids)
            time.sleep(_QUIET)
            if self._spent(pids) - present <= self._idle * _QUIET + _TICKS:
                return self._spent(pids) - before - self._idle * (now() - began)

    def _spent(self, pids: set[int]) -> float:
        if set(self.node.processes()) != pids:
            raise Died
        return sum(map(processorTime, pids))

    def _revive(self) -> None:
        self.node.kill()
        waitFor("all of it is gone", lambda: not self.node.processes(), 10.0)
        self._start()


class Died(Exception):
    """A process of the node is not there any more."""


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks.refusal", description=__doc__)
    parser.add_argument(
        "--count", type=int, default=20000, help="datagrams of each kind (default: 20000)"
    )
    parser.add_argument("--rate", type=int, default=5000, help="a second (default: 5000)")
    parser.add_argument("--only", choices=["ours", "heartbeat"], help="one of the two alone")
    options = parser.parse_args()
    systems: list[tuple[str, type[Node], str | None]] = [
        ("ours", Ours, whyNot(ours=True)),
        ("heartbeat", Heartbeat306, whyNot(heartbeat=True)),
    ]
    results, problems = [], []
    for name, system, reason in systems:
        if options.only not in (None, name):
            continue
        if reason is not None:
            problems.append(f"{system.product}: not measured: {reason}")
            continue
        with Lab() as lab:
            results.append(Measuring(lab, system, options.count, options.rate).run())
    rows = [[kind, *(result.costs[kind] for result in results)] for kind in KINDS]
    rows.append(["RSS grown by all of it, kB", *(f"{result.grown / 1000:.0f}" for result in results)])
    print("\nprocessor time for each datagram, in microseconds\n")
    print(table(["", *(result.product for result in results)], rows))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
