"""
Who is alive: what a status changes, and what silence does.

Any medium keeps a node alive.  Every deadline stands on the clock; none is polled.

@see: wire-protocol.md sections 7.2, 7.4 and 7.5; resource-management.md sections 3.7 and 3.11.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.cluster.admission import Admitted
from twisted_ha.cluster.beat import EXTENSION_FIELD
from twisted_ha.cluster.deadline import Deadline
from twisted_ha.cluster.header import Header
from twisted_ha.cluster.links import Link
from twisted_ha.cluster.nodes import Node, NodeTable
from twisted_ha.cluster.punctuality import Punctuality
from twisted_ha.config.model import Timers
from twisted_ha.events import Event, LateHeartbeat, LinkDown, NodeDied, NodeStatusChanged
from twisted_ha.terms import LinkStatus, NodeStatus
from twisted_ha.wire.fields import readNumber
from twisted_ha.wire.message import Message

__all__ = ["LONGEST_WORD", "MAX_DEADTIME", "Membership"]

LONGEST_WORD = 31
"""Characters of a status word that are kept."""

MAX_DEADTIME = 86400.0
"""Seconds.  A node that announces more would stay alive for ever once it is gone."""


class Membership:
    """
    The status of every other node.

    @ivar settled: set from outside: whether this node's communications are up; until then nodes are
        given C{initdead}.
    """

    def __init__(
        self,
        *,
        clock: IReactorTime,
        bus: EventBus,
        nodes: NodeTable,
        timers: Timers,
        punctuality: Punctuality,
        died: Callable[[Node], None],
    ) -> None:
        """
        @param died: called after a node was declared dead and everybody was told.
        """
        self._clock = clock
        self._bus = bus
        self._nodes = nodes
        self._timers = timers
        self._punctuality = punctuality
        self._died = died
        self._started = clock.seconds()
        self.settled = False
        for node in nodes:
            if not node.local:
                node.deadline = self._deadline(partial(self._nodeDue, node), partial(self._silent, node))
            for link in node.links.values():
                link.deadline = self._deadline(
                    partial(self._linkDue, node, link), partial(self._linkSilent, node, link)
                )

    def _deadline(self, due: Callable[[], float | None], passed: Callable[[], None]) -> Deadline:
        return Deadline(self._clock, self._punctuality, due, passed)

    def start(self) -> None:
        """Everybody's time counts from now."""
        self._started = self._clock.seconds()
        self.rearm()

    def stop(self) -> None:
        """Nobody dies any more."""
        for deadline in self._deadlines():
            deadline.stop()

    def rearm(self) -> None:
        """The rules have changed: look at every deadline again."""
        for deadline in self._deadlines():
            deadline.arm()

    def reconfigure(self, timers: Timers) -> None:
        """Use other times from now on."""
        self._timers = timers
        self.rearm()

    def _deadlines(self) -> list[Deadline]:
        found = [node.deadline for node in self._nodes]
        found += [link.deadline for node in self._nodes for link in node.links.values()]
        return [deadline for deadline in found if deadline is not None]

    # ---- how long a node may be silent -------------------------------------------------------

    def allowance(self, node: Node) -> float:
        """The seconds C{node} may be silent now: what it announced, else what we are configured for."""
        usual = self._linkAllowance(node)
        return usual if self.settled else max(self._timers.initdead, usual)

    def _linkAllowance(self, node: Node) -> float:
        if node.ping:
            return self._timers.deadping
        return node.deadtime if node.deadtime is not None else self._timers.deadtime

    def _nodeDue(self, node: Node) -> float | None:
        if node.dead:
            return None
        since = self._started if node.lastStatus is None else node.lastStatus
        return self._punctuality.silentUntil(since, node.lostThen, self.allowance(node))

    def _linkDue(self, node: Node, link: Link) -> float | None:
        if not link.up or link.lastHeard is None:
            return None
        return self._punctuality.silentUntil(link.lastHeard, link.lostThen, self._linkAllowance(node))

    # ---- what silence does -------------------------------------------------------------------

    def _silent(self, node: Node) -> None:
        since = self._started if node.lastStatus is None else node.lastStatus
        event = NodeDied(
            node=node.name,
            silentFor=self._clock.seconds() - since,
            deadtime=self.allowance(node),
            heard=node.heard,
            ping=node.ping,
        )
        node.status, node.word = NodeStatus.DEAD, NodeStatus.DEAD.value
        node.heard = False
        if node.generation:
            node.sequence.interrupt()
        else:
            node.sequence.reset()
        self._bus.publish(event)
        self._died(node)

    def _linkSilent(self, node: Node, link: Link) -> None:
        link.status = LinkStatus.DEAD
        self._bus.publish(LinkDown(node=node.name, link=link.medium, left=node.linksUp))

    # ---- what a status does ------------------------------------------------------------------

    def heardThrough(self, link: Link) -> None:
        """Something came through C{link}, which was dead until now: see to its deadline."""
        if link.deadline is not None and not link.deadline.armed:
            link.deadline.arm()

    def statusReceived(
        self, node: Node, header: Header, message: Message, admitted: Admitted
    ) -> tuple[bool, list[Event]]:
        """
        A C{status} or C{NS_st} of another node.

        @return: whether the node is heard now and was not before, or anew; and what there is to tell.
        """
        word = (message.get("st") or "")[:LONGEST_WORD]
        if not word or self._overtaken(node, header):
            return False, []
        now = self._clock.seconds()
        events: list[Event] = []
        fresh = not node.heard or admitted.restarted
        if not fresh:
            events += self._lateness(node, now)
        previous = node.word
        if word != previous or node.status is NodeStatus.DEAD:
            node.word = word
            node.status = _meaning(node, word)
        node.heard = True
        node.lastStatus = now
        node.lostThen = self._punctuality.lost
        node.statusSequence = header.sequence or 0
        sooner = self._details(node, message) if not node.ping else False
        assert node.deadline is not None
        if sooner or not node.deadline.armed:
            node.deadline.arm()
        if word.lower() != previous.lower():
            events.append(NodeStatusChanged(node=node.name, status=word, previous=previous))
        return fresh, events

    def _overtaken(self, node: Node, header: Header) -> bool:
        """
        Whether a later status of the same life is known already.  The original ignores only what is
        older by C{ts} too; the number alone says it.
        """
        return header.sequence is not None and header.sequence < node.statusSequence

    def _details(self, node: Node, message: Message) -> bool:
        """
        What only ordinary nodes say.

        @return: whether the dead time of the node became shorter.
        """
        values = message.values
        said = values.get("dt"), values.get("protocol"), values.get(EXTENSION_FIELD)
        if said == node.said:
            return False
        node.said = said
        before = self._linkAllowance(node)
        milliseconds = readNumber(message, "dt")
        if milliseconds:
            node.deadtime = min(milliseconds / 1000, MAX_DEADTIME)
        node.protocol = readNumber(message, "protocol") is not None
        node.extension = message.get(EXTENSION_FIELD)
        if self._linkAllowance(node) >= before:
            return False
        for link in node.links.values():
            if link.deadline is not None:
                link.deadline.arm()
        return True

    def _lateness(self, node: Node, now: float) -> list[Event]:
        if node.lastStatus is None or self._punctuality.listeningSince > node.lastStatus:
            return []  # who was late is this node itself, and that has been told
        interval = now - node.lastStatus
        if interval <= self._timers.warntime:
            return []
        return [LateHeartbeat(node=node.name, milliseconds=round(interval * 1000))]


def _meaning(node: Node, word: str) -> NodeStatus:
    """What a status word means of a node that is talking: it is not dead, and no ordinary node pings."""
    status = NodeStatus.ofWord(word)
    if node.ping:
        return NodeStatus.PING
    return NodeStatus.UP if status in (NodeStatus.DEAD, NodeStatus.PING) else status
