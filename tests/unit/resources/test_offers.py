"""Tests of L{twisted_ha.resources.offers}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench
from tests.unit.resources.cluster import BETA
from twisted_ha.resources.offers import PATIENCE, TAKEOVER_TIME, Offers
from twisted_ha.resources.standby import Move
from twisted_ha.resources.words import MoveWord, refusal
from twisted_ha.terms import ResourceSet

LOCAL, ALL = ResourceSet.LOCAL, ResourceSet.ALL


def me(wish: str | None = "1", sequence: int = 10, resources: ResourceSet = LOCAL) -> MoveWord:
    """Beta wants to give."""
    return MoveWord(step="me", resources=resources, wish=wish, sequence=sequence)


def done(sequence: int) -> MoveWord:
    """An original is done with something."""
    return MoveWord(step="done", resources=ResourceSet.FOREIGN, sequence=sequence)


class OffersTests(SynchronousTestCase):
    """Beta offers its groups to alpha."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.peer, self.mover = self.bench.peer, self.bench.mover
        self.looked = 0
        self.offers = Offers(
            self.bench.board,
            self.mover,
            self.bench.mouth,
            self.bench.clock,
            self.reconsider,
            self.bench.alarm(),
        )

    def reconsider(self) -> None:
        self.looked += 1

    def said(self) -> list[str]:
        return self.bench.mouth.types()

    def give(self) -> None:
        """Alpha wishes to give first."""
        self.mover.give(LOCAL, "")
        del self.bench.mouth.said[:]

    # an offer and its answer

    def test_waits(self) -> None:
        """An offer waits until this node is quiet."""
        self.offers.made(me())
        self.assertEqual((self.offers.waiting, self.said()), (True, []))

    def test_answered(self) -> None:
        """Then it is granted, with its own number, and waits no more."""
        self.offers.made(me("4"))
        self.offers.answer()
        self.assertEqual((self.offers.waiting, self.said()), (False, ["ask local other"]))
        self.assertEqual((self.mover.state, self.mover.wish), (Move.GRANTED, "4"))

    def test_noOffer(self) -> None:
        """Without an offer there is nothing to answer."""
        self.offers.answer()
        self.assertEqual((self.offers.waiting, self.said()), (False, []))

    def test_firstCounts(self) -> None:
        """A second wish before the first has ended is none: the original drops its own."""
        self.offers.made(me("1"))
        self.offers.made(me("2", resources=ALL))
        self.offers.answer()
        self.assertEqual((self.said(), self.mover.wish), (["ask local other"], "1"))

    def test_patience(self) -> None:
        """An offer is answered as long as the other node waits for it."""
        self.offers.made(me())
        self.bench.clock.advance(PATIENCE)
        self.offers.answer()
        self.assertEqual(self.said(), ["ask local other"])

    def test_tooOld(self) -> None:
        """One that is older is given up by the other node: it is forgotten."""
        self.offers.made(me())
        self.bench.clock.advance(PATIENCE + 0.1)
        self.offers.answer()
        self.assertEqual((self.offers.waiting, self.said()), (False, []))

    def test_forget(self) -> None:
        """A node that is gone offers nothing."""
        self.offers.made(me())
        self.offers.forget()
        self.offers.answer()
        self.assertEqual((self.offers.waiting, self.said()), (False, []))

    def test_refuse(self) -> None:
        """One of our kind hears why not, and to which of its wishes."""
        self.offers.refuse(me("4"), "a test")
        self.assertEqual(self.bench.mouth.said, [refusal("a test", "4").replacing("dest", BETA)])

    def test_refuseOriginal(self) -> None:
        """An original would not understand it."""
        self.peer.ours = False
        self.offers.refuse(me(None), "a test")
        self.assertEqual(self.said(), [])

    # an offer beside another move

    def test_crossing(self) -> None:
        """An offer that crosses our own wish is settled at once: an original's goes first."""
        self.peer.ours = False
        self.give()
        self.offers.made(me(None))
        self.assertEqual((self.offers.waiting, self.said()), (False, ["ask local other"]))

    def test_duringAMove(self) -> None:
        """While groups move nothing else is offered."""
        self.give()
        self.mover.peerGrants(MoveWord(step="other", resources=LOCAL, wish="1"))
        self.offers.made(me())
        self.assertFalse(self.offers.waiting)

    def test_newerWish(self) -> None:
        """Whoever wishes something else has given up what was granted: the new offer waits."""
        self.offers.made(me("1"))
        self.offers.answer()
        self.offers.made(me("2"))
        self.assertEqual((self.mover.state, self.offers.waiting), (Move.NONE, True))
        self.offers.answer()
        self.assertEqual((self.mover.state, self.mover.wish), (Move.GRANTED, "2"))

    def test_sentAgain(self) -> None:
        """A wish that is heard again is no new one: what was granted goes on."""
        self.offers.made(me("1"))
        self.offers.answer()
        self.offers.made(me("1"))
        self.assertEqual((self.mover.state, self.offers.waiting), (Move.GRANTED, False))

    # an original that is done with something else

    def test_doneWithSomethingElse(self) -> None:
        """Unanswered, an original's C{done} ends its wish; it waits for our word to that."""
        self.peer.ours = False
        self.offers.made(me(None, 10))
        self.offers.peerDone(done(11))
        self.assertEqual((self.offers.waiting, self.said()), (False, ["ask foreign done"]))

    def test_doneBefore(self) -> None:
        """What it said before it wished does not end the wish."""
        self.peer.ours = False
        self.offers.made(me(None, 10))
        self.offers.peerDone(done(9))
        self.assertEqual((self.offers.waiting, self.said()), (True, []))

    def test_doneOurs(self) -> None:
        """One of our kind knows which move it is done with."""
        self.offers.made(me("1", 10))
        self.offers.peerDone(done(11))
        self.assertEqual((self.offers.waiting, self.said()), (True, []))

    # an original that takes over from our last life

    def test_takeoverUnderWay(self) -> None:
        """Soon after our start its scripts may still run: its offer is answered after them."""
        self.peer.ours = False
        self.offers.communicationsUp()
        self.bench.clock.advance(1.0)
        self.offers.made(me(None))
        self.offers.answer()
        self.assertEqual((self.said(), self.looked), ([], 0))
        self.bench.clock.advance(TAKEOVER_TIME - 1.0)
        self.assertEqual(self.looked, 1)
        self.offers.answer()
        self.assertEqual(self.said(), ["ask local other"])

    def test_takeoverComplete(self) -> None:
        """It says when they are."""
        self.peer.ours = False
        self.offers.communicationsUp()
        self.offers.takeoverComplete()
        self.offers.made(me(None))
        self.offers.answer()
        self.assertEqual(self.said(), ["ask local other"])

    def test_takeoverOfOurs(self) -> None:
        """One of our kind never stops what it is about to start."""
        self.offers.communicationsUp()
        self.offers.made(me())
        self.offers.answer()
        self.assertEqual(self.said(), ["ask local other"])
