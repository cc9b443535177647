"""Tests of L{twisted_ha.media.ping} and L{twisted_ha.media.icmp}."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.unit.media.fakes import FakePlatform, FakeReactor, RecordingBus, RecordingSink, kernelError
from twisted_ha.bus import EventBus
from twisted_ha.config.model import PingMedium as PingConfig
from twisted_ha.errors import MediumError
from twisted_ha.events import MediumDown
from twisted_ha.interfaces import IMedium
from twisted_ha.media.icmp import checksum, parseReply, request
from twisted_ha.media.ping import PingMedium
from twisted_ha.platform.linux import LinuxPlatform
from twisted_ha.terms import NodeName

VECTORS = Path(__file__).parents[2] / "data" / "vectors" / "icmp-ping.json"
PID = 0x12345
HEADER = b"\x45" + bytes(19)
LONG_HEADER = b"\x46" + bytes(23)

PING = PingConfig(name=NodeName("10.77.0.254"), hosts=("10.77.0.254",))
GROUP = PingConfig(name=NodeName("routers"), hosts=("10.77.0.1", "10.77.0.2"), group=True)
PING6 = PingConfig(name=NodeName("fe80::1%eth0"), hosts=("fe80::1%eth0",), ipv6=True)


def answered(asking: bytes) -> bytes:
    """What the host makes of an IPv4 request."""
    return b"\0" + asking[1:]


class IcmpTests(SynchronousTestCase):
    """ICMP as bytes."""

    def test_vectors(self) -> None:
        """Packets captured from a real node are reproduced, and their checksums are right."""
        vectors = json.loads(VECTORS.read_text())["vectors"]
        asked = 0
        for vector in vectors:
            packet = bytes.fromhex(vector["icmp_hex"])
            self.assertEqual(checksum(packet), 0, vector["id"])
            if packet[0] == 8:
                asked += 1
                identifier = int.from_bytes(packet[4:6], "little")
                sequence = int.from_bytes(packet[6:8], "big")
                if os.sys.byteorder == "little":
                    self.assertEqual(request(identifier, sequence, packet[8:]), packet)
            else:
                reply = parseReply(packet, headed=False)
                assert reply is not None
                self.assertEqual(reply.payload.hex(), vector["hex"])
        self.assertTrue(asked)

    def test_odd(self) -> None:
        """A packet of odd length is summed as if a zero followed."""
        self.assertEqual(checksum(b"\x01\x02\x03"), checksum(b"\x01\x02\x03\x00"))

    def test_unsigned(self) -> None:
        """Where the kernel writes the checksum it stays zero."""
        self.assertEqual(request(1, 2, b"x", sign=False)[2:4], b"\0\0")

    def test_ipv6(self) -> None:
        """ICMPv6 has its own numbers."""
        self.assertEqual(request(1, 2, b"x", ipv6=True)[0], 128)
        reply = parseReply(b"\x81" + request(1, 2, b"x", ipv6=True)[1:], headed=False, ipv6=True)
        assert reply is not None
        self.assertEqual((reply.identifier, reply.sequence, reply.payload), (1, 2, b"x"))

    def test_others(self) -> None:
        """Anything but an echo reply is nothing, however short or odd."""
        whole = answered(request(1, 2, b"x"))
        for packet in (
            b"",
            b"\0",
            whole[:7],
            request(1, 2, b"x"),
            b"\x03" + whole[1:],
            b"\0\1" + whole[2:],
        ):
            self.assertIs(parseReply(packet, headed=False), None)
        for packet in (
            b"",
            HEADER,
            HEADER[:5],
            b"\x65" + HEADER[1:] + whole,
            b"\x4f" + HEADER[1:] + whole,
        ):
            self.assertIs(parseReply(packet, headed=True), None)

    def test_headers(self) -> None:
        """An IP header is skipped by its own length."""
        whole = answered(request(1, 2, b"x"))
        self.assertEqual(parseReply(LONG_HEADER + whole, headed=True), parseReply(whole, headed=False))


class PingMediumTests(SynchronousTestCase):
    """L{PingMedium} with a raw socket."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.bus = RecordingBus(self.reactor)
        self.platform = FakePlatform()
        self.sink = RecordingSink()

    def medium(self, config: PingConfig = PING) -> PingMedium:
        return PingMedium(config, self.platform, self.reactor, self.bus, getpid=lambda: PID)

    def opened(self, config: PingConfig = PING) -> PingMedium:
        medium = self.medium(config)
        medium.open(self.sink)
        self.bus.told()
        return medium

    def asked(self, which: int = -1) -> list[tuple[bytes, tuple[Any, ...]]]:
        return self.platform.made[which].sent

    def reply(self, packet: bytes, host: str = "10.77.0.254", header: bytes = HEADER) -> None:
        for receiver in self.platform.receivers():
            receiver.arrive(header + packet, (host, 0))
        self.reactor.read()

    def test_interface(self) -> None:
        """It is a medium of a ping node."""
        medium = self.medium()
        verifyObject(IMedium, medium)
        self.assertEqual((medium.pingNode, medium.kind), ("10.77.0.254", "ping"))
        self.assertEqual((self.medium(GROUP).kind, self.medium(PING6).kind), ("ping_group", "ping6"))

    def test_asks(self) -> None:
        """A frame goes out as payload, with the process's identifier and sequence numbers from 0."""
        medium = self.opened()
        medium.send(b"one")
        medium.send(b"two")
        self.assertEqual(
            self.asked(),
            [
                (request(PID & 0xFFFF, 0, b"one"), ("10.77.0.254", 0)),
                (request(PID & 0xFFFF, 1, b"two"), ("10.77.0.254", 0)),
            ],
        )

    def test_hears(self) -> None:
        """The payload of a reply is heard as a frame from the host that answered."""
        self.opened().send(b"frame")
        self.reply(answered(self.asked()[0][0]))
        self.assertEqual(self.sink.heard, [(b"frame", "10.77.0.254", "10.77.0.254")])

    def test_anotherAddress(self) -> None:
        """A router may answer from another of its addresses."""
        self.opened().send(b"frame")
        self.reply(answered(self.asked()[0][0]), host="10.88.0.1")
        self.assertEqual(self.sink.frames, [b"frame"])

    def test_foreignReplies(self) -> None:
        """Replies to other programs, never asked for, or changed on the way are not heard."""
        self.opened().send(b"frame")
        for packet in (
            answered(request(PID & 0xFFFF ^ 1, 0, b"frame")),
            answered(request(PID & 0xFFFF, 5, b"frame")),
            answered(request(PID & 0xFFFF, 0, b"other")),
            request(PID & 0xFFFF, 0, b"frame"),
            b"",
        ):
            self.reply(packet)
        self.assertEqual(self.sink.heard, [])

    def test_severalNodes(self) -> None:
        """Every raw socket hears every reply; each ping node hears its own only."""
        first = self.opened()
        second = self.opened(PingConfig(name=NodeName("10.77.0.253"), hosts=("10.77.0.253",)))
        first.send(b"first")
        second.send(b"second")
        self.reply(answered(self.asked(0)[0][0]))
        self.reply(answered(self.asked(1)[0][0]))
        self.assertEqual(
            [(frame, name) for frame, name, _ in self.sink.heard],
            [(b"first", "10.77.0.254"), (b"second", "10.77.0.253")],
        )

    def test_group(self) -> None:
        """Every host of a group is asked; one answer is heard, the second to the same is not."""
        self.opened(GROUP).send(b"frame")
        self.assertEqual([address for _, address in self.asked()], [("10.77.0.1", 0), ("10.77.0.2", 0)])
        packet = answered(self.asked()[0][0])
        self.reply(packet, host="10.99.0.1")
        self.assertEqual(self.sink.heard, [])
        self.reply(packet, host="10.77.0.2")
        self.reply(packet, host="10.77.0.1")
        self.assertEqual(self.sink.heard, [(b"frame", "routers", "10.77.0.2")])

    def test_groupInPart(self) -> None:
        """A group of which one host can be asked works; when none can, it does not."""
        medium = self.opened(GROUP)
        socket = self.platform.made[0]
        socket.refused["10.77.0.1"] = kernelError(errno.ENETUNREACH)
        medium.send(b"frame")
        self.assertEqual((self.bus.told(), medium.losses), ([], 0))
        socket.refused["10.77.0.2"] = kernelError(errno.ENETUNREACH)
        medium.send(b"frame")
        self.assertEqual((self.bus.told(), medium.losses), (["MediumDown"], 1))
        socket.refused.clear()
        medium.send(b"frame")
        self.assertEqual(self.bus.told(), ["MediumUp"])

    def test_late(self) -> None:
        """A reply is heard as long as its request is among the last 128, across the number's end."""
        medium = self.opened()
        for number in range(0x10000 + 10):
            medium.send(b"%d" % number)
        asked = [asking for asking, _ in self.asked()[-129:]]
        self.reply(answered(asked[0]))
        self.assertEqual(self.sink.heard, [])
        self.reply(answered(asked[1]))
        self.reply(answered(asked[-1]))
        self.assertEqual(self.sink.frames, [b"%d" % (0x10000 + 10 - 128), b"%d" % (0x10000 + 9)])

    def test_ping6(self) -> None:
        """A link-local address keeps its zone; the checksum is the kernel's part."""
        self.opened(PING6).send(b"frame")
        ((asking, destination),) = self.asked()
        self.assertEqual((asking[0], asking[2:4], destination), (128, b"\0\0", ("fe80::1%eth0", 0)))
        self.reply(b"\x81" + asking[1:], header=b"")
        self.assertEqual(self.sink.frames, [b"frame"])

    def test_unprivileged(self) -> None:
        """On an unprivileged socket the kernel chooses the identifier, and there is no IP header."""
        self.platform.unprivileged = True
        self.opened().send(b"frame")
        ((asking, _),) = self.asked()
        self.assertEqual(asking, request(4711, 0, b"frame", sign=False))
        self.reply(answered(asking), header=b"")
        self.assertEqual(self.sink.frames, [b"frame"])

    def test_refused(self) -> None:
        """Without the right to ping the start is refused, and says which line."""
        self.platform.refusals["echo"] = MediumError("ping needs a raw ICMP socket")
        error = self.assertRaises(MediumError, self.medium().open, self.sink)
        self.assertEqual(str(error), "ping 10.77.0.254: ping needs a raw ICMP socket")

    def test_socketDies(self) -> None:
        """A socket that fails is replaced, and sequence numbers go on."""
        medium = self.opened()
        medium.send(b"one")
        (receiver,) = self.platform.receivers()
        receiver.incoming.append(kernelError(errno.ENOMEM))
        self.reactor.read()
        self.reactor.advance(1)
        self.assertEqual(self.bus.told(), ["MediumDown", "MediumUp"])
        medium.send(b"two")
        self.assertEqual(self.asked()[0][0], request(PID & 0xFFFF, 1, b"two"))

    def test_close(self) -> None:
        """Closing leaves nothing open and nothing scheduled, and sends no more."""
        medium = self.opened()
        self.successResultOf(medium.close())
        medium.send(b"late")
        self.assertTrue(self.platform.made[0].closed)
        self.assertEqual((self.asked(), self.reactor.getDelayedCalls()), ([], []))

    def test_sendFails(self) -> None:
        """No route is told once."""
        medium = self.opened()
        self.platform.made[0].failure = kernelError(errno.ENETUNREACH)
        medium.send(b"one")
        medium.send(b"two")
        (event,) = self.bus.events
        assert isinstance(event, MediumDown)
        self.assertIn("Network is unreachable", event.reason)


class LoopbackPingTests(TestCase):
    """The loopback interface answers for real."""

    timeout = 10

    async def pinged(self, config: PingConfig) -> tuple[bytes, str]:
        heard: Deferred[tuple[bytes, str]] = Deferred()

        class Sink(RecordingSink):
            def frameReceived(self, frame: bytes, medium: Any, source: str) -> bool:
                heard.callback((frame, source))
                return True

        medium = PingMedium(config, LinuxPlatform(), reactor, EventBus(reactor))
        try:
            medium.open(Sink())
        except MediumError as e:
            raise SkipTest(str(e)) from None
        self.addCleanup(medium.close)
        medium.send(b"frame")
        return await heard

    async def test_ping(self) -> None:
        """An echo of 127.0.0.1 is heard."""
        config = PingConfig(name=NodeName("127.0.0.1"), hosts=("127.0.0.1",))
        self.assertEqual(await self.pinged(config), (b"frame", "127.0.0.1"))

    async def test_ping6(self) -> None:
        """An echo of ::1 is heard."""
        config = PingConfig(name=NodeName("::1"), hosts=("::1",), ipv6=True)
        self.assertEqual(await self.pinged(config), (b"frame", "::1"))
