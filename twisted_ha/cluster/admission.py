"""
Where an authentic message belongs in its sender's life and order, and whether it is acted on.

The state is changed first and the events are told afterwards, so that whoever hears of one sees all of
it.

@see: wire-protocol.md sections 5.3, 5.7 and 7.5.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.cluster.header import Header
from twisted_ha.cluster.limit import RateLimit
from twisted_ha.cluster.links import Link
from twisted_ha.cluster.nodes import Node, NodeTable
from twisted_ha.cluster.punctuality import Punctuality
from twisted_ha.cluster.sequence import Judgement, Verdict
from twisted_ha.events import (
    Event,
    LinkUp,
    MessagesMissing,
    MessagesRecovered,
    NodeRestarted,
    NodeReturned,
    Warned,
)
from twisted_ha.interfaces import IMedium
from twisted_ha.terms import LifeMark

__all__ = ["STATUS", "Admission", "Admitted"]

STATUS = "status"
"""The one type that begins a life, and that ends the silence of a node taken for dead."""

_WARNING_PAUSE = 60.0

# Named once: naming a member of an enumeration costs Python 3.11 as much as a call.
_STALE, _DUPLICATE = Verdict.STALE, Verdict.DUPLICATE


class Admitted:
    """
    What one message is.  Only what is unusual is set, which makes copies that another link brings cheap.

    @ivar fresh: it was not had before.
    @ivar deliver: it is acted on: it is fresh, and for us.
    @ivar judgement: its place in the order; L{None} for the types without one.
    @ivar restarted: it begins a new life of a node we knew.
    @ivar returned: its sender had been declared dead, and never was.
    @ivar began: it is the first of its sender's life, restarted or not.
    @ivar old: it is from before what is known of its sender, and an administrator may have to know.
    @ivar risen: the link it came through, if that was dead until now.
    @ivar events: what is to be told before what the message itself brings.
    """

    fresh: bool = False
    deliver: bool = False
    judgement: Judgement | None = None
    restarted: bool = False
    returned: bool = False
    began: bool = False
    old: bool = False
    risen: Link | None = None
    events: tuple[Event, ...] = ()


class Admission:
    """Judges messages, and keeps the accounts of nodes and links."""

    def __init__(
        self,
        clock: IReactorTime,
        bus: EventBus,
        nodes: NodeTable,
        punctuality: Punctuality,
        marksPlace: str,
    ) -> None:
        """@param marksPlace: where the floors of the nodes are kept, for people."""
        self._marksPlace = marksPlace
        self._bus = bus
        self._nodes = nodes
        self._punctuality = punctuality
        self._limit = RateLimit(clock, _WARNING_PAUSE)

    def judge(self, node: Node, header: Header, medium: IMedium, now: float) -> Admitted:
        """One message of another node, that came C{now} (the clock's seconds)."""
        admitted = Admitted()
        floor = node.floor
        if floor is not None and floor.covers(header.generation, header.sequence):
            self._refuseOld(node, header, floor, admitted)
            return admitted
        link = node.links.get(medium.name)
        if header.sequence is not None:
            if not self._judgeSequenced(node, header, link, admitted, now):
                return admitted
        elif 0 < header.generation < node.generation:
            return admitted  # an old one, played again: these types have no other protection
        elif not node.heard and not node.ping:
            # Nor before the first status of a life, or when that is over; the next one comes soon.
            return admitted
        elif not self._nodes.isForUs(header):
            return admitted  # dropped unseen, as by the original (wire-protocol.md section 5.3)
        else:
            admitted.fresh = True
        self._heard(node, link, admitted, now)
        if admitted.fresh:
            self._nodes.learn(node, header.srcuuid)
            admitted.deliver = self._nodes.isForUs(header)
        return admitted

    def _judgeSequenced(
        self, node: Node, header: Header, link: Link | None, admitted: Admitted, now: float
    ) -> bool:
        """@return: whether it proves that its link works."""
        status = header.type == STATUS
        known = node.generation
        assert header.sequence is not None
        if header.generation < known:
            if status and node.dead:
                # Not just late: it is all that there is to hear of this node.
                self._refuseOld(node, header, LifeMark(known, 0), admitted)
            return False
        if header.generation > known:
            if status:
                if known:
                    admitted.restarted = True
                    admitted.events += (
                        NodeRestarted(node=node.name, generation=header.generation, previous=known),
                    )
                node.newLife(header.generation)
                admitted.began = True
            elif known:
                # Its numbers say nothing beside those of the old life.  It is not accounted either, so
                # that it is asked for again once a status has begun the new one.
                return False
        judgement = admitted.judgement = node.sequence.accept(header.sequence)
        if link is not None and link.count(header.sequence) and status:
            link.beat(now)
        if judgement.verdict is _STALE:
            return False
        if judgement.verdict is _DUPLICATE:
            return True
        admitted.fresh = True
        if status and header.generation == known and node.dead and node.lastStatus is not None:
            admitted.returned = True
            silentFor = now - node.lastStatus
            admitted.events += (NodeReturned(node=node.name, silentFor=silentFor),)
        return True

    def _refuseOld(self, node: Node, header: Header, floor: LifeMark, admitted: Admitted) -> None:
        admitted.old = True
        if self._limit.allow((node.name, "old")) is None:
            return
        if header.generation < floor.generation:
            what = f"generation {header.generation}, and this node has heard {floor.generation}"
            loss = f"has lost its hb_generation: then write {floor.generation} there"
        else:
            what = f"this node has heard that part of generation {floor.generation} before"
            loss = "was set back to an earlier state: then stop it"
        admitted.events += (
            Warned(
                message=f"old messages of {node.name} are refused ({what}).  Somebody plays them again,"
                f" or {node.name} {loss} and start it again; or stop this daemon, remove"
                f" {self._marksPlace}, start it"
            ),
        )

    def _heard(self, node: Node, link: Link | None, admitted: Admitted, now: float) -> None:
        if link is not None and link.heard(now, self._punctuality.lost):
            admitted.risen = link
            admitted.events += (LinkUp(node=node.name, link=link.medium),)
        judgement = admitted.judgement
        if judgement is None:
            return
        if judgement.missing:
            admitted.events += (
                MessagesMissing(
                    node=node.name,
                    count=len(judgement.missing),
                    first=judgement.missing[0],
                    last=judgement.missing[-1],
                ),
            )
        if judgement.complete:
            admitted.events += (MessagesRecovered(node=node.name),)
        if judgement.abandoned and self._limit.allow((node.name, "abandoned")) is not None:
            admitted.events += (
                Warned(
                    message=f"{judgement.abandoned} messages of {node.name} are lost: too many are"
                    " missing to ask for them.  If this goes on, look at the links to it"
                ),
            )

    def echo(self, header: Header, medium: IMedium, source: str, now: float) -> Admitted:
        """One message that bears this node's own name: what we sent, or somebody else's."""
        admitted = Admitted()
        local = self._nodes.local
        ours = header.generation == local.generation and header.srcuuid in (None, local.uuid)
        if ours:
            link = local.links.get(medium.name)
            self._heard(local, link, admitted, now)
            if link is not None and header.sequence is not None:
                link.count(header.sequence)
        elif header.generation >= local.generation or header.srcuuid not in (None, local.uuid):
            suppressed = self._limit.allow("impostor")
            if suppressed is not None:
                origin = source or "an unknown address"
                admitted.events += (
                    Warned(
                        message=f"another node calls itself {local.name} ({origin} on {medium.name});"
                        " every node needs a name of its own in ha.cf"
                    ),
                )
        return admitted
