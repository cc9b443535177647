"""One connection: bytes in, frames out, and never more memory or time than a client is worth."""

from __future__ import annotations

from collections import deque
from typing import Any
from typing import Protocol as Structure

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.errors import WireError
from twisted_ha.hbapi.clients import LONGEST_QUEUE, Client
from twisted_ha.hbapi.frames import FrameError, FrameReader, frameOf, readBody
from twisted_ha.hbapi.pace import Pace
from twisted_ha.wire.message import Message

__all__ = ["IDesk", "Session"]

_AT_ONCE = 32
"""Messages of one client that are worked on before everybody else has their turn."""

_MOST_GARBAGE = 10
"""Bodies in a row that are no messages, before a client is dropped."""

_GOODBYE = 5.0
"""Seconds a client may take to read what was meant for it before the connection was ended."""


class IDesk(Structure):
    """Who decides what a message means."""

    @property
    def netstrings(self) -> bool:
        """Which encoding to send in."""

    def connected(self, session: Session) -> None:
        """Somebody has connected."""

    def patience(self, session: Session, message: Message) -> float:
        """The seconds after which to ask again whether C{message} may be acted on; 0 for now."""

    def received(self, session: Session, message: Message) -> None:
        """Act on it."""

    def drop(self, session: Session, reason: str) -> None:
        """This client has misbehaved."""

    def lost(self, session: Session) -> None:
        """The connection is gone."""

    def signal(self, client: Client) -> None:
        """A message was sent to a client that wants a signal then."""


@implementer(IPushProducer)
class Session(Protocol):
    """
    One connection.

    As long as the client does not read, nothing is read from it, and what is meant for it waits in a
    bounded queue.

    @ivar client: who it is; L{None} before it has signed on.
    @ivar pace: what it may send to the cluster.
    @ivar postponed: its sign-on has been put off once.
    """

    transport: Any

    def __init__(self, desk: IDesk, clock: IReactorTime) -> None:
        self.client: Client | None = None
        self.pace = Pace(clock, burst=200, perSecond=100.0)
        self.postponed = False
        self._desk = desk
        self._clock = clock
        self._reader = FrameReader()
        self._next: Message | None = None
        self._call: IDelayedCall | None = None
        self._end: IDelayedCall | None = None
        self._garbage = 0
        self._waiting: deque[bytes] = deque()
        self._full = False
        self._reading = True
        self._over = False

    # -- the connection

    def connectionMade(self) -> None:
        """Wait for a sign-on; nothing is said before."""
        self.transport.registerProducer(self, True)
        self._desk.connected(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The client is gone."""
        self._over = True
        for call in (self._call, self._end):
            if call is not None and call.active():
                call.cancel()
        self._call = self._end = None
        self._waiting.clear()
        self._desk.lost(self)

    def finish(self) -> None:
        """Send what is left, and close."""
        if self._over:
            return
        self._over = True
        while self._waiting:
            self.transport.write(self._waiting.popleft())
        self.transport.unregisterProducer()
        self.transport.resumeProducing()  # or the other side's close would not be seen
        self._end = self._clock.callLater(_GOODBYE, self.transport.abortConnection)
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        if not self._over:
            self._over = True
            self._waiting.clear()
            self.transport.abortConnection()

    # -- writing

    def send(self, message: Message) -> None:
        """Send one message; one that cannot be written is left out."""
        try:
            self.write(frameOf(message, self._desk.netstrings))
        except WireError:
            return

    def write(self, frame: bytes) -> None:
        """Send a frame, or queue it; a client whose queue is full is dropped."""
        if self._over:
            return
        if not self._full:
            self.transport.write(frame)
        elif len(self._waiting) < (self.client.longestQueue if self.client else LONGEST_QUEUE):
            self._waiting.append(frame)
        else:
            self._desk.drop(self, "sendfail")
            return
        if self.client is not None and self.client.signal:
            self._desk.signal(self.client)

    def pauseProducing(self) -> None:
        """The client does not read fast enough."""
        self._full = True
        self._listen()

    def resumeProducing(self) -> None:
        """It has caught up."""
        self._full = False
        while self._waiting and not self._full and not self._over:
            self.transport.write(self._waiting.popleft())
        self._work()

    def stopProducing(self) -> None:
        """The connection is gone; L{connectionLost} does the rest."""

    # -- reading

    def dataReceived(self, data: bytes) -> None:
        """Take bytes, in whatever portions they come."""
        if not self._over:
            self._reader.feed(data)
            self._work()

    def postpone(self, message: Message, seconds: float) -> None:
        """Look at C{message} again in so many seconds, and at nothing else before."""
        self._next = message
        self._later(seconds)

    def _work(self) -> None:
        left = _AT_ONCE
        while self._call is None and not self._full and not self._over:
            if left == 0:
                self._later(0.0)
                break
            left -= 1
            message = self._take()
            if message is None:
                break
            seconds = self._desk.patience(self, message)
            if seconds > 0:
                self.postpone(message, seconds)
            else:
                self._desk.received(self, message)
        self._listen()

    def _take(self) -> Message | None:
        """The next message; L{None} if there is none yet."""
        waiting, self._next = self._next, None
        if waiting is not None:
            return waiting
        while not self._over:
            try:
                body = self._reader.next()
                if body is None:
                    return None
                message = readBody(body)
            except FrameError as error:
                self._desk.drop(self, str(error))
            except WireError:
                self._garbage += 1
                if self._garbage >= _MOST_GARBAGE:
                    self._desk.drop(self, "noinput")
            else:
                self._garbage = 0
                return message
        return None

    def _later(self, seconds: float) -> None:
        self._call = self._clock.callLater(seconds, self._again)
        self._listen()

    def _again(self) -> None:
        self._call = None
        self._work()

    def _listen(self) -> None:
        """Read while there is somebody to read for, and not faster than it is worked on."""
        wanted = self._call is None and not self._full
        if wanted is self._reading or self._over:
            return
        self._reading = wanted
        if wanted:
            self.transport.resumeProducing()
        else:
            self.transport.pauseProducing()
