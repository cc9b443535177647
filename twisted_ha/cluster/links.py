"""
Links: one node as it is heard through one medium.

A link decides nothing about a node's death: any medium keeps a node alive.  It is there for people:
which cable is down, and which one loses how much.

@see: wire-protocol.md section 7.5.
"""

from __future__ import annotations

import math

from twisted_ha.cluster.deadline import Deadline
from twisted_ha.frozen import dataclass
from twisted_ha.terms import LinkStatus

__all__ = ["Link", "LinkView"]

WINDOW = 256
"""How many of the last sequence numbers a link remembers one by one."""

_MASK = (1 << WINDOW) - 1

_UP = LinkStatus.UP
"""Named once: naming a member of an enumeration costs Python 3.11 as much as a call."""

_SMOOTHING = 16
"""As in RFC 3550, section 6.4.1: one value moves the jitter by a sixteenth of its distance."""

_TRIP_SMOOTHING = 8
"""As in RFC 6298, section 2: one value moves the round trip by an eighth of its distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """
    A link as it is shown.

    @ivar silentFor: seconds since anything was heard; L{None} if nothing ever was.
    @ivar messages: sequenced messages heard for the first time on this link.
    @ivar duplicates: those that came more than once on this same link.
    @ivar lost: numbers that never came by this link; another one may have brought them.
    @ivar outOfOrder: those that came after a higher number.
    @ivar jitter: seconds by which the time between two statuses differs from one to the next, smoothed;
        L{None} before the third status.
    @ivar roundTrip: seconds to the node and back, smoothed; L{None} before the first answer, and for a
        node that is not asked.
    """

    medium: str
    status: LinkStatus
    silentFor: float | None
    messages: int
    duplicates: int
    lost: int
    outOfOrder: int
    jitter: float | None = None
    roundTrip: float | None = None


class Link:
    """
    One node through one medium.

    @ivar lastHeard: the clock's seconds; L{None} if never.
    @ivar lostThen: what L{twisted_ha.cluster.punctuality.Punctuality.lost} was then.
    @ivar deadline: when it will be taken for dead; set by L{twisted_ha.cluster.membership}.
    """

    __slots__ = (
        "_asked",
        "_interval",
        "_last",
        "_lastBeat",
        "_seen",
        "deadline",
        "duplicates",
        "jitter",
        "lastHeard",
        "lost",
        "lostThen",
        "medium",
        "messages",
        "outOfOrder",
        "roundTrip",
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
        self.jitter: float | None = None
        self.roundTrip: float | None = None
        self._asked: tuple[str, float] | None = None
        self._last: int | None = None
        self._seen = 0
        self._lastBeat: float | None = None
        self._interval: float | None = None

    @property
    def up(self) -> bool:
        """Whether the node is heard through it."""
        return self.status is _UP

    def heard(self, now: float, lost: float) -> bool:
        """
        Something came.

        @param now: the clock's seconds.
        @param lost: L{twisted_ha.cluster.punctuality.Punctuality.lost}.
        @return: whether the link was dead until now.
        """
        self.lastHeard = now
        self.lostThen = lost
        if self.status is _UP:
            return False
        self.status = _UP
        return True

    def count(self, sequence: int) -> bool:
        """
        Keep account of one number that came on this link, whatever became of the message.

        @return: whether it is the highest so far.
        """
        last = self._last
        if last is None:
            self._last, self._seen = sequence, 1
            self.messages += 1
            return True
        ahead = sequence - last
        if ahead > 0:
            if ahead <= WINDOW:
                self.lost += ahead - 1
                self._seen = (self._seen << ahead | 1) & _MASK
            else:
                self._seen = 1
            self._last = sequence
            self.messages += 1
            return True
        if -ahead < WINDOW:
            bit = 1 << -ahead
            if self._seen & bit:
                self.duplicates += 1
            else:
                self._seen |= bit
                self.messages += 1
                self.outOfOrder += 1
                self.lost = max(0, self.lost - 1)
        return False

    def beat(self, now: float) -> None:
        """
        A status came, for the first time on this link and in order.

        A message tells its time of sending in whole seconds, so what RFC 3550 does with the transit is
        done with the time between two statuses, which their sender keeps regular.  A status that is sent
        out of turn, or lost, shows for some beats.
        """
        before, self._lastBeat = self._lastBeat, now
        if before is None:
            return
        last, self._interval = self._interval, now - before
        if last is not None:
            jitter = self.jitter or 0.0
            self.jitter = jitter + (abs(self._interval - last) - jitter) / _SMOOTHING

    def ask(self, now: float, token: str) -> None:
        """A question goes out whose answer will carry C{token}; earlier ones are given up."""
        self._asked = token, now

    def lastAsked(self, now: float) -> float:
        """Seconds since the last question; infinite if there was none."""
        return math.inf if self._asked is None else now - self._asked[1]

    def answer(self, now: float, token: str) -> None:
        """An answer came.  The first one to the last question counts."""
        if self._asked is None or self._asked[0] != token:
            return
        took = now - self._asked[1]
        self._asked = "", self._asked[1]
        before = self.roundTrip
        self.roundTrip = took if before is None else before + (took - before) / _TRIP_SMOOTHING

    def newLife(self) -> None:
        """The node counts from 1 again."""
        self._last = None
        self._seen = 0
        self._lastBeat = self._interval = None

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
            jitter=self.jitter,
            roundTrip=self.roundTrip,
        )
