"""Tests for L{twisted_ha.cluster.nodes}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    GAMMA,
    ROUTER,
    ROUTER_LINE,
    Wire,
    configuration,
    uuidOf,
)
from twisted_ha.bus import EventBus
from twisted_ha.cluster.header import Header
from twisted_ha.cluster.nodes import NodeTable
from twisted_ha.events import Event, Warned
from twisted_ha.interfaces import INodes
from twisted_ha.terms import NodeName, NodeStatus


class NodeTableTests(SynchronousTestCase):
    """Everybody in C{ha.cf}."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        bus = EventBus(self.clock)
        bus.subscribe(lambda event, when: self.events.append(event))
        media = [
            Wire(self.clock, "eth1").port(ALPHA),
            Wire(self.clock, "eth1").port(ALPHA, "ucast"),
            Wire(self.clock, "/dev/ttyS0").port(ALPHA, "serial"),
            Wire(self.clock, ROUTER).port(ALPHA, "ping", ROUTER),
        ]
        config = configuration(nodes=(ALPHA, BETA, GAMMA), media=(ROUTER_LINE,))
        self.nodes = NodeTable(config, media, bus)

    def test_members(self) -> None:
        """Ordinary nodes come in the order of C{ha.cf}, ping nodes after them."""
        self.assertEqual([node.name for node in self.nodes], [ALPHA, BETA, GAMMA, ROUTER])
        self.assertEqual([node.name for node in self.nodes.peers], [BETA, GAMMA])
        self.assertEqual([node.name for node in self.nodes.others], [BETA, GAMMA, ROUTER])

    def test_links(self) -> None:
        """Media of one name are one link, and a ping node has only its own."""
        self.assertEqual(list(self.nodes[BETA].links), ["eth1", "/dev/ttyS0"])
        self.assertEqual(list(self.nodes[ROUTER].links), [ROUTER])

    def test_questions(self) -> None:
        """What others ask about a node is the case of one that is known to be so, and of no stranger."""
        verifyObject(INodes, self.nodes)
        asked = (self.nodes.isOurs, self.nodes.isAlive, self.nodes.isActive, self.nodes.isDeaf)
        for name in (BETA, NodeName("nobody")):
            self.assertEqual([question(name) for question in asked], [False] * 4)
        beta = self.nodes[BETA]
        beta.heard, beta.protocol, beta.status = True, True, NodeStatus.ACTIVE
        self.assertEqual([question(BETA) for question in asked], [False, True, True, True])
        beta.acknowledged, beta.extension, beta.status = 1, "1", NodeStatus.DEAD
        self.assertEqual([question(BETA) for question in asked], [True, False, False, False])

    def test_heardWhole(self) -> None:
        """Nothing can have been lost if a status came since, and no number before it is missing."""
        beta = self.nodes[BETA]
        whole = self.nodes.isHeardWhole
        self.assertFalse(whole(NodeName("nobody"), 0.0))
        self.assertFalse(whole(BETA, 0.0))
        beta.lastStatus = 10.0
        beta.sequence.accept(1)
        self.assertEqual([whole(BETA, since) for since in (9.0, 10.0, 10.1)], [True, True, False])
        beta.sequence.accept(3)
        self.assertFalse(whole(BETA, 9.0))
        beta.sequence.accept(2)
        self.assertTrue(whole(BETA, 9.0))

    def test_exactName(self) -> None:
        """Names are compared exactly: C{BETA} is a stranger."""
        self.assertIsNone(self.nodes.find(Header(type="x", src=NodeName("BETA"))))
        self.assertIs(self.nodes.find(Header(type="x", src=BETA)), self.nodes[BETA])

    def test_clone(self) -> None:
        """A uuid that belongs to another node renames nobody, and is told once."""
        self.nodes.learn(self.nodes[BETA], uuidOf("beta"))
        for _ in range(3):
            self.nodes.learn(self.nodes[GAMMA], uuidOf("beta"))
        self.assertIsNone(self.nodes[GAMMA].uuid)
        (warning,) = self.events
        assert isinstance(warning, Warned)
        self.assertIn("gamma uses the uuid of beta", warning.message)
        found = self.nodes.find(Header(type="x", src=GAMMA, srcuuid=uuidOf("beta")))
        self.assertIs(found, self.nodes[GAMMA])

    def test_newUuid(self) -> None:
        """A node that was installed anew has a new uuid, and the old one is free."""
        self.nodes.learn(self.nodes[BETA], uuidOf("old"))
        self.nodes.learn(self.nodes[BETA], uuidOf("new"))
        self.nodes.learn(self.nodes[GAMMA], uuidOf("old"))
        self.assertEqual(self.nodes[BETA].uuid, uuidOf("new"))
        self.assertEqual(self.nodes[GAMMA].uuid, uuidOf("old"))
        self.assertEqual(self.events, [])

    def test_forUs(self) -> None:
        """A message is for us if it names nobody or us; a uuid decides only where the name does not."""
        self.nodes.learn(self.nodes.local, uuidOf("alpha"))
        elsewhere = NodeName("nobody")
        for dest, uuid, wanted in (
            (None, None, True),
            (ALPHA, None, True),
            (ALPHA, uuidOf("an old one"), True),
            (BETA, None, False),
            (BETA, uuidOf("alpha"), False),
            (elsewhere, uuidOf("alpha"), True),
            (elsewhere, None, False),
        ):
            header = Header(type="x", src=BETA, dest=dest, destuuid=uuid)
            self.assertIs(self.nodes.isForUs(header), wanted, header)

    def test_view(self) -> None:
        """A view is a picture: it does not change with the node."""
        node = self.nodes[BETA]
        node.lastStatus = 3.0
        view = node.view(5.0, 6.0)
        node.word = "active"
        self.assertEqual((view.status, view.silentFor, view.deadtime), ("init", 2.0, 6.0))
        self.assertEqual([link.medium for link in view.links], ["eth1", "/dev/ttyS0"])
