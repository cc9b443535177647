"""Tests of L{twisted_ha.media.shield}."""

from __future__ import annotations

import contextlib
import socket

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.unit.media.fakes import FakePlatform, FakeReactor, RecordingBus, RecordingSink
from tests.unit.media.test_registry import configured
from twisted_ha.config.model import BcastMedium
from twisted_ha.media.listening import Listening
from twisted_ha.media.registry import buildMedia
from twisted_ha.media.shield import Shield

PEER = ("10.77.1.2", 40123)
STRANGER = ("10.77.1.254", 40000)


class ShieldTests(SynchronousTestCase):
    """One socket, a peer, and somebody who floods."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.platform = FakePlatform("eth1")
        self.sink = RecordingSink()
        self.sink.strangers.add(b"flood")
        config = configured(BcastMedium(interface="eth1", port=694))
        (self.medium,) = buildMedia(config, self.platform, self.reactor, RecordingBus(self.reactor))
        self.medium.open(self.sink)
        (self.socket,) = self.platform.receivers()
        self.said: list[str] = []

    def flood(self, seconds: float) -> None:
        """More arrives than is read, for so long."""
        end = self.reactor.seconds() + seconds
        while self.reactor.seconds() < end:
            for _ in range(2 * Listening.AT_ONCE):
                self.socket.arrive(b"flood", STRANGER)
            self.reactor.read()
            self.reactor.advance(0.01)

    def empty(self) -> None:
        """Everything is read."""
        while self.socket.incoming:
            self.reactor.read()
        self.reactor.read()

    def peer(self) -> None:
        """The peer is heard."""
        self.socket.arrive(b"beat", PEER)
        self.empty()

    def test_raised(self) -> None:
        """Under a flood only the peer's address is let through, until some time later."""
        self.peer()
        self.flood(Shield.PATIENCE / 2)
        self.assertEqual(self.socket.filters, [])
        self.flood(Shield.PATIENCE)
        self.assertEqual(self.socket.filters, [(PEER[0],)])
        self.empty()
        self.reactor.advance(Shield.TERM)
        self.assertEqual(self.socket.filters, [(PEER[0],), ()])

    def test_lasting(self) -> None:
        """A flood that goes on has it raised again."""
        self.peer()
        self.flood(2 * Shield.TERM)
        self.assertEqual(self.socket.filters, [(PEER[0],), (), (PEER[0],)])

    def test_burst(self) -> None:
        """A queue that is read to its end in between is no flood."""
        self.peer()
        for _ in range(10):
            self.flood(Shield.PATIENCE / 2)
            self.empty()
        self.assertEqual(self.socket.filters, [])

    def test_slowMachine(self) -> None:
        """Turns that take long, with pauses between them, are no flood."""
        shield = Shield(self.reactor, lambda friends: self.said.extend(friends))
        shield.friend(PEER[0])
        for _ in range(100):
            shield.pressed()
            self.reactor.advance(0.5)
        self.assertEqual(self.said, [])

    def test_nobodyKnown(self) -> None:
        """While no peer was heard yet, everybody may be one."""
        self.flood(2 * Shield.PATIENCE)
        self.assertEqual(self.socket.filters, [])

    def test_bounded(self) -> None:
        """What is played again from a thousand addresses is remembered of some only."""
        shield = Shield(self.reactor, lambda friends: self.said.extend(friends))
        for number in range(1000):
            shield.friend(f"10.0.{number // 250}.{number % 250}")
        for _ in range(10):
            shield.pressed()
            self.reactor.advance(Shield.PAUSE / 2)
        self.assertEqual(len(self.said), Shield.FRIENDS)

    def test_closed(self) -> None:
        """Nothing is left scheduled when the medium is closed under a flood."""
        self.peer()
        self.flood(2 * Shield.PATIENCE)
        self.medium.close()
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class KernelTests(SynchronousTestCase):
    """The kernel's own filter, on the loopback interface."""

    def heard(self, friends: tuple[str, ...]) -> dict[str, int]:
        """How many of 320 datagrams from each of two addresses come through."""
        try:
            from twisted_ha.platform.linux_filter import attach, program

            receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(receiver.close)
            attach(receiver, program(False, friends)[3:])  # on this interface everything is a copy
        except OSError as error:
            raise SkipTest(f"there is no such filter here: {error}") from None
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        counts = {}
        for address in ("127.0.0.2", "127.0.0.3"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.bind((address, 0))
                count = 0
                for _ in range(320):
                    sender.sendto(b"x", receiver.getsockname())
                    with contextlib.suppress(BlockingIOError):
                        count += len(receiver.recv(9))
                counts[address] = count
        return counts

    def test_open(self) -> None:
        """Without a flood everybody is heard."""
        self.assertEqual(self.heard(()), {"127.0.0.2": 320, "127.0.0.3": 320})

    def test_shielded(self) -> None:
        """With the shield up a friend is heard always, and a stranger now and then."""
        counts = self.heard(("10.0.0.1", "127.0.0.2"))
        self.assertEqual(counts["127.0.0.2"], 320)
        self.assertTrue(0 < counts["127.0.0.3"] < 80, counts)
