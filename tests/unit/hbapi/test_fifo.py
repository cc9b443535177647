"""The command FIFO."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from twisted_ha.bus import EventBus
from twisted_ha.events import Event
from twisted_ha.hbapi.fifo import CommandFifo, CommandReader
from twisted_ha.hbapi.frames import readBody
from twisted_ha.wire.message import Message

VECTORS = Path(__file__).parents[2] / "data" / "vectors" / "api" / "fifo-tools.json"
STANDBY = b">>>\nt=ask_resources\nrsc_hold=all\ninfo=me\n<<<\n"


class ReaderTests(SynchronousTestCase):
    """L{CommandReader}."""

    def test_tools(self) -> None:
        """Every message of every tool is found, in whatever pieces it comes."""
        for case in json.loads(VECTORS.read_text())["cases"]:
            data = bytes.fromhex(case["fifo_hex"])
            for size in (1, 3, 1000):
                reader = CommandReader()
                found = []
                for start in range(0, len(data), size):
                    found += list(reader.feed(data[start : start + size]))
                self.assertEqual(found, [data] if data else [])
                self.assertFalse(reader.partial)

    def test_noise(self) -> None:
        """Lines outside of a message mean nothing."""
        self.assertEqual(list(CommandReader().feed(b"hello\n<<<\n\n" + STANDBY)), [STANDBY])

    def test_again(self) -> None:
        """A message begun anew is another message."""
        reader = CommandReader()
        self.assertEqual(list(reader.feed(b">>>\nt=x\n" + STANDBY)), [STANDBY])
        self.assertTrue(reader.discarded)

    def test_longLine(self) -> None:
        """A line longer than the original's limit spoils its message and no other, and is not kept."""
        reader = CommandReader()
        self.assertEqual(list(reader.feed(b">>>\nt=x\nv=" + b"v" * 600)), [])
        self.assertIn("511", reader.discarded)
        for _ in range(100):
            list(reader.feed(b"v" * 600))
        self.assertEqual(list(reader.feed(b"\n<<<\n" + STANDBY)), [STANDBY])

    def test_manyLines(self) -> None:
        """So does a message of too many lines."""
        reader = CommandReader()
        self.assertEqual(list(reader.feed(b">>>\n" + b"a=b\n" * 200 + b"<<<\n" + STANDBY)), [STANDBY])

    def test_reset(self) -> None:
        """What has no end can be forgotten."""
        reader = CommandReader()
        self.assertEqual(list(reader.feed(STANDBY[:-6])), [])
        reader.reset()
        self.assertFalse(reader.partial)
        self.assertEqual(list(reader.feed(STANDBY)), [STANDBY])

    @given(st.lists(st.binary(max_size=40), max_size=20))
    def test_anything(self, pieces: list[bytes]) -> None:
        """Whatever was written before, a message begun afterwards is found."""
        reader = CommandReader()
        for piece in pieces:
            list(reader.feed(piece))
        self.assertEqual(list(reader.feed(b"\n" + STANDBY))[-1:], [STANDBY])


class FifoTests(TestCase):
    """L{CommandFifo} on a real one."""

    def setUp(self) -> None:
        self.path = os.path.abspath(self.mktemp())
        self.clock = Clock()
        self.events: list[str] = []
        bus = EventBus(self.clock)
        bus.subscribe(self._told)
        self.messages: list[Message] = []
        self.next: Deferred[Message] = Deferred()
        self.fifo = CommandFifo(
            self.path, reactor=reactor, clock=self.clock, bus=bus, received=self._received
        )
        self.addCleanup(self.fifo.close)

    def _told(self, event: Event, when: float) -> None:
        self.events.append(event.render())

    def _received(self, message: Message) -> None:
        self.messages.append(message)
        waiting, self.next = self.next, Deferred()
        waiting.callback(message)

    def assertFifo(self) -> None:
        """What is there is ours alone."""
        mode = os.stat(self.path).st_mode
        self.assertTrue(stat.S_ISFIFO(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_made(self) -> None:
        """It is made if there is none, for root alone, and stays when the daemon is gone."""
        self.fifo.open()
        self.assertFifo()
        self.fifo.close()
        self.assertFifo()

    def test_replaced(self) -> None:
        """A file a script has made of that name gives way."""
        with open(self.path, "wb") as file:
            file.write(STANDBY)
        self.fifo.open()
        self.assertFifo()

    def test_narrowed(self) -> None:
        """A FIFO that others may write is theirs no longer."""
        os.mkfifo(self.path, 0o666)
        os.chmod(self.path, 0o666)
        self.fifo.open()
        self.assertFifo()

    def test_directory(self) -> None:
        """What cannot give way is told, and nothing else follows."""
        os.mkdir(self.path)
        self.fifo.open()
        self.assertIn("a directory of that name", self.events[0])

    async def test_heard(self) -> None:
        """What is written is heard, from one writer after the other."""
        self.fifo.open()
        for word in (b"all", b"local"):
            waiting = self.next
            with open(self.path, "ab") as file:
                file.write(STANDBY.replace(b"all", word))
            message = await waiting
            self.assertEqual(message.get("rsc_hold"), word.decode())

    def test_incomplete(self) -> None:
        """A message that has no end is dropped after a while, and the next one is whole."""
        self.fifo.dataReceived(b">>>\nt=x\n")
        self.clock.advance(2.9)
        self.assertEqual(self.events, [])
        self.clock.advance(0.2)
        self.assertIn("it has no end", self.events[0])
        self.fifo.dataReceived(STANDBY)
        self.assertEqual(self.messages, [readBody(STANDBY)])

    def test_slow(self) -> None:
        """One that comes slowly is not."""
        for line in STANDBY.splitlines(keepends=True):
            self.fifo.dataReceived(line)
            self.clock.advance(2.0)
        self.assertEqual(len(self.messages), 1)

    def test_bad(self) -> None:
        """What is no message, or has no type, is told with the reason."""
        self.fifo.dataReceived(b">>>\nt\n<<<\n>>>\na=b\n<<<\n" + STANDBY)
        self.assertIn("a line without =", self.events[0])
        self.assertIn("no type", self.events[1])
        self.assertEqual(len(self.messages), 1)
