"""
The state of the original's resource half: the variables and predicates of resource-management.md
sections 4.1 and 4.2, under their own names.
"""

from __future__ import annotations

from enum import IntEnum

from twisted_ha.terms import ResourceSet

__all__ = ["ALL", "FOREIGN", "LOCAL", "NONE", "Holdings", "Phase", "Standby", "wordSet"]

NONE, LOCAL, FOREIGN, ALL = (
    ResourceSet.NONE,
    ResourceSet.LOCAL,
    ResourceSet.FOREIGN,
    ResourceSet.ALL,
)


class Phase(IntEnum):
    """How far a start has come."""

    INIT = 0
    STARTING = 1
    BOTHSTARTING = 2
    RSCRCVD = 3
    STABLE = 4
    SHUTDOWN = 5


class Standby(IntEnum):
    """Where a standby stands."""

    NOT = 0
    ME = 1
    OTHER = 2
    DONE = 3


def wordSet(word: str | None) -> ResourceSet:
    """An unknown word is read as C{none}."""
    try:
        return ResourceSet.ofWord(word or "none")
    except KeyError:
        return NONE


class Holdings:
    """The variables."""

    def __init__(self) -> None:
        self.phase = Phase.INIT
        self.mine = NONE
        self.theirs = NONE
        self.peerStable = False
        self.takingOver = False
        self.standby = Standby.NOT
        self.standbyUntil: float | None = None
        self.standbyType = ALL
        self.jobs = 0
        self.t10: float | None = None
        self.wantFailback = False
        self.wantShutdown = False
        self.shuttingDown = False
        self.releasing = False
        self.restartAfter = False

    @property
    def settled(self) -> bool:
        """C{STABLE?}: whether a shutdown may begin."""
        if self.shuttingDown and self.phase is Phase.INIT:
            return True
        return (
            self.peerStable
            and not self.takingOver
            and self.standby is Standby.NOT
            and self.standbyUntil is None
            and self.jobs == 0
            and self.phase in (Phase.STABLE, Phase.SHUTDOWN, Phase.INIT)
        )
