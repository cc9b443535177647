"""C{hactl} as its user meets it."""

from __future__ import annotations

import json
import os

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import deferLater

from tests.unit.api.fakes import REFUSED, aStatus
from tests.unit.cli.fakes import TerminalCase
from twisted_ha.cli import main
from twisted_ha.events import LinkDown
from twisted_ha.terms import NodeName, ResourceSet


class CommandTests(TerminalCase):
    """Commands to a daemon that runs."""

    def setUp(self) -> None:
        super().setUp()
        self.service = self.startDaemon()

    def test_status(self) -> Deferred[None]:
        """The page shows who is there, who owns what and why, and what is wrong."""

        async def run() -> None:
            self.assertEqual(await self.type("status"), 0)
            page = self.out.getvalue()
            for part in (
                "alpha is active, at rest",
                "beta",
                "eth1 dead",
                "10.0.0.9",
                "this node is its home",
                "no such interface",
                "eth1 is the only way",
            ):
                self.assertIn(part, page)
            self.assertEqual(self.err.getvalue(), "")

        return ensureDeferred(run())

    def test_json(self) -> Deferred[None]:
        """With --json it is the documented schema and nothing else."""

        async def run() -> None:
            self.assertEqual(await self.type("status", "--json"), 0)
            status = json.loads(self.out.getvalue())
            self.assertEqual((status["version"], status["node"]), (1, "alpha"))

        return ensureDeferred(run())

    def test_standby(self) -> Deferred[None]:
        """A move that worked is said on standard output, with exit status 0."""

        async def run() -> None:
            self.assertEqual(await self.type("standby"), 0)
            self.assertEqual(self.out.getvalue(), "alpha gave [all] to beta in 0.012 s\n")
            self.assertEqual(self.control.asked, [("standby", ResourceSet.ALL)])

        return ensureDeferred(run())

    def test_refused(self) -> Deferred[None]:
        """One that did not is said on standard error, with exit status 1."""
        self.control.report = REFUSED

        async def run() -> None:
            self.assertEqual(await self.type("takeover", "failback"), 1)
            self.assertEqual(self.control.asked, [("takeover", ResourceSet.LOCAL)])
            self.assertEqual(
                (self.out.getvalue(), self.err.getvalue()),
                ("", "nothing was moved: beta is not there to take part\n"),
            )

        return ensureDeferred(run())

    def test_slowMove(self) -> Deferred[None]:
        """A move that is not over when patience ends is not called a failure of the move."""
        self.control.report = None

        async def run() -> None:
            self.assertEqual(await self.type("standby", "--wait", "0.05"), 3)
            self.assertIn("goes on", self.err.getvalue())

        return ensureDeferred(run())

    def test_explain(self) -> Deferred[None]:
        """A group is explained in sentences; an unknown one is answered with those there are."""

        async def run() -> None:
            self.assertEqual(await self.type("explain", "10.0.0.9"), 0)
            self.assertIn("runs on alpha", self.out.getvalue())
            self.assertEqual(await self.type("explain", "nfs"), 1)
            self.assertEqual(
                self.err.getvalue(),
                "hactl: there is no group 'nfs'; haresources has 10.0.0.9, 10.0.0.8\n",
            )

        return ensureDeferred(run())

    def test_links(self) -> Deferred[None]:
        """C{status --links} shows each link."""

        async def run() -> None:
            self.assertEqual(await self.type("status", "--links"), 0)
            self.assertIn("eth0 is the last link to beta, of 2.", self.out.getvalue())

        return ensureDeferred(run())

    def test_recent(self) -> Deferred[None]:
        """Events that are over are listed, one a line."""

        async def run() -> None:
            self.assertEqual(await self.type("events", "-n", "2", "--no-follow"), 0)
            lines = self.out.getvalue().splitlines()
            self.assertEqual(len(lines), 2)
            self.assertTrue(lines[1].endswith(" info: Link beta:eth4 up."), lines[1])

        return ensureDeferred(run())

    def test_follow(self) -> Deferred[None]:
        """Following shows what happens, as JSON if asked, until the daemon stops."""

        async def run() -> None:
            following = self.type("events", "--json", "--level", "warn")
            await self.subscribed()
            self.bus.publish(LinkDown(node=NodeName("beta"), link="eth0", left=1))
            await self.service.stopService()
            self.assertEqual(await following, 3)
            self.assertEqual(json.loads(self.out.getvalue())["event"], "LinkDown")
            self.assertIn("ended the connection", self.err.getvalue())

        return ensureDeferred(run())

    async def subscribed(self) -> None:
        """Wait until somebody listens to the bus."""
        for _ in range(2000):
            if self.bus.observed:
                return
            await deferLater(reactor, 0.005)
        self.fail("nobody subscribed")

    def test_reload(self) -> Deferred[None]:
        """A reload says what changed, or everything that is wrong."""

        async def run() -> None:
            self.assertEqual(await self.type("reload"), 0)
            self.assertEqual(self.out.getvalue(), "deadtime 5 s -> 4 s\n")
            self.control.complaint = '"30sx" is not a duration'
            self.assertEqual(await self.type("reload"), 6)
            self.assertIn("ha.cf:3:", self.err.getvalue())

        return ensureDeferred(run())

    def test_metrics(self) -> Deferred[None]:
        """Metrics are printed as they are."""

        async def run() -> None:
            self.assertEqual(await self.type("metrics"), 0)
            self.assertEqual(self.out.getvalue(), "# EOF\n")

        return ensureDeferred(run())

    def test_version(self) -> Deferred[None]:
        """Both versions are shown."""

        async def run() -> None:
            self.assertEqual(await self.type("version"), 0)
            self.assertEqual(self.out.getvalue().count("0.1.0"), 2)

        return ensureDeferred(run())

    def test_strangeTexts(self) -> Deferred[None]:
        """What another machine invented cannot move the cursor of this terminal."""
        self.control.picture = aStatus(localStatus="\x1b[2J\udcff")

        async def run() -> None:
            self.assertEqual(await self.type("status"), 0)
            self.assertTrue(self.out.getvalue().isascii())
            self.assertNotIn("\x1b", self.out.getvalue())

        return ensureDeferred(run())

    def test_bug(self) -> Deferred[None]:
        """A bug in the daemon is a sentence here."""
        self.control.bug = ZeroDivisionError()

        async def run() -> None:
            self.assertEqual(await self.type("status"), 1)
            self.assertEqual(self.err.getvalue().count("\n"), 1)
            self.flushLoggedErrors(ZeroDivisionError)

        return ensureDeferred(run())


class NoDaemonTests(TerminalCase):
    """Commands while no daemon runs, and commands that need none."""

    def test_notRunning(self) -> Deferred[None]:
        """Every command says so in one line and exits with 3."""

        async def run() -> None:
            for command in (
                ["status"],
                ["standby"],
                ["events"],
                ["explain", "x"],
                ["reload"],
                ["metrics"],
            ):
                self.assertEqual(await self.type(*command), 3, command)
                self.assertEqual(
                    self.err.getvalue(),
                    f"hactl: the daemon is not running: there is no socket {self.path}\n",
                )

        return ensureDeferred(run())

    def test_runDirectory(self) -> Deferred[None]:
        """The socket is found by its directory too, before or after the command."""
        self.startDaemon()
        directory = os.path.dirname(self.path)

        async def run() -> None:
            for arguments in (["--run-dir", directory, "status"], ["status", "--run-dir", directory]):
                self.assertEqual(await self.typeAt(main.run, *arguments), 0)

        return ensureDeferred(run())

    def test_misspelt(self) -> Deferred[None]:
        """A command line that cannot be understood is explained, with exit status 2."""

        async def run() -> None:
            for arguments in (
                [],
                ["stanby"],
                ["standby", "most"],
                ["status", "--xml"],
                ["--timeout", "-1", "status"],
            ):
                self.assertEqual(await self.typeAt(main.run, *arguments), 2, arguments)
                self.assertIn("usage: hactl", self.err.getvalue())

        return ensureDeferred(run())

    def test_help(self) -> Deferred[None]:
        """Help explains the words a newcomer does not know, and every command has some."""

        async def run() -> None:
            self.assertEqual(await self.typeAt(main.run, "--help"), 0)
            text = self.out.getvalue()
            for part in ('"local"', '"foreign"', "exit status", "hactl.md"):
                self.assertIn(part, text)
            for command in (
                "status",
                "standby",
                "takeover",
                "events",
                "explain",
                "check",
                "decode",
                "version",
            ):
                self.assertEqual(await self.typeAt(main.run, command, "--help"), 0)
                self.assertIn("usage: hactl " + command, self.out.getvalue())

        return ensureDeferred(run())

    def test_versionAlone(self) -> Deferred[None]:
        """The version of the tool needs no daemon."""

        async def run() -> None:
            self.assertEqual(await self.type("version"), 0)
            self.assertIn("not running", self.out.getvalue())

        return ensureDeferred(run())
