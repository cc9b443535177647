"""What tests say to each other, and what they make of nonsense."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.linktest.fakes import keysOf
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.linktest.probe import (
    TYPE,
    Door,
    Heard,
    Probe,
    Report,
    Size,
    probeMessage,
    read,
    reportMessage,
)
from twisted_ha.wire.codec import decode
from twisted_ha.wire.message import Message
from twisted_ha.wire.signed import Encoding

PROBE = Probe(
    src="alpha",
    run="0123abcd",
    road="ucast6 eth1 fd00::2",
    door=Door.MAIN,
    size=Size.SMALL,
    number=7,
    wall=1e9 + 0.25,
    nodes=("alpha", "beta"),
    beside=True,
    listening=False,
)
HEARD = Heard(road="ucast6 eth1 fd00::2", door=Door.SIDE, arrived=(3, 2, 1), lost=(0, 1, 2), delay=-5.25)
RING = KeyRing(keysOf())


def through(message: Message) -> Message:
    """C{message} as it comes out of the other end."""
    return RING.verify(decode(RING.sign(message, Encoding.CLASSIC)))


def length(message: Message) -> int:
    return len(RING.sign(message, Encoding.CLASSIC))


class ProbeTests(SynchronousTestCase):
    """L{twisted_ha.linktest.probe}."""

    def test_roundTrip(self) -> None:
        """A probe of each size comes out as it went in."""
        for size in Size:
            probe = replace(PROBE, size=size)
            self.assertEqual(read(through(probeMessage(probe, length))), probe)

    def test_report(self) -> None:
        """So does a report."""
        report = Report(src="beta", run="ffff0000", of="0123abcd", heard=(HEARD, HEARD))
        self.assertEqual(read(through(reportMessage(report, 1e9))), report)

    def test_length(self) -> None:
        """A probe is as long as its size says, signature included."""
        for size in (Size.FULL, Size.LARGE):
            message = probeMessage(replace(PROBE, size=size), length)
            self.assertEqual(length(message), size.value)

    def test_hello(self) -> None:
        """Whoever looks at the line with cat sees the tutorial's word."""
        self.assertIn(b"info=hello\n", RING.sign(probeMessage(PROBE, length), Encoding.CLASSIC))

    def test_sevenBits(self) -> None:
        """A serial line strips the eighth bit, so there is none."""
        for size in Size:
            frame = RING.sign(probeMessage(replace(PROBE, size=size), length), Encoding.CLASSIC)
            self.assertTrue(frame.isascii())

    def test_nonsense(self) -> None:
        """A field that is not what it should be makes it no probe."""
        good = probeMessage(PROBE, length)
        self.assertIsNotNone(read(good))
        for name, value in (
            ("what", "else"),
            ("run", "no hex"),
            ("run", "ab"),
            ("wall", "inf"),
            ("wall", "soon"),
            ("door", "back"),
            ("size", "huge"),
            ("number", "-1"),
            ("number", "1" * 30),
            ("number", "٣"),
            ("road", ""),
            ("road", "x" * 400),
            ("nodes", "n " * 100),
            ("src", ""),
        ):
            self.assertIsNone(read(good.replacing(name, value)), (name, value))
        self.assertIsNone(read(good.replacing("t", "status")))

    def test_heard(self) -> None:
        """A line of a report that is not well formed is left out."""
        for text in (
            "",
            "main",
            "back 1 0 1 0 1 0 0.1 bcast eth1",
            "main 1 0 1 0 1 0 nan bcast eth1",
            "main 1 0 1 0 1 -3 0.1 bcast eth1",
            "main 1 0 1 0 1 0 0.1",
            "main 1 0 1 0 1 0 0.1 ",
        ):
            self.assertIsNone(Heard.ofText(text), text)

    @given(
        st.dictionaries(
            st.sampled_from(
                ("what", "run", "wall", "road", "door", "size", "number", "heard", "src", "of")
            ),
            st.text(max_size=30).filter(lambda text: "\0" not in text and "\x13" not in text),
        ),
        st.sampled_from(("probe", "report")),
    )
    def test_anything(self, fields: dict[str, Any], what: str) -> None:
        """Nothing that an authentic message can hold makes reading fail."""
        read(Message.of(TYPE, **{"what": what, "src": "beta", "run": "ab" * 4, "wall": "1", **fields}))
