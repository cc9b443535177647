"""A real daemon process is killed, stopped and continued; its guardian does what it is for."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.guard.note import readNote, recover

DAEMON = os.path.join(os.path.dirname(__file__), "daemon.py")


class SurvivalTests(SynchronousTestCase):
    """Each test has a daemon holding two groups."""

    def start(self, patience: float, interval: float = 0.1) -> None:
        self.directory = os.path.abspath(self.mktemp())
        os.makedirs(self.directory)
        self.trace = os.path.join(self.directory, "trace")
        self.releases = os.path.join(self.directory, "releases")
        groups = ["a", self.trace, "b", self.trace]
        argv = [sys.executable, DAEMON, self.directory, str(patience), str(interval), self.releases]
        self.process = subprocess.Popen([*argv, *groups], stdout=subprocess.PIPE)
        self.addCleanup(self.end)
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        self.assertTrue(ready, "the daemon did not start")
        self.assertEqual(self.process.stdout.readline(), b"holding\n")
        self.await1(lambda: self.guardian() is not None)  # on a busy machine it may not run yet

    def end(self) -> None:
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.await1(lambda: self.guardian() is None)

    def guardian(self) -> int | None:
        """The process number of the guardian, if it lives."""
        listing = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True).stdout
        for line in listing.splitlines():
            if "guard/start.py" in line and self.directory in line:
                return int(line.split()[0])
        return None

    def content(self, path: str) -> list[str]:
        try:
            with open(path) as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def await1(self, condition: Callable[[], object], limit: float = 15.0) -> None:
        end = time.monotonic() + limit
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen")
            time.sleep(0.02)

    def assertReleased(self) -> None:
        """The daemon ends, and then everything is stopped in order, noted, and the guardian gone."""
        self.process.wait()
        self.await1(lambda: self.content(self.trace) == ["a", "b"])
        self.await1(lambda: self.guardian() is None)
        note = readNote(self.directory)
        assert note is not None
        self.assertEqual((note.state, note.released), ("released", ("a", "b")))

    def test_kill(self) -> None:
        """SIGKILL to the daemon: everything is stopped in order, long before its patience is over."""
        self.start(patience=60.0)
        self.assertEqual(self.content(self.trace), [])
        self.process.kill()
        self.assertReleased()

    def test_leaves(self) -> None:
        """SIGTERM, and the daemon leaves with what would not stop: it is stopped without it."""
        self.start(patience=60.0)
        self.process.terminate()
        self.assertReleased()

    def test_killBoth(self) -> None:
        """SIGKILL to both: the next daemon learns from the note what may still stand."""
        self.start(patience=60.0)
        guardian = self.guardian()
        assert guardian is not None
        os.kill(self.process.pid, signal.SIGSTOP)  # or it would start another
        os.kill(guardian, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.await1(lambda: self.guardian() is None)  # it may take a moment to let go of its lock
        recovery = self.successResultOf(recover(self.directory, Clock(), 5.0))
        self.assertEqual((recovery.keys, self.content(self.trace)), (("a", "b"), []))

    def test_stall(self) -> None:
        """SIGSTOP: everything is stopped when patience is over; SIGCONT: the daemon is told."""
        self.start(patience=0.8)
        os.kill(self.process.pid, signal.SIGSTOP)
        self.await1(lambda: self.content(self.trace) == ["a", "b"])
        self.assertEqual(self.content(self.releases), [])
        os.kill(self.process.pid, signal.SIGCONT)
        self.await1(lambda: len(self.content(self.releases)) == 3)
        keys, seconds = self.content(self.releases)[:2], float(self.content(self.releases)[2])
        self.assertEqual(keys, ["a", "b"])
        self.assertGreaterEqual(seconds, 0.8)

    def test_shortStall(self) -> None:
        """A stall shorter than patience changes nothing."""
        self.start(patience=20.0)
        os.kill(self.process.pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(self.process.pid, signal.SIGCONT)
        time.sleep(0.5)
        self.assertEqual((self.content(self.trace), self.content(self.releases)), ([], []))

    def test_guardianKilled(self) -> None:
        """SIGKILL to the guardian: another takes over, and knows what is held."""
        self.start(patience=60.0)
        first = self.guardian()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        self.await1(lambda: self.guardian() not in (None, first))
        self.process.kill()
        self.process.wait()
        self.await1(lambda: self.content(self.trace) == ["a", "b"])
