"""Tests for L{twisted_ha.cluster.admission}: lives, order, links."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import ALPHA, BETA, GAMMA, Peer, Wire, configuration, member, run, uuidOf
from twisted_ha.events import LinkUp, MessagesMissing, NodeRestarted, NodeReturned, Warned


class AdmissionTests(SynchronousTestCase):
    """What happens to a message of another node."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.eth1 = Wire(self.clock, "eth1").port(ALPHA)
        self.eth2 = Wire(self.clock, "eth2").port(ALPHA)
        config = configuration(nodes=(ALPHA, BETA, GAMMA))
        self.alpha = member(self.clock, [self.eth1, self.eth2], config)
        self.alpha.core.start()
        self.beta = Peer(self.alpha)
        self.node = self.alpha.core.nodes[BETA]
        self.heard: list[str | None] = []
        self.alpha.core.handle("note", lambda header, message: self.heard.append(message.get("info")))

    def test_once(self) -> None:
        """A message that comes over two links is acted on once, and both links are up."""
        self.beta.says()
        message = self.beta.says("note", info="a")
        self.beta.hear(message, self.eth2)
        self.assertEqual(self.heard, ["a"])
        self.assertEqual(
            [event.link for event in self.alpha.told(LinkUp) if isinstance(event, LinkUp)],
            ["eth1", "eth2"],
        )

    def test_arrivalOrder(self) -> None:
        """A message that was overtaken is acted on when it arrives."""
        self.beta.says()
        late = self.beta.make("note", info="first")
        self.beta.says("note", info="second")
        self.beta.hear(late)
        self.assertEqual(self.heard, ["second", "first"])
        self.assertEqual(len(self.alpha.told(MessagesMissing)), 1)

    def test_others(self) -> None:
        """A message for another node is accounted, keeps its link, and is not acted on."""
        self.beta.says()
        self.beta.says("note", info="x", dest="gamma", port=self.eth2)
        self.beta.says("note", info="y", dest="alpha")
        self.assertEqual(self.heard, ["y"])
        self.assertFalse(self.alpha.told(MessagesMissing))
        self.assertEqual(self.node.linksUp, 2)

    def test_unnumberedForOthers(self) -> None:
        """A message without a number that is for nobody here is not there at all, not even its link."""
        self.beta.says()
        self.beta.says("NS_linktest", dest="NS_linktest", port=self.eth2)
        self.assertEqual(self.node.linksUp, 1)
        self.beta.says("NS_linktest", port=self.eth2)
        self.assertEqual(self.node.linksUp, 2)

    def test_jitter(self) -> None:
        """Statuses are timed, by each link apart; other messages are not."""
        for _ in range(3):
            self.beta.says()
            self.beta.says("note", info="x", port=self.eth2)
            run(self.clock, 1.0)
        jitter = {link.medium: link.jitter for link in self.node.links.values()}
        self.assertEqual(jitter, {"eth1": 0.0, "eth2": None})

    def test_unknownType(self) -> None:
        """A type nobody knows is no error, and watchers see it."""
        self.beta.says("whatever", info="x")
        self.assertEqual(self.alpha.watched[-1][1].type, "whatever")

    def test_staleProvesNothing(self) -> None:
        """An old message played again over a dead link leaves it dead."""
        old = self.beta.says()
        self.beta.says("note", info="x")
        self.beta.says("note", info="y")
        self.beta.hear(old, self.eth2)
        self.assertFalse(self.node.links["eth2"].up)

    def test_restart(self) -> None:
        """A higher generation in a status is a new life: its numbers begin again."""
        self.beta.says(sequence=500)
        self.beta.generation += 1
        self.beta.sequence = 0
        self.beta.says(st="init")
        self.beta.says("note", info="x")
        (event,) = self.alpha.told(NodeRestarted)
        assert isinstance(event, NodeRestarted)
        self.assertEqual((event.generation, event.previous), (51, 50))
        self.assertEqual(self.heard, ["x"])

    def test_onlyStatusBeginsALife(self) -> None:
        """Another type of a higher generation changes nothing until a status has come."""
        self.beta.says(sequence=500)
        self.beta.generation += 1
        self.beta.says("note", info="x")
        self.assertEqual((self.heard, self.node.generation), ([], 50))
        self.assertEqual(self.node.sequence.last, 500)

    def test_firstLife(self) -> None:
        """The first generation heard of is no restart."""
        self.beta.says()
        self.assertFalse(self.alpha.told(NodeRestarted))
        self.assertEqual(self.node.generation, 50)

    def test_oldLife(self) -> None:
        """What an earlier life has said counts for nothing, status or not."""
        self.beta.says()
        self.beta.generation -= 1
        self.beta.says("note", info="x")
        self.beta.says(st="up")
        self.beta.generation = 0
        self.beta.says(st="up")
        self.assertEqual((self.heard, self.node.word), ([], "active"))

    def test_oldLifeUnsequenced(self) -> None:
        """Nor do its types without a number."""
        self.beta.says()
        self.beta.generation -= 1
        sent = len(self.eth1.sent)
        self.clock.advance(0.4)
        self.beta.says("NS_rexmit", dest="alpha", firstseq="1", lastseq="1")
        self.assertEqual(len(self.eth1.sent), sent)

    def test_deadUnsequenced(self) -> None:
        """
        Nor does any type without a number, in a life that was declared dead: it may be played again.
        Nobody is told of it, and it is no sign of a link; the next status is.
        """
        self.alpha.core.handle("NS_rexmit", lambda header, message: self.heard.append("asked"))
        self.beta.says()
        run(self.clock, 20)
        self.assertTrue(self.node.dead)
        self.beta.says("NS_rexmit", dest="alpha", firstseq="1", lastseq="1")
        self.assertEqual((self.heard, self.node.linksUp), ([], 0))
        self.beta.says()
        self.beta.says("NS_rexmit", dest="alpha", firstseq="1", lastseq="1")
        self.assertEqual((self.heard, self.node.linksUp), (["asked"], 1))

    def test_unsequencedBeforeStatus(self) -> None:
        """Nor does it before the first status that this daemon hears: it may be from an earlier time."""
        self.alpha.core.handle("NS_rexmit", lambda header, message: self.heard.append("asked"))
        self.beta.says("NS_rexmit", dest="alpha", firstseq="1", lastseq="1")
        self.assertEqual((self.heard, self.node.linksUp), ([], 0))
        self.beta.says()
        self.beta.says("NS_rexmit", dest="alpha", firstseq="1", lastseq="1")
        self.assertEqual((self.heard, self.node.linksUp), (["asked"], 1))

    def test_returned(self) -> None:
        """A node taken for dead that goes on where it was has returned; nothing is asked for."""
        self.beta.says(sequence=10)
        run(self.clock, 20)
        self.assertTrue(self.node.dead)
        self.beta.says(sequence=30)
        (event,) = self.alpha.told(NodeReturned)
        assert isinstance(event, NodeReturned)
        self.assertAlmostEqual(event.silentFor, 20.0)
        self.assertFalse(self.alpha.told(NodeRestarted))
        self.assertFalse(self.node.sequence.missing)

    def test_deadStaysDead(self) -> None:
        """An old status played again does not bring the dead back."""
        old = [self.beta.says(), self.beta.says()]
        run(self.clock, 20)
        for message in old:
            self.beta.hear(message)
        self.assertTrue(self.node.dead)
        self.assertFalse(self.alpha.told(NodeReturned))

    def test_diedAndRestarted(self) -> None:
        """A node that died and has a new generation was restarted, and has not returned."""
        self.beta.says(sequence=10)
        run(self.clock, 20)
        self.beta.generation += 1
        self.beta.sequence = 0
        self.beta.says(st="init")
        self.assertEqual(len(self.alpha.told(NodeRestarted)), 1)
        self.assertFalse(self.alpha.told(NodeReturned))
        self.assertFalse(self.node.dead)

    def test_neverHeardAndDead(self) -> None:
        """The first word of a node that was declared dead unheard is neither return nor restart."""
        run(self.clock, 20)
        self.assertTrue(self.node.dead)
        self.beta.says()
        self.assertEqual(self.node.word, "active")
        self.assertFalse(self.alpha.told(NodeReturned) + self.alpha.told(NodeRestarted))

    def test_tooFar(self) -> None:
        """A gap too long to ask for is told to the operator, not asked for."""
        self.beta.says(sequence=1)
        self.beta.says(sequence=1000)
        (warning,) = self.alpha.told(Warned)
        self.assertIn("998 messages of beta", warning.render())
        run(self.clock, 0.5)
        self.assertNotIn("NS_rexmit", self.eth1.types())


class EchoTests(SynchronousTestCase):
    """Messages that bear our own name."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.wire = Wire(self.clock, echoes=True)
        self.port = self.wire.port(ALPHA)
        self.alpha = member(self.clock, [self.port])
        self.alpha.core.start()

    def test_ownLink(self) -> None:
        """A medium that hears itself gives this node a link to itself, and nothing else."""
        run(self.clock, 0.1)
        self.assertEqual([type(event).__name__ for event in self.alpha.events][-1], "LinkUp")
        self.assertEqual(self.alpha.core.nodes.local.linksUp, 1)
        self.assertTrue(all(local for _, _, local in self.alpha.watched))

    def test_impostor(self) -> None:
        """Another node with our name is told, once a minute at most."""
        impostor = Peer(self.alpha, ALPHA, generation=100)
        for _ in range(3):
            message = impostor.make("status", st="up").replacing("srcuuid", uuidOf("other"))
            self.port.deliver(impostor.frame(message), "192.0.2.7:4000")
        (warning,) = self.alpha.told(Warned)
        self.assertIn("calls itself alpha (192.0.2.7:4000 on eth1)", warning.render())

    def test_ownPast(self) -> None:
        """What an earlier life of ours has sent is no impostor."""
        earlier = Peer(self.alpha, ALPHA, generation=99)
        earlier.says(st="up")
        self.assertFalse(self.alpha.told(Warned))
