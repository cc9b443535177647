"""C{hactl check}."""

from __future__ import annotations

import io
import os

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cli import main

HA_CF = """\
logfile /var/log/ha-log
keepalive 1
deadtime 5
bcast eth0
auto_failback on
node alpha beta
"""


class CheckTests(SynchronousTestCase):
    """Whether the files are good, without a daemon."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.write("ha.cf", HA_CF)
        self.write("authkeys", "auth 1\n1 sha1 VerySecretWord\n", 0o600)
        self.write("haresources", "alpha 10.0.0.9\n")

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def check(self, *arguments: str) -> int:
        self.out, self.err = io.StringIO(), io.StringIO()
        return main.run(
            ["check", "--config-dir", self.directory, "--node", "alpha", *arguments], self.out, self.err
        )

    def test_good(self) -> None:
        """Good files are described, and no secret is."""
        self.assertEqual(
            self.check(),
            0,
        )
        self.assertIn("10.0.0.9", self.out.getvalue())
        self.assertNotIn("VerySecretWord", self.out.getvalue() + self.err.getvalue())

    def test_quiet(self) -> None:
        """For scripts there is only the exit status."""
        self.assertEqual(self.check("--quiet"), 0)
        self.assertEqual(self.out.getvalue(), "")

    def test_bad(self) -> None:
        """All complaints come together, with places, and the exit status is 6."""
        self.write("ha.cf", HA_CF.replace("deadtime 5", "deadtime 30sx").replace("bcast", "bcst"))
        self.assertEqual(self.check(), 6)
        self.assertIn("ha.cf:3:", self.err.getvalue())
        self.assertIn("ha.cf:4:", self.err.getvalue())
        self.assertEqual(self.out.getvalue(), "")

    def test_missing(self) -> None:
        """A directory without files is no traceback."""
        self.directory = self.mktemp()
        self.assertEqual(self.check(), 6)
        self.assertIn("there is no such file", self.err.getvalue())
