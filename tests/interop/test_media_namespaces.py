"""
The datagram media between two network namespaces, with interfaces that come and go.

Each namespace runs this file as a program, which opens media, sends a numbered frame on each of them ten
times a second, and prints what it hears and what happens to its media, one JSON object a line.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from twisted_ha.config.model import BcastMedium, McastMedium, MediumConfig, PingMedium, UcastMedium
from twisted_ha.terms import NodeName

ROOT = Path(__file__).parents[2]
KINDS = ("bcast", "mcast", "ucast", "mcast6", "ucast6")
_number = itertools.count()


def line(kind: str, interface: str, peer: int, port: int = 694) -> MediumConfig:
    """A medium towards node number C{peer}."""
    network = interface[-1]
    if kind == "bcast":
        return BcastMedium(interface=interface, port=port)
    if kind == "ucast":
        return UcastMedium(interface=interface, address=f"10.77.{network}.{peer}", port=port)
    if kind == "ucast6":
        return UcastMedium(interface=interface, address=f"fd77:{network}::{peer}", port=port, ipv6=True)
    group = "225.0.0.1" if kind == "mcast" else "ff15::77"
    return McastMedium(
        interface=interface, group=group, port=port, ttl=1, loop=True, ipv6=kind == "mcast6"
    )


class Node(ProcessProtocol):
    """This file running in a namespace, and what it has said."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.ended: Deferred[None] = Deferred()
        self._rest = b""
        self.errors = b""

    def outReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.said += [json.loads(line) for line in lines]

    def errReceived(self, data: bytes) -> None:
        self.errors += data

    def processEnded(self, reason: Failure = Failure(ProcessDone(0))) -> None:  # noqa: B008
        self.ended.callback(None)

    def heard(self) -> set[tuple[str, str]]:
        """The links heard, each with the medium by which it was sent."""
        return {(each["link"], each["sentBy"]) for each in self.said if each["what"] == "heard"}

    def events(self) -> list[tuple[str, str]]:
        """What happened, by event and kind of medium."""
        return [(each["event"], each["kind"]) for each in self.said if each["what"] == "event"]

    def latest(self) -> dict[str, str]:
        """The last that happened to each kind."""
        return {kind: event for event, kind in self.events()}


class NamespaceTestCase(TestCase):
    """Two namespaces joined by two wires: eth1 and eth2."""

    timeout = 30
    if os.getuid() != 0 or shutil.which("ip") is None:
        skip = "network namespaces need root and the program ip"

    def setUp(self) -> None:
        unique = f"{os.getpid()}x{next(_number)}"
        self.names = [f"ham{unique}a", f"ham{unique}b"]
        for name in self.names:
            try:
                self.ip(f"netns add {name}")
            except subprocess.CalledProcessError as e:
                self.skipTest(f"network namespaces cannot be made here: {e.stderr.decode().strip()}")
            self.addCleanup(self.ip, f"netns delete {name}")
            self.inside(name, "sysctl -qw net.ipv6.conf.default.accept_dad=0")
            self.ip(f"-n {name} link set lo up")
        self.wire("eth1")
        self.wire("eth2")

    def ip(self, arguments: str) -> None:
        subprocess.run(["ip", *arguments.split()], check=True, capture_output=True)

    def inside(self, name: str, command: str) -> None:
        arguments = ["ip", "netns", "exec", name, *command.split(" ")]
        subprocess.run(arguments, check=True, capture_output=True)

    def wire(self, interface: str) -> None:
        """Make an interface at both ends, with addresses."""
        first, second = self.names
        self.ip(f"-n {first} link add {interface} type veth peer name {interface} netns {second}")
        for number, name in enumerate(self.names, 1):
            network = interface[-1]
            self.ip(f"-n {name} addr add 10.77.{network}.{number}/24 brd + dev {interface}")
            self.ip(f"-n {name} addr add fd77:{network}::{number}/64 nodad dev {interface}")
            self.ip(f"-n {name} link set {interface} up")

    def cut(self, interface: str) -> None:
        """Delete an interface at both ends."""
        self.ip(f"-n {self.names[0]} link delete {interface}")

    def run_(self, which: int, *media: MediumConfig, uid: int = 0) -> Node:
        """Run a node in one of the namespaces until the end of the test."""
        node = Node()
        wanted = [
            [type(each).__name__, {name: getattr(each, name) for name in each.__slots__}]
            for each in media
        ]
        process = reactor.spawnProcess(
            node,
            "ip",
            [
                "ip",
                "netns",
                "exec",
                self.names[which],
                sys.executable,
                __file__,
                json.dumps(wanted),
                str(uid),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

        def end() -> Deferred[None]:
            if not node.ended.called:
                process.signalProcess("TERM")
            return node.ended

        self.addCleanup(end)
        return node

    async def until(self, condition: Callable[[], object], *nodes: Node) -> None:
        """Wait for something; the test's time limit is the limit."""
        while not condition():
            for node in nodes:
                if node.ended.called and node.errors:
                    raise AssertionError(node.errors.decode())
            await deferLater(reactor, 0.02)


class DatagramTests(NamespaceTestCase):
    """All datagram media."""

    async def test_allAtOnce(self) -> None:
        """Every kind on two wires at once reaches the other node by its own link, and nobody itself."""
        media = [(kind, interface) for kind in KINDS for interface in ("eth1", "eth2")]
        first = self.run_(0, *(line(kind, interface, 2) for kind, interface in media))
        second = self.run_(1, *(line(kind, interface, 1) for kind, interface in media))
        expected = {(interface, f"{kind} {interface}") for kind, interface in media}
        await self.until(lambda: first.heard() == expected and second.heard() == expected, first, second)
        await deferLater(reactor, 0.5)
        self.assertEqual((first.heard(), second.heard()), (expected, expected))
        own = [each for each in first.said if each["what"] == "heard" and each["pid"] == each["by"]]
        self.assertEqual(own, [])

    def test_ownBroadcasts(self) -> None:
        """Linux wakes nobody for a broadcast of his own machine, and does for one of another."""
        program = (
            "import select, socket, sys\n"
            "from twisted_ha.platform.linux import LinuxPlatform\n"
            "platform = LinuxPlatform()\n"
            "eth1 = platform.interface('eth1')\n"
            "ours = platform.receiver(eth1, 694, False, True).socket\n"
            "plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
            "plain.bind(('', 694))\n"
            "sender = platform.broadcastSender(eth1)\n"
            "for source in ('own', 'other'):\n"
            "    if source == 'own':\n"
            "        sender.sendto(b'beat', (eth1.broadcast, 694))\n"
            "    else:\n"
            "        print('ready', flush=True)\n"
            "    plain.settimeout(10)\n"
            "    plain.recv(10)\n"
            "    print(source, bool(select.select([ours], [], [], 0)[0]), flush=True)\n"
        )
        first, second = self.names
        listening = subprocess.Popen(
            ["ip", "netns", "exec", first, sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert listening.stdout is not None
        with listening:
            self.assertEqual(listening.stdout.readline(), "own False\n")
            self.assertEqual(listening.stdout.readline(), "ready\n")
            send = (
                "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                " s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1);"
                " s.sendto(b'beat', ('10.77.1.255', 694))"
            )
            subprocess.run(["ip", "netns", "exec", second, sys.executable, "-c", send], check=True)
            self.assertEqual(listening.stdout.readline(), "other True\n")

    async def test_severalPeers(self) -> None:
        """C{ucast} lines for all nodes, this one included, share a socket and lose nothing."""
        lines = [line("ucast", "eth1", 1), line("ucast", "eth1", 2), line("ucast", "eth1", 3)]
        first, second = self.run_(0, *lines), self.run_(1, *lines)
        heard = {("eth1", "ucast eth1")}
        await self.until(lambda: first.heard() == heard and second.heard() == heard, first, second)

    async def test_interfaceReturns(self) -> None:
        """Interfaces that are deleted and made again are used again by every kind, without a restart."""
        first = self.run_(0, *(line(kind, "eth1", 2) for kind in KINDS))
        second = self.run_(1, *(line(kind, "eth1", 1) for kind in KINDS))
        expected = {("eth1", f"{kind} eth1") for kind in KINDS}
        await self.until(lambda: first.heard() == expected and second.heard() == expected, first, second)
        self.cut("eth1")
        down = {("MediumDown", kind) for kind in KINDS}
        await self.until(lambda: down <= set(first.events()) & set(second.events()), first, second)
        first.said.clear()
        second.said.clear()
        self.wire("eth1")
        await self.until(lambda: first.heard() == expected and second.heard() == expected, first, second)
        # An interface without a route yet may be told once more; in the end all are told as up.
        up = dict.fromkeys(KINDS, "MediumUp")
        await self.until(lambda: first.latest() == up and second.latest() == up, first, second)

    async def test_linkOfItsOwn(self) -> None:
        """One group on two interfaces: a packet counts for the link it came by and for no other."""
        first = self.run_(0, line("mcast", "eth1", 2), line("mcast6", "eth1", 2))
        second = self.run_(
            1, *(line(kind, eth, 1) for kind in ("mcast", "mcast6") for eth in ("eth1", "eth2"))
        )
        expected = {("eth1", "mcast eth1"), ("eth1", "mcast6 eth1")}
        await self.until(lambda: second.heard() == expected, first, second)
        await deferLater(reactor, 0.5)
        self.assertEqual(second.heard(), expected)

    async def test_downAndUp(self) -> None:
        """An interface that is set down and up again is told and works again."""
        first = self.run_(0, line("bcast", "eth1", 2))
        second = self.run_(1, line("bcast", "eth1", 1))
        await self.until(lambda: first.heard() and second.heard(), first, second)
        self.ip(f"-n {self.names[0]} link set eth1 down")
        await self.until(lambda: ("MediumDown", "bcast") in first.events(), first)
        first.said.clear()
        second.said.clear()
        self.ip(f"-n {self.names[0]} link set eth1 up")
        await self.until(lambda: first.heard() and second.heard(), first, second)
        self.assertEqual(first.events(), [("MediumUp", "bcast")])

    async def test_refused(self) -> None:
        """Two daemons on one port, and interfaces that are not there, are refused with the reason."""
        first = self.run_(0, line("bcast", "eth1", 2))
        await self.until(lambda: first.events(), first)
        second = self.run_(0, line("ucast", "eth1", 2), line("bcast", "eth7", 2))
        await second.ended
        complaints = [each["complaint"] for each in second.said if each["what"] == "refused"]
        self.assertEqual(len(complaints), 2)
        self.assertIn("ucast eth1: UDP port 694 on eth1 is already in use", complaints[0])
        self.assertIn("bcast eth7: there is no network interface eth7", complaints[1])


class PingTests(NamespaceTestCase):
    """The ping media."""

    def media(self) -> list[MediumConfig]:
        """One of each kind, towards the second namespace."""
        return [
            PingMedium(name=NodeName("10.77.1.2"), hosts=("10.77.1.2",)),
            PingMedium(name=NodeName("group"), hosts=("10.77.1.99", "10.77.2.2"), group=True),
            PingMedium(name=NodeName("fd77:1::2"), hosts=("fd77:1::2",), ipv6=True),
        ]

    links = {
        ("10.77.1.2", "ping 10.77.1.2"),
        ("group", "ping_group group"),
        ("fd77:1::2", "ping6 fd77:1::2"),
    }

    async def test_ping(self) -> None:
        """Every kind hears its own replies, and nothing of the others'."""
        node = self.run_(0, *self.media())
        await self.until(lambda: node.heard() == self.links, node)

    async def test_unprivileged(self) -> None:
        """Without the right to a raw socket, an unprivileged one does, where the system allows it."""
        self.inside(self.names[0], "sysctl -qw net.ipv4.ping_group_range=0\t65534")
        node = self.run_(0, *self.media(), uid=65534)
        await self.until(lambda: node.heard() == self.links, node)

    async def test_forbidden(self) -> None:
        """Where it does not, that is what is said."""
        self.inside(self.names[0], "sysctl -qw net.ipv4.ping_group_range=1\t0")
        node = self.run_(0, *self.media(), uid=65534)
        await node.ended
        complaints = [each["complaint"] for each in node.said if each["what"] == "refused"]
        self.assertEqual(len(complaints), 3, node.errors)
        self.assertIn("ping_group_range", complaints[0])


def main(wanted: str, uid: str) -> None:
    """The program inside a namespace."""
    # The resolver wants it, and an unprivileged process need not be able to read it later.
    import encodings.idna  # noqa: F401

    from zope.interface import implementer

    from twisted_ha.bus import EventBus
    from twisted_ha.config.model import ClusterConfig, Keys, Timers
    from twisted_ha.errors import MediumError
    from twisted_ha.events import Event
    from twisted_ha.interfaces import IFrameSink, IMedium
    from twisted_ha.media.registry import buildMedia
    from twisted_ha.platform import choose

    def say(**what: object) -> None:
        print(json.dumps(what), flush=True)

    def told(event: Event, when: float) -> None:
        fields = event.asDict()
        say(what="event", event=type(event).__name__, kind=fields.get("kind"), text=event.render())

    @implementer(IFrameSink)
    class Sink:
        def frameReceived(self, frame: bytes, medium: IMedium, source: str) -> bool:
            sentBy, by, _ = frame.decode().split("|")
            say(what="heard", link=medium.name, sentBy=sentBy, by=int(by), pid=os.getpid())
            return True

    media: list[MediumConfig] = []
    for kind, fields in json.loads(wanted):
        if "hosts" in fields:
            fields["hosts"] = tuple(fields["hosts"])
        media.append(
            {"BcastMedium": BcastMedium, "McastMedium": McastMedium, "UcastMedium": UcastMedium}.get(
                kind, PingMedium
            )(**fields)
        )
    config = ClusterConfig(
        directory="/",
        localNode=NodeName("a"),
        nodes=(NodeName("a"),),
        media=tuple(media),
        timers=Timers(),
        keys=Keys(keys={}, signing=1),
        groups=(),
    )
    platform = choose()
    bus = EventBus(reactor)
    bus.subscribe(told)
    built = buildMedia(config, platform, reactor, bus)
    if int(uid):
        os.setgroups([])
        os.setgid(int(uid))
        os.setuid(int(uid))
    refused = False
    for medium in built:
        try:
            medium.open(Sink())
        except MediumError as e:
            refused = True
            say(what="refused", complaint=str(e))
    if refused:
        return
    beats = itertools.count()

    def beat() -> None:
        number = next(beats)
        for medium in built:
            medium.send(f"{medium.kind} {medium.name}|{os.getpid()}|{number}".encode())
        reactor.callLater(0.1, beat)

    beat()
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
