"""Tests of C{twistd ha} as a program: how it ends when it cannot begin."""

from __future__ import annotations

import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

_TWISTD = "import sys; sys.argv[0] = 'twistd'; from twisted.scripts.twistd import run; run()"


class NotStartedTests(SynchronousTestCase):
    """A daemon that has nothing to run on says so and ends."""

    def setUp(self) -> None:
        self.directory = os.path.abspath(self.mktemp())
        os.makedirs(self.directory)
        nodes = f"node {os.uname().nodename} other"
        lines = [f"logfile {self.directory}/log", "auto_failback on", nodes]
        self.write("ha.cf", "\n".join([*lines, "ucast nowhere0 192.0.2.1", ""]))
        self.write("authkeys", "auth 1\n1 crc\n")
        self.write("haresources", "")

    def write(self, name: str, text: str) -> None:
        """One of the three files."""
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)

    def start(self, terminal: int | None = None) -> subprocess.Popen[str]:
        """
        The daemon, with nothing of its own outside this directory.

        @param terminal: the descriptor of its stderr; a pipe, if not given.
        """
        argv = [sys.executable, "-c", _TWISTD, "--nodaemon", "--pidfile=", "ha"]
        for option in ("config-dir", "state-dir", "run-dir"):
            argv += [f"--{option}", self.directory]
        process = subprocess.Popen(
            argv,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
            cwd=self.directory,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def log(self) -> str:
        """What it wrote into its log."""
        with open(os.path.join(self.directory, "log")) as file:
            return file.read()

    def test_noMedium(self) -> None:
        """The reason is the last line on the terminal."""
        process = self.start()
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        last = said.splitlines()[-1]
        self.assertTrue(last.startswith("heartbeat did not start: ucast nowhere0: "), said)

    def test_nobodyReads(self) -> None:
        """It begins, and ends, as well if there is no terminal any more."""
        reader, writer = os.pipe()
        os.close(reader)
        process = self.start(writer)
        os.close(writer)
        self.assertEqual(process.wait(timeout=60), 1)
        self.assertIn("heartbeat did not start", self.log())

    def test_badFile(self) -> None:
        """With a file that cannot be used it does not even begin."""
        self.write("haresources", "stranger IPaddr::192.0.2.9\n")
        process = self.start()
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 6)
        self.assertIn('haresources:1:1: "stranger" is not a node of ha.cf', said)
        self.assertNotIn("Traceback", said)
