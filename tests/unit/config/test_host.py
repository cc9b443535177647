"""Questions about the machine."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.unit.config.fakes import FakeHost
from twisted_ha.config.host import Device, ElsewhereHost, FileFacts, IHostQueries, SystemHost
from twisted_ha.errors import MediumError


@dataclass
class Found:
    """What a platform answers."""

    address: str | None = "10.0.0.1"
    broadcast: str | None = None


class SystemHostTests(TestCase):
    """L{SystemHost}."""

    def setUp(self) -> None:
        self.host = SystemHost()
        self.loopback = next(name for _, name in socket.if_nameindex() if name.startswith("lo"))

    def test_interface(self) -> None:
        """All of them provide L{IHostQueries}."""
        for host in (self.host, ElsewhereHost(), FakeHost()):
            verifyObject(IHostQueries, host)

    def test_interfaces(self) -> None:
        """The loopback exists; without a platform its addresses are not certain."""
        facts = self.host.interface(self.loopback)
        assert facts is not None
        self.assertFalse(facts.certain)
        self.assertIsNone(self.host.interface("nosuch0"))

    def test_platform(self) -> None:
        """The platform's answer is used, and its refusal means that there is none."""
        facts = SystemHost(lambda name: Found()).interface(self.loopback)
        assert facts is not None
        self.assertEqual(("10.0.0.1", None, True), (facts.address, facts.broadcast, facts.certain))

        def refuse(name: str) -> Found:
            raise MediumError("gone")

        self.assertIsNone(SystemHost(refuse).interface(self.loopback))

    def test_device(self) -> None:
        """What stands at a path."""
        self.assertIs(Device.CHARACTER, self.host.device("/dev/null"))
        self.assertIs(Device.OTHER, self.host.device("/"))
        self.assertIs(Device.MISSING, self.host.device("/nowhere/at/all"))

    def test_resolves(self) -> None:
        """Addresses resolve in their own family only."""
        self.assertTrue(self.host.resolves("127.0.0.1", False))
        self.assertTrue(self.host.resolves("::1", True))
        self.assertFalse(self.host.resolves("::1", False))

    def test_accounts(self) -> None:
        """Names of accounts."""
        self.assertEqual(0, self.host.userId("root"))
        self.assertIsNone(self.host.userId("no-such-user"))
        self.assertIsNone(self.host.groupId("no-such-group"))

    def test_files(self) -> None:
        """Modes, contents, and whether one can be run."""
        path = self.mktemp()
        with open(path, "wb") as file:
            file.write(b"a\xff\r\n")
        os.chmod(path, 0o640)
        self.assertEqual(FileFacts(mode=0o640), self.host.fileFacts(path))
        self.assertFalse(self.host.executable(path))
        os.chmod(path, 0o755)
        self.assertTrue(self.host.executable(path))
        self.assertEqual("a\udcff\r\n", self.host.readText(path))
        self.assertFalse(self.host.executable("/"))
        self.assertIsNone(self.host.readText("/nowhere"))

    def test_nothingRaises(self) -> None:
        """No word of a file makes a question fail."""
        for word in ("", "\0", "\udc80", "x" * 70000, "a..b", "." * 300, "ü" * 100):
            self.host.interface(word)
            self.host.device(word)
            self.host.userId(word)
            self.host.groupId(word)
            self.host.executable(word)
            self.host.udpPort(word)
            self.host.fileFacts(word)
            self.host.readText(word)
        for word in ("\0", "x" * 70000, "a..b", "." * 300):
            self.host.resolves(word, False)
        self.assertIsNone(self.host.udpService(10**6))

    def test_priorities(self) -> None:
        """There is a range."""
        low, high = self.host.realtimePriorities()
        self.assertLess(low, high)
