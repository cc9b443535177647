"""
Where clients sign on, ask, send, and are told things.

@see: client-api.md sections 5 to 9.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import ServerFactory

from twisted_ha.bus import EventBus
from twisted_ha.cluster.limit import RateLimit
from twisted_ha.errors import PlatformError, WireError
from twisted_ha.events import ClientEvent, Warned
from twisted_ha.hbapi.clients import Client
from twisted_ha.hbapi.feed import Feed
from twisted_ha.hbapi.frames import frameOf
from twisted_ha.hbapi.kinds import CLIENT_STATUS, Kind
from twisted_ha.hbapi.node import IClusterNode
from twisted_ha.hbapi.pace import Pace
from twisted_ha.hbapi.requests import Requests
from twisted_ha.hbapi.rules import Rules
from twisted_ha.hbapi.session import Session
from twisted_ha.hbapi.signon import DUPLICATE, Accepted, Peer, Refused, judge
from twisted_ha.wire.message import Message

__all__ = ["Desk"]

REQUEST = "hbapi-req"

_MOST_STRANGERS = 64
"""Connections that have not signed on; the oldest gives way."""

_MOST_CLIENTS = 256

_STRANGER_TIME = 60.0
"""Seconds in which to sign on."""

_SECOND_LOOK = 0.05
"""Seconds after which a name that is taken is looked at again: its owner may just have gone."""

_COMPLAINT_PAUSE = 60.0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


class Desk(ServerFactory):
    """
    Everybody who is connected.

    @ivar feed: what is to be told; its ends belong on the cluster core and on the bus while somebody is
        signed on.
    @ivar attended: called with C{True} before the first client is told anything, and with C{False}
        when the last one has left.
    """

    noisy = False

    def __init__(
        self,
        node: IClusterNode,
        *,
        clock: IReactorTime,
        wallClock: Callable[[], float],
        bus: EventBus,
        credentials: Callable[[Any], Peer],
        alive: Callable[[int], bool] = _alive,
        kill: Callable[[int, int], None] = os.kill,
    ) -> None:
        """
        @param credentials: who is at the other end of a transport; may raise L{PlatformError}.
        """
        self._node = node
        self._clock = clock
        self._bus = bus
        self._credentials = credentials
        self._alive = alive
        self._kill = kill
        self._strangers: dict[Session, IDelayedCall] = {}
        self._signedOn: dict[str, Session] = {}
        self._generation = 0
        self._arrivals = Pace(clock, burst=50, perSecond=10.0)
        self._complaints = RateLimit(clock, _COMPLAINT_PAUSE)
        self._closing = False
        self.attended: Callable[[bool], None] = lambda somebody: None
        self._requests = Requests(node, self._signedOn)
        self.feed = Feed(
            node, clock=clock, wallClock=wallClock, tell=self._tell, asked=self._requests.query
        )

    @property
    def netstrings(self) -> bool:
        """What is sent: heartbeat's own encoding follows C{msgfmt}."""
        return self._node.config.netstrings

    @property
    def clients(self) -> tuple[str, ...]:
        """The ids of those who are signed on."""
        return tuple(self._signedOn)

    def asked(self, message: Message) -> None:
        """Another node asks whether a client is signed on here."""
        self._requests.query(message)

    def buildProtocol(self, addr: IAddress | None) -> Session:
        """The session of somebody who connects."""
        return Session(self, self._clock)

    def closeAll(self) -> None:
        """The daemon stops: clients see the end of the connection and nothing else."""
        self._closing = True
        self.feed.stop()
        for session in (*self._strangers, *self._signedOn.values()):
            session.finish()

    # ---- connections ---------------------------------------------------------------------------

    def connected(self, session: Session) -> None:
        """Somebody has connected, and has a while to sign on."""
        if self._closing:
            session.abort()
            return
        if len(self._strangers) >= _MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            self._known(oldest)
            oldest.abort()
        self._strangers[session] = self._clock.callLater(_STRANGER_TIME, session.abort)

    def lost(self, session: Session) -> None:
        """A connection is gone."""
        self._known(session)
        if session.client is not None:
            self._depart(session, "EOF")

    def drop(self, session: Session, reason: str) -> None:
        """A client misbehaves."""
        if session.client is not None:
            self._complain(f"local client {session.client.identity} is dropped: {reason}")
            self._depart(session, reason)
        session.abort()

    def _known(self, session: Session) -> None:
        call = self._strangers.pop(session, None)
        if call is not None and call.active():
            call.cancel()

    def _complain(self, words: str) -> None:
        if self._complaints.allow(words.partition(":")[2]) is not None:
            self._bus.publish(Warned(message=words))

    # ---- what they send ------------------------------------------------------------------------

    def patience(self, session: Session, message: Message) -> float:
        """What reaches the cluster goes no faster than a client's pace, and names come and go slowly."""
        kind, request = message.type, message.get("reqtype")
        if session.client is None:
            named = message.get("from_id") not in (None, "", message.get("pid"))
            return self._arrivals.wait() if named and not session.postponed else 0.0
        if (kind and kind != REQUEST) or request == "clientstatus":
            return session.pace.wait()
        return 0.0

    def received(self, session: Session, message: Message) -> None:
        """Act on one message."""
        kind = message.type
        if session.client is None:
            if kind == REQUEST and message.get("reqtype") == "signon":
                self._signOn(session, message)
        elif kind == REQUEST:
            self._request(session, session.client, message)
        elif kind:
            self._general(session, session.client, message)

    def _request(self, session: Session, client: Client, message: Message) -> None:
        identified = message.get("pid") is not None or message.get("from_id") is not None
        kind = message.get("reqtype")
        if not kind or not identified:
            return
        self._show(message, session)
        if kind == "signoff":
            self._depart(session, "signoff", farewell=True)
            session.finish()
            return
        for answer in self._requests.answer(client, message):
            session.send(answer)

    def _general(self, session: Session, client: Client, message: Message) -> None:
        if not client.named:
            self.drop(session, "badclient")
            return
        self._show(message, session)
        message = self._addressed(message).replacing("from_id", client.identity)
        message = message.replacing("to_id", client.identity)
        message = message.replacing("client_gen", str(client.generation))
        self._node.inject(message, f"local client {client.identity}")

    def _addressed(self, message: Message) -> Message:
        uuid = message.getBinary("destuuid")
        if uuid is None:
            return message
        message = message.without("destuuid")
        if message.get("dest") is None:
            for view in self._node.nodes():
                if uuid and view.uuid == uuid.hex():
                    return message.replacing("dest", view.name)
        return message

    def _show(self, message: Message, sender: Session) -> None:
        """Those who want to see everything see what others ask."""
        self._deliver(Kind.REQUEST, message, [one for one in self._everybody() if one is not sender])

    # ---- signing on and leaving ----------------------------------------------------------------

    def _signOn(self, session: Session, request: Message) -> None:
        try:
            peer: Peer | None = self._credentials(session.transport)
        except PlatformError:
            peer = None
        rules = Rules(self._node.config.apiauth)
        found = judge(request, peer, rules, self._signedOn, self._alive)
        if isinstance(found, Refused) and found.reason == DUPLICATE and not session.postponed:
            session.postponed = True
            session.postpone(request, _SECOND_LOOK)
            return
        session.postponed = False
        generation, self._generation = self._generation, self._generation + 1
        if isinstance(found, Accepted) and len(self._signedOn) >= _MOST_CLIENTS:
            found = Refused(reason="too many clients")
        self._known(session)
        if isinstance(found, Refused):
            self._refuse(session, request, found, generation)
            return
        assert peer is not None
        client = Client(
            identity=found.identity,
            named=found.named,
            pid=found.pid,
            uid=peer.uid,
            generation=generation,
            vouched=peer.pid is not None,
        )
        session.client = client
        if not self._signedOn:
            self.attended(True)
        self._signedOn[client.identity] = session
        self._note(client, "signed on")
        if client.named:
            self._announce(self._change("join", client.identity, "signon", generation))
        session.send(self._requests.signedOn(request))

    def _refuse(self, session: Session, request: Message, refused: Refused, generation: int) -> None:
        name = (request.get("from_id") or "without a name")[:40]
        self._complain(f"local client {name!r} may not sign on: {refused.reason}")
        session.send(self._requests.signedOn(request, refused.reason))
        if refused.farewell is not None:
            identity, reason = refused.farewell
            session.send(self._change("leave", identity, reason, generation))
        session.finish()

    def _depart(self, session: Session, reason: str, farewell: bool = False) -> None:
        client, session.client = session.client, None
        assert client is not None
        if self._signedOn.get(client.identity) is session:
            del self._signedOn[client.identity]
        self._note(client, f"left: {reason}")
        if client.named and not self._closing:
            change = self._change("leave", client.identity, reason, client.generation)
            if farewell:
                session.send(change)
            self._announce(change)
        if not self._signedOn:
            self.attended(False)

    def _change(self, status: str, identity: str, reason: str, generation: int) -> Message:
        return Message.of(
            CLIENT_STATUS,
            st=status,
            from_id=identity,
            to_id=identity,
            src=self._node.name,
            info=reason,
            client_gen=str(generation),
        )

    def _announce(self, change: Message) -> None:
        try:
            self._node.send(change)
        except WireError:  # a name that only the other encoding can carry
            return

    def _note(self, client: Client, what: str) -> None:
        self._bus.publish(
            ClientEvent(client=client.identity, what=f"{what} (pid {client.pid}, uid {client.uid})")
        )

    # ---- what they are told --------------------------------------------------------------------

    def _everybody(self) -> list[Session]:
        return list(self._signedOn.values())

    def _tell(self, kind: Kind, message: Message) -> None:
        target = message.get("to_id")
        if target is None:
            self._deliver(kind, message, self._everybody())
        elif target in self._signedOn:
            self._deliver(kind, message, [self._signedOn[target]])

    def _deliver(self, kind: Kind, message: Message, sessions: list[Session]) -> None:
        frame: bytes | None = None
        for session in sessions:
            if session.client is None or not session.client.filter & kind:
                continue
            if frame is None:
                try:
                    frame = frameOf(message, self.netstrings)
                except WireError:
                    return
            session.write(frame)

    def signal(self, client: Client) -> None:
        """
        Tell a client by signal that there is something to read.

        Only where the kernel vouches for the number: anybody could name another process.
        """
        if client.vouched:
            try:
                self._kill(client.pid, client.signal)
            except (ProcessLookupError, PermissionError):
                client.signal = 0
