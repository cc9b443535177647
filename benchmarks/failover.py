"""
How long the user of an address waits: ours, heartbeat 3.0.6 and keepalived with the same timers, in the
same namespaces, one after the other.

What is measured is the longest silence that a client notes who asks the shared address every 2 ms.  Run
it as root on Linux: C{python -m benchmarks.failover [--rounds 5] [--keepalive 0.1] [--deadtime 0.5]}.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.table import table
from tests.interop.lab import SERVICE_ADDRESS, ConditionNotMet, Lab, waitFor, whyNot
from tests.interop.lab.client import Client
from tests.interop.lab.machine import Machine
from tests.interop.lab.nodes import Heartbeat306, Keepalived, Node, Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.waiting import now

_GROWN_UP = 6.0
Maker = Callable[[Machine, Plan], Node]


class SameBeat(Keepalived):
    """Keepalived which advertises as often as the others beat; it gives up after three and a bit."""

    product = "keepalived, same beat"

    def interval(self) -> float:
        return self.plan.keepalive


class SamePatience(Keepalived):
    """Keepalived which waits as long as the others before it takes over."""

    product = "keepalived, same patience"


@dataclass
class Measured:
    """What was seen of one system, in seconds."""

    product: str
    cold: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    standby: list[float] = field(default_factory=list)
    stop: list[float] = field(default_factory=list)
    twoOwners: float = 0.0
    failures: list[str] = field(default_factory=list)


class Trial:
    """One system in a fresh laboratory."""

    def __init__(self, make: Maker, product: str, plan: Plan, rounds: int) -> None:
        self._make = make
        self._plan = plan
        self._rounds = rounds
        self._youngest = 0.0
        self.measured = Measured(product)

    def run(self) -> Measured:
        """Switch on, move, lose, stop; as often as asked."""
        with Lab() as lab:
            try:
                self._cold(lab)
                client = lab.client()
                self._several("standby", self._standby, self.measured.standby, lab, client)
                self._several("power loss", self._loss, self.measured.loss, lab, client)
                self._several("stop", self._stop, self.measured.stop, lab, client)
            except ConditionNotMet as failure:
                self.measured.failures.append(str(failure))
            conflicts = lab.owners.conflicts(SERVICE_ADDRESS)
            self.measured.twoOwners = sum(end - start for start, end, _who in conflicts)
        return self.measured

    def _several(
        self,
        name: str,
        scenario: Callable[[Lab, Client, Node, Node], float],
        results: list[float],
        lab: Lab,
        client: Client,
    ) -> None:
        for number in range(self._rounds):
            active, passive = self._roles(lab)
            seconds = scenario(lab, client, active, passive)
            results.append(seconds)
            self._progress(f"{name} {number + 1}", seconds)

    def _cold(self, lab: Lab) -> None:
        for machine in lab.machines.values():
            machine.powerOn(SERVICE_ADDRESS)
        self._nodes = [self._make(machine, self._plan) for machine in lab.machines.values()]
        start = max(self._start(node) for node in self._nodes)
        served = waitFor(
            "somebody serves the address",
            lambda: lab.owners.arrivals(SERVICE_ADDRESS),
            60.0,
            instead=lambda: "\n".join(node.tail() for node in self._nodes),
        )
        self.measured.cold.append(served[0].time - start)
        self._progress("cold start", self.measured.cold[-1])

    def _progress(self, what: str, seconds: float) -> None:
        print(f"  {self.measured.product}: {what}: {seconds:.3f} s", file=sys.stderr, flush=True)

    def _roles(self, lab: Lab) -> tuple[Node, Node]:
        """The node that serves and the one that could; both settled."""

        def settled() -> bool:
            answers = [node.holdings() for node in self._nodes]
            return len(lab.owners.of(SERVICE_ADDRESS)) == 1 and not {"transition", "down"} & set(answers)

        what = "both nodes are settled"
        waitFor(what, settled, 60.0, 0.1, lambda: "\n".join(node.tail() for node in self._nodes))
        (owner,) = lab.owners.of(SERVICE_ADDRESS)
        active, passive = sorted(self._nodes, key=lambda node: node.name != owner)
        # The next silence must be the next move's, and nobody may be young: in the first 5 s of its life
        # heartbeat 3.0.6 asks to be given 2 s more than deadtime.
        time.sleep(max(2 * self._plan.deadtime, self._youngest + _GROWN_UP - now()))
        return active, passive

    def _start(self, node: Node) -> float:
        self._youngest = now()
        return node.start()

    def _standby(self, lab: Lab, client: Client, active: Node, passive: Node) -> float:
        moment = active.standby()
        self._moved(lab, client, passive, moment)
        if not active.processes():
            self._start(active)
        return client.longestSilence(moment).seconds

    def _loss(self, lab: Lab, client: Client, active: Node, passive: Node) -> float:
        moment = active.machine.powerOff()
        self._moved(lab, client, passive, moment)
        silence = client.longestSilence(moment).seconds
        active.machine.powerOn(SERVICE_ADDRESS)
        self._start(active)
        return silence

    def _stop(self, lab: Lab, client: Client, active: Node, passive: Node) -> float:
        moment = active.stop()
        self._moved(lab, client, passive, moment)
        self._start(active)
        return client.longestSilence(moment).seconds

    def _moved(self, lab: Lab, client: Client, to: Node, moment: float) -> None:
        lab.owners.expect(SERVICE_ADDRESS, to.name, 60.0, moment)
        client.expect(to.name, 15.0)


def cell(times: list[float]) -> str:
    """The median and the worst of some times, in milliseconds."""
    if not times:
        return "-"
    median, worst = statistics.median(times) * 1000, max(times) * 1000
    return f"{median:.0f} / {worst:.0f}"


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks.failover", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each kind of move (default: 5)")
    parser.add_argument("--keepalive", type=float, default=0.1, help="seconds (default: 0.1)")
    parser.add_argument("--deadtime", type=float, default=0.5, help="seconds (default: 0.5)")
    parser.add_argument("--only", choices=["ours", "heartbeat", "keepalived"], help="one system alone")
    options = parser.parse_args()
    plan = Plan(
        keepalive=options.keepalive,
        warntime=options.deadtime / 2,
        deadtime=options.deadtime,
        initdead=max(2.0, options.deadtime),
        failback="off",
    )
    systems: list[tuple[str, type[Node], str | None]] = [
        ("ours", Ours, whyNot(ours=True)),
        ("heartbeat", Heartbeat306, whyNot(heartbeat=True)),
        ("keepalived", SameBeat, whyNot(keepalived=True)),
        ("keepalived", SamePatience, whyNot(keepalived=True)),
    ]
    rows = []
    problems = []
    for name, system, reason in systems:
        if options.only not in (None, name):
            continue
        if reason is not None:
            problems.append(f"{system.product}: not measured: {reason}")
            continue
        measured = Trial(system, system.product, dataclasses.replace(plan), options.rounds).run()
        problems += [f"{system.product}: {failure}" for failure in measured.failures]
        times = (measured.cold, measured.loss, measured.standby, measured.stop)
        rows.append([system.product, *map(cell, times), f"{measured.twoOwners * 1000:.0f}"])
    print(
        f"\nkeepalive {plan.keepalive * 1000:.0f} ms, deadtime {plan.deadtime * 1000:.0f} ms;"
        f" milliseconds, median / worst of {options.rounds}\n"
    )
    head = ["", "start to serve", "power loss", "standby", "stop", "two owners"]
    print(table(head, rows))
    print(
        "\nstart to serve: from the start of both programs to the address.  The others: the longest"
        "\nsilence for a client that asks every 2 ms.  Two owners: how long two machines had the address"
        "\nat one time, over the whole run.  keepalived has no standby; there it is a stop."
    )
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
