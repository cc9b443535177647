"""The native address agent."""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.agents.fakes import FakeAddresses, FakeRunner, Surroundings
from twisted_ha.agents.address import AddressAgent, parseAddress
from twisted_ha.config.model import Deadlines, Resource, Tuning
from twisted_ha.errors import AgentError
from twisted_ha.events import AddressAnnounced, AddressConflict, Warned
from twisted_ha.interfaces import IAddresses, IResourceAgent
from twisted_ha.operations import Completed, PlacedAddress, ServiceAddress, Standing

ADDRESS = IPv4Address("10.0.0.9")


def resource(agent: str, *arguments: str) -> Resource:
    return Resource(token="::".join((agent, *arguments)), agent=agent, arguments=arguments)


def placed(**more: Any) -> PlacedAddress:
    given: dict[str, Any] = {"address": ADDRESS, "prefix": 24, "interface": "eth0", "label": "eth0:0"}
    return PlacedAddress(**{**given, **more})


class ParseTests(SynchronousTestCase):
    """The argument (resource-management.md section 1.1)."""

    def parsed(self, text: str) -> ServiceAddress:
        return parseAddress(resource("IPaddr", text))

    def test_table(self) -> None:
        """Every spelling of the table means what it says there."""
        broadcast = IPv4Address("10.0.0.255")
        for text, expected in (
            ("10.0.0.9", ServiceAddress(address=ADDRESS)),
            ("10.0.0.9/24", ServiceAddress(address=ADDRESS, prefix=24)),
            ("10.0.0.9/24/em0", ServiceAddress(address=ADDRESS, prefix=24, interface="em0")),
            (
                "10.0.0.9/24/10.0.0.255",
                ServiceAddress(address=ADDRESS, prefix=24, broadcast=broadcast),
            ),
            (
                "10.0.0.9/24/em0/10.0.0.255",
                ServiceAddress(address=ADDRESS, prefix=24, interface="em0", broadcast=broadcast),
            ),
            (
                "10.0.0.9/24/em0:web",
                ServiceAddress(address=ADDRESS, prefix=24, interface="em0", label="em0:web"),
            ),
        ):
            self.assertEqual(self.parsed(text), expected, text)

    def test_refused(self) -> None:
        """What cannot be meant is refused, with the resource's name and how it is written."""
        for text, reason in (
            ("10.0.0.9/33", "Invalid netmask specification"),
            ("10.0.0.9/0", "Invalid netmask specification"),
            ("10.0.0.9/255.255.255.0", "Invalid netmask specification"),
            ("10.0.0.9//em0", "Invalid netmask specification"),
            ("10.0.0.999/24", "is not an IPv4 address"),
            ("10.0.0.9/24/10.0.0.300", "broadcast address"),
            ("10.0.0.9/24/em0/10.0.0.255/x", "left over"),
            ("10.0.0.9/24/em0/em1", "left over"),
        ):
            error = self.assertRaises(AgentError, self.parsed, text)
            self.assertIn(reason, str(error))
            self.assertIn(f"IPaddr::{text}", str(error))

    def test_oneArgument(self) -> None:
        """There is one argument, no more and no less."""
        for arguments in ((), ("10.0.0.9", "10.0.0.8")):
            self.assertRaises(AgentError, parseAddress, resource("IPaddr2", *arguments))

    def test_ipv6(self) -> None:
        """An IPv6 address has its own form."""
        self.assertEqual(
            parseAddress(resource("IPv6addr", "fd00:0:0:0:0:0:0:9/64/eth0")),
            ServiceAddress(address=IPv6Address("fd00::9"), prefix=64, interface="eth0"),
        )

    def test_shortIpv6(self) -> None:
        """The two colons of a short one were taken for a separator, and are put back."""
        parsed = parseAddress(resource("IPv6addr", "fd00", "9/64"))
        self.assertEqual(parsed.address, IPv6Address("fd00::9"))

    def test_ipv6Refused(self) -> None:
        """And its own mistakes."""
        for text in (
            "10.0.0.9/24",
            "fd00:9/129",
            "fe80:0:0:0:0:0:0:9%eth0/64",
            "fd00:1:2:3:4:5:6:7/64/a/b",
        ):
            self.assertRaises(AgentError, parseAddress, resource("IPv6addr", text))


class AddressAgentTests(SynchronousTestCase):
    """Start, stop and status of one address."""

    def setUp(self) -> None:
        self.around = Surroundings()
        self.clock = self.around.clock
        self.addresses = FakeAddresses(self.clock)
        self.runner = FakeRunner()
        self.directory = self.mktemp()
        os.makedirs(os.path.join(self.directory, "rc.d"))
        self.agent = self.make()

    def make(self, text: str = "10.0.0.9/24/eth0", **tuning: Any) -> AddressAgent:
        named = resource("IPaddr", text)
        return AddressAgent(
            resource=named,
            wanted=parseAddress(named),
            addresses=self.addresses,
            runner=self.runner,
            clock=self.clock,
            bus=self.around.bus,
            directory=self.directory,
            environment={},
            deadlines=Deadlines(),
            tuning=Tuning(**tuning),
        )

    def hook(self, name: str, ending: Completed) -> str:
        path = os.path.join(self.directory, "rc.d", name)
        with open(path, "w"):
            pass
        os.chmod(path, 0o755)
        self.runner.answers["10.0.0.9/24/eth0"] = ending
        return path

    def test_interface(self) -> None:
        """Agent and fake keep their contracts."""
        verifyObject(IResourceAgent, self.agent)
        verifyObject(IAddresses, self.addresses)

    def test_start(self) -> None:
        """After the probe time without an answer it is added and announced."""
        starting = self.agent.start(False)
        self.assertEqual(self.addresses.placed, [])
        self.assertEqual(self.addresses.probed, [("10.0.0.9", 0.02)])
        self.clock.advance(0.02)
        self.assertTrue(self.successResultOf(starting).ok)
        self.assertEqual(self.addresses.placed, [placed()])
        self.assertEqual(len(self.addresses.announced), 1)
        self.assertEqual(len(self.around.told(AddressAnnounced)), 1)

    def test_handedOver(self) -> None:
        """An address that its owner has released is taken at once."""
        self.assertTrue(self.successResultOf(self.agent.start(True)).ok)
        self.assertEqual(self.addresses.probed, [])

    def test_conflict(self) -> None:
        """One that somebody else answers for is not taken, and it is said who that is."""
        self.addresses.owners["10.0.0.9"] = "02:00:00:00:00:07"
        starting = self.agent.start(False)
        self.clock.advance(0.02)
        outcome = self.successResultOf(starting)
        self.assertEqual(
            (outcome.ok, outcome.reason), (False, "10.0.0.9 is in use by 02:00:00:00:00:07 on eth0")
        )
        self.assertEqual((self.addresses.placed, self.addresses.announced), ([], []))
        self.assertEqual(len(self.around.told(AddressConflict)), 1)

    def test_takeConflicting(self) -> None:
        """Unless the administrator wants it anyway."""
        self.addresses.owners["10.0.0.9"] = "02:00:00:00:00:07"
        self.assertTrue(self.successResultOf(self.make(takeConflicting=True).start(False)).ok)

    def test_cannotProbe(self) -> None:
        """Not being able to ask is a warning, not a reason to leave a service down."""
        self.addresses.refused["probe"] = "cannot probe: Operation not permitted"
        self.assertTrue(self.successResultOf(self.agent.start(False)).ok)
        self.assertIn("not permitted", self.around.told(Warned)[0].render())

    def test_alreadyThere(self) -> None:
        """A running one is a success: nobody is asked, nothing is added, but it is announced."""
        self.addresses.placed.append(placed(prefix=32, interface="eth7"))
        self.assertTrue(self.successResultOf(self.agent.start(False)).ok)
        self.assertEqual((len(self.addresses.placed), self.addresses.probed), (1, []))
        self.assertEqual(len(self.addresses.announced), 1)

    def test_noPlace(self) -> None:
        """Where there is no place for it, the outcome says why."""
        self.addresses.refused["plan"] = "Cannot use default route w/o netmask [10.0.0.9]"
        outcome = self.successResultOf(self.agent.start(True))
        self.assertEqual((outcome.ok, outcome.reason), (False, self.addresses.refused["plan"]))

    def test_cannotAdd(self) -> None:
        """A refusal of the kernel is an outcome, and nothing is announced."""
        self.addresses.refused["add"] = "cannot add: No buffer space available"
        self.assertFalse(self.successResultOf(self.agent.start(True)).ok)
        self.assertEqual(self.addresses.announced, [])

    def test_own(self) -> None:
        """The node's own address is not a service: not running, refused, and left alone at stop."""
        self.addresses.placed.append(placed(label="eth0", own=True))
        self.assertIs(self.successResultOf(self.agent.status()), Standing.STOPPED)
        outcome = self.successResultOf(self.agent.start(False))
        self.assertFalse(outcome.ok)
        self.assertIn("own address of eth0", outcome.reason)
        self.assertTrue(self.successResultOf(self.agent.stop()).ok)
        self.assertEqual(len(self.addresses.placed), 1)
        self.assertIn("left alone", self.around.told(Warned)[-1].render())

    def test_ownButOurs(self) -> None:
        """One that we have added ourselves is a service, whatever it looks like."""
        self.successResultOf(self.agent.start(True))
        self.addresses.placed[:] = [placed(label=None, own=True)]
        self.assertIs(self.successResultOf(self.agent.status()), Standing.RUNNING)
        self.assertTrue(self.successResultOf(self.agent.stop()).ok)
        self.assertEqual(self.addresses.placed, [])

    def test_stop(self) -> None:
        """It is taken away from wherever it stands, and no more is said of it."""
        self.successResultOf(self.agent.start(True))
        self.addresses.placed.append(placed(interface="eth1"))
        self.assertTrue(self.successResultOf(self.agent.stop()).ok)
        self.assertEqual(self.addresses.placed, [])
        self.clock.pump([0.5] * 12)
        self.assertEqual(len(self.addresses.announced), 1)

    def test_stopStopped(self) -> None:
        """One that is not there is stopped."""
        self.assertTrue(self.successResultOf(self.agent.stop()).ok)

    def test_stopFails(self) -> None:
        """One that the kernel keeps is not."""
        self.addresses.placed.append(placed())
        self.addresses.refused["remove"] = "cannot remove it: no"
        outcome = self.successResultOf(self.agent.stop())
        self.assertEqual(
            (outcome.ok, outcome.reason),
            (False, "IP Address 10.0.0.9 NOT released: cannot remove it: no"),
        )

    def test_loopback(self) -> None:
        """On a loopback interface it does not count as running, as for heartbeat, and stays there."""
        self.addresses.placed.append(placed(interface="lo", loopback=True))
        self.assertIs(self.successResultOf(self.agent.status()), Standing.STOPPED)
        self.assertTrue(self.successResultOf(self.agent.stop()).ok)
        self.assertEqual(len(self.addresses.placed), 1)

    def test_loopbackAskedFor(self) -> None:
        """Unless the resource names that interface."""
        self.addresses.placed.append(placed(interface="lo", loopback=True))
        agent = self.make("10.0.0.9/32/lo")
        self.assertIs(self.successResultOf(agent.status()), Standing.RUNNING)

    def test_status(self) -> None:
        """Running is where it stands, however it came there."""
        self.assertIs(self.successResultOf(self.agent.status()), Standing.STOPPED)
        self.addresses.placed.append(placed(label="eth0:9"))
        self.assertIs(self.successResultOf(self.agent.status()), Standing.RUNNING)

    def test_statusUnknown(self) -> None:
        """When the interfaces cannot be read, nobody knows."""
        self.addresses.refused["find"] = "no"
        self.assertIs(self.successResultOf(self.agent.status()), Standing.UNKNOWN)
        self.assertFalse(self.successResultOf(self.agent.stop()).ok)

    def test_announceAgain(self) -> None:
        """C{announce} repeats the series, also for one that was found and not started."""
        self.agent.announce()
        self.assertEqual(self.addresses.announced, [])
        self.addresses.placed.append(placed())
        self.successResultOf(self.agent.status())
        self.agent.announce()
        self.clock.pump([0.5] * 12)
        self.assertEqual(len(self.addresses.announced), 13)

    def test_vanished(self) -> None:
        """One that has vanished is not announced any more."""
        self.successResultOf(self.agent.start(True))
        self.addresses.placed.clear()
        self.successResultOf(self.agent.status())
        self.clock.pump([0.5] * 12)
        self.assertEqual(len(self.addresses.announced), 1)

    def test_cannotAnnounce(self) -> None:
        """A series that cannot be sent is one warning, and the address stays."""
        self.addresses.refused["announce"] = "Network is down"
        self.assertTrue(self.successResultOf(self.agent.start(True)).ok)
        self.clock.pump([0.5] * 12)
        self.assertEqual(len(self.around.told(Warned)), 1)

    def test_hooks(self) -> None:
        """The administrator's two scripts are run with the argument, before the address moves."""
        take = self.hook("local_takeip", Completed(status=0))
        give = self.hook("local_giveip", Completed(status=0))
        self.successResultOf(self.agent.start(True))
        self.successResultOf(self.agent.stop())
        self.assertEqual(self.runner.lines, [f"{take} 10.0.0.9/24/eth0", f"{give} 10.0.0.9/24/eth0"])

    def test_hookFails(self) -> None:
        """A failing one is a warning and changes nothing."""
        self.hook("local_takeip", Completed(status=1, errors=b"oh"))
        self.assertTrue(self.successResultOf(self.agent.start(True)).ok)
        self.assertIn("exit status 1: oh", self.around.told(Warned)[0].render())

    def test_noHookWithoutWork(self) -> None:
        """Where nothing moves, neither is run."""
        self.hook("local_giveip", Completed(status=0))
        self.successResultOf(self.agent.stop())
        self.assertEqual(self.runner.runs, [])

    def test_emergencyStop(self) -> None:
        """The guardian gets a program that finds the address by itself."""
        invocation = self.agent.emergencyStop()
        self.assertEqual(invocation.argv, ("/bin/sh", "-c", "remove 10.0.0.9"))
        self.assertLessEqual(invocation.deadline, 10)
