"""Tests of L{twisted_ha.platform.linux}."""

from __future__ import annotations

import errno
import os
import re
import socket
import struct
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.platform.kernel import Kernel
from twisted_ha.errors import MediumError, PlatformError
from twisted_ha.platform.interface import IPlatform, NetworkInterface
from twisted_ha.platform.linux import LinuxPlatform

EM0 = NetworkInterface(name="em0", index=2, address="10.77.1.1", prefix=24, broadcast="10.77.1.255")
LO = NetworkInterface(name="lo", index=1, address="127.0.0.1")
BOUND = (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"em0\0")
REUSED = (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

FILTER = 26
"""SO_ATTACH_FILTER."""


class LinuxTests(SynchronousTestCase):
    """L{LinuxPlatform} on a kernel of ours."""

    def setUp(self) -> None:
        self.kernel = Kernel()
        self.platform = LinuxPlatform(self.kernel.socket, self.kernel.ioctl, self.kernel.indexOf)

    def test_interface(self) -> None:
        """It is a platform."""
        verifyObject(IPlatform, self.platform)

    def test_everySocket(self) -> None:
        """Every datagram socket is bound to its interface before anything else, and does not block."""
        self.platform.broadcastSender(EM0)
        for ipv6 in (False, True):
            self.platform.unicastSender(EM0, ipv6)
            self.platform.multicastSender(EM0, 1, True, ipv6)
            self.platform.receiver(EM0, 694, ipv6, False)
            self.platform.multicastReceiver(EM0, "ff02::1" if ipv6 else "225.0.0.1", 694, ipv6)
        for made in self.kernel.sockets:
            self.assertEqual((made.options[0], made.blocking, made.closed), (BOUND, False, False))

    def test_broadcastSender(self) -> None:
        """A sender of broadcasts may broadcast and is routed nowhere."""
        self.platform.broadcastSender(EM0)
        options = self.kernel.sockets[0].options
        self.assertIn((socket.SOL_SOCKET, socket.SO_BROADCAST, 1), options)
        self.assertIn((socket.SOL_SOCKET, socket.SO_DONTROUTE, 1), options)

    def test_unicastSender(self) -> None:
        """A sender of unicasts asks for low delay."""
        self.platform.unicastSender(EM0, False)
        self.assertIn((socket.IPPROTO_IP, socket.IP_TOS, 0x10), self.kernel.sockets[0].options)

    def test_multicastSender(self) -> None:
        """A sender of multicasts has the interface, the ttl and the loop of its line."""
        self.platform.multicastSender(EM0, 3, False, False)
        options = self.kernel.sockets[0].options
        self.assertIn(
            (socket.IPPROTO_IP, socket.IP_MULTICAST_IF, bytes(8) + struct.pack("=i", 2)), options
        )
        self.assertIn((socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 3), options)
        self.assertIn((socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0), options)

    def test_receiver(self) -> None:
        """A receive socket is bound to the wildcard address, and exclusive unless it must be shared."""
        self.platform.receiver(EM0, 694, False, False)
        self.platform.receiver(EM0, 694, True, True)
        first, second = self.kernel.sockets
        self.assertEqual((first.bound, second.bound), (("0.0.0.0", 694), ("::", 694)))
        self.assertNotIn(REUSED, first.options)
        self.assertIn(REUSED, second.options)

    def test_ownBroadcasts(self) -> None:
        """The kernel is asked to keep our own broadcasts; where it will not, that is no misfortune."""
        self.kernel.refusedOptions[socket.SOL_SOCKET, FILTER] = errno.EPERM
        self.platform.receiver(EM0, 694, False, False)
        self.kernel.refusedOptions.clear()
        self.platform.receiver(EM0, 694, False, False)
        filtered = [FILTER in {name for _, name, _ in made.options} for made in self.kernel.sockets]
        self.assertEqual(filtered, [False, True])
        self.assertFalse(self.kernel.sockets[0].closed)

    def test_multicastReceiver(self) -> None:
        """One for a group is bound to it, joins it, and declines what others have joined."""
        self.platform.multicastReceiver(EM0, "225.0.0.1", 695, False)
        (made,) = self.kernel.sockets
        self.assertEqual(made.bound, ("225.0.0.1", 695))
        joined = socket.inet_aton("225.0.0.1") + bytes(4) + struct.pack("=i", 2)
        self.assertIn((socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined), made.options)
        self.assertIn((socket.IPPROTO_IP, 49, 0), made.options)

    def test_portTaken(self) -> None:
        """A port in use is named with the interface, and with what to do."""
        self.kernel.refusedBind = errno.EADDRINUSE
        error = self.assertRaises(MediumError, self.platform.receiver, EM0, 694, False, False)
        self.assertEqual(
            str(error),
            "UDP port 694 on em0 is already in use: stop the other program (another heartbeat?)"
            " or choose another udpport, the same on all nodes",
        )
        self.assertTrue(self.kernel.sockets[0].closed)

    def test_portForbidden(self) -> None:
        """So is one that only root may use."""
        self.kernel.refusedBind = errno.EACCES
        error = self.assertRaises(MediumError, self.platform.receiver, EM0, 694, False, False)
        self.assertIn("start the daemon as root", str(error))

    def test_bindingForbidden(self) -> None:
        """A kernel that does not let us bind to an interface is refused as clearly."""
        self.kernel.refusedOptions[BOUND[:2]] = errno.EPERM
        error = self.assertRaises(MediumError, self.platform.broadcastSender, EM0)
        self.assertIn("start the daemon as root", str(error))
        self.assertTrue(self.kernel.sockets[0].closed)

    def test_interfaceVanishes(self) -> None:
        """An interface may vanish before the socket is bound to it."""
        self.kernel.refusedOptions[BOUND[:2]] = errno.ENODEV
        error = self.assertRaises(MediumError, self.platform.receiver, EM0, 694, False, False)
        self.assertIn("No such device", str(error))

    def test_groupRefused(self) -> None:
        """A group that cannot be joined is named, and nothing stays open."""
        self.kernel.refusedOptions[socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP] = errno.ENOBUFS
        error = self.assertRaises(
            MediumError, self.platform.multicastReceiver, EM0, "225.0.0.1", 695, False
        )
        self.assertIn("group 225.0.0.1 cannot be joined on em0", str(error))
        self.assertTrue(self.kernel.sockets[0].closed)

    def test_rawEcho(self) -> None:
        """A raw socket lets only echo replies pass: a set bit blocks."""
        echo = self.platform.echoSocket(False, 17)
        self.assertEqual((echo.headed, echo.checksummed, echo.identifier), (True, False, None))
        self.assertEqual(self.kernel.sockets[0].options, [(255, 1, b"\xfe\xff\xff\xff")])
        echo = self.platform.echoSocket(True, 17)
        self.assertEqual((echo.headed, echo.checksummed, echo.identifier), (False, True, None))
        ((_, _, blocked),) = self.kernel.sockets[1].options
        words = struct.unpack("=8I", blocked)
        self.assertEqual(words[129 // 32], 0xFFFFFFFF & ~(1 << 129 % 32))
        self.assertEqual({word for number, word in enumerate(words) if number != 4}, {0xFFFFFFFF})

    def test_unprivilegedEcho(self) -> None:
        """Where raw sockets are forbidden an unprivileged one is used, whose kernel does more."""
        self.kernel.refusedKinds[socket.SOCK_RAW] = errno.EPERM
        echo = self.platform.echoSocket(False, 17)
        self.assertEqual((echo.headed, echo.checksummed, echo.identifier), (False, True, 0))

    def test_noEcho(self) -> None:
        """Where both are forbidden the complaint says how to allow either."""
        self.kernel.refusedKinds.update({socket.SOCK_RAW: errno.EPERM, socket.SOCK_DGRAM: errno.EACCES})
        error = self.assertRaises(MediumError, self.platform.echoSocket, False, 17)
        self.assertIn("as root", str(error))
        self.assertIn("net.ipv4.ping_group_range", str(error))

    def test_noCredentials(self) -> None:
        """A socket that is not a unix socket has no credentials."""
        made = self.kernel.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        self.assertRaises(PlatformError, self.platform.peerCredentials, made)


class RealLinuxTests(SynchronousTestCase):
    """What can be asked of the machine the tests run on."""

    if not sys.platform.startswith("linux"):
        skip = "this is not Linux"

    def setUp(self) -> None:
        self.platform = LinuxPlatform()

    def test_loopback(self) -> None:
        """The loopback interface is up and cannot broadcast."""
        found = self.platform.interface("lo")
        self.assertEqual(
            (found.index, found.up, found.broadcasts, found.address, found.prefix, found.broadcast),
            (socket.if_nametoindex("lo"), True, False, "127.0.0.1", 8, None),
        )

    def test_linkLocal(self) -> None:
        """An interface without a link-local address has none."""
        self.assertIs(self.platform.linkLocal("lo"), None)

    def test_credentials(self) -> None:
        """The peer of a unix socket is who connected it."""
        here, there = socket.socketpair(socket.AF_UNIX)
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        found = self.platform.peerCredentials(here)
        self.assertEqual((found.uid, found.gid, found.pid), (os.getuid(), os.getgid(), os.getpid()))

    def test_load(self) -> None:
        """The load is the kernel's line: three averages, running and all processes, the last one."""
        self.assertTrue(re.fullmatch(r"[\d.]+ [\d.]+ [\d.]+ \d+/\d+ \d+", self.platform.loadAverage()))

    def test_unburied(self) -> None:
        """A lock of a process that has ended is void, even if nobody has buried that process yet."""
        ended = subprocess.Popen(["true"], stdout=subprocess.PIPE)
        assert ended.stdout is not None
        ended.stdout.read()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        os.kill(ended.pid, 0)
        self.assertFalse(self.platform._alive(ended.pid))
        self.assertTrue(self.platform._alive(os.getpid()))
        ended.communicate()
        self.assertFalse(self.platform._alive(ended.pid))

    def test_exclusive(self) -> None:
        """Two exclusive receive sockets on one port are refused, two shared ones are not."""
        first = self.platform.receiver(LO, 0, False, False).socket
        self.addCleanup(first.close)
        port = first.getsockname()[1]
        self.assertRaises(MediumError, self.platform.receiver, LO, port, False, True)
        group = self.platform.multicastReceiver(LO, "225.0.0.1", 0, False).socket
        self.addCleanup(group.close)
        shared = self.platform.receiver(LO, group.getsockname()[1], False, True).socket
        self.addCleanup(shared.close)

    def test_notInherited(self) -> None:
        """A program we start does not get our sockets: it would keep the port busy after our death."""
        made = self.platform.receiver(LO, 0, False, False).socket
        self.addCleanup(made.close)
        self.assertFalse(made.get_inheritable())

    def test_priority(self) -> None:
        """Realtime priority is taken and not passed on; what cannot be is said."""
        program = (
            "import os, subprocess, sys\n"
            "from twisted_ha.platform.linux import LinuxPlatform\n"
            "platform = LinuxPlatform()\n"
            "lost = platform.raisePriority(1)\n"
            "child = 'import os; print(os.sched_getscheduler(0))'\n"
            "print(bool(lost), os.sched_getscheduler(0) & 0xff)\n"
            "print(subprocess.check_output([sys.executable, '-c', child]).decode().strip())\n"
            "print(platform.raisePriority(1000))\n"
        )
        said = subprocess.check_output([sys.executable, "-c", program], text=True).splitlines()
        self.assertIn(said[0], ("False 2", "True 0"))
        self.assertEqual(said[1], "0")
        self.assertIn("no realtime priority", said[2])

    def test_memory(self) -> None:
        """Memory is locked, or it is said what is lost."""
        program = (
            "from twisted_ha.platform.linux import LinuxPlatform\nprint(LinuxPlatform().lockMemory())"
        )
        said = subprocess.check_output([sys.executable, "-c", program], text=True).strip()
        self.assertTrue(said == "" or said.startswith("memory is not locked ("), said)
