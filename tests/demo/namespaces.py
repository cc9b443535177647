"""The stage for root on Linux: two machines made of namespaces, a real address, real cables."""

from __future__ import annotations

from tests.demo.stage import DEADTIME, KEEPALIVE
from tests.interop.lab import SERVICE_ADDRESS, Lab
from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import CLUSTER, SERVICE
from tests.interop.lab.nodes import Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.waiting import now

__all__ = ["NamespaceStage"]


class NamespaceStage:
    """Machines that can lose power."""

    place = f"each a machine made of Linux namespaces; their service is the address {SERVICE_ADDRESS}"
    service = SERVICE_ADDRESS
    cables = True

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        plan = Plan(
            keepalive=KEEPALIVE, warntime=DEADTIME / 2, deadtime=DEADTIME, initdead=3.0, failback="on"
        )
        self._nodes = {name: Ours(machine, plan) for name, machine in lab.machines.items()}

    def client(self) -> Client:
        return self._lab.client()

    def start(self, name: str) -> float:
        node = self._nodes[name]
        if not node.machine.isOn:
            node.machine.powerOn(SERVICE_ADDRESS)
        return node.start()

    def standby(self, name: str) -> float:
        return self._nodes[name].standby("all")

    def kill(self, name: str) -> float:
        return self._nodes[name].killDaemon()

    def lose(self, name: str) -> float:
        return self._nodes[name].machine.powerOff()

    def part(self) -> float:
        self._lab.cutCable(self._lab["alpha"], CLUSTER)
        return now()

    def isolate(self, name: str) -> float:
        for network in (SERVICE, CLUSTER):
            self._lab.cutCable(self._lab[name], network)
        return now()

    def mend(self) -> float:
        self._lab.mend()
        return now()

    def holdings(self, name: str) -> str:
        return self._nodes[name].holdings()

    def log(self, name: str) -> str:
        return self._nodes[name].tail()
