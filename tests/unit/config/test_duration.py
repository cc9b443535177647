"""Times as C{ha.cf} writes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.config.duration import DurationError, milliseconds, parse, words


class ParseTests(SynchronousTestCase):
    """L{parse} (configuration.md section 2.1)."""

    def test_understood(self) -> None:
        """Seconds without a unit, milliseconds and microseconds with one."""
        for text, seconds in {
            "2": 2.0,
            "0.5": 0.5,
            ".5": 0.5,
            "2.": 2.0,
            "2.001": 2.001,
            "500ms": 0.5,
            "500msec": 0.5,
            "1500MSEC": 1.5,
            "500000us": 0.5,
            "500usec": 0.001,
            "499us": 0.0,
            "501us": 0.001,
            "0": 0.0,
        }.items():
            found = parse(text)
            self.assertEqual((seconds, ""), (found.seconds, found.remark), text)

    def test_odd(self) -> None:
        """What the original reads in its own way is read that way, with a remark."""
        for text, seconds in {"1.2.3": 1.2, "500msfoo": 0.5, "1..5": 1.0}.items():
            found = parse(text)
            self.assertEqual(seconds, found.seconds, text)
            self.assertTrue(found.remark, text)

    def test_refused(self) -> None:
        """Everything else is refused, with a hint."""
        for text in (
            "",
            "s",
            "abc",
            "-1",
            "+1",
            "30s",
            "2sec",
            "1m",
            "1min",
            "ms",
            ".",
            "1e5",
            '"1"',
            "٣",
        ):
            error = self.assertRaises(DurationError, parse, text)
            self.assertTrue(error.hint, text)

    def test_hintConverts(self) -> None:
        """A unit people use elsewhere is converted in the hint."""
        for text, said in {"2s": ": 2", "2min": ": 120", "1h": ": 3600"}.items():
            self.assertIn(said, self.assertRaises(DurationError, parse, text).hint)

    def test_tooLong(self) -> None:
        """A time that would overflow is refused, however many digits it has."""
        for text in ("99999999999", "9" * 5000, "9" * 5000 + "ms"):
            self.assertRaises(DurationError, parse, text)

    @given(st.integers(0, 86_400_000))
    def test_roundTrip(self, number: int) -> None:
        """What is recorded for a derived value reads back as that value."""
        self.assertEqual(number / 1000, parse(milliseconds(number / 1000)).seconds)


class WordsTests(SynchronousTestCase):
    """L{words}."""

    def test_words(self) -> None:
        """No more digits than needed."""
        self.assertEqual(["30 s", "0.25 s", "1.5 s"], [words(30.0), words(0.25), words(1.5)])
