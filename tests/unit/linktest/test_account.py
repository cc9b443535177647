"""Counting what came, and the bytes that are no message."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.linktest.test_probe import HEARD, PROBE
from twisted_ha.linktest.account import Line, Peer
from twisted_ha.linktest.probe import Door, Report, Size

FRAME = b">>>\nt=status\nauth=1 ab\n<<<\n"


def fed(*pieces: bytes) -> Line:
    """A line on which these came."""
    line = Line()
    for piece in pieces:
        line.feed(piece)
    return line


class PeerTests(SynchronousTestCase):
    """L{Peer}."""

    def peer(self, *numbers: int, link: str = "eth1") -> Peer:
        peer = Peer("alpha", "0123abcd")
        for number in numbers:
            peer.probed(replace(PROBE, number=number), link, PROBE.wall + 0.5)
        return peer

    def test_loss(self) -> None:
        """What is missing between the first and the last is lost; what was before we listened is not."""
        (heard,) = self.peer(5, 6, 9).heard()
        self.assertEqual((heard.arrived, heard.lost), ((3, 0, 0), (2, 0, 0)))

    def test_delay(self) -> None:
        """The least delay counts: it is the one without waiting."""
        peer = self.peer(1)
        peer.probed(replace(PROBE, number=2), "eth1", PROBE.wall + 0.1)
        peer.probed(replace(PROBE, number=3), "eth1", PROBE.wall + 0.9)
        (heard,) = peer.heard()
        self.assertAlmostEqual(heard.delay, 0.1)

    def test_sizes(self) -> None:
        """Each size is counted for itself."""
        peer = self.peer(1)
        peer.probed(replace(PROBE, size=Size.FULL, number=1), "eth1", PROBE.wall)
        self.assertEqual(next(peer.heard()).arrived, (1, 1, 0))

    def test_byKind(self) -> None:
        """Where several media share a link, the sender's kind tells them apart."""
        peer = self.peer(1, 2)
        self.assertIsNone(peer.heardBy("bcast", "eth1", Door.MAIN))
        self.assertIsNone(peer.heardBy("ucast6", "eth2", Door.MAIN))
        self.assertIsNone(peer.heardBy("ucast6", "eth1", Door.SIDE))
        heard = peer.heardBy("ucast6", "eth1", Door.MAIN)
        assert heard is not None
        self.assertEqual(heard.arrived[0], 2)

    def test_lateReport(self) -> None:
        """A report that was overtaken changes nothing."""
        peer = self.peer()
        peer.told(Report(src="beta", run="b", of="a", heard=(HEARD,)))
        peer.told(Report(src="beta", run="b", of="a", heard=(replace(HEARD, arrived=(1, 0, 0)),)))
        self.assertEqual(peer.reported[HEARD.road, HEARD.door], HEARD)

    def test_bounded(self) -> None:
        """A peer that invents roads without end fills no memory."""
        peer = self.peer()
        for number in range(1000):
            peer.probed(replace(PROBE, road=f"bcast eth{number}"), "eth1", 0.0)
            heard = replace(HEARD, road=f"bcast eth{number}")
            peer.told(Report(src="beta", run="b", of="a", heard=(heard,)))
        self.assertEqual((len(peer.arrivals), len(peer.reported)), (Peer.MOST, Peer.MOST))


class LineTests(SynchronousTestCase):
    """L{Line}."""

    def test_messages(self) -> None:
        """Whole messages are no garbage, in whatever pieces they come."""
        self.assertEqual(fed(FRAME, FRAME).garbage, 0)
        self.assertEqual(fed(*(FRAME[at : at + 1] for at in range(len(FRAME)))).garbage, 0)

    def test_between(self) -> None:
        """What stands between two messages is counted."""
        line = fed(FRAME, b"hello\r\n", FRAME)
        self.assertEqual((line.garbage, line.text, line.written), (5, "hello", True))

    def test_torn(self) -> None:
        """The rest of a message that was on its way when the line was opened is no garbage."""
        line = fed(FRAME[6:], FRAME, b"hello\r\n", FRAME)
        self.assertEqual((line.garbage, line.text), (5, "hello"))

    def test_noise(self) -> None:
        """Bytes without a newline count too, and are no text."""
        line = fed(b"\x01\x80\xff" * 10)
        self.assertEqual((line.garbage, line.written), (30, False))

    def test_luckyText(self) -> None:
        """A readable word in much noise is noise."""
        self.assertFalse(fed(b"\x01\x80\xff" * 100, b"\nhm\n").written)

    def test_bounded(self) -> None:
        """Neither noise nor a message without end fills memory."""
        line = fed(b">>>\n", *[b"x" * 65536] * 10, b"\x80" * 1000)
        self.assertLess(len(line._rest), 300000)
