"""Two of our daemons on two machines: what the user of the address sees, whatever happens."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

from tests.interop.lab import SERVICE_ADDRESS, waitFor
from tests.interop.lab.capture import Capture
from tests.interop.lab.case import LabCase
from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import CLUSTER, SERVICE
from tests.interop.lab.nodes import Ours
from tests.interop.lab.plan import OTHER_ADDRESS, Plan
from tests.interop.lab.requirements import HACTL
from tests.interop.lab.waiting import now

FAST = Plan(keepalive=0.1, warntime=0.25, deadtime=0.5, initdead=2.0)
"""The timers the promises are made for."""
CALM = Plan(keepalive=0.25, warntime=0.75, deadtime=2.0, initdead=4.0)
"""Timers that leave time to do something before a node is dead."""


def but(plan: Plan, **changes: object) -> Plan:
    """The same plan with some values changed."""
    fields = {name: getattr(plan, name) for name in Plan.__slots__}
    return Plan(**{**fields, **changes})


NOISE = 1.0
"""Seconds by which a shared machine may be late.  How quick we are is measured in C{benchmarks}; here it
only matters that nothing waits for a timer it need not wait for."""


class PairCase(LabCase):
    """Two of our nodes."""

    def pair(self, plan: Plan) -> tuple[Ours, Ours]:
        """Switch two machines on; start nothing yet."""
        alpha, beta = Ours(self.lab["alpha"], plan), Ours(self.lab["beta"], plan)
        for node in (alpha, beta):
            node.machine.powerOn(SERVICE_ADDRESS)
            self.nodes.append(node)
        return alpha, beta

    def formed(self, plan: Plan) -> tuple[Ours, Ours, Client]:
        """Two settled nodes, C{alpha} serves, and a client that has been answered."""
        alpha, beta = self.pair(plan)
        alpha.start()
        beta.start()
        alpha.settled("local")
        beta.settled("local")
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 5.0)
        client = self.lab.client()
        client.expect("alpha", 5.0)
        return alpha, beta, client

    def move(self, client: Client, do: Callable[[], float], to: Ours, limit: float = 15.0) -> float:
        """
        Do something that moves the address.

        @return: the silence the client heard, in seconds.
        """
        moment = do()
        self.lab.owners.expect(SERVICE_ADDRESS, to.name, limit, moment)
        client.expect(to.name, 5.0)
        return client.longestSilence(moment).seconds

    def assertSettled(self, *nodes: Ours) -> None:
        """Both say so, and exactly one has the address."""

        def settled() -> bool:
            answers = {node.holdings() for node in nodes}
            return not answers & {"transition", "down"} and len(self.lab.owners.of(SERVICE_ADDRESS)) == 1

        tails = lambda: "\n".join(node.tail() for node in nodes)  # noqa: E731
        waitFor("both are settled and one has it", settled, 20.0, instead=tails)

    def assertStays(self, client: Client, since: float, owner: str) -> None:
        """The address did not move and the client was always answered."""
        self.lab.owners.expect(SERVICE_ADDRESS, owner, 1.0, since)
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, since), [])
        self.assertLess(client.longestSilence(since).seconds, NOISE)


class ColdStartTests(PairCase):
    """Both machines are switched on."""

    def _up(self, capture: Capture) -> float:
        """When both daemons were up: each has sent its first packet."""

        def firsts() -> dict[str, float]:
            first: dict[str, float] = {}
            for packet in list(capture.packets):
                first.setdefault(packet.machine, packet.time)
            return first

        waitFor("both daemons speak", lambda: len(firsts()) == 2, 15.0)
        return max(firsts().values())

    def test_together(self) -> None:
        """Switched on together they serve within 2 s of both daemons being up."""
        alpha, beta = self.pair(FAST)
        capture = self.lab.capture()
        alpha.start()
        beta.start()
        up = self._up(capture)
        served = self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 10.0, up)
        self.assertLess(served - up, 2.0 + NOISE)
        alpha.settled("local")
        beta.settled("local")

    def test_twoGroups(self) -> None:
        """Each node begins with its own group."""
        lines = ("alpha 10.77.0.100/24/eth0", f"beta IPaddr::{OTHER_ADDRESS}/24/eth0")
        alpha, beta = self.pair(but(CALM, resources=lines))
        beta.start()
        alpha.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 10.0)
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 10.0)
        alpha.settled("local")
        beta.settled("local")

    def test_alone(self) -> None:
        """A node whose peer stays away serves everything after initdead, and keeps serving."""
        _alpha, beta = self.pair(FAST)
        started = beta.start()
        served = self.lab.owners.expect(SERVICE_ADDRESS, "beta", 10.0)
        self.assertGreater(served - started, FAST.initdead)
        beta.settled("all")

    def test_late(self) -> None:
        """The preferred node, coming later, gets its group back (auto_failback on)."""
        alpha, beta = self.pair(FAST)
        beta.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "beta", 10.0)
        beta.settled("all")
        client = self.lab.client()
        client.expect("beta", 5.0)
        silence = self.move(client, alpha.start, alpha)
        self.assertLess(silence, NOISE)
        beta.settled("local")


class LossTests(PairCase):
    """A machine, its power or its daemon is lost."""

    def test_power(self) -> None:
        """When the active node loses power the silence is about deadtime (benchmarks measure it)."""
        alpha, beta, client = self.formed(FAST)
        silence = self.move(client, alpha.machine.powerOff, beta)
        self.assertLess(silence, FAST.deadtime + NOISE)

    def test_passive(self) -> None:
        """When the passive node loses power nothing happens to the address."""
        alpha, beta, client = self.formed(FAST)
        moment = beta.machine.powerOff()
        alpha.settled("all", 10.0)
        self.assertStays(client, moment, "alpha")

    def test_return(self) -> None:
        """The preferred node, back from a power loss, gets its group back (auto_failback on)."""
        alpha, beta, client = self.formed(FAST)
        self.move(client, alpha.machine.powerOff, beta)
        beta.settled("all")
        alpha.machine.powerOn(SERVICE_ADDRESS)
        self.assertLess(self.move(client, alpha.start, alpha), NOISE)
        alpha.settled("local")
        beta.settled("local")

    def test_returnStays(self) -> None:
        """With auto_failback off it comes back and takes nothing."""
        alpha, beta, client = self.formed(but(FAST, failback="off"))
        self.move(client, alpha.machine.powerOff, beta)
        beta.settled("all")
        alpha.machine.powerOn(SERVICE_ADDRESS)
        moment = alpha.start()
        alpha.settled("none")
        beta.settled("all")
        self.assertStays(client, moment, "beta")

    def test_rebootWithinDeadtime(self) -> None:
        """
        The node that served reboots so fast that nobody missed it: somebody serves again all the same,
        although it was not the preferred node (resource-management.md section 4.8, B3).
        """
        plan = but(CALM, failback="off", deadtime=6.0, initdead=8.0)
        alpha, beta, client = self.formed(plan)
        self.move(client, lambda: alpha.standby("all"), beta)
        beta.settled("all")
        alpha.settled("none")
        moment = beta.machine.powerOff()
        beta.machine.powerOn(SERVICE_ADDRESS)
        beta.start()
        alpha.expect("Heartbeat restart on node beta", 6.0)
        self.assertLess(now() - moment, plan.deadtime)
        waitFor(
            "somebody serves again",
            lambda: len(self.lab.owners.of(SERVICE_ADDRESS)) == 1,
            20.0,
            instead=lambda: alpha.tail() + beta.tail(),
        )

    def test_daemonKilled(self) -> None:
        """The guardian of a killed daemon releases its address before the peer takes it."""
        alpha, _beta, client = self.formed(FAST)
        moment = alpha.killDaemon()
        self.lab.owners.expect(SERVICE_ADDRESS, "beta", 5.0, moment)
        client.expect("beta", 5.0)
        self.assertLess(client.longestSilence(moment).seconds, FAST.deadtime + NOISE)
        self.assertFalse(alpha.daemon())

    def test_daemonRestarted(self) -> None:
        """After that it can be started again, and gets its group back."""
        alpha, beta, client = self.formed(FAST)
        self.move(client, alpha.killDaemon, beta)
        beta.settled("all")
        self.move(client, alpha.start, alpha)
        alpha.settled("local")
        beta.settled("local")

    def test_daemonRestartedAtOnce(self) -> None:
        """Killed and started again before anybody missed it, it serves again."""
        alpha, beta, client = self.formed(but(CALM, deadtime=6.0, initdead=8.0))
        moment = alpha.killDaemon()
        self.lab.owners.expect(SERVICE_ADDRESS, None, 5.0, moment)
        alpha.start()
        waitFor(
            "somebody serves again",
            lambda: len(self.lab.owners.of(SERVICE_ADDRESS)) == 1,
            20.0,
            instead=lambda: alpha.tail() + beta.tail(),
        )
        client.expect(next(iter(self.lab.owners.of(SERVICE_ADDRESS))), 5.0)

    def test_everythingKilled(self) -> None:
        """
        Daemon and guardian are killed, and nothing is left that could take the address away: the peer
        hears that it is answered for, and does not double it.  A new daemon puts things right.
        """
        alpha, beta, client = self.formed(FAST)
        moment = alpha.kill()
        beta.expect("node alpha: is dead", 5.0)
        beta.expect("Giving up resources due to failure", 5.0)
        self.assertEqual(self.lab.owners.of(SERVICE_ADDRESS), {"alpha"})
        alpha.start()
        alpha.settled("local")
        beta.settled("local")
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 10.0, moment)
        client.expect("alpha", 5.0)

    def test_stalled(self) -> None:
        """A daemon stalled for longer than deadtime loses its group before the peer takes it."""
        alpha, beta, client = self.formed(FAST)
        moment, end = alpha.stall(2.0)
        self.lab.owners.expect(SERVICE_ADDRESS, "beta", 5.0, moment)
        client.expect("beta", 5.0, moment)
        alpha.expect("the guardian released", 5.0)
        self.assertSettled(alpha, beta)
        (owner,) = self.lab.owners.of(SERVICE_ADDRESS)
        client.expect(owner, 5.0)
        self.assertLess(client.longestSilence(end).seconds, NOISE)

    def test_hiccup(self) -> None:
        """A stall shorter than deadtime moves nothing."""
        alpha, beta, client = self.formed(CALM)
        moment, _end = alpha.stall(0.5)
        heard = self.lab.capture()
        waitFor("it beats again", lambda: any(p.machine == "alpha" for p in list(heard.packets)), 5.0)
        self.assertStays(client, moment, "alpha")
        self.assertFalse(beta.said("node alpha: is dead"))


class PlannedTests(PairCase):
    """Somebody asks for a move."""

    def test_standby(self) -> None:
        """A planned standby hardly interrupts the service (benchmarks measure it)."""
        alpha, beta, client = self.formed(FAST)
        silence = self.move(client, lambda: alpha.standby("all"), beta)
        self.assertLess(silence, NOISE)
        alpha.settled("none")
        beta.settled("all")

    def test_takeover(self) -> None:
        """So does a takeover asked for on the other node."""
        alpha, beta, client = self.formed(FAST)
        silence = self.move(client, lambda: beta.takeover("all"), beta)
        self.assertLess(silence, NOISE)
        alpha.settled("none")
        beta.settled("all")

    def test_thereAndBack(self) -> None:
        """C{standby local}, then C{takeover local}: one group moves there and back, the other never."""
        lines = ("alpha 10.77.0.100/24/eth0", f"beta {OTHER_ADDRESS}/24/eth0")
        alpha, beta, client = self.formed(but(CALM, resources=lines))
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 5.0)
        began = now()
        self.move(client, lambda: alpha.standby("local"), beta)
        alpha.settled("none")
        beta.settled("all")
        self.move(client, lambda: alpha.takeover("local"), alpha)
        alpha.settled("local")
        beta.settled("local")
        self.assertEqual(self.lab.owners.arrivals(OTHER_ADDRESS, began), [])

    def test_stop(self) -> None:
        """A graceful stop interrupts the service for at most 100 ms, and leaves no address behind."""
        alpha, beta, client = self.formed(FAST)
        silence = self.move(client, alpha.stop, beta)
        self.assertLess(silence, NOISE)
        beta.settled("all")
        self.assertNotIn(SERVICE_ADDRESS, alpha.machine.addresses())

    def test_stopAndReturn(self) -> None:
        """Stopped and started again, the preferred node gets its group back."""
        alpha, beta, client = self.formed(FAST)
        self.move(client, alpha.stop, beta)
        beta.settled("all")
        self.move(client, alpha.start, alpha)
        alpha.settled("local")
        beta.settled("local")

    def test_replayedAfterRestart(self) -> None:
        """What a node has heard before it was restarted changes nothing when it is sent to it again."""
        alpha, beta = self.pair(CALM)
        capture = self.lab.capture()
        alpha.start()
        beta.start()
        alpha.settled("local")
        beta.settled("local")
        moment = alpha.stop()
        beta.machine.powerOff()
        heard = [p.payload for p in capture.stop() if p.machine == "beta" and p.time < moment]
        alpha.start()
        waitFor("it runs", lambda: alpha.holdings() != "down", 10.0, instead=alpha.tail)
        self.lab.flood(alpha.machine, heard, len(heard))
        alpha.expect("old messages of beta are refused")
        alpha.settled("all")
        (node,) = [node for node in alpha.status()["nodes"] if node["name"] == "beta"]
        self.assertEqual((node["status"], node["heard"]), ("dead", None))

    def test_restartBothWays(self) -> None:
        """Both are restarted one after the other, as for an update, and the client hardly notices."""
        alpha, beta, client = self.formed(but(FAST, failback="off"))
        began = now()
        self.move(client, alpha.stop, beta)
        alpha.start()
        alpha.settled("none")
        beta.settled("all")
        self.move(client, beta.stop, alpha)
        beta.start()
        beta.settled("none")
        alpha.settled("all")
        self.assertLess(client.longestSilence(began).seconds, NOISE)


class PartitionTests(PairCase):
    """The cables between living nodes."""

    def test_clusterCable(self) -> None:
        """
        The nodes lose each other, and their users reach both: the address is still answered for, so it
        is not doubled; after the cable is mended nothing has moved and nobody has noticed.
        """
        alpha, beta, client = self.formed(FAST)
        moment = now()
        self.lab.cutCable(alpha.machine, CLUSTER)
        beta.expect("node alpha: is dead", 5.0)
        beta.expect("Giving up resources due to failure", 5.0)
        mark = beta.mark()
        self.lab.mend()
        beta.expect("Link alpha:eth1 up.", 5.0, mark)
        self.assertSettled(alpha, beta)
        self.assertStays(client, moment, "alpha")

    def test_healed(self) -> None:
        """
        All cables of one node are cut, so both serve.  When they are mended one owner is left, and that
        one never stopped serving.
        """
        self.mayConflict = True
        alpha, beta, client = self.formed(FAST)
        daemons = alpha.daemon() + beta.daemon()
        self.lab.cutCable(alpha.machine, SERVICE)
        self.lab.cutCable(alpha.machine, CLUSTER)
        waitFor("both have it", lambda: len(self.lab.owners.of(SERVICE_ADDRESS)) == 2, 5.0)
        beta.settled("all")
        alpha.settled("all")
        client.expect("beta", 5.0)
        healed = now()
        self.lab.mend()
        waitFor(
            "one gave it up",
            lambda: len(self.lab.owners.of(SERVICE_ADDRESS)) == 1,
            10.0,
            instead=lambda: alpha.tail() + beta.tail(),
        )
        (owner,) = self.lab.owners.of(SERVICE_ADDRESS)
        client.expect(owner, 5.0)
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, healed), [])
        self.assertLess(client.longestSilence(healed).seconds, NOISE)
        self.assertEqual(alpha.daemon() + beta.daemon(), daemons)
        self.assertSettled(alpha, beta)

    def test_healedThenLost(self) -> None:
        """A pair that was parted still fails over."""
        self.mayConflict = True
        alpha, beta, client = self.formed(FAST)
        self.lab.drop(beta.machine, SERVICE)
        self.lab.drop(beta.machine, CLUSTER)
        waitFor("both have it", lambda: len(self.lab.owners.of(SERVICE_ADDRESS)) == 2, 5.0)
        self.lab.mend()
        self.assertSettled(alpha, beta)
        (owner,) = self.lab.owners.of(SERVICE_ADDRESS)
        lost, left = (alpha, beta) if owner == "alpha" else (beta, alpha)
        self.move(client, lost.machine.powerOff, left)

    def test_oneOfTwo(self) -> None:
        """One of two cables is cut: nothing moves, and the loss is told."""
        alpha, beta, client = self.formed(but(CALM, media=("bcast eth0 eth1",)))
        moment = now()
        self.lab.cutCable(alpha.machine, CLUSTER)
        beta.expect("Link alpha:eth1 dead.", 10.0)
        alpha.expect("Link beta:eth1 dead.", 10.0)
        mark = alpha.mark()
        self.lab.mend()
        alpha.expect("Link beta:eth1 up.", 10.0, mark)
        self.assertStays(client, moment, "alpha")

    def test_loss(self) -> None:
        """With a third of all packets lost nobody is declared dead, and a standby still succeeds."""
        alpha, beta, client = self.formed(but(CALM, keepalive=0.1, deadtime=3.0))
        self.lab.drop(alpha.machine, CLUSTER, 33)
        self.move(client, lambda: alpha.standby("all"), beta, 20.0)
        alpha.settled("none")
        beta.settled("all")
        self.assertFalse(alpha.said("is dead") or beta.said("is dead"))

    def test_lossIsObserved(self) -> None:
        """C{hactl advise --observed} counts what was lost and sent again, and a late daemon."""
        alpha, _beta, _client = self.formed(but(CALM, keepalive=0.05, deadtime=3.0))
        self.lab.drop(alpha.machine, CLUSTER, 15)
        alpha.stall(0.8)

        def carried() -> int:
            (beta,) = [node for node in alpha.status()["nodes"] if node["name"] == "beta"]
            return int(beta["links"][0]["messages"])

        waitFor("beta was heard often enough", lambda: carried() > 250, 30.0, instead=alpha.tail)
        search = ["--loss", "0", "--stall", "0", "--minutes", "0.01", "--runs", "1"]
        asking = [*HACTL, "--socket", alpha.API, "advise", "--observed", *search]
        done = alpha.machine.run(*asking, check=False)  # there is no time to recommend anything
        weather = done.stdout.splitlines()[0]
        found = re.match(r"Timers for ([\d.]+)% loss .* stalls of up to ([\d.]+) s", weather)
        assert found is not None, done.stdout
        self.assertGreater(float(found[1]), 4.0)
        self.assertGreater(float(found[2]), 0.5)

    def test_serviceCableIsNotOurs(self) -> None:
        """The service's cable cut, without ipfail, moves nothing: nobody was asked to look at it."""
        alpha, _beta, client = self.formed(FAST)
        moment = now()
        self.lab.cutCable(alpha.machine, SERVICE)
        self.lab.mend()
        client.expect("alpha", 10.0)
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, moment), [])


class CableTests(PairCase):
    """Every kind of medium forms a cluster, moves and takes over."""

    def _story(self, *media: str, serial: bool = False, plan: Plan = CALM) -> None:
        plan = but(plan, media=media)
        alpha, beta = self.pair(plan)
        if serial:
            cable = self.lab.serialCable()
            alpha.serial, beta.serial = cable.ends
        alpha.start()
        beta.start()
        alpha.settled("local")
        beta.settled("local")
        client = self.lab.client()
        client.expect("alpha", 5.0)
        self.move(client, lambda: alpha.standby("all"), beta)
        beta.settled("all")
        alpha.settled("none")
        self.move(client, beta.machine.powerOff, alpha)

    def test_ucast(self) -> None:
        """C{ucast}, with the same file on both nodes."""
        self._story("ucast eth1 10.77.1.1", "ucast eth1 10.77.1.2")

    def test_mcast(self) -> None:
        """C{mcast}."""
        self._story("mcast eth1 225.0.0.1 694 1 0")

    def test_serial(self) -> None:
        """C{serial} alone."""
        slow = but(CALM, keepalive=0.5, warntime=1.0, deadtime=3.0)
        self._story("serial %(serial)s", serial=True, plan=slow)

    def test_everything(self) -> None:
        """All of them at once."""
        media = ("bcast eth0", "mcast eth1 225.0.0.1 1694 1 0", "ucast eth1 10.77.1.1")
        self._story(*media, "ucast eth1 10.77.1.2", "serial %(serial)s", serial=True)


class StopTests(PairCase):
    """Both machines are switched off."""

    def test_last(self) -> None:
        """The last node to stop takes the address away from the network."""
        alpha, beta, client = self.formed(FAST)
        self.move(client, alpha.stop, beta)
        beta.settled("all")
        moment = beta.stop()
        self.lab.owners.expect(SERVICE_ADDRESS, None, 1.0, moment)

    def test_interrupt(self) -> None:
        """After SIGTERM no process of the daemon is left."""
        alpha, _beta, _client = self.formed(FAST)
        for pid in alpha.daemon():
            os.kill(pid, signal.SIGTERM)
        waitFor("nothing is left", lambda: not alpha.processes(), 10.0, instead=alpha.tail)
