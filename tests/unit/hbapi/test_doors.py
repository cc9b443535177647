"""The socket and the FIFO, as files."""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from tests.unit.cluster.wires import Wire
from tests.unit.hbapi.office import PING, Credentials, Office, configuration
from twisted_ha.clientapi import ClientApi
from twisted_ha.events import CommunicationsUp


class DoorTests(TestCase):
    """L{ClientApi}."""

    def setUp(self) -> None:
        directory = os.path.relpath(self.mktemp())  # a socket's path has to be short
        os.makedirs(directory)
        self.socket = os.path.join(directory, "register")
        self.fifo = os.path.join(directory, "fifo")
        clock = Clock()
        self.office = Office(
            clock, [Wire(clock, name) for name in ("a", "b", PING)], configuration("alpha")
        )
        self.api = self.make()

    def make(self) -> ClientApi:
        """The doors, closed."""
        return ClientApi(
            self.office.node,
            socket=self.socket,
            fifo=self.fifo,
            reactor=reactor,
            wallClock=lambda: 0.0,
            bus=self.office.bus,
            credentials=lambda transport: Credentials(),
        )

    async def test_opened(self) -> None:
        """The FIFO is there at once, the socket when communications come up, open to everybody."""
        self.api.start()
        self.assertTrue(stat.S_ISFIFO(os.stat(self.fifo).st_mode))
        self.assertFalse(os.path.exists(self.socket))
        self.office.bus.publish(CommunicationsUp())
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o777)
        await self.api.stop()

    async def test_closed(self) -> None:
        """The socket goes with the daemon, and nothing is heard of the node any more."""
        self.api.start()
        self.office.bus.publish(CommunicationsUp())
        await self.api.stop()
        self.assertFalse(os.path.exists(self.socket))
        self.office.bus.publish(CommunicationsUp())
        self.assertFalse(os.path.exists(self.socket))

    async def test_early(self) -> None:
        """A daemon that stops before has no socket to close."""
        self.api.start()
        await self.api.stop()
        self.assertFalse(os.path.exists(self.socket))

    async def test_leftOver(self) -> None:
        """A socket that a daemon left behind when it died gives way."""
        dead: Any = socket.socket(socket.AF_UNIX)
        dead.bind(self.socket)
        dead.close()
        self.api.start()
        self.office.bus.publish(CommunicationsUp())
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.socket)
        await self.api.stop()
