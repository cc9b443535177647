"""Tests for L{twisted_ha.cluster.links}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cluster.links import WINDOW, Link
from twisted_ha.terms import LinkStatus


def counted(*numbers: int) -> Link:
    """A link that these came by."""
    link = Link("eth1")
    for number in numbers:
        link.count(number)
    return link


class LinkTests(SynchronousTestCase):
    """One node through one medium."""

    def test_startsDead(self) -> None:
        """A link is dead until something comes."""
        link = Link("eth1")
        self.assertFalse(link.up)
        self.assertIsNone(link.view(5.0).silentFor)

    def test_heard(self) -> None:
        """The first thing heard makes it up, the next is nothing new."""
        link = Link("eth1")
        self.assertEqual([link.heard(1.0, 0.0), link.heard(2.0, 0.0)], [True, False])
        view = link.view(5.0)
        self.assertEqual((view.status, view.silentFor), (LinkStatus.UP, 3.0))

    def test_lost(self) -> None:
        """What is passed over counts as lost on this link."""
        self.assertEqual(counted(5, 6, 9).lost, 2)

    def test_reordered(self) -> None:
        """What comes after a higher number was not lost."""
        link = counted(1, 3, 2)
        self.assertEqual((link.messages, link.lost, link.outOfOrder), (3, 0, 1))

    def test_duplicates(self) -> None:
        """The same number twice is a duplicate, wherever it stands."""
        link = counted(1, 2, 3, 3, 1)
        self.assertEqual((link.messages, link.duplicates, link.lost), (3, 2, 0))

    def test_farJump(self) -> None:
        """A jump too far to remember is not counted as that many lost messages."""
        link = counted(1, WINDOW + 2)
        self.assertEqual((link.messages, link.lost), (2, 0))

    def test_newLife(self) -> None:
        """Numbers that begin again are no loss and no duplicates."""
        link = counted(1, 2, 3)
        link.newLife()
        link.count(1)
        self.assertEqual((link.messages, link.duplicates, link.lost), (4, 0, 0))

    def test_jitter(self) -> None:
        """A regular beat has none; one that comes late shows, and is forgotten slowly."""
        link = Link("eth1")
        for now in (0.0, 1.0):
            link.beat(now)
        self.assertIsNone(link.view(1.0).jitter)
        link.beat(2.0)
        self.assertEqual(link.view(2.0).jitter, 0.0)
        link.beat(3.16)
        self.assertAlmostEqual(link.jitter or 0, 0.16 / 16)
        for beat in range(100):
            link.beat(4.16 + beat)
        self.assertLess(link.jitter or 1, 0.001)

    def test_jitterAfterRestart(self) -> None:
        """The pause between two lives of a node is no jitter."""
        link = Link("eth1")
        for now in (0.0, 1.0, 2.0):
            link.beat(now)
        link.newLife()
        for now in (60.0, 61.0, 62.0):
            link.beat(now)
        self.assertEqual(link.jitter, 0.0)

    def test_newest(self) -> None:
        """Counting tells whether a number is the highest so far."""
        link = Link("eth1")
        self.assertEqual(
            [link.count(number) for number in (1, 3, 2, 3, 4)], [True, True, False, False, True]
        )
