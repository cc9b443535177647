"""Tests of the watchdogs."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.platform.kernel import kernelError
from twisted_ha.errors import PlatformError
from twisted_ha.platform.freebsd_watchdog import FreeBSDWatchdog, exponentOf
from twisted_ha.platform.interface import IWatchdog
from twisted_ha.platform.linux_watchdog import LinuxWatchdog


class LinuxWatchdogTests(SynchronousTestCase):
    """L{LinuxWatchdog}, on a file that looks like a device."""

    def setUp(self) -> None:
        self.device = Path(self.mktemp())
        self.device.touch()
        self.asked: list[tuple[int, int]] = []
        self.unsupported: set[int] = set()

    def watchdog(self, timeout: float = 10) -> LinuxWatchdog:
        return LinuxWatchdog(str(self.device), timeout, self.ioctl)

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        (seconds,) = struct.unpack("i", argument)
        self.asked.append((request, seconds))
        if request in self.unsupported:
            raise kernelError(errno.EOPNOTSUPP)
        return struct.pack("i", seconds if request == 0xC0045706 else 60)

    def test_interface(self) -> None:
        """It is a watchdog."""
        verifyObject(IWatchdog, self.watchdog(10))

    def test_timeout(self) -> None:
        """The time is set, rounded up."""
        self.assertEqual(self.watchdog(9.2).timeout, 10)
        self.assertEqual(self.asked, [(0xC0045706, 10)])

    def test_fixedTimeout(self) -> None:
        """A device with a time of its own says which; one that says nothing is believed."""
        self.unsupported = {0xC0045706}
        self.assertEqual(self.watchdog(10).timeout, 60)
        self.unsupported.add(0x80045707)
        self.assertEqual(self.watchdog(10).timeout, 10)

    def test_life(self) -> None:
        """It is patted by a byte, and disarmed by the letter V; afterwards nothing happens."""
        watchdog = self.watchdog(10)
        watchdog.pat()
        watchdog.pat()
        self.assertEqual(self.device.read_bytes(), b"..")
        watchdog.close()
        watchdog.close()
        watchdog.pat()
        self.assertEqual(self.device.read_bytes(), b"..V")

    def test_missing(self) -> None:
        """A missing device says what is lost."""
        error = self.assertRaises(PlatformError, LinuxWatchdog, "/dev/nothing", 10)
        self.assertIn("/dev/nothing: No such file", str(error))
        self.assertIn("will not reset it", str(error))

    def test_refuses(self) -> None:
        """A device that takes no food is an error; closing it is none."""
        watchdog = LinuxWatchdog("/dev/full", 10)
        self.assertIn("cannot be fed", str(self.assertRaises(PlatformError, watchdog.pat)))
        watchdog.close()


class FreeBSDWatchdogTests(SynchronousTestCase):
    """L{FreeBSDWatchdog}, on a kernel of ours."""

    def setUp(self) -> None:
        self.device = Path(self.mktemp())
        self.device.touch()
        self.asked: list[tuple[int, int]] = []
        self.failure: OSError | None = None

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        if self.failure:
            raise self.failure
        self.asked.append((request, struct.unpack("I", argument)[0]))
        return argument

    def watchdog(self) -> FreeBSDWatchdog:
        return FreeBSDWatchdog(str(self.device), 10, self.ioctl)

    def test_interface(self) -> None:
        """It is a watchdog."""
        verifyObject(IWatchdog, self.watchdog())

    def test_exponent(self) -> None:
        """Times are powers of two nanoseconds: 2**30 is the header's second, and never less is meant."""
        self.assertEqual(
            [exponentOf(1), exponentOf(1.0737), exponentOf(1.08), exponentOf(10)], [30, 30, 31, 34]
        )
        self.assertAlmostEqual(self.watchdog().timeout, 17.18, 2)

    def test_life(self) -> None:
        """It is armed and patted by one request, and disarmed by a time of never."""
        watchdog = self.watchdog()
        watchdog.pat()
        watchdog.close()
        watchdog.close()
        watchdog.pat()
        armed = 0x8004572A, 0x08000000 | 34
        self.assertEqual(self.asked, [armed, armed, (0x8004572A, 0)])

    def test_refuses(self) -> None:
        """A device that cannot be armed or fed is an error; closing it is none."""
        watchdog = self.watchdog()
        self.failure = kernelError(errno.EOPNOTSUPP)
        self.assertRaises(PlatformError, watchdog.pat)
        self.assertRaises(PlatformError, self.watchdog)
        watchdog.close()

    def test_missing(self) -> None:
        """A missing device says what is lost."""
        error = self.assertRaises(PlatformError, FreeBSDWatchdog, "/dev/nothing", 10)
        self.assertIn("/dev/nothing", str(error))
