"""Tests of L{twisted_ha.media.serial_output} and L{twisted_ha.media.serial_writer}."""

from __future__ import annotations

from twisted.internet.main import CONNECTION_LOST
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.media.serial_output import OutputQueue
from twisted_ha.media.serial_writer import SerialWriter


def frame(kind: str, seq: int, src: str = "alpha", hg: int = 1, padding: int = 0) -> bytes:
    """A message in classic text."""
    return (
        f">>>\nt={kind}\nst=active\nsrc={src}\nseq={seq:x}\nhg={hg:x}\nx={'x' * padding}\n<<<\n".encode()
    )


def status(seq: int, src: str = "alpha", hg: int = 1) -> bytes:
    """A heartbeat."""
    return frame("status", seq, src, hg)


class OutputQueueTests(SynchronousTestCase):
    """L{OutputQueue}."""

    def setUp(self) -> None:
        self.queue = OutputQueue(1000)

    def drain(self) -> list[bytes]:
        """Everything that waits, frame by frame."""
        taken = []
        while piece := self.queue.piece(10_000):
            taken.append(piece)
            self.queue.advance(len(piece))
        return taken

    def test_empty(self) -> None:
        """Nothing waits at first."""
        self.assertEqual((self.queue.piece(512), len(self.queue)), (b"", 0))

    def test_order(self) -> None:
        """Messages leave in the order they came."""
        frames = [frame("resource", number) for number in (1, 2, 3)]
        for each in frames:
            self.queue.push(each)
        self.assertEqual(self.drain(), frames)

    def test_newestHeartbeat(self) -> None:
        """A newer heartbeat takes the place of an older one that still waits."""
        for number in (1, 2, 3):
            self.queue.push(status(number))
        self.assertEqual((self.drain(), self.queue.dropped), ([status(3)], 2))

    def test_heartbeatOfEach(self) -> None:
        """Heartbeats of other nodes, passed on in a ring, are kept apart."""
        for each in (status(1, "alpha"), status(1, "beta"), status(2, "alpha")):
            self.queue.push(each)
        self.assertEqual(sorted(self.drain()), sorted([status(1, "beta"), status(2, "alpha")]))

    def test_heartbeatFirst(self) -> None:
        """A heartbeat leaves before messages, and those before what is sent again."""
        self.queue.push(frame("resource", 5))
        self.queue.push(frame("resource", 3))
        self.queue.push(frame("resource", 6))
        self.queue.push(status(7))
        self.assertEqual(
            self.drain(), [status(7), frame("resource", 5), frame("resource", 6), frame("resource", 3)]
        )

    def test_oldHeartbeatAgain(self) -> None:
        """An old heartbeat that is asked for again does not take the place of the new one."""
        self.queue.push(status(9))
        self.queue.push(status(4))
        self.assertEqual(self.drain(), [status(9), status(4)])

    def test_newestAgain(self) -> None:
        """The last message that left, asked for again, is behind those that have not left at all."""
        self.queue.push(frame("resource", 5))
        self.drain()
        self.queue.push(frame("resource", 5))
        self.queue.push(frame("resource", 6))
        self.assertEqual(self.drain(), [frame("resource", 6), frame("resource", 5)])

    def test_restarted(self) -> None:
        """A restarted node counts from 1 again, in a higher generation."""
        self.queue.push(status(900, hg=1))
        self.queue.push(status(1, hg=2))
        self.assertEqual(self.drain(), [status(1, hg=2)])

    def test_same(self) -> None:
        """A frame that already waits does not wait twice."""
        for _ in range(3):
            self.queue.push(status(1))
            self.queue.push(frame("resource", 2))
        self.assertEqual(self.drain(), [status(1), frame("resource", 2)])

    def test_beingSent(self) -> None:
        """A frame of which a part has left is finished, whatever comes."""
        self.queue.push(status(1))
        self.queue.advance(len(self.queue.piece(10)))
        self.queue.push(status(2))
        self.assertEqual(self.drain(), [status(1)[10:], status(2)])

    def test_bounded(self) -> None:
        """What is too much is dropped from the oldest on, and heartbeats never."""
        self.queue.push(status(1))
        for number in range(2, 102):
            self.queue.push(frame("resource", number, padding=50))
            self.assertTrue(len(self.queue) <= 1000)
        taken = self.drain()
        self.assertEqual((taken[0], taken[-1]), (status(1), frame("resource", 101, padding=50)))
        self.assertEqual(self.queue.dropped, 101 - len(taken))

    def test_resentGoesFirst(self) -> None:
        """What is sent again is dropped before what is new."""
        self.queue.push(frame("resource", 50, padding=300))
        for number in range(1, 20):
            self.queue.push(frame("resource", number, padding=300))
        self.assertEqual(self.drain()[0], frame("resource", 50, padding=300))

    def test_giant(self) -> None:
        """One message longer than the whole bound is sent all the same."""
        giant = frame("nodelist", 1, padding=5000)
        self.queue.push(giant)
        self.assertEqual(self.drain(), [giant])

    def test_unsequenced(self) -> None:
        """What has no sequence number, or a broken one, is an ordinary message."""
        odd = [b">>>\nt=NS_ackmsg\nsrc=alpha\n<<<\n", b">>>\nt=x\nsrc=alpha\nseq=zz\n<<<\n", b"junk"]
        for each in odd:
            self.queue.push(each)
        self.assertEqual(self.drain(), odd)

    def test_abandon(self) -> None:
        """After giving up, the newest heartbeats are left, behind an end marker of their own."""
        self.queue.push(frame("resource", 1))
        self.queue.advance(len(self.queue.piece(5)))
        self.queue.push(frame("resource", 2))
        self.queue.push(status(3))
        self.queue.abandon()
        self.assertEqual((self.drain(), self.queue.dropped), ([b"\n<<<\n" + status(3)], 2))
        self.queue.push(status(4))
        self.assertEqual(self.drain(), [status(4)])

    def test_abandonHeartbeat(self) -> None:
        """A heartbeat that was being sent is sent again from its start, unless there is a newer one."""
        self.queue.push(status(1))
        for _ in range(2):
            self.queue.advance(len(self.queue.piece(5)))
            self.queue.abandon()
        self.assertEqual((len(self.queue), self.queue.dropped), (len(status(1)), 0))
        self.queue.advance(len(self.queue.piece(5)))
        self.queue.push(status(2))
        self.queue.abandon()
        self.assertEqual((self.drain(), self.queue.dropped), ([b"\n<<<\n" + status(2)], 1))


class FakeLine:
    """A line whose kernel buffer drains when a test says so."""

    def __init__(self, room: int = 4096) -> None:
        self.room = room
        self.held = b""
        self.left = b""
        self.tells = True
        self.gone = False
        self.discards = 0

    def writeSomeData(self, data: bytes) -> object:
        if self.gone:
            return CONNECTION_LOST
        taken = data[: self.room - len(self.held)]
        self.held += taken
        return len(taken)

    def outstanding(self) -> int:
        return len(self.held) if self.tells else 0

    def discard(self) -> None:
        self.held = b""
        self.discards += 1

    def drain(self, count: int = 1_000_000) -> None:
        self.left += self.held[:count]
        self.held = self.held[count:]


class SerialWriterTests(SynchronousTestCase):
    """L{SerialWriter}."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.queue = OutputQueue(4096)
        self.line = FakeLine()
        self.told: list[str] = []
        self.writer = SerialWriter(
            self.clock,
            9600,
            self.queue,
            lambda: self.told.append("stalled"),
            lambda: self.told.append("flowing"),
            lambda reason: self.told.append("lost"),
        )

    def push(self, *frames: bytes) -> None:
        for each in frames:
            self.queue.push(each)
            self.writer.kick()

    def run_(self, seconds: float, draining: bool = True) -> None:
        """Let time pass in small steps, with a line that drains at its speed or not at all."""
        for _ in range(round(seconds / 0.01)):
            if draining:
                self.line.drain(10)
            self.clock.advance(0.01)

    def test_sends(self) -> None:
        """A frame is handed over at once."""
        self.writer.attach(self.line)
        self.push(status(1))
        self.assertEqual(self.line.held, status(1))

    def test_unattached(self) -> None:
        """What is queued while there is no line is sent when there is one."""
        self.push(status(1))
        self.writer.attach(self.line)
        self.assertEqual(self.line.held, status(1))

    def test_pieces(self) -> None:
        """A long frame leaves in pieces, and the kernel never holds more than one."""
        long = frame("nodelist", 1, padding=2000)
        self.writer.attach(self.line)
        self.push(long)
        most = 0
        for _ in range(400):
            most = max(most, len(self.line.held))
            self.run_(0.01)
        self.assertEqual((self.line.left, most), (long, 512))

    def test_waitsInOurQueue(self) -> None:
        """While the line is busy a newer heartbeat can still take the place of an older one."""
        self.writer.attach(self.line)
        self.push(frame("resource", 1), status(2), status(3))
        self.run_(2)
        self.assertEqual(self.line.left, frame("resource", 1) + status(3))

    def test_idle(self) -> None:
        """With nothing to send nothing is scheduled."""
        self.writer.attach(self.line)
        self.push(status(1))
        self.run_(2)
        self.assertEqual((self.clock.getDelayedCalls(), self.told), ([], ["flowing"]))

    def test_stalled(self) -> None:
        """A line that nobody reads is emptied after half a second, again and again, and told."""
        self.writer.attach(self.line)
        for number in range(1, 61):
            self.push(status(number), frame("resource", 100 + number, padding=500))
            self.run_(0.1, draining=False)
            self.assertTrue(len(self.queue) <= 4096)
        self.assertTrue(self.line.discards >= 5, self.line.discards)
        self.assertEqual(set(self.told), {"stalled"})

    def test_full(self) -> None:
        """So is one whose kernel does not tell what it holds, but takes nothing."""
        self.line = FakeLine(room=20)
        self.line.tells = False
        self.writer.attach(self.line)
        self.push(status(1))
        self.run_(1, draining=False)
        self.assertIn("stalled", self.told)

    def test_slowIsNotStalled(self) -> None:
        """A line that moves, however slowly, is waited for."""
        self.writer.attach(self.line)
        self.push(frame("nodelist", 1, padding=400))
        for _ in range(100):
            self.line.drain(5)
            self.run_(0.4, draining=False)
        self.assertEqual((self.line.discards, self.told), (0, ["flowing"]))

    def test_flowsAgain(self) -> None:
        """When somebody reads again the newest heartbeat comes whole, and after a while that is told."""
        self.writer.attach(self.line)
        self.push(frame("resource", 1))
        self.run_(0.2)
        self.push(status(2))
        self.run_(1.5, draining=False)
        self.told.clear()
        for number in range(3, 13):
            self.push(status(number))
            self.run_(1)
        self.assertTrue(self.line.left.endswith(b"".join(status(number) for number in range(4, 13))))
        self.assertIn(b"\n<<<\n" + status(3), self.line.left)
        self.assertIn("flowing", self.told)
        self.assertTrue(len(self.told) < 10)

    def test_lost(self) -> None:
        """A line that is gone is told."""
        self.writer.attach(self.line)
        self.line.gone = True
        self.push(status(1))
        self.assertEqual(self.told, ["lost"])

    def test_detach(self) -> None:
        """After detaching nothing is written or scheduled."""
        self.writer.attach(self.line)
        self.push(status(1))
        self.writer.detach()
        self.push(status(2))
        self.assertEqual((self.line.held, self.clock.getDelayedCalls()), (status(1), []))

    def test_finish(self) -> None:
        """Who finishes is told when the last byte has left the line, and no earlier."""
        self.writer.attach(self.line)
        self.push(frame("resource", 1), frame("shutdone", 2))
        finished = self.writer.finish()
        self.run_(0.05)
        self.assertNoResult(finished)
        self.run_(2)
        self.successResultOf(finished)
        self.assertEqual(self.line.left, frame("resource", 1) + frame("shutdone", 2))

    def test_finishIdle(self) -> None:
        """With nothing to send, or no line, that is now."""
        self.successResultOf(self.writer.finish())
        self.writer.attach(self.line)
        self.successResultOf(self.writer.finish())

    def test_finishStuck(self) -> None:
        """A line that does not move is not waited for: neither when that shows, nor from then on."""
        self.writer.attach(self.line)
        self.push(frame("resource", 1), frame("shutdone", 2))
        finished = self.writer.finish()
        self.run_(SerialWriter.STALL + 0.3, draining=False)
        self.successResultOf(finished)
        self.push(frame("resource", 3))
        self.successResultOf(self.writer.finish())

    def test_finishDetached(self) -> None:
        """Nor is one that is taken away."""
        self.writer.attach(self.line)
        self.push(frame("resource", 1))
        finished = self.writer.finish()
        self.writer.detach()
        self.successResultOf(finished)
