"""Real scripts, run by the real runner: what a power switch's script sees and how it may end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from tests.unit.fencing.fakes import BETA, GAMMA, reasonOf, script
from tests.unit.processes import pipesClosed
from twisted_ha.agents.process import groupSpawner
from twisted_ha.agents.runner import ProcessRunner
from twisted_ha.bus import EventBus
from twisted_ha.errors import FencingError
from twisted_ha.fencing.external import RESET, ExternalFencer
from twisted_ha.fencing.plugin import Plugin

DEVICE = """\
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case $1 in
getconfignames) echo hostlist; echo password ;;
gethosts) echo $hostlist | tr , '\\n' ;;
status) test -e "$here/plugged" ;;
reset)
    test "$password" = "two words" || { echo "wrong password: $password" >&2; exit 5; }
    test ! -e "$here/hang" || { echo $$ > "$here/pid"; sleep 600 & wait; }
    echo "$2" > "$here/was-reset" ;;
*) exit 1 ;;
esac
"""


class ScriptTests(TestCase):
    """L{ExternalFencer} and L{Plugin} with everything real but the power and the clock."""

    timeout = 30

    def setUp(self) -> None:
        self.addCleanup(pipesClosed)
        self.directory = Path(self.mktemp()).absolute()
        script(self.directory, "pdu", DEVICE)
        self.clock = Clock()
        self.bus = EventBus(self.clock)

    def make(self, *parameters: str) -> ExternalFencer:
        plugin = Plugin(
            name="pdu",
            parameters=parameters,
            directories=(str(self.directory),),
            runner=ProcessRunner(groupSpawner(reactor), self.clock),
            clock=self.clock,
            environment=os.environ,
            harmless=("alpha", "beta"),
        )
        return ExternalFencer(plugin, clock=self.clock, bus=self.bus)

    async def reasonOf(self, done: Deferred[str]) -> str:
        try:
            await done
        except FencingError as error:
            return reasonOf(error)
        raise AssertionError("it succeeded")

    async def until(self, name: str) -> Path:
        """Wait for a file that the script writes."""
        path = self.directory / name
        while not path.exists() or not path.read_text():
            await deferLater(reactor, 0.02)
        return path

    async def gone(self, pid: int) -> None:
        """Wait until a process has ended."""
        while True:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            await deferLater(reactor, 0.02)

    def leftovers(self) -> Iterator[str]:
        return (entry.name for entry in self.directory.iterdir())

    def test_resets(self) -> Deferred[None]:
        """A parameter string of positions reaches the script, and the node is reset."""

        async def run() -> None:
            detail = await self.make("alpha,beta", "two", "words").fence(BETA)
            self.assertIn("external/pdu in ", detail)
            self.assertEqual((self.directory / "was-reset").read_text(), "beta\n")
            self.assertEqual(
                (self.directory / "calls").read_text(), "getconfignames\ngethosts\nreset beta\n"
            )

        return ensureDeferred(run())

    def test_named(self) -> Deferred[None]:
        """So does one of names and values."""

        async def run() -> None:
            await self.make("password=two", "words", "hostlist=beta").fence(BETA)
            self.assertEqual((self.directory / "was-reset").read_text(), "beta\n")

        return ensureDeferred(run())

    def test_refuses(self) -> Deferred[None]:
        """A script that fails is quoted, and the password in its last words is not."""

        async def run() -> None:
            reason = await self.reasonOf(self.make("alpha,beta", "hunter2").fence(BETA))
            self.assertIn("pdu reset beta: exit status 5: wrong password: ***", reason)

        return ensureDeferred(run())

    def test_notListed(self) -> Deferred[None]:
        """A node that is not in the script's list is never handed to it."""

        async def run() -> None:
            reason = await self.reasonOf(self.make("alpha,beta", "two", "words").fence(GAMMA))
            self.assertIn("cannot reset host gamma: it lists alpha, beta", reason)
            self.assertNotIn("was-reset", self.leftovers())

        return ensureDeferred(run())

    def test_status(self) -> Deferred[None]:
        """The look at the device believes the exit status of C{status}."""

        async def run() -> None:
            fencer = self.make("beta", "two", "words")
            told: Deferred[str] = Deferred()
            self.bus.subscribe(lambda event, when: told.callback(event.render()))
            fencer.start()
            self.clock.advance(0)
            self.assertIn("not operational! " + str(self.directory), await told)

        return ensureDeferred(run())

    def test_deadline(self) -> Deferred[None]:
        """A script that hangs is ended with its children, and that is a failure."""

        async def run() -> None:
            (self.directory / "hang").touch()
            done = self.make("beta", "two", "words").fence(BETA)
            pid = int((await self.until("pid")).read_text())
            self.clock.advance(RESET)
            self.assertIn("stopped by force", await self.reasonOf(done))
            await self.gone(pid)
            self.assertNotIn("was-reset", self.leftovers())

        return ensureDeferred(run())

    def test_cancelled(self) -> Deferred[None]:
        """A reset that is called off is really ended: it cannot shoot a node that came back."""

        async def run() -> None:
            (self.directory / "hang").touch()
            done = self.make("beta", "two", "words").fence(BETA)
            pid = int((await self.until("pid")).read_text())
            done.cancel()
            with self.assertRaises(CancelledError):
                await done
            await self.gone(pid)
            self.assertNotIn("was-reset", self.leftovers())

        return ensureDeferred(run())
