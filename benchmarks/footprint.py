"""
What a settled node costs: ours and heartbeat 3.0.6 side by side, at 20 messages a second each way.

CPU and memory of all processes of a node, its helpers included, for each node of a pair; memory as RSS
(what ps shows, shared pages counted in every process) and as PSS (shared pages divided among those who
share them).  Messages are counted before that, since the kernel charges a sender for every copy it makes
for who listens in.  Run it as root on Linux: C{python -m benchmarks.footprint [--seconds 20]}.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import table
from tests.interop.lab import SERVICE_ADDRESS, Lab, whyNot
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.waiting import now

_TICK = os.sysconf("SC_CLK_TCK")
_COUNTING = 3.0


@dataclass(frozen=True, slots=True)
class Cost:
    """
    Of all processes of one node.

    @ivar role: what the node does in the pair.
    @ivar cpu: seconds of processor time in one second.
    @ivar rss: bytes, and so is C{pss}.
    @ivar messages: a second, that the node sent.
    """

    product: str
    role: str
    processes: int
    cpu: float
    rss: int
    pss: int
    messages: float


def processorTime(pid: int) -> float:
    """User and system time a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory(pid: int) -> tuple[int, int]:
    """RSS and PSS of a process, in bytes."""
    sizes = {"Rss": 0, "Pss": 0}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, size = line.partition(":")
        if name in sizes:
            sizes[name] = int(size.split()[0]) * 1024
    return sizes["Rss"], sizes["Pss"]


def rates(nodes: Sequence[Node], lab: Lab) -> list[float]:
    """How many messages each node sends in a second."""
    start, capture = now(), lab.capture()
    # A rate needs a span of time; there is nothing to wait for.
    time.sleep(_COUNTING)
    span, packets = now() - start, capture.stop()
    return [sum(packet.machine == node.name for packet in packets) / span for node in nodes]


def measure(nodes: Sequence[Node], lab: Lab, seconds: float) -> list[Cost]:
    """Watch a settled pair for some seconds: the node that serves, and the one that stands by."""
    messages = rates(nodes, lab)
    pids = [node.processes() for node in nodes]
    before, start = [sum(map(processorTime, of)) for of in pids], now()
    time.sleep(seconds)
    after, span = [sum(map(processorTime, of)) for of in pids], now() - start
    costs = []
    for number, role in enumerate(("serves", "stands by")):
        cpu = (after[number] - before[number]) / span
        sizes = [memory(pid) for pid in pids[number]]
        rss, pss = sum(size[0] for size in sizes), sum(size[1] for size in sizes)
        product = nodes[number].product
        costs.append(Cost(product, role, len(sizes), cpu, rss, pss, messages[number]))
    return costs


def run(system: type[Node], plan: Plan, seconds: float) -> list[Cost]:
    """The cost of a pair of the same kind."""
    with Lab() as lab:
        for machine in lab.machines.values():
            machine.powerOn(SERVICE_ADDRESS)
        nodes = [system(machine, plan) for machine in lab.machines.values()]
        for node in nodes:
            node.start()
        for node in nodes:
            node.settled("local", 60.0)
        lab.owners.expect(SERVICE_ADDRESS, "alpha", 10.0)
        time.sleep(3.0)
        return measure(nodes, lab, seconds)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks.footprint", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="to watch each (default: 20)")
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second (default: 20)")
    options = parser.parse_args()
    keepalive = 1.0 / options.rate
    plan = Plan(keepalive=keepalive, warntime=10 * keepalive, deadtime=40 * keepalive, initdead=3.0)
    costs: list[Cost] = []
    problems: list[str] = []
    for system, reason in ((Ours, whyNot(ours=True)), (Heartbeat306, whyNot(heartbeat=True))):
        if reason is None:
            costs += run(system, plan, options.seconds)
        else:
            problems.append(f"{system.product}: not measured: {reason}")
    rows = [
        [
            cost.product,
            cost.role,
            str(cost.processes),
            f"{cost.messages:.1f}/s",
            f"{cost.cpu * 100:.2f} %",
            f"{cost.pss / 1e6:.1f} MB",
            f"{cost.rss / 1e6:.1f} MB",
        ]
        for cost in costs
    ]
    print(f"\nthe nodes of a settled pair, keepalive {keepalive * 1000:.0f} ms\n")
    print(table(["", "", "processes", "sent", "CPU", "PSS", "RSS"], rows))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
