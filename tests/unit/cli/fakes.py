"""A terminal, and a daemon's API to type at."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.unit.api.fakes import FakeControl, ObservedBus
from twisted_ha.api.permission import Permission
from twisted_ha.api.server import ApiFactory, ApiService
from twisted_ha.cli import main

Command = Callable[[Sequence[str], TextIO, TextIO], int]


class Root:
    """Who asks: root, whoever runs the tests."""

    uid = 0
    gid = 0
    pid = None


class TerminalCase(TestCase):
    """
    Runs commands in a thread, as if typed, while the reactor plays the daemon.

    @ivar path: the daemon's socket; nobody listens there before L{startDaemon}.
    """

    def setUp(self) -> None:
        directory = self.mktemp()
        os.makedirs(directory)
        self.path = os.path.join(directory, "twisted_ha.sock")
        self.out, self.err = io.StringIO(), io.StringIO()
        self.control = FakeControl()
        self.bus = ObservedBus(reactor)  # type: ignore[arg-type]

    def startDaemon(self) -> ApiService:
        """Let the daemon listen."""
        factory = ApiFactory(
            control=self.control,
            bus=self.bus,
            wallClock=lambda: 7.0,
            credentials=lambda transport: Root(),
            permission=Permission(frozenset({0})),
            metrics=lambda: "# EOF\n",
        )
        service = ApiService(self.path, factory, reactor=reactor, clock=reactor, bus=self.bus)  # type: ignore[arg-type]
        service.startService()
        self.addCleanup(service.stopService)
        return service

    def type(self, *arguments: str) -> Deferred[int]:
        """Type C{hactl} and C{arguments}.  @return: fires with its exit status."""
        return self.typeAt(main.run, "--socket", self.path, *arguments)

    def typeAt(self, command: Command, *arguments: str) -> Deferred[int]:
        """Type another command."""
        self.out, self.err = io.StringIO(), io.StringIO()
        done: Deferred[Any] = deferToThread(command, arguments, self.out, self.err)
        return done
