"""A report that is sent again, and what an original makes of it."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.board import Board

__all__ = ["RETRANSMISSION", "Refresher"]

RETRANSMISSION = "NS_rexmit"
"""The type of the message that asks for messages again."""

FRESH = 5.0
"""Seconds after a report in which a retransmission may bring it back."""

ARRIVAL = 1.0
"""Seconds after a retransmission in which its messages have arrived."""


class Refresher:
    """
    Follows a retransmission with a fresh report.

    The original has no guard against older reports (B22): one that it asks for again would overwrite
    the newer ones it has.
    """

    def __init__(self, board: Board, clock: IReactorTime, alarm: Alarm) -> None:
        self._board = board
        self._clock = clock
        self._alarm = alarm

    def retransmissionAsked(self) -> None:
        """The other node asks for messages again."""
        peer = self._board.peer
        if peer is None or peer.ours or self._alarm.due is not None:
            return
        if self._clock.seconds() - self._board.reportedAt < FRESH:
            self._alarm.set(ARRIVAL, self._report)

    def _report(self) -> None:
        self._board.report(why="after a retransmission")
