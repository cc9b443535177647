"""
The command FIFO, into which the original's shell tools write.

@see: client-api.md section 12.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.fdesc import readFromFD
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from twisted_ha.bus import EventBus
from twisted_ha.errors import WireError
from twisted_ha.events import Warned
from twisted_ha.hbapi.frames import readBody
from twisted_ha.wire.message import Message

__all__ = ["CommandFifo", "CommandReader"]

_LONGEST_LINE = 511
_MOST_LINES = 128
_START, _END = b">>>", b"<<<"
_PATIENCE = 3.0
"""Seconds between two pieces of one message: the scripts write theirs at once."""


class CommandReader:
    """
    Finds the messages in what several writers write.

    Lines outside a message mean nothing, and a message begun anew is another message.

    @ivar discarded: why something was thrown away last; empty if nothing was.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._lines: list[bytes] | None = None
        self.discarded = ""

    @property
    def partial(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._lines is not None or bool(self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """
        Take the next bytes.

        @return: the messages they complete, as bodies for L{readBody}.
        """
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self._skipping:
                self._skipping = False
                continue
            yield from self._line(line)
        if len(self._rest) > _LONGEST_LINE:
            self._tooLong()
            self._rest = b""
            self._skipping = True

    def reset(self) -> None:
        """Forget what is incomplete."""
        if self.partial:
            self.discarded = "it has no end"
        self._rest = b""
        self._skipping = False
        self._lines = None

    def _line(self, line: bytes) -> Iterator[bytes]:
        if line == _START:
            if self._lines:
                self.discarded = "another one begins before it ends"
            self._lines = []
        elif self._lines is None:
            return
        elif line == _END:
            body = b"\n".join((_START, *self._lines, _END, b""))
            self._lines = None
            yield body
        elif len(line) > _LONGEST_LINE or len(self._lines) >= _MOST_LINES:
            self._tooLong()
        else:
            self._lines.append(line)

    def _tooLong(self) -> None:
        if self._lines is not None:
            self.discarded = f"a line has at most {_LONGEST_LINE} bytes, a message {_MOST_LINES} lines"
        self._lines = None


class CommandFifo:
    """
    Listens on the FIFO.

    Only root may write into it, as with the original.
    """

    def __init__(
        self,
        path: str,
        *,
        reactor: Any,
        clock: IReactorTime,
        bus: EventBus,
        received: Callable[[Message], None],
    ) -> None:
        self._path = path
        self._reactor = reactor
        self._clock = clock
        self._bus = bus
        self._received = received
        self._reader = CommandReader()
        self._pipe: _Pipe | None = None
        self._patience: IDelayedCall | None = None

    def open(self) -> None:
        """Listen.  That it cannot is told, and keeps nobody from anything else."""
        try:
            self._make()
            self._pipe = _Pipe(self._path, self._reactor, self.dataReceived)
        except OSError as error:
            words = f"the command FIFO {self._path} cannot be used: {error.strerror}"
            self._bus.publish(
                Warned(message=f"{words}; hb_standby and hb_takeover of the original fail")
            )

    def close(self) -> None:
        """Listen no more.  The FIFO stays: a script that finds none would make a file of that name."""
        self._stopWaiting()
        if self._pipe is not None:
            self._pipe.connectionLost()
            self._pipe = None

    def dataReceived(self, data: bytes) -> None:
        """Take bytes, whoever wrote them."""
        self._stopWaiting()
        for body in self._reader.feed(data):
            self._take(body)
        self._tellDiscarded()
        if self._reader.partial:
            self._patience = self._clock.callLater(_PATIENCE, self._giveUp)

    def _make(self) -> None:
        try:
            there = os.lstat(self._path)
        except FileNotFoundError:
            pass
        else:
            if stat.S_ISFIFO(there.st_mode):
                os.chmod(self._path, 0o600)
                if there.st_uid == os.geteuid():
                    return
            elif stat.S_ISDIR(there.st_mode):
                raise OSError(errno.EISDIR, "there is a directory of that name")
            os.unlink(self._path)
        os.mkfifo(self._path, 0o600)

    def _take(self, body: bytes) -> None:
        try:
            message = readBody(body)
        except WireError as error:
            self._discard(error.reason)
            return
        if message.type:
            self._received(message)
        else:
            self._discard("it has no type (t)")

    def _giveUp(self) -> None:
        self._patience = None
        self._reader.reset()
        self._tellDiscarded()

    def _stopWaiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _tellDiscarded(self) -> None:
        if self._reader.discarded:
            self._discard(self._reader.discarded)
            self._reader.discarded = ""

    def _discard(self, reason: str) -> None:
        self._bus.publish(Warned(message=f"a message in {self._path} is ignored: {reason}"))


class _Pipe(FileDescriptor):
    """The FIFO's read end; its write end is held too, so that it never comes to an end."""

    def __init__(self, path: str, reactor: Any, received: Callable[[bytes], None]) -> None:
        super().__init__(reactor)
        self._received = received
        flags = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
        self._reading = os.open(path, os.O_RDONLY | flags)
        try:
            self._writing = os.open(path, os.O_WRONLY | flags)
        except OSError:
            os.close(self._reading)
            raise
        self.connected = 1
        self.startReading()  # type: ignore[no-untyped-call]

    def fileno(self) -> int:
        """What the reactor waits for."""
        return self._reading

    def doRead(self) -> Any:
        """There is something to read."""
        return readFromFD(self._reading, self._received)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Close both ends."""
        if self.connected:
            super().connectionLost(reason)  # type: ignore[no-untyped-call]
            os.close(self._reading)
            os.close(self._writing)
