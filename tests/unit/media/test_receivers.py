"""Tests of L{twisted_ha.media.receivers} and L{twisted_ha.media.listening}."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.unit.media.fakes import FakePlatform, FakeReactor, FakeSocket, kernelError
from twisted_ha.errors import MediumError
from twisted_ha.media.listening import Listening, sourceOf
from twisted_ha.media.receivers import Receivers
from twisted_ha.platform.interface import Ancillary, NetworkInterface, ReceiveSocket

SOURCE = ("10.77.1.2", 40123)


def indexOf(ancillary: Ancillary) -> int | None:
    """An arrival as the fakes write it."""
    return ancillary[0][0] if ancillary else None


class WildcardPlatform(FakePlatform):
    """A kernel that cannot bind a socket to an interface."""

    hearsInterface = False

    def receiver(
        self, interface: NetworkInterface, port: int, ipv6: bool, shared: bool
    ) -> ReceiveSocket:
        return ReceiveSocket(socket=self._make("receiver", 0, port, ipv6, shared), arrival=indexOf)


class ReceiversTests(SynchronousTestCase):
    """L{Receivers}."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.platform = FakePlatform("eth1", "eth2")
        self.receivers = Receivers(self.reactor, self.platform, frozenset({(False, 700)}))
        self.heard: list[tuple[str, bytes]] = []
        self.lost: list[str] = []

    def join(self, who: str, interface: str = "eth1", port: int = 694, ipv6: bool = False) -> Any:
        return self.receivers.join(
            self.platform.interface(interface),
            port,
            ipv6,
            lambda datagram, source: self.heard.append((who, datagram)),
            lambda reason: self.lost.append(who),
        )

    def arrive(self, datagram: bytes) -> None:
        (receiver,) = self.platform.receivers()
        receiver.arrive(datagram, SOURCE)
        self.reactor.read()

    def test_oneSocket(self) -> None:
        """Several media on one interface and port share one socket, and one of them hears."""
        self.join("first")
        self.join("second")
        self.arrive(b"frame")
        self.assertEqual(self.heard, [("first", b"frame")])

    def test_separate(self) -> None:
        """Another interface, port or protocol version is another socket."""
        self.join("a")
        self.join("b", interface="eth2")
        self.join("c", port=695)
        self.join("d", ipv6=True)
        self.assertEqual(len(self.platform.receivers()), 4)

    def test_exclusive(self) -> None:
        """Only a port that multicast media use too is opened for sharing."""
        self.join("a")
        self.join("b", port=700)
        self.assertEqual([made.purpose[-1] for made in self.platform.made], [False, True])

    def test_lastCloses(self) -> None:
        """The socket is closed when the last one leaves, and opened again for the next."""
        first, second = self.join("first"), self.join("second")
        first.stop()
        self.arrive(b"frame")
        self.assertEqual(self.heard, [("second", b"frame")])
        second.stop()
        second.stop()
        self.assertEqual(self.platform.receivers(), [])
        self.join("third")
        self.assertEqual(len(self.platform.made), 2)

    def test_dies(self) -> None:
        """When a socket fails all who hear it are told, and may join again."""
        self.join("first")
        self.join("second")
        (receiver,) = self.platform.receivers()
        receiver.incoming.append(kernelError(errno.ENOMEM))
        self.reactor.read()
        self.assertEqual(self.lost, ["first", "second"])
        self.join("first")
        self.assertEqual(len(self.platform.made), 2)

    def test_refused(self) -> None:
        """A port that cannot be had is asked for again the next time."""
        self.platform.refusals["receiver"] = MediumError("in use")
        self.assertRaises(MediumError, self.join, "first")
        self.platform.refusals.clear()
        self.join("first")


class ArrivalTests(SynchronousTestCase):
    """One socket for all interfaces, as on FreeBSD."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.platform = WildcardPlatform("em1", "em2")
        self.receivers = Receivers(self.reactor, self.platform)
        self.heard: list[tuple[str, bytes]] = []
        self.lost: list[str] = []
        self.shares = [self.join("em1"), self.join("em2")]
        (self.reader,) = self.reactor.readers
        (made,) = self.platform.made
        self.socket: FakeSocket = made

    def join(self, name: str) -> Any:
        return self.receivers.join(
            self.platform.interface(name),
            694,
            False,
            lambda datagram, source: self.heard.append((name, datagram)),
            lambda reason: self.lost.append(name),
        )

    def arrive(self, datagram: bytes, index: int) -> None:
        self.socket.arrive(datagram, SOURCE, index)

    def test_interface(self) -> None:
        """The reader is what the reactor wants."""
        verifyObject(IReadDescriptor, self.reader)

    def test_toldApart(self) -> None:
        """A datagram goes to the media of the interface it came in by, and to no other."""
        self.arrive(b"one", 2)
        self.arrive(b"two", 3)
        self.arrive(b"stray", 9)
        self.reader.doRead()
        self.assertEqual(self.heard, [("em1", b"one"), ("em2", b"two")])

    def test_flood(self) -> None:
        """One turn reads a bounded number of datagrams, and the next one goes on."""
        for _ in range(1000):
            self.arrive(b"flood", 2)
        self.reader.doRead()
        self.assertEqual(len(self.heard), Listening.AT_ONCE)
        self.reader.doRead()
        self.assertEqual(len(self.heard), 2 * Listening.AT_ONCE)

    def test_costly(self) -> None:
        """One turn ends in time, however few datagrams took it."""

        def slow(datagram: bytes, source: str) -> None:
            self.heard.append(("em1", datagram))
            self.reactor.advance(Listening.TURN / 2)

        self.shares[0].deliver = slow
        for _ in range(10):
            self.arrive(b"costly", 2)
        self.reader.doRead()
        self.assertEqual(len(self.heard), 2)

    def test_error(self) -> None:
        """An error of the socket is told to all and closes it; a signal or an empty queue is none."""
        self.socket.incoming.append(kernelError(errno.EINTR))
        self.reader.doRead()
        self.reader.doRead()
        self.assertEqual(self.lost, [])
        self.socket.incoming.append(kernelError(errno.ENOMEM))
        self.reader.doRead()
        self.assertEqual(
            (self.lost, self.reactor.readers, self.socket.closed), (["em1", "em2"], [], True)
        )

    def test_connectionLost(self) -> None:
        """So is the reactor's giving up."""
        self.reader.connectionLost(Failure(kernelError(errno.EBADF)))
        self.assertEqual(self.lost, ["em1", "em2"])

    def test_close(self) -> None:
        """After the last has left, nothing is read and nothing is told as lost."""
        for share in self.shares:
            share.stop()
        self.assertEqual((self.reactor.readers, self.socket.closed, self.lost), ([], True, []))

    def test_bug(self) -> None:
        """An error in a handler is logged, and reading goes on."""

        def broken(datagram: bytes, source: str) -> None:
            raise ZeroDivisionError

        self.shares[0].deliver = broken
        self.arrive(b"one", 2)
        self.arrive(b"two", 3)
        self.reader.doRead()
        self.assertEqual(self.heard, [("em2", b"two")])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_closedWhileReading(self) -> None:
        """A handler may close the socket that is being read."""

        def closing(datagram: bytes, source: str) -> None:
            for share in self.shares:
                share.stop()

        self.shares[0].deliver = closing
        self.arrive(b"one", 2)
        self.arrive(b"two", 3)
        self.reader.doRead()
        self.assertEqual((self.heard, self.lost), ([], []))


class RealSocketTests(TestCase):
    """Both ways of reading, on the loopback interface and with the real reactor."""

    def bound(self, *options: tuple[int, int, int]) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        for option in options:
            made.setsockopt(*option)
        made.bind(("127.0.0.1", 0))
        return made

    def heardBy(
        self,
        receiving: socket.socket,
        arrival: Callable[[Ancillary], int | None] | None,
        datagram: bytes,
    ) -> Deferred[tuple[bytes, str, int | None]]:
        done: Deferred[tuple[bytes, str, int | None]] = Deferred()
        address = receiving.getsockname()
        listening = Listening(
            reactor,
            ReceiveSocket(socket=receiving, arrival=arrival),
            lambda *heard: done.callback(heard),
            lambda reason: done.errback(RuntimeError(reason)),
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(datagram, address)
        self.addCleanup(listening.stop)
        return done

    async def test_long(self) -> None:
        """A long datagram arrives whole; the reactor's own default would cut it in silence."""
        heard, source, index = await self.heardBy(self.bound(), None, b"x" * 60000)
        self.assertEqual((len(heard), source.partition(":")[0], index), (60000, "127.0.0.1", None))

    async def test_arrival(self) -> None:
        """Our own reader passes on what the kernel says about the interface."""
        packetInfo = 8  # IP_PKTINFO of Linux: C{struct in_pktinfo} begins with the index.

        def arrival(ancillary: Ancillary) -> int | None:
            for level, kind, data in ancillary:
                if (level, kind) == (socket.IPPROTO_IP, packetInfo):
                    return int(struct.unpack_from("=i", data)[0])
            return None

        receiving = self.bound((socket.IPPROTO_IP, packetInfo, 1))
        heard, _, index = await self.heardBy(receiving, arrival, b"x" * 60000)
        self.assertEqual((len(heard), index), (60000, socket.if_nametoindex("lo")))


class SmallTests(SynchronousTestCase):
    """The small parts."""

    def test_sourceOf(self) -> None:
        """Addresses are written as people write them."""
        self.assertEqual(
            [
                sourceOf(("10.0.0.1", 7)),
                sourceOf(("fe80::1", 7)),
                sourceOf(("10.0.0.1", 0)),
                sourceOf(("::1",)),
            ],
            ["10.0.0.1:7", "[fe80::1]:7", "10.0.0.1", "::1"],
        )
