"""
Ours and heartbeat 3.0.6 in one cluster, both ways round.

C{alpha} is the preferred node of the group.  Every story is told twice: once ours is C{alpha}, once it
is C{beta}.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from tests.interop.lab import SERVICE_ADDRESS, ConditionNotMet, waitFor
from tests.interop.lab.case import LabCase
from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import CLUSTER, SERVICE
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.lab.plan import OTHER_ADDRESS, Plan
from tests.interop.lab.waiting import now
from tests.interop.test_ours_pair import NOISE, but

MIXED = Plan(keepalive=0.25, warntime=1.0, deadtime=2.0, initdead=4.0)
TWO_GROUPS = ("alpha 10.77.0.100/24/eth0", f"beta {OTHER_ADDRESS}/24/eth0")
SLOW = but(
    MIXED,
    resources=(
        f"alpha probe::one {SERVICE_ADDRESS}/24/eth0",
        f"beta probe::two {OTHER_ADDRESS}/24/eth0",
    ),
    scripts=("probe",),
)
"""Each group begins with a script that takes as long as a test wants."""


class MixedCase(LabCase):
    """
    One node of each kind.

    @cvar kinds: what C{alpha} and C{beta} are.
    """

    needs = {"ours": True, "heartbeat": True}
    kinds: tuple[type[Node], type[Node]] = (Ours, Heartbeat306)

    def pair(self, plan: Plan = MIXED, serial: bool = False) -> tuple[Node, Node]:
        """Switch two machines on; start nothing yet."""
        ends = self.lab.serialCable().ends if serial else ("", "")
        first = self.node(self.kinds[0], "alpha", plan, ends[0])
        return first, self.node(self.kinds[1], "beta", plan, ends[1])

    def formed(self, plan: Plan = MIXED, serial: bool = False) -> tuple[Node, Node, Client]:
        """Two settled nodes, C{alpha} serves, and a client that has been answered."""
        alpha, beta = self.pair(plan, serial)
        alpha.start()
        beta.start()
        alpha.settled("local", 40.0)
        beta.settled("local", 40.0)
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 10.0)
        client = self.lab.client()
        client.expect("alpha", 5.0)
        return alpha, beta, client

    def move(self, client: Client, do: Callable[[], float], to: Node, limit: float = 20.0) -> float:
        """
        Do something that moves the address.

        @return: the silence the client heard, in seconds.
        """
        moment = do()
        self.lab.owners.expect(SERVICE_ADDRESS, to.name, limit, moment)
        client.expect(to.name, 5.0)
        return client.longestSilence(moment).seconds

    def slow(self, node: Node, verb: str, seconds: float) -> Callable[[str, float], None]:
        """
        From now on C{verb} of a group's script takes so long on that node.

        @return: given some words and a limit in seconds, waits until the scripts' journal there says
            them, what it says already left out.
        """
        node.script(verb, seconds)
        log, since = node.machine.log, len(node.machine.log("probe.journal"))

        def noted(what: str, limit: float) -> None:
            said = lambda: f" {what}\n" in log("probe.journal")[since:]  # noqa: E731
            waitFor(f"{what} on {node.name}", said, limit, 0.02, lambda: log("probe.journal"))

        return noted

    def settle(self, limit: float = 40.0) -> None:
        """Wait until both nodes say that they are settled, and one has the address."""

        def settled() -> bool:
            answers = {node.holdings() for node in self.nodes}
            return not answers & {"transition", "down"} and len(self.lab.owners.of(SERVICE_ADDRESS)) == 1

        def instead() -> str:
            return self.lab.owners.tell(SERVICE_ADDRESS) + "\n" + "\n".join(n.tail() for n in self.nodes)

        waitFor("both are settled and one serves", settled, limit, 0.1, instead)


class OursFirstTests(MixedCase):
    """Ours is C{alpha}."""

    kinds: tuple[type[Node], type[Node]] = (Ours, Heartbeat306)

    def test_together(self) -> None:
        """Started together each takes its own group, long before the original's own ten seconds."""
        plan = but(MIXED, resources=TWO_GROUPS)
        alpha, beta = self.pair(plan)
        alpha.start()
        started = beta.start()
        first = self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 40.0)
        second = self.lab.owners.expect(OTHER_ADDRESS, "beta", 40.0)
        alpha.settled("local")
        beta.settled("local")
        self.assertLess(max(first, second) - started, 9.0)

    def test_alphaFirst(self) -> None:
        """C{beta} joins a C{alpha} that has long been serving alone, and takes its own group."""
        alpha, beta = self.pair(but(MIXED, resources=TWO_GROUPS))
        alpha.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 30.0)
        self.lab.owners.expect(OTHER_ADDRESS, "alpha", 30.0)
        alpha.settled("all", 40.0)
        beta.start()
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 30.0)
        alpha.settled("local")
        beta.settled("local")
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 1.0)

    def test_betaFirst(self) -> None:
        """C{alpha} joins a C{beta} that serves alone, and gets its group back."""
        alpha, beta = self.pair()
        beta.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "beta", 30.0)
        beta.settled("all", 40.0)
        client = self.lab.client()
        client.expect("beta", 5.0)
        self.move(client, alpha.start, alpha)
        alpha.settled("local")
        beta.settled("local")

    def test_activeLosesPower(self) -> None:
        """The active node loses power, comes back and gets its group back."""
        alpha, beta, client = self.formed()
        silence = self.move(client, alpha.machine.powerOff, beta)
        # In the first 5 s of its life the original asks to be given 2 s more (wire-protocol.md 7.3).
        self.assertLess(silence, MIXED.deadtime + 2.0 + 1.0)
        beta.settled("all")
        alpha.machine.powerOn(SERVICE_ADDRESS)
        self.move(client, alpha.start, alpha)
        alpha.settled("local")
        beta.settled("local")

    def test_passiveLosesPower(self) -> None:
        """The passive node loses power and comes back; the address never moves."""
        alpha, beta, client = self.formed()
        moment = beta.machine.powerOff()
        alpha.settled("all")
        beta.machine.powerOn(SERVICE_ADDRESS)
        beta.start()
        beta.settled("local")
        alpha.settled("local")
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, moment), [])
        self.assertLess(client.longestSilence(moment).seconds, NOISE)

    def test_failbackOff(self) -> None:
        """With auto_failback off the node that comes back takes nothing."""
        alpha, beta, client = self.formed(but(MIXED, failback="off"))
        self.move(client, alpha.machine.powerOff, beta)
        beta.settled("all")
        alpha.machine.powerOn(SERVICE_ADDRESS)
        moment = alpha.start()
        alpha.settled("none")
        beta.settled("all")
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, moment), [])

    def test_standby(self) -> None:
        """C{standby all} on C{alpha}, then on C{beta}: there and back."""
        alpha, beta, client = self.formed()
        self.move(client, lambda: alpha.standby("all"), beta)
        alpha.settled("none")
        beta.settled("all")
        self.move(client, lambda: beta.standby("all"), alpha)
        alpha.settled("all")
        beta.settled("none")

    def test_takeover(self) -> None:
        """C{takeover all} on C{beta}, then C{takeover local} on C{alpha}: there and back."""
        alpha, beta, client = self.formed()
        self.move(client, lambda: beta.takeover("all"), beta)
        alpha.settled("none")
        beta.settled("all")
        self.move(client, lambda: alpha.takeover("local"), alpha)
        alpha.settled("local")
        beta.settled("local")

    def test_standbyLocal(self) -> None:
        """C{standby local} moves one group of two and leaves the other alone."""
        alpha, beta, client = self.formed(but(MIXED, resources=TWO_GROUPS))
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 10.0)
        moment = now()
        self.move(client, lambda: alpha.standby("local"), beta)
        alpha.settled("none")
        beta.settled("all")
        self.assertEqual(self.lab.owners.arrivals(OTHER_ADDRESS, moment), [])

    def test_activeStops(self) -> None:
        """The active node is stopped, started again, and gets its group back."""
        alpha, beta, client = self.formed()
        silence = self.move(client, alpha.stop, beta)
        self.assertLess(silence, 2.0 + NOISE)
        beta.settled("all")
        self.move(client, alpha.start, alpha)
        alpha.settled("local")
        beta.settled("local")

    def test_passiveStops(self) -> None:
        """The passive node is stopped: the other holds everything, without moving the address."""
        alpha, beta, client = self.formed()
        moment = beta.stop()
        alpha.settled("all")
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, moment), [])
        self.assertLess(client.longestSilence(moment).seconds, NOISE)

    def test_healed(self) -> None:
        """After a healed partition the original restarts, and a cluster with one owner is left."""
        self.mayConflict = self.mayComplain = True
        alpha, beta, client = self.formed()
        self.lab.cutCable(alpha.machine, CLUSTER)
        self.lab.cutCable(alpha.machine, SERVICE)
        waitFor("both have it", lambda: len(self.lab.owners.of(SERVICE_ADDRESS)) == 2, 15.0)
        alpha.settled("all")
        beta.settled("all")
        (original,) = [node for node in self.nodes if isinstance(node, Heartbeat306)]
        mark = original.mark()
        self.lab.mend()
        original.expect("returning after partition", 15.0, mark)
        original.expect("Heartbeat restart triggered", 30.0, mark)
        original.expect("Comm_now_up()", 30.0, mark)
        self.settle()
        (owner,) = self.lab.owners.of(SERVICE_ADDRESS)
        client.expect(owner, 5.0)

    def test_oneOfTwo(self) -> None:
        """One of two cables is cut and mended: both say so, and nothing moves."""
        alpha, beta, client = self.formed(but(MIXED, media=("bcast eth0", "bcast eth1")))
        alpha.expect("Link beta:eth1 up.")
        beta.expect("Link alpha:eth1 up.")
        moment = now()
        self.lab.cutCable(alpha.machine, CLUSTER)
        alpha.expect("Link beta:eth1 dead.")
        beta.expect("Link alpha:eth1 dead.")
        marks = alpha.mark(), beta.mark()
        self.lab.mend()
        alpha.expect("Link beta:eth1 up.", since=marks[0])
        beta.expect("Link alpha:eth1 up.", since=marks[1])
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, moment), [])
        self.assertLess(client.longestSilence(moment).seconds, NOISE)

    def test_loss(self) -> None:
        """
        With a quarter of all packets lost both live on, and a standby succeeds.  The original acts on
        what it hears in that order (resource-management.md section 4.8, B22): it may refuse a request
        that overtook the report before it, and then an operator asks again; and it may believe an older
        report.
        """
        self.mayComplain = True
        alpha, beta, _client = self.formed(but(MIXED, deadtime=4.0, initdead=5.0))
        self.lab.drop(alpha.machine, CLUSTER, 25)
        for limit in (12.0, 12.0, 30.0):
            with contextlib.suppress(ConditionNotMet):
                alpha.standby("all")
                self.lab.owners.expect(SERVICE_ADDRESS, "beta", limit)
                break
        self.lab.owners.expect(SERVICE_ADDRESS, "beta", 1.0)
        self.lab.mend()
        for node, holdings in ((alpha, "none"), (beta, "all")):
            if isinstance(node, Ours):
                node.settled(holdings)
        self.assertFalse(alpha.said("is dead") or beta.said("is dead"))


class OriginalFirstTests(OursFirstTests):
    """The same stories; the original is C{alpha}."""

    kinds = (Heartbeat306, Ours)


class CableTests(MixedCase):
    """Every kind of medium between the two."""

    def _story(self, plan: Plan, serial: bool = False) -> None:
        alpha, beta, client = self.formed(plan, serial)
        self.move(client, lambda: alpha.standby("all"), beta)
        alpha.settled("none")
        beta.settled("all")
        self.move(client, beta.machine.powerOff, alpha)

    def test_ucast(self) -> None:
        """C{ucast}, with the same file on both nodes."""
        self._story(but(MIXED, media=("ucast eth1 10.77.1.1", "ucast eth1 10.77.1.2")))

    def test_mcast(self) -> None:
        """C{mcast}."""
        self._story(but(MIXED, media=("mcast eth1 225.0.0.1 694 1 0",)))

    def test_serial(self) -> None:
        """C{serial} alone."""
        plan = but(MIXED, media=("serial %(serial)s",), keepalive=0.5, deadtime=3.0)
        self._story(plan, serial=True)

    def test_serialAndBroadcast(self) -> None:
        """C{serial} and C{bcast} together: the same message arrives twice and acts once."""
        plan = but(MIXED, media=("serial %(serial)s", "bcast eth1"), keepalive=0.5, deadtime=3.0)
        self._story(plan, serial=True)


class OneWayRoundTests(MixedCase):
    """Stories in which it matters which of the two ours is: it is C{alpha}."""

    def test_deafOriginal(self) -> None:
        """
        C{beta} serves alone and does not hear C{alpha}, which boots and hears it: nothing is taken from
        it, long after the ten seconds that the original would wait.
        """
        alpha, beta = self.pair()
        beta.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "beta", 30.0)
        beta.settled("all", 40.0)
        for network in (SERVICE, CLUSTER):
            self.lab.muffle(alpha.machine, network)
        moment = alpha.start()
        alpha.expect("does it hear this one", 40.0)
        self.assertEqual(self.lab.owners.arrivals(SERVICE_ADDRESS, moment), [])
        self.lab.mend()
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 30.0)
        alpha.settled("local")
        beta.settled("local")

    def test_backInTakeover(self) -> None:
        """C{alpha} is back while C{beta} still takes over from it, and gets its group afterwards."""
        alpha, beta, client = self.formed(SLOW)
        noted = self.slow(beta, "start", 6.0)
        alpha.machine.powerOff()
        noted("one starting", 20.0)
        alpha.machine.powerOn(SERVICE_ADDRESS)
        alpha.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 60.0)
        client.expect("alpha", 5.0)
        alpha.settled("local")
        beta.settled("local")

    def test_originalBackInOurTakeover(self) -> None:
        """
        C{alpha} boots, cannot hear C{beta} and takes over, which takes long.  C{beta} is heard before
        its own group is touched: that one stays where it is.
        """
        self.mayConflict = True
        alpha, beta = self.pair(SLOW)
        beta.start()
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 30.0)
        beta.settled("all", 40.0)
        noted = self.slow(alpha, "start", 5.0)
        for network in (SERVICE, CLUSTER):
            self.lab.drop(alpha.machine, network)
        alpha.start()
        noted("one starting", 40.0)
        self.lab.mend()
        self.settle()
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 60.0)
        alpha.settled("local")
        beta.settled("local")
        # Its script comes before its address, which would be refused: the other machine answers for it.
        self.assertNotIn(" two starting", alpha.machine.log("probe.journal"))

    def test_legacyBootInACut(self) -> None:
        """
        With C{auto_failback legacy} ours boots while nothing connects the two, and takes everything.
        Afterwards each has its own again, and nobody anything twice.
        """
        self.mayConflict = True
        plan = but(MIXED, resources=TWO_GROUPS, failback="legacy")
        alpha, beta = self.pair(plan)
        alpha.start()
        beta.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 40.0)
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 40.0)
        alpha.machine.powerOff()
        self.lab.owners.expect(SERVICE_ADDRESS, "beta", 20.0)
        for network in (SERVICE, CLUSTER):
            self.lab.drop(beta.machine, network)
        alpha.machine.powerOn(SERVICE_ADDRESS)
        alpha.start()
        waitFor(
            "alpha takes both",
            lambda: all("alpha" in self.lab.owners.of(one) for one in (SERVICE_ADDRESS, OTHER_ADDRESS)),
            30.0,
        )
        self.lab.mend()
        waitFor(
            "each has its own",
            lambda: (
                list(self.lab.owners.of(SERVICE_ADDRESS)) == ["alpha"]
                and list(self.lab.owners.of(OTHER_ADDRESS)) == ["beta"]
            ),
            30.0,
        )

    def test_legacy(self) -> None:
        """C{auto_failback legacy}: the preferred node takes its group whenever it is there."""
        alpha, beta = self.pair(but(MIXED, failback="legacy"))
        alpha.start()
        beta.start()
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 40.0)
        client = self.lab.client()
        client.expect("alpha", 5.0)
        self.move(client, alpha.machine.powerOff, beta)
        alpha.machine.powerOn(SERVICE_ADDRESS)
        self.move(client, alpha.start, alpha, 30.0)

    def test_forgottenMove(self) -> None:
        """
        Ours loses its power while it gives C{beta} its group back, and is there again before it is
        missed.  The original waits an hour for the end of that move: somebody serves all the same, and
        nobody beside somebody else.
        """
        self.mayComplain = True
        alpha, beta, _client = self.formed(SLOW)
        beta.machine.powerOff()
        self.lab.owners.expect(OTHER_ADDRESS, "alpha", 20.0)
        alpha.settled("all")
        noted = self.slow(alpha, "stop", 4.0)
        beta.machine.powerOn(SERVICE_ADDRESS)
        beta.start()
        noted("two stopping", 30.0)
        mark = beta.mark()
        alpha.machine.powerOff()
        alpha.machine.powerOn(SERVICE_ADDRESS)
        alpha.start()
        for address in (SERVICE_ADDRESS, OTHER_ADDRESS):
            self.lab.owners.expect(address, "alpha", 30.0)
        self.assertFalse(beta.said("node alpha: is dead", mark), "it was missed")


class OtherWayRoundTests(MixedCase):
    """The same with the original as C{alpha}."""

    kinds = (Heartbeat306, Ours)

    def test_hangsInAMove(self) -> None:
        """
        Both claim everything after the original was frozen.  It offers a group back and hangs in its
        stop: the other one is settled meanwhile.
        """
        self.mayConflict = self.mayComplain = True
        alpha, beta, _client = self.formed(SLOW)
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 20.0)
        noted, mark = self.slow(alpha, "stop", 20.0), beta.mark()
        alpha.stall(MIXED.deadtime + 5.0)
        noted("two stopping", 30.0)
        beta.expect("Both machines own our all resources!", 5.0, mark)
        beta.expect("yielded to the other node", 15.0, mark)
        self.lab.owners.expect(OTHER_ADDRESS, "beta", 60.0)
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 1.0)
