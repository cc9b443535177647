"""Stories of two resource managers; the names B1 to B24 are those of the original's bugs."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from twisted_ha.config.model import StopFailure, Timers, Tuning
from twisted_ha.events import (
    CommunicationsUp,
    FencingFailed,
    GroupFailed,
    GroupReleaseFailed,
    HoldingsConflict,
    NodeDied,
    NodeReturned,
    NodeStatusChanged,
    StandbyFinished,
    UndecidedInput,
    Warned,
)
from twisted_ha.resources.acquisition import Phase
from twisted_ha.resources.standby import Move
from twisted_ha.terms import FailbackMode, ResourceSet
from twisted_ha.wire.message import Message

from .cluster import ALPHA, BETA, GROUPS, PairOfManagers, configuration, group

ALL, LOCAL, FOREIGN = ResourceSet.ALL, ResourceSet.LOCAL, ResourceSet.FOREIGN


class StoryTests(TestCase):
    """What every story shares: no resource ran twice, and no table was surprised."""

    def pair(self, **changes: object) -> PairOfManagers:
        self.cluster = PairOfManagers(**changes)
        self.addCleanup(self.inspect)
        self.mayOverlap = False
        return self.cluster

    def inspect(self) -> None:
        for member in self.cluster.members.values():
            self.assertEqual(member.told(UndecidedInput), [])
        if not self.mayOverlap:
            self.assertEqual(self.cluster.twice, set())

    def assertOwns(self, alpha: list[str], beta: list[str]) -> None:
        self.assertEqual((self.cluster.alpha.running(), self.cluster.beta.running()), (alpha, beta))


class StartTests(StoryTests):
    """Nodes that are switched on."""

    def test_together(self) -> None:
        """Two nodes that start together each take their own at once, not after 10 seconds (B17)."""
        self.pair().start()
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_inOrder(self) -> None:
        """A group is started from left to right."""
        pair = self.pair()
        pair.start()
        self.assertEqual(pair.alpha.agents.calls, ["start a1", "start a2"])

    def test_claimFirst(self) -> None:
        """The claim is on the wire before the first resource is touched."""
        pair = self.pair()
        pair.alpha.agents["a1"].startTakes = 5
        pair.start()
        self.assertIn("resource local 0", pair.alpha.wire.types())
        self.assertOwns([], ["b1"])

    def test_stableOnlyWhenDone(self) -> None:
        """A node says that it is stable only after its groups have started (B13)."""
        pair = self.pair()
        pair.alpha.agents["a1"].startTakes = 5
        pair.start()
        self.assertNotIn("resource local 1", pair.alpha.wire.types())
        pair.run(5)
        self.assertIn("resource local 1", pair.alpha.wire.types())

    def test_firstWordBringsCommunicationsUp(self) -> None:
        """A node whose very first word makes communications come up is alive, and is not fenced."""
        pair = self.pair()
        pair.meet(pair.beta)
        pair.alpha.bus.publish(CommunicationsUp())
        pair.run(1)
        self.assertEqual(pair.alpha.fencer.fenced, [])
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_alone(self) -> None:
        """A node whose peer was never heard fences it and takes everything."""
        pair = self.pair()
        pair.startAlone(pair.alpha)
        self.assertEqual(pair.alpha.fencer.fenced, ["beta"])
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_secondComesLater(self) -> None:
        """With C{auto_failback off} a node that comes later takes nothing away."""
        pair = self.pair()
        pair.startAlone(pair.alpha)
        pair.restart(pair.beta)
        pair.run(20)
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_secondComesLaterWithFailback(self) -> None:
        """With C{auto_failback on} a node that comes later gets its own."""
        pair = self.pair(autoFailback=FailbackMode.ON)
        pair.startAlone(pair.alpha)
        pair.restart(pair.beta)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_patience(self) -> None:
        """A node whose peer stays silent about its holdings takes only its own, after 10 s (B23)."""
        pair = self.pair()
        pair.beta.ours = False
        pair.cut = True
        pair.meet(pair.alpha)
        pair.run(9.9)
        self.assertOwns([], [])
        pair.run(0.2)
        self.assertOwns(["a1", "a2"], [])

    def test_deafOriginal(self) -> None:
        """
        An original that hears us may be silent, and one that does not may own everything: nothing is
        taken from that one, however long it is silent.
        """
        pair = self.pair()
        pair.startAlone(pair.alpha)
        pair.alpha.ours = False
        pair.deaf.add(ALPHA)
        pair.beta.boot()
        pair.meet(pair.beta)
        pair.run(60)
        self.assertOwns(["a1", "a2", "b1"], [])
        self.assertTrue(
            [one for one in pair.beta.told(Warned) if "does it hear this one" in one.render()]
        )

    def test_unanswered(self) -> None:
        """From one of ours that is alive and does not answer nothing is taken: it does not hear us."""
        pair = self.pair()
        pair.startAlone(pair.alpha)
        pair.deaf.add(ALPHA)
        pair.beta.boot()
        pair.meet(pair.beta)
        pair.run(60)
        self.assertOwns(["a1", "a2", "b1"], [])
        pair.deaf.clear()
        pair.run(11)
        self.assertIs(pair.beta.manager.joiner.phase, Phase.STABLE)
        self.assertOwns(["a1", "a2", "b1"], [])


class DeathTests(StoryTests):
    """Nodes that lose power."""

    def test_takeover(self) -> None:
        """The survivor fences a node that held something, and then takes its groups."""
        pair = self.pair()
        pair.start()
        pair.powerOff(pair.alpha)
        pair.declareDead(pair.alpha)
        self.assertEqual(pair.beta.fencer.fenced, ["alpha"])
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_fencingFirst(self) -> None:
        """Nothing is taken while fencing fails; it is tried again every 5 seconds."""
        pair = self.pair()
        pair.start()
        pair.powerOff(pair.alpha)
        pair.beta.fencer.fails = True
        pair.declareDead(pair.alpha)
        pair.run(11)
        self.assertEqual(len(pair.beta.told(FencingFailed)), 3)
        self.assertOwns([], ["b1"])
        pair.beta.fencer.fails = False
        pair.run(5)
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_B4(self) -> None:
        """B4: a node that comes back is not reset any more."""
        pair = self.pair()
        pair.start()
        pair.powerOff(pair.alpha)
        pair.beta.fencer.fails = True
        pair.declareDead(pair.alpha)
        attempts = len(pair.beta.fencer.fenced)
        pair.restart(pair.alpha)
        pair.run(30)
        self.assertEqual(len(pair.beta.fencer.fenced), attempts)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_emptyNodeIsNotFenced(self) -> None:
        """A node that said it holds nothing is not fenced."""
        pair = self.pair()
        pair.start()
        pair.beta.standby(ALL)
        pair.run(1)
        pair.powerOff(pair.beta)
        pair.declareDead(pair.beta)
        self.assertEqual(pair.alpha.fencer.fenced, [])
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_B3(self) -> None:
        """B3: foreign groups of a node that reboots faster than deadtime are not orphaned."""
        pair = self.pair()
        pair.start()
        pair.alpha.standby(ALL)
        pair.run(1)
        self.assertOwns([], ["a1", "a2", "b1"])
        pair.powerOff(pair.beta)
        pair.restart(pair.beta, noticed=False)
        pair.run(5)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_failback(self) -> None:
        """With C{auto_failback on} a node that comes back gets its groups, and only those."""
        pair = self.pair(autoFailback=FailbackMode.ON)
        pair.start()
        pair.powerOff(pair.alpha)
        pair.declareDead(pair.alpha)
        pair.restart(pair.alpha)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_noFailback(self) -> None:
        """With C{auto_failback off} groups stay where they are."""
        pair = self.pair()
        pair.start()
        pair.powerOff(pair.alpha)
        pair.declareDead(pair.alpha)
        pair.restart(pair.alpha)
        pair.run(60)
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_B12(self) -> None:
        """B12: a node that comes back while the takeover still runs waits for its end."""
        pair = self.pair(autoFailback=FailbackMode.ON)
        pair.start()
        pair.powerOff(pair.alpha)
        pair.beta.agents["a1"].startTakes = 20
        pair.declareDead(pair.alpha)
        pair.restart(pair.alpha)
        self.assertOwns([], ["b1"])
        pair.run(25)
        self.assertOwns(["a1", "a2"], ["b1"])


class StandbyTests(StoryTests):
    """Planned moves."""

    def test_all(self) -> None:
        """Standby gives everything to the other node, and the one who asked is told."""
        pair = self.pair()
        pair.start()
        pair.alpha.standby(ALL)
        pair.run(1)
        self.assertOwns([], ["a1", "a2", "b1"])
        self.assertTrue(pair.alpha.reports[0].ok, pair.alpha.reports)

    def test_order(self) -> None:
        """The steps on the wire are those of the original: me, other, done, done."""
        pair = self.pair()
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        asks = [word for word in pair.alpha.wire.types() if word.startswith("ask")]
        answers = [word for word in pair.beta.wire.types() if word.startswith("ask")]
        self.assertEqual(asks, ["ask local me", "ask local done"])
        self.assertEqual(answers, ["ask local other", "ask local done"])

    def test_B2(self) -> None:
        """B2: a giver claims its groups until they are released, not only until it begins."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a2"].stopTakes = 5
        pair.alpha.standby(ALL)
        pair.run(1)
        self.assertIn("resource local 0 standby", pair.alpha.wire.types())
        self.assertNotIn("resource none 0 standby", pair.alpha.wire.types())
        pair.powerOff(pair.alpha)
        pair.declareDead(pair.alpha)
        self.assertEqual(pair.beta.fencer.fenced, ["alpha"])

    def test_handedOver(self) -> None:
        """Addresses of a planned move need not look for another owner."""
        pair = self.pair()
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        self.assertEqual(pair.beta.agents["a1"].handedOver, [True])

    def test_stopsRightToLeft(self) -> None:
        """A group is stopped from right to left."""
        pair = self.pair()
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        self.assertEqual(pair.alpha.agents.calls[2:], ["stop a2", "stop a1"])

    def test_takeover(self) -> None:
        """A takeover request makes the other node give."""
        pair = self.pair()
        pair.start()
        pair.alpha.takeover(ALL)
        pair.run(1)
        self.assertOwns(["a1", "a2", "b1"], [])
        self.assertTrue(pair.alpha.reports[0].ok, pair.alpha.reports)

    def test_takeoverRefused(self) -> None:
        """Who asks a node of our kind that cannot give is told why, at once."""
        pair = self.pair()
        pair.start()
        pair.beta.agents["b1"].stopTakes = 100
        pair.beta.manager.leave()
        pair.run(0.1)
        pair.alpha.takeover(ALL)
        pair.run(1)
        self.assertIn("leaving", pair.alpha.reports[0].text)

    def test_takeoverLocalGoesHome(self) -> None:
        """A takeover of local groups brings back what is this node's own, and nothing else."""
        pair = self.pair()
        pair.start()
        pair.alpha.standby(ALL)
        pair.run(1)
        pair.alpha.takeover(LOCAL)
        pair.run(1)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_crossing(self) -> None:
        """Two wishes that cross: one goes first, and neither node waits 10 seconds."""
        pair = self.pair()
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.beta.standby(LOCAL)
        pair.run(1)
        finished = pair.alpha.told(StandbyFinished) + pair.beta.told(StandbyFinished)
        self.assertIn("completed", [event.outcome for event in finished])  # type: ignore[attr-defined]
        self.assertTrue(pair.alpha.manager.settled and pair.beta.manager.settled)

    def test_takerDiesBeforeAnswering(self) -> None:
        """A giver whose taker is silent gives nothing, and says so after 10 seconds."""
        pair = self.pair()
        pair.start()
        pair.powerOff(pair.beta)
        pair.alpha.standby(ALL)
        pair.run(11)
        self.assertFalse(pair.alpha.reports[0].ok)
        self.assertOwns(["a1", "a2"], [])

    def test_takerDiesWhileAcquiring(self) -> None:
        """A taker that dies in the middle may hold resources: it is fenced, and all is taken back."""
        pair = self.pair()
        pair.start()
        pair.beta.agents["a1"].startTakes = 30
        pair.alpha.standby(ALL)
        pair.run(1)
        pair.powerOff(pair.beta)
        pair.declareDead(pair.beta)
        self.assertEqual(pair.alpha.fencer.fenced, ["beta"])
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_takerDiesWhileReleasing(self) -> None:
        """A giver whose taker dies while it releases takes everything back."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a2"].stopTakes = 5
        pair.alpha.standby(ALL)
        pair.run(1)
        pair.powerOff(pair.beta)
        pair.declareDead(pair.beta)
        pair.run(6)
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_refusedWhileAlone(self) -> None:
        """Without another node there is nobody to give to, and that is said at once."""
        pair = self.pair()
        pair.startAlone(pair.alpha)
        pair.alpha.standby(ALL)
        self.assertEqual(pair.alpha.reports[0].outcome, "refused")

    def test_legacy(self) -> None:
        """In legacy mode there is no standby, and that is said at once."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.start()
        pair.alpha.standby(ALL)
        self.assertIn("legacy", pair.alpha.reports[0].text)

    def test_giverForgets(self) -> None:
        """A taker whose giver never begins stops waiting, and both are settled again."""
        pair = self.pair()
        pair.start()
        pair.deaf.add(ALPHA)
        pair.alpha.standby(LOCAL)
        pair.run(1)
        pair.alpha.manager.mover.abort("a test")
        pair.deaf.clear()
        pair.run(10)
        self.assertTrue(pair.beta.manager.settled)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_lateDone(self) -> None:
        """What a giver released after its taker had stopped waiting is taken all the same."""
        pair = self.pair()
        pair.alpha.agents["a2"].stopTakes = 20
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        pair.beta.manager.mover.abort("a test")
        pair.run(25)
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_takerForgets(self) -> None:
        """A giver whose taker has forgotten the move asks, and the groups find an owner."""
        pair = self.pair()
        pair.start()
        pair.beta.agents["a1"].startTakes = 3
        pair.alpha.standby(LOCAL)
        pair.run(1)
        pair.beta.manager.doubt.guardianReleased(("b1",), 4.0)
        pair.beta.agents["b1"].running = False
        pair.run(60)
        together = pair.alpha.running() + pair.beta.running()
        self.assertEqual(sorted(together), ["a1", "a2", "b1"])
        self.assertTrue(pair.alpha.manager.settled and pair.beta.manager.settled)

    def test_doneToOneThatLeaves(self) -> None:
        """
        An original that takes over from a leaving node says C{done}, perhaps before it reports what it
        holds: the leaving node takes nothing back.
        """
        pair = self.pair()
        pair.start()
        pair.beta.ours = False
        pair.deaf.add(BETA)  # its manager is one of ours; here it only speaks the original's lines
        pair.alpha.manager.leave()
        pair.run(0.1)
        pair.beta.wire.send(Message.of("ask_resources", rsc_hold="foreign", info="done"))
        pair.run(5)
        self.assertOwns([], ["b1"])

    def test_doneToOneThatStarts(self) -> None:
        """Neither does one that has just been started and has not heard who holds what."""
        pair = self.pair()
        pair.start()
        pair.powerOff(pair.alpha)
        pair.declareDead(pair.alpha)
        pair.beta.ours = False
        pair.deaf.add(BETA)
        pair.alpha.boot()
        pair.alpha.alive = True
        pair.beta.wire.send(Message.of("ask_resources", rsc_hold="foreign", info="done"))
        pair.run(1)
        self.assertOwns([], ["a1", "a2", "b1"])

    def original(self) -> PairOfManagers:
        """Alpha is ours and beta the original, whose lines the test speaks; each holds its own."""
        pair = self.pair()
        pair.start()
        pair.run(10)
        pair.beta.ours = False
        pair.deaf.add(BETA)
        del pair.alpha.wire.said[:]
        return pair

    def say(self, pair: PairOfManagers, info: str) -> None:
        pair.beta.wire.send(Message.of("ask_resources", rsc_hold="local", info=info))
        pair.run(0.1)

    def test_doneWithSomethingElse(self) -> None:
        """
        The original takes the end of earlier scripts for the end of a standby that it has not begun, and
        then waits an hour: it hears that it is over, and nothing is taken.
        """
        pair = self.original()
        self.say(pair, "me")
        self.assertIn("ask local other", pair.alpha.wire.types())
        self.say(pair, "done")
        self.assertEqual(pair.alpha.wire.types().count("ask local done"), 1)
        pair.run(60)
        self.assertTrue(pair.alpha.manager.settled)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_doneBeforeItIsAnswered(self) -> None:
        """So it does if its wish still waits for a quiet moment."""
        pair = self.original()
        pair.alpha.manager.doubt.guardianReleases(0.0)
        pair.alpha.agents["a1"].startTakes = 5
        pair.alpha.manager.worker.want(["a1"], False)
        self.say(pair, "me")
        self.assertEqual([word for word in pair.alpha.wire.types() if word.startswith("ask")], [])
        self.say(pair, "done")
        self.assertIn("ask local done", pair.alpha.wire.types())

    def test_lastWordLost(self) -> None:
        """A giver that misses the taker's last word sees from its report that the move is over."""
        pair = self.pair()
        pair.beta.agents["a1"].startTakes = 3
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        pair.deaf.add(ALPHA)
        pair.run(5)
        pair.deaf.clear()
        pair.beta.manager.board.report(why="a test")
        pair.run(1)
        self.assertTrue(pair.alpha.reports[0].ok, pair.alpha.reports)
        self.assertTrue(pair.alpha.manager.settled)

    def test_secondWish(self) -> None:
        """A second wish to give, while the first is being granted, is not answered."""
        from twisted_ha.wire.message import Message

        pair = self.pair()
        pair.alpha.agents["a2"].stopTakes = 5
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        me = Message.of("ask_resources", rsc_hold="all", info="me")
        pair.deliver(pair.beta, ALPHA, 99, me)
        pair.run(30)
        said = [word for word in pair.beta.wire.types() if word.startswith("ask")]
        self.assertEqual(said, ["ask local other", "ask local done"])

    def test_stableUntilAnswered(self) -> None:
        """A wish to give does not make its node unstable before it is answered."""
        pair = self.pair()
        pair.start()
        before = len(pair.alpha.wire.said)
        pair.alpha.standby(LOCAL)
        self.assertEqual(pair.alpha.wire.types()[before:], ["ask local me"])

    def test_unsettledPeerIsAsked(self) -> None:
        """A node of our kind that has not said for long that it is settled is asked what it holds."""
        from twisted_ha.wire.message import Message

        pair = self.pair()
        pair.start()
        word = Message.of("resource", rsc_hold="local", rtype="full", isstable="0")
        pair.deliver(pair.alpha, BETA, 99, word)
        before = len(pair.alpha.wire.said)
        pair.run(12)
        self.assertIn("starting", pair.alpha.wire.types()[before:])

    def test_freshReportAfterRetransmission(self) -> None:
        """An original that asks for messages again gets a fresh report after them (B22)."""
        from twisted_ha.wire.message import Message

        pair = self.pair()
        pair.beta.ours = False
        pair.start()
        before = len(pair.alpha.wire.said)
        pair.deliver(pair.alpha, BETA, 99, Message.of("NS_rexmit", dest="alpha"))
        pair.run(2)
        self.assertEqual(pair.alpha.wire.types()[before:], ["resource local 1"])


class LeavingTests(StoryTests):
    """Graceful stops."""

    def leave(self, pair: PairOfManagers) -> list[str]:
        gone: list[str] = []
        pair.alpha.manager.leave().addCallback(lambda _: gone.append("gone"))
        return gone

    def test_handsOver(self) -> None:
        """A node that leaves releases everything, says so, and the other takes it without fencing."""
        pair = self.pair()
        pair.start()
        gone = self.leave(pair)
        pair.run(2)
        self.assertEqual(gone, ["gone"])
        self.assertEqual(pair.beta.fencer.fenced, [])
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_B5(self) -> None:
        """B5: what a node that leaves held is taken by one job, each resource started once."""
        pair = self.pair()
        pair.start()
        self.leave(pair)
        pair.run(2)
        self.assertEqual(pair.beta.agents.calls, ["start b1", "start a1", "start a2"])

    def test_B10_B11(self) -> None:
        """B10, B11: a peer in the middle of something does not delay our leaving."""
        pair = self.pair()
        pair.beta.agents["b1"].startTakes = 1000
        pair.start()
        gone = self.leave(pair)
        pair.run(2)
        self.assertEqual(gone, ["gone"])

    def test_stopFailureIsNotCalledReleased(self) -> None:
        """A node whose resource will not stop never says C{shutdone}."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a1"].stopFails = True
        gone = self.leave(pair)
        pair.run(30)
        self.assertNotIn("shutdone", pair.alpha.wire.types())
        self.assertEqual(gone, ["gone"])
        self.assertTrue(pair.alpha.told(GroupReleaseFailed))

    def test_stopFailureIgnored(self) -> None:
        """C{stop_failure ignore}: it is called released all the same."""
        pair = self.pair(tuning=Tuning(stopFailure=StopFailure.IGNORE))
        self.mayOverlap = True
        pair.start()
        pair.alpha.agents["a1"].stopFails = True
        self.leave(pair)
        pair.run(30)
        self.assertIn("shutdone", pair.alpha.wire.types())

    def test_leavingInTheMiddleOfAStart(self) -> None:
        """A node that is asked to leave while it starts a group stops it and leaves."""
        pair = self.pair()
        pair.alpha.agents["a1"].startTakes = 3
        pair.start()
        gone = self.leave(pair)
        pair.run(10)
        self.assertEqual(gone, ["gone"])
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_takesNothingMore(self) -> None:
        """A node that leaves takes nothing any more that was being given to it when it began to."""
        from twisted_ha.wire.message import Message

        pair = self.pair()
        pair.start()
        gone = self.leave(pair)
        before = len(pair.alpha.agents.calls)
        pair.run(0.5)
        word = Message.of("ask_resources", rsc_hold="local", info="done", tha_step="handed")
        pair.deliver(pair.alpha, BETA, 99, word)
        pair.run(2)
        self.assertEqual(gone, ["gone"])
        self.assertNotIn("start b1", pair.alpha.agents.calls[before:])

    def test_dyingInTheMiddleOfLeaving(self) -> None:
        """A node that dies while it releases is fenced."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a2"].stopTakes = 100
        self.leave(pair)
        pair.run(1)
        pair.powerOff(pair.alpha)
        pair.declareDead(pair.alpha)
        self.assertEqual(pair.beta.fencer.fenced, ["alpha"])
        self.assertOwns([], ["a1", "a2", "b1"])


class FailureTests(StoryTests):
    """Scripts that fail."""

    def test_B7(self) -> None:
        """B7: a group that fails to start is offered to the other node at once: the right class."""
        pair = self.pair()
        pair.alpha.agents["a2"].startFails = True
        pair.start()
        pair.run(1)
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_settledBeforeItIsOffered(self) -> None:
        """It is offered after the word that this node is settled: an original drops an earlier wish."""
        pair = self.pair()
        pair.start()
        pair.beta.agents["a1"].startTakes = 3
        pair.alpha.standby(LOCAL)
        pair.run(1)
        pair.alpha.agents["a2"].startFails = True
        pair.powerOff(pair.beta)
        del pair.alpha.wire.said[:]
        pair.restart(pair.beta, noticed=False)  # now nobody has them, and alpha tries
        pair.run(1)
        said = pair.alpha.wire.types()
        before = [word for word in said[: said.index("ask local me")] if word.startswith("resource")]
        self.assertEqual(before[-1], "resource local 1")

    def test_offeredAgain(self) -> None:
        """An offer that nobody answered is made again when the group fails again."""
        pair = self.pair()
        pair.alpha.agents["a2"].startFails = True
        pair.lost.add("ask_resources")
        pair.start()
        pair.run(12)  # it waits ten seconds for an answer
        pair.lost.clear()
        pair.run(12)
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_B7alone(self) -> None:
        """B7: without another node a failed group is tried again, later and later."""
        pair = self.pair()
        pair.alpha.agents["a2"].startFails = True
        pair.startAlone(pair.alpha)
        self.assertOwns(["b1"], [])
        pair.run(40)
        failures = len(pair.alpha.told(GroupFailed))
        self.assertEqual(failures, 4)  # at 0, 5, 15, 35 seconds
        pair.alpha.agents["a2"].startFails = False
        pair.run(60)
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_triedWhenTheOtherLeaves(self) -> None:
        """
        What would not start beside a node that was taken for dead is tried as soon as that one says
        that it has released everything: it may have been answering for the address.
        """
        pair = self.pair()
        self.mayOverlap = True
        pair.start()
        pair.alpha.agents["b1"].startFails = True
        pair.partition()
        pair.run(20)
        self.assertIn("b1", pair.beta.running())
        pair.mend()
        pair.alpha.agents["b1"].startFails = False
        pair.beta.manager.leave()
        pair.run(1)
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_failsOnBoth(self) -> None:
        """A group that starts nowhere does not go back and forth for ever."""
        pair = self.pair()
        pair.alpha.agents["a2"].startFails = True
        pair.beta.agents["a2"].startFails = True
        pair.start()
        pair.run(300)
        moves = pair.alpha.told(StandbyFinished)
        self.assertLessEqual(len(moves), 3)
        self.assertIn("b1", pair.alpha.running() + pair.beta.running())

    def test_missingAgent(self) -> None:
        """B20: a resource without an agent is a failure of its group, and is decided upon."""
        pair = self.pair()
        pair.alpha.agents.missing.add("a2")
        pair.startAlone(pair.alpha)
        self.assertIn("no agent for a2", pair.alpha.told(GroupFailed)[0].reason)  # type: ignore[attr-defined]

    def test_stuckStopHoldsTheMove(self) -> None:
        """A giver whose resource will not stop never says C{done}."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a1"].stopFails = True
        pair.alpha.standby(ALL)
        pair.run(8)
        self.assertNotIn("ask all done", pair.alpha.wire.types())
        pair.alpha.agents["a1"].stopFails = False
        pair.run(60)
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_givenUpWhileItIsLookedAt(self) -> None:
        """A group that is given up between a resource's status and its start is not started."""
        pair = self.pair()
        pair.alpha.agents["a1"].statusTakes = 1
        pair.meet(pair.alpha)
        pair.meet(pair.beta)
        pair.run(0.5)
        pair.alpha.manager.worker.want(["a1"], False, why="a test")
        pair.run(3)
        self.assertNotIn("start a1", pair.alpha.agents.calls)

    def test_guardianKnowsFirst(self) -> None:
        """The guardian is told of a group before its first resource is started."""
        pair = self.pair()
        pair.alpha.agents["a1"].startTakes = 5
        pair.start()
        self.assertEqual(pair.alpha.guardian.held, ["a1"])

    def test_guardianForgetsAfterwards(self) -> None:
        """The guardian forgets a group only when it is released."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a1"].stopTakes = 5
        pair.alpha.standby(ALL)
        pair.run(1)
        self.assertEqual(pair.alpha.guardian.held, ["a1"])
        pair.run(5)
        self.assertEqual(pair.alpha.guardian.held, [])


class PartitionTests(StoryTests):
    """Cables that are cut and mended."""

    def test_B16(self) -> None:
        """B16: after a healed partition every group has one owner, and none was without in between."""
        pair = self.pair()
        self.mayOverlap = True
        pair.start()
        pair.partition()
        self.assertOwns(["a1", "a2", "b1"], ["a1", "a2", "b1"])
        pair.mend()
        for _ in range(40):
            pair.run(0.05)
            everywhere = set(pair.alpha.running()) | set(pair.beta.running())
            self.assertEqual(everywhere, {"a1", "a2", "b1"})
        together = pair.alpha.running() + pair.beta.running()
        self.assertEqual(sorted(together), ["a1", "a2", "b1"])
        self.assertTrue(pair.alpha.told(HoldingsConflict))

    def test_newestClaimKeeps(self) -> None:
        """With C{auto_failback off} the node that took a group last keeps it: traffic goes there."""
        pair = self.pair()
        self.mayOverlap = True
        pair.start()
        pair.partition()
        pair.mend()
        pair.run(2)
        self.assertOwns(["b1"], ["a1", "a2"])

    def test_homeKeepsWithFailback(self) -> None:
        """With C{auto_failback on} the home node keeps its group, so that nothing moves twice."""
        pair = self.pair(autoFailback=FailbackMode.ON)
        self.mayOverlap = True
        pair.start()
        pair.partition()
        pair.mend()
        pair.run(20)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_keeperAnnounces(self) -> None:
        """The node that keeps a group tells the neighbours again, before the other releases it."""
        pair = self.pair()
        self.mayOverlap = True
        pair.start()
        pair.partition()
        pair.mend()
        pair.run(0.05)
        self.assertEqual(pair.beta.agents["a1"].announced, 1)
        self.assertIn("a1", pair.alpha.running())

    def test_onlyOneNoticed(self) -> None:
        """A partition that only one node noticed ends the same way."""
        pair = self.pair()
        self.mayOverlap = True
        pair.start()
        pair.cut = True
        pair.run(0.1)
        pair.alpha.bus.publish(NodeDied(node=BETA, silentFor=5, deadtime=5))
        pair.run(1)
        pair.cut = False
        pair.alpha.bus.publish(NodeReturned(node=BETA, silentFor=10))
        pair.alpha.bus.publish(NodeStatusChanged(node=BETA, status="active", previous="dead"))
        pair.run(2)
        together = pair.alpha.running() + pair.beta.running()
        self.assertEqual(sorted(together), ["a1", "a2", "b1"])

    def test_cutInOneDirection(self) -> None:
        """A node that was cut off in one direction is told again what the other holds."""
        pair = self.pair(autoFailback=FailbackMode.ON)
        self.mayOverlap = True
        pair.start()
        pair.deaf.add(ALPHA)
        pair.alpha.bus.publish(NodeDied(node=BETA, silentFor=5, deadtime=5))
        pair.run(5)
        self.assertEqual(pair.alpha.running(), ["a1", "a2", "b1"])
        pair.deaf.clear()
        pair.alpha.bus.publish(NodeReturned(node=BETA, silentFor=10))
        pair.alpha.bus.publish(NodeStatusChanged(node=BETA, status="active", previous="dead"))
        pair.run(3)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_noFailbackInADispute(self) -> None:
        """What both claim is not given back before it is known whose it is."""
        pair = self.pair(autoFailback=FailbackMode.ON)
        self.mayOverlap = True
        pair.beta.ours = False
        pair.start()
        pair.partition()
        pair.mend()
        pair.run(3)
        self.assertNotIn("ask foreign me", pair.alpha.wire.types())

    def test_originalRestartsItself(self) -> None:
        """Ours releases nothing while an original peer may still give everything up by itself."""
        pair = self.pair()
        self.mayOverlap = True
        pair.beta.ours = False
        pair.start()
        pair.partition()
        pair.mend()
        pair.run(5)
        self.assertEqual(pair.alpha.running(), ["a1", "a2", "b1"])


class StallTests(StoryTests):
    """A node whose daemon did not run for a while."""

    def test_guardianReleased(self) -> None:
        """What the guardian released is not claimed any more, and finds an owner again."""
        pair = self.pair()
        pair.start()
        for token in ("a1", "a2"):
            pair.alpha.agents[token].running = False
        pair.alpha.manager.doubt.guardianReleased(("a1",), 4.5)
        self.assertIn("resource none 1", pair.alpha.wire.types())
        pair.run(5)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_nothingTouchedMeanwhile(self) -> None:
        """Between the guardian's first and last word no resource is touched by the daemon."""
        pair = self.pair()
        pair.start()
        pair.alpha.manager.doubt.guardianReleases(4.5)
        pair.alpha.manager.leave()
        pair.run(5)
        self.assertNotIn("stop a2", pair.alpha.agents.calls)
        for token in ("a1", "a2"):
            pair.alpha.agents[token].running = False
        pair.alpha.manager.doubt.guardianReleased(("a1",), 4.5)
        pair.run(5)
        self.assertIn("shutdone", pair.alpha.wire.types())

    def test_nothingGrantedMeanwhile(self) -> None:
        """While the guardian is at work nobody is promised anything."""
        pair = self.pair()
        pair.start()
        pair.alpha.manager.doubt.guardianReleases(4.5)
        pair.beta.standby(LOCAL)
        pair.run(1)
        self.assertNotIn("ask local other", pair.alpha.wire.types())

    def test_lateTurn(self) -> None:
        """A daemon that was late reads the guardian's word before it touches anything."""
        pair = self.pair()
        pair.start()
        pair.alpha.manager.doubt.late(4.5)
        pair.alpha.manager.worker.want(["a1"], False, why="a test")
        self.assertNotIn("stop a2", pair.alpha.agents.calls)
        pair.run(0.1)
        self.assertIn("stop a2", pair.alpha.agents.calls)

    def test_guardianAfterHandOver(self) -> None:
        """What has been handed over already is no concern of the guardian's word: the move goes on."""
        pair = self.pair()
        pair.start()
        pair.beta.agents["a1"].startTakes = 2
        pair.alpha.standby(LOCAL)
        pair.run(1)
        pair.alpha.manager.doubt.guardianReleased(("a1",), 4.5)
        pair.run(5)
        self.assertTrue(pair.alpha.reports[0].ok, pair.alpha.reports)
        self.assertOwns([], ["a1", "a2", "b1"])

    def test_guardianIsAsked(self) -> None:
        """After a stall nothing is touched before the guardian has said whether it was at work."""
        pair = self.pair()
        pair.start()
        answer = pair.alpha.guardian.answer = Deferred()
        pair.alpha.manager.doubt.late(3.0)
        pair.alpha.manager.worker.want(["a1"], False)
        pair.run(0.5)
        self.assertOwns(["a1", "a2"], ["b1"])
        answer.callback(None)
        pair.run(0.1)
        self.assertEqual(pair.alpha.running(), [])

    def test_hungryGuardian(self) -> None:
        """
        Where beats are rare the guardian may have lost its patience in less than half of it: it has not
        been fed since the beat before.
        """
        pair = self.pair(timers=Timers(keepalive=2, deadtime=6, initdead=10))
        pair.start()
        for seconds, listens in ((1.5, False), (1.7, True)):
            pair.alpha.manager.doubt.late(seconds)
            self.assertEqual(pair.alpha.manager.doubt.listening, listens)

    def test_noticed(self) -> None:
        """Whatever this node hears first when it runs again, it notices the stall before it decides."""
        pair = self.pair()
        pair.start()
        pair.run(10)
        pair.alpha.look = lambda: pair.alpha.manager.doubt.late(3.0)
        pair.beta.wire.send(Message.of("ask_resources", rsc_hold="local", info="me"))
        pair.run(0.002)
        pair.alpha.look = lambda: None
        self.assertNotIn("ask local other", pair.alpha.wire.types())
        pair.run(0.1)
        self.assertIn("ask local other", pair.alpha.wire.types())

    def test_reportsAfterTheStall(self) -> None:
        """What a giver reported during the stall counts when all has been read."""
        pair = self.pair()
        pair.alpha.agents["a2"].stopTakes = 20
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        self.assertIs(pair.beta.manager.mover.state, Move.GRANTED)
        pair.beta.manager.doubt.late(3.0)
        pair.alpha.manager.board.drop(ResourceSet.LOCAL)
        pair.alpha.manager.board.report(stable=True)
        pair.run(0.005)
        self.assertIs(pair.beta.manager.mover.state, Move.GRANTED)
        self.mayOverlap = True
        pair.run(0.1)
        self.assertIsNot(pair.beta.manager.mover.state, Move.GRANTED)

    def test_restless(self) -> None:
        """While a move is under way nothing that the other node says is an answer about what is free."""
        pair = self.pair()
        pair.alpha.agents["a2"].stopTakes = 20
        pair.start()
        pair.alpha.standby(LOCAL)
        pair.run(1)
        told: list[bool] = []
        for node in (pair.alpha, pair.beta):
            node.manager.audit.restless = lambda: told.append(True)  # type: ignore[method-assign]
            node.manager.reconsider()
        self.assertEqual(told, [True, True])

    def test_guardianIsSilent(self) -> None:
        """A guardian that does not answer is waited for for a second."""
        pair = self.pair()
        pair.start()
        pair.alpha.guardian.answer = Deferred()
        pair.alpha.manager.doubt.late(3.0)
        pair.alpha.manager.worker.want(["a1"], False)
        pair.run(0.9)
        self.assertOwns(["a1", "a2"], ["b1"])
        pair.run(0.2)
        self.assertEqual(pair.alpha.running(), [])

    def test_lateBetweenTwoResources(self) -> None:
        """A stall that a script's end finds first stops the group between two resources."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a2"].stopTakes = 1
        pair.alpha.manager.worker.want(["a1"], False)
        pair.run(0.5)
        answer = pair.alpha.guardian.answer = Deferred()
        pair.alpha.manager.doubt.late(3.0)
        pair.run(0.7)
        self.assertEqual(pair.alpha.running(), ["a1"])
        answer.callback(None)
        pair.run(0.1)
        self.assertIn("stop a1", pair.alpha.agents.calls)

    def test_guardianFailed(self) -> None:
        """What the guardian could not stop stays claimed, and is stopped again."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents["a1"].stopFails = True
        pair.alpha.manager.doubt.guardianFailed(("a1",))
        pair.alpha.manager.doubt.guardianReleased(("a1",), 4.5)
        pair.run(3)
        self.assertNotIn("resource none 1", pair.alpha.wire.types())
        pair.alpha.agents["a1"].stopFails = False
        pair.run(20)
        self.assertIn("stop a2", pair.alpha.agents.calls)
        together = pair.alpha.running() + pair.beta.running()
        self.assertEqual(sorted(together), ["a1", "a2", "b1"])

    def test_takenMeanwhile(self) -> None:
        """What the other node took meanwhile stays there."""
        pair = self.pair()
        self.mayOverlap = True
        pair.start()
        pair.cut = True
        pair.declareDead(pair.alpha)
        self.assertEqual(pair.beta.running(), ["a1", "a2", "b1"])
        for token in ("a1", "a2"):
            pair.alpha.agents[token].running = False
        pair.cut = False
        pair.alpha.manager.doubt.guardianReleased(("a1",), 4.5)
        pair.beta.bus.publish(NodeReturned(node=ALPHA, silentFor=10))
        pair.beta.bus.publish(NodeStatusChanged(node=ALPHA, status="active", previous="dead"))
        pair.run(30)
        self.assertOwns([], ["a1", "a2", "b1"])


class ReportTests(StoryTests):
    """What is heard from the other node."""

    def test_B22(self) -> None:
        """B22: an older full report never overwrites a newer one."""
        from twisted_ha.wire.message import Message

        pair = self.pair()
        pair.start()
        new = Message.of("resource", rsc_hold="none", rtype="full", isstable="0", info="shutdown")
        old = Message.of("resource", rsc_hold="all", rtype="full", isstable="1")
        pair.deliver(pair.alpha, BETA, 44, new)
        pair.deliver(pair.alpha, BETA, 43, old)
        peer = pair.alpha.manager.board.peer
        assert peer is not None
        self.assertEqual(peer.resources, ResourceSet.NONE)

    def test_silentPeerIsAskedAgain(self) -> None:
        """A node that lives and does not say what it holds is asked again and again."""
        pair = self.pair()
        pair.startAlone(pair.alpha)
        before = pair.alpha.wire.types().count("starting")
        pair.alpha.bus.publish(NodeStatusChanged(node=BETA, status="active", previous="dead"))
        pair.run(10)
        self.assertGreaterEqual(pair.alpha.wire.types().count("starting") - before, 4)

    def test_lateStarting(self) -> None:
        """A C{starting} that comes after later reports takes nothing back that they said (B22)."""
        from twisted_ha.wire.message import Message

        pair = self.pair()
        pair.start()
        peer = pair.alpha.manager.board.peer
        assert peer is not None and peer.stable
        pair.deliver(pair.alpha, BETA, 1, Message.of("starting"))
        self.assertTrue(peer.stable)

    def test_startingIsAnswered(self) -> None:
        """C{starting} is answered with a full report, in every phase."""
        pair = self.pair()
        pair.start()
        before = len(pair.alpha.wire.said)
        from twisted_ha.wire.message import Message

        pair.deliver(pair.alpha, BETA, 50, Message.of("starting"))
        self.assertEqual(pair.alpha.wire.types()[before], "resource local 1")

    def test_phase(self) -> None:
        """A pair that has started is stable on both sides."""
        pair = self.pair()
        pair.start()
        self.assertIs(pair.alpha.manager.joiner.phase, Phase.STABLE)
        self.assertTrue(pair.alpha.manager.settled and pair.beta.manager.settled)


class LegacyTests(StoryTests):
    """C{auto_failback legacy}: every node takes its own."""

    def test_together(self) -> None:
        """Both ask for their own, and both get it."""
        self.pair(autoFailback=FailbackMode.LEGACY).start()
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_goAheadDuringAStall(self) -> None:
        """
        A go-ahead that came during a stall may be as old as that, and whoever gave it has taken over
        since: it is asked for again.
        """
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.start()
        pair.run(10)
        manager = pair.alpha.manager
        manager.worker.want(["a1"], False)
        del pair.alpha.wire.said[:]
        manager.legacy.requestOwn()
        manager.doubt.late(4.5)
        pair.run(0.005)
        self.assertEqual((manager.worker.wants("a1"), pair.alpha.wire.types()), (False, ["ip-request"]))
        pair.run(0.1)
        self.assertEqual(
            (manager.worker.wants("a1"), pair.alpha.wire.types()), (True, ["ip-request"] * 2)
        )

    def test_noReports(self) -> None:
        """Nobody says what it holds."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.start()
        self.assertEqual([w for w in pair.alpha.wire.types() if w.startswith("resource")], [])

    def test_alone(self) -> None:
        """A node alone fences the other and takes everything."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.startAlone(pair.alpha)
        self.assertEqual(pair.alpha.fencer.fenced, ["beta"])
        self.assertOwns(["a1", "a2", "b1"], [])

    def test_return(self) -> None:
        """A node that comes back always gets its own."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.startAlone(pair.alpha)
        pair.restart(pair.beta)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_death(self) -> None:
        """The survivor takes everything, and gives it back."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.start()
        pair.powerOff(pair.alpha)
        pair.declareDead(pair.alpha)
        self.assertOwns([], ["a1", "a2", "b1"])
        pair.restart(pair.alpha)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_leaving(self) -> None:
        """A node that leaves hands over."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.start()
        pair.alpha.manager.leave()
        pair.run(3)
        self.assertOwns([], ["a1", "a2", "b1"])
        self.assertEqual(pair.beta.fencer.fenced, [])

    def test_answeredTooLate(self) -> None:
        """A node that leaves takes nothing that it had asked for before."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.startAlone(pair.alpha)
        pair.lost.add("ip-request-resp")
        pair.restart(pair.beta)
        pair.beta.manager.leave()
        pair.lost.clear()
        pair.carry(
            ALPHA, 999, Message.of("ip-request-resp", dest=BETA, ipaddr="b1", weown="yes", ok="OK")
        )
        pair.run(1)
        self.assertEqual(pair.beta.running(), [])

    def test_partition(self) -> None:
        """After a healed partition each has its own, and nothing was without an owner."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        self.mayOverlap = True
        pair.start()
        pair.partition()
        pair.mend()
        pair.run(1)
        self.assertOwns(["a1", "a2"], ["b1"])

    def test_unanswered(self) -> None:
        """A request that nobody answers is made again."""
        pair = self.pair(autoFailback=FailbackMode.LEGACY)
        pair.cut = True
        pair.meet(pair.alpha)
        pair.meet(pair.beta)
        pair.run(1)
        pair.cut = False
        pair.run(12)
        self.assertOwns(["a1", "a2"], ["b1"])


class ReconfigurationTests(StoryTests):
    """Another C{haresources} while the daemon runs."""

    def test_newGroup(self) -> None:
        """A group that is new, of a class held here, is started."""
        pair = self.pair()
        pair.start()
        groups = (*GROUPS, group("alpha", "a3"))
        pair.alpha.manager.reconfigure(configuration(ALPHA, groups=groups))
        pair.run(1)
        self.assertEqual(pair.alpha.running(), ["a1", "a2", "a3"])

    def test_B14(self) -> None:
        """B14: after the files were read again the phases are as before; nothing is forced."""
        pair = self.pair()
        pair.start()
        pair.alpha.manager.reconfigure(configuration(ALPHA))
        pair.alpha.agents["a2"].stopTakes = 5
        pair.alpha.standby(LOCAL)
        pair.run(1)
        self.assertFalse(pair.alpha.manager.settled)
        self.assertIs(pair.alpha.manager.mover.state, Move.RELEASING)

    def test_groupGone(self) -> None:
        """A group that is gone is stopped, and the others are left alone."""
        pair = self.pair(groups=(*GROUPS, group("alpha", "a3")))
        pair.start()
        self.assertEqual(pair.alpha.running(), ["a1", "a2", "a3"])
        pair.alpha.agents.calls.clear()
        pair.alpha.manager.reconfigure(configuration(ALPHA))
        pair.run(1)
        self.assertEqual(pair.alpha.agents.calls, ["stop a3"])
        self.assertEqual(list(pair.alpha.manager.worker.runners), ["a1", "b1"])

    def test_groupChanged(self) -> None:
        """A group that has changed is stopped as it was and started as it is."""
        pair = self.pair()
        pair.start()
        pair.alpha.agents.calls.clear()
        groups = (group("alpha", "a1", "a4"), GROUPS[1])
        pair.alpha.manager.reconfigure(configuration(ALPHA, groups=groups))
        pair.run(1)
        self.assertEqual(pair.alpha.agents.calls, ["stop a2", "stop a1", "start a1", "start a4"])
