"""Tests of L{twisted_ha.wire.fields}."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.wire import Field, FieldType, Message
from twisted_ha.wire.fields import MAX_NUMBER, formatNumber, readNumber


def number(name: str, text: str, type: str = "status") -> int | None:
    """What C{text} is as the field C{name}."""
    return readNumber(Message([Field("t", type), Field(name, text)]), name)


class ReadTests(SynchronousTestCase):
    """Numbers out of messages."""

    def test_hexadecimal(self) -> None:
        """Sequence, generation, time, acknowledgement and deadtime are hexadecimal."""
        self.assertEqual([16] * 5, [number(name, "10") for name in ("seq", "hg", "ts", "ackseq", "dt")])

    def test_decimal(self) -> None:
        """Time to live, protocol and the counters are decimal."""
        names = ("ttl", "protocol", "client_gen", "weight", "num_ping")
        self.assertEqual([10] * 5, [number(name, "10") for name in names])

    def test_rangeOfARequest(self) -> None:
        """The range of a request for retransmission is decimal."""
        self.assertEqual([10, 10], [number(name, "10", "NS_rexmit") for name in ("firstseq", "lastseq")])

    def test_refusedNumber(self) -> None:
        """The number in a refusal of retransmission is hexadecimal."""
        self.assertEqual(16, number("firstseq", "10", "NS_nak_rexmit"))

    def test_upperCaseAndPrefix(self) -> None:
        """Hexadecimal is read in upper case and with its prefix."""
        self.assertEqual([0xAB, 0xAB, 0xAB], [number("seq", text) for text in ("AB", "0xab", "0XaB")])

    def test_garbage(self) -> None:
        """What is no number in its base is nothing."""
        texts = ("", " 1", "1 ", "+1", "-1", "1_0", "1\n", "g", "0x", "\u0661", "1.0", "9" * 5000)
        self.assertEqual([None] * len(texts), [number("seq", text) for text in texts])
        self.assertEqual([None, None], [number("ttl", "a"), number("ttl", "9" * 5000)])

    def test_tooLarge(self) -> None:
        """64 bits are read, and not one more."""
        self.assertEqual(MAX_NUMBER, number("seq", "f" * 16))
        self.assertIsNone(number("seq", "1" + "0" * 16))
        self.assertIsNone(number("ttl", str(MAX_NUMBER + 1)))

    def test_missing(self) -> None:
        """A field that is not there, or is not a string, is nothing."""
        self.assertIsNone(readNumber(Message.of("status"), "seq"))
        self.assertIsNone(readNumber(Message([Field("seq", b"1", FieldType.BINARY)]), "seq"))

    def test_noNumberAtAll(self) -> None:
        """Asking for a field that holds no number is a mistake in the program."""
        self.assertRaises(KeyError, readNumber, Message.of("status"), "src")

    @settings(max_examples=60, derandomize=True, database=None, deadline=None)
    @given(st.text())
    def test_neverRaises(self, text: str) -> None:
        """Whatever stands in a field, reading it gives a number in range or nothing."""
        for name in ("seq", "ttl"):
            self.assertIn(number(name, text) or 0, range(MAX_NUMBER + 1))


class FormatTests(SynchronousTestCase):
    """Numbers into messages."""

    def test_lowerCaseWithoutZeros(self) -> None:
        """Hexadecimal is written in lower case, without a prefix."""
        self.assertEqual("6b03ee38", formatNumber("status", "hg", 0x6B03EE38))

    def test_bothBasesOfFirstseq(self) -> None:
        """A request is written in decimal, a refusal in hexadecimal."""
        types = ("NS_rexmit", "NS_nak_rexmit")
        self.assertEqual(["26", "1a"], [formatNumber(type, "firstseq", 26) for type in types])

    def test_outOfRange(self) -> None:
        """A number that no receiver could read is not written."""
        self.assertRaises(ValueError, formatNumber, "status", "seq", -1)
        self.assertRaises(ValueError, formatNumber, "status", "seq", MAX_NUMBER + 1)

    @settings(max_examples=60, derandomize=True, database=None, deadline=None)
    @given(
        st.integers(0, MAX_NUMBER),
        st.sampled_from(["seq", "ttl", "firstseq"]),
        st.sampled_from(["status", "NS_rexmit", "NS_nak_rexmit"]),
    )
    def test_roundTrip(self, value: int, name: str, type: str) -> None:
        """What is written is read again."""
        self.assertEqual(value, number(name, formatNumber(type, name, value), type))
