"""Addresses on FreeBSD, from what its tools print (tests/data/freebsd)."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
from ipaddress import IPv4Address, IPv6Address
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted_ha.errors import PlatformError
from twisted_ha.interfaces import IAddresses
from twisted_ha.operations import Completed, Invocation, PlacedAddress, ServiceAddress
from twisted_ha.platform import neighbours
from twisted_ha.platform.freebsd_addresses import FreeBSDAddresses, Way, parseInterfaces, parseRoute
from twisted_ha.platform.freebsd_bpf import (
    BIOCGBLEN,
    BIOCIMMEDIATE,
    BIOCSETIF,
    BpfNeighbours,
    packets,
)

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "freebsd")
SERVICE = IPv4Address("10.0.0.9")
OURS = bytes.fromhex("080027a1b2c3")


def sample(name: str) -> str:
    with open(os.path.join(DATA, name)) as file:
        return file.read()


class ParseTests(SynchronousTestCase):
    """Reading the tools' output."""

    def test_blocks(self) -> None:
        """Every interface is one block, however many lines it has."""
        blocks = parseInterfaces(sample("ifconfig-a.txt"))
        self.assertEqual([block.name for block in blocks], ["em0", "em1", "em2", "tun0", "lo0"])
        self.assertEqual(blocks[0].hardware, OURS)
        self.assertIn("LOOPBACK", blocks[4].flags)
        self.assertEqual(blocks[1].lines, ())

    def test_lines(self) -> None:
        """Every address has its prefix, and an automatic one is known."""
        lines = parseInterfaces(sample("ifconfig-a.txt"))[0].lines
        self.assertEqual(
            [(str(line.address), line.prefix, line.automatic) for line in lines],
            [
                ("10.0.0.1", 24, False),
                ("10.0.0.100", 32, False),
                ("10.0.0.9", 32, False),
                ("fe80::a00:27ff:fea1:b2c3", 64, False),
                ("2001:db8::a00:27ff:fea1:b2c3", 64, True),
                ("2001:db8::9", 64, False),
            ],
        )
        self.assertEqual(lines[0].broadcast, IPv4Address("10.0.0.255"))

    def test_otherForms(self) -> None:
        """Masks with dots and prefixes with a slash are read too, and what cannot be is left out."""
        lines = parseInterfaces(sample("ifconfig-a-cidr.txt"))[0].lines
        self.assertEqual(
            [(str(line.address), line.prefix) for line in lines],
            [("10.0.0.1", 24), ("10.0.1.1", 24), ("2001:db8::9", 64)],
        )

    def test_specialLines(self) -> None:
        """CARP addresses and tunnels are addresses."""
        blocks = parseInterfaces(sample("ifconfig-a.txt"))
        self.assertEqual(blocks[2].lines[0].prefix, 24)
        self.assertEqual(str(blocks[3].lines[0].address), "172.16.0.1")

    def test_routes(self) -> None:
        """The interface, and how much of the address the route covers."""
        for name, expected in (
            ("net", Way("em0", 24)),
            ("default", Way("em0", 0)),
            ("host", Way("tun0", 32)),
            ("inet6", Way("em0", 64)),
        ):
            self.assertEqual(parseRoute(sample(f"route-get-{name}.txt")), expected, name)

    def test_noRoute(self) -> None:
        """No answer is no route."""
        self.assertIsNone(parseRoute("route: route has not been found\n"))


class FakeTools:
    """C{ifconfig} and C{route} of a machine; aliases really come and go in what C{-a} prints."""

    def __init__(self) -> None:
        self.text = sample("ifconfig-a.txt")
        self.route = Completed(status=0, output=sample("route-get-net.txt").encode())
        self.refusal: Completed | None = None
        self.ran: list[str] = []

    def run(self, invocation: Invocation, enough: Deferred[None] | None = None) -> Deferred[Completed]:
        self.ran.append(str(invocation))
        program, *arguments = invocation.argv
        if program == "/sbin/route":
            return succeed(self.route)
        if arguments == ["-a"]:
            return succeed(Completed(status=0, output=self.text.encode()))
        if self.refusal is not None:
            return succeed(self.refusal)
        line = f"\tinet {arguments[2]} "
        if arguments[-1] == "-alias":
            kept = [each for each in self.text.splitlines() if not f"{each} ".startswith(line)]
            self.text = "\n".join(kept)
        return succeed(Completed(status=0))


class FreeBSDAddressesTests(SynchronousTestCase):
    """What is run, and what follows from the answer."""

    def setUp(self) -> None:
        self.tools = FakeTools()
        self.told: list[tuple[str, bytes, str]] = []
        self.addresses = FreeBSDAddresses(
            self.tools,  # type: ignore[arg-type]
            {"PATH": "/x"},
            SimpleNamespace(
                announce=lambda *told: self.told.append(told),
                probe=lambda interface, hardware, address, seconds: succeed(hardware.hex()),
            ),  # type: ignore[arg-type]
        )

    def plan(self, **wanted: Any) -> PlacedAddress:
        given: dict[str, Any] = {"address": SERVICE, **wanted}
        return self.successResultOf(self.addresses.plan(ServiceAddress(**given)))

    def refused(self, **wanted: Any) -> str:
        given: dict[str, Any] = {"address": SERVICE, **wanted}
        planning = self.addresses.plan(ServiceAddress(**given))
        return str(self.failureResultOf(planning, PlatformError).value)

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IAddresses, self.addresses)

    def test_find(self) -> None:
        """An address is found exactly: 10.0.0.100 is not 10.0.0.1 with something behind it."""
        (found,) = self.successResultOf(self.addresses.find(IPv4Address("10.0.0.100")))
        self.assertEqual((found.interface, found.prefix, found.own), ("em0", 32, False))
        self.assertEqual(self.successResultOf(self.addresses.find(IPv4Address("10.0.0.10"))), ())

    def test_own(self) -> None:
        """The first address with its network's mask is the interface's own; so is an automatic one."""
        for text, own in (
            ("10.0.0.1", True),
            ("10.0.0.9", False),
            ("2001:db8::9", False),
            ("2001:db8::a00:27ff:fea1:b2c3", True),
        ):
            address = IPv4Address(text) if "." in text else IPv6Address(text)
            (found,) = self.successResultOf(self.addresses.find(address))
            self.assertEqual(found.own, own, text)

    def test_alias(self) -> None:
        """Beside another address of its network it gets 32 bits, whatever was asked for."""
        for wanted in ({}, {"prefix": 24, "interface": "em0"}):
            planned = self.plan(**wanted)
            self.assertEqual((planned.interface, planned.prefix), ("em0", 32))

    def test_firstOfItsNetwork(self) -> None:
        """Alone in its network it gets the network's mask and broadcast address."""
        planned = self.plan(address=IPv4Address("10.9.0.9"), prefix=16, interface="em1")
        self.assertEqual((planned.prefix, planned.broadcast), (16, IPv4Address("10.9.255.255")))

    def test_defaultRoute(self) -> None:
        """The default route says nothing about the mask, but names the interface."""
        self.tools.route = Completed(status=0, output=sample("route-get-default.txt").encode())
        self.assertIn("Cannot use default route w/o netmask", self.refused())
        self.assertEqual(self.plan(address=IPv4Address("198.51.100.9"), prefix=24).interface, "em0")

    def test_noRoute(self) -> None:
        """No route, and no such interface, are said."""
        self.tools.route = Completed(status=1, errors=b"route: route has not been found\n")
        self.assertIn("route has not been found", self.refused())
        self.assertIn("no interface em7", self.refused(prefix=24, interface="em7"))

    def test_add(self) -> None:
        """The command of the manual."""
        self.successResultOf(self.addresses.add(self.plan()))
        self.assertEqual(
            self.tools.ran[-1], "/sbin/ifconfig em0 inet 10.0.0.9 netmask 255.255.255.255 alias"
        )

    def test_add6(self) -> None:
        """And that for IPv6."""
        address = IPv6Address("2001:db8::9")
        placed = PlacedAddress(address=address, prefix=64, interface="em0")
        self.successResultOf(self.addresses.add(placed))
        self.assertEqual(self.tools.ran[-1], "/sbin/ifconfig em0 inet6 2001:db8::9 prefixlen 64 alias")

    def test_addRefused(self) -> None:
        """A refusal is an error with the tool's words, unless the address is there all the same."""
        self.tools.refusal = Completed(status=1, errors=b"ifconfig: ioctl (SIOCAIFADDR): File exists\n")
        self.successResultOf(self.addresses.add(self.plan()))
        absent = self.plan(address=IPv4Address("10.9.0.9"), prefix=16, interface="em1")
        failure = self.failureResultOf(self.addresses.add(absent), PlatformError)
        self.assertIn("SIOCAIFADDR", str(failure.value))

    def test_remove(self) -> None:
        """Exactly that address goes."""
        self.successResultOf(self.addresses.remove(self.plan()))
        self.assertEqual(self.tools.ran[-1], "/sbin/ifconfig em0 inet 10.0.0.9 -alias")
        self.assertEqual(self.successResultOf(self.addresses.find(SERVICE)), ())
        self.assertEqual(len(self.successResultOf(self.addresses.find(IPv4Address("10.0.0.100")))), 1)

    def test_removeRefused(self) -> None:
        """A refusal is an error only if the address stays."""
        placed = self.plan()
        self.tools.refusal = Completed(status=1, errors=b"can't assign requested address\n")
        self.failureResultOf(self.addresses.remove(placed), PlatformError)
        self.tools.text = ""
        self.successResultOf(self.addresses.remove(placed))

    def test_neighbours(self) -> None:
        """Questions and announcements carry the interface's hardware address."""
        placed = self.plan()
        self.assertEqual(self.successResultOf(self.addresses.probe(placed, 0.02)), OURS.hex())
        self.addresses.announce(placed)
        self.assertEqual(self.told, [("em0", OURS, SERVICE)])

    def test_withoutHardware(self) -> None:
        """A tunnel has no neighbours."""
        placed = self.plan(interface="tun0", prefix=32)
        self.assertIsNone(self.successResultOf(self.addresses.probe(placed, 0.02)))
        self.addresses.announce(placed)
        self.assertEqual(self.told, [])

    def test_environment(self) -> None:
        """A format the administrator prefers does not change what we read."""
        self.assertIn("inet:hex", self.addresses._environment["IFCONFIG_FORMAT"])


class EmergencyTests(SynchronousTestCase):
    """The guardian's command, run by a real shell with a made-up C{ifconfig}."""

    def setUp(self) -> None:
        self.place = os.path.abspath(self.mktemp())
        os.makedirs(self.place)
        self.tool = os.path.join(self.place, "ifconfig")
        self.state = os.path.join(self.place, "state")
        with open(self.tool, "w") as file:
            file.write(
                "#!/bin/sh\n"
                f"cd {self.place}\n"
                'case "$*" in\n'
                '-l) echo "em0 em1 lo0";;\n'
                '*-alias) echo "$*" >> log; [ -e stuck ] || grep -v "inet $3 " state > new;'
                " [ -e new ] && mv new state;;\n"
                '"em0 inet") cat state;;\n'
                "esac\n"
                "true\n"
            )
        os.chmod(self.tool, 0o755)
        with open(self.state, "w") as file:
            file.write("\tinet 10.0.0.100 netmask 0xffffff00\n\tinet 10.0.0.9 netmask 0xffffffff\n")

    def run1(self) -> int:
        addresses = FreeBSDAddresses(SimpleNamespace(), {}, SimpleNamespace())  # type: ignore[arg-type]
        shell, option, script = addresses.emergencyCommand(SERVICE)
        script = script.replace("/sbin/ifconfig", self.tool)
        return subprocess.run([shell, option, script], env={"PATH": "/bin:/usr/bin"}).returncode

    def log(self) -> str:
        try:
            with open(os.path.join(self.place, "log")) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def test_present(self) -> None:
        """It is taken away from where it stands, exactly."""
        self.assertEqual(self.run1(), 0)
        self.assertEqual(self.log(), "em0 inet 10.0.0.9 -alias\n")

    def test_absent(self) -> None:
        """Nothing to do is success."""
        self.assertEqual((self.run1(), self.run1()), (0, 0))
        self.assertEqual(self.log().count("\n"), 1)

    def test_stuck(self) -> None:
        """One that stays is a failure."""
        with open(os.path.join(self.place, "stuck"), "w"):
            pass
        self.assertNotEqual(self.run1(), 0)


class BpfTests(SynchronousTestCase):
    """The packet filter device (bpf(4))."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.requests: list[tuple[int, bytes]] = []
        self.path = self.mktemp()

    def neighbours(self, found: bytes = b"") -> BpfNeighbours:
        """With a file as device: reads continue where writes have ended."""
        with open(self.path, "wb") as file:
            file.write(found)

        def ioctl(descriptor: int, request: int, argument: bytes) -> bytes:
            self.requests.append((request, argument))
            if request == BIOCSETIF and argument.startswith(b"em7"):
                raise OSError(errno.ENXIO, "Device not configured")
            if request == BIOCIMMEDIATE:
                # What the question overwrites is no answer.
                os.lseek(descriptor, 0, os.SEEK_END)
                self.end = os.lseek(descriptor, 0, os.SEEK_CUR)
            if request == BIOCGBLEN:
                os.lseek(descriptor, 0, os.SEEK_SET)
                return struct.pack("=I", self.end)
            return argument

        return BpfNeighbours(self.clock, self.path, ioctl)

    def captured(self, frame: bytes) -> bytes:
        """A frame as one read delivers it."""
        header = struct.pack("@llIIH", 1, 2, len(frame), len(frame), 26)
        record = header + frame
        return record + b"\0" * (-len(record) % struct.calcsize("@l"))

    def test_numbers(self) -> None:
        """The requests are those of net/bpf.h on a 64-bit machine."""
        self.assertEqual((BIOCSETIF, BIOCGBLEN, BIOCIMMEDIATE), (0x8020426C, 0x40044266, 0x80044270))

    def test_packets(self) -> None:
        """One read may hold several frames, each rounded up to a word."""
        frames = [b"x" * 42, b"y" * 60, b"z" * 61]
        buffer = b"".join(self.captured(frame) for frame in frames)
        self.assertEqual(list(packets(buffer)), frames)
        self.assertEqual(list(packets(buffer[:20])), [])

    def test_announce(self) -> None:
        """The frames are written to the interface's filter."""
        self.neighbours().announce("em0", OURS, SERVICE)
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), b"".join(neighbours.announcements(OURS, SERVICE)))
        self.assertEqual(self.requests[0], (BIOCSETIF, b"em0".ljust(32, b"\0")))

    def test_noInterface(self) -> None:
        """An interface that is gone is the kernel's error, and no descriptor is lost."""
        before = len(os.listdir("/dev/fd"))
        self.assertRaises(OSError, self.neighbours().announce, "em7", OURS, SERVICE)
        self.assertEqual(len(os.listdir("/dev/fd")), before)

    def test_conflict(self) -> None:
        """An answer in time is a conflict."""
        theirs = bytes.fromhex("020000000007")
        found = self.captured(neighbours.announcements(theirs, SERVICE)[1])
        probing = self.neighbours(found).probe("em0", OURS, SERVICE, 0.02)
        self.assertNoResult(probing)
        self.clock.advance(0.02)
        self.assertEqual(self.successResultOf(probing), "02:00:00:00:00:07")

    def test_noConflict(self) -> None:
        """None is none."""
        probing = self.neighbours(self.captured(b"\0" * 42)).probe("em0", OURS, SERVICE, 0.02)
        self.clock.advance(0.02)
        self.assertIsNone(self.successResultOf(probing))
