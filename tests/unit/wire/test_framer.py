"""Tests of L{twisted_ha.wire.framer}."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.wire import vectors
from twisted_ha.errors import WireError
from twisted_ha.wire import decode
from twisted_ha.wire.framer import Framer

MESSAGE = b">>>\nt=x\n<<<\n"
PARTS = st.sampled_from([MESSAGE, b">>>", b"<<<", b"\n", b"\r", b"a=b\n", b"\0x", b"y" * 40])


def good(frames: list[bytes]) -> list[bytes]:
    """Those of C{frames} that are messages."""
    kept: list[bytes] = []
    for frame in frames:
        try:
            decode(frame)
        except WireError:
            continue
        kept.append(frame)
    return kept


def inPieces(framer: Framer, stream: bytes, size: int) -> list[bytes]:
    """What C{framer} finds when C{stream} comes in pieces of C{size} bytes."""
    frames: list[bytes] = []
    for start in range(0, len(stream), size):
        frames += framer.feed(stream[start : start + size])
    return frames


class FramerTests(SynchronousTestCase):
    """Messages out of a stream."""

    def test_captured(self) -> None:
        """
        From streams of a real line come the messages a real reader found in them, in order, and of what
        it lost there what was not damaged itself.
        """
        more = {"lost-end-marker": [b"3"], "real-reader": [b"2", b"6", b"e", b"10"]}
        for vector in vectors.load("serial-stream")["vectors"]:
            wanted = [bytes.fromhex(message) for message in vector["messages_hex"]]
            stream = bytes.fromhex(vector["stream_hex"])
            for size in (1, 7, 512, len(stream)):
                found = good(inPieces(Framer(), stream, size))
                besides = [frame for frame in found if frame not in wanted]
                self.assertEqual(wanted, [frame for frame in found if frame in wanted], vector["id"])
                numbers = [frame.partition(b"\nseq=")[2].partition(b"\n")[0] for frame in besides]
                self.assertEqual(more.get(vector["id"], []), numbers, vector["id"])

    def test_several(self) -> None:
        """Several messages in one piece come out in order."""
        other = b">>>\nt=y\n<<<\n"
        self.assertEqual([MESSAGE, other, MESSAGE], Framer().feed(MESSAGE + other + MESSAGE))

    def test_garbageBetween(self) -> None:
        """Lines between messages are skipped and counted."""
        framer = Framer()
        junk = b"\0\xff junk\nx=y\n<<<\n###\n"
        self.assertEqual([MESSAGE, MESSAGE], framer.feed(junk + MESSAGE + junk + MESSAGE))
        self.assertEqual(2 * len(junk), framer.skipped)

    def test_garbageOnTheLine(self) -> None:
        """A start marker at the end of a line starts a message, whatever stands before it there."""
        framer = Framer()
        self.assertEqual(
            [MESSAGE] * 4, framer.feed(b"junk" + MESSAGE + b">" + MESSAGE + b"<<<" + MESSAGE * 2)
        )
        self.assertEqual(8, framer.skipped)

    def test_garbageBehindTheMarker(self) -> None:
        """A start marker with anything behind it on its line starts nothing that can be read."""
        self.assertEqual([MESSAGE], good(Framer().feed(b">>>junk" + MESSAGE[3:] + MESSAGE)))

    def test_cutShort(self) -> None:
        """Wherever a message was cut short, the next one is found."""
        whole = b">>>\nt=lost\nst=x\n<<<\n"
        for end in range(len(whole)):
            frames = Framer().feed(whole[:end] + MESSAGE)
            self.assertEqual([MESSAGE], good(frames)[-1:], whole[:end])

    def test_badByte(self) -> None:
        """Whichever byte of a message was changed, the next one is found."""
        whole = b">>>\nt=lost\nst=x\n<<<\n"
        for at in range(len(whole)):
            for byte in (b"\0", b">", b"<", b"\n", b"\xff"):
                stream = whole[:at] + byte + whole[at + 1 :] + MESSAGE
                self.assertEqual([MESSAGE], good(Framer().feed(stream))[-1:], stream)

    def test_valueLikeAMarker(self) -> None:
        """A value may end like a start marker: its message comes out whole, and first."""
        message = b">>>\nt=x\ninfo=a>>>\nst=y\n<<<\n"
        frames = Framer().feed(message + MESSAGE)
        self.assertEqual([message, b">>>\nst=y\n<<<\n", MESSAGE], frames)

    def test_manyMarkers(self) -> None:
        """However many beginnings there are, the bytes before an end are handed on twice at most."""
        stream = b">>>\n" * 1000 + b"<<<\n"
        self.assertEqual([stream, b">>>\n<<<\n"], Framer().feed(stream))

    def test_carriageReturns(self) -> None:
        """Carriage returns are dropped, as the terminal would."""
        self.assertEqual([MESSAGE], Framer().feed(b">>>\r\nt=x\r\n<<<\r\n"))

    def test_longLine(self) -> None:
        """A line without end is not kept, and what follows it is read."""
        framer = Framer(limit=100)
        for _ in range(50):
            self.assertEqual([], framer.feed(b"x" * 10))
        self.assertEqual(500, framer.skipped)
        self.assertEqual([MESSAGE], framer.feed(b"\n" + MESSAGE))

    def test_longMessage(self) -> None:
        """A message without end is given up and counted, and the next is read."""
        framer = Framer(limit=100)
        self.assertEqual([], framer.feed(b">>>\n" + b"a=b\n" * 50))
        self.assertEqual(1, framer.dropped)
        self.assertEqual([MESSAGE], framer.feed(MESSAGE))

    def test_limit(self) -> None:
        """A message of the longest length is read, and one byte more is not."""
        self.assertEqual([MESSAGE], Framer(limit=len(MESSAGE)).feed(MESSAGE))
        self.assertEqual([], Framer(limit=len(MESSAGE) - 1).feed(MESSAGE))

    def test_bounded(self) -> None:
        """Whatever comes, no more than the limit is kept."""
        framer = Framer(limit=100)
        for piece in (b"x" * 1000, b">>>" + b"y" * 1000, b"\n>>>\n", b"a=b\n" * 1000, b"<" * 1000):
            framer.feed(piece)
            self.assertLessEqual(len(framer._line) + len(framer._message), 100)

    def test_reset(self) -> None:
        """After a reset a half message does not spoil the next one."""
        framer = Framer()
        framer.feed(b">>>\nt=half\nst=")
        framer.reset()
        self.assertEqual([MESSAGE], framer.feed(MESSAGE))
        self.assertEqual(14, framer.skipped)

    @settings(max_examples=150, derandomize=True, database=None, deadline=None)
    @given(
        st.lists(PARTS),
        st.integers(1, 12),
        st.integers(1, 60),
    )
    def test_anyChunking(self, parts: list[bytes], size: int, limit: int) -> None:
        """However the stream is cut, the same messages and counts come out."""
        stream = b"".join(parts)
        whole, cut = Framer(limit), Framer(limit)
        self.assertEqual(whole.feed(stream), inPieces(cut, stream, size))
        self.assertEqual((whole.skipped, whole.dropped), (cut.skipped, cut.dropped))

    @settings(max_examples=60, derandomize=True, database=None, deadline=None)
    @given(st.binary(max_size=200))
    def test_findsItsStepAgain(self, junk: bytes) -> None:
        """After any bytes, an end of line and two messages, the second message is found."""
        frames = Framer().feed(junk + b"\n" + MESSAGE + MESSAGE)
        self.assertEqual(MESSAGE, frames[-1])

    @settings(max_examples=150, derandomize=True, database=None, deadline=None)
    @given(st.lists(PARTS | st.binary(max_size=40)).map(b"".join))
    def test_everyByteIsAccounted(self, stream: bytes) -> None:
        """
        Every byte is in a frame, skipped, dropped as carriage return, or still being collected; those
        behind a second beginning are in two.
        """
        framer = Framer(limit=50)
        before, framed = b"", 0
        for frame in framer.feed(stream):
            again = before.endswith(frame) and len(frame) < len(before)
            framed += 0 if again else len(frame)
            before = frame
        framer.reset()
        self.assertEqual(len(stream) - stream.count(b"\r"), framed + framer.skipped)
