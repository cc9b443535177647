"""
The planned move: one node gives, the other takes (resource-management.md section 3.8).

    giver:  ask_resources me      I want to give these
    taker:  ask_resources other   go ahead
    giver:  ask_resources done    released
    taker:  ask_resources done    acquired

The giver keeps claiming the class until it has released it (B2), and the taker claims before it
acquires.
"""

from __future__ import annotations

from enum import Enum

from twisted_ha.machine import Rule, Table

__all__ = ["ANSWER_TIME", "BEGIN_TIME", "TABLE", "WORK_TIME", "Move", "MoveAction", "MoveSeen"]

ANSWER_TIME = 10.0
"""Seconds a giver waits for the other node's word; heartbeat's own constant."""

BEGIN_TIME = 5.0
"""Seconds a taker waits for the giver to say that it releases: it says so as soon as it hears the
taker's word.  One that does not has given up its wish, though nobody could hear that."""

WORK_TIME = 3600.0
"""Seconds either waits for the other's scripts; heartbeat's own constant."""


class Move(Enum):
    """How far a planned move is, and which part this node has in it."""

    NONE = "none"
    ASKED = "asked"
    """Giver: waiting for the other node's word."""
    RELEASING = "releasing"
    """Giver: stopping the groups."""
    HANDED = "handed"
    """Giver: everything is stopped; the other acquires."""
    GRANTED = "granted"
    """Taker: waiting until the other has released."""
    ACQUIRING = "acquiring"
    """Taker: starting the groups."""


class MoveSeen(Enum):
    """What may happen to a planned move."""

    ASK = "this node is to give"
    PEER_ASKS = "the other node wants to give"
    CROSSING_LOST = "both want to give, and the other's wish goes first"
    PEER_GRANTS = "the other node says: go ahead"
    PEER_GIVES = "the other node has begun to release"
    LATE_DONE = "the other node released what nobody here waited for any more"
    PEER_REFUSES = "the other node says no"
    RELEASED = "everything is stopped here"
    PEER_DONE = "the other node is done with its part"
    NOT_RELEASED = "the other node says that it is done, and holds them still"
    ACQUIRED = "every group has been decided here"
    TIMEOUT = "the other node did not answer in time"
    PEER_GONE = "the other node died, left or was started anew"
    LEAVING = "this node leaves, or has lost what it held"


class MoveAction(Enum):
    """What follows."""

    SAY_ME = "say me"
    SAY_OTHER = "say other"
    SAY_DONE = "say done"
    WAIT_ANSWER = "wait for an answer"
    WAIT_BEGINNING = "wait for the other to begin"
    WAIT_WORK = "wait for the other's scripts"
    STOP_WAITING = "wait no more"
    REPORT_GIVING = "report that we are about to give"
    RELEASE = "release"
    DROP = "claim them no more"
    TAKE_BACK = "acquire again what was being given"
    CLAIM = "claim"
    ACQUIRE = "acquire"
    COMPLETE = "completed"
    CANCEL = "cancelled"
    SETTLE = "report what we hold"


_M, _S, _A = Move, MoveSeen, MoveAction

TABLE: Table[Move, MoveSeen, MoveAction] = Table(
    "Standby",
    Move,
    MoveSeen,
    {
        (_M.NONE, _S.ASK): Rule(_M.ASKED, (_A.WAIT_ANSWER, _A.SAY_ME)),
        (_M.NONE, _S.PEER_ASKS): Rule(_M.GRANTED, (_A.WAIT_BEGINNING, _A.SAY_OTHER)),
        (_M.NONE, _S.LATE_DONE): Rule(_M.ACQUIRING, (_A.CLAIM, _A.ACQUIRE)),
        (_M.ASKED, _S.PEER_GRANTS): Rule(_M.RELEASING, (_A.STOP_WAITING, _A.REPORT_GIVING, _A.RELEASE)),
        (_M.ASKED, _S.CROSSING_LOST): Rule(_M.GRANTED, (_A.CANCEL, _A.WAIT_BEGINNING, _A.SAY_OTHER)),
        (_M.ASKED, _S.PEER_REFUSES): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL, _A.SETTLE)),
        (_M.ASKED, _S.TIMEOUT): Rule(_M.NONE, (_A.CANCEL, _A.SETTLE)),
        (_M.ASKED, _S.PEER_GONE): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL)),
        (_M.ASKED, _S.LEAVING): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL)),
        (_M.RELEASING, _S.RELEASED): Rule(_M.HANDED, (_A.DROP, _A.WAIT_WORK, _A.SAY_DONE)),
        (_M.RELEASING, _S.PEER_GONE): Rule(_M.NONE, (_A.TAKE_BACK, _A.CANCEL)),
        (_M.RELEASING, _S.LEAVING): Rule(_M.NONE, (_A.CANCEL,)),
        (_M.HANDED, _S.PEER_DONE): Rule(_M.NONE, (_A.STOP_WAITING, _A.COMPLETE, _A.SETTLE)),
        (_M.HANDED, _S.TIMEOUT): Rule(_M.NONE, (_A.CANCEL, _A.SETTLE)),
        (_M.HANDED, _S.PEER_GONE): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL)),
        (_M.HANDED, _S.LEAVING): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL)),
        (_M.GRANTED, _S.PEER_DONE): Rule(_M.ACQUIRING, (_A.STOP_WAITING, _A.CLAIM, _A.ACQUIRE)),
        (_M.GRANTED, _S.PEER_GIVES): Rule(_M.GRANTED, (_A.WAIT_WORK,)),
        (_M.GRANTED, _S.NOT_RELEASED): Rule(
            _M.NONE, (_A.STOP_WAITING, _A.SAY_DONE, _A.CANCEL, _A.SETTLE)
        ),
        (_M.GRANTED, _S.PEER_REFUSES): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL, _A.SETTLE)),
        (_M.GRANTED, _S.TIMEOUT): Rule(_M.NONE, (_A.CANCEL, _A.SETTLE)),
        (_M.GRANTED, _S.PEER_GONE): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL)),
        (_M.GRANTED, _S.LEAVING): Rule(_M.NONE, (_A.STOP_WAITING, _A.CANCEL)),
        (_M.ACQUIRING, _S.ACQUIRED): Rule(_M.NONE, (_A.SETTLE, _A.SAY_DONE, _A.COMPLETE)),
        (_M.ACQUIRING, _S.PEER_GONE): Rule(_M.NONE, (_A.COMPLETE,)),
        (_M.ACQUIRING, _S.LEAVING): Rule(_M.NONE, (_A.CANCEL,)),
    },
    ignored={
        *((move, _S.PEER_GIVES) for move in _M if move is not _M.GRANTED),
        *((move, _S.LATE_DONE) for move in _M if move is not _M.NONE),
        *((move, _S.NOT_RELEASED) for move in _M if move is not _M.GRANTED),
        (_M.GRANTED, _S.PEER_ASKS),
        (_M.NONE, _S.CROSSING_LOST),
        (_M.NONE, _S.PEER_GRANTS),
        (_M.NONE, _S.PEER_REFUSES),
        (_M.NONE, _S.RELEASED),
        (_M.NONE, _S.PEER_DONE),
        (_M.NONE, _S.ACQUIRED),
        (_M.NONE, _S.TIMEOUT),
        (_M.NONE, _S.PEER_GONE),
        (_M.NONE, _S.LEAVING),
        # one move at a time: whoever asks again is told so, or hears nothing, as from the original
        (_M.ASKED, _S.ASK),
        (_M.ASKED, _S.PEER_ASKS),
        (_M.RELEASING, _S.ASK),
        (_M.RELEASING, _S.PEER_ASKS),
        (_M.HANDED, _S.ASK),
        (_M.HANDED, _S.PEER_ASKS),
        (_M.GRANTED, _S.ASK),
        (_M.ACQUIRING, _S.ASK),
        (_M.ACQUIRING, _S.PEER_ASKS),
        (_M.ASKED, _S.PEER_DONE),
        (_M.ASKED, _S.RELEASED),
        (_M.ASKED, _S.ACQUIRED),
        (_M.RELEASING, _S.CROSSING_LOST),
        (_M.RELEASING, _S.PEER_GRANTS),
        (_M.RELEASING, _S.PEER_REFUSES),
        (_M.RELEASING, _S.PEER_DONE),
        (_M.RELEASING, _S.ACQUIRED),
        (_M.RELEASING, _S.TIMEOUT),
        (_M.HANDED, _S.CROSSING_LOST),
        (_M.HANDED, _S.PEER_GRANTS),
        (_M.HANDED, _S.PEER_REFUSES),
        (_M.HANDED, _S.RELEASED),
        (_M.HANDED, _S.ACQUIRED),
        (_M.GRANTED, _S.CROSSING_LOST),
        (_M.GRANTED, _S.PEER_GRANTS),
        (_M.GRANTED, _S.RELEASED),
        (_M.GRANTED, _S.ACQUIRED),
        (_M.ACQUIRING, _S.CROSSING_LOST),
        (_M.ACQUIRING, _S.PEER_GRANTS),
        (_M.ACQUIRING, _S.PEER_REFUSES),
        (_M.ACQUIRING, _S.RELEASED),
        (_M.ACQUIRING, _S.PEER_DONE),
        (_M.ACQUIRING, _S.TIMEOUT),
    },
)
