"""Tests of L{twisted_ha.resources.lookout}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench
from tests.unit.resources.cluster import BETA, FakeFencer, FakeNodes
from twisted_ha.events import NodeDied, TakeoverStarted
from twisted_ha.resources.acquisition import Phase, Seen
from twisted_ha.resources.audit import Audit
from twisted_ha.resources.joiner import Joiner
from twisted_ha.resources.legacy import Legacy
from twisted_ha.resources.lookout import Lookout
from twisted_ha.resources.offers import Offers
from twisted_ha.resources.standby import Move
from twisted_ha.resources.successor import Successor
from twisted_ha.resources.takeover import Takeover, TakeoverSeen, classifyDeath
from twisted_ha.resources.words import MoveWord
from twisted_ha.terms import FailbackMode, ResourceSet

NONE, LOCAL, FOREIGN, ALL = ResourceSet.NONE, ResourceSet.LOCAL, ResourceSet.FOREIGN, ResourceSet.ALL
DIED = NodeDied(node=BETA, silentFor=5, deadtime=5)


class Alpha(Bench):
    """
    The machines that beta's comings and goings concern.

    @ivar ours: nodes that speak our extensions.
    @ivar living: nodes that were heard and are not dead.
    @ivar active: nodes that say that they have come up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nodes = FakeNodes(ours=[BETA], living=[BETA])
        self.ours, self.living, self.active = self.nodes.ours, self.nodes.living, self.nodes.active
        self.fencer = FakeFencer()
        self.joiner = Joiner(
            self.board,
            self.worker,
            self.mouth,
            self.bus,
            self.look,
            self.alarm(),
            self.nodes,
        )
        self.successor = Successor(
            self.board, self.worker, self.fencer, self.mouth, self.clock, self.bus, self.alarm()
        )
        self.audit = Audit(
            self.board, self.worker, self.mover, self.clock, self.bus, self.look, self.alarm()
        )
        self.offers = Offers(self.board, self.mover, self.mouth, self.clock, self.look, self.alarm())
        self.legacy = Legacy(self.board, self.worker, self.mouth, self.alarm())
        self.lookout = Lookout(
            self.board,
            self.joiner,
            self.mover,
            self.offers,
            self.successor,
            self.audit,
            self.legacy,
            self.nodes,
        )

    def look(self) -> None:
        """What the manager does when a timer rings; nothing here."""

    def stable(self) -> None:
        """Alpha and beta have come up and are settled."""
        self.joiner.see(Seen.COMMUNICATIONS_UP)
        self.joiner.judge()
        self.quiet()

    def quiet(self) -> None:
        """Forget what was said and done so far."""
        del self.mouth.said[:], self.agents.calls[:], self.events[:]


class LookoutTestCase(SynchronousTestCase):
    """What the following share: alpha looks out for beta."""

    def setUp(self) -> None:
        self.alpha = Alpha()
        self.peer, self.lookout = self.alpha.peer, self.alpha.lookout

    def said(self) -> list[str]:
        return self.alpha.mouth.types()

    def inLegacy(self, *held: str) -> None:
        """Alpha has come up in legacy mode, and runs these groups."""
        self.alpha.board.mode = FailbackMode.LEGACY
        self.alpha.joiner.settleAtOnce()
        self.alpha.worker.want(held, True, why="a takeover")

    def asked(self) -> list[str | None]:
        """The groups that alpha has asked for."""
        return [one.get("ipaddr") for one in self.alpha.mouth.said if one.type == "ip-request"]

    def wanted(self) -> list[bool]:
        return [self.alpha.worker.wants(key) for key in self.alpha.board.keys(ALL)]

    def offer(self) -> None:
        """Beta wishes to give, and waits."""
        self.alpha.offers.made(MoveWord(step="me", resources=LOCAL, wish="1"))
        self.assertTrue(self.alpha.offers.waiting)


class CommunicationsUpTests(LookoutTestCase):
    """Every node was heard, or is dead."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.board.drop(ALL)
        self.peer.alive = self.peer.ours = self.peer.reported = False

    def test_asks(self) -> None:
        """Beside a node that lives it says that it is starting, and waits for a report."""
        self.lookout.communicationsUp()
        self.assertEqual((self.said(), self.alpha.joiner.phase), (["starting"], Phase.STARTING))
        self.assertTrue(self.peer.alive and self.peer.ours)

    def test_reportedBefore(self) -> None:
        """A report that came before is judged now."""
        self.peer.reported = True
        self.lookout.communicationsUp()
        self.assertIs(self.alpha.joiner.phase, Phase.STABLE)

    def test_left(self) -> None:
        """What a node has released that left is taken without fencing."""
        self.peer.left = True
        self.lookout.communicationsUp()
        self.assertEqual((self.alpha.board.mine, self.alpha.fencer.fenced), (ALL, []))
        self.assertIs(self.alpha.joiner.phase, Phase.STABLE)

    def test_neverHeard(self) -> None:
        """A node that nobody hears may hold everything: it is fenced."""
        self.alpha.living.clear()
        self.peer.resources = NONE
        self.lookout.communicationsUp()
        self.assertEqual(self.alpha.fencer.fenced, [BETA])

    def test_heardAndDead(self) -> None:
        """One that said it holds nothing, and died, is not."""
        self.alpha.living.clear()
        self.peer.reported, self.peer.resources = True, NONE
        self.lookout.died(DIED)
        self.lookout.communicationsUp()
        self.assertEqual((self.alpha.board.mine, self.alpha.fencer.fenced), (ALL, []))

    def test_heardAndSilent(self) -> None:
        """One that was heard and died, and never said what it holds, is fenced."""
        self.peer.resources = NONE
        self.lookout.heard()
        self.lookout.died(DIED)
        self.alpha.living.clear()
        self.lookout.communicationsUp()
        self.assertEqual(self.alpha.fencer.fenced, [BETA])

    def test_alone(self) -> None:
        """In a cluster of one there is nobody to wait for."""
        self.alpha.board.peer = None
        self.lookout.communicationsUp()
        self.assertEqual((self.alpha.joiner.phase, self.alpha.fencer.fenced), (Phase.STABLE, []))

    def test_offers(self) -> None:
        """An original may be taking over from our last life."""
        self.alpha.ours.clear()
        self.peer.reported = True
        self.lookout.communicationsUp()
        self.offer()
        self.alpha.offers.answer()
        self.assertTrue(self.alpha.offers.waiting)

    def test_legacy(self) -> None:
        """In legacy mode a node asks for its own groups at once."""
        self.alpha.board.mode = FailbackMode.LEGACY
        self.lookout.communicationsUp()
        self.assertEqual((self.said(), self.alpha.joiner.phase), (["ip-request"], Phase.STABLE))

    def test_legacyOnce(self) -> None:
        """It does so once."""
        self.alpha.board.mode = FailbackMode.LEGACY
        self.lookout.communicationsUp()
        self.lookout.communicationsUp()
        self.assertEqual(self.said(), ["ip-request"])

    def test_legacyDead(self) -> None:
        """In legacy mode nobody says what it holds: whoever is not there is fenced."""
        self.alpha.board.mode = FailbackMode.LEGACY
        self.alpha.living.clear()
        self.peer.reported, self.peer.resources = True, NONE
        self.lookout.communicationsUp()
        self.assertEqual(self.alpha.fencer.fenced, [BETA])

    def test_legacyLeft(self) -> None:
        """Whoever left is not."""
        self.alpha.board.mode = FailbackMode.LEGACY
        self.peer.left = True
        self.lookout.communicationsUp()
        self.assertEqual((self.alpha.board.mine, self.alpha.fencer.fenced), (ALL, []))


class AppearanceTests(LookoutTestCase):
    """Beta is heard."""

    def claimsEverything(self) -> None:
        """Beta reports that it holds everything, for a second."""
        self.peer.resources, self.peer.reported, self.peer.stable = ALL, True, True
        self.alpha.audit.look()
        self.alpha.clock.advance(1)
        self.alpha.audit.look()

    def test_heard(self) -> None:
        """A message shows that it lives, and of which kind it is."""
        self.peer.alive = False
        self.alpha.ours.clear()
        self.lookout.heard()
        self.assertEqual((self.peer.alive, self.peer.ours), (True, False))

    def test_status(self) -> None:
        """A status of one that was taken for dead ends its fencing, and it hears what is held here."""
        self.alpha.stable()
        self.alpha.fencer.hangs = True
        self.lookout.died(DIED)
        self.alpha.quiet()
        self.lookout.statusChanged()
        self.assertIs(self.alpha.successor.state, Takeover.IDLE)
        self.assertEqual(self.said(), ["resource local 1"])

    def test_statusLate(self) -> None:
        """It does so too if another message of it came first, and that alone does not."""
        self.alpha.stable()
        self.alpha.fencer.hangs = True
        self.lookout.died(DIED)
        self.alpha.quiet()
        self.lookout.heard()
        self.assertIs(self.alpha.successor.state, Takeover.FENCING)
        self.lookout.statusChanged()
        self.assertIs(self.alpha.successor.state, Takeover.IDLE)
        self.assertEqual(self.said(), ["resource local 1"])
        self.lookout.statusChanged()
        self.assertEqual(self.said(), ["resource local 1"])

    def test_backOnce(self) -> None:
        """What says that it is back, or was started anew, says it; the status with it adds nothing."""
        for back in (self.lookout.returned, self.lookout.restarted):
            self.alpha.stable()
            self.lookout.died(DIED)
            self.alpha.quiet()
            back()
            said = self.said()
            self.lookout.statusChanged()
            self.assertEqual(self.said(), said)

    def test_reportOfTheMissed(self) -> None:
        """
        A message of a node that was declared dead says, before a status does, that it has returned: an
        original has time to give up what it took.
        """
        for missed, kept in ((True, True), (False, False)):
            self.setUp()
            self.alpha.stable()
            self.alpha.ours.clear()
            if missed:
                self.lookout.died(DIED)
            self.alpha.quiet()
            self.lookout.heard()
            self.claimsEverything()
            self.assertEqual(self.alpha.board.mine is not NONE, kept)

    def test_newLifeOfTheMissed(self) -> None:
        """One that was started anew has not returned."""
        self.alpha.stable()
        self.alpha.ours.clear()
        self.lookout.died(DIED)
        self.lookout.restarted()
        self.lookout.heard()
        self.claimsEverything()
        self.assertIs(self.alpha.board.mine, NONE)

    def test_anotherStatus(self) -> None:
        """One of a node that lives changes nothing."""
        self.alpha.stable()
        self.lookout.statusChanged()
        self.assertEqual(self.said(), [])

    def test_statusBefore(self) -> None:
        """Nothing is reported before communications are up."""
        self.peer.alive = False
        self.lookout.statusChanged()
        self.assertEqual((self.peer.alive, self.said()), (True, []))

    def test_returned(self) -> None:
        """After a partition its fencing ends, and either says what it holds."""
        self.alpha.stable()
        self.alpha.fencer.hangs = True
        self.lookout.died(DIED)
        self.peer.left = True
        self.alpha.quiet()
        self.lookout.returned()
        self.assertIs(self.alpha.successor.state, Takeover.IDLE)
        self.assertEqual(self.said(), ["starting", "resource local 1"])
        self.assertTrue(self.peer.present)

    def test_returnedOriginal(self) -> None:
        """An original that claims the same is given time to notice the partition by itself."""
        self.alpha.stable()
        self.alpha.ours.clear()
        self.lookout.returned()
        self.claimsEverything()
        self.assertEqual(self.alpha.board.mine, LOCAL)

    def test_restartedOriginal(self) -> None:
        """A new life of it has nothing to notice: what it claims is its own."""
        self.alpha.stable()
        self.alpha.ours.clear()
        self.lookout.returned()
        self.lookout.restarted()
        self.claimsEverything()
        self.assertEqual(self.alpha.board.mine, NONE)

    def test_returnedBefore(self) -> None:
        """Nobody is asked before communications are up."""
        self.lookout.returned()
        self.assertEqual(self.said(), [])

    def test_returnedLegacy(self) -> None:
        """In legacy mode each has its own again, and a takeover of before claims nothing."""
        self.inLegacy()
        self.alpha.worker.want(["a1", "b1"], True)
        self.alpha.board.claim(ALL)
        self.alpha.active.add(BETA)
        self.lookout.returned()
        self.assertEqual((self.alpha.board.mine, self.asked()), (NONE, ["a1"]))
        self.assertEqual([self.alpha.worker.wants(key) for key in ("a1", "b1")], [True, False])

    def test_returnedLegacyOriginal(self) -> None:
        """An original gets its own as well: if it never missed us it still has them."""
        self.inLegacy()
        self.alpha.ours.clear()
        self.alpha.worker.want(["b1"], True)
        self.alpha.active.add(BETA)
        self.lookout.returned()
        self.assertFalse(self.alpha.worker.wants("b1"))

    def test_returnedLegacyComingUp(self) -> None:
        """One that was declared dead while it came up gets its own when it is up."""
        self.inLegacy()
        self.alpha.ours.clear()
        self.alpha.worker.want(["b1"], True)
        self.lookout.returned()
        self.assertTrue(self.alpha.worker.wants("b1"))
        self.alpha.active.add(BETA)
        self.lookout.statusChanged()
        self.assertFalse(self.alpha.worker.wants("b1"))

    def test_restarted(self) -> None:
        """A new life knows of no offer and no move, and its groups may go back to it."""
        self.alpha.stable()
        self.offer()
        self.alpha.mover.give(LOCAL, "")
        self.lookout.restarted()
        self.assertFalse(self.alpha.offers.waiting)
        self.assertIs(self.alpha.mover.state, Move.NONE)
        self.assertTrue(self.alpha.audit.wantFailback)
        self.assertFalse(self.peer.reported or self.peer.stable)

    def test_restartedWhileFenced(self) -> None:
        """What comes back while it is being fenced is not fenced on."""
        self.alpha.stable()
        self.alpha.fencer.hangs = True
        self.lookout.died(DIED)
        self.lookout.restarted()
        self.assertTrue(self.peer.alive)
        self.assertIs(self.alpha.successor.state, Takeover.IDLE)

    def test_restartedAndAsked(self) -> None:
        """While this node waits for a report it asks the new life, as it asked the last."""
        self.peer.reported = False
        self.alpha.joiner.see(Seen.COMMUNICATIONS_UP)
        self.alpha.joiner.peerStarting()
        self.alpha.quiet()
        self.lookout.restarted()
        self.alpha.joiner.peerStarting()
        self.assertEqual(self.said(), ["starting"])

    def test_restartedLegacy(self) -> None:
        """In legacy mode what its last life held of ours is asked for again (B3)."""
        self.inLegacy()
        self.alpha.board.claim(ALL)
        self.lookout.restarted()
        self.assertEqual((self.alpha.board.mine, self.asked()), (NONE, ["a1"]))

    def test_restartedUnheardLegacy(self) -> None:
        """An original that is active when its new life is first heard has its own, and asks for none."""
        self.inLegacy(*self.alpha.board.keys(ALL))
        self.alpha.ours.clear()
        self.alpha.active.add(BETA)
        self.lookout.restarted()
        self.assertEqual(self.wanted(), [True, False])

    def test_appearedLegacy(self) -> None:
        """One that appears and is active may have taken ours: they are asked for, held or not."""
        self.inLegacy(*self.alpha.board.keys(ALL))
        self.alpha.active.add(BETA)
        self.lookout.heard()
        self.lookout.statusChanged()
        self.assertEqual(self.asked(), ["a1"])
        self.lookout.statusChanged()
        self.assertEqual(self.asked(), ["a1"])
        self.assertEqual(self.wanted(), [True, True])

    def test_comesUpLegacy(self) -> None:
        """One that comes up may not hear this node, and have taken everything: it is asked then."""
        self.inLegacy(*self.alpha.board.keys(ALL))
        self.lookout.restarted()
        self.assertEqual(self.asked(), [])
        self.alpha.active.add(BETA)
        self.lookout.statusChanged()
        self.assertEqual((self.asked(), self.wanted()), (["a1"], [True, True]))

    def test_comesUpLegacyOriginal(self) -> None:
        """An original that comes up is given its own as well: it may ask for nothing."""
        self.inLegacy(*self.alpha.board.keys(ALL))
        self.alpha.ours.clear()
        self.lookout.restarted()
        self.assertEqual(self.wanted(), [True, True])
        self.alpha.active.add(BETA)
        self.lookout.statusChanged()
        self.assertEqual((self.asked(), self.wanted()), (["a1"], [True, False]))

    def test_originalAskedInVainLegacy(self) -> None:
        """An original that is active already may have asked in vain: it is told to go on."""
        self.alpha.board.mode = FailbackMode.LEGACY
        self.alpha.ours.clear()
        self.alpha.active.add(BETA)
        self.lookout.communicationsUp()
        self.assertEqual(self.said(), ["ip-request-resp", "ip-request"])

    def test_lateLegacy(self) -> None:
        """
        An original that was late may declare this node dead as soon as it hears it again: it is asked a
        little later.  One of our kind does not.
        """
        self.inLegacy(*self.alpha.board.keys(ALL))
        self.lookout.late(2.0)
        self.alpha.clock.advance(10.0)
        self.assertEqual(self.said(), [])
        self.alpha.ours.clear()
        self.lookout.late(2.0)
        self.alpha.clock.advance(3.9)
        self.assertEqual(self.said(), [])
        self.alpha.clock.advance(0.2)
        self.assertEqual(self.asked(), ["a1"])

    def test_leavingLegacy(self) -> None:
        """What was taken from an original that leaves is not given back because it still beats."""
        self.inLegacy(*self.alpha.board.keys(ALL))
        self.alpha.ours.clear()
        self.peer.saidGoodbye()
        self.alpha.active.add(BETA)
        self.lookout.statusChanged()
        self.assertEqual((self.said(), self.wanted()), ([], [True, True]))


class DisappearanceTests(LookoutTestCase):
    """Beta dies, or leaves."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.stable()

    def test_fenced(self) -> None:
        """A node that died with groups is fenced before they are taken."""
        self.lookout.died(DIED)
        self.assertEqual((self.alpha.fencer.fenced, self.alpha.board.mine), ([BETA], ALL))
        self.assertTrue(self.alpha.audit.wantFailback)
        (began,) = self.alpha.told(TakeoverStarted)
        self.assertEqual(began, TakeoverStarted(node=BETA, why="beta died (silent for 5.00 s)"))

    def test_heldNothing(self) -> None:
        """One that held nothing is not."""
        self.peer.resources = NONE
        self.lookout.died(DIED)
        self.assertEqual((self.alpha.fencer.fenced, self.alpha.board.mine), ([], ALL))

    def test_neverHeard(self) -> None:
        """One that never said what it holds may hold anything, heard or not."""
        for heard in (False, True):
            self.setUp()
            self.peer.resources, self.peer.reported = NONE, False
            self.lookout.died(NodeDied(node=BETA, silentFor=5, deadtime=5, heard=heard))
            self.assertEqual((self.alpha.fencer.fenced, self.peer.unsure), ([BETA], True))

    def test_comingUp(self) -> None:
        """One that holds nothing yet, and means to, may have taken what is its own, unheard."""
        self.peer.resources, self.peer.stable = NONE, False
        self.lookout.died(DIED)
        self.assertEqual((self.alpha.fencer.fenced, self.peer.unsure), ([BETA], True))

    def test_newLife(self) -> None:
        """What its last life said is no word of the one that died."""
        self.peer.resources = NONE
        self.lookout.restarted()
        self.lookout.died(DIED)
        self.assertEqual(self.alpha.fencer.fenced, [BETA])

    def test_legacy(self) -> None:
        """In legacy mode nobody says what it holds."""
        self.peer.resources = NONE
        self.alpha.board.mode = FailbackMode.LEGACY
        self.lookout.died(DIED)
        self.assertEqual(self.alpha.fencer.fenced, [BETA])

    def test_inAMove(self) -> None:
        """A node that was to give, and said no more, may hold what it gave."""
        self.peer.resources = NONE
        self.offer()
        self.alpha.offers.answer()
        self.assertIs(self.alpha.mover.state, Move.GRANTED)
        self.lookout.died(DIED)
        self.assertEqual((self.alpha.fencer.fenced, self.alpha.mover.state), ([BETA], Move.NONE))

    def test_afterGoodbye(self) -> None:
        """When a node dies that left, everything has been taken already."""
        self.lookout.left()
        self.alpha.quiet()
        self.lookout.died(DIED)
        self.assertEqual((self.said(), self.alpha.events, self.alpha.fencer.fenced), ([], [], []))

    def test_soonAfterGoodbye(self) -> None:
        """What was not taken then is taken now, without fencing."""
        self.peer.saidGoodbye()
        self.lookout.died(DIED)
        self.assertEqual((self.alpha.fencer.fenced, self.alpha.board.mine), ([], ALL))

    def test_offer(self) -> None:
        """It offers nothing any more."""
        self.offer()
        self.lookout.died(DIED)
        self.assertFalse(self.alpha.offers.waiting)

    def test_whileLeaving(self) -> None:
        """A node that leaves takes nothing."""
        self.alpha.joiner.see(Seen.LEAVE)
        self.lookout.died(DIED)
        self.lookout.left()
        self.assertEqual((self.alpha.fencer.fenced, self.alpha.board.mine), ([], LOCAL))

    def test_left(self) -> None:
        """What a node has released that leaves is taken at once."""
        self.offer()
        self.lookout.left()
        self.assertEqual((self.alpha.fencer.fenced, self.alpha.board.mine), ([], ALL))
        self.assertEqual((self.peer.present, self.alpha.offers.waiting), (False, False))

    def test_whileWaiting(self) -> None:
        """This node need wait for its report no more."""
        self.alpha.joiner.phase = Phase.WAITING
        self.lookout.died(DIED)
        self.assertIs(self.alpha.joiner.phase, Phase.STABLE)


class ClassifyTests(LookoutTestCase):
    """L{classifyDeath}."""

    def test_everyCase(self) -> None:
        """It may hold something if it said so, said nothing, or was in a move; never if it left."""
        empty, holding = TakeoverSeen.DIED_EMPTY, TakeoverSeen.DIED_HOLDING
        for left, resources, unsure, between, expected in (
            (False, NONE, False, False, empty),
            (False, LOCAL, False, False, holding),
            (False, NONE, True, False, holding),
            (False, NONE, False, True, holding),
            (True, ALL, True, True, empty),
        ):
            self.peer.left, self.peer.resources = left, resources
            self.assertIs(classifyDeath(self.peer, unsure=unsure, between=between), expected)
