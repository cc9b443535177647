"""The local API on its unix socket; the protocol is described in docs/api.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from twisted_ha.api.commands import Commands
from twisted_ha.api.control import INodeControl
from twisted_ha.api.listening import SocketService
from twisted_ha.api.permission import CLIENT, Credentials, Permission
from twisted_ha.api.session import Session
from twisted_ha.bus import EventBus
from twisted_ha.errors import ApiError, PlatformError
from twisted_ha.events import Notice

__all__ = ["ApiFactory", "ApiService", "CredentialsOf"]

CredentialsOf = Callable[[Any], Credentials]
"""Given a transport, who is at its other end; may raise L{PlatformError}."""

_MOST_CLIENTS = 64


class ApiFactory(ServerFactory):
    """
    Makes a L{Session} for each client.

    @ivar permission: who may ask; replaced when the configuration is reread.
    """

    noisy = False

    def __init__(
        self,
        *,
        control: INodeControl,
        bus: EventBus,
        wallClock: Callable[[], float],
        credentials: CredentialsOf,
        permission: Permission,
        metrics: Callable[[], str] | None = None,
    ) -> None:
        """
        @param wallClock: seconds since the epoch.
        @param metrics: makes the OpenMetrics text.
        """
        self._bus = bus
        self._wallClock = wallClock
        self._credentials = credentials
        self.permission = permission
        self._commands = Commands(
            control, metrics=metrics, asked=lambda text: bus.publish(Notice(message=text))
        )
        self._sessions: set[Session] = set()

    def buildProtocol(self, addr: IAddress | None) -> Session:
        """The session of a client that connects."""
        return Session(
            commands=self._commands,
            subscribe=self._bus.subscribe,
            wallClock=self._wallClock,
            admit=self._admit,
            ended=self._sessions.discard,
        )

    def _admit(self, session: Session) -> str:
        who = self._identify(session.transport)
        if len(self._sessions) >= _MOST_CLIENTS:
            raise ApiError("too-many-clients", f"{_MOST_CLIENTS} clients are connected already")
        self._sessions.add(session)
        return who

    def _identify(self, transport: Any) -> str:
        try:
            asking = self._credentials(transport)
        except PlatformError as error:
            # Whoever could open a socket of mode 0600 is root or the daemon's own user.
            if self.permission.mode == 0o600:
                return "an unknown client"
            raise ApiError("not-permitted", f"it cannot be seen who asks: {error}") from None
        if not self.permission.allows(asking):
            raise ApiError(
                "not-permitted",
                f"uid {asking.uid} may not use this; run it as root, or write an apiauth {CLIENT} line"
                " into ha.cf",
            )
        return f"uid {asking.uid}" if asking.pid is None else f"uid {asking.uid}, pid {asking.pid}"

    def dropAll(self) -> None:
        """End every session."""
        for session in tuple(self._sessions):
            session.finish()


class ApiService(SocketService):
    """Listens on the API's socket."""

    name = "api"
    factory: ApiFactory

    def mode(self) -> int:
        """Open to those who are then asked for their credentials."""
        return self.factory.permission.mode

    def stopService(self) -> Deferred[None]:
        """Drop every client and listen no more."""
        self.factory.dropAll()
        return super().stopService()
