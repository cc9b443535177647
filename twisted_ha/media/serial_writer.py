"""
Writing to a serial line without ever waiting for it.

With hardware flow control a line that nobody reads does not move.  Frames leave in pieces, each no
earlier than the line can have carried the one before, so that what waits, waits in our queue where a
newer heartbeat can take its place, and not in the kernel's (wire-protocol.md section 8.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.media.serial_output import OutputQueue

__all__ = ["SerialWriter", "WritableLine"]

_BITS_PER_BYTE = 10


class WritableLine(Protocol):
    """What the writer needs of an open line."""

    def writeSomeData(self, data: bytes) -> object:
        """How many bytes were taken, 0 if none can be now; anything else if the line is gone."""

    def outstanding(self) -> int:
        """How many bytes the kernel still has to send."""

    def discard(self) -> None:
        """Drop what the kernel still holds to send."""


class SerialWriter:
    """
    Sends what is in a queue, at the speed of the line.

    @cvar PIECE: bytes handed over at once.
    @cvar STALL: seconds without progress after which a line counts as stuck.
    @cvar POLL: seconds between two looks at a line that does not move.
    @cvar SETTLED: seconds without a stall after which it counts as moving again.
    """

    PIECE = 512
    STALL = 0.5
    POLL = 0.05
    SETTLED = 5.0

    def __init__(
        self,
        clock: IReactorTime,
        baud: int,
        queue: OutputQueue,
        stalled: Callable[[], None],
        flowing: Callable[[], None],
        lost: Callable[[str], None],
    ) -> None:
        """
        @param stalled: called when a stuck line was emptied.
        @param flowing: called when something has left.
        @param lost: called with the reason if the line takes nothing any more.
        """
        self._clock = clock
        self._secondsPerByte = _BITS_PER_BYTE / baud
        self._queue = queue
        self._stalled = stalled
        self._flowing = flowing
        self._lost = lost
        self._line: WritableLine | None = None
        self._call: IDelayedCall | None = None
        self._outstanding = 0
        self._progress = 0.0
        self._lastStall: float | None = None
        self._finishing: list[Deferred[None]] = []

    def attach(self, line: WritableLine) -> None:
        """Write to C{line} from now on."""
        self._line = line
        self._outstanding = 0
        self.kick()

    def detach(self) -> None:
        """Write no more."""
        self._line = None
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
        self._finished()

    def finish(self) -> Deferred[None]:
        """
        @return: fires when nothing waits any more: all of it has left the line, was dropped because the
            line does not move, or there is no line.
        """
        if self._call is None or self._lastStall is not None:
            return succeed(None)
        finishing: Deferred[None] = Deferred()
        self._finishing.append(finishing)
        return finishing

    def kick(self) -> None:
        """Something was put into the queue."""
        if self._line is not None and self._call is None:
            self._progress = self._clock.seconds()
            self._step()

    def _later(self, seconds: float) -> None:
        self._call = self._clock.callLater(seconds, self._step)

    def _step(self) -> None:
        self._call = None
        line = self._line
        if line is None:
            return
        outstanding = line.outstanding()
        if outstanding:
            if outstanding < self._outstanding:
                self._progress = self._clock.seconds()
            self._outstanding = outstanding
            self._waitFor(line)
            return
        if self._outstanding:
            self._left()
        piece = self._queue.piece(self.PIECE)
        if piece:
            self._write(line, piece)
        else:
            self._finished()

    def _finished(self) -> None:
        finishing, self._finishing = self._finishing, []
        for waiting in finishing:
            waiting.callback(None)

    def _write(self, line: WritableLine, piece: bytes) -> None:
        taken = line.writeSomeData(piece)
        if not isinstance(taken, int):
            self._lost("the line cannot be written")
        elif taken <= 0:
            self._waitFor(line)
        else:
            self._queue.advance(taken)
            self._outstanding = taken
            sending = taken * self._secondsPerByte
            self._progress = self._clock.seconds() + sending
            self._later(sending)

    def _left(self) -> None:
        self._outstanding = 0
        now = self._clock.seconds()
        if self._lastStall is None or now - self._lastStall >= self.SETTLED:
            self._lastStall = None
            self._flowing()

    def _waitFor(self, line: WritableLine) -> None:
        now = self._clock.seconds()
        if now - self._progress < self.STALL:
            self._later(self.POLL)
            return
        self._queue.abandon()
        line.discard()
        self._outstanding = 0
        self._lastStall = self._progress = now
        self._stalled()
        self._later(self.POLL)
        self._finished()
