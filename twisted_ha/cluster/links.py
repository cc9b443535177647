"""
Links: one node as it is heard through one medium.

A link decides nothing about a node's death: any medium keeps a node alive.  It is there for people:
which cable is down, and which one loses how much.

@see: wire-protocol.md section 7.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from twisted_ha.cluster.deadline import Deadline
from twisted_ha.terms import LinkStatus

__all__ = ["Link", "LinkView"]

WINDOW = 256
"""How many of the last sequence numbers a link remembers one by one."""

_MASK = (1 << WINDOW) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """
    A link as it is shown.

    @ivar silentFor: seconds since anything was heard; L{None} if nothing ever was.
    @ivar messages: sequenced messages heard for the first time on this link.
    @ivar duplicates: those that came more than once on this same link.
    @ivar lost: numbers that never came by this link; another one may have brought them.
    @ivar outOfOrder: those that came after a higher number.
    """

    medium: str
    status: LinkStatus
    silentFor: float | None
    messages: int
    duplicates: int
    lost: int
    outOfOrder: int


class Link:
    """
    One node through one medium.

    @ivar lastHeard: the clock's seconds; L{None} if never.
    @ivar lostThen: what L{twisted_ha.cluster.punctuality.Punctuality.lost} was then.
    @ivar deadline: when it will be taken for dead; set by L{twisted_ha.cluster.membership}.
    """

    __slots__ = (
        "_last",
        "_seen",
        "deadline",
        "duplicates",
        "lastHeard",
        "lost",
        "lostThen",
        "medium",
        "messages",
        "outOfOrder",
        "status",
    )

    def __init__(self, medium: str) -> None:
        self.medium = medium
        self.status = LinkStatus.DEAD
        self.lastHeard: float | None = None
        self.lostThen = 0.0
        self.deadline: Deadline | None = None
        self.messages = 0
        self.duplicates = 0
        self.lost = 0
        self.outOfOrder = 0
        self._last: int | None = None
        self._seen = 0

    @property
    def up(self) -> bool:
        """Whether the node is heard through it."""
        return self.status is LinkStatus.UP

    def heard(self, now: float, lost: float) -> bool:
        """
        Something came.

        @param now: the clock's seconds.
        @param lost: L{twisted_ha.cluster.punctuality.Punctuality.lost}.
        @return: whether the link was dead until now.
        """
        self.lastHeard = now
        self.lostThen = lost
        if self.status is LinkStatus.UP:
            return False
        self.status = LinkStatus.UP
        return True

    def count(self, sequence: int) -> None:
        """Keep account of one number that came on this link, whatever became of the message."""
        last = self._last
        if last is None:
            self._last, self._seen = sequence, 1
            self.messages += 1
            return
        ahead = sequence - last
        if ahead > 0:
            if ahead <= WINDOW:
                self.lost += ahead - 1
                self._seen = (self._seen << ahead | 1) & _MASK
            else:
                self._seen = 1
            self._last = sequence
            self.messages += 1
        elif -ahead < WINDOW:
            bit = 1 << -ahead
            if self._seen & bit:
                self.duplicates += 1
            else:
                self._seen |= bit
                self.messages += 1
                self.outOfOrder += 1
                self.lost = max(0, self.lost - 1)

    def newLife(self) -> None:
        """The node counts from 1 again."""
        self._last = None
        self._seen = 0

    def view(self, now: float) -> LinkView:
        """How it stands at C{now}."""
        return LinkView(
            medium=self.medium,
            status=self.status,
            silentFor=None if self.lastHeard is None else max(0.0, now - self.lastHeard),
            messages=self.messages,
            duplicates=self.duplicates,
            lost=self.lost,
            outOfOrder=self.outOfOrder,
        )
