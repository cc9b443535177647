"""Tests of L{twisted_ha.platform.serial_line} and L{twisted_ha.platform.serial_lock}."""

from __future__ import annotations

import errno
import os
import termios
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted_ha.errors import MediumError
from twisted_ha.platform.interface import ISerialLock
from twisted_ha.platform.linux import LinuxPlatform
from twisted_ha.platform.serial_line import RATES, attributes, openLine
from twisted_ha.platform.serial_lock import SerialLock, lockName

US = 4711
OTHER = 4712


class LockTests(SynchronousTestCase):
    """L{SerialLock}."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.living = {US}

    def lock(self, device: str = "/dev/ttyS0", directory: str = "") -> SerialLock:
        return SerialLock(directory or str(self.directory), device, lambda: US, self.living.__contains__)

    def put(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        return path

    def test_interface(self) -> None:
        """It is a lock on a serial line."""
        verifyObject(ISerialLock, self.lock())

    def test_name(self) -> None:
        """The name is made of the letters and digits behind C{/dev/}."""
        self.assertEqual(lockName("/dev/ttyS0"), "LCK..ttyS0")
        self.assertEqual(lockName("/dev/serial/by-id/usb-FTDI_1"), "LCK..serialbyidusbFTDI1")

    def test_taken(self) -> None:
        """The lock holds our process, right-aligned in ten columns, and nothing else is left."""
        self.lock().acquire()
        self.assertEqual([path.name for path in self.directory.iterdir()], ["LCK..ttyS0"])
        self.assertEqual((self.directory / "LCK..ttyS0").read_text(), "      4711\n")

    def test_released(self) -> None:
        """It is removed at the end, once."""
        lock = self.lock()
        lock.acquire()
        lock.release()
        lock.release()
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_notOurs(self) -> None:
        """A lock that somebody else has put there since is left alone."""
        lock = self.lock()
        lock.acquire()
        path = self.put("LCK..ttyS0", f"{OTHER:10d}\n")
        lock.release()
        self.assertTrue(path.exists())

    def test_busy(self) -> None:
        """The lock of a living process is respected, and says whose it is and what to do."""
        self.living.add(OTHER)
        path = self.put("LCK..ttyS0", f"{OTHER:10d}\n")
        error = self.assertRaises(MediumError, self.lock().acquire)
        self.assertIn(f"/dev/ttyS0 is in use: process {OTHER} has locked it with {path}", str(error))
        self.assertEqual(path.read_text(), f"{OTHER:10d}\n")

    def test_stale(self) -> None:
        """The lock of a dead process, or one without a process in it, is replaced."""
        for text in (f"{OTHER:10d}\n", "", "rubbish", "-1\n", "0\n"):
            path = self.put("LCK..ttyS0", text)
            lock = self.lock()
            lock.acquire()
            self.assertEqual(path.read_text(), "      4711\n")
            lock.release()

    def test_ours(self) -> None:
        """Our own lock from before is kept."""
        self.lock().acquire()
        self.lock().acquire()

    def test_otherNames(self) -> None:
        """A lock under another name of the same device is respected."""
        device = Path(self.mktemp()).absolute()
        device.symlink_to("/dev/null")
        self.living.add(OTHER)
        path = self.put("LCK..null", f"{OTHER}\n")
        self.assertRaises(MediumError, self.lock(str(device)).acquire)
        path.unlink()
        self.lock(str(device)).acquire()

    def test_noDirectory(self) -> None:
        """A missing directory is named."""
        missing = str(self.directory / "missing")
        error = self.assertRaises(MediumError, self.lock(directory=missing).acquire)
        self.assertIn(f"{missing}, does not exist; create it", str(error))

    def test_livingProcess(self) -> None:
        """By default a process is looked for in the system: this one lives."""
        path = self.put("LCK..ttyS0", f"{os.getpid():10d}\n")
        lock = SerialLock(str(self.directory), "/dev/ttyS0", lambda: US)
        self.assertRaises(MediumError, lock.acquire)
        path.write_text(f"{2**22 + 1:10d}\n")
        lock.acquire()

    def test_platform(self) -> None:
        """The platform knows where locks are."""
        verifyObject(ISerialLock, LinuxPlatform().serialLock("/dev/ttyS0"))


class LineTests(SynchronousTestCase):
    """L{openLine}, on pseudo terminals."""

    def setUp(self) -> None:
        self.master, slave = os.openpty()
        self.addCleanup(os.close, self.master)
        self.device = os.ttyname(slave)
        os.close(slave)

    def complaint(self, device: str, users: list[str] | None = None) -> str:
        return str(self.assertRaises(MediumError, openLine, device, 19200, "HINT", lambda: users or []))

    def test_settings(self) -> None:
        """An open line has the settings that were read back from heartbeat."""
        line = openLine(self.device, 19200, "HINT", list)
        self.addCleanup(line.close)
        assert line.fd is not None
        iflag, oflag, cflag, lflag, ispeed, ospeed, characters = termios.tcgetattr(line.fd)
        on = termios.INPCK | termios.ISTRIP | termios.IGNCR | termios.BRKINT
        off = (
            termios.IGNBRK
            | termios.ICRNL
            | termios.IXON
            | termios.IXOFF
            | termios.IXANY
            | termios.PARMRK
        )
        self.assertEqual(iflag & (on | off), on)
        self.assertEqual(oflag & termios.OPOST, 0)
        self.assertEqual(cflag & (termios.CREAD | termios.CLOCAL), termios.CREAD | termios.CLOCAL)
        self.assertEqual(cflag & (termios.CSIZE | termios.PARENB), termios.CS8)
        self.assertTrue(cflag & termios.CRTSCTS)
        self.assertEqual(lflag & (termios.ICANON | termios.ECHO | termios.ISIG), 0)
        self.assertEqual((ispeed, ospeed), (termios.B19200, termios.B19200))
        self.assertEqual((characters[termios.VMIN], characters[termios.VTIME]), (1, 1))

    def test_rates(self) -> None:
        """Every rate of the manual can be set."""
        line = openLine(self.device, 9600, "HINT", list)
        self.addCleanup(line.close)
        assert line.fd is not None
        present = termios.tcgetattr(line.fd)
        for rate in RATES:
            termios.tcsetattr(line.fd, termios.TCSANOW, attributes(present, rate))
            self.assertEqual(termios.tcgetattr(line.fd)[4], getattr(termios, f"B{rate}"))

    def test_doesNotBlock(self) -> None:
        """Nothing to read is an error and not a wait."""
        line = openLine(self.device, 19200, "HINT", list)
        self.addCleanup(line.close)
        assert line.fd is not None
        self.assertEqual(self.assertRaises(OSError, os.read, line.fd, 1).errno, errno.EAGAIN)

    def test_missing(self) -> None:
        """A missing device is answered with what such devices are called."""
        self.assertEqual(self.complaint("/dev/nothing"), "there is no device /dev/nothing; HINT")

    def test_noDevice(self) -> None:
        """So is a file, and a device that is no terminal."""
        self.assertEqual(self.complaint("/etc/passwd"), "/etc/passwd is not a character device; HINT")
        self.assertIn("cannot be used as a serial line; HINT", self.complaint("/dev/null"))

    def test_twice(self) -> None:
        """Two of our daemons cannot have the same line."""
        line = openLine(self.device, 19200, "HINT", list)
        self.addCleanup(line.close)
        self.assertEqual(
            self.complaint(self.device), f"{self.device} is in use by another program; stop it"
        )

    def test_getty(self) -> None:
        """A line that a getty has open is left alone."""
        slave = os.open(self.device, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, slave)
        before = termios.tcgetattr(slave)
        text = self.complaint(self.device, ["agetty (process 17)"])
        self.assertIn("is in use by agetty (process 17); stop that program", text)
        self.assertEqual(termios.tcgetattr(slave), before)

    def test_forbidden(self) -> None:
        """A device that may not be opened says who may."""
        original = os.open

        def refuse(path: str, *arguments: int) -> int:
            if path == self.device:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return original(path, *arguments)

        self.patch(os, "open", refuse)
        self.assertIn("no permission; start the daemon as root", self.complaint(self.device))

    def test_noHardware(self) -> None:
        """A device without hardware behind it says so."""

        def refuse(path: str, *arguments: int) -> int:
            raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))

        self.patch(os, "open", refuse)
        self.assertEqual(self.complaint(self.device), f"{self.device} has no hardware behind it; HINT")
