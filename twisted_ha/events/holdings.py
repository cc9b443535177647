"""Who claims what, and moves of groups between nodes."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import LogLevel

from twisted_ha.events.base import Event
from twisted_ha.frozen import dataclass
from twisted_ha.terms import NodeName

__all__ = [
    "FailbackStarted",
    "HoldingsChanged",
    "HoldingsConflict",
    "PeerHoldingsChanged",
    "PeerShutDown",
    "ShutdownFinished",
    "ShutdownRequested",
    "StandbyFinished",
    "StandbyRefused",
    "StandbyRequested",
    "StandbyStep",
    "TakeoverCompleted",
    "TakeoverRefused",
    "TakeoverStarted",
    "TransitionCompleted",
    "UnclaimedResources",
]


def _held(holdings: str, stable: bool) -> str:
    """A report of holdings in words; C{local} and C{foreign} are seen from the node that reports."""
    what = {"none": "no resources", "all": "all resources"}.get(holdings, f"the {holdings} resources")
    return what if stable else f"{what}, in transition"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsChanged(Event):
    """What this node claims to hold changed, or settled."""

    holdings: str
    stable: bool
    why: str

    def render(self) -> str:
        """The sentence people read."""
        return f"this node has {_held(self.holdings, self.stable)}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerHoldingsChanged(Event):
    """The other node reported other holdings, in its own words."""

    node: NodeName
    holdings: str
    stable: bool

    def render(self) -> str:
        """The sentence people read."""
        return f"{self.node} says it has {_held(self.holdings, self.stable)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsConflict(Event):
    """
    Both nodes claim the same class of groups.

    @ivar resources: the class in our words.
    @ivar resolution: what follows, in words.
    """

    level: ClassVar = LogLevel.error
    text: ClassVar = "Both machines own our {resources} resources! {resolution}"
    node: NodeName
    resources: str
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimedResources(Event):
    """Nobody claims a class of groups while both nodes are settled."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "No one owns {resources} resources! {resolution}"
    resources: str
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionCompleted(Event):
    """One side has settled: C{who} is C{"local"} or C{"remote"}."""

    text: ClassVar = "{who} resource transition completed."
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverStarted(Event):
    """Groups of a node that died or left are being taken."""

    text: ClassVar = "Resources being acquired from {node}."
    node: NodeName
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverCompleted(Event):
    """
    Every group of a takeover has been decided.

    @ivar groups: those that run here now; one that would not start has said so itself.
    @ivar seconds: from the decision to the last group.
    """

    text: ClassVar = "mach_down takeover complete for node {node}. (took [{groups}] in {seconds:.3f} s)"
    node: NodeName
    groups: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyRequested(Event):
    """A node wants to give up groups; C{resources} in that node's words."""

    text: ClassVar = "{node} wants to go standby [{resources}]"
    node: NodeName
    resources: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyRefused(Event):
    """
    A wish to go standby leads to nothing; C{reason} says why.

    @ivar node: the one that wishes it.
    @ivar step: the word of the move that was refused: C{me}.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "standby message [{step}] from {node} ignored.  {reason}"
    node: NodeName
    step: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverRefused(Event):
    """
    The other node was asked to give groups, and says no.

    @ivar node: the one that was asked.
    @ivar reason: in its words.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "takeover refused by {node}.  {reason}"
    node: NodeName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyStep(Event):
    """One step of a planned move; C{message} is the line heartbeat prints for it."""

    text: ClassVar = "{message}"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyFinished(Event):
    """
    A planned move ended.

    @ivar resources: in the giver's words.
    @ivar outcome: C{"completed"}, C{"cancelled"} or C{"failed"}.
    @ivar seconds: from the request to here.
    """

    text: ClassVar = "standby of {giver} [{resources}] {outcome} after {seconds:.3f} s{reason}"
    giver: NodeName
    resources: str
    outcome: str
    seconds: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailbackStarted(Event):
    """Groups go back to the node whose line names it (C{auto_failback on})."""

    text: ClassVar = "{node} is back and stable: giving its resources back (auto_failback)"
    node: NodeName


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownRequested(Event):
    """This node hands over and leaves."""

    text: ClassVar = "Heartbeat shutdown in progress. ({pid})"
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownFinished(Event):
    """Everything this node held is released, as far as it could be."""

    text: ClassVar = "All HA resources relinquished."


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerShutDown(Event):
    """The other node has released everything and leaves."""

    text: ClassVar = "Received shutdown notice from '{node}'."
    node: NodeName
