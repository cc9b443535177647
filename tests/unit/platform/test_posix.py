"""Tests of L{twisted_ha.platform.posix} and of the choice between the platforms."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.platform.kernel import Kernel, kernelError
from twisted_ha.errors import MediumError, PlatformError
from twisted_ha.platform import choose
from twisted_ha.platform.freebsd import FreeBSDPlatform
from twisted_ha.platform.linux import LinuxPlatform
from twisted_ha.platform.posix import PosixPlatform

UP_AND_BROADCAST = 0x1043


class ChooseTests(SynchronousTestCase):
    """L{choose}."""

    def test_known(self) -> None:
        """Linux and FreeBSD of any version are known."""
        self.assertIsInstance(choose("linux"), LinuxPlatform)
        self.assertIsInstance(choose("freebsd14"), FreeBSDPlatform)

    def test_unknown(self) -> None:
        """Any other system is refused by name."""
        self.assertIn("plan9", str(self.assertRaises(PlatformError, choose, "plan9")))

    def test_directories(self) -> None:
        """The directories are those that heartbeat has on each system."""
        linux, freebsd = choose("linux").directories, choose("freebsd14").directories
        self.assertEqual((linux.config, freebsd.config), ("/etc/ha.d", "/usr/local/etc/ha.d"))
        self.assertEqual((linux.state, freebsd.state), ("/var/lib/heartbeat",) * 2)
        self.assertEqual((linux.run, freebsd.run), ("/var/run/heartbeat",) * 2)
        self.assertEqual((linux.serialLocks, freebsd.serialLocks), ("/var/lock", "/var/spool/lock"))


class InterfaceTests(SynchronousTestCase):
    """L{PosixPlatform.interface}, for both systems."""

    def setUp(self) -> None:
        self.kernels: list[tuple[Kernel, PosixPlatform]] = []
        for kind in (LinuxPlatform, FreeBSDPlatform):
            kernel = Kernel()
            platform = kind(kernel.socket, kernel.ioctl, kernel.indexOf)
            self.kernels.append((kernel, platform))
            self.has(kernel, platform, UP_AND_BROADCAST, "10.77.1.1", "255.255.255.0", "10.77.1.255")

    def has(self, kernel: Kernel, platform: PosixPlatform, *answers: int | str | OSError) -> None:
        for what, answer in zip(("flags", "address", "netmask", "broadcast"), answers, strict=True):
            kernel.addresses[platform.requests[what]] = answer

    def test_found(self) -> None:
        """Number, address, prefix and broadcast address are what the kernel says."""
        for kernel, platform in self.kernels:
            found = platform.interface("em0")
            self.assertEqual(
                (found.index, found.up, found.address, found.prefix, found.broadcast),
                (2, True, "10.77.1.1", 24, "10.77.1.255"),
            )
            self.assertTrue(kernel.sockets[0].closed)

    def test_ownBroadcast(self) -> None:
        """A broadcast address that was configured counts, not one that is computed."""
        for kernel, platform in self.kernels:
            self.has(kernel, platform, UP_AND_BROADCAST, "10.77.1.1", "255.255.0.0", "10.77.1.255")
            self.assertEqual(platform.interface("em0").broadcast, "10.77.1.255")

    def test_unsetBroadcast(self) -> None:
        """One that was left unset is the network's last address; a network of two has none."""
        for kernel, platform in self.kernels:
            self.has(kernel, platform, UP_AND_BROADCAST, "10.77.1.1", "255.255.255.128", "0.0.0.0")
            self.assertEqual(platform.interface("em0").broadcast, "10.77.1.127")
            self.has(kernel, platform, UP_AND_BROADCAST, "10.77.1.1", "255.255.255.254", "0.0.0.0")
            self.assertIs(platform.interface("em0").broadcast, None)

    def test_noBroadcast(self) -> None:
        """A point-to-point interface has no broadcast address, whatever the kernel answers."""
        for kernel, platform in self.kernels:
            self.has(kernel, platform, 0x51, "10.77.1.1", "255.255.255.0", "10.77.1.2")
            found = platform.interface("em0")
            self.assertEqual((found.broadcasts, found.broadcast), (False, None))

    def test_noAddress(self) -> None:
        """An interface without an IPv4 address is an interface."""
        none = kernelError(errno.EADDRNOTAVAIL)
        for kernel, platform in self.kernels:
            self.has(kernel, platform, 0x1002, none, none, none)
            found = platform.interface("em0")
            self.assertEqual(
                (found.up, found.address, found.prefix, found.broadcast), (False, None, None, None)
            )

    def test_missing(self) -> None:
        """A missing one is refused with the names of those that are there."""
        for _, platform in self.kernels:
            error = self.assertRaises(MediumError, platform.interface, "em9")
            self.assertIn("there is no network interface em9 (there are: lo", str(error))

    def test_alias(self) -> None:
        """An alias is refused with the name to write instead."""
        for _, platform in self.kernels:
            error = self.assertRaises(MediumError, platform.interface, "em0:1")
            self.assertIn("name the interface itself: em0", str(error))

    def test_vanishes(self) -> None:
        """An interface may vanish between two questions."""
        for kernel, platform in self.kernels:
            gone = kernelError(errno.ENXIO)
            self.has(kernel, platform, UP_AND_BROADCAST, gone, gone, gone)
            self.assertRaises(MediumError, platform.interface, "em0")
            self.assertTrue(all(made.closed for made in kernel.sockets))
