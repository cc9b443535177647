"""What the local API may ask of the node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from twisted_ha.events import Event
    from twisted_ha.operations import MoveReport
    from twisted_ha.status import ClusterStatus
    from twisted_ha.terms import ResourceSet

__all__ = ["INodeControl"]


class INodeControl(Interface):
    """One node, for the people and programs of its own machine."""

    def status() -> ClusterStatus:
        """One picture of everything, as of now."""

    def standby(resources: ResourceSet) -> Deferred[MoveReport]:
        """
        Give groups to the other node.

        @param resources: which, from this node's point of view.
        @return: fires when they are there, or with why not; it does not fail for anything the other
            node, a script or a user did.
        """

    def takeover(resources: ResourceSet) -> Deferred[MoveReport]:
        """The other way round: take groups from the other node.  C{resources} as in L{standby}."""

    def reload() -> Deferred[str]:
        """
        Read the configuration again and apply what changed.

        @return: fires with what changed, for people; fails with
            L{ConfigError<twisted_ha.errors.ConfigError>} and changes nothing if it cannot be used.
        """

    def recent(count: int) -> Sequence[tuple[float, Event]]:
        """
        The last events, oldest first.

        @return: pairs of seconds since the epoch and the event.
        """

    def explain(group: str) -> str:
        """
        Why a group is where it is, and what would follow from what, in sentences.

        @param group: its key.
        @raise KeyError: there is no such group.
        """
