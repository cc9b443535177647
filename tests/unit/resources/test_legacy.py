"""Tests of L{twisted_ha.resources.legacy}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench
from tests.unit.resources.cluster import BETA
from twisted_ha.resources.legacy import ASK_AGAIN, REQUEST, RESPONSE, Legacy
from twisted_ha.terms import FailbackMode, ResourceSet
from twisted_ha.wire.message import Message


class LegacyTests(SynchronousTestCase):
    """Alpha asks and gives; beta is there, and is what each test says."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.bench.board.mode = FailbackMode.LEGACY
        self.worker = self.bench.worker
        self.legacy = Legacy(self.bench.board, self.worker, self.bench.mouth, self.bench.alarm())
        self.worker.changed = self.legacy.progress
        self.worker.want(self.bench.board.keys(ResourceSet.ALL), False)
        del self.bench.mouth.said[:]

    def said(self) -> list[tuple[str | None, ...]]:
        """Type, group and what is said of it; and forget it."""
        said = [(one.type, one.get("ipaddr"), one.get("weown")) for one in self.bench.mouth.said]
        del self.bench.mouth.said[:]
        return said

    def answer(self, weown: str) -> None:
        self.legacy.answered(Message.of(RESPONSE, ipaddr="a1", weown=weown, ok="OK"))

    def test_answer(self) -> None:
        """What is asked for is answered with whether it ran here: only then has nobody else it."""
        self.worker.want(["b1"], True)
        for held in ("yes", "no"):
            self.legacy.requested(Message.of(REQUEST, ipaddr="b1"))
            self.assertEqual(self.said(), [(RESPONSE, "b1", held)])

    def test_unknownGroup(self) -> None:
        """Nothing is said about a group that this node does not know."""
        self.legacy.requested(Message.of(REQUEST, ipaddr="c1"))
        self.assertEqual(self.said(), [])

    def test_afterGoodbye(self) -> None:
        """A request that was lost and comes after a goodbye takes nothing from who took over."""
        self.worker.want(["b1"], True)
        self.bench.peer.saidGoodbye()
        self.legacy.requested(Message.of(REQUEST, ipaddr="b1"))
        self.assertEqual((self.said(), self.worker.wants("b1")), ([], True))
        self.bench.peer.newLife()
        self.legacy.requested(Message.of(REQUEST, ipaddr="b1"))
        self.assertEqual((self.said(), self.worker.wants("b1")), ([(RESPONSE, "b1", "yes")], False))

    def test_askedUntilAnswered(self) -> None:
        """One that does not hear this node is asked again, for what is held here as well."""
        self.worker.want(["a1"], True)
        self.legacy.peerActive()
        for _ in range(3):
            self.assertEqual(self.said(), [(REQUEST, "a1", None)])
            self.bench.clock.advance(ASK_AGAIN)
        self.answer("no")
        self.said()
        self.bench.clock.advance(3 * ASK_AGAIN)
        self.assertEqual(self.said(), [])

    def test_askedNoMore(self) -> None:
        """One that is gone is not asked: whoever takes over takes what is ours, too, after fencing."""
        self.legacy.requestOwn()
        self.said()
        self.bench.peer.alive = False
        self.bench.clock.advance(ASK_AGAIN)
        self.assertEqual((self.said(), self.worker.wants("a1")), ([], False))
        self.answer("yes")
        self.assertFalse(self.worker.wants("a1"))

    def test_announced(self) -> None:
        """If the other node ran it as well, the neighbours are told where it is now."""
        self.worker.want(["a1"], True)
        for weown, times in (("no", 0), ("yes", 1)):
            self.legacy.peerActive()
            self.answer(weown)
            self.assertEqual(self.bench.agents["a1"].announced, times)

    def test_goAhead(self) -> None:
        """What an original may never ask for is given to it, when it is released and not before."""
        self.worker.want(["b1"], True)
        self.bench.agents["b1"].stopTakes = 2.0
        self.legacy.peerActive("its home node is active")
        self.assertEqual(self.said(), [(REQUEST, "a1", None)])
        self.bench.clock.advance(2.0)
        self.assertEqual(self.said(), [(RESPONSE, "b1", "yes")])
        self.assertFalse(self.bench.agents["b1"].running)

    def test_goAheadIsAddressed(self) -> None:
        """It is for that node alone: an original takes what is addressed to it."""
        self.legacy.peerActive("its home node is active")
        (answer,) = [one for one in self.bench.mouth.said if one.type == RESPONSE]
        self.assertEqual((answer.get("dest"), answer.get("ok")), (BETA, "OK"))
