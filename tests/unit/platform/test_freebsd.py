"""
Tests of L{twisted_ha.platform.freebsd}: the calls its manual pages ask for, on a kernel of ours.
"""

from __future__ import annotations

import errno
import socket
import struct

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.platform.kernel import Kernel
from twisted_ha.errors import MediumError, PlatformError
from twisted_ha.platform.freebsd import FreeBSDPlatform, arrivalByName, arrivalByPacketInfo
from twisted_ha.platform.interface import IPlatform, NetworkInterface

EM0 = NetworkInterface(name="em0", index=2, address="10.77.1.1", prefix=24, broadcast="10.77.1.255")

IFCONFIG = """\
em0: flags=1008943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\toptions=48505bb<RXCSUM,TXCSUM,VLAN_MTU,VLAN_HWTAGGING,JUMBO_MTU,VLAN_HWCSUM,TSO4,LRO>
\tether 08:00:27:a6:5e:32
\tinet 10.77.1.1 netmask 0xffffff00 broadcast 10.77.1.255
\tinet6 2001:db8::7 prefixlen 64
\tinet6 fe80::a00:27ff:fea6:5e32%em0 prefixlen 64 scopeid 0x1
\tmedia: Ethernet autoselect (1000baseT <full-duplex>)
\tstatus: active
"""
"""In the form that ifconfig(8) shows."""


class FreeBSDTests(SynchronousTestCase):
    """L{FreeBSDPlatform}."""

    def setUp(self) -> None:
        self.kernel = Kernel()
        self.platform = FreeBSDPlatform(
            self.kernel.socket, self.kernel.ioctl, self.kernel.indexOf, ifconfig=lambda name: IFCONFIG
        )

    def options(self) -> list[tuple[int, int, object]]:
        return self.kernel.sockets[-1].options

    def test_interface(self) -> None:
        """It is a platform."""
        verifyObject(IPlatform, self.platform)

    def test_requests(self) -> None:
        """The ioctl numbers are those of <sys/sockio.h>: _IOWR, 32 bytes, group i."""
        numbers = {"flags": 17, "address": 33, "broadcast": 35, "netmask": 37}
        for what, number in numbers.items():
            self.assertEqual(
                self.platform.requests[what], 0xC0000000 | 32 << 16 | ord("i") << 8 | number
            )

    def test_receiver(self) -> None:
        """A receive socket hears all interfaces, and asks to be told by which."""
        receiver = self.platform.receiver(EM0, 694, False, False)
        self.assertEqual(self.kernel.sockets[0].bound, ("0.0.0.0", 694))
        self.assertEqual(self.options(), [(0, 20, 1)])
        self.assertIs(receiver.arrival, arrivalByName)
        receiver = self.platform.receiver(EM0, 694, True, False)
        self.assertEqual(self.options(), [(41, 27, 1), (41, 36, 1)])
        self.assertIs(receiver.arrival, arrivalByPacketInfo)

    def test_shared(self) -> None:
        """A port that is shared is so by both options, for BSD distinguishes them."""
        self.platform.receiver(EM0, 694, False, True)
        self.assertEqual(self.options()[:2], [(0xFFFF, 0x4, 1), (0xFFFF, 0x200, 1)])

    def test_arrivalByName(self) -> None:
        """The interface stands in the third and fourth byte of a C{sockaddr_dl}."""
        address = struct.pack("=BBHBBBB", 20, 18, 2, 6, 3, 6, 0) + b"em0" + bytes(9)
        self.assertEqual(arrivalByName([(0, 7, bytes(4)), (0, 20, address)]), 2)
        self.assertIs(arrivalByName([]), None)
        self.assertIs(arrivalByName([(0, 20, b"\x14")]), None)

    def test_arrivalByPacketInfo(self) -> None:
        """For IPv6 it stands behind the destination address."""
        self.assertEqual(arrivalByPacketInfo([(41, 46, bytes(16) + struct.pack("=I", 3))]), 3)
        self.assertIs(arrivalByPacketInfo([(41, 46, bytes(16))]), None)

    def test_broadcastSender(self) -> None:
        """A sender of broadcasts may broadcast and is routed nowhere."""
        self.platform.broadcastSender(EM0)
        self.assertEqual(self.options(), [(0xFFFF, 0x20, 1), (0xFFFF, 0x10, 1)])

    def test_multicast(self) -> None:
        """IPv4 multicasts name the interface by its address, with single bytes for ttl and loop."""
        self.platform.multicastSender(EM0, 3, False, False)
        address = socket.inet_aton("10.77.1.1")
        self.assertEqual(self.options(), [(0, 9, address), (0, 10, b"\x03"), (0, 11, b"\x00")])
        self.platform.multicastReceiver(EM0, "225.0.0.1", 695, False)
        self.assertEqual(self.kernel.sockets[-1].bound, ("225.0.0.1", 695))
        self.assertEqual(self.options()[-1], (0, 12, socket.inet_aton("225.0.0.1") + address))

    def test_multicast6(self) -> None:
        """IPv6 multicasts name it by its number."""
        self.platform.multicastSender(EM0, 3, True, True)
        self.assertEqual(self.options(), [(41, 9, 2), (41, 10, 3), (41, 11, 1)])
        self.platform.multicastReceiver(EM0, "ff02::77", 695, True)
        self.assertEqual(self.kernel.sockets[-1].bound, ("ff02::77", 695, 0, 2))
        joined = socket.inet_pton(socket.AF_INET6, "ff02::77") + struct.pack("=I", 2)
        self.assertEqual(self.options()[-1], (41, 12, joined))

    def test_portTaken(self) -> None:
        """A port in use is named with what to do."""
        self.kernel.refusedBind = errno.EADDRINUSE
        error = self.assertRaises(MediumError, self.platform.receiver, EM0, 694, False, False)
        self.assertIn("UDP port 694 on all interfaces is already in use", str(error))

    def test_groupRefused(self) -> None:
        """A group that cannot be joined is named, and nothing stays open."""
        self.kernel.refusedOptions[0, 12] = errno.EADDRNOTAVAIL
        self.assertRaises(MediumError, self.platform.multicastReceiver, EM0, "225.0.0.1", 695, False)
        self.assertTrue(self.kernel.sockets[0].closed)

    def test_echo(self) -> None:
        """A raw socket lets only echo replies pass for IPv6: here a set bit passes."""
        echo = self.platform.echoSocket(True, 17)
        self.assertEqual((echo.headed, echo.checksummed, echo.identifier), (False, True, None))
        ((level, option, passed),) = self.options()
        assert isinstance(passed, bytes)
        self.assertEqual((level, option), (58, 18))
        self.assertEqual(struct.unpack("=8I", passed), (0, 0, 0, 0, 1 << 1, 0, 0, 0))

    def test_noEcho(self) -> None:
        """Without the right to one, the complaint knows of jails."""
        self.kernel.refusedKinds[socket.SOCK_RAW] = errno.EPERM
        error = self.assertRaises(MediumError, self.platform.echoSocket, False, 17)
        self.assertIn("allow.raw_sockets", str(error))

    def test_linkLocal(self) -> None:
        """The link-local address is found in what ifconfig says, without its zone."""
        self.assertEqual(self.platform.linkLocal("em0"), "fe80::a00:27ff:fea6:5e32")

    def test_noIfconfig(self) -> None:
        """Where ifconfig cannot be run there is none."""

        def missing(name: str) -> str:
            raise FileNotFoundError

        self.assertIs(FreeBSDPlatform(ifconfig=missing).linkLocal("em0"), None)

    def credentials(self, told: bytes) -> object:
        self.kernel.answers[0, 1] = told
        connection = self.kernel.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        found = self.platform.peerCredentials(connection)
        return found.uid, found.gid, found.pid

    def test_credentials(self) -> None:
        """C{struct xucred}: user, first group, and the process where the kernel tells it."""
        told = struct.pack("=IIh2x16I4xi4x", 0, 1001, 2, 275, 5, *[0] * 14, 4711)
        self.assertEqual(len(told), 88)
        self.assertEqual(self.credentials(told), (1001, 275, 4711))
        self.assertEqual(self.credentials(told[:80] + bytes(8)), (1001, 275, None))
        self.assertEqual(self.credentials(told[:76]), (1001, 275, None))

    def test_oddCredentials(self) -> None:
        """An answer of another version, or cut short, or none, is not guessed at."""
        for told in (struct.pack("=II", 0, 1001), struct.pack("=I", 1) + bytes(84)):
            self.assertRaises(PlatformError, self.credentials, told)
        self.kernel.answers.clear()
        made = self.kernel.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0)
        self.assertRaises(PlatformError, self.platform.peerCredentials, made)

    def test_load(self) -> None:
        """There is no load average file."""
        self.assertEqual(self.platform.loadAverage(), "n/a")

    def test_priority(self) -> None:
        """That there is no realtime priority is said."""
        self.assertIn("no realtime priority", self.platform.raisePriority(None))

    def test_serialNames(self) -> None:
        """A missing serial line is answered with the names of FreeBSD."""
        error = self.assertRaises(MediumError, self.platform.openSerial, "/dev/cuau99", 19200)
        self.assertIn("there is no device /dev/cuau99", str(error))
        self.assertIn("/dev/cuau0", str(error))
