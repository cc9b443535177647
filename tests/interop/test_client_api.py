"""
Unmodified programs of heartbeat 3.0.6 and our daemon: C{cl_status}, C{ipfail}, C{hb_standby} and
C{hb_takeover}.

What C{cl_status} must say was captured from the original daemon (tests/data/vectors/api).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from tests.interop.lab import SERVICE_ADDRESS, waitFor
from tests.interop.lab.case import LabCase
from tests.interop.lab.laboratory import SERVICE
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.waiting import now

VECTORS = Path(__file__).parents[1] / "data" / "vectors" / "api"
CL_STATUS = "/usr/bin/cl_status"
IPFAIL = "/usr/libexec/heartbeat/ipfail"
TOOLS = "/usr/share/heartbeat"
SHELL_FUNCTIONS = "/etc/ha.d/shellfuncs"
PING = "10.77.0.254"

CAPTURED = Plan(
    keepalive=1.0,
    warntime=3.0,
    deadtime=5.0,
    initdead=10.0,
    failback="off",
    media=("bcast eth1", "bcast eth0", f"ping {PING}"),
    extra=(
        "keepalive 1",
        "warntime 3",
        "deadtime 5",
        "initdead 10",
        "deadping 5000ms",
        "crm no",
        f"respawn hacluster {IPFAIL}",
    ),
)
"""What the captures were made with, to the letter."""

QUICK = Plan(
    keepalive=0.25,
    warntime=0.75,
    deadtime=2.0,
    initdead=4.0,
    failback="off",
    media=("bcast eth1", f"ping {PING}"),
    extra=("deadping 1500ms", f"respawn hacluster {IPFAIL}"),
)

_VOLATILE = {
    "hbparameter-hbversion": "our version is our own",
    "hbparameter-logfacility": "the laboratory sets it",
    "hbstatus-v": "it shows the version",
    "hbstatus-mv": "it shows the version",
    "clientstatus-beta-ipfail": "the original often answers too late, and we do not",
    "clientstatus-beta-ipfail-0": "so it is here",
}
_LOG_LINE = re.compile(r"^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ cl_status: \[\d+\]: ", re.MULTILINE)


def captured() -> Iterator[dict[str, Any]]:
    """Every invocation of C{cl_status} against a daemon that runs."""
    for file in sorted(VECTORS.glob("cl_status-*.json")):
        for case in json.loads(file.read_text())["cases"]:
            usage = case["stdout"].startswith("<usage")
            stopped = case["name"].startswith(("stopped", "unauth", "sgid"))
            if not usage and not stopped and not _excused(case):
                yield case


def _excused(case: dict[str, Any]) -> bool:
    words = "-".join(word for word in case["argv"][1:] if word != "-p")
    return words in _VOLATILE or words.replace("--", "-") in _VOLATILE


def withoutTime(text: str) -> str:
    """Lines of a log without their date, machine and process."""
    return _LOG_LINE.sub("", text)


class ClientApiCase(LabCase):
    """The programs of the package beside our daemon."""

    needs = {"ours": True, "heartbeat": True}

    def setUp(self) -> None:
        for program in (CL_STATUS, IPFAIL, SHELL_FUNCTIONS):
            if not os.path.exists(program):
                raise SkipTest(f"{program} is not installed (Debian: heartbeat)")
        super().setUp()

    def formed(
        self, plan: Plan, first: type[Node] = Ours, second: type[Node] = Ours
    ) -> tuple[Node, Node]:
        """Two settled nodes; C{alpha} serves, and C{ipfail} is signed on where it is to run."""
        alpha, beta = self.node(first, "alpha", plan), self.node(second, "beta", plan)
        for node in (alpha, beta):
            node.start()
        for node in (alpha, beta):
            node.settled("local", 40.0)
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 5.0)
        for node in (alpha, beta) if any("respawn" in line for line in plan.extra) else ():
            self.signedOn(node, "ipfail")
        return alpha, beta

    def signedOn(self, node: Node, client: str) -> None:
        """Wait until a client is signed on."""
        waitFor(
            f"{client} is signed on at {node.name}",
            lambda: self.clStatus(node, "clientstatus", node.name, client)[0] == 0,
            10.0,
            0.1,
            node.tail,
        )

    def clStatus(self, node: Node, *words: str) -> tuple[int, str, str]:
        """Exit status, output and errors of the original's tool."""
        done = node.machine.run(CL_STATUS, *words, check=False)
        return done.returncode, done.stdout, withoutTime(done.stderr)

    def ipfail(self, node: Node) -> list[int]:
        """The processes of C{ipfail}."""
        return node.machine.processes(IPFAIL)

    def moved(self, since: float, to: Node, other: Node, limit: float = 15.0) -> None:
        """C{to} gets the address, and both come to rest."""
        self.lab.owners.expect(SERVICE_ADDRESS, to.name, limit, since)
        to.settled("all", limit)
        other.settled("none", limit)


class ClStatusTests(ClientApiCase):
    """The original's C{cl_status}."""

    def test_everyCommand(self) -> None:
        """It prints and returns with our daemon what it did with the original, word for word."""
        alpha, _beta = self.formed(CAPTURED)
        wrong, asked = [], 0
        for case in captured():
            expected = case["exit"], case["stdout"], withoutTime(case["stderr"])
            seen = self.clStatus(alpha, *case["argv"][1:])
            asked += 1
            if seen != expected:
                wrong.append(f"{case['argv']}: {seen} instead of {expected}")
        self.assertEqual(wrong, [])
        self.assertGreater(asked, 70)
        self._refused(alpha)
        self._stopped(alpha)

    def _refused(self, alpha: Node) -> None:
        tool = "/run/cl_status"  # a copy of one's own, without the group that may ask
        alpha.machine.run("cp", CL_STATUS, tool)
        alpha.machine.run("chmod", "755", tool)
        alpha.machine.run("chmod", "755", "/run/heartbeat")
        asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", tool]
        done = alpha.machine.run(*asNobody, "hbstatus", "-v", check=False)
        self.assertEqual(
            (done.returncode, done.stdout),
            (
                0,
                "Heartbeat is apparently running on this machine, but refuses my connection\n"
                "(client failed authorization)\n",
            ),
        )
        done = alpha.machine.run(*asNobody, "rscstatus", check=False)
        self.assertEqual(
            (done.returncode, done.stdout, withoutTime(done.stderr)),
            (1, "", "ERROR: Cannot signon with heartbeat\nERROR: REASON: client failed authorization\n"),
        )

    def _stopped(self, alpha: Node) -> None:
        alpha.stop()
        self.assertEqual(self.ipfail(alpha), [], "ipfail outlives its daemon")
        self.assertEqual(
            self.clStatus(alpha, "hbstatus"), (1, "Heartbeat is stopped on this machine.\n", "")
        )


class IpfailTests(ClientApiCase):
    """The original's C{ipfail}, kept running by C{respawn}."""

    def test_pingNodeLost(self) -> None:
        """The node that sees fewer ping nodes gives up what it holds, and does not take it back."""
        alpha, beta = self.formed(QUICK)
        moment = now()
        self.lab.cutCable(alpha.machine, SERVICE)
        self.moved(moment, beta, alpha)
        self.lab.mend()
        again = beta.mark()
        alpha.expect(f"Link {PING}:{PING} up.", 10.0)
        self.assertEqual((alpha.holdings(), beta.holdings()), ("none", "all"))
        self.assertFalse(beta.said("wants to go standby", again))

    def test_oursGives(self) -> None:
        """So it is beside the original: ours gives to a node that runs heartbeat."""
        self._mixed(Ours, Heartbeat306)

    def test_oursTakes(self) -> None:
        """And the other way round."""
        self._mixed(Heartbeat306, Ours)

    def _mixed(self, first: type[Node], second: type[Node]) -> None:
        alpha, beta = self.formed(QUICK, first, second)
        moment = now()
        self.lab.cutCable(alpha.machine, SERVICE)
        self.moved(moment, beta, alpha, 20.0)

    def test_respawned(self) -> None:
        """Killed, it is started again as hacluster in a group of its own; asked, it ends with us."""
        alpha, _beta = self.formed(QUICK)
        (first,) = self.ipfail(alpha)
        os.kill(first, signal.SIGKILL)
        alpha.expect("Respawning client")
        waitFor(
            "ipfail is there again",
            lambda: [pid for pid in self.ipfail(alpha) if pid != first],
            5.0,
            instead=alpha.tail,
        )
        self.signedOn(alpha, "ipfail")
        (second,) = self.ipfail(alpha)
        self.assertEqual(os.stat(f"/proc/{second}").st_uid, _uid("hacluster"))
        self.assertEqual(os.getpgid(second), second)
        alpha.stop()
        self.assertEqual(self.ipfail(alpha), [])


def _uid(name: str) -> int:
    import pwd

    return pwd.getpwnam(name).pw_uid


class FifoTests(ClientApiCase):
    """The original's shell tools, by way of the FIFO."""

    def test_thereAndBack(self) -> None:
        """C{hb_standby} gives, and C{hb_takeover} takes."""
        alpha, beta = self.formed(Plan(**{**_fields(QUICK), "extra": ()}))
        for node in (alpha, beta):
            shutil.copy(SHELL_FUNCTIONS, node.machine.disk / "ha.d")
        moment = now()
        alpha.machine.run(f"{TOOLS}/hb_standby")
        self.moved(moment, beta, alpha)
        moment = now()
        alpha.machine.run(f"{TOOLS}/hb_takeover", "local")
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 15.0, moment)
        alpha.settled("local", 15.0)
        beta.settled("local", 15.0)
        moment = now()
        alpha.machine.run(f"{TOOLS}/hb_standby", "local")
        self.moved(moment, beta, alpha)
        alpha.machine.run(f"{TOOLS}/hb_setweight", "beta", "50")
        waitFor(
            "the weight is known on both nodes",
            lambda: [self.clStatus(n, "nodeweight", "beta")[1] for n in (alpha, beta)] == ["50\n"] * 2,
            5.0,
            instead=alpha.tail,
        )


def _fields(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in Plan.__slots__}
