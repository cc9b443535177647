"""
Leaving: release everything, say so, stay a moment, go (resource-management.md section 3.10).

Only this node's own work can delay it (B10, B11), and C{shutdone} is never said while something may
still run here: then the other node must notice by itself, and fence where fencing is configured.
"""

from __future__ import annotations

from enum import Enum

from twisted_ha.machine import Rule, Table

__all__ = ["FAREWELL", "TABLE", "Leave", "LeaveAction", "LeaveSeen"]

FAREWELL = 1.0
"""Seconds a node stays after C{shutdone}, so that a lost one can be asked for again."""


class Leave(Enum):
    """How far this node's leaving is."""

    STAYING = "staying"
    RELEASING = "releasing"
    FAREWELL = "farewell"
    """Everything is released and said."""
    GONE = "gone"


class LeaveSeen(Enum):
    """What may happen to a node that leaves."""

    ASKED = "asked to leave"
    RELEASED = "nothing runs here any more"
    WILL_NOT_STOP = "something would not stop, twice"
    TIMEOUT = "time is up"


class LeaveAction(Enum):
    """What follows."""

    REPORT_GIVING = "report that we are about to give everything"
    RELEASE = "release everything"
    DROP = "claim nothing"
    SAY_SHUTDONE = "say shutdone"
    WAIT = "stay a moment"
    GO = "go"


_L, _S, _A = Leave, LeaveSeen, LeaveAction

TABLE: Table[Leave, LeaveSeen, LeaveAction] = Table(
    "Leaving",
    Leave,
    LeaveSeen,
    {
        (_L.STAYING, _S.ASKED): Rule(_L.RELEASING, (_A.REPORT_GIVING, _A.RELEASE)),
        (_L.RELEASING, _S.RELEASED): Rule(_L.FAREWELL, (_A.DROP, _A.SAY_SHUTDONE, _A.WAIT)),
        (_L.RELEASING, _S.WILL_NOT_STOP): Rule(_L.GONE, (_A.GO,)),
        (_L.FAREWELL, _S.TIMEOUT): Rule(_L.GONE, (_A.GO,)),
    },
    ignored={
        (_L.STAYING, _S.RELEASED),
        (_L.STAYING, _S.WILL_NOT_STOP),
        (_L.STAYING, _S.TIMEOUT),
        (_L.RELEASING, _S.ASKED),
        (_L.RELEASING, _S.TIMEOUT),
        (_L.FAREWELL, _S.ASKED),
        (_L.FAREWELL, _S.RELEASED),
        (_L.FAREWELL, _S.WILL_NOT_STOP),
        *((_L.GONE, seen) for seen in _S),
    },
)
