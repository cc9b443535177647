"""Tests for L{twisted_ha.cluster.communications}: the way from up to active."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import ALPHA, BETA, GAMMA, Member, Peer, Wire, configuration, member, run
from twisted_ha.events import CommunicationsUp, LocalStatusChanged, Warned
from twisted_ha.terms import NodeName, NodeStatus
from twisted_ha.wire.message import Message


class CommunicationsTests(SynchronousTestCase):
    """When everybody is heard or dead."""

    def build(self, *nodes: NodeName) -> Member:
        """A started alpha in a cluster of these."""
        self.clock = Clock()
        self.port = Wire(self.clock).port(ALPHA)
        self.alpha = member(self.clock, [self.port], configuration(nodes=(ALPHA, *nodes)))
        self.alpha.core.start()
        return self.alpha

    def requests(self) -> list[str | None]:
        """Who was asked for a node list."""
        return [one.get("dest") for one in self.port.messages if one.type == "reqnodes"]

    def test_alone(self) -> None:
        """A cluster of one is up at once: init, up, active."""
        alpha = self.build()
        self.assertTrue(alpha.core.communicationsUp)
        self.assertEqual([one.get("st") for one in self.port.messages], ["init", "up", "active"])

    def test_waits(self) -> None:
        """Until everybody was heard or is dead this node stays up."""
        alpha = self.build(BETA, GAMMA)
        Peer(alpha, BETA).says()
        run(self.clock, 5)
        self.assertEqual(alpha.core.localStatus, NodeStatus.UP)
        self.assertEqual(self.requests(), [])

    def test_asks(self) -> None:
        """Then the node list is asked for, and its answer makes this node active."""
        alpha = self.build(BETA)
        beta = Peer(alpha)
        beta.says(st="up")
        self.assertEqual(self.requests(), [BETA])
        self.assertFalse(alpha.core.communicationsUp)
        beta.says("repnodes", dest="alpha", nodelist="alpha beta ", delnodelist=" ")
        self.assertTrue(alpha.core.communicationsUp)
        self.assertTrue(alpha.core.nodes.isDeaf(BETA), "it has heard nothing that was said since then")
        before = alpha.core.nodes.cameUpAt
        self.assertTrue(before > 0)
        beta.says("NS_ackmsg", dest="alpha", ackseq=f"{before:x}")
        self.assertTrue(alpha.core.nodes.isDeaf(BETA))
        alpha.core.send(Message.of("starting"))
        beta.says("NS_ackmsg", dest="alpha", ackseq=f"{before + 1:x}")
        self.assertFalse(alpha.core.nodes.isDeaf(BETA))
        self.assertEqual(alpha.told(Warned), [])
        run(self.clock, 3)
        self.assertEqual(self.requests(), [BETA])

    def test_asksAgain(self) -> None:
        """It is asked for every second, of the next live node."""
        alpha = self.build(BETA, GAMMA)
        peers = [Peer(alpha, BETA), Peer(alpha, GAMMA)]
        for _ in range(4):
            for peer in peers:
                peer.says(st="up")
            run(self.clock, 1.0)
        self.assertEqual(self.requests()[:4], [BETA, GAMMA, BETA, GAMMA])

    def test_goesOnWithout(self) -> None:
        """A node that never answers does not hold this one up for ever."""
        alpha = self.build(BETA)
        beta = Peer(alpha)
        for _ in range(12):
            beta.says(st="up")
            run(self.clock, 1.0)
        self.assertTrue(alpha.core.communicationsUp)
        self.assertEqual(len(self.requests()), 10)
        self.assertEqual(len(alpha.told(Warned)), 1)

    def test_old(self) -> None:
        """A node without C{protocol} is not asked: heartbeat 1.2 does not answer."""
        alpha = self.build(BETA)
        beta = Peer(alpha)
        beta.extras = {}
        beta.says(st="up")
        self.assertTrue(alpha.core.communicationsUp)
        self.assertEqual(self.requests(), [])

    def test_ours(self) -> None:
        """A node of our kind is not asked: it would say what is in C{ha.cf}."""
        alpha = self.build(BETA)
        Peer(alpha).says(st="up", twisted_ha="1")
        self.assertTrue(alpha.core.communicationsUp)
        self.assertEqual(self.requests(), [])

    def test_nobody(self) -> None:
        """With everybody dead there is nobody to ask."""
        alpha = self.build(BETA)
        run(self.clock, 12.1)
        self.assertTrue(alpha.core.communicationsUp)
        self.assertEqual(self.requests(), [])
        self.assertEqual(
            alpha.names(), ["LocalStatusChanged", "NodeDied", "LocalStatusChanged", "CommunicationsUp"]
        )

    def test_diesMeanwhile(self) -> None:
        """If the node that was asked dies there is nobody left to wait for."""
        alpha = self.build(BETA)
        Peer(alpha).says(st="up", dt="bb8")
        run(self.clock, 9)
        self.assertFalse(alpha.core.communicationsUp)  # initdead is in force, and more requests go out
        run(self.clock, 3.5)
        self.assertTrue(alpha.core.communicationsUp)

    def test_order(self) -> None:
        """The status C{active} has left when the event is told."""
        alpha = self.build(BETA)
        sent: list[str | None] = []

        def told(event: object, when: float) -> None:
            if isinstance(event, CommunicationsUp):
                sent.append(self.port.messages[-1].get("st"))

        alpha.bus.subscribe(told)
        beta = Peer(alpha)
        beta.says(st="up", twisted_ha="1")
        self.assertEqual(sent, ["active"])
        (*_, changed) = alpha.told(LocalStatusChanged)
        self.assertEqual(changed, LocalStatusChanged(status="active"))

    def test_answers(self) -> None:
        """Whoever asks gets all ordinary nodes, each followed by a blank."""
        alpha = self.build(BETA, GAMMA)
        beta = Peer(alpha)
        beta.says(st="up")
        beta.says("reqnodes", dest="alpha")
        (answer,) = [message for message in self.port.messages if message.type == "repnodes"]
        self.assertEqual(
            [answer.get(name) for name in ("dest", "nodelist", "delnodelist")],
            ["beta", "alpha beta gamma ", " "],
        )

    def test_answersOnlyWhenMeant(self) -> None:
        """A request to another node is left to it."""
        alpha = self.build(BETA, GAMMA)
        beta = Peer(alpha)
        beta.says(st="up")
        sent = len(self.port.sent)
        beta.says("reqnodes", dest="gamma")
        self.assertNotIn("repnodes", self.port.types()[sent:])

    def test_differentNodes(self) -> None:
        """Node lists that differ are told once per node, and change nothing."""
        alpha = self.build(BETA)
        beta = Peer(alpha)
        beta.says(st="up")
        for _ in range(3):
            beta.says("repnodes", dest="alpha", nodelist="alpha beta delta ", delnodelist=" ")
        (warning,) = alpha.told(Warned)
        self.assertIn("alpha beta delta", warning.render())
        self.assertEqual(len(list(alpha.core.nodes)), 2)
        self.assertTrue(alpha.core.communicationsUp)
