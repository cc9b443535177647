"""Tests of L{twisted_ha.media.registry} and L{twisted_ha.media.service}."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.unit.media.fakes import FakePlatform, FakeReactor, RecordingBus, RecordingSink
from twisted_ha.config.model import (
    BcastMedium,
    ClusterConfig,
    Keys,
    McastMedium,
    MediumConfig,
    PingMedium,
    SerialMedium,
    Timers,
    UcastMedium,
)
from twisted_ha.errors import MediumError
from twisted_ha.interfaces import IMedium
from twisted_ha.media.registry import buildMedia
from twisted_ha.media.service import MediaService
from twisted_ha.terms import NodeName

EVERY_KIND: tuple[MediumConfig, ...] = (
    BcastMedium(interface="eth1", port=694),
    McastMedium(interface="eth1", group="225.0.0.1", port=694, ttl=1, loop=True),
    McastMedium(interface="eth1", group="ff02::77", port=694, ttl=1, loop=True, ipv6=True),
    UcastMedium(interface="eth1", address="10.77.1.2", port=694),
    UcastMedium(interface="eth1", address="10.77.1.3", port=694),
    UcastMedium(interface="eth1", address="fe80::2", port=694, ipv6=True),
    SerialMedium(device="/dev/ttyS9", baud=19200),
    PingMedium(name=NodeName("10.77.0.254"), hosts=("10.77.0.254",)),
    PingMedium(name=NodeName("routers"), hosts=("10.77.0.1",), group=True),
    PingMedium(name=NodeName("::1"), hosts=("::1",), ipv6=True),
)


def configured(*media: MediumConfig) -> ClusterConfig:
    """A configuration with these media."""
    return ClusterConfig(
        directory="/etc/ha.d",
        localNode=NodeName("alpha"),
        nodes=(NodeName("alpha"), NodeName("beta")),
        media=media,
        timers=Timers(),
        keys=Keys(keys={}, signing=1),
        groups=(),
    )


class RegistryTests(SynchronousTestCase):
    """L{buildMedia}."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()
        self.bus = RecordingBus(self.reactor)
        self.platform = FakePlatform("eth1", "eth2")
        self.sink = RecordingSink()

    def build(self, *media: MediumConfig, patient: bool = False) -> list[IMedium]:
        return buildMedia(configured(*media), self.platform, self.reactor, self.bus, patient)

    def test_everyKind(self) -> None:
        """Every kind of line becomes a medium of its name, in the order of the file."""
        made = self.build(*EVERY_KIND)
        for medium in made:
            verifyObject(IMedium, medium)
        self.assertEqual(
            [(medium.kind, medium.name) for medium in made],
            [
                ("bcast", "eth1"),
                ("mcast", "eth1"),
                ("mcast6", "eth1"),
                ("ucast", "eth1"),
                ("ucast", "eth1"),
                ("ucast6", "eth1"),
                ("serial", "/dev/ttyS9"),
                ("ping", "10.77.0.254"),
                ("ping_group", "routers"),
                ("ping6", "::1"),
            ],
        )

    def test_nothingOpened(self) -> None:
        """Building opens nothing: a daemon forks after it."""
        self.build(*EVERY_KIND)
        self.assertEqual((self.platform.made, self.reactor.getDelayedCalls()), ([], []))

    def test_sharedSocket(self) -> None:
        """C{bcast} and the C{ucast} lines of one interface share one receive socket."""
        for medium in self.build(EVERY_KIND[0], EVERY_KIND[3], EVERY_KIND[4]):
            medium.open(self.sink)
        receivers = [made for made in self.platform.made if made.purpose[0] == "receiver"]
        self.assertEqual([made.purpose for made in receivers], [("receiver", 2, 694, False, False)])

    def test_sharedPort(self) -> None:
        """A port that a multicast group uses as well may be bound twice; IPv6 is another matter."""
        for medium in self.build(EVERY_KIND[0], EVERY_KIND[1], EVERY_KIND[5]):
            medium.open(self.sink)
        receivers = [made.purpose for made in self.platform.made if made.purpose[0] == "receiver"]
        self.assertEqual(
            receivers, [("receiver", 2, 694, False, True), ("receiver", 2, 694, True, False)]
        )

    def test_echoes(self) -> None:
        """What one medium sends is not heard by another."""
        first, second = self.build(EVERY_KIND[0], BcastMedium(interface="eth2", port=694))
        first.open(self.sink)
        second.open(self.sink)
        first.send(b"ours")
        for receiver in self.platform.receivers():
            receiver.arrive(b"ours", ("10.77.1.1", 40000))
        self.reactor.read()
        self.assertEqual(self.sink.heard, [])

    def test_patient(self) -> None:
        """Patient media wait for a device that is not there."""
        for medium in self.build(BcastMedium(interface="eth7", port=694), EVERY_KIND[6], patient=True):
            medium.open(self.sink)
            self.assertEqual(self.bus.told(), ["MediumDown"])
            medium.close()


@implementer(IMedium)
class FakeMedium:
    """A medium that can be opened or not, and takes its time to close."""

    kind = "bcast"
    pingNode = None
    datagram = True

    def __init__(self, name: str, refused: bool = False) -> None:
        self.name = name
        self.refused = refused
        self.sink: Any = None
        self.opened = 0
        self.closing: Deferred[None] = succeed(None)

    def open(self, sink: Any) -> None:
        if self.refused:
            raise MediumError(f"{self.name}: no")
        self.opened += 1
        self.sink = sink

    def send(self, frame: bytes) -> None:
        pass

    def close(self) -> Deferred[None]:
        self.sink = None
        return self.closing


class MediaServiceTests(SynchronousTestCase):
    """L{MediaService}."""

    def setUp(self) -> None:
        self.media = [FakeMedium("eth1"), FakeMedium("eth2")]
        self.sink = RecordingSink()
        self.service = MediaService(self.media, self.sink)

    def test_interface(self) -> None:
        """It is a service, and its media are media."""
        verifyObject(IService, self.service)
        verifyObject(IMedium, self.media[0])

    def test_opens(self) -> None:
        """The media are opened while the process has its rights, and once."""
        self.service.privilegedStartService()
        self.assertEqual([medium.sink for medium in self.media], [self.sink, self.sink])
        self.service.startService()
        self.assertEqual([medium.opened for medium in self.media], [1, 1])

    def test_startOnly(self) -> None:
        """A parent that only starts it opens them as well."""
        self.service.startService()
        self.assertEqual([medium.opened for medium in self.media], [1, 1])

    def test_refused(self) -> None:
        """When some cannot be opened all are named, and none stays open."""
        self.media += [FakeMedium("eth3", refused=True), FakeMedium("eth4", refused=True)]
        self.service = MediaService(self.media, self.sink)
        error = self.assertRaises(MediumError, self.service.privilegedStartService)
        self.assertEqual(str(error), "eth3: no\neth4: no")
        self.assertEqual([medium.sink for medium in self.media], [None] * 4)

    def test_stop(self) -> None:
        """The stop is finished when the last medium has closed."""
        self.service.startService()
        self.media[1].closing = Deferred()
        stopped = self.service.stopService()
        self.assertNoResult(stopped)
        self.media[1].closing.callback(None)
        self.successResultOf(stopped)
        self.assertEqual([medium.sink for medium in self.media], [None, None])

    def test_again(self) -> None:
        """A stopped service can be started again."""
        self.service.startService()
        self.successResultOf(self.service.stopService())
        self.service.startService()
        self.assertEqual([medium.opened for medium in self.media], [2, 2])
