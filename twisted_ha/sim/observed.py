"""
What can be seen from outside: the facts the invariants are asked about and the timeline is made of.

These are not events of the cluster, which a node believes; they are what is the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from twisted_ha.events import Event

__all__ = [
    "Condition",
    "FaultMade",
    "LifeChanged",
    "NodeSaid",
    "Observed",
    "OperationBegan",
    "OperationEnded",
    "PowerChanged",
    "Reset",
    "ResetAsked",
    "StrangerHeard",
    "Wreck",
]


class Condition(Enum):
    """What a resource really does on one machine, whatever anybody believes."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"

    @property
    def standing(self) -> bool:
        """Whether any of it may be there."""
        return self is not Condition.STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """
    One fact.

    @ivar node: on which machine; empty for the world as a whole.
    """

    node: str

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMade(Observed):
    """A step of the story was done."""

    text: str

    def __str__(self) -> str:
        return f"* {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerChanged(Observed):
    """A machine was switched on or lost its power."""

    on: bool

    def __str__(self) -> str:
        return "the machine has power" if self.on else "the machine has lost its power"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAsked(Observed):
    """C{source} asks the power switch to reset a machine."""

    source: str

    def __str__(self) -> str:
        return f"{self.source} asks for a reset of {self.node}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Observed):
    """The power switch resets a machine, because C{source} asked."""

    source: str

    def __str__(self) -> str:
        return f"* the power switch resets {self.node}, as {self.source} asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeChanged(Observed):
    """
    The daemon on a machine began, ended, was held or goes on.

    @ivar what: C{"started"}, C{"stopped"}, C{"killed"}, C{"paused"}, C{"resumed"} or C{"refused"}.
    """

    what: str
    life: int
    detail: str = ""

    def __str__(self) -> str:
        return f"daemon {self.life} {self.what}{': ' if self.detail else ''}{self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationBegan(Observed):
    """
    An agent runs.

    @ivar by: whose it is: the number of a daemon's life, or 0 for the guardian.
    @ivar overlapping: what else was running on the same resource then: operation and whose.
    """

    group: str
    resource: str
    verb: str
    by: int
    overlapping: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        who = "" if self.by else " (guardian)"
        return f"{self.resource} {self.verb} begins{who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEnded(Observed):
    """An agent has ended; C{condition} is what the resource really does now."""

    group: str
    resource: str
    verb: str
    by: int
    ok: bool
    condition: Condition

    def __str__(self) -> str:
        how = "ok" if self.ok else "FAILED"
        return f"{self.resource} {self.verb} {how}: {self.condition.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSaid(Observed):
    """A daemon published an event."""

    event: Event
    life: int

    def __str__(self) -> str:
        return self.event.render()


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerHeard(Observed):
    """
    A daemon was given a frame that nobody with our keys has just sent.

    @ivar what: C{"replayed"}, C{"damaged"}, C{"noise"} or C{"forged"}; C{"late"} for a replayed frame
        that nobody can tell from the real one: it was lost on its way here, or this life has not heard
        its sender yet and no earlier one has kept that it did (L{twisted_ha.sim.ledger}).
    @ivar changed: it believes something else now.
    """

    what: str
    changed: bool
    life: int

    def __str__(self) -> str:
        return f"a {self.what} frame{' CHANGED what it believes' if self.changed else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wreck(Observed):
    """Something in a daemon raised: a bug, whatever else it did."""

    text: str

    def __str__(self) -> str:
        return f"BUG: {self.text}"
