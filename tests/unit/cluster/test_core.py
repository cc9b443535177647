"""Tests for L{twisted_ha.cluster.core}: whole cores on wires."""

from __future__ import annotations

from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    GAMMA,
    Member,
    Peer,
    Port,
    Wire,
    configuration,
    member,
    run,
)
from twisted_ha.cluster.header import Header
from twisted_ha.events import (
    CommunicationsUp,
    MessagesRecovered,
    NodeDied,
    NodeRestarted,
    NodeReturned,
    RetransmissionRefused,
)
from twisted_ha.interfaces import IMedium, IMessenger
from twisted_ha.terms import LinkStatus, NodeName
from twisted_ha.wire import Message


class ClusterTestCase(SynchronousTestCase):
    """Cores on two wires."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.wires = [Wire(self.clock, "eth1"), Wire(self.clock, "eth2")]
        self.heard: dict[str, list[str]] = {}

    def join(self, name: NodeName, *nodes: NodeName, generation: int = 100) -> Member:
        """A started core in a cluster of these."""
        ports = [wire.port(name) for wire in self.wires]
        made = member(
            self.clock, ports, configuration(name, nodes), generation, seed=len(self.heard) + 1
        )
        heard = self.heard[name] = []
        made.core.handle("note", lambda header, message: heard.append(message.get("info") or ""))
        made.core.start()
        return made

    def pair(self) -> tuple[Member, Member]:
        """alpha and beta, active."""
        alpha = self.join(ALPHA, ALPHA, BETA)
        beta = self.join(BETA, ALPHA, BETA)
        run(self.clock, 1.0)
        return alpha, beta

    def leave(self, gone: Member) -> None:
        """A node loses power."""
        gone.core.stop()
        for port in gone.ports:
            port.sink = None
            port.wire.ports.remove(port)


class ClusterTests(ClusterTestCase):
    """Two and three nodes."""

    def test_interfaces(self) -> None:
        """A core is a messenger, and the wires of these tests are media."""
        alpha = self.join(ALPHA, ALPHA)
        verifyObject(IMessenger, alpha.core)
        verifyObject(IMedium, alpha.ports[0])

    def test_pair(self) -> None:
        """Two nodes find each other within moments, without waiting for a keepalive."""
        alpha = self.join(ALPHA, ALPHA, BETA)
        run(self.clock, 0.5)
        beta = self.join(BETA, ALPHA, BETA)
        run(self.clock, 0.05)
        for node, other in ((alpha, BETA), (beta, ALPHA)):
            self.assertTrue(node.core.communicationsUp)
            self.assertEqual(node.status(other), "active")
            self.assertEqual(len(node.told(CommunicationsUp)), 1)

    def test_calm(self) -> None:
        """An hour of peace: nobody dies, nothing is asked for, and each keeps its beat."""
        alpha, beta = self.pair()
        before = len(alpha.events)
        sent = len(alpha.ports[0].sent)
        run(self.clock, 3600)
        self.assertEqual(alpha.events[before:], [])
        statuses = [kind for kind in alpha.ports[0].types()[sent:] if kind == "status"]
        self.assertEqual(len(statuses), 3600)
        self.assertNotIn("NS_rexmit", beta.ports[0].types())

    def test_everyMessageOnce(self) -> None:
        """On two wires that lose a third of everything, every message arrives exactly once."""
        alpha, beta = self.pair()
        chance = Random(7)
        for wire in self.wires:
            wire.loses = lambda frame: chance.random() < 0.33
        wanted = [str(number) for number in range(200)]
        for info in wanted:
            alpha.core.send(Message.of("note", info=info))
            run(self.clock, 0.05)
        for wire in self.wires:
            wire.loses = lambda frame: False
        run(self.clock, 5)
        self.assertEqual(sorted(self.heard[BETA], key=int), wanted)
        self.assertTrue(beta.told(MessagesRecovered))
        self.assertEqual(len(beta.core.nodes[ALPHA].sequence.missing), 0)

    def test_addressed(self) -> None:
        """A message for one node is acted on there only."""
        alpha = self.join(ALPHA, ALPHA, BETA, GAMMA)
        self.join(BETA, ALPHA, BETA, GAMMA)
        self.join(GAMMA, ALPHA, BETA, GAMMA)
        run(self.clock, 1)
        alpha.core.sendTo(GAMMA, Message.of("note", info="x"))
        run(self.clock, 1)
        self.assertEqual((self.heard[BETA], self.heard[GAMMA]), ([], ["x"]))

    def test_crash(self) -> None:
        """A node that loses power is dead after its dead time, seen from the other."""
        alpha, beta = self.pair()
        self.leave(alpha)
        run(self.clock, 7)
        (death,) = beta.told(NodeDied)
        assert isinstance(death, NodeDied)
        self.assertEqual((death.node, death.heard), (ALPHA, True))

    def test_oneWire(self) -> None:
        """One wire of two may go: nobody dies."""
        alpha, beta = self.pair()
        self.wires[0].part(ALPHA, BETA)
        run(self.clock, 60)
        self.assertEqual(alpha.told(NodeDied) + beta.told(NodeDied), [])
        (view,) = [view for view in alpha.core.nodeViews() if view.name == BETA]
        self.assertEqual([link.status for link in view.links], [LinkStatus.DEAD, LinkStatus.UP])

    def test_partition(self) -> None:
        """A partition that heals: both die for each other, both return, nobody restarted."""
        alpha, beta = self.pair()
        for wire in self.wires:
            wire.part(ALPHA, BETA)
        run(self.clock, 20)
        for wire in self.wires:
            wire.cut.clear()
        run(self.clock, 2)
        for node in (alpha, beta):
            self.assertEqual(len(node.told(NodeDied)), 1)
            self.assertEqual(len(node.told(NodeReturned)), 1)
            self.assertEqual(node.told(NodeRestarted), [])
        self.assertEqual((alpha.status(BETA), beta.status(ALPHA)), ("active", "active"))

    def test_quickRestart(self) -> None:
        """A node that restarts within the dead time did not die."""
        alpha, beta = self.pair()
        self.leave(beta)
        run(self.clock, 2)
        again = self.join(BETA, ALPHA, BETA, generation=101)
        run(self.clock, 1)
        self.assertEqual(len(alpha.told(NodeRestarted)), 1)
        self.assertEqual(alpha.told(NodeDied), [])
        self.assertEqual((alpha.status(BETA), again.status(ALPHA)), ("active", "active"))
        alpha.core.send(Message.of("note", info="x"))
        again.core.send(Message.of("note", info="y"))
        run(self.clock, 1)
        self.assertEqual((self.heard[BETA], self.heard[ALPHA]), (["x"], ["y"]))

    def test_generationWentBack(self) -> None:
        """A node whose generation went back is not heard: it could be an old copy of itself."""
        alpha, beta = self.pair()
        self.leave(beta)
        self.join(BETA, ALPHA, BETA, generation=99)
        run(self.clock, 20)
        self.assertEqual(alpha.status(BETA), "dead")

    def test_views(self) -> None:
        """A view of every node tells what an operator asks."""
        alpha, _ = self.pair()
        run(self.clock, 130)
        own, other = alpha.core.nodeViews()
        self.assertEqual((own.name, own.local, own.generation), (ALPHA, True, 100))
        self.assertEqual((other.status, other.extension, other.deadtime), ("active", "1", 6.0))
        self.assertTrue(other.acknowledged > 0)
        self.assertEqual([link.lost for link in other.links], [0, 0])


class CoreTests(ClusterTestCase):
    """One core, and what it owes to the other rooms."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha = self.join(ALPHA, ALPHA, BETA)
        self.beta = Peer(self.alpha)
        self.port: Port = self.alpha.ports[0]
        self.beta.extras = {}  # no flow control, so no acknowledgements in between
        self.beta.says()
        self.alpha.watched.clear()

    def test_watchers(self) -> None:
        """A message is watched before what was sent in reaction to it, and ours after they left."""
        self.alpha.core.handle("ask", lambda header, message: self.alpha.core.send(Message.of("answer")))
        left: list[int] = []
        self.alpha.core.observe(lambda header, message, local: left.append(len(self.port.sent)))
        sent = len(self.port.sent)
        self.beta.says("ask")
        self.assertEqual(
            [(message.type, local) for _, message, local in self.alpha.watched],
            [("ask", False), ("answer", True)],
        )
        self.assertEqual(left[1], sent + 1)

    def test_watchersDoNotReenter(self) -> None:
        """A watcher that sends is not called again before it is done."""
        order: list[str] = []

        def watch(header: Header, message: Message, local: bool) -> None:
            order.append(f"begin {message.type}")
            if message.type == "a":
                self.alpha.core.send(Message.of("b"))
            order.append(f"end {message.type}")

        self.alpha.core.observe(watch)
        self.alpha.core.send(Message.of("a"))
        self.assertEqual(order, ["begin a", "end a", "begin b", "end b"])

    def test_unobserve(self) -> None:
        """Watching can be stopped."""
        seen: list[str] = []
        stop = self.alpha.core.observe(lambda header, message, local: seen.append(message.type))
        stop()
        stop()
        self.alpha.core.send(Message.of("a"))
        self.assertEqual(seen, [])

    def test_unwanted(self) -> None:
        """A watcher is not told of types it has no use for; another one is."""
        some: list[str] = []
        every: list[str] = []
        core = self.alpha.core
        core.observe(lambda header, message, local: some.append(message.type), but=("a", "x"))
        stop = core.observe(lambda header, message, local: every.append(message.type))
        for kind in "ab":
            core.send(Message.of(kind))
        for kind in "xy":
            self.beta.says(kind)
        self.assertEqual((some, every), (["b", "y"], ["a", "b", "x", "y"]))
        stop()
        core.send(Message.of("a"))
        self.assertEqual(len(every), 4)

    def test_brokenWatcher(self) -> None:
        """A watcher or handler with a bug is logged; the others hear, and the next message too."""

        def broken(*args: object) -> None:
            raise RuntimeError("a bug")

        self.alpha.core.observe(broken)
        self.alpha.core.handle("x", broken)
        heard: list[str] = []
        self.alpha.core.handle("x", lambda header, message: heard.append(message.type))
        self.beta.says("x")
        self.assertEqual(heard, ["x"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_sender(self) -> None:
        """A handler gets who sent it, in which life, with which number."""
        headers: list[Header] = []
        self.alpha.core.handle("x", lambda header, message: headers.append(header))
        self.beta.says("x")
        (header,) = headers
        self.assertEqual((header.src, header.generation, header.sequence), (BETA, 50, 2))

    def test_ownMessages(self) -> None:
        """Handlers are for others' messages, not for our own."""
        heard: list[str] = []
        self.alpha.core.handle("x", lambda header, message: heard.append(message.type))
        self.alpha.core.send(Message.of("x"))
        self.assertEqual(heard, [])

    def test_acknowledged(self) -> None:
        """What a peer acknowledges is remembered, unless it was never sent or is older."""
        node = self.alpha.core.nodes[BETA]
        for number in ("0", "ffff", "x"):
            self.beta.says("NS_ackmsg", dest="alpha", ackseq=number)
        self.assertEqual(node.acknowledged, 0)
        for number, wanted in (("2", 2), ("1", 2), ("ffff", 2), ("x", 2), ("3", 3)):
            self.beta.says("NS_ackmsg", dest="alpha", ackseq=number)
            self.assertEqual(node.acknowledged, wanted)
        node.newLife(node.generation + 1)
        self.assertEqual(node.acknowledged, 0)

    def test_refused(self) -> None:
        """A message the sender no longer has is not asked for any more, and that is told."""
        self.beta.says("note", sequence=5)
        run(self.clock, 0.3)
        self.assertIn("NS_rexmit", self.port.types())
        for number in ("2", "3", "4"):
            self.beta.says("NS_nak_rexmit", dest="alpha", firstseq=number, info="seqno too low")
        self.assertEqual(len(self.alpha.told(RetransmissionRefused)), 3)
        sent = self.port.types().count("NS_rexmit")
        run(self.clock, 3)
        self.assertEqual(self.port.types().count("NS_rexmit"), sent)

    def test_attributes(self) -> None:
        """Weight and site of a node are stored, whoever sets them."""
        self.beta.says("setweight", node="beta", weight="50")
        self.alpha.core.send(Message.of("setsite", node="beta", site="cellar"))
        self.beta.says("setweight", node="nobody", weight="1")
        node = self.alpha.core.nodes[BETA]
        self.assertEqual((node.weight, node.site), (50, "cellar"))

    def test_beforeStart(self) -> None:
        """What comes before the start is not heard: our first packet must be our first word."""
        port = Wire(self.clock).port(ALPHA)
        early = member(self.clock, [port])
        Peer(early).says()
        self.assertEqual(port.sent, [])
        self.assertFalse(early.core.nodes[BETA].heard)

    def test_afterStop(self) -> None:
        """After the stop a last word can still be sent."""
        self.alpha.core.stop()
        sent = len(self.port.sent)
        self.alpha.core.sendStatus()
        self.assertEqual(len(self.port.sent), sent + 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
