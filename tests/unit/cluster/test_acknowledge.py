"""Tests for L{twisted_ha.cluster.acknowledge}."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cluster.acknowledge import STRIDE, STRIDE_OURS, Acknowledgement
from twisted_ha.cluster.sequence import SequenceTracker


class Phase(Random):
    """Chance that always picks one phase."""

    def __init__(self, phase: int) -> None:
        super().__init__(0)
        self.phase = phase

    def randrange(self, *args: int) -> int:  # type: ignore[override]
        return self.phase


class AcknowledgementTests(SynchronousTestCase):
    """Which messages are acknowledged."""

    def acknowledged(self, numbers: list[int], phase: int, stride: int = STRIDE) -> list[int]:
        """What is acknowledged when these come in this order."""
        tracker, state, random = SequenceTracker(), Acknowledgement(), Phase(phase)
        made = []
        for number in numbers:
            tracker.accept(number)
            due = state.due(tracker, random, stride)
            if due is not None:
                made.append(due)
        return made

    def test_everyTenth(self) -> None:
        """One in ten is acknowledged, at the phase."""
        self.assertEqual(self.acknowledged(list(range(1, 31)), 4), [4, 14, 24])

    def test_ourKind(self) -> None:
        """To one of our kind it is one in a hundred."""
        self.assertEqual(self.acknowledged(list(range(1, 301)), 4, STRIDE_OURS), [4, 104, 204])

    def test_joinedLate(self) -> None:
        """Nothing is acknowledged that was never heard."""
        self.assertEqual(self.acknowledged(list(range(17, 31)), 4), [24])

    def test_gap(self) -> None:
        """A gap holds acknowledgement back, and its end brings the highest that is whole."""
        numbers = [1, 2, *range(4, 27), 3]
        self.assertEqual(self.acknowledged(numbers, 4), [24])

    def test_duplicate(self) -> None:
        """A number is acknowledged once."""
        self.assertEqual(self.acknowledged([3, 4, 4, 4], 4), [4])

    @settings(max_examples=100, deadline=None)
    @given(some.lists(some.integers(1, 80), max_size=80), some.integers(0, STRIDE_OURS - 1))
    def test_promise(self, numbers: list[int], phase: int) -> None:
        """Whatever is acknowledged, nothing heard of is missing below it, and it never goes back."""
        made = self.acknowledged(numbers, phase)
        self.assertEqual(made, sorted(set(made)))
        for number in made:
            self.assertEqual(number % STRIDE, phase % STRIDE)
            self.assertTrue(set(range(numbers[0], number + 1)) <= set(numbers))
