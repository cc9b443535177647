"""Runs programs with a deadline, and keeps their last words."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.agents.process import Spawn
from twisted_ha.interfaces import IProcessRunner
from twisted_ha.operations import Completed, Invocation

__all__ = ["GRACE", "KEPT", "ProcessRunner", "Watch"]

KEPT = 64 * 1024
"""How much of each stream is kept, in bytes: the last of it."""

GRACE = 2.0
"""Between TERM and KILL, in seconds."""

Kill = Callable[[int, int], object]

Watch = Callable[[int, bool], None]
"""Called with the number of a process group when it has begun, and again when its program has exited."""


@implementer(IProcessRunner)
class ProcessRunner:
    """The runner that really starts processes, with what L{groupSpawner} made."""

    def __init__(
        self,
        spawn: Spawn,
        clock: IReactorTime,
        kill: Kill = os.killpg,
        watch: Watch = lambda group, running: None,
    ) -> None:
        """
        @param kill: sends a signal to a process group, as L{os.killpg}.
        @param watch: is told what runs.
        """
        self._spawn = spawn
        self._clock = clock
        self._kill = kill
        self._watch = watch

    def run(self, invocation: Invocation, enough: Deferred[None] | None = None) -> Deferred[Completed]:
        """Run C{invocation}; see L{IProcessRunner.run}."""
        protocol = _Run(invocation, self._clock, self._kill, self._watch)
        try:
            self._spawn(protocol, invocation)
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
            protocol.abandon()
            reason = getattr(error, "strerror", None) or str(error)
            return succeed(
                Completed(status=None, errors=f"cannot run {invocation.argv[0]}: {reason}".encode())
            )
        if enough is not None:
            enough.addCallback(protocol.hurry)
        return protocol.finished


class _Run(ProcessProtocol):
    """
    One run.

    Children of the program may keep its pipes open for days.  They are read and thrown away for as long
    as this process lives: closing them would end such a child with SIGPIPE at its next line.
    """

    def __init__(self, invocation: Invocation, clock: IReactorTime, kill: Kill, watch: Watch) -> None:
        self.finished: Deferred[Completed] = Deferred(self._cancelled)
        self._clock = clock
        self._kill = kill
        self._watch = watch
        self._group = 0
        self._timedOut = False
        self._done = False
        self._tails = {1: bytearray(), 2: bytearray()}
        self._began = clock.seconds()
        self._deadline: IDelayedCall = clock.callLater(invocation.deadline, self._expire)

    def abandon(self) -> None:
        """There is no process after all."""
        if self._deadline.active():
            self._deadline.cancel()

    def hurry(self, result: None) -> None:
        """The deadline is now."""
        if self._deadline.active():
            self._deadline.reset(0)

    def connectionMade(self) -> None:
        """The process runs.  Its number, which is its group's, leaves the transport when it ends."""
        assert self.transport is not None
        self._group = self.transport.pid
        self._watch(self._group, True)

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Keep the last of it."""
        if self._done:
            return
        tail = self._tails[childFD]
        tail += data
        if len(tail) > 2 * KEPT:
            del tail[:-KEPT]

    def processExited(self, reason: Failure) -> None:
        """The program itself has exited; its pipes may still be open."""
        self.abandon()
        self._done = True
        self._watch(self._group, False)
        if self.finished.called:  # cancelled
            self._tails.clear()
            return
        ended = reason.value
        signalled: int | None = getattr(ended, "signal", None)
        status: int | None = getattr(ended, "exitCode", None)
        self.finished.callback(
            Completed(
                status=status if signalled is None else None,
                signal=signalled,
                output=bytes(self._tails[1][-KEPT:]),
                errors=bytes(self._tails[2][-KEPT:]),
                seconds=self._clock.seconds() - self._began,
                timedOut=self._timedOut,
            )
        )
        self._tails.clear()

    def _cancelled(self, finished: Deferred[Completed]) -> None:
        self.abandon()
        self._expire()

    def _expire(self) -> None:
        self._timedOut = True
        self._signal(signal.SIGTERM)
        # Also when the program itself ends at once: its children may not.
        self._clock.callLater(GRACE, self._signal, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            self._kill(self._group, number)
        except ProcessLookupError:
            pass
        except PermissionError:  # FreeBSD, when only zombies are left in the group
            pass
