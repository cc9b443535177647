"""Tests of L{twisted_ha.resources.bystander}: what a node does that is one of more than two."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.cluster import ALPHA, BETA, Member, PairOfManagers
from twisted_ha.events import CommunicationsUp, NodeDied
from twisted_ha.resources.acquisition import Phase
from twisted_ha.terms import NodeName, ResourceSet
from twisted_ha.wire.message import Message

GAMMA = NodeName("gamma")


class BystanderTests(SynchronousTestCase):
    """C{gamma} is ours; C{alpha} and C{beta} are played by the test."""

    def setUp(self) -> None:
        self.cluster = PairOfManagers()
        nodes = (ALPHA, BETA, GAMMA)
        self.gamma = Member(self.cluster, GAMMA, nodes=nodes)
        self.cluster.members[GAMMA] = self.gamma
        for other in (self.cluster.alpha, self.cluster.beta):
            other.manager.stop()
            other.ours = False

    def up(self) -> None:
        self.gamma.bus.publish(CommunicationsUp())

    def hear(self, source: NodeName, message: Message) -> None:
        self.cluster.sequence += 1
        self.cluster.deliver(self.gamma, source, self.cluster.sequence, message)

    def ask(self, info: str) -> Message:
        return Message.of("ask_resources", rsc_hold="all", info=info)

    def said(self) -> list[str]:
        return self.gamma.wire.types()

    def test_saysNothing(self) -> None:
        """It comes up without a word, which would overwrite what originals know of each other."""
        self.up()
        self.assertEqual(self.said(), [])
        self.assertIs(self.gamma.manager.joiner.phase, Phase.MEMBER)

    def test_holdsNothing(self) -> None:
        """It is settled, holds nothing, and starts nothing when others die."""
        self.up()
        self.gamma.bus.publish(NodeDied(node=ALPHA, silentFor=5, deadtime=5))
        self.gamma.bus.publish(NodeDied(node=BETA, silentFor=5, deadtime=5))
        self.cluster.run(60)
        self.assertTrue(self.gamma.manager.settled)
        self.assertEqual(self.gamma.manager.board.mine, ResourceSet.NONE)
        self.assertEqual((self.gamma.agents.calls, self.gamma.fencer.fenced), ([], []))

    def test_grantsNothing(self) -> None:
        """A standby of another node is not for it: granting it would lose the groups."""
        self.up()
        for info in ("me", "other", "done"):
            self.hear(ALPHA, self.ask(info))
        self.hear(ALPHA, Message.of("hb_takeover", rsc_hold="all"))
        self.hear(ALPHA, Message.of("shutdone", st="dead"))
        self.cluster.run(60)
        self.assertEqual((self.said(), self.gamma.agents.calls), ([], []))

    def test_answersTheOnlyOriginal(self) -> None:
        """An original that has nobody else to tell it so gets one report, meant for it alone."""
        self.cluster.beta.ours = True
        self.up()
        self.hear(ALPHA, Message.of("starting"))
        self.assertEqual(self.said(), ["resource none 1"])
        self.assertEqual(self.gamma.wire.said[0].get("dest"), ALPHA)

    def test_answersWhenAnotherIsDead(self) -> None:
        """So it does when the other original is dead."""
        self.cluster.beta.alive = False
        self.up()
        self.hear(ALPHA, Message.of("starting"))
        self.assertEqual(self.said(), ["resource none 1"])

    def test_leavesTheAnswerToOriginals(self) -> None:
        """While another original lives that one answers: it may hold what the other would take."""
        self.up()
        self.hear(ALPHA, Message.of("starting"))
        self.assertEqual(self.said(), [])

    def test_answersLate(self) -> None:
        """A node that started before this one's communications were up is answered then."""
        self.cluster.beta.ours = True
        self.hear(ALPHA, Message.of("starting"))
        self.assertEqual(self.said(), [])
        self.up()
        self.assertEqual(self.said(), ["resource none 1"])

    def test_operators(self) -> None:
        """An operator's request is refused with the reason."""
        self.up()
        self.gamma.standby(ResourceSet.ALL)
        self.gamma.takeover(ResourceSet.ALL)
        for report in self.gamma.reports:
            self.assertFalse(report.ok)
            self.assertIn("more than two nodes", report.text)
        self.assertEqual(len(self.gamma.reports), 2)

    def test_leaves(self) -> None:
        """It says that it leaves, so that nobody fences it, and nothing else."""
        self.up()
        gone: list[None] = []
        self.gamma.manager.leave().addCallback(gone.append)
        self.cluster.run(10)
        self.assertEqual((self.said(), gone), (["shutdone"], [None]))
