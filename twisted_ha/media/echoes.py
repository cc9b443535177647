"""
Our own frames coming back.

A broadcast is heard by its sender, a multicast may be, and with two interfaces on one wire each hears
the other.  Nobody needs a link to himself; at best they are duplicates (wire-protocol.md section 8).
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Echoes"]


class Echoes:
    """
    Remembers the last frames sent on any medium.

    The whole frame is compared: an address proves nothing, and a frame carries its sequence number and
    digest, so nobody else sends the same bytes.

    @cvar SIZE: how many are remembered; a burst of retransmissions is 50.
    """

    SIZE = 64

    def __init__(self) -> None:
        self._sent: OrderedDict[bytes, None] = OrderedDict()

    def sent(self, frame: bytes) -> None:
        """C{frame} is about to be sent."""
        self._sent[frame] = None
        if len(self._sent) > self.SIZE:
            self._sent.popitem(last=False)

    def __contains__(self, frame: object) -> bool:
        return frame in self._sent
