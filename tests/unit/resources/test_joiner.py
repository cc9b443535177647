"""Tests of L{twisted_ha.resources.joiner}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench
from tests.unit.resources.cluster import BETA, FakeNodes
from twisted_ha.events import TransitionCompleted, UndecidedInput, Warned
from twisted_ha.resources.acquisition import ASK_AGAIN, PATIENCE, Phase, Seen
from twisted_ha.resources.joiner import Joiner
from twisted_ha.terms import ResourceSet


class JoinerTests(SynchronousTestCase):
    """Alpha comes up beside beta."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.peer = self.bench.peer
        self.peer.reported = self.peer.stable = False
        self.peer.resources = ResourceSet.NONE
        self.bench.board.drop(ResourceSet.ALL)
        self.looked = 0
        self.nodes = FakeNodes()
        self.alarm = self.bench.alarm()
        self.joiner = Joiner(
            self.bench.board,
            self.bench.worker,
            self.bench.mouth,
            self.bench.bus,
            self.reconsider,
            self.alarm,
            self.nodes,
        )

    def reconsider(self) -> None:
        self.looked += 1

    def up(self) -> None:
        self.joiner.see(Seen.COMMUNICATIONS_UP)
        del self.bench.mouth.said[:]

    def reports(self, resources: ResourceSet, stable: bool) -> None:
        self.peer.resources, self.peer.stable, self.peer.reported = resources, stable, True
        self.joiner.judge()

    def test_saysStarting(self) -> None:
        """When communications come up it says that it is starting, and takes nothing yet."""
        self.joiner.see(Seen.COMMUNICATIONS_UP)
        self.assertEqual(self.bench.mouth.types(), ["starting"])
        self.assertIs(self.joiner.phase, Phase.STARTING)
        self.assertEqual(self.bench.board.mine, ResourceSet.NONE)

    def test_takesItsOwn(self) -> None:
        """It claims on the wire before it starts anything."""
        self.up()
        self.reports(ResourceSet.LOCAL, stable=True)
        self.assertEqual(self.bench.mouth.types(), ["resource local 0", "resource local 1"])
        self.assertEqual(self.bench.agents.calls, ["start a1", "start a2"])
        self.assertIs(self.joiner.phase, Phase.STABLE)

    def test_stableOnce(self) -> None:
        """That it is stable is told once, however often the other node reports."""
        self.up()
        self.reports(ResourceSet.LOCAL, stable=True)
        self.reports(ResourceSet.LOCAL, stable=True)
        self.assertEqual(self.bench.told(TransitionCompleted), [TransitionCompleted(who="local")])

    def test_leavesWhatIsHeld(self) -> None:
        """What the other node holds is not taken from it."""
        self.up()
        self.reports(ResourceSet.ALL, stable=True)
        self.assertEqual((self.joiner.phase, self.bench.agents.calls), (Phase.STABLE, []))

    def test_needsAReport(self) -> None:
        """Whatever else the other node said, only a report tells what it holds."""
        self.up()
        self.joiner.judge()
        self.assertIs(self.joiner.phase, Phase.STARTING)

    def test_waits(self) -> None:
        """While the other is not stable it waits; it takes what is free when its patience ends."""
        self.up()
        self.reports(ResourceSet.LOCAL, stable=False)
        self.assertIs(self.joiner.phase, Phase.WAITING)
        self.bench.clock.advance(PATIENCE)
        self.assertEqual((self.joiner.phase, self.looked), (Phase.STABLE, 1))
        self.assertEqual(self.bench.board.mine, ResourceSet.LOCAL)

    def test_waitsForWhatIsHeld(self) -> None:
        """When its patience ends, what the other node claims stays there all the same."""
        self.up()
        self.reports(ResourceSet.ALL, stable=False)
        self.bench.clock.advance(PATIENCE)
        self.assertEqual((self.joiner.phase, self.bench.agents.calls), (Phase.STABLE, []))

    def test_unanswered(self) -> None:
        """One of our kind that never answers may hold everything: it is asked again, with a warning."""
        self.up()
        self.bench.clock.advance(PATIENCE)
        self.assertEqual(self.bench.mouth.types(), ["starting"])
        self.assertEqual(len(self.bench.told(Warned)), 1)
        self.assertIs(self.joiner.phase, Phase.STARTING)
        self.assertIsNotNone(self.alarm.due)

    def test_unansweredByTheOriginal(self) -> None:
        """An original that hears us and never answers holds nothing."""
        self.peer.ours = False
        self.up()
        self.bench.clock.advance(PATIENCE)
        self.assertEqual(self.bench.agents.calls, ["start a1", "start a2"])

    def test_deafOriginal(self) -> None:
        """One that does not hear us may hold everything, until it gives a sign."""
        self.peer.ours = False
        self.nodes.deaf.add(BETA)
        self.up()
        self.bench.clock.advance(PATIENCE)
        self.assertEqual((self.joiner.phase, self.bench.agents.calls), (Phase.STARTING, []))
        self.bench.clock.pump([ASK_AGAIN] * 29)
        self.assertEqual(len(self.bench.told(Warned)), 1)
        self.bench.clock.advance(ASK_AGAIN)
        self.assertEqual(len(self.bench.told(Warned)), 2)
        self.nodes.deaf.clear()
        del self.bench.mouth.said[:]
        self.bench.clock.advance(ASK_AGAIN)
        self.assertEqual((self.bench.mouth.types(), self.bench.agents.calls), (["starting"], []))
        self.bench.clock.advance(PATIENCE)
        self.assertEqual(self.bench.agents.calls, ["start a1", "start a2"])

    def test_patchyOriginal(self) -> None:
        """One that hears us, and of which something is missing, may have said that it holds all."""
        self.peer.ours = False
        self.nodes.patchy.add(BETA)
        self.up()
        self.bench.clock.advance(PATIENCE)
        self.assertEqual((self.bench.mouth.types(), self.bench.agents.calls), (["starting"], []))
        self.nodes.patchy.clear()
        self.bench.clock.advance(ASK_AGAIN)
        self.assertEqual(self.bench.agents.calls, [])
        self.bench.clock.advance(PATIENCE)
        self.assertEqual(self.bench.agents.calls, ["start a1", "start a2"])

    def test_nobodyElse(self) -> None:
        """With nobody to wait for it is stable, and waits no more."""
        self.up()
        self.joiner.see(Seen.PEER_GONE)
        self.assertIs(self.joiner.phase, Phase.STABLE)
        self.assertIsNone(self.alarm.due)

    def test_asksOnceMore(self) -> None:
        """The other node's own start is answered with one more word, and not again."""
        self.up()
        self.joiner.peerStarting()
        self.joiner.peerStarting()
        self.assertEqual(self.bench.mouth.types(), ["starting"])

    def test_asksAnotherLife(self) -> None:
        """A new life of the other node has not heard that word."""
        self.up()
        self.joiner.peerStarting()
        self.joiner.peerRestarted()
        self.joiner.peerStarting()
        self.assertEqual(self.bench.mouth.types(), ["starting", "starting"])

    def test_asksNotOnceAnswered(self) -> None:
        """Whoever has reported has an ear for us."""
        self.up()
        self.reports(ResourceSet.NONE, stable=False)
        self.joiner.peerStarting()
        self.assertEqual(self.bench.mouth.said, [])

    def test_asksNotOnceStable(self) -> None:
        """Nor does it matter to a node that is stable."""
        self.up()
        self.joiner.see(Seen.PEER_GONE)
        del self.bench.mouth.said[:]
        self.joiner.peerStarting()
        self.assertEqual(self.bench.mouth.said, [])

    def test_judgesNothingBefore(self) -> None:
        """A report that comes before communications are up is judged when they are."""
        self.reports(ResourceSet.LOCAL, stable=True)
        self.assertIs(self.joiner.phase, Phase.OFFLINE)

    def test_takesPart(self) -> None:
        """It takes part from then until it leaves."""
        seen = [self.joiner.takesPart]
        for what in (Seen.COMMUNICATIONS_UP, Seen.PEER_GONE, Seen.LEAVE):
            self.joiner.see(what)
            seen.append(self.joiner.takesPart)
        self.assertEqual(seen, [False, True, True, False])
        self.assertEqual(self.bench.told(UndecidedInput), [])

    def test_settleAtOnce(self) -> None:
        """In legacy mode it says nothing and waits for nobody."""
        self.joiner.settleAtOnce()
        self.assertIs(self.joiner.phase, Phase.STABLE)
        self.assertEqual((self.bench.mouth.said, self.bench.events), ([], []))
