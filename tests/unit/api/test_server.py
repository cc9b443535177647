"""The real socket, with the real client at its other end."""

from __future__ import annotations

import os
import socket
import stat
from dataclasses import dataclass
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, inlineCallbacks
from twisted.internet.task import Clock, deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.unit.api.fakes import MOVED, FakeControl, ObservedBus
from twisted_ha.api.client import Client
from twisted_ha.api.listening import prepareSocket
from twisted_ha.api.permission import Permission
from twisted_ha.api.server import ApiFactory, ApiService
from twisted_ha.errors import ApiError, PlatformError, StateError
from twisted_ha.events import Event, LinkUp, Warned
from twisted_ha.terms import NodeName


@dataclass
class Asking:
    uid: int = 0
    gid: int = 0
    pid: int | None = 99


class ServerCase(TestCase):
    """
    A daemon's API on a socket.

    @ivar asking: who each client turns out to be; L{None} when the kernel does not tell.
    """

    def setUp(self) -> None:
        self.path = os.path.join(self.mktemp(), "api.sock")
        self.control = FakeControl()
        self.clock = Clock()
        self.bus = ObservedBus(self.clock)
        self.told: list[Event] = []
        self.bus.subscribe(lambda event, when: self.told.append(event))
        self.asking: Asking | None = Asking()
        self.service = self.makeService()
        self.service.startService()
        self.addCleanup(self.service.stopService)

    def makeService(self) -> ApiService:
        factory = ApiFactory(
            control=self.control,
            bus=self.bus,
            wallClock=lambda: 7.0,
            credentials=self.credentials,
            permission=Permission(frozenset({0})),
            metrics=lambda: "# EOF\n",
        )
        return ApiService(self.path, factory, reactor=reactor, clock=self.clock, bus=self.bus)

    def credentials(self, transport: Any) -> Asking:
        if self.asking is None:
            raise PlatformError("the kernel does not tell")
        return self.asking

    def client(self, timeout: float = 20.0) -> Client:
        made = Client(self.path, timeout)
        self.addCleanup(made.close)
        return made

    async def error(self, *asked: Any) -> ApiError:
        try:
            await deferToThread(*asked)
        except ApiError as error:
            return error
        self.fail("there was no error")
        raise AssertionError


class ServerTests(ServerCase):
    """L{ApiService} and L{Client}, end to end."""

    def test_status(self) -> Deferred[None]:
        """The picture arrives as it was made."""

        async def run() -> None:
            status = await deferToThread(self.client().status)
            self.assertEqual(status["nodes"][1]["links"][1]["status"], "dead")

        return ensureDeferred(run())

    def test_everything(self) -> Deferred[None]:
        """Every command of the client is answered, on one connection."""

        async def run() -> None:
            client = self.client()
            self.assertEqual((await deferToThread(client.ping))["api"], 1)
            self.assertEqual((await deferToThread(client.standby, "local"))["text"], MOVED.text)
            self.assertEqual((await deferToThread(client.takeover, "failback"))["ok"], True)
            self.assertEqual(len(await deferToThread(client.recent, 3)), 3)
            self.assertIn("alpha", await deferToThread(client.explain, "10.0.0.9"))
            self.assertEqual(await deferToThread(client.metrics), "# EOF\n")
            self.assertEqual(await deferToThread(client.reload), "deadtime 5 s -> 4 s")

        return ensureDeferred(run())

    def test_error(self) -> Deferred[None]:
        """An error comes with its name, and the connection can be used again."""

        async def run() -> None:
            client = self.client()
            self.assertEqual((await self.error(client.explain, "nfs")).name, "unknown-group")
            await deferToThread(client.ping)

        return ensureDeferred(run())

    def test_largeAnswer(self) -> Deferred[None]:
        """An answer larger than any buffer arrives whole."""
        self.control.happened = [
            (float(number), LinkUp(node=NodeName("beta"), link="x" * 1000)) for number in range(3000)
        ]

        async def run() -> None:
            events = await deferToThread(self.client().recent, 3000)
            self.assertEqual(len(events), 3000)

        return ensureDeferred(run())

    def test_events(self) -> Deferred[None]:
        """A follower sees what is over and what happens next, none twice."""

        async def run() -> None:
            events = self.client().events(recent=2)
            first = await deferToThread(next, events)
            second = await deferToThread(next, events)
            self.assertEqual([first["fields"]["link"], second["fields"]["link"]], ["eth3", "eth4"])
            third = deferToThread(next, events)
            self.bus.publish(LinkUp(node=NodeName("beta"), link="new"))
            self.assertEqual((await third)["fields"]["link"], "new")

        return ensureDeferred(run())

    def test_stopped(self) -> Deferred[None]:
        """A follower whose daemon stops is told so."""

        async def run() -> None:
            events = self.client().events(recent=1)
            await deferToThread(next, events)
            following = self.error(next, events)
            waiting = ensureDeferred(following)
            await self.service.stopService()
            self.assertEqual((await waiting).name, "closed")

        return ensureDeferred(run())

    def test_notPermitted(self) -> Deferred[None]:
        """Who may not ask is told so by name."""
        self.asking = Asking(uid=1000, gid=1000)

        async def run() -> None:
            error = await self.error(self.client().standby, "all")
            self.assertEqual((error.name, self.control.asked), ("not-permitted", []))
            self.assertIn("uid 1000", str(error))

        return ensureDeferred(run())

    def test_unknownClient(self) -> Deferred[None]:
        """Where the kernel does not tell who asks, a private socket is enough and an open one is not."""
        self.asking = None

        async def run() -> None:
            await deferToThread(self.client().ping)
            self.service.factory.permission = Permission(frozenset({0, 1000}))
            self.assertEqual((await self.error(self.client().ping)).name, "not-permitted")

        return ensureDeferred(run())

    def test_tooMany(self) -> Deferred[None]:
        """The clients of one daemon are counted, and one that leaves makes room."""

        async def run() -> None:
            clients = [self.client() for _ in range(64)]
            for client in clients:
                await deferToThread(client.ping)
            self.assertEqual((await self.error(self.client().ping)).name, "too-many-clients")
            clients[0].close()
            await deferToThread(clients[1].ping)
            await deferToThread(self.client().ping)

        return ensureDeferred(run())

    def test_flood(self) -> Deferred[None]:
        """A client that asks without end and reads nothing is left waiting; the others are served."""
        flooding = socket.socket(socket.AF_UNIX)
        self.addCleanup(flooding.close)
        flooding.connect(self.path)
        flooding.setblocking(False)

        async def run() -> None:
            asked = idle = 0
            while idle < 20:
                try:
                    asked += flooding.send(b'{"command":"status"}\n' * 1000)
                    idle = 0
                except BlockingIOError:
                    idle += 1
                await deferLater(reactor, 0.002)  # type: ignore[arg-type]
                self.assertLess(asked, 5_000_000)
            await deferToThread(self.client().ping)
            done = len([name for name, _ in self.control.asked if name == "status"])
            self.assertLess(done, 1000)

        return ensureDeferred(run())

    def test_deafSubscriber(self) -> Deferred[None]:
        """A subscriber that never reads is dropped in the end, and nobody waits for it."""
        deaf = socket.socket(socket.AF_UNIX)
        self.addCleanup(deaf.close)
        deaf.connect(self.path)
        deaf.sendall(b'{"command":"subscribe"}\n')
        event = LinkUp(node=NodeName("beta"), link="x" * 500)
        before = self.bus.observed

        async def run() -> None:
            for _ in range(200):
                for _ in range(50):
                    self.bus.publish(event)
                await deferLater(reactor, 0)  # type: ignore[arg-type]
            await deferToThread(self.client().ping)
            self.assertEqual(self.bus.observed, before)

        return ensureDeferred(run())

    def test_halfClosed(self) -> Deferred[None]:
        """A shell's C{echo | socat} gets its answer."""

        async def run() -> None:
            def talk() -> bytes:
                with socket.socket(socket.AF_UNIX) as made:
                    made.settimeout(20)
                    made.connect(self.path)
                    made.sendall(b'{"id":1,"command":"ping"}\n')
                    made.shutdown(socket.SHUT_WR)
                    return b"".join(iter(lambda: made.recv(9999), b""))

            self.assertIn(b'"ok":true', await deferToThread(talk))

        return ensureDeferred(run())


class SocketTests(ServerCase):
    """The socket itself."""

    def test_mode(self) -> None:
        """It is private from the beginning, its directory too."""
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.path)).st_mode), 0o750)

    @inlineCallbacks
    def test_removed(self) -> Any:
        """After the stop it is gone."""
        yield self.service.stopService()
        self.assertFalse(os.path.exists(self.path))

    @inlineCallbacks
    def test_inUse(self) -> Any:
        """A second daemon says that the first is there, and takes its place when it has gone."""
        second = self.makeService()
        second.startService()
        self.addCleanup(second.stopService)
        (warned,) = [event for event in self.told if isinstance(event, Warned)]
        self.assertIn("another daemon answers", warned.message)
        self.clock.advance(10)
        self.assertEqual(len([event for event in self.told if isinstance(event, Warned)]), 1)
        yield self.service.stopService()
        self.clock.advance(10)
        yield deferToThread(self.client().ping)


class PrepareTests(SynchronousTestCase):
    """L{prepareSocket}."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.path = os.path.join(self.directory, "s")

    def test_stale(self) -> None:
        """The socket of a daemon that was killed is cleared away."""
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        prepareSocket(self.path, 0o600)
        self.assertFalse(os.path.lexists(self.path))

    def test_alive(self) -> None:
        """That of a living one is not, even if it is too busy to answer."""
        with socket.socket(socket.AF_UNIX) as alive:
            alive.bind(self.path)
            alive.listen(1)
            for _ in range(4):
                self.assertRaises(StateError, prepareSocket, self.path, 0o600)
        self.assertTrue(os.path.exists(self.path))

    def test_file(self) -> None:
        """A file is somebody's, and stays."""
        with open(self.path, "w"):
            pass
        error = self.assertRaises(StateError, prepareSocket, self.path, 0o600)
        self.assertIn("is not a socket", str(error))
        self.assertTrue(os.path.exists(self.path))

    def test_tooLong(self) -> None:
        """A path longer than the kernel takes is explained, not failed over."""
        error = self.assertRaises(StateError, prepareSocket, "/" + "x" * 120, 0o600)
        self.assertIn("at most 103", str(error))

    def test_directory(self) -> None:
        """A directory that cannot be made is explained."""
        with open(self.path, "w"):
            pass
        self.assertRaises(StateError, prepareSocket, os.path.join(self.path, "deeper", "s"), 0o600)
