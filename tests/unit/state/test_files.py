"""Tests for L{twisted_ha.state.files} and L{twisted_ha.state.disk}."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.errors import StateError
from twisted_ha.state.disk import Disk
from twisted_ha.state.files import GENERATION_FILE, UUID_FILE, StateDirectory

NOW = 1_800_000_000
GENERATION = f"/state/{GENERATION_FILE}"
UUID = f"/state/{UUID_FILE}"


class FakeDisk(Disk):
    """
    A disk in memory that loses power as real ones do: what was not synced is gone, and a name that was
    not synced is the old one.

    @ivar files: what a process reads.
    @ivar safe: what is there after a power failure.
    @ivar failures: the error number each operation fails with.
    @ivar steps: operations until the power goes; L{None} for never.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.safe: dict[str, bytes] = {}
        self.synced: set[str] = set()
        self.failures: dict[str, int] = {}
        self.steps: int | None = None
        self.locks: dict[str, bytes] = {}

    def _do(self, name: str) -> None:
        if self.steps is not None:
            if self.steps == 0:
                raise PowerLost
            self.steps -= 1
        number = self.failures.get(name)
        if number is not None:
            raise OSError(number, os.strerror(number))

    def powerFails(self) -> None:
        """Begin again with what was safe."""
        self.files = dict(self.safe)
        self.synced.clear()
        self.steps = None

    def makeDirectory(self, path: str) -> None:
        self._do("makeDirectory")

    def read(self, path: str) -> bytes:
        self._do("read")
        if path not in self.files:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return self.files[path]

    def write(self, path: str, content: bytes) -> None:
        self.files[path] = b""
        self._do("write")
        self.files[path] = content

    def sync(self, path: str) -> None:
        self._do("sync")
        self.synced.add(path)

    def rename(self, old: str, new: str) -> None:
        self._do("rename")
        self.files[new] = self.files.pop(old)
        if old not in self.synced:
            self.safe[new] = b""  # the name may reach the disk before the content does
        self.synced.discard(old)

    def syncDirectory(self, path: str) -> None:
        self._do("syncDirectory")
        self.safe = {**self.files, **{name: b"" for name in self.safe if self.safe[name] == b""}}

    def remove(self, path: str) -> None:
        self.files.pop(path, None)


class PowerLost(BaseException):
    """The process is gone: nobody catches this."""


class GenerationTests(SynchronousTestCase):
    """The counter of lives."""

    def setUp(self) -> None:
        self.disk = FakeDisk()
        self.now = float(NOW)
        self.state = self.open()

    def open(self) -> StateDirectory:
        """The directory, as the next process sees it."""
        return StateDirectory("/state", wallClock=lambda: self.now, disk=self.disk)

    def write(self, content: bytes) -> None:
        """What is in the file."""
        self.disk.files[GENERATION] = self.disk.safe[GENERATION] = content

    def test_next(self) -> None:
        """It is one more than before, in sixteen bytes as heartbeat writes it."""
        self.write(b"     1795419704\n")
        self.assertEqual(self.state.nextGeneration(), 1_795_419_705)
        self.assertEqual(self.disk.files[GENERATION], b"     1795419705\n")

    def test_first(self) -> None:
        """Without a file it is the clock plus one, as with heartbeat 3.0.6."""
        self.assertEqual(self.state.nextGeneration(), NOW + 1)
        self.assertEqual(self.open().nextGeneration(), NOW + 2)
        self.assertEqual(self.state.warnings, [])

    def test_garbled(self) -> None:
        """A file without a number falls forward to the clock, and says so."""
        for content in (b"", b"\0" * 16, b"what?", b"12 34", b"-5", b"9" * 16, b"\xff\xfe"):
            self.write(content)
            state = self.open()
            self.assertEqual(state.nextGeneration(), NOW + 1)
            (warning,) = state.warnings
            self.assertIn(GENERATION, warning)

    def test_noClock(self) -> None:
        """Without a number and without a clock there is nothing to go by: it does not start."""
        self.now = 86400.0
        for content in (None, b"what?"):
            if content is not None:
                self.write(content)
            error = self.assertRaises(StateError, self.open().nextGeneration)
            self.assertIn("Set the clock", str(error))

    def test_clockIsIgnored(self) -> None:
        """With a number in the file the clock does not matter."""
        self.write(b"           1000\n")
        self.now = 5.0
        self.assertEqual(self.state.nextGeneration(), 1001)

    def test_powerFailure(self) -> None:
        """Wherever the power goes while it is written, the next life is higher than all that spoke."""
        before = NOW + 5000  # above the clock, so that nothing but the file can tell
        for step in range(8):
            self.disk = FakeDisk()
            self.write(b"%15d\n" % before)
            self.disk.steps = step
            spoke = before
            with contextlib.suppress(PowerLost):
                spoke = self.open().nextGeneration()
            self.disk.powerFails()
            self.assertGreater(self.open().nextGeneration(), spoke, f"power lost after {step} steps")

    def test_failures(self) -> None:
        """Whatever fails is told with the path and a way to repair it, and nothing is left behind."""
        for operation, number, words in (
            ("write", errno.ENOSPC, "free some space"),
            ("sync", errno.EIO, "disk is failing"),
            ("rename", errno.EROFS, "read-only"),
            ("syncDirectory", errno.EIO, "disk is failing"),
            ("read", errno.EACCES, "root"),
        ):
            self.disk = FakeDisk()
            self.write(b"           1000\n")
            self.disk.failures[operation] = number
            error = self.assertRaises(StateError, self.open().nextGeneration)
            self.assertIn(words, str(error))
            self.assertIn(GENERATION, str(error))
            self.assertEqual(list(self.disk.files), [GENERATION])

    def test_fullDiskKeepsTheOld(self) -> None:
        """A full disk leaves the old number where it was."""
        self.write(b"           1000\n")
        self.disk.failures["write"] = errno.ENOSPC
        self.assertRaises(StateError, self.state.nextGeneration)
        self.assertEqual(self.disk.files[GENERATION], b"           1000\n")

    def test_fromClock(self) -> None:
        """C{hbgenmethod time} takes the clock, but never a number that was used."""
        self.assertEqual(self.state.nextGeneration(fromClock=True), NOW)
        self.assertEqual(self.open().nextGeneration(fromClock=True), NOW + 1)
        self.now += 100
        self.assertEqual(self.open().nextGeneration(fromClock=True), NOW + 100)

    def test_fromClockWithoutDisk(self) -> None:
        """It goes on without a file, with a warning."""
        for operation in ("read", "write"):
            self.disk.failures = {operation: errno.EROFS}
            state = self.open()
            self.assertEqual(state.nextGeneration(fromClock=True), NOW)
            self.assertIn("hbgenmethod time", state.warnings[0])

    def test_tooHigh(self) -> None:
        """A number that does not fit its columns any more is an error, not a broken file."""
        self.write(b"9" * 15 + b"\n")
        self.assertIn("too high", str(self.assertRaises(StateError, self.state.nextGeneration)))


class UuidTests(SynchronousTestCase):
    """Who this node is."""

    def setUp(self) -> None:
        self.disk = FakeDisk()
        self.made = 0

    def open(self) -> StateDirectory:
        """The directory, as the next process sees it."""
        return StateDirectory("/state", wallClock=lambda: NOW, disk=self.disk, makeUuid=self.make)

    def make(self) -> bytes:
        """Another one each time."""
        self.made += 1
        return bytes([self.made]) * 16

    def test_once(self) -> None:
        """It is made once and kept, raw."""
        self.assertEqual(self.open().uuid(), b"\1" * 16)
        self.assertEqual(self.open().uuid(), b"\1" * 16)
        self.assertEqual(self.disk.files[UUID], b"\1" * 16)

    def test_damaged(self) -> None:
        """A file that holds none is replaced, with a warning."""
        for content in (b"", b"short", bytes(16), b"x" * 17):
            self.disk.files[UUID] = content
            state = self.open()
            self.assertEqual(len(state.uuid()), 16)
            self.assertEqual(len(state.warnings), 1)

    def test_fromName(self) -> None:
        """C{uuidfrom nodename} gives every name its own, always the same, and needs no file."""
        one, two = self.open().uuid(name="alpha"), self.open().uuid(name="beta")
        self.assertEqual(one, self.open().uuid(name="alpha"))
        self.assertNotEqual(one, two)
        self.assertEqual((len(one), self.disk.files), (16, {}))
        self.assertEqual(one.hex(), "a8c3ad55874b5c89aa656fb77ef347f8")

    def test_unwritable(self) -> None:
        """Not being able to keep it is an error: an identity that changes is none."""
        self.disk.failures["write"] = errno.ENOSPC
        error = self.assertRaises(StateError, self.open().uuid)
        self.assertIn(UUID, str(error))


class RealDiskTests(SynchronousTestCase):
    """The same on a real filesystem."""

    def setUp(self) -> None:
        self.path = self.mktemp()
        self.state = self.open()
        self.state.prepare()

    def open(self, pid: int = 4711) -> StateDirectory:
        """The directory, as another process sees it."""
        return StateDirectory(self.path, wallClock=lambda: NOW, pid=pid)

    def test_files(self) -> None:
        """Both files are there afterwards, complete, and nothing else."""
        self.assertEqual(self.state.nextGeneration(), NOW + 1)
        self.assertEqual(self.open().nextGeneration(), NOW + 2)
        uuid = self.state.uuid()
        self.assertEqual(self.open().uuid(), uuid)
        self.assertEqual(sorted(os.listdir(self.path)), [GENERATION_FILE, UUID_FILE])
        found = os.stat(os.path.join(self.path, GENERATION_FILE))
        self.assertEqual((found.st_size, stat.S_IMODE(found.st_mode) & 0o022), (16, 0))

    def test_prepareTwice(self) -> None:
        """A directory that is there already is good."""
        self.state.prepare()

    def test_notADirectory(self) -> None:
        """A file in the way is told with what to do about it."""
        path = self.mktemp()
        with open(path, "w"):
            pass
        state = StateDirectory(os.path.join(path, "below"), wallClock=lambda: NOW)
        self.assertIn("should be a directory", str(self.assertRaises(StateError, state.prepare)))

    def test_lock(self) -> None:
        """One daemon only: the second is told the number of the first."""
        self.state.lock()
        error = self.assertRaises(StateError, self.open(4712).lock)
        self.assertIn("process 4711 runs already", str(error))

    def test_unlock(self) -> None:
        """After the first has gone the second may start; unlocking twice does no harm."""
        self.state.lock()
        self.state.unlock()
        self.state.unlock()
        self.assertEqual(os.listdir(self.path), [])
        other = self.open(4712)
        other.lock()
        self.addCleanup(other.unlock)

    def test_stalePid(self) -> None:
        """A pid file nobody holds is taken over, however long its old content was."""
        path = os.path.join(self.path, "pid")
        with open(path, "w") as file:
            file.write("123456789\n" * 3)
        self.state.lock(path)
        self.addCleanup(self.state.unlock)
        with open(path) as file:
            self.assertEqual(file.read(), "4711\n")

    def test_lockElsewhere(self) -> None:
        """A pid file that cannot be made is told with its path."""
        error = self.assertRaises(StateError, self.state.lock, "/nonexistent/ha.pid")
        self.assertIn("/nonexistent/ha.pid cannot be written", str(error))

    def test_garbledHolder(self) -> None:
        """A locked file without a number still keeps the second daemon out."""
        path = os.path.join(self.path, "pid")
        self.state.lock(path)
        self.addCleanup(self.state.unlock)
        with open(path, "w") as file:
            file.write("who?")
        error = self.assertRaises(StateError, self.open(4712).lock, path)
        self.assertIn("another daemon runs already", str(error))

    def test_removedMeanwhile(self) -> None:
        """A pid file its owner removes while it is opened here does not count: it is made anew."""
        path = os.path.join(self.path, "pid")
        opened: list[int] = []
        really = os.open

        def opening(*args: object, **keywords: object) -> int:
            opened.append(really(*args, **keywords))  # type: ignore[arg-type]
            if len(opened) == 1:
                os.unlink(path)
            return opened[-1]

        self.patch(os, "open", opening)
        self.state.lock(path)
        self.addCleanup(self.state.unlock)
        self.assertEqual(len(opened), 2)
        self.assertTrue(os.path.exists(path))
