"""Headers, bounds and bodies."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.errors import WireError
from twisted_ha.hbapi.frames import LONGEST_BODY, FrameError, FrameReader, frameOf, readBody
from twisted_ha.wire.message import Message

ASK = Message.of("hbapi-req", reqtype="numnodes", empty="", uuid=b"\0\n=" * 4)


def header(length: int, magic: int = 0xABCD) -> bytes:
    """A header of that length."""
    return struct.pack("=iI", length, magic)


class FrameTests(SynchronousTestCase):
    """L{FrameReader} and L{frameOf}."""

    def test_layout(self) -> None:
        """A frame is length, magic, text and a NUL, both numbers in the machine's byte order."""
        frame = frameOf(Message.of("x"))
        self.assertEqual(frame, header(13) + b">>>\nt=x\n<<<\n\0")

    def test_bytes(self) -> None:
        """Frames may come a byte at a time."""
        reader = FrameReader()
        found = []
        for byte in frameOf(ASK) + frameOf(ASK, netstring=True):
            reader.feed(bytes([byte]))
            body = reader.next()
            if body is not None:
                found.append(readBody(body))
        self.assertEqual(found, [ASK, ASK])

    def test_together(self) -> None:
        """And several at once."""
        reader = FrameReader()
        reader.feed(frameOf(ASK) * 3 + header(7))
        self.assertEqual([reader.next() is None for _ in range(4)], [False, False, False, True])

    def test_bounds(self) -> None:
        """A length below zero or above the original's limit is refused before anything is kept."""
        for length in (-1, -1000, -(2**31), LONGEST_BODY + 1, 2**31 - 1):
            reader = FrameReader()
            reader.feed(header(length))
            self.assertRaises(FrameError, reader.next)

    def test_largest(self) -> None:
        """The largest body is taken."""
        reader = FrameReader()
        reader.feed(header(LONGEST_BODY) + bytes(LONGEST_BODY))
        self.assertEqual(reader.next(), bytes(LONGEST_BODY))

    def test_magic(self) -> None:
        """Another magic is no frame."""
        reader = FrameReader()
        reader.feed(header(4, 0xDEADBEEF))
        self.assertRaises(FrameError, reader.next)

    def test_tooLong(self) -> None:
        """What no reader would take is not written."""
        self.assertRaises(WireError, frameOf, Message.of("x", v="v" * LONGEST_BODY))

    @given(st.binary(max_size=200))
    def test_garbage(self, data: bytes) -> None:
        """Whatever comes is a body, or a refusal of one of the two kinds."""
        reader = FrameReader()
        reader.feed(data)
        try:
            while (body := reader.next()) is not None:
                readBody(body)
        except (FrameError, WireError):
            pass
