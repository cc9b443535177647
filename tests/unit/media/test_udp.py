"""Tests of L{twisted_ha.media.udp} and of the three ways of using it."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.media.fakes import FakePlatform, FakeReactor, RecordingBus, RecordingSink, kernelError
from twisted_ha.config.model import BcastMedium, McastMedium, UcastMedium
from twisted_ha.errors import MediumError
from twisted_ha.events import MediumDown, Warned
from twisted_ha.interfaces import IMedium
from twisted_ha.media.bcast import Broadcast
from twisted_ha.media.echoes import Echoes
from twisted_ha.media.mcast import Multicast
from twisted_ha.media.receivers import Receivers
from twisted_ha.media.ucast import Unicast
from twisted_ha.media.udp import Approach, UdpMedium

BCAST = BcastMedium(interface="eth1", port=694)
MCAST = McastMedium(interface="eth1", group="225.0.0.1", port=695, ttl=1, loop=False)
MCAST6 = McastMedium(interface="eth1", group="ff02::77", port=695, ttl=1, loop=False, ipv6=True)
UCAST = UcastMedium(interface="eth1", address="10.77.1.2", port=694)
UCAST6 = UcastMedium(interface="eth1", address="fe80::2", port=694, ipv6=True)


class UdpTestCase(SynchronousTestCase):
    """A kernel with C{eth1} and C{eth2}."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.bus = RecordingBus(self.reactor)
        self.platform = FakePlatform("eth1", "eth2")
        self.receivers = Receivers(self.reactor, self.platform)
        self.echoes = Echoes()
        self.sink = RecordingSink()

    def approach(self, config: BcastMedium | McastMedium | UcastMedium) -> Approach:
        if isinstance(config, BcastMedium):
            return Broadcast(config, self.platform, self.receivers)
        if isinstance(config, McastMedium):
            return Multicast(config, self.platform, self.reactor)
        return Unicast(config, self.platform, self.receivers)

    def medium(self, config: BcastMedium | McastMedium | UcastMedium = BCAST) -> UdpMedium:
        return UdpMedium(self.approach(config), self.reactor, self.bus, self.echoes)

    def opened(self, config: BcastMedium | McastMedium | UcastMedium = BCAST) -> UdpMedium:
        medium = self.medium(config)
        medium.open(self.sink)
        self.bus.told()
        return medium

    def arrive(self, datagram: bytes, which: int = -1) -> None:
        """A datagram comes to the receive socket that was opened as number C{which}."""
        receiver = self.platform.receivers()[which]
        receiver.arrive(datagram, ("10.77.1.2", 40123))
        self.reactor.read()


class UdpMediumTests(UdpTestCase):
    """L{UdpMedium}."""

    def test_interface(self) -> None:
        """Every way of using UDP is a medium."""
        for config in (BCAST, MCAST, MCAST6, UCAST, UCAST6):
            verifyObject(IMedium, self.medium(config))

    def test_hears(self) -> None:
        """What arrives goes to the sink, with its source."""
        self.opened()
        self.arrive(b"frame")
        self.assertEqual(self.sink.heard, [(b"frame", "eth1", "10.77.1.2:40123")])

    def test_ownEcho(self) -> None:
        """A frame of ours that comes back is not heard, also on another medium."""
        self.opened().send(b"ours")
        self.opened(BcastMedium(interface="eth2", port=694))
        self.arrive(b"ours", 0)
        self.arrive(b"ours", 1)
        self.arrive(b"theirs", 1)
        self.assertEqual(self.sink.frames, [b"theirs"])

    def test_sendClosed(self) -> None:
        """Before opening and after closing sending does nothing."""
        medium = self.medium()
        medium.send(b"early")
        medium.open(self.sink)
        sender = self.platform.senders()[0]
        self.successResultOf(medium.close())
        medium.send(b"late")
        self.assertEqual((sender.sent, medium.losses), ([], 0))

    def test_close(self) -> None:
        """Closing leaves no socket open or read, and nothing scheduled."""
        medium = self.opened()
        self.successResultOf(medium.close())
        self.assertEqual([each for each in self.platform.made if not each.closed], [])
        self.assertEqual((self.reactor.readers, self.reactor.getDelayedCalls()), ([], []))

    def test_sendFails(self) -> None:
        """Every error of the kernel is a counted loss, told once, and told again when it is over."""
        for number in (errno.ENETDOWN, errno.ENETUNREACH, errno.EPERM, errno.ENODEV, errno.EHOSTUNREACH):
            medium = self.opened()
            sender = self.platform.senders()[-1]
            sender.failure = kernelError(number)
            for _ in range(3):
                medium.send(b"frame")
            self.assertEqual(
                (medium.losses, self.bus.told()), (3, ["MediumDown"]), errno.errorcode[number]
            )
            sender.failure = None
            medium.send(b"frame")
            self.assertEqual(self.bus.told(), ["MediumUp"])
            medium.close()

    def test_queueFull(self) -> None:
        """One datagram lost to a full queue is counted and not told; several in a row are."""
        for number in (errno.ENOBUFS, errno.EAGAIN):
            medium = self.opened()
            sender = self.platform.senders()[-1]
            sender.failure = kernelError(number)
            medium.send(b"frame")
            self.assertEqual((medium.losses, self.bus.told()), (1, []))
            medium.send(b"frame")
            medium.send(b"frame")
            self.assertEqual(self.bus.told(), ["MediumDown"])
            medium.close()

    def test_tooLong(self) -> None:
        """A frame that is too long is a warning about that frame; the medium goes on working."""
        medium = self.opened()
        (sender,) = self.platform.senders()
        sender.failure = kernelError(errno.EMSGSIZE)
        medium.send(b"x" * 70000)
        medium.send(b"x" * 70000)
        self.assertEqual(len(self.bus.events), 1)
        event = self.bus.events[0]
        assert isinstance(event, Warned)
        self.assertIn("70000 bytes", event.render())
        self.assertEqual(medium.losses, 2)

    def test_interfaceReturns(self) -> None:
        """An interface that is deleted and made again is used again, by sockets of its new self."""
        medium = self.opened()
        self.platform.unplug("eth1")
        self.reactor.advance(1)
        medium.send(b"lost")
        self.assertEqual((self.bus.told(), medium.losses), (["MediumDown"], 1))
        self.platform.plug("eth1", 17)
        self.reactor.advance(1)
        medium.send(b"frame")
        (sender,) = self.platform.senders()
        self.assertEqual(
            (sender.purpose, sender.sent), (("broadcastSender", 17), [(b"frame", ("10.77.1.255", 694))])
        )
        self.arrive(b"heard")
        self.assertEqual((self.bus.told(), self.sink.frames), (["MediumUp"], [b"heard"]))

    def test_interfaceWithoutAddressYet(self) -> None:
        """An interface that returns without an address is waited for."""
        self.opened()
        self.platform.unplug("eth1")
        self.reactor.advance(1)
        self.platform.plug("eth1", 17, address=None, prefix=None, broadcast=None)
        self.reactor.advance(1)
        self.assertEqual(self.bus.told(), ["MediumDown"])
        self.platform.plug("eth1", 17)
        self.reactor.advance(1)
        self.assertEqual(self.bus.told(), ["MediumUp"])

    def test_interfaceReplaced(self) -> None:
        """An interface that is replaced between two looks is noticed by its number."""
        self.opened()
        self.platform.unplug("eth1")
        self.platform.plug("eth1", 17)
        self.reactor.advance(1)
        self.assertEqual(self.bus.told(), ["MediumDown", "MediumUp"])

    def test_addressChanged(self) -> None:
        """Another broadcast address is sent to at once, and the receive socket stays as it is."""
        medium = self.opened()
        self.platform.plug("eth1", 2, address="10.99.0.1", broadcast="10.99.0.255")
        self.reactor.advance(1)
        medium.send(b"frame")
        self.assertEqual(self.platform.senders()[0].sent, [(b"frame", ("10.99.0.255", 694))])
        self.assertEqual(len(self.platform.receivers()), 1)
        self.arrive(b"heard")
        self.assertEqual(self.sink.frames, [b"heard"])

    def test_othersUndisturbed(self) -> None:
        """The loss of one interface does not touch the media of another."""
        self.opened()
        other = self.opened(BcastMedium(interface="eth2", port=694))
        self.platform.unplug("eth1")
        self.reactor.advance(1)
        other.send(b"frame")
        (sender,) = self.platform.senders()
        self.assertEqual(
            (sender.sent, self.bus.told()), ([(b"frame", ("10.77.2.255", 694))], ["MediumDown"])
        )

    def test_receiveSocketDies(self) -> None:
        """A receive socket that fails is replaced."""
        self.opened()
        (receiver,) = self.platform.receivers()
        receiver.incoming.append(kernelError(errno.ENOMEM))
        self.reactor.read()
        self.assertEqual(self.bus.told(), ["MediumDown"])
        self.reactor.advance(1)
        self.arrive(b"frame")
        self.assertEqual((self.bus.told(), self.sink.frames), (["MediumUp"], [b"frame"]))

    def test_reopenFails(self) -> None:
        """A kernel that refuses a new socket is asked again, and nothing is left open."""
        self.opened()
        self.platform.unplug("eth1")
        self.platform.plug("eth1", 17)
        self.platform.refusals["receiver"] = kernelError(errno.ENOBUFS)
        self.reactor.advance(1)
        self.assertEqual([each for each in self.platform.made if not each.closed], [])
        del self.platform.refusals["receiver"]
        self.reactor.advance(1)
        self.assertEqual(self.bus.told(), ["MediumDown", "MediumUp"])


class OpeningTests(UdpTestCase):
    """What is refused at start, and how."""

    def complaint(self, config: BcastMedium | McastMedium | UcastMedium) -> str:
        error = self.assertRaises(MediumError, self.medium(config).open, self.sink)
        self.assertEqual([each for each in self.platform.made if not each.closed], [])
        return str(error)

    def test_noInterface(self) -> None:
        """A missing interface is refused for every kind, by the line's first words."""
        del self.platform.interfaces["eth1"]
        for config, words in (
            (BCAST, "bcast eth1"),
            (MCAST, "mcast eth1"),
            (MCAST6, "mcast6 eth1"),
            (UCAST, "ucast eth1"),
        ):
            self.assertEqual(self.complaint(config), f"{words}: there is no network interface eth1")

    def test_noBroadcast(self) -> None:
        """An interface that cannot broadcast is refused, and says what to use instead."""
        self.platform.plug("eth1", 2, broadcasts=False, broadcast=None)
        self.assertIn("use ucast instead", self.complaint(BCAST))

    def test_noAddress(self) -> None:
        """Without an IPv4 address there is no broadcast and no IPv4 multicast, but an IPv6 one."""
        self.platform.plug("eth1", 2, address=None, prefix=None, broadcast=None)
        self.assertIn("no IPv4 address", self.complaint(BCAST))
        self.assertIn("no IPv4 address", self.complaint(MCAST))
        self.medium(MCAST6).open(self.sink)

    def test_portTaken(self) -> None:
        """A receive socket that cannot be had leaves no sender behind."""
        self.platform.refusals["receiver"] = MediumError("UDP port 694 on eth1 is already in use")
        self.assertEqual(self.complaint(BCAST), "bcast eth1: UDP port 694 on eth1 is already in use")

    def test_unknownHost(self) -> None:
        """A host without an address is refused."""

        def resolve(host: str, ipv6: bool) -> str:
            raise MediumError(f"host {host} has no IPv4 address")

        approach = Unicast(UCAST, self.platform, self.receivers, resolve)
        medium = UdpMedium(approach, self.reactor, self.bus, self.echoes)
        self.assertRaises(MediumError, medium.open, self.sink)

    def test_openAgain(self) -> None:
        """A medium that was refused can be opened later."""
        medium = self.medium()
        saved = self.platform.interfaces.pop("eth1")
        self.assertRaises(MediumError, medium.open, self.sink)
        self.platform.interfaces["eth1"] = saved
        medium.open(self.sink)
        medium.send(b"frame")
        self.assertEqual(len(self.platform.senders()[0].sent), 1)


class ApproachTests(UdpTestCase):
    """Where each kind sends, and by which socket."""

    def sentBy(self, config: BcastMedium | McastMedium | UcastMedium) -> object:
        self.opened(config).send(b"frame")
        (sender,) = self.platform.senders()
        ((_, destination),) = sender.sent
        return sender.purpose, destination

    def test_bcast(self) -> None:
        """C{bcast} sends to the interface's own broadcast address."""
        self.assertEqual(self.sentBy(BCAST), (("broadcastSender", 2), ("10.77.1.255", 694)))

    def test_mcast(self) -> None:
        """C{mcast} sends to the group, with the ttl and loop of its line."""
        self.assertEqual(
            self.sentBy(MCAST), (("multicastSender", 2, 1, False, False), ("225.0.0.1", 695))
        )

    def test_mcast6(self) -> None:
        """C{mcast6} names the interface in the destination."""
        self.assertEqual(
            self.sentBy(MCAST6), (("multicastSender", 2, 1, False, True), ("ff02::77", 695, 0, 2))
        )

    def test_ucast(self) -> None:
        """C{ucast} sends to its one address."""
        self.assertEqual(self.sentBy(UCAST), (("unicastSender", 2, False), ("10.77.1.2", 694)))

    def test_ucast6(self) -> None:
        """C{ucast6} names the interface where an address means something on one link only."""
        self.assertEqual(self.sentBy(UCAST6), (("unicastSender", 2, True), ("fe80::2", 694, 0, 2)))

    def test_ucast6Global(self) -> None:
        """Any other IPv6 address goes without an interface."""
        config = UcastMedium(interface="eth1", address="2001:db8::2", port=694, ipv6=True)
        self.assertEqual(self.sentBy(config), (("unicastSender", 2, True), ("2001:db8::2", 694, 0, 0)))

    def test_resolvedOnce(self) -> None:
        """A host name is looked up once: a resolver that hangs must not hang a running daemon."""
        asked: list[str] = []

        def resolve(host: str, ipv6: bool) -> str:
            asked.append(host)
            return "10.77.1.2"

        config = UcastMedium(interface="eth1", address="peer", port=694)
        medium = UdpMedium(
            Unicast(config, self.platform, self.receivers, resolve), self.reactor, self.bus, self.echoes
        )
        medium.open(self.sink)
        self.platform.unplug("eth1")
        self.platform.plug("eth1", 17)
        self.reactor.advance(1)
        self.assertEqual(asked, ["peer"])

    def test_downText(self) -> None:
        """A refused send hints at a packet filter."""
        medium = self.opened()
        self.platform.senders()[0].failure = kernelError(errno.EPERM)
        medium.send(b"frame")
        (event,) = self.bus.events
        assert isinstance(event, MediumDown)
        self.assertIn("packet filter", event.render())
