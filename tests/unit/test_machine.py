"""Tests for L{twisted_ha.machine}."""

from __future__ import annotations

from enum import Enum

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.machine import Rule, Table


class Door(Enum):
    """States."""

    OPEN = 1
    SHUT = 2
    LOCKED = 3


class Hand(Enum):
    """Inputs."""

    PUSH = 1
    PULL = 2
    TURN = 3


class Noise(Enum):
    """Actions."""

    CREAK = 1
    CLICK = 2


RULES = {
    (Door.OPEN, Hand.PUSH): Rule(Door.SHUT, (Noise.CREAK, Noise.CLICK)),
    (Door.SHUT, Hand.PULL): Rule(Door.OPEN, (Noise.CREAK,)),
}
IGNORED = {(Door.OPEN, Hand.PULL), (Door.SHUT, Hand.PUSH)}


class TableTests(SynchronousTestCase):
    """A state machine as a value."""

    def setUp(self) -> None:
        self.table: Table[Door, Hand, Noise] = Table("door", Door, Hand, RULES, IGNORED)

    def test_decided(self) -> None:
        """A step tells the next state and the actions in their order."""
        rule = self.table.step(Door.OPEN, Hand.PUSH)
        self.assertEqual(rule, Rule(Door.SHUT, (Noise.CREAK, Noise.CLICK)))

    def test_ignored(self) -> None:
        """An ignored pair keeps the state and does nothing."""
        self.assertEqual(self.table.step(Door.OPEN, Hand.PULL), Rule(Door.OPEN))

    def test_undecidedStep(self) -> None:
        """A pair nobody has decided gives nothing to follow."""
        self.assertIsNone(self.table.step(Door.LOCKED, Hand.PUSH))

    def test_noMemory(self) -> None:
        """A step changes nothing: the same question has the same answer."""
        first = self.table.step(Door.OPEN, Hand.PUSH)
        self.assertEqual(self.table.step(Door.OPEN, Hand.PUSH), first)

    def test_undecided(self) -> None:
        """Every pair nobody has thought about is listed, in the order of the enums."""
        self.assertEqual(
            self.table.undecided(),
            [
                (Door.OPEN, Hand.TURN),
                (Door.SHUT, Hand.TURN),
                (Door.LOCKED, Hand.PUSH),
                (Door.LOCKED, Hand.PULL),
                (Door.LOCKED, Hand.TURN),
            ],
        )

    def test_contradiction(self) -> None:
        """A pair cannot be both decided and ignored."""
        error = self.assertRaises(ValueError, Table, "door", Door, Hand, RULES, {(Door.OPEN, Hand.PUSH)})
        self.assertIn("door", str(error))

    def test_unreachable(self) -> None:
        """A state no input leads to is found."""
        self.assertEqual(self.table.unreachable(Door.OPEN), [Door.LOCKED])
        self.assertEqual(self.table.unreachable(Door.LOCKED), [Door.OPEN, Door.SHUT])

    def test_laterChanges(self) -> None:
        """A table does not change when the rules it was made from do."""
        rules = dict(RULES)
        table: Table[Door, Hand, Noise] = Table("door", Door, Hand, rules, IGNORED)
        rules.clear()
        self.assertIsNotNone(table.step(Door.OPEN, Hand.PUSH))

    def test_render(self) -> None:
        """It is printed one line a decided pair, aligned."""
        self.assertEqual(
            self.table.render().splitlines(),
            [
                "door",
                "====",
                "OPEN  PUSH  -> SHUT  CREAK, CLICK",
                "SHUT  PULL  -> OPEN  CREAK",
            ],
        )

    def test_renderEmpty(self) -> None:
        """A table without rules is printed as its name."""
        empty: Table[Door, Hand, Noise] = Table("none", Door, Hand, {})
        self.assertEqual(empty.render(), "none\n====")
