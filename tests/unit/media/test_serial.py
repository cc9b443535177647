"""Tests of L{twisted_ha.media.serial}, over pseudo terminals with a tamperer at the other end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.unit.media.fakes import FakePlatform, RecordingBus, RecordingSink
from twisted_ha.config.model import SerialMedium as SerialConfig
from twisted_ha.errors import MediumError
from twisted_ha.events import MediumDown
from twisted_ha.interfaces import IMedium
from twisted_ha.media.serial import SerialMedium

VECTORS = Path(__file__).parents[2] / "data" / "vectors" / "serial-stream.json"


def status(seq: int) -> bytes:
    """A heartbeat."""
    return f">>>\nt=status\nsrc=alpha\nseq={seq:x}\nhg=1\n<<<\n".encode()


def resource(seq: int, padding: bytes = b"") -> bytes:
    """A message that no newer one replaces."""
    return status(seq).replace(b"t=status", b"t=resource\npadding=" + padding)


class Cable:
    """The other end of the line: what the medium opens is a symbolic link to a pseudo terminal."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.master = -1

    def plug(self) -> None:
        """The device appears."""
        self.master, slave = os.openpty()
        os.set_blocking(self.master, False)
        os.symlink(os.ttyname(slave), self.path)
        os.close(slave)

    def unplug(self) -> None:
        """The device disappears, and who has it open is hung up on."""
        os.unlink(self.path)
        os.close(self.master)
        self.master = -1

    def read(self) -> bytes:
        """What has come so far."""
        read = b""
        try:
            while some := os.read(self.master, 65536):
                read += some
        except OSError:
            pass
        return read


class SerialTestCase(TestCase):
    """A medium on one end of a cable."""

    timeout = 20

    def setUp(self) -> None:
        self.bus = RecordingBus(reactor)
        self.platform = FakePlatform()
        self.sink = RecordingSink()
        self.cable = Cable(self.mktemp())
        self.cable.plug()
        self.addCleanup(lambda: self.cable.master != -1 and self.cable.unplug())

    def medium(self, baud: int = 460800) -> SerialMedium:
        medium = SerialMedium(
            SerialConfig(device=self.cable.path, baud=baud),
            self.platform,
            reactor,
            self.bus,
        )
        self.addCleanup(medium.close)
        return medium

    def opened(self, baud: int = 460800) -> SerialMedium:
        medium = self.medium(baud)
        medium.open(self.sink)
        self.bus.told()
        return medium

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the reactor run until something is so; the test's time limit is the limit."""
        while not condition():
            await deferLater(reactor, 0.01)

    async def receive(self, ending: bytes) -> bytes:
        """Everything that comes until it ends so."""
        received = b""
        while not received.endswith(ending):
            await deferLater(reactor, 0.01)
            received += self.cable.read()
        return received


class SerialMediumTests(SerialTestCase):
    """L{SerialMedium}."""

    def test_interface(self) -> None:
        """It is a medium of frames without a closing NUL."""
        medium = self.medium()
        verifyObject(IMedium, medium)
        self.assertEqual((medium.datagram, medium.pingNode, medium.kind), (False, None, "serial"))

    async def test_sends(self) -> None:
        """Frames come out at the other end as they are."""
        medium = self.opened()
        medium.send(status(1))
        self.assertEqual(await self.receive(b"<<<\n"), status(1))

    async def test_tap(self) -> None:
        """Whoever wants to sees every byte, those that are no message too."""
        medium = self.opened()
        tapped: list[bytes] = []
        medium.tap = tapped.append
        os.write(self.cable.master, b"hello\n" + status(1))
        await self.until(lambda: self.sink.heard)
        self.assertEqual(b"".join(tapped), b"hello\n" + status(1))
        self.assertEqual(self.sink.frames, [status(1)])

    async def test_hears(self) -> None:
        """Every stream captured from a real node gives its messages: whole, with garbage, torn."""
        for vector in json.loads(VECTORS.read_text())["vectors"]:
            medium = self.opened()
            self.sink.heard.clear()
            stream = bytes.fromhex(vector["stream_hex"])
            expected = [bytes.fromhex(message) for message in vector["messages_hex"]]
            # Chunks smaller than a terminal's buffer, at odd boundaries.
            for start in range(0, len(stream), 777):
                os.write(self.cable.master, stream[start : start + 777])
                await deferLater(reactor, 0.001)
            await self.until(lambda: self.sink.frames[-1:] == expected[-1:])  # noqa: B023
            # What a lost end marker merges is a frame too; the codec refuses it.
            whole = [frame for frame in self.sink.frames if frame in expected]
            self.assertEqual(whole, expected, vector["id"])
            await medium.close()

    async def test_sevenBits(self) -> None:
        """Only seven bits of a byte pass, and no carriage returns."""
        self.opened()
        os.write(self.cable.master, b">>>\r\nt=st\xe1tus\r\n<<<\r\n")
        await self.until(lambda: self.sink.heard)
        self.assertEqual(self.sink.heard, [(b">>>\nt=status\n<<<\n", self.cable.path, "its other end")])

    async def test_nobodyReads(self) -> None:
        """A line nobody reads is told, never blocks, and takes a bounded amount of memory."""
        medium = self.opened()
        for number in range(1, 1500):
            medium.send(status(number) + b"x" * 500 + b"\n")
            if number % 100 == 0:
                await deferLater(reactor, 0.01)
            self.assertTrue(len(medium._queue) < 460800)
        sequence = 1500
        while not self.bus.events:
            sequence += 1
            medium.send(status(sequence) + b"y" * 5000 + b"\n")
            await deferLater(reactor, 0.01)
        (event,) = self.bus.events
        assert isinstance(event, MediumDown)
        self.assertIn("nothing leaves the line", event.reason)
        self.assertTrue(medium.losses)

    async def test_readerReturns(self) -> None:
        """When somebody reads again, the newest heartbeat arrives and the oldest do not."""
        medium = self.opened(9600)
        filler = os.open(self.cable.path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        self.addCleanup(os.close, filler)
        for size in (512, 1):
            try:
                while True:
                    os.write(filler, b"x" * size)
            except BlockingIOError:
                pass
        newest = 0
        while not self.bus.events:
            # The kernel may find room for a few more.
            for _ in range(10):
                newest += 1
                medium.send(status(newest))
            await deferLater(reactor, 0.01)
        received = await self.receive(status(newest))
        self.assertNotIn(status(newest - 10), received)

    async def test_unplugged(self) -> None:
        """A port that is unplugged and plugged in again is opened again, and each is told once."""
        medium = self.opened()
        self.cable.unplug()
        await self.until(lambda: self.bus.events)
        medium.send(status(1))
        medium.send(status(2))
        self.assertEqual(self.bus.told(), ["MediumDown"])
        self.cable.plug()
        await self.until(lambda: self.bus.events)
        self.assertEqual(self.bus.told(), ["MediumUp"])
        self.assertEqual(await self.receive(b"<<<\n"), b"\n<<<\n" + status(2))
        os.write(self.cable.master, status(3))
        await self.until(lambda: self.sink.heard)
        self.assertEqual(self.sink.frames, [status(3)])

    async def test_tornByHangUp(self) -> None:
        """Half a message from before a hang-up does not cost the first one after it."""
        self.opened()
        os.write(self.cable.master, b">>>\nt=status\nsrc=al")
        await deferLater(reactor, 0.05)
        self.cable.unplug()
        await self.until(lambda: self.bus.events)
        self.cable.plug()
        await self.until(lambda: len(self.bus.events) == 2)
        os.write(self.cable.master, status(3))
        await self.until(lambda: self.sink.heard)
        self.assertEqual(self.sink.frames, [status(3)])

    async def test_close(self) -> None:
        """Closing gives the device and the lock back, and can be followed by opening."""
        medium = self.opened()
        await medium.close()
        self.assertFalse(self.platform.lock.taken)
        medium.send(status(1))
        medium.open(self.sink)
        medium.send(status(2))
        self.assertTrue((await self.receive(b"<<<\n")).endswith(status(2)))

    async def test_closeBlocked(self) -> None:
        """Closing a line that nobody reads does not wait for it."""
        medium = self.opened()
        for number in range(1, 100):
            medium.send(resource(number, b"x" * 1000))
        await self.until(lambda: "MediumDown" in self.bus.told())
        closed: Deferred[None] = medium.close()
        self.successResultOf(closed)

    async def test_lastWords(self) -> None:
        """What waits when the line is closed is carried first: a node's farewell on its only line."""
        medium = self.opened(baud=115200)
        frames = [resource(number) for number in range(1, 20)]
        await deferLater(reactor, 0.3)  # the break at the beginning of a line
        for frame in frames:
            medium.send(frame)
        closed = medium.close()
        self.assertEqual(await self.receive(frames[-1]), b"".join(frames))
        await closed
        self.assertFalse(self.platform.lock.taken)

    def test_busy(self) -> None:
        """A locked line is refused, and said by whom."""
        self.platform.lock.busy = "in use: process 17 has locked it"
        error = self.assertRaises(MediumError, self.medium().open, self.sink)
        self.assertEqual(str(error), f"serial {self.cable.path}: in use: process 17 has locked it")

    def test_missing(self) -> None:
        """A missing device is refused, and the lock is given back."""
        self.cable.unplug()
        error = self.assertRaises(MediumError, self.medium().open, self.sink)
        self.assertIn(f"there is no device {self.cable.path}", str(error))
        self.assertFalse(self.platform.lock.taken)

    async def test_twoLines(self) -> None:
        """Two lines are two media: the loss of one leaves the other alone."""
        first = self.opened()
        second = SerialTestCase()
        second.setUp()
        self.addCleanup(second.doCleanups)
        other = second.opened()
        self.cable.unplug()
        await self.until(lambda: self.bus.events)
        other.send(status(1))
        self.assertEqual(await second.receive(b"<<<\n"), status(1))
        self.assertEqual(second.bus.told(), [])
        await first.close()
        await other.close()
