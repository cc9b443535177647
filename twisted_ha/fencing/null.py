"""The device C{null}: resets nothing, succeeds, and says aloud that it did not."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.events import Warned
from twisted_ha.interfaces import IFencer
from twisted_ha.terms import NodeName

__all__ = ["NullFencer"]


@implementer(IFencer)
class NullFencer:
    """
    Trusts that a node which is not heard does not run.

    Its parameters are ignored, as the original's (resource-management.md section 3.12).
    """

    device = "null"

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus

    def fence(self, node: NodeName) -> Deferred[str]:
        """Do nothing; the other nodes are told that it was a success."""
        self._bus.publish(
            Warned(
                message=f"the device null does not reset {node}: if it still runs, both nodes use"
                " the same resources from now on"
            )
        )
        return succeed("by the device null: nothing was reset")
