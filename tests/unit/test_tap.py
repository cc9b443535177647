"""Tests of C{twistd ha} as a program of its own, without any privilege."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.interop.lab import api, waitFor
from tests.interop.lab.requirements import twistd
from tests.loopback import LOOPBACK, freePort

_PATIENCE = 60.0
"""Seconds; a busy machine may need them, and any other never does."""


class ProgramCase(SynchronousTestCase):
    """A daemon whose files are all in one directory."""

    def setUp(self) -> None:
        # Not mktemp: the path of a socket must be short.
        self.directory = tempfile.mkdtemp(prefix="ha-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.write("authkeys", "auth 1\n1 crc\n")
        self.write("haresources", "")

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        """One of the files."""
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def configure(self, *lines: str) -> None:
        """C{ha.cf}: these lines, and those that every story needs."""
        all_ = [f"logfile {self.directory}/log", "auto_failback on", f"node {_name()} other", *lines]
        self.write("ha.cf", "".join(f"{line}\n" for line in all_))

    def start(self, *options: str, terminal: int | None = None) -> subprocess.Popen[str]:
        """
        The daemon.

        @param terminal: the descriptor of its stderr; a pipe, if not given.
        """
        argv = [*twistd(), "--nodaemon", "--pidfile=", "ha", *options]
        for option in ("config-dir", "state-dir", "run-dir"):
            argv += [f"--{option}", self.directory]
        process = subprocess.Popen(
            argv,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
            cwd=self.directory,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def content(self, name: str) -> str:
        """What is in a file of the directory; nothing if there is none."""
        try:
            with open(os.path.join(self.directory, name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def await1(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait until that is so."""
        waitFor(what, condition, _PATIENCE, 0.05, lambda: self.content("log"))


class NotStartedTests(ProgramCase):
    """A daemon that has nothing to run on says so and ends."""

    def setUp(self) -> None:
        super().setUp()
        self.configure("ucast nowhere0 192.0.2.1")

    def test_noMedium(self) -> None:
        """The reason is the last line on the terminal."""
        process = self.start()
        _, said = process.communicate(timeout=_PATIENCE)
        self.assertEqual(process.returncode, 1)
        last = said.splitlines()[-1]
        self.assertTrue(last.startswith("heartbeat did not start: ucast nowhere0: "), said)

    def test_nobodyReads(self) -> None:
        """It begins, and ends, as well if there is no terminal any more."""
        reader, writer = os.pipe()
        os.close(reader)
        process = self.start(terminal=writer)
        os.close(writer)
        self.assertEqual(process.wait(timeout=_PATIENCE), 1)
        self.assertIn("heartbeat did not start", self.content("log"))

    def test_badFile(self) -> None:
        """With a file that cannot be used it does not even begin."""
        self.write("haresources", "stranger IPaddr::192.0.2.9\n")
        process = self.start()
        _, said = process.communicate(timeout=_PATIENCE)
        self.assertEqual(process.returncode, 6)
        self.assertIn('haresources:1:1: "stranger" is not a node of ha.cf', said)
        self.assertNotIn("Traceback", said)


class LifeTests(ProgramCase):
    """One node on the loopback, whose other node is never there."""

    script = """#!/bin/sh
case $1 in
    status) [ -e running ] && echo running || echo stopped ;;
    start) echo start >> trace; touch running ;;
    stop) echo stop >> trace; rm -f running ;;
esac
"""

    def setUp(self) -> None:
        super().setUp()
        self.lines = [f"udpport {freePort()}", f"ucast {LOOPBACK} 127.0.0.1", "initdead 1"]
        self.lines += ["keepalive 100ms", "deadtime 500ms"]
        self.configure(*self.lines)
        self.write("haresources", f"{_name()} Probe\n")
        where = f"#!/bin/sh\ncd {self.directory}\n"
        self.write("resource.d/Probe", where + self.script, 0o755)

    def ask(self, command: str) -> Any:
        """What C{hactl} is answered."""
        return api.ask(os.path.join(self.directory, "twisted_ha.sock"), command)

    def test_life(self) -> None:
        """It serves, takes a changed file and refuses a bad one, and leaves in order."""
        process = self.start("--manhole", os.path.join(self.directory, "manhole"))
        self.await1("it serves", lambda: self.content("trace") == "start\n")
        self.await1("it is at rest", lambda: self.ask("status")["stable"])
        picture = self.ask("status")
        self.assertEqual((picture["node"], picture["holdings"]), (_name(), "all"))
        self.assertEqual([one["owner"] for one in picture["groups"]], [_name()])
        self.assertEqual([one["working"] for one in picture["media"]], [True])
        prompt = os.stat(os.path.join(self.directory, "manhole"))
        self.assertEqual((stat.S_ISSOCK(prompt.st_mode), prompt.st_mode & 0o777), (True, 0o600))

        self.configure(*self.lines, "warntime 200ms")
        self.assertIn("timers", str(self.ask("reload")))
        self.configure(*self.lines, "deadtme 4")
        process.send_signal(signal.SIGHUP)
        self.await1("it has refused them", lambda: "did you mean deadtime?" in self.content("log"))
        self.assertTrue(self.ask("status")["stable"])

        process.send_signal(signal.SIGTERM)
        # twistd ends by the signal it was sent, once everything is in order.
        self.assertEqual(process.wait(timeout=_PATIENCE), -signal.SIGTERM)
        self.assertEqual(self.content("trace"), "start\nstop\n")
        # The guardian would have stopped it, too.
        self.assertIn("Released resource group Probe", self.content("log"))
        self.assertIn("Heartbeat shutdown complete", self.content("log"))
        self.assertFalse(os.path.exists(os.path.join(self.directory, "twisted_ha.sock")))

    def test_twice(self) -> None:
        """A second daemon on the same files ends, and says which the first one is."""
        first = self.start()
        self.await1("it serves", lambda: self.content("trace") == "start\n")
        second = self.start()
        _, said = second.communicate(timeout=_PATIENCE)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"is locked: process {first.pid} runs already", said)
        self.assertIsNone(first.poll())


def _name() -> str:
    return os.uname().nodename.lower()
