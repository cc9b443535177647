"""Running programs: deadlines and bounds on a fake process, groups and pipes on real ones."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.unit.processes import pipesClosed
from twisted_ha.agents.process import groupSpawner
from twisted_ha.agents.runner import GRACE, KEPT, ProcessRunner
from twisted_ha.interfaces import IProcessRunner
from twisted_ha.operations import Completed, Invocation

SH = "/bin/sh"


class FakeSpawn:
    """Starts nothing; hands the protocol to the test."""

    def __init__(self) -> None:
        self.protocols: list[Any] = []
        self.refusal: OSError | None = None

    def __call__(self, protocol: Any, invocation: Invocation) -> Any:
        if self.refusal is not None:
            raise self.refusal
        self.protocols.append(protocol)
        transport = SimpleNamespace(pid=4711)
        protocol.makeConnection(transport)
        return transport


class RunnerTests(SynchronousTestCase):
    """What the runner does with a process, on a clock of ours."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.spawn = FakeSpawn()
        self.killed: list[tuple[int, int]] = []
        self.runner = ProcessRunner(
            self.spawn, self.clock, lambda group, number: self.killed.append((group, number))
        )

    def run1(self, deadline: float = 10.0) -> Deferred[Completed]:
        return self.runner.run(Invocation(argv=("/x", "start"), deadline=deadline))

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IProcessRunner, self.runner)

    def test_exit(self) -> None:
        """The result has the exit status and how long it took."""
        running = self.run1()
        self.clock.advance(1.5)
        self.spawn.protocols[0].processExited(Failure(ProcessTerminated(3, None, 768)))
        result = self.successResultOf(running)
        self.assertEqual((result.status, result.signal, result.seconds), (3, None, 1.5))

    def test_exitIsEnough(self) -> None:
        """It is over when the program exits, whoever still holds its pipes."""
        running = self.run1()
        self.spawn.protocols[0].processExited(Failure(ProcessDone(0)))
        self.assertTrue(self.successResultOf(running).succeeded)

    def test_noDeadlineLeft(self) -> None:
        """A program that ended in time leaves nothing on the clock."""
        self.run1()
        self.spawn.protocols[0].processExited(Failure(ProcessDone(0)))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_signal(self) -> None:
        """A program ended by a signal has no exit status."""
        running = self.run1()
        self.spawn.protocols[0].processExited(Failure(ProcessTerminated(None, 11, 11)))
        result = self.successResultOf(running)
        self.assertEqual((result.status, result.signal), (None, 11))

    def test_lastWords(self) -> None:
        """Of megabytes of output the last 64 KiB are kept, and little more memory than twice that."""
        running = self.run1()
        protocol = self.spawn.protocols[0]
        for _ in range(1000):
            protocol.childDataReceived(1, b"x" * 4096)
            self.assertLessEqual(len(protocol._tails[1]), 2 * KEPT + 4096)
        protocol.childDataReceived(1, b"end")
        protocol.childDataReceived(2, b"why")
        protocol.processExited(Failure(ProcessDone(0)))
        result = self.successResultOf(running)
        self.assertEqual(
            (len(result.output), result.output[-4:], result.errors), (KEPT, b"xend", b"why")
        )

    def test_watch(self) -> None:
        """Whoever watches hears the process group of every program, when it begins and when it exits."""
        told: list[tuple[int, bool]] = []
        runner = ProcessRunner(
            self.spawn, self.clock, watch=lambda group, running: told.append((group, running))
        )
        runner.run(Invocation(argv=("/x", "start")))
        self.assertEqual(told, [(4711, True)])
        self.spawn.protocols[0].processExited(Failure(ProcessDone(0)))
        self.assertEqual(told, [(4711, True), (4711, False)])

    def test_term(self) -> None:
        """B9: at the deadline the whole group is asked to end."""
        self.run1(5.0)
        self.clock.advance(4.9)
        self.assertEqual(self.killed, [])
        self.clock.advance(0.1)
        self.assertEqual(self.killed, [(4711, signal.SIGTERM)])

    def test_enough(self) -> None:
        """The deadline may come early; after the end it means nothing."""
        enough: Deferred[None] = Deferred()
        running = self.runner.run(Invocation(argv=("/x", "status"), deadline=60.0), enough)
        self.clock.advance(1.0)
        enough.callback(None)
        self.clock.advance(0)
        self.assertEqual(self.killed, [(4711, signal.SIGTERM)])
        self.assertNoResult(running)
        self.spawn.protocols[0].processExited(Failure(ProcessTerminated(None, 15, 15)))
        self.assertTrue(self.successResultOf(running).timedOut)

    def test_enoughTooLate(self) -> None:
        """After the end nobody is asked to end."""
        enough: Deferred[None] = Deferred()
        self.runner.run(Invocation(argv=("/x", "status"), deadline=60.0), enough)
        self.spawn.protocols[0].processExited(Failure(ProcessTerminated(3, None, 768)))
        enough.callback(None)
        self.clock.advance(60)
        self.assertEqual(self.killed, [])

    def test_kill(self) -> None:
        """Two seconds later it is made to, even if its leader has gone: its children may not have."""
        running = self.run1(5.0)
        self.clock.advance(5.0)
        self.spawn.protocols[0].processExited(Failure(ProcessTerminated(None, 15, 15)))
        result = self.successResultOf(running)
        self.assertEqual((result.timedOut, result.succeeded), (True, False))
        self.clock.advance(GRACE)
        self.assertEqual(self.killed[1:], [(4711, signal.SIGKILL)])

    def test_exitZeroTooLate(self) -> None:
        """A program that ends well only after TERM has not succeeded."""
        running = self.run1(5.0)
        self.clock.advance(5.0)
        self.spawn.protocols[0].processExited(Failure(ProcessDone(0)))
        self.assertFalse(self.successResultOf(running).succeeded)

    def test_groupIsGone(self) -> None:
        """A group that has vanished before KILL is no error."""

        def gone(group: int, number: int) -> None:
            raise ProcessLookupError

        runner = ProcessRunner(self.spawn, self.clock, gone)
        runner.run(Invocation(argv=("/x",), deadline=1.0))
        self.clock.pump([1.0, GRACE])

    def test_cancelled(self) -> None:
        """Called off, it ends the group as at the deadline, and the exit that follows does no harm."""
        running = self.run1()
        running.cancel()
        self.failureResultOf(running, CancelledError)
        self.assertEqual(self.killed, [(4711, signal.SIGTERM)])
        self.spawn.protocols[0].processExited(Failure(ProcessTerminated(None, 15, 15)))
        self.clock.advance(GRACE)
        self.assertEqual(self.killed[1:], [(4711, signal.SIGKILL)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_cannotRun(self) -> None:
        """A program that cannot be run ends without status, and says why."""
        self.spawn.refusal = FileNotFoundError(2, "No such file or directory")
        result = self.successResultOf(self.run1())
        self.assertEqual(
            (result.status, result.errors), (None, b"cannot run /x: No such file or directory")
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_afterTheEnd(self) -> None:
        """What children write after the program's end is read and thrown away."""
        running = self.run1()
        protocol = self.spawn.protocols[0]
        protocol.processExited(Failure(ProcessDone(0)))
        protocol.childDataReceived(1, b"late")
        self.assertEqual(self.successResultOf(running).output, b"")


class RealProcessTests(TestCase):
    """Programs that really run."""

    timeout = 20

    def setUp(self) -> None:
        self.addCleanup(pipesClosed)
        self.runner = ProcessRunner(groupSpawner(reactor), reactor)  # type: ignore[arg-type]

    def sh(self, script: str, deadline: float = 10.0, **environment: str) -> Deferred[Completed]:
        return self.runner.run(
            Invocation(
                argv=(SH, "-c", script),
                environment={"PATH": os.environ["PATH"], **environment},
                deadline=deadline,
            )
        )

    async def test_output(self) -> None:
        """Standard output and errors are told apart, and the environment is exactly the one given."""
        result = await self.sh('echo "$GIVEN"; echo oops >&2; exit 7', GIVEN="it")
        self.assertEqual((result.status, result.output, result.errors), (7, b"it\n", b"oops\n"))

    async def test_nothingIsLost(self) -> None:
        """The last line before the exit is always there, however quick the program was."""
        for _ in range(50):
            self.assertEqual((await self.sh("echo running")).output, b"running\n")

    async def test_surroundings(self) -> None:
        """A program leads its own group, stands in /, has umask 022 and nothing to read."""
        script = 'ps -o pgid= -p $$ | tr -d " "; echo $$; pwd; umask; cat'
        lines = (await self.sh(script)).output.split()
        self.assertEqual(lines[0], lines[1])
        self.assertEqual(lines[2:], [b"/", b"0022"])
        self.assertNotEqual(int(lines[0]), os.getpgrp())

    async def test_ourSurroundingsStay(self) -> None:
        """Our own directory and umask are as before."""
        before = os.getcwd()
        mask = os.umask(0o077)
        try:
            await self.sh("true")
            self.assertEqual(os.umask(0o077), 0o077)
        finally:
            os.umask(mask)
        self.assertEqual(os.getcwd(), before)

    async def test_onlyThreeDescriptors(self) -> None:
        """No descriptor of ours reaches a program, not even an inheritable one from before."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        os.set_inheritable(write, True)
        self.runner = ProcessRunner(groupSpawner(reactor), reactor)  # type: ignore[arg-type]
        result = await self.sh("ls /dev/fd/")
        # 3 is the listing's own.
        self.assertEqual(result.output.split(), [b"0", b"1", b"2", b"3"])

    async def test_childrenKeepPipes(self) -> None:
        """A child that keeps the output open does not delay the result, and may go on writing."""
        go, done = os.path.abspath(self.mktemp()), os.path.abspath(self.mktemp())
        waiting = f"while [ ! -e {go} ]; do sleep 0.05; done; echo late; echo $? > {done}"
        result = await self.sh(f"({waiting}) & echo started")
        self.assertEqual(result.output, b"started\n")
        with open(go, "w"):
            pass
        await until(lambda: os.path.exists(done) and os.path.getsize(done) > 0)
        with open(done) as file:
            self.assertEqual(file.read(), "0\n")

    async def test_wholeGroupEnds(self) -> None:
        """At the deadline the children end too."""
        path = os.path.abspath(self.mktemp())
        result = await self.sh(f"sleep 30 & echo $! > {path}; wait", deadline=0.3)
        self.assertTrue(result.timedOut)
        with open(path) as file:
            child = int(file.read())
        for _ in range(100):
            state = (await self.sh(f"ps -o stat= -p {child}")).output.strip()
            if not state or state.startswith(b"Z"):
                break
        else:
            self.fail("the child still runs")
        await deferLater(reactor, GRACE + 0.1)  # type: ignore[arg-type]  # KILL is still on the clock

    async def test_withoutInterpreterLine(self) -> None:
        """A script without "#!" line works as it does from a shell."""
        path = os.path.abspath(self.mktemp())
        with open(path, "w") as file:
            file.write('echo "ran with $1"\n')
        os.chmod(path, 0o755)
        result = await self.runner.run(Invocation(argv=(path, "start")))
        self.assertEqual(result.output, b"ran with start\n")

    async def test_notExecutable(self) -> None:
        """A file that may not be executed is named, with the reason."""
        result = await self.runner.run(Invocation(argv=("/etc/passwd", "start")))
        self.assertEqual(
            (result.status, result.errors), (None, b"cannot run /etc/passwd: Permission denied")
        )

    async def test_otherName(self) -> None:
        """C{argv0} is the name the program hears."""
        result = await self.runner.run(Invocation(argv=(SH, "-c", "echo $0"), argv0="hello"))
        self.assertEqual(result.output, b"hello\n")


async def until(condition: Callable[[], bool], limit: float = 10.0) -> None:
    """Wait for something a real process does."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        await deferLater(reactor, 0.02)  # type: ignore[arg-type]
