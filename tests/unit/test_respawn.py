"""Client programs that are kept running."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from twisted_ha.bus import EventBus
from twisted_ha.config.model import Respawn
from twisted_ha.events import (
    CommunicationsUp,
    Event,
    FailfastEnded,
    ProgramEnded,
    ProgramGivenUp,
    ProgramStarted,
    ProgramStopped,
    ShutdownRequested,
)
from twisted_ha.respawn import Account, Respawner, accountOf, clientSpawner

ONE = Respawn(user="hacluster", command="/bin/one")
TWO = Respawn(user="hacluster", command="/bin/two -v")
FAST = Respawn(user="hacluster", command="/bin/fast", failfast=True)


class FakeProcess:
    """A program that runs until it is told to end."""

    def __init__(self, protocol: ProcessProtocol, program: Respawn, account: Account, pid: int) -> None:
        self.protocol, self.program, self.account = protocol, program, account
        self.pid: int | None = pid
        self.stubborn = False

    def end(self, status: int = 0, number: int | None = None) -> None:
        """It ends; the number is forgotten by then, as with Twisted's own."""
        self.pid = None
        done: Exception = ProcessDone(0)
        if status or number:
            done = ProcessTerminated(status or None, number)
        self.protocol.processExited(Failure(done))


class RespawnCase(SynchronousTestCase):
    """Programs that end as told."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.bus = EventBus(self.clock)
        self.events: list[Event] = []
        self.bus.subscribe(lambda event, when: self.events.append(event))
        self.processes: list[FakeProcess] = []
        self.signals: list[tuple[str, int]] = []
        self.refuses = False

    def keep(self, *programs: Respawn) -> Respawner:
        """A respawner; communications are not up yet."""
        made = Respawner(
            programs,
            spawn=self._spawn,  # type: ignore[arg-type]
            clock=self.clock,
            bus=self.bus,
            killGroup=self._kill,
            account=lambda user: Account(user, 103, 106),
        )
        self.bus.subscribe(made)
        return made

    def _spawn(self, protocol: ProcessProtocol, program: Respawn, account: Account) -> FakeProcess:
        if self.refuses:
            raise OSError("no more processes")
        self.processes.append(FakeProcess(protocol, program, account, 1000 + len(self.processes)))
        return self.processes[-1]

    def _kill(self, pid: int, number: int) -> None:
        process = next((one for one in self.processes if one.pid == pid), None)
        if process is None:
            raise ProcessLookupError
        self.signals.append((process.program.command, number))
        if number == signal.SIGKILL or not process.stubborn:
            process.end(number=number)

    def up(self) -> None:
        """Communications come up."""
        self.bus.publish(CommunicationsUp())

    def running(self) -> list[str]:
        """The commands that run."""
        return [one.program.command for one in self.processes if one.pid is not None]

    def told(self, kind: type[Event]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class StartTests(RespawnCase):
    """When programs begin."""

    def test_started(self) -> None:
        """They begin in the order of the file when communications come up, and not before."""
        self.keep(ONE, TWO)
        self.assertEqual(self.running(), [])
        self.up()
        self.assertEqual(self.running(), ["/bin/one", "/bin/two -v"])
        self.assertEqual(self.processes[0].account, Account("hacluster", 103, 106))
        self.assertIn(
            'Starting child client "/bin/one" (103,106)', self.told(ProgramStarted)[0].render()
        )

    def test_once(self) -> None:
        """They begin once."""
        self.keep(ONE).start()
        self.up()
        self.assertEqual(self.running(), ["/bin/one"])

    def test_leaving(self) -> None:
        """They do not begin any more when the node is leaving already."""
        self.keep(ONE)
        self.bus.publish(ShutdownRequested(pid=1))
        self.up()
        self.assertEqual(self.running(), [])

    def test_impossible(self) -> None:
        """One that cannot be started is tried again like one that ended at once."""
        self.keep(ONE)
        self.refuses = True
        self.up()
        self.assertIn("no more processes", self.told(ProgramEnded)[0].how)
        self.refuses = False
        self.clock.advance(1.0)
        self.assertEqual(self.running(), ["/bin/one"])


class AgainTests(RespawnCase):
    """What follows when one ends."""

    def test_again(self) -> None:
        """After a life of 30 s it begins again at once."""
        self.keep(ONE)
        self.up()
        self.clock.advance(30.0)
        self.processes[0].end(status=1)
        self.clock.advance(0)
        self.assertEqual(self.running(), ["/bin/one"])
        self.assertIn('Respawning client "/bin/one":', self.told(ProgramEnded)[0].render())

    def test_pause(self) -> None:
        """After a short one it waits a second."""
        self.keep(ONE)
        self.up()
        self.processes[0].end()
        self.clock.advance(0.9)
        self.assertEqual(self.running(), [])
        self.clock.advance(0.1)
        self.assertEqual(self.running(), ["/bin/one"])

    def test_givenUp(self) -> None:
        """After more than ten short lives in a row it is given up, and the others run on."""
        self.keep(ONE, TWO)
        self.up()
        for _ in range(11):
            self.assertIn("/bin/one", self.running())
            next(p for p in self.processes if p.program is ONE and p.pid is not None).end(status=1)
            self.clock.advance(1.0)
        self.assertEqual(self.running(), ["/bin/two -v"])
        self.assertIn('Client /bin/one "respawning too fast"', self.told(ProgramGivenUp)[0].render())

    def test_forgiven(self) -> None:
        """A long life clears the count."""
        self.keep(ONE)
        self.up()
        for number in range(30):
            self.clock.advance(31.0 if number % 8 == 7 else 0.1)
            self.processes[-1].end(status=1)
            self.clock.advance(1.0)
        self.assertEqual(self.running(), ["/bin/one"])

    def test_never(self) -> None:
        """Exit status 100 means: never again."""
        self.keep(ONE)
        self.up()
        self.processes[0].end(status=100)
        self.clock.advance(60.0)
        self.assertEqual(self.running(), [])
        self.assertTrue(self.told(ProgramStopped))

    def test_failfast(self) -> None:
        """C{failfast} is told as critical when it ends badly, and the program begins again."""
        self.keep(FAST)
        self.up()
        self.processes[0].end(status=0)
        self.clock.advance(1.0)
        self.assertFalse(self.told(FailfastEnded))
        self.processes[1].end(number=11)
        self.clock.advance(1.0)
        self.assertEqual(len(self.told(FailfastEnded)), 1)
        self.assertEqual(self.running(), ["/bin/fast"])


class StopTests(RespawnCase):
    """The end."""

    def test_order(self) -> None:
        """They are ended one at a time, the last one first, with TERM for the whole group."""
        keeper = self.keep(ONE, TWO)
        self.up()
        self.processes[1].stubborn = True
        done = keeper.stop()
        self.assertEqual(self.signals, [("/bin/two -v", signal.SIGTERM)])
        self.processes[1].end()
        self.successResultOf(done)
        self.assertEqual(self.signals[1:], [("/bin/one", signal.SIGTERM)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stubborn(self) -> None:
        """One that does not end is killed."""
        keeper = self.keep(ONE)
        self.up()
        self.processes[0].stubborn = True
        done = keeper.stop()
        self.clock.advance(4.9)
        self.assertNoResult(done)
        self.clock.advance(0.1)
        self.successResultOf(done)
        self.assertEqual(self.signals[-1][1], signal.SIGKILL)

    def test_notAgain(self) -> None:
        """What ends while the node leaves stays ended."""
        self.keep(ONE)
        self.up()
        self.bus.publish(ShutdownRequested(pid=1))
        self.processes[0].end(status=1)
        self.clock.advance(60.0)
        self.assertEqual(self.running(), [])

    def test_waiting(self) -> None:
        """One that waits to begin again does not."""
        keeper = self.keep(ONE)
        self.up()
        self.processes[0].end(status=1)
        self.successResultOf(keeper.stop())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_reconfigured(self) -> None:
        """When the files are reread what is new begins, what is gone ends, and the rest runs on."""
        keeper = self.keep(ONE, FAST)
        self.up()
        keeper.reconfigure([TWO, ONE])
        self.assertEqual(self.running(), ["/bin/one", "/bin/two -v"])
        self.assertEqual(len(self.processes), 3)


class RealTests(TestCase):
    """Real processes."""

    async def test_surroundings(self) -> None:
        """A program has a group of its own, stands in /, and knows what scripts know."""
        report = os.path.abspath(self.mktemp())
        script = Path(self.mktemp()).absolute()
        script.write_text(
            f"#!/bin/sh\n{{ pwd; echo $HA_x; umask; echo $1; }} > {report}.new\n"
            f"mv {report}.new {report}\nread line\nexec sleep 60\n"
        )
        script.chmod(0o755)
        account = accountOf(str(os.geteuid()))
        spawn = clientSpawner(reactor, {"PATH": os.environ["PATH"], "HA_x": "y"})
        protocol = _Waiting()
        process: Any = spawn(protocol, Respawn(user="", command=f"{script} 'a b'"), account)
        pid = process.pid
        self.assertEqual(os.getpgid(pid), pid)
        while not os.path.exists(report):
            await _pause(0.01)
        self.assertEqual(Path(report).read_text().splitlines(), ["/", "y", "0022", "a b"])
        os.killpg(pid, signal.SIGTERM)
        self.assertEqual((await protocol.ended).signal, signal.SIGTERM)

    async def test_otherUser(self) -> None:
        """Root runs it as whom the file names, with that one's groups; nobody else can."""
        if os.geteuid() != 0:
            account = Account("somebody", os.geteuid() + 1, 1)
            spawn = clientSpawner(reactor, {})
            program = Respawn(user="somebody", command="/bin/true")
            self.assertRaises(PermissionError, spawn, _Waiting(), program, account)
            return
        account = accountOf("nobody")
        report = "/tmp/" + os.path.basename(self.mktemp())
        self.addCleanup(lambda: os.path.exists(report) and os.unlink(report))
        protocol = _Waiting()
        spawn = clientSpawner(reactor, {"PATH": os.environ["PATH"]})
        spawn(protocol, Respawn(user="nobody", command=f"sh -c 'id -u; id -G' > {report}"), account)
        await protocol.ended
        lines = Path(report).read_text().splitlines()
        self.assertEqual(lines, [str(account.uid), str(account.gid)])

    def test_unknownUser(self) -> None:
        """A user who is gone is an error that can be told."""
        self.assertRaises(KeyError, accountOf, "no-such-user-here")


class _Waiting(ProcessProtocol):
    def __init__(self) -> None:
        self.ended: Deferred[Any] = Deferred()

    def processExited(self, reason: Failure) -> None:
        self.ended.callback(reason.value)


def _pause(seconds: float) -> Deferred[None]:
    done: Deferred[None] = Deferred()
    loop: Any = reactor
    loop.callLater(seconds, done.callback, None)
    return done
