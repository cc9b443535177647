"""
From start to stable: when may a node that has just come up take its own groups?

At once when the other node is stable and does not hold them, or when both have just started and hold
nothing: a node's local groups are the other's foreign ones, so two nodes that each take their own
cannot meet.  Otherwise when the other becomes stable, or 10 seconds after the start, and then only
what is its own (resource-management.md sections 3.5, 4.3 and 4.6).

One of our own kind always answers, in every phase.  If it is heard and does not answer, it does not hear
us: it may have taken everything, so nothing is taken from it however long it is silent.  An original may
be silent although it hears us (B23), so it is given those ten seconds and no more; but one that has not
acknowledged anything since we said that we are starting does not hear us either, and one of which
messages are missing, or which has just fallen silent altogether, may have said what it holds.  Either is
asked again, and its ten seconds begin when it hears us and nothing of it is missing.
"""

from __future__ import annotations

from enum import Enum

from twisted_ha.machine import Rule, Table
from twisted_ha.resources.board import Peer
from twisted_ha.terms import ResourceSet

__all__ = ["ASK_AGAIN", "PATIENCE", "TABLE", "Phase", "PhaseAction", "Seen", "classifyReport"]

PATIENCE = 10.0
"""Seconds a node waits for the other to become stable; heartbeat's own constant (B17)."""

ASK_AGAIN = 2.0
"""Seconds from one word to a node that does not hear us to the next."""


class Phase(Enum):
    """How far this node is."""

    OFFLINE = "offline"
    """Not every configured node was heard or is dead."""
    STARTING = "starting"
    """We have said that we are starting; no report was heard."""
    WAITING = "waiting"
    """The other node has reported, and is not stable."""
    STABLE = "stable"
    MEMBER = "member only"
    """There are more than two nodes: this one holds nothing and moves nothing."""
    LEAVING = "leaving"
    """This node releases everything and goes."""


class Seen(Enum):
    """What may happen to a node that comes up."""

    COMMUNICATIONS_UP = "communications up"
    BOTH_FRESH = "both nodes have just started and hold nothing"
    PEER_STABLE_FREE = "the other is stable and does not hold our groups"
    PEER_STABLE_HOLDING = "the other is stable and holds our groups"
    PEER_UNSTABLE = "the other is not stable"
    TIMEOUT_FREE = "nobody became stable in time; our groups are free"
    TIMEOUT_HELD = "nobody became stable in time; the other holds our groups"
    TIMEOUT_UNANSWERED = "the other is alive and does not hear this node"
    HEARD_AT_LAST = "the other hears this node at last"
    PEER_GONE = "there is no other node, or it died or left"
    CROWD = "there are more than two nodes"
    LEAVE = "asked to leave"


class PhaseAction(Enum):
    """What follows."""

    SAY_STARTING = "say starting"
    START_TIMER = "start the timer"
    ASK_SOON = "start the timer, for a shorter time"
    STOP_TIMER = "stop the timer"
    CLAIM_LOCAL = "claim our own groups"
    SETTLE = "report what we hold"
    COMPLAIN = "say that the other does not answer"


_P, _S, _A = Phase, Seen, PhaseAction

TABLE: Table[Phase, Seen, PhaseAction] = Table(
    "Acquisition",
    Phase,
    Seen,
    {
        (_P.OFFLINE, _S.COMMUNICATIONS_UP): Rule(_P.STARTING, (_A.START_TIMER, _A.SAY_STARTING)),
        (_P.OFFLINE, _S.CROWD): Rule(_P.MEMBER),
        (_P.OFFLINE, _S.LEAVE): Rule(_P.LEAVING),
        (_P.STARTING, _S.BOTH_FRESH): Rule(_P.STABLE, (_A.STOP_TIMER, _A.CLAIM_LOCAL, _A.SETTLE)),
        (_P.STARTING, _S.PEER_STABLE_FREE): Rule(_P.STABLE, (_A.STOP_TIMER, _A.CLAIM_LOCAL, _A.SETTLE)),
        (_P.STARTING, _S.PEER_STABLE_HOLDING): Rule(_P.STABLE, (_A.STOP_TIMER, _A.SETTLE)),
        (_P.STARTING, _S.PEER_UNSTABLE): Rule(_P.WAITING),
        (_P.STARTING, _S.TIMEOUT_FREE): Rule(_P.STABLE, (_A.CLAIM_LOCAL, _A.SETTLE)),
        (_P.STARTING, _S.TIMEOUT_HELD): Rule(_P.STABLE, (_A.SETTLE,)),
        (_P.STARTING, _S.TIMEOUT_UNANSWERED): Rule(
            _P.STARTING, (_A.COMPLAIN, _A.ASK_SOON, _A.SAY_STARTING)
        ),
        (_P.STARTING, _S.HEARD_AT_LAST): Rule(_P.STARTING, (_A.START_TIMER, _A.SAY_STARTING)),
        (_P.STARTING, _S.PEER_GONE): Rule(_P.STABLE, (_A.STOP_TIMER, _A.SETTLE)),
        (_P.STARTING, _S.LEAVE): Rule(_P.LEAVING, (_A.STOP_TIMER,)),
        (_P.WAITING, _S.BOTH_FRESH): Rule(_P.STABLE, (_A.STOP_TIMER, _A.CLAIM_LOCAL, _A.SETTLE)),
        (_P.WAITING, _S.PEER_STABLE_FREE): Rule(_P.STABLE, (_A.STOP_TIMER, _A.CLAIM_LOCAL, _A.SETTLE)),
        (_P.WAITING, _S.PEER_STABLE_HOLDING): Rule(_P.STABLE, (_A.STOP_TIMER, _A.SETTLE)),
        (_P.WAITING, _S.TIMEOUT_FREE): Rule(_P.STABLE, (_A.CLAIM_LOCAL, _A.SETTLE)),
        (_P.WAITING, _S.TIMEOUT_HELD): Rule(_P.STABLE, (_A.SETTLE,)),
        (_P.WAITING, _S.TIMEOUT_UNANSWERED): Rule(
            _P.WAITING, (_A.COMPLAIN, _A.ASK_SOON, _A.SAY_STARTING)
        ),
        (_P.WAITING, _S.HEARD_AT_LAST): Rule(_P.WAITING, (_A.START_TIMER, _A.SAY_STARTING)),
        (_P.WAITING, _S.PEER_GONE): Rule(_P.STABLE, (_A.STOP_TIMER, _A.SETTLE)),
        (_P.WAITING, _S.LEAVE): Rule(_P.LEAVING, (_A.STOP_TIMER,)),
        (_P.STABLE, _S.LEAVE): Rule(_P.LEAVING),
        (_P.MEMBER, _S.LEAVE): Rule(_P.LEAVING),
    },
    ignored={
        # before communications are up a report is noted on the board and judged when they are
        *((_P.OFFLINE, seen) for seen in _S if seen not in (_S.COMMUNICATIONS_UP, _S.CROWD, _S.LEAVE)),
        *((phase, _S.CROWD) for phase in (_P.STARTING, _P.WAITING)),
        (_P.STARTING, _S.COMMUNICATIONS_UP),
        (_P.WAITING, _S.COMMUNICATIONS_UP),
        (_P.WAITING, _S.PEER_UNSTABLE),
        # once stable, what the other reports is the business of the audit
        *((_P.STABLE, seen) for seen in _S if seen is not _S.LEAVE),
        *((_P.MEMBER, seen) for seen in _S if seen is not _S.LEAVE),
        *((_P.LEAVING, seen) for seen in _S),
    },
)


def classifyReport(peer: Peer) -> Seen:
    """What the other node's last report means to one that is not yet stable."""
    if peer.stable:
        if peer.ourWords & ResourceSet.LOCAL:
            return Seen.PEER_STABLE_HOLDING
        return Seen.PEER_STABLE_FREE
    if peer.starting and peer.reported and not peer.resources:
        return Seen.BOTH_FRESH
    return Seen.PEER_UNSTABLE
