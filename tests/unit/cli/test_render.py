"""The status page and its words."""

from __future__ import annotations

import time

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.api.fakes import ALPHA, aStatus
from twisted_ha.cli.render import eventLine, statusPage
from twisted_ha.cli.words import safe, span, table
from twisted_ha.status import GroupView, asJson


class PageTests(SynchronousTestCase):
    """L{statusPage}."""

    def page(self, **changes: object) -> str:
        return statusPage(asJson(aStatus(**changes)))

    def test_whole(self) -> None:
        """A pair at rest."""
        self.assertEqual(
            self.page(media=(), warnings=()),
            "alpha is active, at rest (stable); up 3 h 12 min, generation 1795420021, twisted_ha 0.1.0\n"
            "It holds its own groups; beta holds its own groups.  auto_failback on, guardian watching.\n"
            "\n"
            "NODE          STATUS  HEARD      LINKS\n"
            "alpha (here)  active  -          -\n"
            "beta          active  0.3 s ago  eth0 up, eth1 dead\n"
            "10.0.0.254    ping    0.9 s ago  -\n"
            "\n"
            "GROUP     HOME   OWNER  STATE HERE  SINCE       WHY\n"
            "10.0.0.9  alpha  alpha  started     3 h 12 min  this node is its home\n"
            "10.0.0.8  beta   beta   stopped     12 s",
        )

    def test_moving(self) -> None:
        """While groups move that is what is said first."""
        self.assertIn(
            "alpha is active, groups are moving (takeover)", self.page(transition=True, phase="takeover")
        )

    def test_starting(self) -> None:
        """Before communications are up it says what it waits for."""
        page = self.page(communicationsUp=False, transition=True, peerHoldings=None, holdings="none")
        self.assertIn("alpha is active, starting (stable)", page)
        self.assertIn("It waits until every other node was heard", page)
        self.assertIn("It holds nothing.", page)

    def test_nobody(self) -> None:
        """A group without an owner, with failures, stands out."""
        group = GroupView(
            key="nfs", home=ALPHA, owner=None, state="failed", resources=("nfs",), since=1, failures=3
        )
        self.assertIn("nobody  failed (3 failed)", self.page(groups=(group,)))

    def test_noGroups(self) -> None:
        """A cluster without groups says why there is no table."""
        self.assertIn("haresources is empty", self.page(groups=()))

    def test_event(self) -> None:
        """An event is one line, even if its text has several."""
        event = {"time": 0.0, "level": "warn", "text": "a\nb"}
        self.assertEqual(eventLine(event, time.gmtime), "1970/01/01_00:00:00 WARN: a b")


class WordsTests(SynchronousTestCase):
    """L{twisted_ha.cli.words}."""

    def test_span(self) -> None:
        """Times are said in the two units that matter."""
        for seconds, words in (
            (None, "-"),
            (-0.001, "0.0 s"),
            (0.31, "0.3 s"),
            (59.9, "59 s"),
            (60, "1 min"),
            (3599, "59 min 59 s"),
            (7200, "2 h"),
            (200_000, "2 d 7 h"),
        ):
            self.assertEqual(span(seconds), words)

    def test_safe(self) -> None:
        """Everything that is no plain character becomes an escape; lines stay."""
        self.assertEqual(safe("ä\n\x07\udc80"), "ä\n\\x07\\udc80")

    def test_table(self) -> None:
        """Columns are as wide as what is in them, and no line ends in blanks."""
        self.assertEqual(table(("A", "B"), [("xxx", "y"), ("x", "")]), ["A    B", "xxx  y", "x"])
