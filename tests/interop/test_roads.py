"""
A cluster with one Ethernet and one serial link, and everything that can happen to them short of losing
both: the service stays where it is.
"""

from __future__ import annotations

import os
import random
from typing import Any, ClassVar

from tests.interop.lab import SERVICE_ADDRESS, waitFor
from tests.interop.lab.case import LabCase
from tests.interop.lab.laboratory import CLUSTER
from tests.interop.lab.nodes import Heartbeat306, Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.serial import SerialCable, corrupting, losing
from tests.interop.lab.strangers import garbage, otherCluster
from twisted_ha.wire.signed import Encoding

FLOOD = "TWISTED_HA_FLOOD"
"""In the environment: how many datagrams the flood has, for more than the tests have time for."""

ROUTER = "10.77.1.254"
"""The switch itself answers to pings there."""

_FEW = 100_000
_MEGABYTE = 1 << 20
_GROWTH = 4 * _MEGABYTE
PLAN = Plan(
    keepalive=0.25,
    warntime=0.75,
    deadtime=2.0,
    initdead=4.0,
    media=("bcast eth1", "baud 38400", "serial %(serial)s"),
)


class RoadCase(LabCase):
    """C{alpha} serves, C{beta} waits, and this is not to change."""

    def formed(self, plan: Plan, cable: SerialCable | None = None) -> tuple[Ours, Ours]:
        """Two settled nodes."""
        ends = cable.ends if cable is not None else ("", "")
        for name, end in zip(("alpha", "beta"), ends, strict=True):
            self.node(Ours, name, plan, end).start()
        alpha, beta = self.nodes
        assert isinstance(alpha, Ours) and isinstance(beta, Ours)
        alpha.settled("local")
        beta.settled("local")
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 5.0)
        self.arrivals = len(self.lab.owners.arrivals(SERVICE_ADDRESS))
        return alpha, beta

    def calm(self, *nodes: Ours) -> None:
        """The address was never anywhere else, and nobody was taken for dead."""
        self.assertEqual(len(self.lab.owners.arrivals(SERVICE_ADDRESS)), self.arrivals)
        self.assertEqual(self.lab.owners.of(SERVICE_ADDRESS), {"alpha"})
        for node in nodes:
            self.assertFalse(node.said("is dead"), node.tail())

    def link(self, node: Ours, name: str) -> dict[str, Any]:
        """What C{node} knows of its link of that name to the other."""
        nodes = node.status()["nodes"]
        (peer,) = [each for each in nodes if not each["local"] and each["kind"] == "normal"]
        (found,) = [each for each in peer["links"] if each["name"] == name]
        return dict(found)

    def state(self, node: Ours, name: str, wanted: str) -> None:
        """Wait until a link is C{up} or C{dead}."""
        what = f"{node.name} has {name} {wanted}"
        waitFor(what, lambda: self.link(node, name)["status"] == wanted, 20.0, 0.1, node.tail)


class TwoRoads(RoadCase):
    """Ethernet and serial."""

    def test_cut(self) -> None:
        """Each road is cut and mended, the cable also one way: it is said, and the other carries on."""
        cable = self.lab.serialCable()
        alpha, beta = self.formed(PLAN, cable)
        line = alpha.serial
        self.lab.cutCable(beta.machine, CLUSTER)
        alpha.expect("Link beta:eth1 dead. (1 link to beta left: the last link)")
        self.assertIn(
            f"beta is not heard by eth1: {line} is the last link to it", alpha.status()["warnings"]
        )
        self.lab.mend()
        alpha.expect("Link beta:eth1 up.", since=alpha.machine.log().index("eth1 dead"))
        cable.cut()
        for node, other in ((alpha, beta), (beta, alpha)):
            node.expect(f"Link {other.name}:{node.serial} dead. (1 link to {other.name} left")
        cable.mend()
        for node in (alpha, beta):
            self.state(node, node.serial, "up")
        cable.cut(1)  # what beta sends is swallowed
        mark = beta.mark()
        self.state(alpha, line, "dead")
        self.assertEqual(self.link(beta, beta.serial)["status"], "up")
        self.assertFalse(beta.said("dead", mark))
        cable.mend()
        self.state(alpha, line, "up")
        self.assertNotIn("not heard by", " ".join(alpha.status()["warnings"]))
        self.calm(alpha, beta)

    def test_noise(self) -> None:
        """A line that babbles, loses, changes or is slow does no harm, and works again afterwards."""
        cable = self.lab.serialCable()
        alpha, beta = self.formed(PLAN, cable)
        size = residentSize(alpha)
        cable.babble(0, random.Random(1).randbytes(_MEGABYTE))
        for treatment in (losing(0.002), corrupting(0.002)):
            heard = self.link(alpha, alpha.serial)["messages"]
            cable.treat(treatment)
            waitFor(
                "some messages pass the bad line",
                lambda heard=heard: self.link(alpha, alpha.serial)["messages"] > heard + 3,
                20.0,
            )
            cable.mend()
        mark = alpha.mark()
        cable.slow(200)  # less than the heartbeats of one node
        alpha.expect(f"Link beta:{alpha.serial} dead", 30.0, mark)
        cable.mend()
        for node in (alpha, beta):
            self.state(node, node.serial, "up")
        self.assertLess(residentSize(alpha) - size, _GROWTH)
        self.calm(alpha, beta)

    def test_lossyBridge(self) -> None:
        """A bridge that loses 30 % of all packets is seen in the counts, and in nothing else."""
        cable = self.lab.serialCable()
        alpha, beta = self.formed(PLAN, cable)
        self.lab.drop(beta.machine, CLUSTER, 30)
        waitFor("the loss is counted", lambda: self.link(alpha, "eth1")["lost"] > 5, 30.0, 0.2)
        self.assertEqual(self.link(alpha, alpha.serial)["lost"], 0)
        self.lab.mend()
        self.calm(alpha, beta)


class StrangerTests(RoadCase):
    """One Ethernet link only, and somebody else on it."""

    def test_otherCluster(self) -> None:
        """A second cluster with other keys, on the same wire and port, is refused and counted."""
        plan = Plan(keepalive=0.25, warntime=0.75, deadtime=2.0, initdead=4.0)
        alpha, beta = self.formed(plan)
        for encoding in Encoding:
            self.lab.flood(alpha.machine, otherCluster("beta", encoding), 40, 20)
        self.assertGreater(refusals(alpha, "auth"), 70)
        self.assertTrue(alpha.said("wrong sha1 digest for key 1"), alpha.tail())
        self.calm(alpha, beta)

    def test_flood(self) -> None:
        """As many datagrams as one program can send move no resource and take no memory."""
        plan = Plan(keepalive=0.5, warntime=1.0, deadtime=3.0, initdead=6.0)
        alpha, beta = self.formed(plan)
        count = int(os.environ.get(FLOOD, _FEW))
        self.lab.flood(alpha.machine, garbage(), 1000)
        size = residentSize(alpha)
        sent, seconds = self.lab.flood(
            alpha.machine, [*otherCluster(), *garbage()], count, limit=count / 500
        )
        grown = residentSize(alpha) - size
        refused = refusals(alpha, "auth") + refusals(alpha, "wire")
        self.assertGreater(refused, 1000)
        self.assertLess(grown, _GROWTH)
        self.assertFalse(alpha.said("this node was late itself"), alpha.tail())
        self.calm(alpha, beta)
        lost = self.link(alpha, "eth1")["lost"]
        print(
            f"\n{sent} in {seconds:.1f} s, {refused} refused, {grown / 1000:.0f} kB more memory,"
            f" {lost} messages of the peer lost"
        )


class OriginalTests(RoadCase):
    """Beside heartbeat 3.0.6."""

    needs: ClassVar = {"ours": True, "heartbeat": True}

    def test_pingAndSerial(self) -> None:
        """A serial line and a ping node in both; only the ping node has a round trip."""
        cable = self.lab.serialCable()
        plan = Plan(media=(*PLAN.media, f"ping {ROUTER}"), resources=())
        alpha = self.node(Ours, "alpha", plan, cable.ends[0])
        beta = self.node(Heartbeat306, "beta", plan, cable.ends[1])
        assert isinstance(alpha, Ours)
        for node in (alpha, beta):
            node.start()
        for node in (alpha, beta):
            node.expect("Comm_now_up", 20.0)
        self.state(alpha, alpha.serial, "up")
        beta.expect(f"Link alpha:{beta.serial} up.")
        asked = ("/usr/bin/cl_status", "nodestatus", ROUTER)
        waitFor(
            "the original hears the router",
            lambda: beta.machine.run(*asked, check=False).stdout.strip() == "ping",
            10.0,
        )

        def measured() -> object:
            (router,) = [each for each in alpha.status()["nodes"] if each["kind"] == "ping"]
            return router["status"] == "ping" and router["links"][0]["roundTrip"]

        waitFor("ours hears the router", measured, 10.0)
        self.assertIsNone(self.link(alpha, "eth1")["roundTrip"])


def residentSize(node: Ours) -> int:
    """Bytes of memory of the daemon."""
    (pid,) = node.daemon()
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def refusals(node: Ours, cause: str) -> int:
    """How many packets it refused on its first medium for a cause."""
    return int(node.status()["media"][0]["refused"].get(cause, 0))
