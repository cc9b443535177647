"""
A live prompt inside the daemon, on a unix socket of mode 0600, closed unless asked for.

It speaks plain lines, so C{socat - UNIX-CONNECT:path} and C{nc -U path} are all it takes, and a telnet
client works too.  C{socat READLINE UNIX-CONNECT:path} adds history and editing.

What is typed runs in the daemon's own thread: nothing else happens meanwhile, heartbeats included.
So a statement that runs or prints too long is ended, as by control-C.  One long call into C code (a
sum over a huge range) cannot be.
"""

from __future__ import annotations

import code
import contextlib
import io
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import CodeType, FrameType
from typing import Any, NoReturn

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IReactorTime, IReactorUNIX
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.api.listening import SocketService
from twisted_ha.bus import EventBus

__all__ = [
    "MOST_OUTPUT",
    "PATIENCE",
    "ManholeFactory",
    "ManholeProtocol",
    "ManholeService",
    "limitedTime",
]

PATIENCE = 0.1
"""Seconds one statement may take: far less than any deadtime, so that nobody takes us for dead."""

MOST_OUTPUT = 200_000
"""Characters one statement may print."""

_LONGEST_LINE = 16_384
_MOST_LINES = 200
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[\xf0-\xfa])", re.DOTALL)
_TYPED = "<manhole>"

Limit = Callable[[], AbstractContextManager[None]]


class StatementEnded(KeyboardInterrupt):
    """A statement ran or printed too long.  No C{except Exception} in it can keep it running."""


@contextlib.contextmanager
def limitedTime(seconds: float) -> Iterator[None]:
    """
    End what runs inside with L{StatementEnded} after C{seconds}; again and again, should it catch that.

    Outside the main thread, where Python takes no signals, there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    running = True

    def expired(number: int, frame: FrameType | None) -> None:
        # Only what was typed is ended: an alarm that comes late finds the daemon's own code running.
        if running and _isTyped(frame):
            raise StatementEnded(f"ended after {seconds:g} s, in which this node did nothing else")

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _isTyped(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _TYPED:
            return True
        frame = frame.f_back
    return False


class _BoundedText(io.StringIO):
    """Collects what a statement prints, up to a point."""

    def __init__(self) -> None:
        super().__init__()
        self._room = MOST_OUTPUT

    def write(self, text: str) -> int:
        """Keep it, or end the statement."""
        if self._room <= 0:
            raise StatementEnded("ended: it printed too much")
        kept = text[: self._room]
        self._room -= len(kept)
        super().write(kept)
        return len(text)


class _Interpreter(code.InteractiveInterpreter):
    """
    Runs statements, and survives them.

    @ivar leaving: C{exit()} was typed.
    """

    def __init__(self, namespace: dict[str, Any], limit: Limit, later: Callable[[str], None]) -> None:
        """
        @param later: shows what a Deferred came to, some time after its statement.
        """
        super().__init__(namespace)
        self._limit = limit
        self._later = later
        self._output: io.StringIO = _BoundedText()
        self.leaving = False

    def enter(self, source: str) -> tuple[bool, str]:
        """
        Run C{source} if it is complete.

        @return: whether more lines are needed, and what it printed.
        """
        self._output = _BoundedText()
        more = False
        try:
            more = self.runsource(source, _TYPED)
        except BaseException as error:
            # Even GeneratorExit, and even the compiler's MemoryError for an expression that nests too
            # deeply: nothing typed may reach the reactor.
            self._explain(error)
        return more, self._output.getvalue()

    def runcode(self, compiled: CodeType) -> None:
        """Run it.  L{enter} catches what it raises."""
        hook, sys.displayhook = sys.displayhook, self._display
        try:
            with (
                contextlib.redirect_stdout(self._output),
                contextlib.redirect_stderr(self._output),
                self._limit(),
            ):
                exec(compiled, self.locals)
        except SystemExit:
            self.leaving = True
        except StatementEnded as ended:
            self.write(f"\n{ended}\n")
        finally:
            sys.displayhook = hook

    def write(self, data: str) -> None:
        """Show C{data}.  Not through the bounded C{write}: why a statement was ended must be said."""
        io.StringIO.write(self._output, data[-MOST_OUTPUT:])

    def _explain(self, error: BaseException) -> None:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != _TYPED:
            frames = frames.tb_next  # our own
        self.write("".join(traceback.format_exception(type(error), error, frames)))

    def _display(self, value: object) -> None:
        if value is None:
            return
        self.locals["_"] = value
        print(repr(value))
        if isinstance(value, Deferred) and not value.called:
            value.addBoth(self._fired)

    def _fired(self, result: object) -> object:
        with contextlib.suppress(Exception):
            self._later(f"Deferred: {result!r}")
        return result


class _Exit:
    """What C{exit()} is here: Python's own would close the daemon's standard input."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"Type {self._name}() or control-D to leave; the daemon goes on."

    def __call__(self) -> NoReturn:
        raise SystemExit


@implementer(IHalfCloseableProtocol)
class ManholeProtocol(Protocol):
    """One person at the prompt."""

    transport: Any

    def __init__(self, namespace: Mapping[str, Any], banner: str, limit: Limit | None = None) -> None:
        """
        @param namespace: what the prompt sees; a copy, so that C{node = 1} harms only who typed it.
        @param limit: makes a context manager that ends what takes too long.
        """
        seen = {"exit": _Exit("exit"), "quit": _Exit("quit"), "__name__": "manhole", **namespace}
        self._interpreter = _Interpreter(seen, limit or (lambda: limitedTime(PATIENCE)), self._later)
        self._banner = banner
        self._received = b""
        self._source: list[str] = []
        self._gone = False

    def connectionMade(self) -> None:
        """Say what there is."""
        self._write(f"{self._banner}\n>>> ")

    def dataReceived(self, data: bytes) -> None:
        """Take lines; both C{\\n} and C{\\r\\n} end them."""
        self._received = _TELNET.sub(b"", self._received + data)
        while not self._gone:
            line, newline, rest = self._received.partition(b"\n")
            if not newline:
                break
            self._received = rest
            self._line(line.rstrip(b"\r").decode(errors="replace"))
        if self._received == b"\x04":  # control-D at a raw terminal
            self._leave()
        elif len(self._received) > _LONGEST_LINE:
            self._received = b""
            self._write("\nThat line is too long.\n>>> ")

    def readConnectionLost(self) -> None:
        """Control-D at the other end: nothing more will be typed."""
        self._leave()

    def writeConnectionLost(self) -> None:
        """Nobody reads any more."""
        self._leave()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Gone; nothing is kept."""
        self._gone = True
        self._received = b""
        self._source.clear()

    def _line(self, line: str) -> None:
        if line.endswith("\x03"):  # control-C at a raw terminal
            self._source.clear()
            self._write(">>> ")
            return
        if line == "\x04":
            self._leave()
            return
        self._source.append(line)
        if len(self._source) > _MOST_LINES:
            self._source.clear()
            self._write("That statement has too many lines.\n>>> ")
            return
        more, output = self._interpreter.enter("\n".join(self._source))
        if not more:
            self._source.clear()
        self._write(output)
        if self._interpreter.leaving:
            self._leave()
        else:
            self._write("... " if more else ">>> ")

    def _later(self, text: str) -> None:
        if not self._gone:
            self._write(f"\n{text}\n>>> ")

    def _leave(self) -> None:
        if not self._gone:
            self._write("Leaving the prompt; the daemon goes on.\n")
            self._gone = True
            self.transport.loseConnection()

    def _write(self, text: str) -> None:
        self.transport.write(text.encode(errors="backslashreplace"))


class ManholeFactory(ServerFactory):
    """Makes a prompt for each connection."""

    noisy = False

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        names = ", ".join(f"{name}()" if callable(value) else name for name, value in namespace.items())
        self._banner = (
            "The live daemon: what you type runs in it, and it does nothing else meanwhile.\n"
            f"There are {names}; exit() leaves."
        )

    def buildProtocol(self, addr: IAddress | None) -> ManholeProtocol:
        """A prompt with names of its own."""
        return ManholeProtocol(self._namespace, self._banner)


class ManholeService(SocketService):
    """Listens for people; root and the daemon's own user only."""

    name = "manhole"

    def __init__(
        self,
        path: str,
        namespace: Mapping[str, Any],
        *,
        reactor: IReactorUNIX,
        clock: IReactorTime,
        bus: EventBus,
    ) -> None:
        """
        @param path: the socket's.
        @param namespace: what the prompt sees: C{node}, C{status}, C{recent}, C{explain}.
        """
        super().__init__(path, ManholeFactory(namespace), reactor=reactor, clock=clock, bus=bus)
