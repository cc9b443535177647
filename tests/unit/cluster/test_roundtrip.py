"""Tests of L{twisted_ha.cluster.roundtrip}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    ROUTER,
    ROUTER_LINE,
    Member,
    Peer,
    Wire,
    configuration,
    member,
    run,
)
from twisted_ha.cluster.roundtrip import ANSWER, INTERVAL, QUESTION
from twisted_ha.terms import NodeName


def trips(one: Member, node: NodeName = BETA) -> dict[str, float | None]:
    """The round trips that a member knows, by link."""
    return {name: link.roundTrip for name, link in one.core.nodes[node].links.items()}


class PairTests(SynchronousTestCase):
    """Two nodes of ours on two wires, a quick one and a slow one."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.wires = [Wire(self.clock, "eth1"), Wire(self.clock, "eth2")]
        self.wires[1].latency = 0.020
        self.alpha, self.beta = (
            member(self.clock, [wire.port(name) for wire in self.wires], configuration(name))
            for name in (ALPHA, BETA)
        )

    def start(self) -> None:
        self.alpha.core.start()
        self.beta.core.start()
        run(self.clock, 10.0)

    def test_measured(self) -> None:
        """Each link has its own time, on both nodes."""
        self.start()
        for one, other in ((self.alpha, BETA), (self.beta, ALPHA)):
            found = trips(one, other)
            self.assertAlmostEqual(found["eth1"] or 0, 0.002)
            self.assertAlmostEqual(found["eth2"] or 0, 0.040)

    def test_byOneLink(self) -> None:
        """A question leaves by the link it is about, and so does its answer."""
        self.start()
        for port in (*self.alpha.ports, *self.beta.ports):
            self.assertEqual((port.types().count(QUESTION), port.types().count(ANSWER)), (1, 1))

    def test_seldom(self) -> None:
        """A link is asked once in an interval."""
        self.start()
        run(self.clock, INTERVAL)
        self.assertEqual(self.alpha.ports[0].types().count(QUESTION), 2)

    def test_smoothed(self) -> None:
        """One slow answer moves the time by an eighth."""
        self.start()
        self.wires[0].latency = 0.010
        run(self.clock, INTERVAL)
        self.assertAlmostEqual(trips(self.alpha)["eth1"] or 0, 0.002 + 0.018 / 8)

    def test_oneWay(self) -> None:
        """A link that swallows what we send has no time, though it is heard."""
        self.wires[0].cut.add((ALPHA, BETA))
        self.start()
        self.assertIsNone(trips(self.alpha)["eth1"])
        self.assertTrue(self.alpha.core.nodes[BETA].links["eth1"].up)
        self.assertAlmostEqual(trips(self.alpha)["eth2"] or 0, 0.040)

    def test_mended(self) -> None:
        """A link that comes up later is asked at once, not when the others have their turn again."""
        self.wires[1].cut |= {(ALPHA, BETA), (BETA, ALPHA)}
        self.start()
        self.wires[1].cut.clear()
        run(self.clock, 3.0)
        self.assertAlmostEqual(trips(self.alpha)["eth2"] or 0, 0.040)

    def test_stopped(self) -> None:
        """Nothing is left scheduled."""
        self.start()
        self.alpha.core.stop()
        self.beta.core.stop()
        run(self.clock, 1.0)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class OneNodeTests(SynchronousTestCase):
    """One node of ours, and what it hears."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.wire = Wire(self.clock)
        self.port = self.wire.port(ALPHA)
        self.alpha = member(self.clock, [self.port], configuration(ALPHA))
        self.beta = Peer(self.alpha)
        self.alpha.core.start()

    def test_originalIsNotAsked(self) -> None:
        """Heartbeat is never asked."""
        for _ in range(60):
            self.beta.says("status", st="active")
            run(self.clock, 1.0)
        self.assertNotIn(QUESTION, self.port.types())

    def test_question(self) -> None:
        """A question is for one node, and has no number."""
        self.beta.says("status", st="active", twisted_ha="1")
        run(self.clock, 3.0)
        (question,) = [each for each in self.port.messages if each.type == QUESTION]
        self.assertEqual((question.get("dest"), question.get("seq")), (BETA, None))

    def test_repeated(self) -> None:
        """A question that is played again is answered once a second at most."""
        self.beta.says("status", st="active", twisted_ha="1")
        for _ in range(10):
            self.beta.says(QUESTION, dest=ALPHA, info="1")
        self.assertEqual(self.port.types().count(ANSWER), 1)
        run(self.clock, 1.0)
        self.beta.says(QUESTION, dest=ALPHA, info="2")
        self.assertEqual(self.port.types().count(ANSWER), 2)

    def test_unasked(self) -> None:
        """An answer to nothing, or to an earlier question, changes nothing."""
        self.beta.says("status", st="active", twisted_ha="1")
        self.beta.says(ANSWER, dest=ALPHA, info="7")
        self.beta.says(ANSWER, dest=ALPHA)
        self.assertIsNone(trips(self.alpha)["eth1"])

    def test_answeredOnce(self) -> None:
        """An answer that is played again is not the time it took."""
        self.beta.says("status", st="active", twisted_ha="1")
        run(self.clock, 3.0)
        (question,) = [each for each in self.port.messages if each.type == QUESTION]
        for _ in range(5):
            self.beta.says(ANSWER, dest=ALPHA, info=question.get("info"))
            run(self.clock, 1.0)
        self.assertLess(trips(self.alpha)["eth1"] or 9, 3.1)


class PingTests(SynchronousTestCase):
    """A ping node answers anyway."""

    def test_ping(self) -> None:
        """Every answer is a measurement."""
        clock = Clock()
        wire = Wire(clock, ROUTER)
        wire.latency = 0.004
        port = wire.port(ALPHA, "ping", ROUTER)
        config = configuration(ALPHA, media=(ROUTER_LINE,))
        alpha = member(clock, [port], config)
        alpha.core.start()
        run(clock, 3.0)
        self.assertAlmostEqual(trips(alpha, ROUTER)[ROUTER] or 0, 0.004)
