"""One word to one value."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.config.values import Refusal, boolean, choice, integer, span


class ValuesTests(SynchronousTestCase):
    """The readers."""

    def test_boolean(self) -> None:
        """Ten words in any case, and no others."""
        for text in ("true", "ON", "Yes", "y", "1"):
            self.assertIs(True, boolean(text).value)
        for text in ("false", "OFF", "No", "n", "0"):
            self.assertIs(False, boolean(text).value)
        for text in ("", "maybe", "2", "t", "enabled"):
            self.assertRaises(Refusal, boolean, text)

    def test_integer(self) -> None:
        """Leading digits count, and a word without any is 0, with a remark."""
        read = integer(0, 255)
        self.assertEqual((7, ""), (read("7").value, read("7").remark))
        self.assertEqual((7, True), (read("7x").value, bool(read("7x").remark)))
        self.assertEqual((0, True), (read("x").value, bool(read("x").remark)))

    def test_integerRange(self) -> None:
        """Outside its range a number is refused, even one of thousands of digits."""
        for text in ("-1", "256", "9" * 5000):
            self.assertRaises(Refusal, integer(0, 255), text)
        self.assertRaises(Refusal, integer(1), "x")

    def test_choice(self) -> None:
        """One of the words; a hint where only the case is wrong."""
        read = choice(("file", "time"))
        self.assertEqual("file", read("file").value)
        self.assertIn("file", self.assertRaises(Refusal, read, "FILE").hint)
        self.assertIn("file or time", self.assertRaises(Refusal, read, "x").hint)
        self.assertEqual("file", choice(("file",), anyCase=True)("FILE").value)

    def test_span(self) -> None:
        """A time, which may be zero or may not."""
        self.assertEqual(0.0, span(zero=True)("0").value)
        self.assertRaises(Refusal, span(zero=False), "0")
        self.assertRaises(Refusal, span(zero=False), "400us")
