"""
A few cases of the matrix beside heartbeat 3.0.6, each of something that no other test here tells;
C{make interop} tells all of them.
"""

from __future__ import annotations

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.interop.lab import whyNot
from tests.interop.matrix.cases import caseNamed
from tests.interop.matrix.running import tell


class SmallMatrixTests(SynchronousTestCase):
    """One case each: who C{alpha} and C{beta} are, cables, signatures, format, failback, story."""

    def setUp(self) -> None:
        reason = whyNot(heartbeat=True, ours=True)
        if reason is not None:
            raise SkipTest(reason)

    def case(self, name: str) -> None:
        result = tell(caseNamed(name))
        self.assertTrue(result.ok, f"{name}\n{result.trouble}\n{result.rows}")

    def test_netstring(self) -> None:
        """The original is lost and returns, with C{msgfmt netstring}."""
        self.case("theirs-ours/bcast-sha1-netstring-on/power-alpha")

    def test_failingScripts(self) -> None:
        """Ours has to take over and its scripts fail, until the original is back; signed with C{md5}."""
        self.case("theirs-ours/bcast-md5-classic-on/failing-takeover-alpha")

    def test_giverKilled(self) -> None:
        """The original is killed while ours acquires what it gave; signed with C{crc}."""
        self.case("theirs-ours/bcast-crc-classic-on/giver-killed-alpha")

    def test_three(self) -> None:
        """Two of ours and an original see each other come and go."""
        self.case("ours-theirs-ours/bcast-sha1-classic-on/members")
