"""From the lines of C{ha.cf} to roads and doors."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.linktest.fakes import ALPHA, CABLE, ETH0, ROUTER, Cables, configOf
from twisted_ha.cli.link_test import withoutOwn
from twisted_ha.config.model import McastMedium, UcastMedium
from twisted_ha.linktest.probe import Door
from twisted_ha.linktest.roads import portsOf, roadOf, sidePort, waysOf

GROUP = McastMedium(interface="eth1", group="ff02::694", port=700, ttl=1, loop=False, ipv6=True)
OURS = UcastMedium(interface="eth1", address="10.0.0.1", port=694)
THEIRS = UcastMedium(interface="eth1", address="10.0.0.2", port=694)


class RoadTests(SynchronousTestCase):
    """L{twisted_ha.linktest.roads}."""

    def test_names(self) -> None:
        """A road is called as its line in ha.cf begins."""
        self.assertEqual(
            [roadOf(line).name for line in (ETH0, GROUP, THEIRS, CABLE, ROUTER)],
            [
                "bcast eth0",
                "mcast6 eth1 ff02::694",
                "ucast eth1 10.0.0.2",
                "serial /dev/cuau0",
                "ping router",
            ],
        )

    def test_ports(self) -> None:
        """Every port is known, and the one beside the last is below it."""
        self.assertEqual(portsOf(configOf(ALPHA, ETH0, GROUP, CABLE)), {(694, False), (700, True)})
        self.assertEqual((sidePort(694), sidePort(65535)), (695, 65534))

    def test_doors(self) -> None:
        """A UDP road has two doors, on two ports; a serial line and a ping node have one."""
        ways = waysOf(configOf(ALPHA, ETH0, CABLE, ROUTER, GROUP), Cables(Clock()).build)
        self.assertEqual(
            [(way.road.kind, way.door, way.port) for way in ways],
            [
                ("bcast", Door.MAIN, 694),
                ("serial", Door.MAIN, 0),
                ("ping", Door.MAIN, 0),
                ("mcast6", Door.MAIN, 700),
                ("bcast", Door.SIDE, 695),
                ("mcast6", Door.SIDE, 701),
            ],
        )

    def test_own(self) -> None:
        """A C{ucast} line to this node itself is no road."""
        config = withoutOwn(configOf(ALPHA, OURS, THEIRS), lambda host, ipv6: host == "10.0.0.1")
        self.assertEqual(config.media, (THEIRS,))
