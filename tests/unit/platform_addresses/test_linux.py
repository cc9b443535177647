"""Addresses on Linux, as far as they can be looked at without rights; the rest is in tests/interop."""

from __future__ import annotations

import struct
import sys
from ipaddress import IPv4Address, IPv6Address

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted_ha.errors import PlatformError
from twisted_ha.interfaces import IAddresses
from twisted_ha.operations import PlacedAddress, ServiceAddress
from twisted_ha.platform.addresses import chooseAddresses
from twisted_ha.platform.netlink import Configured, Interface, _attributes, _configured

if not sys.platform.startswith("linux"):
    skip = "this kernel has no rtnetlink"
else:
    from twisted_ha.platform.linux_addresses import LinuxAddresses, _completed, _placed


class LinuxAddressesTests(SynchronousTestCase):
    """The real kernel, looked at."""

    def setUp(self) -> None:
        self.addresses = LinuxAddresses(Clock())
        self.addCleanup(self.addresses.close)

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IAddresses, self.addresses)

    def test_find(self) -> None:
        """The loopback address is found, with all that is known of it."""
        (found,) = self.successResultOf(self.addresses.find(IPv4Address("127.0.0.1")))
        self.assertEqual((found.interface, found.prefix, found.loopback), ("lo", 8, True))

    def test_absent(self) -> None:
        """An address that nobody has is nowhere."""
        for address in (IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")):
            self.assertEqual(self.successResultOf(self.addresses.find(address)), ())

    def test_noInterface(self) -> None:
        """An interface that does not exist is refused, with those that do."""
        for name in ("nosuch0", "a-name-longer-than-any-interface-has"):
            wanted = ServiceAddress(address=IPv4Address("192.0.2.1"), prefix=24, interface=name)
            failure = self.failureResultOf(self.addresses.plan(wanted), PlatformError)
            self.assertIn(f"no interface {name} on this node (there are: ", str(failure.value))

    def test_removeAbsent(self) -> None:
        """What is not there is removed already, with its interface or without."""
        for name in ("lo", "nosuch0"):
            placed = PlacedAddress(address=IPv4Address("192.0.2.1"), prefix=24, interface=name)
            self.successResultOf(self.addresses.remove(placed))

    def test_noOneToAsk(self) -> None:
        """On an interface without ARP there is nobody to ask or to tell."""
        placed = PlacedAddress(address=IPv4Address("192.0.2.1"), prefix=32, interface="lo")
        self.assertIsNone(self.successResultOf(self.addresses.probe(placed, 1.0)))
        self.addresses.announce(placed)


class LabelTests(SynchronousTestCase):
    """What is added to an address before it is configured."""

    def placed(self, **more: object) -> PlacedAddress:
        given = {"address": IPv4Address("10.0.0.9"), "prefix": 24, "interface": "eth0", **more}
        return PlacedAddress(**given)  # type: ignore[arg-type]

    def test_firstFree(self) -> None:
        """The label is the first free number, as classic tools show aliases."""
        self.assertEqual(_completed(self.placed(), {"eth0"}).label, "eth0:0")
        self.assertEqual(_completed(self.placed(), {"eth0", "eth0:0", "eth0:2"}).label, "eth0:1")

    def test_tooLong(self) -> None:
        """An interface whose name leaves no room has no labels."""
        self.assertEqual(
            _completed(self.placed(interface="enp0s31f6u1c2"), set()).label, "enp0s31f6u1c2:0"
        )
        self.assertIsNone(_completed(self.placed(interface="enp0s31f6u1c2a"), set()).label)

    def test_broadcast(self) -> None:
        """The broadcast address is the highest of the network, where it has one."""
        self.assertEqual(_completed(self.placed(), set()).broadcast, IPv4Address("10.0.0.255"))
        self.assertIsNone(_completed(self.placed(prefix=32), set()).broadcast)

    def test_ipv6(self) -> None:
        """IPv6 has neither."""
        placed = self.placed(address=IPv6Address("2001:db8::9"))
        self.assertEqual(_completed(placed, set()), placed)


class OwnTests(SynchronousTestCase):
    """Which address looks like the interface's own."""

    ETH0 = Interface(index=2, name="eth0", kind=1, flags=1, hardware=b"\2" * 6)

    def own(self, label: str | None, main: bool, permanent: bool = True, ipv6: bool = False) -> bool:
        address = IPv6Address("2001:db8::9") if ipv6 else IPv4Address("10.0.0.9")
        found = Configured(address, 24, 2, label, None, False, permanent)
        return _placed(found, self.ETH0, main).own

    def test_first(self) -> None:
        """The first one without alias label."""
        self.assertTrue(self.own("eth0", True))
        self.assertTrue(self.own(None, True))

    def test_labelled(self) -> None:
        """Not one with a label, even alone: we add them so, and heartbeat does."""
        self.assertFalse(self.own("eth0:0", True))

    def test_later(self) -> None:
        """Not a later one: IPaddr2 adds them without label."""
        self.assertFalse(self.own("eth0", False))

    def test_ipv6(self) -> None:
        """Of IPv6 only an automatic one."""
        self.assertTrue(self.own(None, True, permanent=False, ipv6=True))
        self.assertFalse(self.own(None, True, ipv6=True))


class NetlinkTests(SynchronousTestCase):
    """Reading the kernel's messages."""

    def test_attributes(self) -> None:
        """Attributes are padded to four bytes; a broken length ends the list."""
        data = struct.pack("=HH5s3x", 9, 3, b"eth0\0") + struct.pack("=HHI", 8, 8, 0x80)
        self.assertEqual(
            _attributes(data),
            {3: b"eth0\0", 8: b"\x80\0\0\0" if sys.byteorder == "little" else b"\0\0\0\x80"},
        )
        self.assertEqual(_attributes(data + b"\1\0\0\0"), _attributes(data))

    def test_pointToPoint(self) -> None:
        """On a tunnel our end is the address, not the peer's."""
        body = struct.pack("=BBBBI", 2, 32, 0x80, 0, 5)
        body += struct.pack("=HH4s", 8, 1, b"\x0a\0\0\2") + struct.pack("=HH4s", 8, 2, b"\x0a\0\0\1")
        self.assertEqual(_configured(body).address, IPv4Address("10.0.0.1"))


class ChooseTests(SynchronousTestCase):
    """Which addresses a system gets."""

    def test_systems(self) -> None:
        """Linux and FreeBSD have theirs; elsewhere scripts have to do."""
        runner = object()
        for system, name in (("linux", "LinuxAddresses"), ("freebsd14", "FreeBSDAddresses")):
            chosen = chooseAddresses(Clock(), runner, {}, system)  # type: ignore[arg-type]
            self.assertEqual(type(chosen).__name__, name)
        self.assertIsNone(chooseAddresses(Clock(), runner, {}, "sunos5"))  # type: ignore[arg-type]
