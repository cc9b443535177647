"""The programs a machine can run to be a node: the original, ours, and keepalived."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.interop.lab import api
from tests.interop.lab.machine import Machine
from tests.interop.lab.plan import Plan
from tests.interop.lab.requirements import HEARTBEAT, KEEPALIVED, twistd
from tests.interop.lab.waiting import ConditionNotMet, now, waitFor

__all__ = ["Heartbeat306", "Keepalived", "Node", "Ours"]

_FOREGROUND = ["--dont-fork", "--log-console", "--log-detail", "--vrrp"]
_PIDFILES = ["--pid", "/run/keepalived.pid", "--vrrp_pid", "/run/vrrp.pid"]
_PACKAGED = Path("/etc/ha.d")
_REPOSITORY = Path(__file__).resolve().parents[3]


class Node:
    """
    A machine with a program that makes it a node of a cluster.

    @cvar product: what the program is, for people.
    """

    product = ""

    def __init__(self, machine: Machine, plan: Plan, serial: str = "") -> None:
        """@param serial: its end of the serial cable, if the plan has one."""
        self.machine = machine
        self.plan = plan
        self.serial = serial

    @property
    def name(self) -> str:
        """The node's name."""
        return self.machine.name

    def start(self) -> float:
        """
        Start the program, with the files of the plan.

        @return: when, on the laboratory's clock.
        """
        raise NotImplementedError

    def stop(self, limit: float = 30.0) -> float:
        """
        Ask the program to stop, and wait until it has.

        @return: when it was asked.
        """
        raise NotImplementedError

    def processes(self) -> list[int]:
        """The processes of the program, its helpers included, as this side numbers them."""
        raise NotImplementedError

    def kill(self) -> float:
        """
        SIGKILL for every process of the program; the machine lives on.

        @return: when.
        """
        moment = now()
        _signal(self.processes(), signal.SIGKILL)
        return moment

    def daemon(self) -> list[int]:
        """The processes of the daemon itself."""
        return self.processes()

    def stall(self, seconds: float) -> tuple[float, float]:
        """
        Stop the daemon's processes, and let them go on C{seconds} later.

        @return: when they were stopped and when they went on.
        """
        daemon = self.daemon()
        start = now()
        _signal(daemon, signal.SIGSTOP)
        # The length of the stall is what is tested here, so there is no condition to wait for.
        time.sleep(seconds)
        _signal(daemon, signal.SIGCONT)
        return start, now()

    def script(self, verb: str, seconds: float = 0.0, fail: bool = False) -> None:
        """From now on the C{verb} of a probe here takes that long, and fails if so told."""
        path = self.machine.disk / "log" / f"probe.{verb}"
        path.write_text(f"{seconds} {'fail' if fail else ''}\n")

    def holdings(self) -> str:
        """C{none}, C{local}, C{foreign} or C{all}; C{transition} while it is not settled; C{down}."""
        raise NotImplementedError

    def settled(self, holdings: str, limit: float = 30.0) -> None:
        """Wait until it is settled and holds exactly C{holdings}."""
        waitFor(
            f"{self.name} ({self.product}) is settled and holds {holdings}",
            lambda: self.holdings() == holdings,
            limit,
            0.05,
            lambda: f"{self.holdings()}\n{self.tail()}",
        )

    def standby(self, resources: str = "all") -> float:
        """
        Ask this node to give its resources to the other.

        @return: when it was asked.
        """
        raise NotImplementedError

    def takeover(self, resources: str = "all") -> float:
        """
        Ask this node to take resources from the other.

        @return: when it was asked.
        """
        raise NotImplementedError

    def said(self, words: str, since: int = 0) -> bool:
        """Whether its log holds C{words}."""
        return words in self.machine.log()[since:]

    def expect(self, words: str, limit: float = 15.0, since: int = 0) -> None:
        """Wait until its log holds C{words}, after the first C{since} characters."""
        what = f"{self.name} ({self.product}) says {words!r}"
        waitFor(what, lambda: self.said(words, since), limit, 0.05, self.tail)

    def mark(self) -> int:
        """Where its log ends now, for the C{since} of L{said} and L{expect}."""
        return len(self.machine.log())

    def tail(self, lines: int = 40) -> str:
        """The end of what it wrote, for a failure."""
        output = self.machine.log("output").splitlines()[-15:]
        return "\n".join([f"--- {self.name}", *self.machine.log().splitlines()[-lines:], *output])


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


class Heartbeat306(Node):
    """The original, as Debian packages it."""

    product = "heartbeat 3.0.6"
    _TOOLS = "/usr/share/heartbeat"

    def start(self) -> float:
        machine = self.machine
        target = machine.disk / "ha.d"
        shutil.rmtree(target / "resource.d", ignore_errors=True)
        shutil.copytree(_PACKAGED, target, symlinks=True, dirs_exist_ok=True)
        files = self.plan.files(machine, self.serial)
        files["ha.cf"] += "crm no\n"
        machine.furnish(files, fresh=False)
        moment = now()
        machine.spawn([HEARTBEAT], "output")
        return moment

    def stop(self, limit: float = 30.0) -> float:
        moment = now()
        self.machine.spawn([HEARTBEAT, "-k"], "output")
        waitFor(f"{self.name} has stopped", lambda: not self.processes(), limit, 0.05, self.tail)
        return moment

    def processes(self) -> list[int]:
        return self.machine.processes("heartbeat: ")

    def holdings(self) -> str:
        done = self.machine.run("/usr/bin/cl_status", "rscstatus", check=False)
        return done.stdout.strip() if done.returncode == 0 else "down"

    def standby(self, resources: str = "all") -> float:
        return self._ask("hb_standby", resources)

    def takeover(self, resources: str = "all") -> float:
        return self._ask("hb_takeover", resources)

    def _ask(self, tool: str, resources: str) -> float:
        moment = now()
        self.machine.run(f"{self._TOOLS}/{tool}", resources)
        return moment


class Ours(Node):
    """C{twistd ha}, with this interpreter."""

    product = "ours"
    STATE = "/var/lib/heartbeat"
    RUN = "/run/heartbeat"
    API = "/run/heartbeat/api"

    def start(self) -> float:
        machine = self.machine
        machine.furnish(self.plan.files(machine, self.serial))
        scripts = _REPOSITORY / "conf" / "resource.d"
        if scripts.is_dir():
            shutil.copytree(scripts, machine.disk / "ha.d" / "resource.d", dirs_exist_ok=True)
        moment = now()
        machine.spawn(self.argv(), "output")
        return moment

    def argv(self) -> list[str]:
        """The command line of the daemon."""
        places = ["--config-dir", "/etc/ha.d", "--state-dir", self.STATE, "--run-dir", self.RUN]
        return [*twistd(), "--nodaemon", "--pidfile=", "ha", *places, "--api", self.API]

    def processes(self) -> list[int]:
        """The daemon first, then its guardian and whatever else it started."""
        daemon = self.daemon()
        others = self.machine.processes("twisted_ha")
        return daemon + [pid for pid in others if pid not in daemon]

    def daemon(self) -> list[int]:
        return self.machine.processes("--nodaemon", "--config-dir /etc/ha.d")

    def stop(self, limit: float = 30.0) -> float:
        moment = now()
        _signal(self.daemon(), signal.SIGTERM)
        waitFor(f"{self.name} has stopped", lambda: not self.daemon(), limit, 0.02, self.tail)
        return moment

    def killDaemon(self) -> float:
        """SIGKILL for the daemon alone; its guardian lives."""
        moment = now()
        _signal(self.daemon(), signal.SIGKILL)
        return moment

    def holdings(self) -> str:
        return api.holdings(self.socket())

    def status(self) -> dict[str, Any]:
        """Its picture of everything, as in docs/api.md."""
        answer: dict[str, Any] = api.ask(self.socket(), "status")
        return answer

    def socket(self) -> str:
        """The socket of its API, as this side sees it."""
        return f"/proc/{self.machine.inside.pid}/root{self.API}"

    def standby(self, resources: str = "all") -> float:
        return self._ask("standby", resources)

    def takeover(self, resources: str = "all") -> float:
        return self._ask("takeover", resources)

    def _ask(self, command: str, resources: str) -> float:
        moment = now()
        answer = api.ask(self.socket(), command, resources=resources)
        if not answer["ok"]:
            raise ConditionNotMet(f"{self.name}: {command} {resources}: {answer}\n{self.tail()}")
        return moment


class Keepalived(Node):
    """
    C{keepalived} as two equal backups (C{nopreempt}), which is what people run for one moving address.

    Its advertisement interval is the plan's keepalive; a master is missed after three of them and a
    little, which the interval is set for, so that it is as patient as the plan's deadtime.
    """

    product = "keepalived"

    def start(self) -> float:
        machine = self.machine
        configuration = machine.disk / "ha.d" / "keepalived.conf"
        priority = 150 if self.name == self.plan.nodes[0] else 100
        addresses = [line.split()[1].partition("/")[0] for line in self.plan.resources]
        lines = [
            "global_defs {",
            f"    router_id {self.name}",
            "    vrrp_version 3",
            "    vrrp_garp_master_delay 1",
            "}",
            "vrrp_instance service {",
            "    state BACKUP",
            "    nopreempt",
            "    interface eth1",
            "    virtual_router_id 77",
            f"    priority {priority}",
            f"    advert_int {self.interval():.2f}",
            "    virtual_ipaddress {",
            *(f"        {address}/24 dev eth0" for address in addresses),
            "    }",
            "}",
        ]
        configuration.write_text("\n".join(lines) + "\n")
        moment = now()
        machine.spawn(
            [KEEPALIVED, *_FOREGROUND, "--use-file", "/etc/ha.d/keepalived.conf", *_PIDFILES],
            "output",
        )
        return moment

    def interval(self) -> float:
        """
        The advertisement interval, in seconds: RFC 5798 calls a master down after three intervals and a
        skew of (256 - priority) / 256 of one.
        """
        return round(self.plan.deadtime / (3 + (256 - 100) / 256), 2)

    def stop(self, limit: float = 30.0) -> float:
        moment = now()
        _signal(self.processes()[:1], signal.SIGTERM)
        waitFor(f"{self.name} has stopped", lambda: not self.processes(), limit, 0.02, self.tail)
        return moment

    def processes(self) -> list[int]:
        return self.machine.processes(KEEPALIVED)

    def holdings(self) -> str:
        addresses = self.machine.addresses()
        own = {line.split()[1].partition("/")[0] for line in self.plan.resources}
        return "all" if own & addresses else "none"

    def standby(self, resources: str = "all") -> float:
        """It has no such command: a stop is what its users do."""
        return self.stop()
