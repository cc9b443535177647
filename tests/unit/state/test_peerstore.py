"""Tests for L{twisted_ha.state.peerstore} and L{twisted_ha.state.peersfile}."""

from __future__ import annotations

import errno
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.state.test_files import FakeDisk, PowerLost
from twisted_ha.bus import EventBus
from twisted_ha.events import Event
from twisted_ha.interfaces import IMarkStore
from twisted_ha.state.files import PEERS_FILE, StateDirectory
from twisted_ha.state.peersfile import readMarks, writeMarks
from twisted_ha.state.peerstore import PeerStore
from twisted_ha.terms import LifeMark, NodeName

PATH = f"/state/{PEERS_FILE}"
ALPHA, BETA = NodeName("alpha"), NodeName("beta")
MARKS = {BETA: LifeMark(1_795_419_705, 5321), ALPHA: LifeMark(3, 4)}


class TextTests(SynchronousTestCase):
    """The file as text."""

    def test_bothWays(self) -> None:
        """It is read as it was written, and says itself how to repair with it."""
        content = writeMarks(MARKS)
        self.assertEqual(readMarks(content), MARKS)
        self.assertIn(b"\nalpha 3 4\nbeta 1795419705 5321\ncheck ", content)
        self.assertIn(b"remove this file", content)

    def test_damaged(self) -> None:
        """Cut off anywhere, or with one byte changed anywhere, it is not believed."""
        content = writeMarks(MARKS)
        for length in range(len(content)):
            self.assertIsNone(readMarks(content[:length]))
            changed = bytes([content[length] ^ 1])
            self.assertIsNone(readMarks(content[:length] + changed + content[length + 1 :]))

    def test_otherLines(self) -> None:
        """Nor is one whose lines are something else, whatever its checksum."""
        content = writeMarks({NodeName("two words"): LifeMark(1, 2)})
        self.assertIsNone(readMarks(content))


class PeerStoreTests(SynchronousTestCase):
    """L{PeerStore}."""

    def setUp(self) -> None:
        self.disk = FakeDisk()
        self.events: list[Event] = []
        self.bus = EventBus(Clock())
        self.bus.subscribe(lambda event, when: self.events.append(event))
        self.threads: list[tuple[Callable[[], None], Deferred[None]]] = []
        self.store = self.open()

    def open(self) -> PeerStore:
        state = StateDirectory("/state", wallClock=lambda: 0.0, disk=self.disk)
        return PeerStore(state, self.bus, inThread=self.inThread)

    def inThread(self, call: Callable[..., None], *args: object) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.threads.append((lambda: call(*args), done))
        return done

    def runThread(self) -> None:
        """What a thread does."""
        call, done = self.threads.pop(0)
        try:
            call()
        except Exception:
            done.errback()
        else:
            done.callback(None)

    def test_interface(self) -> None:
        """It is an L{IMarkStore}."""
        verifyObject(IMarkStore, self.store)
        self.assertEqual(self.store.place, PATH)

    def test_nothingYet(self) -> None:
        """Without a file nothing is known, and that is no trouble."""
        self.assertEqual((self.store.load(), self.events), ({}, []))

    def test_nextLife(self) -> None:
        """What was saved is there in the next life, and after a power failure."""
        self.store.save(MARKS)
        self.assertEqual(self.disk.files, {})
        self.runThread()
        self.disk.powerFails()
        self.assertEqual(self.open().load(), MARKS)

    def test_oneAtATime(self) -> None:
        """While one is being written only the newest of the others waits."""
        for sequence in (1, 2, 3):
            self.store.save({BETA: LifeMark(1, sequence)})
        self.assertEqual(len(self.threads), 1)
        settled = self.store.settled()
        self.runThread()
        self.assertNoResult(settled)
        self.runThread()
        self.successResultOf(settled)
        self.assertEqual(self.threads, [])
        self.assertEqual(self.store.load(), {BETA: LifeMark(1, 3)})
        self.successResultOf(self.store.settled())

    def test_full(self) -> None:
        """A full disk is told once, until it is not full any more; the old file stays."""
        self.store.save(MARKS)
        self.runThread()
        for number in (errno.ENOSPC, errno.ENOSPC, 0, errno.EROFS):
            self.disk.failures = {"write": number} if number else {}
            self.store.save({BETA: LifeMark(9, 9)} if not number else {})
            self.runThread()
        texts = [event.render() for event in self.events]
        self.assertEqual(len(texts), 2)
        self.assertIn(f"{PATH} cannot be written", texts[0])
        self.assertIn("free some space", texts[0])
        self.assertIn("read-only", texts[1])
        self.disk.failures = {}
        self.assertEqual(self.store.load(), {BETA: LifeMark(9, 9)})

    def test_unreadable(self) -> None:
        """A file that cannot be read, or is damaged, is a warning."""
        self.disk.failures = {"read": errno.EIO}
        self.assertEqual(self.store.load(), {})
        self.disk.failures = {}
        self.disk.files[PATH] = b"beta 1 1\n"
        self.assertEqual(self.store.load(), {})
        texts = [event.render() for event in self.events]
        self.assertIn("cannot be read", texts[0])
        self.assertIn(f"{PATH} is damaged", texts[1])

    def test_noThread(self) -> None:
        """Where no thread can be had, that is logged and the daemon goes on."""

        def refuse(call: object, *args: object) -> Deferred[None]:
            raise RuntimeError("can't start new thread")

        state = StateDirectory("/state", wallClock=lambda: 0.0, disk=self.disk)
        store = PeerStore(state, self.bus, inThread=refuse)
        store.save(MARKS)
        self.successResultOf(store.settled())
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_powerFailure(self) -> None:
        """Whenever the power goes, the file is the old one or the new one."""
        self.store.save(MARKS)
        self.runThread()
        for step in range(4):
            self.disk.steps = step
            state = StateDirectory("/state", wallClock=lambda: 0.0, disk=self.disk)
            self.assertRaises(PowerLost, state.keepPeers, {BETA: LifeMark(step, 1)})
            self.disk.powerFails()
            self.assertIn(self.open().load(), (MARKS, {BETA: LifeMark(step, 1)}), step)
        self.assertEqual(self.events, [])
