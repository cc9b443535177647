"""
A node among more than two: it takes part as a member, holds nothing and moves nothing.

The holdings protocol knows two nodes, "mine" and "the other's".  With three, nodes of the original go on
all the same: each keeps one picture of "the other", which whoever spoke last overwrites, and after a
failure or a standby every survivor starts the same groups (docs/compatibility.md).  What this node says
would overwrite that picture, too.  So it says as little as there is need for: an original that starts
waits for one report, and gets ours only if nobody is there who has more to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted_ha.interfaces import IMessenger, INodes
from twisted_ha.terms import NodeName
from twisted_ha.wire.message import Message

__all__ = ["Bystander"]


class Bystander:
    """Answers nodes that start, where nobody else would."""

    def __init__(
        self,
        others: Sequence[NodeName],
        messenger: IMessenger,
        nodes: INodes,
    ) -> None:
        """@param others: the ordinary nodes beside this one.  Those of our kind are bystanders, too."""
        self._others = tuple(others)
        self._messenger = messenger
        self._nodes = nodes
        self._unanswered: list[NodeName] = []

    def heardStarting(self, node: NodeName, isMember: bool) -> None:
        """
        A node says that it starts and wants to know who holds what.

        @param isMember: whether this node's own communications are up; if not it answers when they are.
        """
        if not isMember:
            self._unanswered.append(node)
        elif not self._nodes.isOurs(node) and not self._anotherAnswers(node):
            self._messenger.sendTo(
                node, Message.of("resource", rsc_hold="none", rtype="full", isstable="1")
            )

    def becomeMember(self) -> None:
        """Communications are up."""
        unanswered, self._unanswered = self._unanswered, []
        for node in unanswered:
            self.heardStarting(node, True)

    def _anotherAnswers(self, node: NodeName) -> bool:
        """Whether an original is there that may hold groups: what it says must not be overwritten."""
        return any(
            other != node and self._nodes.isAlive(other) and not self._nodes.isOurs(other)
            for other in self._others
        )
