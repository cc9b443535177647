"""Tests of L{twisted_ha.resources.requests}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench
from tests.unit.resources.cluster import BETA, FakeNodes
from twisted_ha.events import TakeoverRefused
from twisted_ha.operations import MoveReport
from twisted_ha.resources.acquisition import Phase, Seen
from twisted_ha.resources.joiner import Joiner
from twisted_ha.resources.requests import PATIENCE, Requests
from twisted_ha.resources.standby import ANSWER_TIME, Move
from twisted_ha.resources.words import refusal
from twisted_ha.terms import FailbackMode, ResourceSet
from twisted_ha.wire.message import Message

NONE, LOCAL, FOREIGN, ALL = ResourceSet.NONE, ResourceSet.LOCAL, ResourceSet.FOREIGN, ResourceSet.ALL


class RequestsTests(SynchronousTestCase):
    """People ask alpha, or beta asks it for its people."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.peer, self.mover = self.bench.peer, self.bench.mover
        self.joiner = Joiner(
            self.bench.board,
            self.bench.worker,
            self.bench.mouth,
            self.bench.bus,
            lambda: None,
            self.bench.alarm(),
            FakeNodes(),
        )
        self.joiner.see(Seen.COMMUNICATIONS_UP)
        self.joiner.see(Seen.PEER_GONE)
        self.assertIs(self.joiner.phase, Phase.STABLE)
        del self.bench.mouth.said[:]
        self.quiet = True
        self.reports: list[MoveReport] = []
        self.requests = Requests(
            self.bench.board,
            self.mover,
            self.joiner,
            self.bench.mouth,
            self.bench.clock,
            self.bench.bus,
            quiet=lambda: self.quiet,
            reconsider=self.reconsider,
        )

    def reconsider(self) -> None:
        if self.quiet:
            self.requests.serve()

    def standby(self, resources: ResourceSet) -> None:
        self.requests.standby(resources).addCallback(self.reports.append)

    def takeover(self, resources: ResourceSet) -> None:
        self.requests.takeover(resources).addCallback(self.reports.append)

    def said(self) -> list[str]:
        return self.bench.mouth.types()

    def assertRefused(self, text: str) -> None:
        self.assertEqual([report.outcome for report in self.reports], ["refused"])
        self.assertIn(text, self.reports[0].text)

    # to give

    def test_standby(self) -> None:
        """In a quiet moment what is asked for is given at once: as much of it as is held here."""
        self.standby(ALL)
        self.assertEqual(self.said()[-1], "ask local me")
        self.assertEqual(self.reports, [])

    def test_nothingToGive(self) -> None:
        """What is not held here needs no giving, nor the other node for that."""
        self.peer.stable = False
        self.standby(FOREIGN)
        self.assertEqual((self.reports[0].ok, self.said()), (True, []))

    def test_waits(self) -> None:
        """Otherwise it waits for a quiet moment."""
        self.quiet = False
        self.standby(LOCAL)
        self.assertEqual(self.said(), [])
        self.quiet = True
        self.reconsider()
        self.assertEqual(self.said()[-1], "ask local me")

    def test_waitsForThePeer(self) -> None:
        """The other node must be settled, too."""
        self.peer.stable = False
        self.standby(LOCAL)
        self.assertEqual(self.said(), [])

    def test_nothingLeftToGive(self) -> None:
        """What was given away while it waited needs no giving any more."""
        self.quiet = False
        self.standby(LOCAL)
        self.bench.board.drop(LOCAL)
        self.requests.serve()
        self.assertEqual((self.reports[0].ok, self.said()), (True, []))

    def test_expires(self) -> None:
        """It does not wait for ever."""
        self.quiet = False
        self.standby(LOCAL)
        self.bench.clock.advance(PATIENCE)
        self.assertRefused("did not come to rest in time")
        self.quiet = True
        self.reconsider()
        self.assertEqual(self.said(), [])

    def test_leave(self) -> None:
        """A node that leaves gives nothing to anybody who waits."""
        self.quiet = False
        self.standby(LOCAL)
        self.requests.leave()
        self.assertRefused("this node is leaving")

    # to take

    def test_takeover(self) -> None:
        """The other node is asked, in this node's words."""
        self.takeover(FOREIGN)
        self.assertEqual(self.bench.mouth.said, [Message.of("hb_takeover", rsc_hold="foreign")])

    def test_held(self) -> None:
        """What is here already need not be asked for."""
        self.takeover(LOCAL)
        self.assertEqual((self.reports[0].ok, self.said()), (True, []))

    def test_refused(self) -> None:
        """The other node's no is the answer, with its reason."""
        self.takeover(FOREIGN)
        self.requests.peerRefuses("a test")
        self.assertRefused("nothing was moved: beta says: a test")
        (told,) = self.bench.told(TakeoverRefused)
        self.assertEqual(told.render(), "takeover refused by beta.  a test")

    def test_unanswered(self) -> None:
        """An original that gives nothing says nothing."""
        self.takeover(FOREIGN)
        self.bench.clock.advance(ANSWER_TIME + 2)
        self.assertRefused("did not give them in time")
        self.requests.peerRefuses("too late")
        self.assertEqual(len(self.reports), 1)

    # why not

    def refuses(self, text: str) -> None:
        """Both kinds of request are refused, and for that reason."""
        self.standby(LOCAL)
        self.takeover(FOREIGN)
        for report in self.reports:
            self.assertEqual(report.outcome, "refused")
            self.assertIn(text, report.text)
        self.assertEqual((len(self.reports), self.said()), (2, []))

    def test_legacy(self) -> None:
        """In legacy mode nothing is given."""
        self.bench.board.mode = FailbackMode.LEGACY
        self.refuses("not legacy")

    def test_leaving(self) -> None:
        """Nor is it by a node that leaves."""
        self.joiner.see(Seen.LEAVE)
        self.refuses("is leaving")

    def test_offline(self) -> None:
        """Before communications are up nobody knows what could be moved."""
        self.joiner.phase = Phase.OFFLINE
        self.refuses("has not heard of all others")

    def test_member(self) -> None:
        """Among more than two nodes nothing is moved."""
        self.joiner.phase = Phase.MEMBER
        self.refuses("more than two nodes")

    def test_alone(self) -> None:
        """A cluster of one moves nothing."""
        self.bench.board.peer = None
        self.refuses("no other node in ha.cf")

    def test_peerGone(self) -> None:
        """Nor is there anybody to give to when the other node is dead or leaves."""
        self.peer.left = True
        self.refuses("beta is not there")

    # what the other node's people ask

    def asked(self, word: str | None) -> None:
        self.requests.peerRequests(Message.of("hb_takeover", rsc_hold=word))

    def test_classes(self) -> None:
        """What is local to the one who asks is foreign here (B8: C{failback} means local)."""
        self.bench.board.claim(ALL)
        given = []
        for word in ("local", "failback", "foreign", "all", None):
            self.asked(word)
            given.append(self.mover.resources)
            self.mover.abort("a test")
        self.assertEqual(given, [FOREIGN, FOREIGN, LOCAL, ALL, ALL])

    def test_given(self) -> None:
        """What is asked for is given as if our own people had asked."""
        self.asked("foreign")
        self.assertIs(self.mover.state, Move.ASKED)

    def test_sayNo(self) -> None:
        """A node of our kind is told why nothing comes."""
        self.joiner.see(Seen.LEAVE)
        self.asked("foreign")
        expected = refusal("nothing was moved: this node is leaving").replacing("dest", BETA)
        self.assertEqual(self.bench.mouth.said, [expected])

    def test_sayNothingToGive(self) -> None:
        """Nor does anything come if there is nothing."""
        self.asked("local")
        self.assertEqual(self.said(), ["tha_refused"])

    def test_noWordForAnOriginal(self) -> None:
        """An original would not understand it."""
        self.peer.ours = False
        self.asked("local")
        self.assertEqual(self.said(), [])
