"""
Client programs that the daemon keeps running: C{respawn} and C{failfast} of C{ha.cf}.

@see: configuration.md section 10, resource-management.md sections 3.10 and 7.1.
"""

from __future__ import annotations

import os
import pwd
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.process import Process
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

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
from twisted_ha.frozen import dataclass

__all__ = ["Account", "ClientProcess", "Respawner", "Spawn", "accountOf", "clientSpawner"]

NEVER_AGAIN = 100
"""The exit status of a program that has no work here."""

SHORT_LIFE = 30.0
"""Seconds; a program that ends earlier is not well."""

MOST_SHORT_LIVES = 10
PAUSE = 1.0
"""Seconds before a program that is not well is started again."""

TERM_TIME = 5.0
"""Seconds a program has for ending when it is asked to; the original waits for ever."""

_UMASK = 0o022


@dataclass(frozen=True, slots=True)
class Account:
    """Who a program runs as."""

    name: str
    uid: int
    gid: int


Spawn = Callable[[ProcessProtocol, Respawn, Account], IProcessTransport]
"""Starts a program in a process group of its own, whose number is the transport's C{pid}."""


def accountOf(user: str) -> Account:
    """
    The account of that name, or number.

    @raise KeyError: there is none (any more).
    """
    entry = pwd.getpwuid(int(user)) if user.isascii() and user.isdigit() else pwd.getpwnam(user)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


class Respawner:
    """
    Starts the programs when communications come up, in the order of C{ha.cf}, and keeps them running.

    It is an observer of the bus.  C{failfast} does not reboot the machine as it did in the original:
    the end of such a program is told as critical, and it is started again like the others.
    """

    def __init__(
        self,
        programs: Sequence[Respawn],
        *,
        spawn: Spawn,
        clock: IReactorTime,
        bus: EventBus,
        killGroup: Callable[[int, int], None] = os.killpg,
        account: Callable[[str], Account] = accountOf,
    ) -> None:
        self._spawn = spawn
        self._clock = clock
        self._bus = bus
        self._killGroup = killGroup
        self._account = account
        self._programs = [self._program(one) for one in programs]
        self._up = False
        self._leaving = False

    def _program(self, program: Respawn) -> _Program:
        return _Program(program, self)

    def __call__(self, event: Event, when: float) -> None:
        """Start with the cluster, and start nothing more once this node leaves it."""
        if isinstance(event, CommunicationsUp):
            self.start()
        elif isinstance(event, ShutdownRequested):
            self.leave()

    def start(self) -> None:
        """Start every program; once, and not while this node leaves."""
        if not self._up and not self._leaving:
            self._up = True
            for program in self._programs:
                program.start()

    def leave(self) -> None:
        """From now on a program that ends stays ended."""
        self._leaving = True
        for program in self._programs:
            program.rest()

    def reconfigure(self, programs: Sequence[Respawn]) -> None:
        """Keep what is named still, stop what is not, start what is new."""
        wanted = list(programs)
        kept = []
        for program in self._programs:
            if program.program in wanted:
                wanted.remove(program.program)
                kept.append(program)
            else:
                program.stop()
        new = [self._program(one) for one in wanted]
        self._programs = kept + new
        if self._up and not self._leaving:
            for program in new:
                program.start()

    def stop(self) -> Deferred[None]:
        """
        End the programs one at a time, the last one first.

        @return: fires when all have ended.
        """
        self.leave()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for program in reversed(self._programs):
            await program.stop()


class _Program(ProcessProtocol):
    """
    One line of C{ha.cf}.

    @ivar program: what it says.
    """

    def __init__(self, program: Respawn, keeper: Respawner) -> None:
        self.program = program
        self._keeper = keeper
        self._pid: int | None = None
        self._began = 0.0
        self._shortLives = 0
        self._again: IDelayedCall | None = None
        self._resting = False
        self._waiting: list[Deferred[None]] = []

    def start(self) -> None:
        """Start it; what keeps it from starting counts as a short life."""
        self._again = None
        keeper = self._keeper
        self._began = keeper._clock.seconds()
        try:
            account = keeper._account(self.program.user)
            process = keeper._spawn(self, self.program, account)
        except (OSError, KeyError) as error:
            reason = (
                f"there is no user {self.program.user}" if isinstance(error, KeyError) else str(error)
            )
            self._ended(f"it could not be started: {reason}", 0, badly=True)
            return
        self._pid = pid = _pidOf(process)
        keeper._bus.publish(
            ProgramStarted(command=self.program.command, uid=account.uid, gid=account.gid, pid=pid)
        )

    def rest(self) -> None:
        """Do not start it again."""
        self._resting = True
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def stop(self) -> Deferred[None]:
        """
        End it: TERM for its whole group, and KILL if that does not help.

        @return: fires when it has ended.
        """
        self.rest()
        done: Deferred[None] = Deferred()
        pid = self._pid
        if pid is None:
            done.callback(None)
            return done
        force = self._keeper._clock.callLater(TERM_TIME, self._signal, pid, signal.SIGKILL)

        def ended(result: None) -> None:
            if force.active():
                force.cancel()

        self._waiting.append(done)
        done.addCallback(ended)
        self._signal(pid, signal.SIGTERM)
        return done

    def _signal(self, pid: int, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            self._keeper._killGroup(pid, number)

    def processExited(self, reason: Failure) -> None:
        """It is gone; what it may have left in its group is not ours to wait for."""
        pid, self._pid = self._pid or 0, None
        status: int | None = getattr(reason.value, "exitCode", None)
        number: int | None = getattr(reason.value, "signal", None)
        how = f"ended by signal {number}" if number is not None else f"exit status {status}"
        if status == NEVER_AGAIN:
            self._resting = True
        self._ended(how, pid, badly=number is not None or bool(status))

    def _ended(self, how: str, pid: int, badly: bool) -> None:
        keeper = self._keeper
        seconds = keeper._clock.seconds() - self._began
        command = self.program.command
        self._shortLives = self._shortLives + 1 if seconds < SHORT_LIFE else 0
        if self._resting:
            told: Event = ProgramStopped(command=command, pid=pid, how=how, seconds=seconds)
        elif self._shortLives > MOST_SHORT_LIVES:
            self._resting = True
            told = ProgramGivenUp(command=command, how=how)
        else:
            self._again = keeper._clock.callLater(PAUSE if self._shortLives else 0.0, self.start)
            kind = FailfastEnded if badly and self.program.failfast else ProgramEnded
            told = kind(command=command, pid=pid, how=how, seconds=seconds)
        keeper._bus.publish(told)
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(None)


def _pidOf(process: IProcessTransport) -> int:
    return int(cast(Any, process).pid)


class ClientProcess(Process):
    """Twisted's process with a group of its own, C{/} as its directory, and no special priority."""

    def _trySpawnInsteadOfFork(self, *arguments: object) -> bool:
        """C{posix_spawn} can do nothing of what follows."""
        return False

    def _setupChild(self, fdmap: Mapping[int, int]) -> None:
        """Runs in the child, still as root."""
        os.setpgid(0, 0)
        os.umask(_UMASK)
        if hasattr(os, "sched_setscheduler"):
            with suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        super()._setupChild(fdmap)  # type: ignore[no-untyped-call]


def clientSpawner(reactor: object, environment: Mapping[str, str]) -> Spawn:
    """
    Starts programs as the original does: C{sh -c "exec COMMAND"}, with nothing to read and nowhere to
    write.

    @param environment: what every program of this node sees.
    """

    def spawn(protocol: ProcessProtocol, program: Respawn, account: Account) -> IProcessTransport:
        same = (account.uid, account.gid) == (os.geteuid(), os.getegid())
        if not same and os.geteuid() != 0:
            raise PermissionError(f"only root can run a program as {account.name}")
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            make = cast(Callable[..., IProcessTransport], ClientProcess)
            made = make(
                reactor,
                "/bin/sh",
                ["sh", "-c", f"exec {program.command}"],
                dict(environment),
                "/",
                protocol,
                uid=None if same else account.uid,
                gid=None if same else account.gid,
                childFDs={0: nothing, 1: nothing, 2: nothing},
            )
        finally:
            os.close(nothing)
        with suppress(OSError):  # the child does it too; whoever is first
            os.setpgid(_pidOf(made), _pidOf(made))
        return made

    return spawn
