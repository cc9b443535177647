"""Lines of C{ha.cf} to words with places."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.config.complaints import Complaints
from twisted_ha.config.lexer import Statement, locate, statements


class StatementsTests(SynchronousTestCase):
    """L{statements}."""

    def lex(self, text: str) -> list[Statement]:
        self.complaints = Complaints()
        return list(statements("ha.cf", text, self.complaints))

    def one(self, text: str) -> Statement:
        found = self.lex(text)
        self.assertEqual(1, len(found))
        return found[0]

    def said(self) -> list[str]:
        return [item.category for item in self.complaints.inOrder(["ha.cf"])]

    def test_commentAnywhere(self) -> None:
        """A C{#} ends the line even in the middle of a word."""
        self.assertEqual("1", self.one("keepalive 1#c").rest.text)

    def test_nothingToSay(self) -> None:
        """Empty lines, blanks and comments are no statements."""
        self.assertEqual([], self.lex("\n  \t\n# x\n   # y\n\r\n\x0c\n"))

    def test_lineNumbers(self) -> None:
        """Lines are counted from 1, those without a statement included."""
        self.assertEqual([2, 4], [item.line for item in self.lex("#\na 1\n\nb 2")])

    def test_crlf(self) -> None:
        """A carriage return at the end of a line is no part of it."""
        self.assertEqual(["1"], [token.text for token in self.one("keepalive 1\r\n").options()])
        self.assertEqual([], self.said())

    def test_loneCarriageReturn(self) -> None:
        """What follows a carriage return is lost, as in the original, and that is said."""
        self.assertEqual("1", self.one("keepalive 1\rdeadtime 5\n").rest.text)
        self.assertEqual(["carriage-return"], self.said())

    def test_commaDoesNotEndTheName(self) -> None:
        """C{keepalive,1} is one name."""
        self.assertEqual("keepalive,1", self.one("keepalive,1").name.text)

    def test_delimitersAfterTheName(self) -> None:
        """White space and commas are skipped after the name."""
        self.assertEqual("b c", self.one("node , b c ").rest.text)

    def test_options(self) -> None:
        """An option list is split at white space and commas, and each word knows its column."""
        found = self.one("  node a,,b\tc").options()
        self.assertEqual([("a", 8), ("b", 11), ("c", 13)], [(item.text, item.column) for item in found])

    def test_words(self) -> None:
        """Of a whole line commas are data."""
        self.assertEqual(["x", "a,b"], [item.text for item in self.one("apiauth x a,b").words()])

    def test_onlyAsciiBlanks(self) -> None:
        """A no-break space is part of a word, as it is for the original."""
        self.assertEqual(["a\u00a0b"], [item.text for item in self.one("node a\u00a0b").options()])

    def test_longLine(self) -> None:
        """A line is one line, however long it is."""
        self.assertEqual([], self.lex("#" + "x" * 6000))

    def test_where(self) -> None:
        """A word's place underlines it."""
        statement = self.one("node alpha beta")
        where = statement.where(statement.options()[1])
        self.assertEqual(
            (1, 12, 4, "node alpha beta"), (where.line, where.column, where.length, where.text)
        )

    def test_hidden(self) -> None:
        """A hidden statement keeps its places and shows nothing."""
        where = self.one("stonith_host * x secret").hidden().where()
        self.assertEqual((1, 1, ""), (where.line, where.column, where.text))

    def test_nul(self) -> None:
        """A NUL byte is no text."""
        self.assertEqual([], self.lex("node a\0b"))
        self.assertEqual(["nul-byte"], self.said())


class LocateTests(SynchronousTestCase):
    """L{locate}."""

    def test_unprintable(self) -> None:
        """What would disturb a terminal is replaced, column by column."""
        self.assertEqual("a?b?c\td", locate("f", 1, "a\x1bb\udc80c\td").text)

    def test_veryLong(self) -> None:
        """A very long line is cut, or not shown where the fault would be out of sight."""
        self.assertEqual(163, len(locate("f", 1, "x" * 6000, 1, 3).text))
        self.assertEqual("", locate("f", 1, "x" * 6000, 5000, 3).text)
