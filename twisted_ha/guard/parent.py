"""
The daemon's side of the guardian: feeding it, and what a next daemon finds.

@see: L{twisted_ha.guard.child} for the other process, L{twisted_ha.guard.note} for what it leaves;
    resource-management.md section 4.8, B24 and B6.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import StateError
from twisted_ha.events import Notice, Warned
from twisted_ha.guard import child as words
from twisted_ha.guard.note import forget
from twisted_ha.interfaces import IGuardian
from twisted_ha.operations import GuardedGroup

__all__ = ["SCRIPT", "Guardian"]

SCRIPT = os.path.join(os.path.dirname(__file__), "start.py")
"""The path of the script that is the guardian."""

_FEEDS = 10
"""
How often it is fed within its patience, where beats are that frequent.  It measures from the last beat
it was told, so it may lose patience by a tenth too soon, and never too late.
"""

_AGAIN = 1.0
_GOODBYE = 2.0
_LINE = 1 << 16

SpawnProcess = Callable[..., IProcessTransport]
"""As C{IReactorProcess.spawnProcess}."""


@implementer(IGuardian)
class Guardian:
    """
    Feeds one guardian process, and starts another if that one dies.

    @ivar released: see L{IGuardian.released}.
    @ivar releaseBegan: see L{IGuardian.releaseBegan}.
    @ivar releaseFailed: see L{IGuardian.releaseFailed}.
    """

    def __init__(
        self,
        *,
        spawnProcess: SpawnProcess,
        clock: IReactorTime,
        bus: EventBus,
        directory: str,
        patience: float,
        systemClock: Callable[[], float] = words.now,
        interpreter: str = sys.executable,
    ) -> None:
        """
        @param directory: where the note goes.  Best in the run directory: a note does not outlive the
            machine's life, and memory does not stall as a disk may.
        @param patience: seconds of silence after which everything is released: what the peer would wait
            less a margin, so deadtime less keepalive.
        @param systemClock: the guardian's own clock; C{clock} need not be one that two processes share.
        """
        self.released: Callable[[tuple[str, ...], float], None] | None = None
        self.releaseBegan: Callable[[float], None] | None = None
        self.releaseFailed: Callable[[tuple[str, ...]], None] | None = None
        self._spawnProcess = spawnProcess
        self._clock = clock
        self._bus = bus
        self._directory = directory
        self._patience = patience
        self._systemClock = systemClock
        self._interpreter = interpreter
        self._held: tuple[GuardedGroup, ...] = ()
        self._scripts: dict[int, None] = {}
        self._noted = False
        self._hungry = 0.0
        self._releasing: float | None = None
        self._process: _Conversation | None = None
        self._again: IDelayedCall | None = None
        self._stopping: Deferred[None] | None = None
        self._asking: list[Deferred[None]] = []

    def start(self) -> None:
        """
        Start the other process.  A note that an earlier daemon left is to be read before this.

        @raise StateError: it cannot be started.
        """
        argv = [self._interpreter, "-I", "-S", "-X", "utf8", SCRIPT]
        argv += [self._directory, repr(self._patience)]
        process = _Conversation(self._said, self._ended)
        try:
            self._spawnProcess(process, self._interpreter, argv, env={}, childFDs={0: "w", 1: "r", 2: 2})
        except OSError as error:
            raise StateError(
                f"cannot start the guardian {self._interpreter}: {error.strerror}"
            ) from error
        self._process = process
        for group in self._scripts:
            self._send(words.line("script", str(group)))
        self._list()
        self._feed()

    def hold(self, groups: Sequence[GuardedGroup]) -> None:
        """
        From now on exactly these are held.  They are in the note and in the pipe when this returns, so
        that a resource started next is not forgotten, whoever is killed.
        """
        self._held = tuple(groups)
        self._note()
        self._list()

    def script(self, group: int, running: bool) -> None:
        """
        A script of a resource has begun, or has exited.

        One that is under way when this process dies is ended before anything is stopped: it would go on,
        and a start that ends after the stop leaves a resource running that nobody knows of.

        @param group: the number of its process group.
        """
        if running:
            self._scripts[group] = None
        else:
            self._scripts.pop(group, None)
        self._send(words.line("script" if running else "ended", str(group)))

    def beat(self) -> None:
        """
        This process lives.

        Called at every beat.  Not each is passed on: it costs two processes a waking.
        """
        if self._clock.seconds() >= self._hungry:
            self._feed()

    def _feed(self) -> None:
        self._hungry = self._clock.seconds() + self._patience / _FEEDS
        self._send(words.line("beat", repr(self._systemClock())))

    def ask(self) -> Deferred[None]:
        """
        See L{IGuardian.ask}.

        It is fed first: if the silence before was too long for it, that is what it acts upon before it
        answers.
        """
        if self._process is None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._asking.append(done)
        self._feed()
        self._send(words.line("ask"))
        return done

    def _answer(self, number: int) -> None:
        asking, self._asking = self._asking[:number], self._asking[number:]
        for done in asking:
            done.callback(None)

    def setPatience(self, seconds: float) -> None:
        """The timers have changed."""
        # First a beat: the last one it was told may be older than the new patience allows.
        self._feed()
        self._patience = seconds
        self._hungry = 0.0
        self._send(words.line("patience", repr(seconds)))

    def stop(self) -> Deferred[None]:
        """
        End in peace if nothing is held: fires when the process has exited.

        What would not stop is left to it as if this daemon had died: it tries again, and what it cannot
        stop either stays in its note, for the next daemon.  That is not waited for.
        """
        if self._stopping is None:
            self._note()
            if self._again is not None and self._again.active():
                self._again.cancel()
            self._stopping = Deferred()
            if self._process is None:
                self._stopping.callback(None)
            elif self._held:
                self._process.close()
                self._stopping.callback(None)
            else:
                self._send(words.line("goodbye"))
                self._again = self._clock.callLater(_GOODBYE, self._process.kill)
        waiting: Deferred[None] = Deferred()

        def gone(result: None) -> None:
            waiting.callback(None)

        self._stopping.addCallback(gone)
        return waiting

    def _list(self) -> None:
        text = words.line("hold", repr(self._systemClock()))
        self._send(text + words.listing(_plain(self._held)) + words.line("held"))

    def _send(self, text: str) -> None:
        if self._process is not None:
            self._process.send(text.encode())

    def _note(self) -> None:
        try:
            if self._held:
                text = words.noteText("held", self._pid, 0.0, _plain(self._held))
                words.writeNote(self._directory, text)
                self._noted = True
            elif self._noted:
                forget(self._directory)
                self._noted = False
        except OSError as error:
            self._bus.publish(
                Warned(
                    message=f"cannot note in {self._directory} what is held, so that a next daemon would"
                    f" not know it: {error.strerror}"
                )
            )

    @property
    def _pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def _said(self, said: list[str]) -> None:
        """One line from the guardian."""
        if said[0] == "releasing" and len(said) == 2:
            self._releasing = _seconds(said[1])
            if self.releaseBegan is not None:
                self.releaseBegan(_seconds(said[1]))
        elif said[0] == "released" and len(said) > 2:
            silentFor = _seconds(said[1])
            self._releasing = None
            # Nothing of it is held until the daemon says so again.
            self._held = ()
            self._noted = True
            if self.released is not None:
                self.released(tuple(said[2:]), silentFor)
        elif said[0] == "failed":
            failed = ", ".join(said[1:])
            self._bus.publish(Warned(message=f"the guardian could not stop {failed}; it may still run"))
            if self.releaseFailed is not None:
                self.releaseFailed(tuple(said[1:]))
        elif said == ["here"]:
            self._answer(1)
        else:
            self._bus.publish(Warned(message=f"the guardian says: {' '.join(said)}"))

    def _ended(self, how: str) -> None:
        self._process = None
        self._cleanUp(how)
        self._answer(len(self._asking))

    def _cleanUp(self, how: str) -> None:
        if self._stopping is not None:
            if self._again is not None and self._again.active():
                self._again.cancel()
            if not self._stopping.called:
                self._stopping.callback(None)
            return
        self._bus.publish(Warned(message=f"the guardian process ended ({how}); starting another"))
        silentFor, self._releasing = self._releasing, None
        if silentFor is not None:
            # In the middle of a release: what it had not stopped may still run.
            keys = tuple(group.key for group in self._held)
            self._held = ()
            if self.releaseFailed is not None:
                self.releaseFailed(keys)
            if self.released is not None:
                self.released(keys, silentFor)
        self._again = self._clock.callLater(_AGAIN, self._restart)

    def _restart(self) -> None:
        try:
            self.start()
        except StateError as error:
            self._bus.publish(Warned(message=f"{error}; trying again"))
            self._again = self._clock.callLater(_AGAIN, self._restart)
        else:
            self._note()
            self._bus.publish(Notice(message="the guardian process runs again"))


class _Conversation(ProcessProtocol):
    """The pipes to one guardian process."""

    def __init__(self, said: Callable[[list[str]], None], ended: Callable[[str], None]) -> None:
        self.pid = 0
        self._said = said
        self._ended = ended
        self._buffer = b""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.pid = self.transport.pid

    def send(self, data: bytes) -> None:
        """
        Into the pipe at once, as far as it has room: this process may be killed next.

        Straight to the descriptor while nothing waits before it: asking the reactor to tell when the
        pipe can be written would cost four system calls for each beat.
        """
        assert self.transport is not None
        pipe = getattr(self.transport, "pipes", {}).get(0)
        if pipe is not None and not pipe.dataBuffer and not pipe._tempDataBuffer:
            with suppress(OSError):
                data = data[os.write(pipe.fd, data) :]
        if data:
            self.transport.write(data)
            if pipe is not None:
                pipe.doWrite()

    def close(self) -> None:
        """Say nothing more: for it that is as if this process had ended."""
        assert self.transport is not None
        self.transport.closeStdin()

    def kill(self) -> None:
        """It does not listen."""
        assert self.transport is not None
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")

    def outReceived(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self._buffer = self._buffer[-_LINE:]
        for line in lines:
            try:
                said = [words.unquote(word) for word in line.decode().split(" ")]
            except ValueError:
                said = [repr(line)]
            self._said(said)

    def processExited(self, reason: Failure) -> None:
        self._ended(str(reason.value).rstrip("."))


def _seconds(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return 0.0


def _plain(groups: Sequence[GuardedGroup]) -> list[words.Group]:
    """The groups as the other process knows them; equal environments are written once."""
    known: dict[int, dict[str, str]] = {}

    def environment(given: Mapping[str, str]) -> dict[str, str]:
        return known.setdefault(id(given), dict(given))

    plain = []
    for group in groups:
        copy = words.Group(group.key)
        for stop in group.stops:
            name = stop.argv0 or stop.argv[0]
            copy.stops.append(
                words.Stop(stop.deadline, name, list(stop.argv), environment(stop.environment))
            )
        plain.append(copy)
    return plain
