"""Tests for L{twisted_ha.cluster.marks} and the floors that L{twisted_ha.cluster.admission} asks."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    GAMMA,
    FakeMarks,
    Peer,
    Wire,
    configuration,
    member,
    run,
)
from twisted_ha.cluster.marks import SAVE_EVERY
from twisted_ha.events import MessagesMissing, NodeRestarted, Warned
from twisted_ha.terms import LifeMark


class MarkTests(SynchronousTestCase):
    """L{LifeMark}."""

    def test_covers(self) -> None:
        """What stands at it or before it: an earlier life, or an equal or lower number."""
        mark = LifeMark(50, 10)
        for place in ((49, 99), (50, 9), (50, 10), (0, 1)):
            self.assertTrue(mark.covers(*place), place)
        for place in ((50, 11), (51, 1)):
            self.assertFalse(mark.covers(*place), place)

    def test_unnumbered(self) -> None:
        """Of a message without a number only the life can be told, if it says that."""
        mark = LifeMark(50, 10)
        self.assertTrue(mark.covers(49, None))
        self.assertFalse(mark.covers(50, None))
        self.assertFalse(mark.covers(0, None))


class FloorTests(SynchronousTestCase):
    """A daemon that was just started, and what its last life has kept."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = FakeMarks({BETA: LifeMark(50, 100)})
        port = Wire(self.clock).port(ALPHA)
        config = configuration(nodes=(ALPHA, BETA, GAMMA))
        self.alpha = member(self.clock, [port], config, marks=self.store)
        self.alpha.core.start()
        self.beta = Peer(self.alpha)
        self.node = self.alpha.core.nodes[BETA]
        self.heard: list[str | None] = []
        self.alpha.core.handle("note", lambda header, message: self.heard.append(message.get("info")))

    def refused(self) -> int:
        return self.alpha.core.receiver.refused.get(("eth1", "old"), 0)

    def warnings(self) -> list[str]:
        return [event.render() for event in self.alpha.told(Warned)]

    def test_olderLife(self) -> None:
        """What an earlier life has said changes nothing, and its link stays as it was."""
        self.beta.generation = 49
        self.beta.says(sequence=200)
        self.beta.says("note", info="x")
        self.beta.says("NS_rexmit", dest="alpha", firstseq="1", lastseq="1")
        self.assertEqual((self.node.heard, self.node.generation, self.node.linksUp), (False, 0, 0))
        self.assertEqual((self.heard, self.refused()), ([], 3))

    def test_sameLife(self) -> None:
        """So does what was heard before of the same life; the next number is news."""
        self.beta.says(sequence=99)
        self.beta.says(sequence=100)
        self.assertEqual((self.node.heard, self.refused()), (False, 2))
        self.beta.says(sequence=101)
        self.assertTrue(self.node.heard)
        self.assertFalse(self.alpha.told(MessagesMissing))
        self.beta.says("note", info="x", sequence=98)
        self.assertEqual(self.heard, [])

    def test_newLife(self) -> None:
        """A newer life is heard from its first number, and is no restart that anybody has seen."""
        self.beta.generation = 51
        self.beta.says(sequence=1)
        self.assertTrue(self.node.heard)
        self.assertFalse(self.alpha.told(NodeRestarted))

    def test_others(self) -> None:
        """A node of which nothing is known is believed."""
        Peer(self.alpha, GAMMA, generation=1).says(sequence=1)
        self.assertTrue(self.alpha.core.nodes[GAMMA].heard)

    def test_repairTold(self) -> None:
        """An administrator is told once a minute what to do, where, and with which number."""
        self.beta.generation = 49
        for _ in range(3):
            self.beta.says()
        (text,) = self.warnings()
        for word in ("beta", "generation 49", "hb_generation", "write 50", "remove", FakeMarks.place):
            self.assertIn(word, text)
        self.beta.generation, self.beta.sequence = 50, 1
        run(self.clock, 61)
        self.beta.says()
        self.assertIn("generation 50 before", self.warnings()[-1])

    def test_countLost(self) -> None:
        """So it is while a daemon runs, once the node that has lost its count is taken for dead."""
        self.beta.says(sequence=101)
        self.beta.generation = 49
        self.beta.says()
        self.assertEqual(self.warnings(), [])
        run(self.clock, 20)
        for _ in range(3):
            self.beta.says()
        (text,) = [text for text in self.warnings() if "old messages" in text]
        self.assertIn("write 50", text)
        self.assertEqual((self.node.dead, self.refused()), (True, 3))

    def test_reset(self) -> None:
        """A node that has lost its count is believed once the file is removed."""
        self.beta.generation = 7
        other = member(self.clock, [Wire(self.clock).port(ALPHA)], marks=FakeMarks())
        other.core.start()
        Peer(other, generation=7).says()
        self.assertTrue(other.core.nodes[BETA].heard)


class KeepingTests(SynchronousTestCase):
    """When it is kept, and what."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = FakeMarks({GAMMA: LifeMark(5, 6)})
        config = configuration(nodes=(ALPHA, BETA, GAMMA))
        self.alpha = member(self.clock, [Wire(self.clock).port(ALPHA)], config, marks=self.store)
        self.alpha.core.start()
        self.beta = Peer(self.alpha)

    def test_atANewLife(self) -> None:
        """At once when a node begins a life, and what was known of others stays."""
        self.beta.says(sequence=7)
        self.assertEqual(self.store.marks, {BETA: LifeMark(50, 7), GAMMA: LifeMark(5, 6)})
        self.beta.generation += 1
        self.beta.says(sequence=1)
        self.assertEqual((self.store.marks[BETA], self.store.saves), (LifeMark(51, 1), 2))

    def test_afterwards(self) -> None:
        """What the message brings is done first."""
        saves: list[int] = []
        self.alpha.core.handle("status", lambda header, message: saves.append(self.store.saves))
        self.beta.says()
        self.assertEqual((saves, self.store.saves), ([0], 1))

    def test_everyMinute(self) -> None:
        """Not with every message, but at intervals."""
        for _ in range(5):
            self.beta.says()
        self.assertEqual(self.store.marks[BETA], LifeMark(50, 1))
        run(self.clock, SAVE_EVERY)
        self.assertEqual(self.store.marks[BETA], LifeMark(50, 5))
        self.beta.says()
        run(self.clock, SAVE_EVERY)
        self.assertEqual(self.store.marks[BETA], LifeMark(50, 6))

    def test_inTheEnd(self) -> None:
        """When the node leaves; after that nothing is pending."""
        self.beta.says()
        self.beta.says()
        self.alpha.core.stop()
        self.assertEqual(self.store.marks[BETA], LifeMark(50, 2))
        saves = self.store.saves
        self.alpha.core.stop()
        run(self.clock, 3 * SAVE_EVERY)
        self.assertEqual(self.store.saves, saves)

    def test_withoutAStatus(self) -> None:
        """A node that has said nothing of its life yet is not kept, and what was known of it is."""
        Peer(self.alpha, GAMMA, generation=9).says("note", info="x")
        self.alpha.core.stop()
        self.assertEqual(self.store.marks, {GAMMA: LifeMark(5, 6)})
