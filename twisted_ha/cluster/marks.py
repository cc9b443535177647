"""
How far every other node was heard, kept over the restarts of this daemon.

Without it a daemon that was just started would believe whatever is played to it again of a node that it
has not heard yet (wire-protocol.md section 5.7).  What a message does is done first and the mark is kept
afterwards: a disk must not stand between a node and its heartbeat.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.cluster.nodes import NodeTable
from twisted_ha.interfaces import IMarkStore
from twisted_ha.terms import LifeMark, NodeName

__all__ = ["SAVE_EVERY", "Marks"]

SAVE_EVERY = 60.0
"""
Seconds.  After a crash, what came since the last time can be played again to the next life, as long as
that one has not heard the node itself.
"""


class Marks:
    """Sets the floor of every node when a daemon begins, and keeps it up while it runs."""

    def __init__(self, clock: IReactorTime, nodes: NodeTable, store: IMarkStore) -> None:
        self._clock = clock
        self._nodes = nodes
        self._store = store
        self._call: IDelayedCall | None = None
        loaded = store.load()
        for node in nodes.peers:
            node.floor = loaded.get(node.name)

    def start(self) -> None:
        """Save every L{SAVE_EVERY} seconds from now on."""
        self._call = self._clock.callLater(SAVE_EVERY, self._saveAgain)

    def stop(self) -> None:
        """Save for the last time.  Doing it twice does no harm."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
            self.save()

    def _saveAgain(self) -> None:
        self._call = self._clock.callLater(SAVE_EVERY, self._saveAgain)
        self.save()

    def save(self) -> None:
        """
        Keep what is known now; of a node that was not heard in this life, what was known before.

        It is not asked whether that has changed: what could not be written the last time may be now.
        """
        marks: dict[NodeName, LifeMark] = {}
        for node in self._nodes.peers:
            if node.generation:
                marks[node.name] = LifeMark(node.generation, node.sequence.last or 0)
            elif node.floor is not None:
                marks[node.name] = node.floor
        if marks:
            self._store.save(marks)
