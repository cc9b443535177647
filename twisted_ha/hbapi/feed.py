"""
What clients are told of: messages of the cluster, and what happened to nodes and links.

@see: client-api.md section 9.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.cluster.header import Header
from twisted_ha.events import (
    Event,
    LinkDown,
    LinkUp,
    NodeDied,
    NodeRestarted,
    NodeStatusChanged,
    RetransmissionRefused,
)
from twisted_ha.hbapi.kinds import CLIENT_QUERY, CLIENT_STATUS, Kind, isProtocol
from twisted_ha.hbapi.node import IClusterNode
from twisted_ha.wire.message import Message

__all__ = ["Feed"]

_MOST_HELD = 256
"""Announcements of one node that wait for earlier messages of it."""

_DYING = 1.0
"""Seconds in which the death of a node follows that of its last link."""

_STATUS = ("status", "NS_st")


class Feed:
    """
    Tells every message with its class, in the order in which clients are to see it.

    L{heard} is a watcher of the cluster core, L{happened} an observer of the bus.
    """

    def __init__(
        self,
        node: IClusterNode,
        *,
        clock: IReactorTime,
        wallClock: Callable[[], float],
        tell: Callable[[Kind, Message], None],
        asked: Callable[[Message], None],
    ) -> None:
        """
        @param wallClock: the Unix time, for C{ts}.
        @param tell: given what clients are told.
        @param asked: given every C{query-cstatus} of this node's own clients that is for this node.
        """
        self._node = node
        self._clock = clock
        self._wallClock = wallClock
        self._tell = tell
        self._asked = asked
        self._news: dict[str, str] = {}
        self._held: dict[str, list[tuple[int, Message]]] = {}
        self._lastLinks: dict[str, tuple[Message, IDelayedCall]] = {}

    def stop(self) -> None:
        """Nobody is to be told anything any more, for now at least: wait for nothing, keep nothing."""
        for _, call in self._lastLinks.values():
            call.cancel()
        self._lastLinks.clear()
        self._news.clear()
        self._held.clear()

    def heard(self, header: Header, message: Message, local: bool) -> None:
        """A message of the cluster, or one of our own."""
        if local and header.dest not in (None, self._node.name):
            return
        if header.type == CLIENT_QUERY:
            if local:  # others' are answered whether or not there is anybody to be told
                self._asked(message)
        elif header.type == CLIENT_STATUS and not local:
            self._hold(header.src, header.sequence or 0, message)
        else:
            self._tell(self._kindOf(header, message, local), message)
        if not local and self._held:
            self._release(header.src)

    def _kindOf(self, header: Header, message: Message, local: bool) -> Kind:
        if header.type in _STATUS:
            word = (message.get("st") or "").lower()
            if local or self._news.get(header.src) != word:
                return Kind.STATUS
            del self._news[header.src]
            return Kind.NORMAL
        return Kind.PROTOCOL if isProtocol(header.type) else Kind.NORMAL

    def happened(self, event: Event, when: float) -> None:
        """Something that clients are told of although it is no message, or that explains one."""
        match event:
            case NodeStatusChanged():
                # The message itself is told a moment later, and only then known to be news.
                self._news[event.node] = event.status.lower()
            case NodeDied():
                self._news.pop(event.node, None)
                self._tell(Kind.NORMAL, self._death(event))
                self._tellLastLink(event.node)
                self._release(event.node)
            case NodeRestarted() | RetransmissionRefused():
                self._release(event.node)
            case LinkUp():
                self._tellLastLink(event.node)
                self._tell(Kind.NORMAL, _link(event.node, event.link, "up"))
            case LinkDown():
                told = _link(event.node, event.link, "dead")
                if event.left == 0 and self._mayDie(event.node):
                    self._tellLastLink(event.node)
                    call = self._clock.callLater(_DYING, self._tellLastLink, event.node)
                    self._lastLinks[event.node] = told, call
                else:
                    self._tell(Kind.NORMAL, told)
            case _:
                pass

    def _death(self, event: NodeDied) -> Message:
        return Message.of(
            "status",
            seq="1",
            ts=f"{int(self._wallClock()):x}",
            src=event.node,
            st="dead",
            info="ping" if event.ping else None,
        )

    # ipfail counts the living when a link dies, and asks nothing when a node does.  So a node's death is
    # told before that of its last link, which is noticed at the same time.

    def _mayDie(self, name: str) -> bool:
        view = self._node.find(name)
        return view is not None and not view.local and view.status != "dead"

    def _tellLastLink(self, name: str) -> None:
        told, call = self._lastLinks.pop(name, (None, None))
        if told is not None and call is not None:
            if call.active():
                call.cancel()
            self._tell(Kind.NORMAL, told)

    # Somebody who joins, sends and leaves must not seem to leave first.

    def _hold(self, source: str, sequence: int, message: Message) -> None:
        held = self._held.setdefault(source, [])
        held.append((sequence, message))
        held.sort(key=lambda one: one[0])
        if len(held) > _MOST_HELD:
            self._tell(Kind.NORMAL, held.pop(0)[1])

    def _release(self, source: str) -> None:
        held = self._held.get(source)
        while held and not self._node.missingBefore(source, held[0][0]):
            self._tell(Kind.NORMAL, held.pop(0)[1])
        if not held:
            self._held.pop(source, None)


def _link(node: str, name: str, status: str) -> Message:
    return Message.of("ifstat", node=node, ifname=name, st=status)
