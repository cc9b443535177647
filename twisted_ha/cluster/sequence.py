"""
What a sequence number means, given those that came before it.

Messages of one node regularly arrive out of order by one or two without any loss (wire-protocol.md
section 5.1), so a gap is noted and delivery does not wait for it.  A tracker knows one life of one
sender; it logs, asks and publishes nothing.

@see: wire-protocol.md section 5.3, steps 6 to 10.
"""

from __future__ import annotations

from enum import Enum
from itertools import islice

from twisted_ha.frozen import dataclass

__all__ = ["MAX_GAP", "MAX_MISSING", "Judgement", "SequenceTracker", "Verdict"]

MAX_GAP = 250
"""A longer gap is not asked for: everything missing is given up."""

MAX_MISSING = 499
"""How many missing numbers are kept; the lowest give way."""


class Verdict(Enum):
    """What becomes of a message."""

    DELIVER = "deliver"
    DUPLICATE = "duplicate"
    """Had just now: it proves that the link works, and nothing else."""
    STALE = "stale"
    """Had long ago, or from before what we know: it proves nothing."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What one number meant.

    @ivar missing: the numbers found to be missing by it; empty if none.
    @ivar late: it had been missing.
    @ivar complete: it was the last one missing.
    @ivar abandoned: how many numbers will not be waited for any longer.
    """

    verdict: Verdict
    missing: range = range(0)
    late: bool = False
    complete: bool = False
    abandoned: int = 0


_DUPLICATE = Judgement(Verdict.DUPLICATE)
_STALE = Judgement(Verdict.STALE)
_IN_ORDER = Judgement(Verdict.DELIVER)


class SequenceTracker:
    """
    The numbers of one sender.

    @ivar last: the highest number so far; L{None} before the first.
    @ivar first: where the present unbroken knowledge begins.
    @ivar missing: what is still waited for, lowest first: every gap lies above those before it.
    """

    __slots__ = ("_interrupted", "first", "last", "missing")

    def __init__(self) -> None:
        self.last: int | None = None
        self.first = 0
        self.missing: dict[int, None] = {}
        self._interrupted = False

    @property
    def whole(self) -> int:
        """Nothing up to this number is missing any more; 0 before the first message."""
        if self.missing:
            return next(iter(self.missing)) - 1
        return self.last or 0

    def accept(self, sequence: int) -> Judgement:
        """Judge one number, and remember it."""
        last = self.last
        if last is None:
            self.last = self.first = sequence
            return _IN_ORDER
        if self._interrupted:
            if sequence <= last:
                return _STALE
            self._interrupted = False
            self.last = self.first = sequence
            return _IN_ORDER
        if sequence == last + 1:
            self.last = sequence
            return _IN_ORDER
        if sequence == last:
            return _DUPLICATE
        if sequence > last:
            return self._jump(last, sequence)
        if sequence in self.missing:
            del self.missing[sequence]
            return Judgement(Verdict.DELIVER, late=True, complete=not self.missing)
        return _STALE

    def _jump(self, last: int, sequence: int) -> Judgement:
        gap = range(last + 1, sequence)
        self.last = sequence
        if sequence - last - 1 > MAX_GAP:
            abandoned = len(self.missing) + sequence - last - 1
            self.missing.clear()
            self.first = sequence
            return Judgement(Verdict.DELIVER, abandoned=abandoned)
        overflow = len(self.missing) + len(gap) - MAX_MISSING
        for number in list(islice(self.missing, max(0, overflow))):
            del self.missing[number]
        self.missing.update(dict.fromkeys(gap))
        return Judgement(Verdict.DELIVER, missing=gap, abandoned=max(0, overflow))

    def giveUp(self, sequence: int) -> bool:
        """
        Do not wait for C{sequence} any longer: its sender does not have it.

        @return: whether it was missing.
        """
        if sequence not in self.missing:
            return False
        del self.missing[sequence]
        return True

    def interrupt(self) -> None:
        """
        The sender is taken for dead: wait for nothing.

        If it goes on after all it begins at whatever number comes, but never at one it had used: what
        was heard before cannot be played to us again.
        """
        self.missing.clear()
        self._interrupted = self.last is not None

    def reset(self) -> None:
        """The sender begins a new life, and counts from 1 again."""
        self.last = None
        self.first = 0
        self.missing.clear()
        self._interrupted = False
