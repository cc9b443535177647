"""C{meatclient}: what it asks, what it writes, and that it writes nothing where nobody reads."""

from __future__ import annotations

import io
import os

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cli import meatclient
from twisted_ha.cli.meatclient import CANCELLED, FAILED, USAGE, run


class MeatclientTests(SynchronousTestCase):
    """L{run}, with a FIFO that the test reads."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.path = os.path.join(self.directory, "meatware.beta")
        self.out, self.err = io.StringIO(), io.StringIO()
        self.slept: list[float] = []
        self.reader = -1

    def listen(self) -> None:
        """Wait for an answer as the daemon does."""
        os.mkfifo(self.path, 0o600)
        self.reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, self.reader)

    def typed(self, *arguments: str, answer: str = "y\n", within: bool = True) -> int:
        where = ["--run-dir", self.directory] if within else []
        return run(
            ["meatclient", *arguments, *where], io.StringIO(answer), self.out, self.err, self.sleep
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 3:
            self.listen()

    def test_confirms(self) -> None:
        """After yes the line is written, and the exit status is 0."""
        self.listen()
        self.assertEqual(self.typed("-c", "beta"), 0)
        self.assertEqual(os.read(self.reader, 100), b"meatware reply beta\n")
        self.assertIn("PROCEED? [yN] reset of beta confirmed\n", self.out.getvalue())

    def test_capitals(self) -> None:
        """A node is called as the daemon calls it, in small letters."""
        self.listen()
        self.assertEqual(self.typed("-c", "BETA", answer="Y\n"), 0)
        self.assertEqual(os.read(self.reader, 100), b"meatware reply beta\n")

    def test_declined(self) -> None:
        """Anything but yes, and the end of the input, writes nothing; the status is the original's 3."""
        self.listen()
        for answer in ("\n", "n\n", "", "yeah\n"):
            self.assertEqual(self.typed("-c", "beta", answer=answer), CANCELLED)
        self.assertEqual(os.read(self.reader, 100), b"")

    def test_nobody(self) -> None:
        """When nobody waits that is said, with the place, before any question; the status is 4."""
        self.assertEqual(self.typed("-c", "beta"), FAILED)
        self.assertIn(f"nobody waits for the reset of beta: {self.path}: not there", self.err.getvalue())
        self.assertEqual((self.out.getvalue(), self.slept), ("", []))

    def test_deserted(self) -> None:
        """A FIFO that a dead daemon left does not make it hang."""
        os.mkfifo(self.path)
        self.assertEqual(self.typed("-c", "beta"), FAILED)
        self.assertIn("left by a daemon that does not run any more", self.err.getvalue())

    def test_notFifo(self) -> None:
        """It never writes to a file that is not a FIFO, nor through a symbolic link."""
        with open(self.path, "w"):
            pass
        self.assertEqual(self.typed("-c", "beta"), FAILED)
        self.assertEqual(os.path.getsize(self.path), 0)
        os.rename(self.path, self.path + "0")
        os.symlink("meatware.beta0", self.path)
        self.assertEqual(self.typed("-c", "beta"), FAILED)
        self.assertIn("not a FIFO", self.err.getvalue())
        self.assertIn("a symbolic link", self.err.getvalue())

    def test_waits(self) -> None:
        """With -w it waits until the daemon asks, and shows that it does."""
        self.assertEqual(self.typed("-c", "beta", "-w"), 0)
        self.assertEqual(self.slept, [1.0] * 3)
        self.assertTrue(self.out.getvalue().startswith("..."))
        self.assertEqual(os.read(self.reader, 100), b"meatware reply beta\n")

    def test_askedAgain(self) -> None:
        """An answer that comes while the daemon is between two attempts waits for the next one."""
        os.mkfifo(self.path)
        first = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

        class Late(io.StringIO):
            def readline(given, size: int = -1) -> str:
                os.close(first)
                os.unlink(self.path)
                return "y\n"

        arguments = ["meatclient", "-c", "beta", "--run-dir", self.directory]
        self.assertEqual(run(arguments, Late(), self.out, self.err, self.sleep), 0)
        self.assertEqual(os.read(self.reader, 100), b"meatware reply beta\n")

    def test_toolate(self) -> None:
        """When the daemon has stopped asking meanwhile, it says so instead of claiming success."""
        os.mkfifo(self.path)
        first = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

        class Late(io.StringIO):
            def readline(given, size: int = -1) -> str:
                os.close(first)
                return "y\n"

        arguments = ["meatclient", "-c", "beta", "--run-dir", self.directory]
        self.assertEqual(run(arguments, Late(), self.out, self.err, self.slept.append), FAILED)
        self.assertEqual(sum(self.slept), meatclient.BETWEEN_ATTEMPTS)
        self.assertNotIn("confirmed", self.out.getvalue())

    def test_secondPlace(self) -> None:
        """Without a directory it looks where this daemon and where the original waits."""
        self.listen()
        self.patch(meatclient, "DIRECTORIES", (os.path.join(self.directory, "none"), self.directory))
        self.assertEqual(self.typed("-c", "beta", within=False), 0)

    def test_usage(self) -> None:
        """Wrong arguments are named, and how it is used is shown."""
        for arguments in ((), ("-c",), ("-x",), ("beta",), ("-c", "../beta")):
            self.assertEqual(self.typed(*arguments, within=False), USAGE)
        self.assertIn("-c needs a value", self.err.getvalue())
        self.assertEqual(self.err.getvalue().count("usage: meatclient -c NODE"), 5)

    def test_help(self) -> None:
        """Help is on standard output, with status 0."""
        self.assertEqual(self.typed("--help"), 0)
        self.assertIn("exit status", self.out.getvalue())
