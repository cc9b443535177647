"""L{twisted_ha.sim.disk}."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.errors import StateError
from twisted_ha.sim.disk import GENERATION, GenerationStore, SimDisk


class SimDiskTests(SynchronousTestCase):
    """L{SimDisk}."""

    def setUp(self) -> None:
        self.disk = SimDisk()

    def test_unsynced(self) -> None:
        """What was written and not synced is read until the power is lost, and then it is gone."""
        self.disk.write("a", b"old")
        self.disk.sync("a")
        self.disk.write("a", b"new")
        self.assertEqual(self.disk.read("a"), b"new")
        self.disk.powerLost(Random(1))
        self.assertEqual(self.disk.read("a"), b"old")

    def test_torn(self) -> None:
        """On a bad day a part of it stays."""
        self.disk.torn = True
        self.disk.write("a", b"0123456789")
        self.disk.powerLost(Random(1))
        left = self.disk.read("a") or b""
        self.assertTrue(b"0123456789".startswith(left) and len(left) < 10, left)

    def test_rename(self) -> None:
        """A synced file that was renamed survives whole under its new name."""
        self.disk.write("new", b"content")
        self.disk.sync("new")
        self.disk.rename("new", "old")
        self.disk.powerLost(Random(1))
        self.assertEqual((self.disk.read("old"), self.disk.read("new")), (b"content", None))

    def test_renameUnsynced(self) -> None:
        """A renamed file that was never synced is gone like any other."""
        self.disk.write("new", b"content")
        self.disk.rename("new", "old")
        self.assertEqual(self.disk.read("old"), b"content")
        self.disk.powerLost(Random(1))
        self.assertIsNone(self.disk.read("old"))

    def test_refuses(self) -> None:
        """A full disk and a read-only one refuse, and say which they are."""
        self.disk.full = True
        self.assertIn("space", str(self.assertRaises(StateError, self.disk.write, "a", b"")))
        self.disk.readOnly = True
        self.assertIn("read-only", str(self.assertRaises(StateError, self.disk.write, "a", b"")))


class GenerationStoreTests(SynchronousTestCase):
    """L{GenerationStore}."""

    def test_counts(self) -> None:
        """It begins after the clock and counts on, through a power loss."""
        disk = SimDisk()
        store = GenerationStore(disk)
        self.assertEqual(store.next(1000.5), 1001)
        disk.powerLost(Random(1))
        self.assertEqual(store.next(5.0), 1002)
        self.assertEqual(disk.read(GENERATION), b"           1002\n")

    def test_unreadable(self) -> None:
        """A file that is no number is replaced from the clock."""
        disk = SimDisk()
        disk.write(GENERATION, b"???")
        self.assertEqual(GenerationStore(disk).next(2000.0), 2001)
