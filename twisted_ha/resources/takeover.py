"""
What follows when the other node dies or leaves.

A node that may hold resources is fenced first; one that said it holds nothing, or that it has released
everything, is not (resource-management.md sections 3.7 and 3.12).  A node that comes back alive ends
the attempt to reset it (B4).  One that comes back while its groups are being taken may never have given
them up: what has not been begun by then waits for its word.
"""

from __future__ import annotations

from enum import Enum

from twisted_ha.machine import Rule, Table
from twisted_ha.resources.board import Peer

__all__ = ["PATIENCE", "RETRY", "TABLE", "Takeover", "TakeoverAction", "TakeoverSeen", "classifyDeath"]

RETRY = 5.0
"""Seconds between two attempts to reset a node."""

PATIENCE = 10.0
"""Seconds a node that is back has to say what it holds.  Asked, it answers within one; one that does not
hear us will find us dead instead, and take everything."""


class Takeover(Enum):
    """How far a takeover is."""

    IDLE = "idle"
    FENCING = "fencing"
    TAKING = "taking"


class TakeoverSeen(Enum):
    """What may happen to a takeover."""

    DIED_HOLDING = "the other node died and may hold resources"
    DIED_EMPTY = "the other node died and holds nothing"
    LEFT = "the other node has released everything and leaves"
    FENCED = "it is certainly not running any more"
    FENCE_FAILED = "it could not be reset"
    RETRY = "time for another attempt"
    TAKEN = "every group has been decided"
    PEER_BACK = "the other node is alive"
    LEAVING = "this node leaves"


class TakeoverAction(Enum):
    """What follows."""

    FENCE = "fence"
    SAY_UNNEEDED = "say that fencing was not needed"
    FENCE_AGAIN = "fence again later"
    CANCEL_FENCING = "give up fencing"
    CLAIM = "claim everything"
    ACQUIRE = "acquire everything"
    LISTEN = "begin nothing more before it has said what it holds, for a time"
    FINISH = "report and be ready for failback"


_T, _S, _A = Takeover, TakeoverSeen, TakeoverAction

TABLE: Table[Takeover, TakeoverSeen, TakeoverAction] = Table(
    "Takeover",
    Takeover,
    TakeoverSeen,
    {
        (_T.IDLE, _S.DIED_HOLDING): Rule(_T.FENCING, (_A.FENCE,)),
        (_T.IDLE, _S.DIED_EMPTY): Rule(_T.TAKING, (_A.SAY_UNNEEDED, _A.CLAIM, _A.ACQUIRE)),
        (_T.IDLE, _S.LEFT): Rule(_T.TAKING, (_A.CLAIM, _A.ACQUIRE)),
        (_T.FENCING, _S.FENCED): Rule(_T.TAKING, (_A.CLAIM, _A.ACQUIRE)),
        (_T.FENCING, _S.FENCE_FAILED): Rule(_T.FENCING, (_A.FENCE_AGAIN,)),
        (_T.FENCING, _S.RETRY): Rule(_T.FENCING, (_A.FENCE,)),
        (_T.FENCING, _S.LEFT): Rule(_T.TAKING, (_A.CANCEL_FENCING, _A.CLAIM, _A.ACQUIRE)),
        (_T.FENCING, _S.PEER_BACK): Rule(_T.IDLE, (_A.CANCEL_FENCING,)),
        (_T.FENCING, _S.LEAVING): Rule(_T.IDLE, (_A.CANCEL_FENCING,)),
        (_T.TAKING, _S.PEER_BACK): Rule(_T.TAKING, (_A.LISTEN,)),
        (_T.TAKING, _S.TAKEN): Rule(_T.IDLE, (_A.FINISH,)),
        (_T.TAKING, _S.LEAVING): Rule(_T.IDLE),
    },
    ignored={
        (_T.IDLE, _S.TAKEN),
        (_T.IDLE, _S.PEER_BACK),
        (_T.IDLE, _S.LEAVING),
        # answers to an attempt that was given up meanwhile
        (_T.IDLE, _S.FENCED),
        (_T.IDLE, _S.FENCE_FAILED),
        (_T.IDLE, _S.RETRY),
        (_T.TAKING, _S.FENCED),
        (_T.TAKING, _S.FENCE_FAILED),
        (_T.TAKING, _S.RETRY),
        # it is being reset, or taken from, already
        (_T.FENCING, _S.DIED_HOLDING),
        (_T.FENCING, _S.DIED_EMPTY),
        (_T.TAKING, _S.DIED_HOLDING),
        (_T.TAKING, _S.DIED_EMPTY),
        (_T.TAKING, _S.LEFT),
        (_T.FENCING, _S.TAKEN),
    },
)


def classifyDeath(peer: Peer, *, unsure: bool, between: bool) -> TakeoverSeen:
    """
    What it means that the other node is dead, by what it said while it lived.

    @param unsure: it may hold more than it has said: see L{Peer.certain}.
    @param between: it died in a planned move, at a point where either node may hold the groups.
    """
    if peer.left or not (unsure or between or peer.resources):
        return TakeoverSeen.DIED_EMPTY
    return TakeoverSeen.DIED_HOLDING
