"""One client of the local API: lines in, lines out, and never more memory than a client is worth."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.api.commands import Commands, Request, readRequest
from twisted_ha.api.plain import eventAsJson
from twisted_ha.errors import ApiError
from twisted_ha.events import Event

__all__ = ["LONGEST_REQUEST", "MOST_UNDERWAY", "MOST_WAITING", "Session"]

LONGEST_REQUEST = 64 * 1024
"""Bytes of one request line."""

MOST_UNDERWAY = 16
"""Requests of one client that are not yet answered."""

MOST_WAITING = 2000
"""Events that wait for a client that does not read."""

Subscribe = Callable[[Callable[[Event, float], None]], Callable[[], None]]


@implementer(IPushProducer, IHalfCloseableProtocol)
class Session(Protocol):
    """
    One connection.

    While the client does not read what it asked for, nothing is read from it and events wait in a
    bounded queue.  When that is full the client is dropped: the daemon is not slower for it.
    """

    _log = Logger()
    transport: Any

    def __init__(
        self,
        *,
        commands: Commands,
        subscribe: Subscribe,
        wallClock: Callable[[], float],
        admit: Callable[[Session], str],
        ended: Callable[[Session], object],
    ) -> None:
        """
        @param admit: says who has connected, for people; raises L{ApiError} if this client may ask
            nothing.
        @param ended: told when the connection is gone.
        """
        self._commands = commands
        self._subscribe = subscribe
        self._wallClock = wallClock
        self._admit = admit
        self._ended = ended
        self._who = ""
        self._received = bytearray()
        self._underway = 0
        self._full = False
        self._over = False
        self._halfClosed = False
        self._level: Any = None
        self._unsubscribe: Callable[[], None] | None = None
        self._waiting: deque[dict[str, Any]] = deque()

    # -- the connection

    def connectionMade(self) -> None:
        """Say no at once, or listen."""
        self.transport.registerProducer(self, True)
        try:
            self._who = self._admit(self)
        except ApiError as refusal:
            self._error(None, refusal)
            self._finish()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The client is gone.  What it has asked for goes on; nobody hears the answer."""
        self._over = True
        self._waiting.clear()
        self._received.clear()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._ended(self)

    def readConnectionLost(self) -> None:
        """The client will ask nothing more, and may still wait for answers."""
        self._halfClosed = True
        self._maybeFinish()

    def writeConnectionLost(self) -> None:
        """The client does not read any more."""
        self._finish()

    def finish(self) -> None:
        """The daemon stops."""
        self._finish()

    def pauseProducing(self) -> None:
        """The client does not read fast enough."""
        self._full = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """It has caught up."""
        self._full = False
        if self._over:
            return
        self.transport.resumeProducing()
        while self._waiting and not self._full:
            self._write(self._waiting.popleft())
        self._work()

    def stopProducing(self) -> None:
        """The connection is gone; L{connectionLost} does the rest."""

    # -- requests

    def dataReceived(self, data: bytes) -> None:
        """Take requests, one a line."""
        if self._over:
            return
        self._received += data
        self._work()

    def _work(self) -> None:
        while not self._full and not self._over:
            end = self._received.find(b"\n")
            length = len(self._received) if end < 0 else end
            if length > LONGEST_REQUEST:
                text = f"a request is one line of at most {LONGEST_REQUEST} bytes"
                self._error(None, ApiError("line-too-long", text))
                self._finish()
                return
            if end < 0:
                return
            line = bytes(self._received[:end])
            del self._received[: end + 1]
            if line.strip():
                self._request(line)

    def _request(self, line: bytes) -> None:
        try:
            request = readRequest(line)
        except ApiError as error:
            self._error(None, error)
            return
        try:
            if request.command == "subscribe":
                self._begin(request)
                return
            if self._underway >= MOST_UNDERWAY:
                text = f"{MOST_UNDERWAY} requests of this connection are not answered yet"
                raise ApiError("too-many-requests", text)
            done = self._commands.perform(request, self._who)
        except ApiError as error:
            self._error(request.id, error)
            return
        self._underway += 1
        self._answerWith(request, done)

    def _answerWith(self, request: Request, done: Deferred[Any]) -> None:
        def answered(result: Any) -> None:
            self._underway -= 1
            if isinstance(result, Failure):
                self._failed(request, result)
            else:
                self._answer({"id": request.id, "ok": True, "result": result})
            self._maybeFinish()

        done.addBoth(answered)

    def _failed(self, request: Request, failure: Failure) -> None:
        if isinstance(failure.value, ApiError):
            self._error(request.id, failure.value)
            return
        self._log.failure("{command} failed; this is a bug", failure, command=request.command)
        text = f"{request.command} met a bug in the daemon, which is in its log"
        self._error(request.id, ApiError("internal-error", text))

    # -- events

    def _begin(self, request: Request) -> None:
        parameters = dict(request.parameters)
        word = parameters.pop("level", "info")
        if parameters:
            names = ", ".join(sorted(name[:40] for name in parameters))
            raise ApiError("bad-parameter", f"subscribe has no parameter {names}")
        levels = {level.name: level for level in LogLevel.iterconstants()}
        if not isinstance(word, str) or word not in levels:
            raise ApiError("bad-parameter", f"'level' is one of {', '.join(levels)}")
        self._level = levels[word]
        if self._unsubscribe is None:
            self._unsubscribe = self._subscribe(self._eventHappened)
        self._answer({"id": request.id, "ok": True, "result": {"subscribed": word}})

    def _eventHappened(self, event: Event, when: float) -> None:
        if event.level < self._level or self._over:
            return
        told = eventAsJson(self._wallClock(), event)
        if not self._full:
            self._write(told)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting.append(told)
        else:
            self._over = True
            self._log.debug("{who} does not read its events and is dropped", who=self._who)
            self.transport.abortConnection()

    # -- answers

    def _error(self, identity: Any, error: ApiError) -> None:
        self._answer({"id": identity, "ok": False, "error": {"name": error.name, "text": str(error)}})

    def _answer(self, answer: dict[str, Any]) -> None:
        if not self._over:
            self._write(answer)

    def _write(self, value: dict[str, Any]) -> None:
        self.transport.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")

    def _maybeFinish(self) -> None:
        if self._halfClosed and not self._underway and self._unsubscribe is None and not self._full:
            self._finish()

    def _finish(self) -> None:
        if not self._over:
            self._over = True
            self.transport.unregisterProducer()
            self.transport.loseConnection()
