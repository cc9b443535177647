"""A unix socket that is listened on, whatever was left in its place."""

from __future__ import annotations

import errno
import os
import socket
import stat

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTime, IReactorUNIX
from twisted.internet.protocol import ServerFactory

from twisted_ha.bus import EventBus
from twisted_ha.errors import StateError
from twisted_ha.events import Warned

__all__ = ["SocketService", "prepareSocket"]

_LONGEST_PATH = 103
_AGAIN = 10.0


def prepareSocket(path: str, mode: int) -> None:
    """
    Make room for a socket: its directory exists, and no dead one is in the way.

    @param mode: of the socket; the directory is passable for the same people.
    @raise StateError: there is something else, or another daemon answers there.
    """
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise StateError(f"{path}: a socket's path has at most {_LONGEST_PATH} bytes; use a shorter one")
    directory = os.path.dirname(path) or "."
    try:
        if not os.path.isdir(directory):
            os.makedirs(directory)
            os.chmod(directory, 0o755 if mode & 0o006 else 0o750)
        there = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error
    if not stat.S_ISSOCK(there.st_mode):
        raise StateError(f"{path} is there and is not a socket; remove it or name another path")
    if _answers(path):
        raise StateError(f"another daemon answers on {path}; stop it or name another path")
    os.unlink(path)


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        result = probe.connect_ex(path)
    return result not in (errno.ECONNREFUSED, errno.ENOENT)


class SocketService(Service):
    """
    Listens on one unix socket.

    That it cannot listen is told once and tried again: a cluster does not stop for want of its
    operator's window.

    @ivar path: the socket's.
    @ivar factory: makes what is behind it.
    """

    def __init__(
        self,
        path: str,
        factory: ServerFactory,
        *,
        reactor: IReactorUNIX,
        clock: IReactorTime,
        bus: EventBus,
    ) -> None:
        self.path = path
        self.factory = factory
        self._reactor = reactor
        self._clock = clock
        self._bus = bus
        self._port: IListeningPort | None = None
        self._retry: IDelayedCall | None = None
        self._complained = ""

    def mode(self) -> int:
        """The socket's file mode."""
        return 0o600

    def startService(self) -> None:
        """Listen."""
        Service.startService(self)
        self._open()

    def stopService(self) -> Deferred[None]:
        """
        Listen no more.

        @return: fires when the socket is gone.
        """
        Service.stopService(self)
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        self._retry = None
        port, self._port = self._port, None
        if port is None:
            return succeed(None)
        return maybeDeferred(port.stopListening).addCallback(lambda result: None)

    def _open(self) -> None:
        mode = self.mode()
        try:
            prepareSocket(self.path, mode)
            # Between its creation and its chmod nobody else may connect.
            before = os.umask(0o177)
            try:
                self._port = self._reactor.listenUNIX(self.path, self.factory, mode=mode)
            finally:
                os.umask(before)
        except (StateError, CannotListenError) as error:
            self._failed(str(error))
        else:
            self._complained = ""

    def _failed(self, reason: str) -> None:
        if reason != self._complained:
            self._complained = reason
            self._bus.publish(Warned(message=f"the {self.name} socket is not available: {reason}"))
        self._retry = self._clock.callLater(_AGAIN, self._open)
