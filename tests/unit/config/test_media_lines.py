"""Ways to reach somebody."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.host import Device, InterfaceFacts
from twisted_ha.config.model import (
    BcastMedium,
    McastMedium,
    MediumConfig,
    PingMedium,
    SerialMedium,
    UcastMedium,
)
from twisted_ha.terms import NodeName


class MediaTestCase(ConfigTestCase):
    """Reads files without the ordinary medium."""

    def media(self, *lines: str) -> tuple[MediumConfig, ...]:
        return self.withHacf(*lines, without=["bcast"]).media

    def bad(self, line: str, category: str = "medium-argument") -> str:
        return self.refused(line, category=category).render()


class MediaTests(MediaTestCase):
    """Each kind."""

    def test_bcast(self) -> None:
        """One medium a word."""
        self.assertEqual(
            (BcastMedium(interface="eth1", port=694), BcastMedium(interface="eth0", port=694)),
            self.media("bcast eth1,eth0"),
        )

    def test_bcastMissing(self) -> None:
        """An interface that does not exist is an error with those that do."""
        self.assertIn("did you mean eth1 or eth0?", self.bad("bcast eth9", "interface-bad"))
        self.assertIn("this machine has lo, eth0 and eth1", self.bad("bcast wlan", "interface-bad"))

    def test_bcastWithoutBroadcast(self) -> None:
        """An interface without a broadcast address cannot be used."""
        self.assertIn("no broadcast address", self.bad("bcast lo", "interface-bad"))

    def test_bcastUncertain(self) -> None:
        """Where addresses cannot be looked up nothing is concluded."""
        self.host.interfaces["em0"] = InterfaceFacts(certain=False)
        self.quiet("bcast em0")

    def test_udp(self) -> None:
        """C{udp} is C{bcast}, with a warning."""
        self.warned("udp eth0", category="udp-alias")
        self.assertEqual(BcastMedium(interface="eth0", port=694), self.load().media[1])

    def test_ucast(self) -> None:
        """An interface and an address."""
        self.assertEqual(
            (UcastMedium(interface="eth1", address="10.77.1.2", port=694),),
            self.media("ucast eth1 10.77.1.2"),
        )

    def test_ucastInterfaceMissing(self) -> None:
        """Its interface may appear later: a warning."""
        self.warned("ucast eth9 10.77.1.2", category="interface-missing")

    def test_ucastUnresolvable(self) -> None:
        """Its address must resolve."""
        self.bad("ucast eth1 no.such.host.invalid", "host-unresolvable")

    def test_ucastTooFew(self) -> None:
        """Both words are needed."""
        self.bad("ucast")
        self.bad("ucast eth1")

    def test_mcast(self) -> None:
        """Five words."""
        self.assertEqual(
            (McastMedium(interface="eth1", group="225.0.0.1", port=694, ttl=1, loop=False),),
            self.media("mcast eth1 225.0.0.1 694 1 0"),
        )

    def test_mcastBad(self) -> None:
        """Each of the five is checked, and all faults of a line are shown."""
        for line in (
            *("mcast", "mcast eth1 225.0.0.1 694 1", "mcast eth1 10.0.0.1 694 1 0"),
            *(
                "mcast eth1 ff02::1 694 1 0",
                "mcast eth1 225.0.0.1 0 1 0",
                "mcast eth1 225.0.0.1 65536 1 0",
            ),
            *(
                "mcast eth1 225.0.0.1 694 5 0",
                "mcast eth1 225.0.0.1 694 1 2",
                "mcast eth1 225.0.0.1 x 1 0",
            ),
        ):
            self.bad(line)
        self.bad("mcast eth9 225.0.0.1 694 1 0", "interface-bad")
        found = self.complaintsOf("mcast eth9 10.0.0.1 0 9 9")
        self.assertEqual(5, len(found))

    def test_mcastNoNumber(self) -> None:
        """A ttl without digits is 0, as for a real heartbeat, with a warning."""
        self.warned("mcast eth1 225.0.0.1 694 x 0", category="odd-value")

    def test_mcastPortWraps(self) -> None:
        """A port above 65535 wraps around as in the original, with a warning."""
        found = self.warned("mcast eth1 225.0.0.1 66230 1 0", category="odd-value")
        self.assertIn("694 is used", found.message)

    def test_mcastNoAddress(self) -> None:
        """Its interface needs an IPv4 address; over IPv6 it does not."""
        self.host.interfaces["eth2"] = InterfaceFacts()
        self.bad("mcast eth2 225.0.0.1 694 1 0", "interface-bad")
        self.quiet("mcast6 eth2 ff02::694 694 1 0")

    def test_six(self) -> None:
        """The same over IPv6."""
        self.assertEqual(
            (
                UcastMedium(interface="eth1", address="fd00::2", port=694, ipv6=True),
                McastMedium(interface="eth1", group="ff02::694", port=694, ttl=1, loop=True, ipv6=True),
                PingMedium(name=NodeName("fd00::fe"), hosts=("fd00::fe",), ipv6=True),
            ),
            self.media("ucast6 eth1 fd00::2", "mcast6 eth1 ff02::694 694 1 1", "ping6 fd00::fe"),
        )

    def test_ping(self) -> None:
        """A ping node is named after its host, folded; the host stays as written."""
        config = self.quiet("ping Router,10.77.0.254")
        self.assertEqual(PingMedium(name=NodeName("router"), hosts=("Router",)), config.media[1])
        self.assertEqual(("router", "10.77.0.254"), config.pingNodes)
        self.assertEqual(5, config.ttl)

    def test_pingGroup(self) -> None:
        """A ping group is one ping node."""
        self.assertEqual(
            PingMedium(name=NodeName("grp"), hosts=("10.0.0.1", "10.0.0.2"), group=True),
            self.media("ping_group grp 10.0.0.1 10.0.0.2", "bcast eth1")[0],
        )
        self.bad("ping_group grp")
        self.bad("ping_group grp 10.0.0.1 no.such.host.invalid", "host-unresolvable")

    def test_twice(self) -> None:
        """The same medium twice is one."""
        self.warned("bcast eth1", category="medium-twice")
        self.assertEqual(1, len(self.load().media))

    def test_tooMany(self) -> None:
        """The sixty-fifth is one too many."""
        lines = [f"ucast eth1 10.77.2.{number}" for number in range(64)]
        self.assertEqual(64, len(self.media(*lines)))
        self.refused(*lines, category="too-many-media")

    def test_surplus(self) -> None:
        """A word too many is ignored, and that is said."""
        self.warned("ucast eth1 10.77.1.2 10.77.1.3", category="surplus-argument")


class SerialTests(MediaTestCase):
    """C{serial}."""

    def test_serial(self) -> None:
        """A device, at the speed written above it."""
        self.assertEqual(
            (SerialMedium(device="/dev/ttyS0", baud=9600),), self.media("baud 9600", "serial /dev/ttyS0")
        )
        self.assertEqual(
            (SerialMedium(device="/dev/ttyS0", baud=19200),), self.media("serial /dev/ttyS0")
        )

    def test_bad(self) -> None:
        """It must be the absolute path of a character device."""
        self.assertIn("write /dev/ttyS0", self.bad("serial ttyS0", "serial-bad"))
        self.assertIn("not a character device", self.bad("serial /etc/passwd", "serial-bad"))
        self.assertIn("does not exist", self.bad("serial /dev/ttyS9", "serial-bad"))

    def test_renamed(self) -> None:
        """A port that has another name on this release of FreeBSD is found."""
        self.host.devices["/dev/cuau1"] = Device.CHARACTER
        self.assertIn("called /dev/cuau1", self.bad("serial /dev/cuad1", "serial-bad"))

    def test_dialIn(self) -> None:
        """FreeBSD's dial-in devices wait for a carrier; the call-out device is proposed."""
        self.host.devices["/dev/ttyu1"] = Device.CHARACTER
        self.assertIn("/dev/cuau1", self.warned("serial /dev/ttyu1", category="dial-in-device").hint)

    def test_baudAfter(self) -> None:
        """A speed written below the line is not used, and both lines are named."""
        found = self.warned("serial /dev/ttyS0", "baud 9600", category="baud-after-media")
        self.assertIn("serial (line 11), which uses 19200 baud", found.message)
        self.assertEqual(12, found.where.line)
        self.assertEqual(SerialMedium(device="/dev/ttyS0", baud=19200), self.load().media[1])


class PortTests(MediaTestCase):
    """C{udpport}."""

    def ports(self, *lines: str) -> list[int]:
        return [
            medium.port
            for medium in self.media(*lines)
            if isinstance(medium, (BcastMedium, UcastMedium))
        ]

    def test_before(self) -> None:
        """It governs what follows."""
        self.assertEqual([700], self.ports("udpport 700", "bcast eth1"))

    def test_after(self) -> None:
        """Written below it does nothing; both lines and the port in use are named."""
        found = self.warned("udpport 700", category="udpport-after-media")
        self.assertIn("udpport 700 comes after bcast (line 7), which uses port 694", found.message)
        self.assertIn("above line 7", found.hint)
        self.assertEqual("700", self.load().parameters["udpport"].text)

    def test_afterButEqual(self) -> None:
        """Where it would change nothing there is nothing to say."""
        self.quiet("udpport 694")

    def test_oneKind(self) -> None:
        """The port of a kind is that of its first line; another kind has its own."""
        self.assertEqual(
            [694, 694, 700],
            self.ports("bcast eth0", "udpport 700", "bcast eth1", "ucast eth1 10.77.1.2"),
        )

    def test_services(self) -> None:
        """Without it the services database is asked."""
        self.host.services["ha-cluster"] = 695
        self.assertEqual([695], self.ports("bcast eth1"))

    def test_taken(self) -> None:
        """The port of another service is a warning."""
        self.assertIn(
            '"domain"', self.warned("udpport 53", "bcast eth0", category="udpport-taken").message
        )

    def test_wraps(self) -> None:
        """There is no upper check, as in the original, but a warning with the port that is used."""
        self.assertEqual([4464], self.ports("udpport 70000", "bcast eth1"))
        self.refused("udpport 65536", category="udpport-invalid")
