"""The laboratory: two switches, the machines on them, cables to cut, and a user of the service."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.interop.lab.bugs import bugsIn
from tests.interop.lab.capture import Capture
from tests.interop.lab.client import Client
from tests.interop.lab.machine import PROGRAMS, PYTHON, SERVICE_PORT, Machine
from tests.interop.lab.namespaces import Namespaces, childrenOf
from tests.interop.lab.owners import Owners
from tests.interop.lab.serial import SerialCable

__all__ = ["CLUSTER", "KEEP", "SERVICE", "SERVICE_ADDRESS", "Lab"]

SERVICE = "service"
"""The network of the users: C{eth0} of every machine."""
CLUSTER = "cluster"
"""The network the nodes talk on: C{eth1} of every machine."""
SERVICE_ADDRESS = "10.77.0.100"
_CARD = {SERVICE: "eth0", CLUSTER: "eth1"}
_THIRD = {SERVICE: 0, CLUSTER: 1}
KEEP = "TWISTED_HA_KEEP_LAB"
"""In the environment: leave the machines' disks behind, for somebody who wants to read all the logs."""
_HOLD = "import sys; print('ready', flush=True); sys.stdin.read()"
_PREFIX = "twisted-ha-lab-"
_KEPT = "twisted-ha-kept-lab-"


class Lab:
    """
    A context: everything in it is gone when it is left, or when this process dies.

    @ivar machines: by name.
    @ivar owners: who has which address, and who had.
    """

    def __init__(self, *names: str) -> None:
        self._names = names or ("alpha", "beta")
        self.machines: dict[str, Machine] = {}
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Lab:
        _removeAbandoned()
        kept = KEEP in os.environ
        self.disk = Path(tempfile.mkdtemp(prefix=f"{_KEPT if kept else _PREFIX}{os.getpid()}-"))
        if not kept:
            self._ends.callback(shutil.rmtree, self.disk, ignore_errors=True)
        self._switch = self._makeSwitch()
        self.owners = Owners(self._switch)
        self._ends.callback(self.owners.close)
        for number, name in enumerate(self._names, start=1):
            address = {network: f"10.77.{third}.{number}" for network, third in _THIRD.items()}
            machine = Machine(name, self.disk / name, address)
            machine.networked = self._plugIn
            machine.poweredOff = self._fallen
            self.machines[name] = machine
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for machine in self.machines.values():
                if machine.isOn:
                    machine.powerOff()
        finally:
            self._ends.close()

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    # Building

    def _makeSwitch(self) -> Namespaces:
        holder = subprocess.Popen(
            ["unshare", "--net", "--fork", *PYTHON, "-c", _HOLD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdin is not None and holder.stdout is not None
        self._ends.callback(holder.wait)
        self._ends.callback(holder.stdin.close)
        self._ends.callback(holder.stdout.close)
        holder.stdout.readline()
        (pid,) = childrenOf(holder.pid)
        switch = Namespaces(pid, "-n")
        lines = ["link set lo up"]
        for network, third in _THIRD.items():
            # A bridge without an address of its own takes a port's, and changes it when that port goes:
            # then the machines would send their answers to somebody who is no more.
            lines += [
                f"link add {network} address 02:00:00:77:0{third}:fe type bridge"
                " forward_delay 0 mcast_snooping 0",
                f"link set {network} up",
                f"addr add 10.77.{third}.254/24 brd + dev {network}",
            ]
        switch.run(["ip", "-batch", "-"], stdin="\n".join(lines) + "\n")
        return switch

    def _plugIn(self, machine: Machine) -> None:
        pid = machine.inside.pid
        outside = []
        inside = ["link set lo up"]
        for network, card in _CARD.items():
            port = self.port(machine, network)
            outside += [
                f"link add {port} type veth peer name {card} netns {pid}",
                f"link set {port} master {network}",
                f"link set {port} up",
            ]
            inside += [
                f"addr add {machine.address[network]}/24 brd + dev {card}",
                f"link set {card} up",
            ]
        self.owners.watch(machine)
        self._switch.run(["ip", "-batch", "-"], stdin="\n".join(outside) + "\n")
        machine.run("ip", "-batch", "-", stdin="\n".join(inside) + "\n")

    def _fallen(self, machine: Machine) -> None:
        self.owners.forget(machine)
        lines = [f"link del {self.port(machine, network)}" for network in _CARD]
        # The kernel may have removed them already, with the machine's namespace.
        self._switch.run(["ip", "-force", "-batch", "-"], stdin="\n".join(lines) + "\n", check=False)

    def port(self, machine: Machine, network: str) -> str:
        """The switch's port that a machine's cable ends in; the kernel wants a short name."""
        return f"{machine.name.partition('.')[0]}.{_CARD[network]}"

    # Faults

    def cutCable(self, machine: Machine, network: str) -> None:
        """Pull the cable: the machine sees its carrier go."""
        self._switch.run(["ip", "link", "set", self.port(machine, network), "down"])

    def drop(self, machine: Machine, network: str, percent: int = 100) -> None:
        """Lose packets further away: the machine's card stays up, but this share arrives nowhere."""
        port = self.port(machine, network)
        lines = ["add table bridge lab"]
        for number, (hook, match) in enumerate((("prerouting", "iifname"), ("postrouting", "oifname"))):
            chain = f"loss_{machine.name}_{network}_{number}"
            chance = "" if percent >= 100 else f"numgen random mod 100 < {percent} "
            lines += [
                f"add chain bridge lab {chain} {{ type filter hook {hook} priority 0; }}",
                f"flush chain bridge lab {chain}",
                f'add rule bridge lab {chain} {match} "{port}" {chance}drop',
            ]
        self._switch.run(["nft", "-f", "-"], stdin="\n".join(lines) + "\n")

    def muffle(self, machine: Machine, network: str) -> None:
        """What a machine sends arrives nowhere; it hears the others all the same."""
        port = self.port(machine, network)
        chain = f"muffle_{machine.name}_{network}"
        lines = [
            "add table bridge lab",
            f"add chain bridge lab {chain} {{ type filter hook prerouting priority 0; }}",
            f'add rule bridge lab {chain} iifname "{port}" drop',
        ]
        self._switch.run(["nft", "-f", "-"], stdin="\n".join(lines) + "\n")

    def mend(self) -> None:
        """Every cable is plugged in again and nothing is lost any more."""
        for machine in self.machines.values():
            for network in _CARD:
                if machine.isOn:
                    self._switch.run(["ip", "link", "set", self.port(machine, network), "up"])
        self._switch.run(["nft", "flush", "ruleset"])

    def serialCable(self) -> SerialCable:
        """A null-modem cable between two machines."""
        cable = SerialCable()
        self._ends.callback(cable.close)
        return cable

    # Watching

    def bugs(self) -> list[str]:
        """What the programs on these machines wrote that no program of ours may write."""
        return [
            f"{machine.name}: {bug}"
            for machine in self.machines.values()
            for bug in bugsIn(machine.disk / "log")
        ]

    def client(self, address: str = SERVICE_ADDRESS, interval: float = 0.002) -> Client:
        """A user on the service network who asks C{address} every C{interval} seconds from now on."""
        process = self._switch.spawn(
            [*PYTHON, str(PROGRAMS / "client.py"), address, str(SERVICE_PORT), str(interval)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        client = Client(process)
        self._ends.callback(client.stop)
        return client

    def flood(
        self, machine: Machine, frames: Sequence[bytes], count: int, rate: int = 0, limit: float = 300.0
    ) -> tuple[int, float]:
        """
        Somebody at the cluster's switch sends datagrams to a node's port, one after the other.

        @param rate: a second; 0 is as fast as one program can.
        @param limit: seconds to wait for the end.
        @return: how many were sent, and in how many seconds.
        """
        done = self._switch.run(
            [
                *PYTHON,
                str(PROGRAMS / "flood.py"),
                machine.address[CLUSTER],
                "694",
                str(count),
                str(rate),
            ],
            stdin="".join(f"{frame.hex()}\n" for frame in frames),
            limit=limit,
        )
        sent, seconds = done.stdout.split()
        return int(sent), float(seconds)

    def capture(self, network: str = CLUSTER) -> Capture:
        """Record every packet that machines send into C{network} from now on."""
        ports = {self.port(machine, network): machine.name for machine in self.machines.values()}
        capture = Capture(self._switch, ports)
        self._ends.callback(capture.stop)
        return capture


def _removeAbandoned() -> None:
    """Remove the disks of laboratories whose process is gone; the kernel removed the rest of them."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            shutil.rmtree(path, ignore_errors=True)
