"""No device: succeeds at once, and says aloud what that means."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from twisted_ha.interfaces import IFencer
from twisted_ha.terms import NodeName

__all__ = ["AbsentFencer"]


@implementer(IFencer)
class AbsentFencer:
    """What stands in when C{ha.cf} names no C{stonith} device."""

    device = ""

    def fence(self, node: NodeName) -> Deferred[str]:
        """Go on without proof, as heartbeat does (resource-management.md section 3.7)."""
        return succeed("No STONITH device configured.  Shared disks are not protected.")
