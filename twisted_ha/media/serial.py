"""C{serial}: a null-modem cable (wire-protocol.md section 8.5)."""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.serialport import SerialPort
from twisted.python.failure import Failure

from twisted_ha.bus import EventBus
from twisted_ha.config.model import SerialMedium as SerialConfig
from twisted_ha.errors import MediumError
from twisted_ha.media.device import DeviceMedium
from twisted_ha.media.reactor import SocketReactor
from twisted_ha.media.serial_output import OutputQueue
from twisted_ha.media.serial_writer import SerialWriter
from twisted_ha.platform.interface import IPlatform
from twisted_ha.wire.framer import Framer

if TYPE_CHECKING:
    from serial import Serial

__all__ = ["FAREWELL", "SerialLine", "SerialMedium"]

FAREWELL = 5.0
"""Seconds a line may take, when it is closed, to carry what waits."""

_BREAK = 0.25
_SOURCE = "its other end"


class SerialLine(SerialPort):
    """
    An open line as the reactor sees it: it reads by events and is written by L{SerialWriter}.

    Twisted's port would keep what it cannot write, without limit, and a disconnect would wait for it.
    """

    def __init__(self, opened: Serial, protocol: Protocol, reactor: IReactorFDSet) -> None:
        self._serialFactory = cast(Any, lambda *_, **__: opened)
        SerialPort.__init__(self, protocol, opened.port, reactor)

    def fileno(self) -> int:
        """The descriptor, or -1 once it is closed."""
        fd = self._serial.fd
        return -1 if fd is None else fd

    def outstanding(self) -> int:
        """How many bytes the kernel still has to send; 0 where it does not tell."""
        try:
            return int(self._serial.out_waiting)
        except (OSError, TypeError):
            return 0

    def discard(self) -> None:
        """Drop what the kernel still holds to send."""
        with contextlib.suppress(OSError, termios.error):
            self._serial.reset_output_buffer()

    def setBreak(self, on: bool) -> None:
        """Begin or end a break; a pseudo terminal has none."""
        with contextlib.suppress(OSError):
            self._serial.break_condition = on

    def hangUp(self) -> None:
        """Close it now; what could not be sent is dropped, or closing would wait for it."""
        if self.fileno() != -1:
            self.connectionLost(Failure(ConnectionDone()))

    def connectionLost(self, reason: Failure) -> None:
        """The device is gone, or we are done with it."""
        self.discard()
        SerialPort.connectionLost(self, reason)


class _Reading(Protocol):
    """Hands bytes from a line to the medium."""

    def __init__(self, medium: SerialMedium) -> None:
        self._medium: SerialMedium | None = medium

    def dataReceived(self, data: bytes) -> None:
        if self._medium is not None:
            self._medium.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        medium, self._medium = self._medium, None
        if medium is not None:
            medium.hungUp("it was disconnected")

    def forget(self) -> None:
        """What happens to the line from now on is of no interest."""
        self._medium = None


class SerialMedium(DeviceMedium):
    """
    One serial line.

    @ivar tap: called with all bytes that come, for whoever looks for those that are no message.
    """

    datagram = False

    def __init__(
        self,
        config: SerialConfig,
        platform: IPlatform,
        reactor: SocketReactor,
        bus: EventBus,
        patient: bool = False,
    ) -> None:
        super().__init__("serial", config.device, reactor, bus, patient)
        self._config = config
        self._platform = platform
        self._clock = cast(IReactorTime, reactor)
        self._queue = OutputQueue.forLine(config.baud)
        self._writer = SerialWriter(
            self._clock, config.baud, self._queue, self._stalled, self._upkeep.succeeded, self.hungUp
        )
        self._lock = platform.serialLock(config.device)
        self._framer = Framer()
        self._line: SerialLine | None = None
        self._reading: _Reading | None = None
        self._break: IDelayedCall | None = None
        self._openedBefore = False
        self.tap: Callable[[bytes], None] | None = None

    @property
    def losses(self) -> int:
        """How many frames were dropped because the line could not carry them."""
        return self._queue.dropped

    def close(self) -> Deferred[None]:
        """
        Close the line and remove the lock, when what waits has left: the last words of a node are in no
        hurry, and without them its peer waits a deadtime.

        @return: fires when that is done, L{FAREWELL} seconds later at the latest.
        """
        self._sink = None
        self._upkeep.stop()
        leaving = self._writer.finish().addTimeout(FAREWELL, self._clock)
        leaving.addErrback(lambda failure: failure.trap(TimeoutError) and None)
        return leaving.addCallback(self._closeLine)

    def _closeLine(self, result: object) -> None:
        self._release()
        self._lock.release()

    def send(self, frame: bytes) -> None:
        """Queue C{frame}; a line that is away keeps the newest for its return."""
        if self._sink is not None:
            self._queue.push(frame)
            self._writer.kick()

    def dataReceived(self, data: bytes) -> None:
        """Bytes were heard; every whole frame goes on."""
        if self.tap is not None:
            self.tap(data)
        for frame in self._framer.feed(data):
            self._deliver(frame, _SOURCE)

    def hungUp(self, reason: str) -> None:
        """The line is gone; it is opened again as soon as it is there."""
        self._release()
        self._upkeep.lost(reason)

    def _stalled(self) -> None:
        self._upkeep.failed(
            "nothing leaves the line, and what was queued is dropped: is the cable in place, with its"
            " handshake wires, and does the other side read?"
        )

    def _acquire(self) -> str:
        self._release()
        self._lock.acquire()
        try:
            self._openLine()
        except MediumError:
            self._lock.release()
            raise
        return f"{self._config.baud} baud"

    def _openLine(self) -> None:
        opened = self._platform.openSerial(self._config.device, self._config.baud)
        reading = _Reading(self)
        try:
            line = SerialLine(opened, reading, cast(Any, self._reactor))
        except (OSError, termios.error) as e:
            opened.close()
            raise MediumError(f"{self.name} went away while it was opened: {e}") from None
        self._framer = Framer()
        if self._openedBefore:
            self._queue.abandon()
        self._openedBefore = True
        self._line, self._reading = line, reading
        line.setBreak(True)
        self._break = self._clock.callLater(_BREAK, self._endBreak)

    def _endBreak(self) -> None:
        self._break = None
        if self._line is not None:
            self._line.setBreak(False)
            self._writer.attach(self._line)

    def _release(self) -> None:
        self._writer.detach()
        if self._break is not None and self._break.active():
            self._break.cancel()
        self._break = None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.forget()
        line, self._line = self._line, None
        if line is not None:
            line.hangUp()
