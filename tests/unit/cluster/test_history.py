"""Tests for L{twisted_ha.cluster.history}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cluster.history import RING, SendHistory, Sent
from twisted_ha.wire import Encoding

FORM = Encoding.CLASSIC, True


def filled(count: int, size: int = 10, **limits: int) -> SendHistory:
    """A history of so many messages of so many bytes."""
    history = SendHistory(**limits)
    for number in range(1, count + 1):
        history.add(Sent(number, {FORM: bytes(size)}))
    return history


class HistoryTests(SynchronousTestCase):
    """What was sent, for those who missed it."""

    def test_empty(self) -> None:
        """Nothing is found in an empty history."""
        history = SendHistory()
        self.assertEqual((history.lowest, history.highest), (1, 0))
        self.assertIsNone(history.get(1))

    def test_ring(self) -> None:
        """The last 500 are kept."""
        history = filled(RING + 3)
        self.assertEqual((len(history), history.lowest, history.highest), (RING, 4, RING + 3))
        self.assertIsNone(history.get(3))
        self.assertEqual(
            [getattr(history.get(n), "sequence", None) for n in (4, RING + 3)], [4, RING + 3]
        )
        self.assertIsNone(history.get(RING + 4))

    def test_bytes(self) -> None:
        """Large messages push out earlier ones, but never themselves."""
        history = filled(10, size=400, maxBytes=1000)
        self.assertEqual((len(history), history.lowest), (2, 9))
        history.add(Sent(11, {FORM: bytes(5000)}))
        self.assertEqual((len(history), history.lowest), (1, 11))
