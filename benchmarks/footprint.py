"""
What a settled node costs: ours and heartbeat 3.0.6 side by side, at 20 messages a second each way.

CPU and memory of all processes of one node, its helpers included; memory as RSS (what ps shows, shared
pages counted in every process) and as PSS (shared pages divided among those who share them).  Run it as
root on Linux: C{python -m benchmarks.footprint [--seconds 20]}.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import table
from tests.interop.lab import SERVICE_ADDRESS, Lab, whyNot
from tests.interop.lab.capture import Capture
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.waiting import now

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """
    Of all processes of one node.

    @ivar cpu: seconds of processor time in one second.
    @ivar rss: bytes, and so is C{pss}.
    @ivar messages: a second, that the node sent.
    """

    product: str
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


def measure(node: Node, capture: Capture, seconds: float) -> Cost:
    """Watch a settled node for some seconds."""
    pids = node.processes()
    before = sum(map(processorTime, pids))
    start, sent = now(), len(capture.packets)
    # A rate needs a span of time; there is nothing to wait for.
    time.sleep(seconds)
    span = now() - start
    used = sum(map(processorTime, pids)) - before
    messages = sum(packet.machine == node.name for packet in capture.packets[sent:])
    sizes = [memory(pid) for pid in pids]
    rss, pss = sum(size[0] for size in sizes), sum(size[1] for size in sizes)
    return Cost(node.product, len(pids), used / span, rss, pss, messages / span)


def run(system: type[Node], plan: Plan, seconds: float) -> Cost:
    """The cost of the node that serves, in a pair of the same kind."""
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
        return measure(nodes[0], lab.capture(), seconds)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks.footprint", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="to watch each (default: 20)")
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second (default: 20)")
    options = parser.parse_args()
    keepalive = 1.0 / options.rate
    plan = Plan(keepalive=keepalive, warntime=10 * keepalive, deadtime=40 * keepalive, initdead=3.0)
    costs, problems = [], []
    for system, reason in ((Ours, whyNot(ours=True)), (Heartbeat306, whyNot(heartbeat=True))):
        if reason is None:
            costs.append(run(system, plan, options.seconds))
        else:
            problems.append(f"{system.product}: not measured: {reason}")
    rows = [
        [
            cost.product,
            str(cost.processes),
            f"{cost.messages:.1f}/s",
            f"{cost.cpu * 100:.2f} %",
            f"{cost.pss / 1e6:.1f} MB",
            f"{cost.rss / 1e6:.1f} MB",
        ]
        for cost in costs
    ]
    print(f"\none node of a settled pair, keepalive {keepalive * 1000:.0f} ms\n")
    print(table(["", "processes", "sent", "CPU", "PSS", "RSS"], rows))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
