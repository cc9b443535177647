"""What the API asks of the node it speaks for, and what it hears from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface, implementer

from twisted_ha.cluster.nodes import NodeView
from twisted_ha.config.model import ClusterConfig
from twisted_ha.errors import WireError
from twisted_ha.events import Notice, Warned
from twisted_ha.hbapi.kinds import refusedType
from twisted_ha.terms import LinkStatus, NodeName, ResourceSet
from twisted_ha.wire.classic import coveredBytes
from twisted_ha.wire.message import Message

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from twisted_ha.assembly import LocalNode
    from twisted_ha.operations import MoveReport

__all__ = ["IClusterNode", "LocalClusterNode"]

_LONGEST = 60000
"""Bytes of a message for the cluster: what does not fit in a datagram would be asked for in vain."""

_TAKEN = {**{word.word: word for word in ResourceSet if word}, "all": ResourceSet.ALL}
_STANDBY = {**_TAKEN, "failback": ResourceSet.FOREIGN}
_TAKEOVER = {**_TAKEN, "failback": ResourceSet.LOCAL}


class IClusterNode(Interface):
    """This node, as its local clients may see and use it."""

    name: NodeName = Attribute("This node.")
    config: ClusterConfig = Attribute("The configuration as it is now; rereading replaces it.")

    def nodes() -> Sequence[NodeView]:
        """Every node and ping node, in the order of C{ha.cf}."""

    def find(name: str | None) -> NodeView | None:
        """The node of that name, in whatever case."""

    def holdings() -> str:
        """C{none}, C{local}, C{foreign} or C{all}; C{transition} while something is under way."""

    def missingBefore(node: str, sequence: int) -> bool:
        """Whether an earlier message of C{node} is still waited for."""

    def send(message: Message) -> None:
        """
        Send something to the cluster.  It has been told to observers when this returns.

        @raise WireError: it cannot be sent.
        """

    def inject(message: Message, origin: str) -> None:
        """
        Send what somebody on this machine wants to have sent.  A wish to move groups is acted on as if
        an administrator had typed it.  What cannot be sent is told as an event.

        @param origin: who it is, for people.
        """


@implementer(IClusterNode)
class LocalClusterNode:
    """The node of this process."""

    def __init__(self, node: LocalNode, working: Callable[[str], bool] = lambda medium: True) -> None:
        """
        @param working: whether the medium of that name is open.  A node need not hear itself, so that is
            what is told of its own links; the original, which does hear itself, says the same.
        """
        self._node = node
        self._working = working

    @property
    def name(self) -> NodeName:
        """See L{IClusterNode}."""
        return self._node.config.localNode

    @property
    def config(self) -> ClusterConfig:
        """See L{IClusterNode}."""
        return self._node.config

    def nodes(self) -> Sequence[NodeView]:
        """See L{IClusterNode}."""
        views = {view.name: self._seen(view) for view in self._node.core.nodeViews()}
        order = [name for name in self.config.members if name in views]
        return [*(views.pop(name) for name in order), *views.values()]

    def find(self, name: str | None) -> NodeView | None:
        """See L{IClusterNode}."""
        wanted = (name or "").lower()
        for view in self._node.core.nodeViews():
            if view.name == wanted:
                return self._seen(view)
        return None

    def _seen(self, view: NodeView) -> NodeView:
        if not view.local:
            return view
        links = tuple(
            replace(link, status=LinkStatus.UP if self._working(link.medium) else LinkStatus.DEAD)
            for link in view.links
        )
        return replace(view, links=links)

    def holdings(self) -> str:
        """See L{IClusterNode}."""
        resources = self._node.resources
        return resources.board.mine.word if resources.settled else "transition"

    def missingBefore(self, node: str, sequence: int) -> bool:
        """See L{IClusterNode}."""
        known = self._node.core.nodes.get(node)
        return known is not None and known.sequence.whole < sequence - 1 and bool(known.sequence.missing)

    def send(self, message: Message) -> None:
        """See L{IClusterNode}."""
        self._node.core.send(message)

    def inject(self, message: Message, origin: str) -> None:
        """See L{IClusterNode}."""
        refusal = refusedType(message)
        if refusal:
            self._warn(origin, message, refusal)
        elif message.type == "ask_resources" and message.get("info") == "me":
            self._move(message, origin, "go standby", _STANDBY, self._node.resources.requests.standby)
        elif message.type == "hb_takeover":
            self._move(message, origin, "take over", _TAKEOVER, self._node.resources.requests.takeover)
        else:
            self._pass(message, origin)

    def _pass(self, message: Message, origin: str) -> None:
        target = self.find(message.get("dest"))
        if target is not None:
            message = message.replacing("dest", target.name)
        try:
            if len(coveredBytes(message)) > _LONGEST:
                raise WireError(_LONGEST, f"more than {_LONGEST} bytes")
            self.send(message)
        except WireError as error:
            self._warn(origin, message, f"it cannot be sent: {error.reason}")

    def _move(
        self,
        message: Message,
        origin: str,
        wish: str,
        words: dict[str, ResourceSet],
        move: Callable[[ResourceSet], Deferred[MoveReport]],
    ) -> None:
        word = message.get("rsc_hold") or "all"
        resources = words.get(word)
        if resources is None:
            self._warn(origin, message, f"no such resources; write {', '.join(sorted(words))}")
            return
        self._node.bus.publish(Notice(message=f"{origin} asks this node to {wish} [{resources.word}]"))

        def ended(report: MoveReport) -> None:
            if not report.ok:
                self._node.bus.publish(Warned(message=f"{wish} [{resources.word}]: {report.text}"))

        move(resources).addCallback(ended)

    def _warn(self, origin: str, message: Message, reason: str) -> None:
        kind = message.type[:40]
        self._node.bus.publish(Warned(message=f"a message {kind!r} of {origin} is not sent: {reason}"))
