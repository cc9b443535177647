"""The installed commands as processes: exit status, streams, and how soon they are there."""

from __future__ import annotations

import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

HACTL = "import sys; from twisted_ha.cli.main import main; main()"
STANDBY = "import sys; sys.argv[0] = 'hb_standby'; from twisted_ha.cli.standby import standby; standby()"


def run(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


class ProcessTests(SynchronousTestCase):
    """Real processes."""

    def test_notRunning(self) -> None:
        """Without a daemon: one line, exit status 3, no traceback."""
        done = run(HACTL, "--socket", "/nonexistent/s", "status")
        self.assertEqual(
            (done.returncode, done.stdout, done.stderr),
            (3, "", "hactl: the daemon is not running: there is no socket /nonexistent/s\n"),
        )

    def test_standby(self) -> None:
        """The traditional command finds its socket by the environment."""
        done = run(STANDBY, "local", HA_SOCKET="/nonexistent/s")
        self.assertEqual(
            (done.returncode, done.stderr),
            (1, "hb_standby: the daemon is not running: there is no socket /nonexistent/s\n"),
        )

    def test_asciiTerminal(self) -> None:
        """A terminal that knows no umlauts gets escapes."""
        done = run(HACTL, "decode", "ä", PYTHONIOENCODING="ascii")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
        self.assertIn("\\xe4", done.stderr)

    def test_closedOutput(self) -> None:
        """When nobody reads any more there is no complaint."""
        script = f"{sys.executable} -c '{HACTL}' --help | head -c 1"
        done = subprocess.run(
            ["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual(done.stderr, "")

    def test_light(self) -> None:
        """Neither tool imports Twisted: somebody waits for the answer."""
        for module in ("main", "standby", "connect", "render"):
            done = run(
                f"import sys, twisted_ha.cli.{module}, twisted_ha.api.client;"
                "print([name for name in sys.modules if name.split('.')[0] in ('twisted', 'zope')])"
            )
            self.assertEqual((done.stdout, done.stderr), ("[]\n", ""))
