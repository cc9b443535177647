"""C{hactl link-test} as it is typed, as far as no road is needed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cli.fakes import TerminalCase
from tests.unit.linktest.fakes import CABLE, ETH0, Pair
from twisted_ha.api.client import Client
from twisted_ha.cli.link_test import _busy, _isOurs, _runningPid, daemonHere, page
from twisted_ha.platform import choose


class Elsewhere:
    """A platform whose pid file is where a test wants it."""

    def __init__(self, pidFile: str) -> None:
        self.directories = type("Places", (), {"pidFile": pidFile})


class LinkTestTests(TerminalCase):
    """Before the test begins."""

    def test_badConfiguration(self) -> Deferred[None]:
        """A configuration that is bad is complained about, with exit status 6."""

        async def run() -> None:
            directory = self.mktemp()
            os.makedirs(directory)
            status = await self.type("link-test", "--config-dir", directory)
            self.assertEqual(status, 6)
            self.assertIn("there is no such file", self.err.getvalue())

        return ensureDeferred(run())

    def test_alone(self) -> Deferred[None]:
        """Without another node there is nothing to test."""

        async def run() -> None:
            directory = self.mktemp()
            os.makedirs(directory)
            name = os.uname().nodename
            for file, text in (
                ("ha.cf", f"ucast lo 127.0.0.1\ndeadtime 30\nlogfacility local0\nnode {name}\n"),
                ("authkeys", "auth 1\n1 sha1 x\n"),
                ("haresources", ""),
            ):
                with open(os.path.join(directory, file), "w") as made:
                    made.write(text)
            os.chmod(os.path.join(directory, "authkeys"), 0o600)
            self.assertEqual(await self.type("link-test", "--config-dir", directory), 6)
            self.assertIn("names no other node", self.err.getvalue())

        return ensureDeferred(run())

    def test_seconds(self) -> Deferred[None]:
        """A test lasts more than no time."""

        async def run() -> None:
            self.assertEqual(await self.type("link-test", "--seconds", "0"), 2)

        return ensureDeferred(run())

    def test_daemon(self) -> Deferred[None]:
        """A daemon that answers is known, with what it hears by each link."""

        async def run() -> None:
            self.startDaemon()
            from twisted.internet.threads import deferToThread

            ask: Callable[..., Any] = daemonHere
            said, links = await deferToThread(ask, Client(self.path), choose())
            self.assertEqual(said, "the daemon runs on this machine")
            self.assertEqual(links, {("beta", "eth0"): True, ("beta", "eth1"): False})

        return ensureDeferred(run())


class HereTests(SynchronousTestCase):
    """What is asked of this machine."""

    def test_otherDaemon(self) -> None:
        """Another daemon is known by its pid file, a dead one is not."""
        path = self.mktemp()
        platform: Any = Elsewhere(path)
        nobody = Client(self.mktemp())
        self.assertEqual(daemonHere(nobody, platform), ("", {}))
        for text, pid in (
            (f"{os.getpid()}\n", os.getpid()),
            ("4194999\n", None),
            ("junk", None),
            ("", None),
        ):
            with open(path, "w") as file:
                file.write(text)
            self.assertEqual(_runningPid(path), pid)
        with open(path, "w") as file:
            file.write(f"{os.getpid()}")
        self.assertIn(f"process {os.getpid()}", daemonHere(nobody, platform)[0])

    def test_busy(self) -> None:
        """A port somebody hears is busy, however kindly he shares it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            self.assertTrue(_busy(port, False))
        self.assertFalse(_busy(port, False))

    def test_ours(self) -> None:
        """An address of this machine is known from others, and from names that lead nowhere."""
        self.assertTrue(_isOurs("127.0.0.1", False))
        self.assertFalse(_isOurs("192.0.2.1", False))
        self.assertFalse(_isOurs("no.such.host.invalid", False))


class PageTests(SynchronousTestCase):
    """L{page}."""

    def test_whole(self) -> None:
        """A table, what to do, and the conclusion."""
        pair = Pair(ETH0, CABLE)
        pair.cables.spoil = lambda who, link, port, frame: None if link == "/dev/cuau0" else frame
        shown = page(pair.go(3)).splitlines()
        self.assertEqual(shown[1].split()[:2], ["ROAD", "NODE"])
        self.assertTrue(shown[2].startswith("bcast eth0         beta  "), shown[2])
        self.assertTrue(shown[2].endswith("  good"), shown[2])
        self.assertTrue(shown[3].endswith("BAD: nothing arrives either way"), shown[3])
        self.assertIn("What to do:", shown)
        self.assertIn("Notes:", shown)
        self.assertEqual(shown[-1], "Of 2 roads 1 bad.")

    def test_control(self) -> None:
        """What a stranger calls himself cannot move the cursor."""
        pair = Pair(ETH0)
        pair.alpha.foreign["eth0", "\x1b[2Jevil", 1] += 1
        self.assertNotIn("\x1b", page(pair.go(1)))
