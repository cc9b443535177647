"""
Service addresses on real interfaces, in network namespaces of their own.

A node and a neighbour are joined by a virtual cable.  The test process itself enters the node's
namespace for as long as a test runs, so the agent under test is the real one and everything else is left
alone.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from twisted_ha.agents.address import AddressAgent, parseAddress
from twisted_ha.agents.process import groupSpawner
from twisted_ha.agents.runner import ProcessRunner
from twisted_ha.bus import EventBus
from twisted_ha.config.model import Deadlines, Resource, Tuning
from twisted_ha.events import AddressConflict, Event
from twisted_ha.operations import Standing
from twisted_ha.platform import neighbours

if not sys.platform.startswith("linux"):
    skip = "network namespaces are Linux's"
elif os.geteuid() != 0:
    skip = "only root may make network namespaces"
elif shutil.which("ip") is None:
    skip = "the program ip is missing"
else:
    from twisted_ha.platform.linux_addresses import LinuxAddresses

NODE = f"tha{os.getpid()}n"
NEIGHBOUR = f"tha{os.getpid()}p"
OWN = "10.77.0.1"
_CLONE_NEWNET = 0x40000000


def ip(*arguments: str, namespace: str | None = NODE) -> str:
    """Run C{ip} in a namespace."""
    where = [] if namespace is None else ["-n", namespace]
    done = subprocess.run(["ip", *where, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """With this thread in C{namespace}; sockets made there stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    former = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        try:
            if libc.setns(there, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(there)
        yield
    finally:
        libc.setns(former, _CLONE_NEWNET)
        os.close(former)


class AddressTests(TestCase):
    """One node with 10.77.0.1/24 on eth0, and a neighbour with 10.77.0.2/24 at the other end."""

    timeout = 20

    def setUp(self) -> None:
        for namespace in (NODE, NEIGHBOUR):
            ip("netns", "add", namespace, namespace=None)
            self.addCleanup(ip, "netns", "del", namespace, namespace=None)
            ip("link", "set", "lo", "up", namespace=namespace)
        with inside(NODE):
            # Duplicate address detection would make the two seconds of every test longer.
            for name in ("default", "all"):
                with open(f"/proc/sys/net/ipv6/conf/{name}/accept_dad", "w") as file:
                    file.write("0")
        ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", NEIGHBOUR)
        ip("address", "add", f"{OWN}/24", "dev", "eth0")
        ip("address", "add", "10.77.0.2/24", "dev", "eth0", namespace=NEIGHBOUR)
        for namespace in (NODE, NEIGHBOUR):
            ip("link", "set", "eth0", "up", namespace=namespace)
        entered = inside(NODE)
        entered.__enter__()
        self.addCleanup(entered.__exit__, None, None, None)
        self.addresses = LinuxAddresses(reactor)  # type: ignore[arg-type]
        self.addCleanup(self.addresses.close)
        self.events: list[Event] = []
        self.agents: list[AddressAgent] = []
        self.addCleanup(lambda: [agent._quiet() for agent in self.agents])

    def agent(self, *arguments: str, name: str = "IPaddr", **tuning: Any) -> AddressAgent:
        resource = Resource(token="::".join((name, *arguments)), agent=name, arguments=arguments)
        bus = EventBus(reactor)  # type: ignore[arg-type]
        bus.subscribe(lambda event, when: self.events.append(event))
        agent = AddressAgent(
            resource=resource,
            wanted=parseAddress(resource),
            addresses=self.addresses,
            runner=ProcessRunner(groupSpawner(reactor), reactor),  # type: ignore[arg-type]
            clock=reactor,  # type: ignore[arg-type]
            bus=bus,
            directory="/nonexistent",
            environment={"PATH": os.environ["PATH"]},
            deadlines=Deadlines(),
            tuning=Tuning(probeTime=0.1, **tuning),
        )
        self.agents.append(agent)
        return agent

    async def started(self, *arguments: str, **more: Any) -> AddressAgent:
        agent = self.agent(*arguments, **more)
        outcome = await agent.start(True)
        self.assertTrue(outcome.ok, outcome.reason)
        return agent

    def shown(self) -> list[str]:
        """The IPv4 addresses of eth0, as C{ip} shows them: address, and label."""
        lines = ip("-4", "-o", "address", "show", "dev", "eth0").splitlines()
        return [f"{line.split()[3]} {line.partition(chr(92))[0].split()[-1]}" for line in lines]

    def listener(self, protocol: int) -> socket.socket:
        """What comes in at the neighbour's end."""
        with inside(NEIGHBOUR):
            listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
            listener.bind(("eth0", protocol))
        listener.settimeout(2.0)
        self.addCleanup(listener.close)
        return listener

    def hear(self, listener: socket.socket, wanted: Callable[[bytes], bool]) -> bytes:
        """The first frame that is C{wanted}; what else is about is passed over."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            frame = listener.recv(2048)
            if wanted(frame):
                return frame
        raise AssertionError("nothing of the kind was heard")

    async def test_startAndStop(self) -> None:
        """It is added as an alias with a label, and taken away again; the own address stays."""
        agent = await self.started("10.77.0.100/24/eth0")
        self.assertEqual(self.shown(), [f"{OWN}/24 eth0", "10.77.0.100/24 eth0:0"])
        self.assertIs(await agent.status(), Standing.RUNNING)
        self.assertTrue((await agent.stop()).ok)
        self.assertEqual(self.shown(), [f"{OWN}/24 eth0"])
        self.assertIs(await agent.status(), Standing.STOPPED)

    async def test_fromTheRoute(self) -> None:
        """Interface and mask come from the routing table: the longest route."""
        ip("route", "add", "default", "via", "10.77.0.254")
        await self.started("10.77.0.100")
        self.assertEqual(self.shown()[1], "10.77.0.100/24 eth0:0")

    async def test_defaultRoute(self) -> None:
        """What only the default route reaches is refused without a mask."""
        ip("route", "add", "default", "via", "10.77.0.254")
        outcome = await self.agent("198.51.100.9").start(True)
        self.assertIn("Cannot use default route w/o netmask", outcome.reason)
        await self.started("198.51.100.9/24")

    async def test_broadcastAddress(self) -> None:
        """The broadcast address of a network is nobody's."""
        outcome = await self.agent("10.77.0.255").start(True)
        self.assertIn("no machine can have that address", outcome.reason)

    async def test_label(self) -> None:
        """A label that is asked for is used, and an occupied one passed over."""
        await self.started("10.77.0.100/24/eth0:web", name="IPaddr2")
        ip("address", "add", "10.77.0.99/24", "dev", "eth0", "label", "eth0:0")
        await self.started("10.77.0.101/24/eth0")
        self.assertEqual(
            [line.split()[1] for line in self.shown()[1:]], ["eth0:web", "eth0:0", "eth0:1"]
        )

    async def test_ofTheOriginal(self) -> None:
        """One that other tools have added is ours to stop, whatever its mask and label."""
        for options in ((), ("label", "eth0:7")):
            ip("address", "add", "10.77.0.100/32", "dev", "eth0", *options)
            agent = self.agent("10.77.0.100/24/eth0")
            self.assertIs(await agent.status(), Standing.RUNNING)
            self.assertTrue((await agent.stop()).ok)
            self.assertEqual(self.shown(), [f"{OWN}/24 eth0"])

    def original(self, name: str, action: str) -> int:
        """Run one of heartbeat's own scripts for 10.77.0.100."""
        path = f"/etc/ha.d/resource.d/{name}"
        if not (os.access(path, os.X_OK) and os.path.isdir("/run/resource-agents")):
            self.skipTest(f"heartbeat's own {path} is not installed")
        scratch = os.path.abspath("rsctmp")
        os.makedirs(scratch, exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "HA_DIR": "/etc/ha.d", "HA_RSCTMP": scratch}
        nowhere = subprocess.DEVNULL  # its ARP sender would keep a pipe open for seconds
        return subprocess.run(
            [path, "10.77.0.100/24/eth0", action], env=environment, stdout=nowhere, stderr=nowhere
        ).returncode

    async def test_theOriginalStopsOurs(self) -> None:
        """Heartbeat's own scripts see an address of ours, and take it away."""
        for name in ("IPaddr", "IPaddr2"):
            await self.started("10.77.0.100/24/eth0")
            self.assertEqual(self.original(name, "status"), 0)
            self.assertEqual(self.original(name, "stop"), 0)
            self.assertEqual(self.shown(), [f"{OWN}/24 eth0"])

    async def test_weStopTheOriginals(self) -> None:
        """We see an address of theirs, and take it away."""
        for name in ("IPaddr", "IPaddr2"):
            self.assertEqual(self.original(name, "start"), 0)
            agent = self.agent("10.77.0.100/24/eth0")
            self.assertIs(await agent.status(), Standing.RUNNING)
            self.assertTrue((await agent.stop()).ok)
            self.assertEqual(self.shown(), [f"{OWN}/24 eth0"])
            self.assertEqual(self.original(name, "stop"), 0)

    async def test_similar(self) -> None:
        """10.77.0.10 is not 10.77.0.100."""
        await self.started("10.77.0.100/24/eth0")
        agent = self.agent("10.77.0.10/24/eth0")
        self.assertIs(await agent.status(), Standing.STOPPED)
        self.assertTrue((await agent.stop()).ok)
        self.assertEqual(len(self.shown()), 2)

    async def test_othersStay(self) -> None:
        """Removing the first address of a network leaves the others of that network where they are."""
        for allowed in (True, False):
            if not allowed:
                self.addresses._sysctls = "/nonexistent"
            first = await self.started("10.88.0.100/24/eth0")
            await self.started("10.88.0.101/24/eth0")
            ip("address", "add", "10.88.0.1/24", "dev", "eth0")
            self.assertTrue((await first.stop()).ok)
            left = [line.split()[0] for line in self.shown()]
            self.assertEqual(left, [f"{OWN}/24", "10.88.0.101/24", "10.88.0.1/24"])
            self.assertIn("10.88.0.0/24", ip("route"))
            with open("/proc/sys/net/ipv4/conf/eth0/promote_secondaries") as file:
                self.assertEqual(file.read().strip(), "0")
            ip("address", "flush", "dev", "eth0", "to", "10.88.0.0/24")
            ip("address", "flush", "dev", "eth0", "to", "10.88.0.0/24")

    async def test_own(self) -> None:
        """The node's own address is refused, and survives a stop."""
        agent = self.agent(f"{OWN}/24/eth0")
        self.assertIs(await agent.status(), Standing.STOPPED)
        self.assertIn("own address of eth0", (await agent.start(True)).reason)
        self.assertTrue((await agent.stop()).ok)
        self.assertEqual(self.shown(), [f"{OWN}/24 eth0"])

    async def test_interfaceDown(self) -> None:
        """An interface that is down is set up."""
        ip("link", "set", "eth0", "down")
        await self.started("10.77.0.100/24/eth0")
        self.assertIn("UP", ip("-o", "link", "show", "dev", "eth0"))

    async def test_noInterface(self) -> None:
        """An interface that is not there is named, with those that are."""
        outcome = await self.agent("10.77.0.100/24/eth7").start(True)
        self.assertEqual(outcome.reason, "there is no interface eth7 on this node (there are: lo, eth0)")

    async def test_conflict(self) -> None:
        """An address the neighbour answers for is not taken, and its hardware address is told."""
        ip("address", "add", "10.77.0.100/24", "dev", "eth0", namespace=NEIGHBOUR)
        link = ip("-o", "link", "show", "dev", "eth0", namespace=NEIGHBOUR)
        hardware = link.partition("link/ether ")[2].split()[0]
        outcome = await self.agent("10.77.0.100/24/eth0").start(False)
        self.assertEqual(outcome.reason, f"10.77.0.100 is in use by {hardware} on eth0")
        self.assertEqual(len(self.shown()), 1)
        self.assertEqual(len([e for e in self.events if isinstance(e, AddressConflict)]), 1)

    async def test_conflictOverruled(self) -> None:
        """Unless it was handed over, or the administrator wants it anyway."""
        ip("address", "add", "10.77.0.100/24", "dev", "eth0", namespace=NEIGHBOUR)
        agent = self.agent("10.77.0.100/24/eth0", takeConflicting=True)
        self.assertTrue((await agent.start(False)).ok)
        await agent.stop()
        self.assertTrue((await self.agent("10.77.0.100/24/eth0").start(True)).ok)

    async def test_noConflict(self) -> None:
        """Nobody answers for a free address, twice in a row and for two at once."""
        for _ in range(2):
            agents = [self.agent(f"10.77.0.{number}/24/eth0") for number in (100, 101)]
            starting = [agent.start(False) for agent in agents]
            for each in starting:
                self.assertTrue((await each).ok)
            for agent in agents:
                await agent.stop()

    async def test_heardByTheNeighbour(self) -> None:
        """The neighbour hears a request and a reply at once, and its table follows."""
        former = ("10.77.0.100", "lladdr", "02:00:00:00:00:07", "dev", "eth0", "nud", "stale")
        ip("neighbour", "add", *former, namespace=NEIGHBOUR)
        listener = self.listener(neighbours.ETHERTYPE_ARP)
        await self.started("10.77.0.100/24/eth0")
        address = IPv4Address("10.77.0.100")
        claims = [
            self.hear(listener, lambda frame: neighbours.claimant(frame, address, b"") is not None)
            for _ in range(2)
        ]
        self.assertEqual([frame[21] for frame in claims], [1, 2])
        self.assertEqual({frame[:6] for frame in claims}, {b"\xff" * 6})
        for frame in claims:
            self.assertEqual(frame[28:32], frame[38:42])
        table = ip("neighbour", "show", "10.77.0.100", namespace=NEIGHBOUR)
        ours = neighbours.hardwareText(claims[0][6:12])
        self.assertIn(ours, table)

    async def test_silenceAfterStop(self) -> None:
        """After a stop nothing more is announced."""
        agent = await self.started("10.77.0.100/24/eth0")
        await agent.stop()
        listener = self.listener(neighbours.ETHERTYPE_ARP)
        await deferLater(reactor, 0.6)  # type: ignore[arg-type]
        listener.setblocking(False)
        address = IPv4Address("10.77.0.100")
        try:
            while True:
                self.assertIsNone(neighbours.claimant(listener.recv(2048), address, b""))
        except BlockingIOError:
            pass

    async def test_reached(self) -> None:
        """The neighbour reaches it."""
        await self.started("10.77.0.100/24/eth0")
        with socket.create_server(("10.77.0.100", 7000)):
            with inside(NEIGHBOUR):
                client = socket.create_connection(("10.77.0.100", 7000), timeout=3)
            client.close()

    async def test_ipv6(self) -> None:
        """IPv6: usable at once, announced to all nodes, gone after a stop."""
        listener = self.listener(neighbours.ETHERTYPE_IPV6)
        agent = await self.started("fd77", "100/64/eth0", name="IPv6addr")
        address = IPv6Address("fd77::100")
        frame = self.hear(listener, lambda frame: frame[54:55] == b"\x88" and address.packed in frame)
        self.assertEqual(frame[:6], b"\x33\x33\0\0\0\1")
        self.assertNotIn("tentative", ip("-6", "address", "show", "dev", "eth0", "to", "fd77::/16"))
        self.assertIs(await agent.status(), Standing.RUNNING)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as bound:
            bound.bind(("fd77::100", 7000))
        self.assertTrue((await agent.stop()).ok)
        self.assertEqual(ip("-6", "address", "show", "dev", "eth0", "to", "fd77::/16"), "")

    async def test_ipv6Conflict(self) -> None:
        """An IPv6 address of the neighbour is not taken."""
        ip("address", "add", "fd77::100/64", "dev", "eth0", "nodad", namespace=NEIGHBOUR)
        outcome = await self.agent("fd77", "100/64/eth0", name="IPv6addr").start(False)
        self.assertIn("fd77::100 is in use by ", outcome.reason)
        self.assertTrue((await self.agent("fd77", "101/64/eth0", name="IPv6addr").start(False)).ok)

    async def test_emergencyStop(self) -> None:
        """The guardian's command removes it, and nothing else, and succeeds when it is gone."""
        agent = await self.started("10.88.0.100/24/eth0")
        await self.started("10.88.0.101/24/eth0")
        ip("address", "add", "10.88.0.100/32", "dev", "lo")
        for _ in range(2):
            completed = await agent._runner.run(agent.emergencyStop())
            self.assertEqual((completed.status, completed.errors), (0, b""))
            left = [line.split()[0] for line in self.shown()]
            self.assertEqual(left, [f"{OWN}/24", "10.88.0.101/24"])
        self.assertIn("10.88.0.100", ip("address", "show", "dev", "lo"))

    async def test_emergencyStop6(self) -> None:
        """The same for IPv6."""
        agent = await self.started("fd77", "100/64/eth0", name="IPv6addr")
        for _ in range(2):
            completed = await agent._runner.run(agent.emergencyStop())
            self.assertEqual((completed.status, completed.errors), (0, b""))
        self.assertEqual(await self.addresses.find(ip_address("fd77::100")), ())
