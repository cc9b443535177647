"""Complaints and how they are shown."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.config.complaints import Complaints, listed, printable, quoted
from twisted_ha.config.lexer import locate
from twisted_ha.config.nearby import didYouMean, nearest, nearestHost


class ComplaintsTests(SynchronousTestCase):
    """L{Complaints}."""

    def test_order(self) -> None:
        """By file, then by line; what concerns a whole file comes after its lines."""
        complaints = Complaints()
        for file, line in (("b", 1), ("a", 0), ("a", 3), ("a", 2)):
            complaints.warning(locate(file, line, ""), "x", category="c")
        found = complaints.inOrder(["a", "b"])
        self.assertEqual(
            [("a", 2), ("a", 3), ("a", 0), ("b", 1)],
            [(item.where.file, item.where.line) for item in found],
        )

    def test_failed(self) -> None:
        """A warning is no failure, an error is one."""
        complaints = Complaints()
        complaints.warning(locate("a", 1, ""), "x", category="c")
        self.assertFalse(complaints.failed)
        complaints.error(locate("a", 1, ""), "x", category="c")
        self.assertTrue(complaints.failed)

    def test_rendered(self) -> None:
        """Position, sentence, hint, the line and an underline that fits, tabs or not."""
        complaints = Complaints()
        complaints.error(locate("ha.cf", 14, "\tdeadtime 30sx", 11, 4), "bad", "write 30", category="c")
        self.assertEqual(
            "ha.cf:14:11: bad; write 30\n   14 |  deadtime 30sx\n      |           ^^^^",
            complaints.inOrder([])[0].render(),
        )


class WordsTests(SynchronousTestCase):
    """The small helpers."""

    def test_listed(self) -> None:
        """As one speaks."""
        self.assertEqual(
            ["", "a", "a and b", "a, b or c"],
            [listed([]), listed(["a"]), listed("ab"), listed("abc", "or")],
        )

    def test_quoted(self) -> None:
        """Long words are shortened, and nothing unprintable is shown."""
        self.assertEqual('"a?b"', quoted("a\x07b"))
        self.assertEqual('"' + "x" * 60 + '..."', quoted("x" * 5000))
        self.assertEqual("a\tb?", printable("a\tb\n"))

    def test_nearest(self) -> None:
        """Like words, ignoring case; nothing for a word that is like none."""
        self.assertEqual(["keepalive"], nearest("KEEPALIV", ["keepalive", "deadtime"]))
        self.assertEqual("", didYouMean("zzz", ["keepalive"]))
        self.assertEqual([], nearest("k" * 5000, ["k" * 5000]))

    def test_nearestHost(self) -> None:
        """The same first label is nearer than anything spelled alike."""
        self.assertEqual(["db1.b"], nearestHost("db1.a", ["db2.a", "db1.b"]))
        self.assertEqual(["db2.a"], nearestHost("db1.a", ["db2.a", "web.b"]))
