"""
How long a message takes to another node and back, link by link.  It decides nothing: it is for people.

A ping node answers anyway.  Heartbeat's messages are not answered link by link, so nodes of our own kind
ask each other: a small message by one link, answered by the same.  It has no number and names the one
node it is for; the original is never asked, and drops what is for somebody else unseen.

@see: wire-protocol.md section 5.3; docs/adr/round-trips.md.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from twisted_ha.cluster.deadline import TOLERANCE
from twisted_ha.cluster.limit import RateLimit
from twisted_ha.cluster.links import Link
from twisted_ha.cluster.nodes import Node, NodeTable
from twisted_ha.interfaces import IMedium
from twisted_ha.wire.message import Message

__all__ = ["ANSWER", "INTERVAL", "QUESTION", "RoundTrips"]

QUESTION = "NS_echo"
ANSWER = "NS_echoreply"

INTERVAL = 60.0
"""Seconds between two questions by one link to one node."""

_LEAST = 1.0
"""Seconds between two answers by one link to one node: what is played again is not worth an answer."""


class RoundTrips:
    """Asks, answers, and hands the times to the links."""

    def __init__(
        self, clock: IReactorTime, nodes: NodeTable, sendBy: Callable[[str, Message], None]
    ) -> None:
        """@param sendBy: sends to everybody, by the link of that name only."""
        self._clock = clock
        self._nodes = nodes
        self._sendBy = sendBy
        self._limit = RateLimit(clock, _LEAST)
        self._asked = 0
        self._next = 0.0
        self._pings = [link for node in nodes.others if node.ping for link in node.links.values()]

    def turn(self, ts: str) -> None:
        """
        A status was sent: the ping nodes are asked now, and other nodes when it is time.

        @param ts: what the questions to the ping nodes carry.
        """
        now = self._clock.seconds()
        for link in self._pings:
            link.ask(now, ts)
        if now >= self._next:
            self._next = now + self._askOthers(now)

    def _askOthers(self, now: float) -> float:
        """@return: for how many seconds none will be due; 0 while there is one that may not be asked."""
        left = INTERVAL
        for node in self._nodes.others:
            if node.ping:
                continue
            for link in node.links.values():
                if node.extension is None or not link.up:
                    left = 0.0
                    continue
                if link.lastAsked(now) >= INTERVAL:
                    self._ask(node, link)
                left = min(left, INTERVAL - link.lastAsked(now))
        return max(0.0, left - TOLERANCE)

    def _ask(self, node: Node, link: Link) -> None:
        self._asked += 1
        token = f"{self._asked:x}"
        link.ask(self._clock.seconds(), token)
        self._sendBy(link.medium, Message.of(QUESTION, dest=node.name, info=token))

    def asked(self, node: Node, message: Message, medium: IMedium) -> None:
        """C{node} asks."""
        if self._limit.allow((node.name, medium.name)) is not None:
            answer = Message.of(ANSWER, dest=node.name, info=(message.get("info") or "")[:16])
            self._sendBy(medium.name, answer)

    def answered(self, node: Node, message: Message, medium: IMedium) -> None:
        """C{node} answers."""
        self._arrived(node, medium, message.get("info"))

    def pinged(self, node: Node, message: Message, medium: IMedium) -> None:
        """A ping node answers."""
        self._arrived(node, medium, message.get("ts"))

    def _arrived(self, node: Node, medium: IMedium, token: str | None) -> None:
        link = node.links.get(medium.name)
        if link is not None and token is not None:
            link.answer(self._clock.seconds(), token)
