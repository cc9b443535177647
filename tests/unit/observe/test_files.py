"""Log files and what happens to them."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.observe.files import AppendedFile


def contents(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


class AppendedFileTests(SynchronousTestCase):
    """L{AppendedFile}."""

    def setUp(self) -> None:
        directory = self.mktemp()
        os.makedirs(directory)
        self.path = os.path.join(directory, "ha-log")
        self.file = AppendedFile(self.path)
        self.addCleanup(self.file.close)

    def test_appends(self) -> None:
        """What is there stays."""
        with open(self.path, "wb") as file:
            file.write(b"old\n")
        self.file.append(b"new\n")
        self.assertEqual(contents(self.path), b"old\nnew\n")

    def test_mode(self) -> None:
        """A new file can be read by everybody, whatever the daemon's umask."""
        self.addCleanup(os.umask, os.umask(0o077))
        self.file.append(b"x\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o644)

    def test_modeOfOthers(self) -> None:
        """The mode of a file that somebody else made is theirs."""
        with open(self.path, "wb"):
            os.chmod(self.path, 0o600)
        self.file.append(b"x\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_rotatedByRename(self) -> None:
        """After a rename the next line goes into a new file."""
        self.file.append(b"one\n")
        os.rename(self.path, self.path + ".1")
        self.file.append(b"two\n")
        self.assertEqual((contents(self.path + ".1"), contents(self.path)), (b"one\n", b"two\n"))

    def test_rotatedByReplacement(self) -> None:
        """So it does if rotation has made the new file already."""
        self.file.append(b"one\n")
        os.rename(self.path, self.path + ".1")
        with open(self.path, "wb"):
            pass
        self.file.append(b"two\n")
        self.assertEqual(contents(self.path), b"two\n")

    def test_truncated(self) -> None:
        """After copy and truncate, lines go to the beginning, not behind a hole."""
        self.file.append(b"one\n")
        os.truncate(self.path, 0)
        self.file.append(b"two\n")
        self.assertEqual(contents(self.path), b"two\n")

    def test_noDirectory(self) -> None:
        """A directory that is missing is an error, and when it comes everything works."""
        path = os.path.join(self.mktemp(), "deep", "ha-log")
        file = AppendedFile(path)
        self.assertRaises(FileNotFoundError, file.append, b"lost\n")
        os.makedirs(os.path.dirname(path))
        file.append(b"kept\n")
        self.addCleanup(file.close)
        self.assertEqual(contents(path), b"kept\n")

    def test_pipeWithoutReader(self) -> None:
        """A named pipe that nobody reads does not block."""
        os.mkfifo(self.path)
        error = self.assertRaises(OSError, self.file.append, b"x\n")
        self.assertEqual(error.errno, errno.ENXIO)

    def test_fullPipe(self) -> None:
        """Nor does one whose reader has stopped reading."""
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)

        def fill() -> None:
            for _ in range(10_000):
                self.file.append(b"x" * 4096)

        error = self.assertRaises(OSError, fill)
        self.assertIn(error.errno, (errno.EAGAIN, errno.ENOSPC))

    def test_tornLine(self) -> None:
        """When the disk fills within a line, the next line does not stick to the torn one."""
        old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGXFSZ, old)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (6, hard))
        self.assertRaises(OSError, self.file.append, b"0123456789\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.file.append(b"next\n")
        self.assertEqual(contents(self.path), b"012345\nnext\n")
