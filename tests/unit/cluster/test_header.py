"""Tests for L{twisted_ha.cluster.header}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cluster.header import Header, HeaderError
from twisted_ha.wire import Message

UUID = bytes(range(1, 17))
WHOLE: dict[str, str | bytes] = {
    "src": "beta",
    "srcuuid": UUID,
    "seq": "a",
    "hg": "6b03ee3a",
    "ts": "6b03ee39",
}


class HeaderTests(SynchronousTestCase):
    """What every message says of itself."""

    def refused(self, message: Message) -> str:
        """Why a header cannot be read."""
        return self.assertRaises(HeaderError, Header.of, message).reason

    def test_everything(self) -> None:
        """Every field is read in its own number base."""
        header = Header.of(Message.of("status", **WHOLE, dest="alpha", destuuid=UUID))
        self.assertEqual(
            header,
            Header(
                type="status",
                src="beta",
                srcuuid=UUID,
                generation=0x6B03EE3A,
                sequence=10,
                dest="alpha",
                destuuid=UUID,
                ts=0x6B03EE39,
            ),
        )

    def test_mandatory(self) -> None:
        """Without type, sender, time or number there is no header, and the reason names which."""
        for name in ("src", "ts", "seq"):
            values = {key: value for key, value in WHOLE.items() if key != name}
            self.assertIn(f"({name})", self.refused(Message.of("status", **values)))
        self.assertIn("(t)", self.refused(Message.of("", **WHOLE)))

    def test_zero(self) -> None:
        """A time or a number of zero is as bad as none."""
        for name in ("ts", "seq"):
            self.assertIn(f"({name})", self.refused(Message.of("status", **{**WHOLE, name: "0"})))

    def test_garbledNumbers(self) -> None:
        """A number that is not hexadecimal, or has hundreds of digits, is missing."""
        for written in ("", "xyz", "-1", "f" * 400):
            self.assertIn("(seq)", self.refused(Message.of("status", **{**WHOLE, "seq": written})))

    def test_unsequenced(self) -> None:
        """Types with C{NS_} have no number, and one that is there counts for nothing."""
        header = Header.of(Message.of("NS_ackmsg", **WHOLE))
        self.assertIsNone(header.sequence)

    def test_noGeneration(self) -> None:
        """A missing generation counts as 0."""
        values = {key: value for key, value in WHOLE.items() if key != "hg"}
        self.assertEqual(Header.of(Message.of("status", **values)).generation, 0)

    def test_badUuid(self) -> None:
        """A uuid of another length, or of zeros, is no uuid."""
        for uuid in (b"short", bytes(16), b"x" * 17):
            self.assertIsNone(Header.of(Message.of("status", **{**WHOLE, "srcuuid": uuid})).srcuuid)
