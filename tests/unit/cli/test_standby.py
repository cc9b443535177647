"""C{hb_standby} and C{hb_takeover}: the original's texts, and answers it never gave."""

from __future__ import annotations

import os

from twisted.internet.defer import Deferred, ensureDeferred

from tests.unit.api.fakes import REFUSED
from tests.unit.cli.fakes import TerminalCase
from twisted_ha.cli.connect import VARIABLE
from twisted_ha.cli.standby import runStandby, runTakeover
from twisted_ha.terms import ResourceSet

NAME = "/usr/share/heartbeat/hb_standby"
USAGE = f"{NAME} [all|foreign|local|failback]\n"


class StandbyTests(TerminalCase):
    """L{runStandby} and L{runTakeover}."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(os, "environ", {VARIABLE: self.path})

    def test_moves(self) -> Deferred[None]:
        """Without an argument everything goes, and the end is waited for and told."""
        self.startDaemon()

        async def run() -> None:
            self.assertEqual(await self.typeAt(runStandby, NAME), 0)
            self.assertEqual(self.out.getvalue(), "alpha gave [all] to beta in 0.012 s\n")
            self.assertEqual(self.control.asked, [("standby", ResourceSet.ALL)])

        return ensureDeferred(run())

    def test_words(self) -> Deferred[None]:
        """Failback gives what is foreign, and takes what is local."""
        self.startDaemon()

        async def run() -> None:
            for command in (runStandby, runTakeover):
                for word in ("local", "failback"):
                    self.assertEqual(await self.typeAt(command, NAME, word), 0)
            self.assertEqual(
                self.control.asked,
                [
                    ("standby", ResourceSet.LOCAL),
                    ("standby", ResourceSet.FOREIGN),
                    ("takeover", ResourceSet.LOCAL),
                    ("takeover", ResourceSet.LOCAL),
                ],
            )

        return ensureDeferred(run())

    def test_refused(self) -> Deferred[None]:
        """A refusal is exit status 1, with its reason on standard error."""
        self.startDaemon()
        self.control.report = REFUSED

        async def run() -> None:
            self.assertEqual(await self.typeAt(runStandby, NAME), 1)
            self.assertIn("beta is not there", self.err.getvalue())

        return ensureDeferred(run())

    def test_notRunning(self) -> Deferred[None]:
        """B19: without a daemon the command ends at once, with status 1 and a sentence."""

        async def run() -> None:
            self.assertEqual(await self.typeAt(runStandby, NAME), 1)
            self.assertEqual(
                self.err.getvalue(),
                f"{NAME}: the daemon is not running: there is no socket {self.path}\n",
            )

        return ensureDeferred(run())

    def test_usage(self) -> Deferred[None]:
        """Wrong arguments get the original's words, on the streams the original uses."""

        async def run() -> None:
            for arguments, complaint in (
                (["--help"], ""),
                (["most"], f"{NAME}: wrong resources(most).\n"),
                (["-h"], f"{NAME}: wrong resources(-h).\n"),
                (["all", "local"], f"{NAME}: too many arguments\n"),
            ):
                for command in (runStandby, runTakeover):
                    self.assertEqual(await self.typeAt(command, NAME, *arguments), 1)
                    self.assertEqual(
                        (self.out.getvalue(), self.err.getvalue()), (complaint + "usage:\n", USAGE)
                    )

        return ensureDeferred(run())
