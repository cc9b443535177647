"""Tests for L{twisted_ha.cluster.sequence}."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cluster.sequence import MAX_GAP, MAX_MISSING, SequenceTracker, Verdict

DELIVER, DUPLICATE, STALE = Verdict


def heard(*numbers: int) -> SequenceTracker:
    """A tracker that has heard these."""
    tracker = SequenceTracker()
    for number in numbers:
        tracker.accept(number)
    return tracker


class SequenceTests(SynchronousTestCase):
    """What a number means after others."""

    def verdicts(self, numbers: Iterable[int]) -> list[Verdict]:
        """What becomes of each."""
        tracker = SequenceTracker()
        return [tracker.accept(number).verdict for number in numbers]

    def test_anyFirst(self) -> None:
        """The first message may have any number, and nothing before it is missing."""
        tracker = SequenceTracker()
        judgement = tracker.accept(4711)
        self.assertIs(judgement.verdict, DELIVER)
        self.assertFalse(judgement.missing)

    def test_inOrder(self) -> None:
        """Numbers in order are delivered."""
        self.assertEqual(self.verdicts([1, 2, 3]), [DELIVER] * 3)

    def test_duplicate(self) -> None:
        """The last number again is a duplicate."""
        self.assertEqual(self.verdicts([1, 2, 2]), [DELIVER, DELIVER, DUPLICATE])

    def test_stale(self) -> None:
        """An older number again is stale."""
        self.assertEqual(self.verdicts([1, 2, 3, 1]), [DELIVER, DELIVER, DELIVER, STALE])

    def test_gap(self) -> None:
        """A gap is delivered across, and says what is missing."""
        judgement = heard(1, 2).accept(5)
        self.assertIs(judgement.verdict, DELIVER)
        self.assertEqual(judgement.missing, range(3, 5))

    def test_late(self) -> None:
        """A missing number is delivered once, and the last of them completes."""
        tracker = heard(1, 4)
        self.assertEqual(
            [(one.verdict, one.late, one.complete) for one in map(tracker.accept, (2, 3, 3))],
            [(DELIVER, True, False), (DELIVER, True, True), (STALE, False, False)],
        )

    def test_widestGap(self) -> None:
        """A gap of 250 is asked for, one of 251 is not, and then nothing is."""
        self.assertEqual(len(heard(1).accept(MAX_GAP + 2).missing), MAX_GAP)
        tracker = heard(1, 3)
        judgement = tracker.accept(3 + MAX_GAP + 2)
        self.assertFalse(judgement.missing)
        self.assertEqual(judgement.abandoned, MAX_GAP + 2)
        self.assertFalse(tracker.missing)

    def test_mostMissing(self) -> None:
        """At most 499 are missing, and the lowest give way."""
        tracker = heard(1, 252)
        judgement = tracker.accept(503)
        self.assertEqual(len(tracker.missing), MAX_MISSING)
        self.assertEqual(judgement.abandoned, 1)
        self.assertNotIn(2, tracker.missing)
        self.assertIs(tracker.accept(2).verdict, STALE)

    def test_whole(self) -> None:
        """All is whole up to the lowest missing number."""
        tracker = heard(1, 2, 5, 9)
        self.assertEqual(tracker.whole, 2)
        tracker.accept(3)
        tracker.accept(4)
        self.assertEqual(tracker.whole, 5)
        self.assertEqual(heard(7, 8).whole, 8)

    def test_giveUp(self) -> None:
        """A number given up is not missing, and is stale if it comes after all."""
        tracker = heard(1, 3)
        self.assertTrue(tracker.giveUp(2))
        self.assertFalse(tracker.giveUp(2))
        self.assertIs(tracker.accept(2).verdict, STALE)

    def test_interrupted(self) -> None:
        """After an interruption any higher number goes on, without a gap, and no old one does."""
        tracker = heard(1, 2, 5)
        tracker.interrupt()
        self.assertIs(tracker.accept(4).verdict, STALE)
        self.assertIs(tracker.accept(5).verdict, STALE)
        judgement = tracker.accept(40)
        self.assertIs(judgement.verdict, DELIVER)
        self.assertFalse(judgement.missing)
        self.assertIs(tracker.accept(39).verdict, STALE)

    def test_reset(self) -> None:
        """A new life counts from 1 again."""
        tracker = heard(100, 102)
        tracker.reset()
        self.assertEqual(self.verdicts([]), [])
        self.assertIs(tracker.accept(1).verdict, DELIVER)
        self.assertFalse(tracker.missing)


class SequencePropertyTests(SynchronousTestCase):
    """What holds for any order, doubling and loss."""

    @settings(max_examples=300, deadline=None)
    @given(some.lists(some.integers(1, 400), max_size=300))
    def test_atMostOnce(self, numbers: list[int]) -> None:
        """No number is delivered twice, whatever comes in whatever order."""
        tracker = SequenceTracker()
        delivered = [one for one in numbers if tracker.accept(one).verdict is DELIVER]
        self.assertEqual(len(delivered), len(set(delivered)))

    @settings(max_examples=200, deadline=None)
    @given(some.integers(1, 120), some.randoms(use_true_random=False))
    def test_everyOneOnce(self, count: int, random: object) -> None:
        """Every number after the first is delivered exactly once if none is lost, however shuffled."""
        rest = list(range(2, count + 1)) * 2
        random.shuffle(rest)  # type: ignore[attr-defined]
        tracker = heard(1)
        delivered = [one for one in rest if tracker.accept(one).verdict is DELIVER]
        self.assertEqual(sorted(delivered), list(range(2, count + 1)))
        self.assertFalse(tracker.missing)

    @settings(max_examples=200, deadline=None)
    @given(
        some.lists(some.one_of(some.integers(1, 2000), some.sampled_from(["interrupt"])), max_size=200)
    )
    def test_bounds(self, steps: list[int | str]) -> None:
        """What is missing stays bounded, ascending and below the last number."""
        tracker = SequenceTracker()
        for step in steps:
            if isinstance(step, str):
                tracker.interrupt()
            else:
                tracker.accept(step)
            missing = list(tracker.missing)
            self.assertEqual(missing, sorted(missing))
            self.assertLessEqual(len(missing), MAX_MISSING)
            self.assertTrue(all(number < (tracker.last or 0) for number in missing))

    @settings(max_examples=200, deadline=None)
    @given(some.lists(some.integers(1, 600), max_size=150), some.integers(0, 150))
    def test_interruptedOnce(self, numbers: list[int], when: int) -> None:
        """Not even an interruption lets a number be delivered twice."""
        tracker = SequenceTracker()
        delivered = []
        for place, number in enumerate(numbers):
            if place == when:
                tracker.interrupt()
            if tracker.accept(number).verdict is DELIVER:
                delivered.append(number)
        self.assertEqual(len(delivered), len(set(delivered)))
