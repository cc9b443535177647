"""What the users of a service would have felt: when nobody served it, when two did, and why."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from twisted_ha.events import NodeDied
from twisted_ha.sim.observed import FaultMade, NodeSaid, Observed, OperationBegan, OperationEnded
from twisted_ha.whatif.lanes import Lane, RunState, State

__all__ = ["Felt", "Silence", "feltBy"]

History = Sequence[tuple[float, Observed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """
    A time in which a group that had been served was not, or was by two machines.

    @ivar begin: seconds since the beginning of the simulation; so is C{end}.
    @ivar over: it ended before the simulation did.
    @ivar why: what had been done to the cluster last, and what the time was spent with.
    """

    begin: float
    end: float
    over: bool
    why: str = ""

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """
    What the users of one group felt.

    @ivar first: when it was served for the first time; L{None} for never.
    @ivar silences: when nobody served it after that.
    @ivar doubles: when it ran, whole or in parts, on two machines.
    @ivar owners: who runs any of it in the end.
    """

    group: str
    first: float | None
    silences: tuple[Silence, ...]
    doubles: tuple[Silence, ...]
    owners: tuple[str, ...]

    @property
    def silent(self) -> float:
        """Seconds without an owner."""
        return sum(one.seconds for one in self.silences)

    @property
    def longest(self) -> Silence | None:
        """The longest time without an owner."""
        return max(self.silences, key=lambda one: one.seconds, default=None)

    @property
    def doubled(self) -> float:
        """Seconds with two owners."""
        return sum(one.seconds for one in self.doubles)


def feltBy(lanes: Sequence[Lane], history: History) -> Felt:
    """
    Count it.

    @param lanes: of one group, one for each node.
    @param history: the facts, for the reasons.
    """
    end = lanes[0].spells[-1].end
    served = list(_spans(lanes, lambda states: RunState.RUNNING in states))
    first = served[0][0] if served else None
    silences = [
        Silence(begin=begin, end=to, over=to < end, why=_why(lanes[0].name, begin, to, history))
        for begin, to in _spans(lanes, lambda states: RunState.RUNNING not in states)
        if first is not None and begin > first
    ]
    doubles = [
        Silence(begin=begin, end=to, over=to < end, why=_cause(begin, history))
        for begin, to in _spans(lanes, lambda states: sum(_standing(states)) > 1)
    ]
    return Felt(
        group=lanes[0].name,
        first=first,
        silences=tuple(silences),
        doubles=tuple(doubles),
        owners=tuple(lane.node for lane in lanes if lane.spells[-1].state is not RunState.STOPPED),
    )


def _standing(states: Iterable[State]) -> Iterator[bool]:
    return (state is not RunState.STOPPED for state in states)


def _spans(lanes: Sequence[Lane], holds: Callable[[list[State]], bool]) -> Iterator[tuple[float, float]]:
    """The times in which something holds of the states on all machines; touching ones are one."""
    end = lanes[0].spells[-1].end
    marks = sorted({0.0, *(at for lane in lanes for at in lane.changes)})
    begin: float | None = None
    for at in marks:
        if holds([lane.at(at) for lane in lanes]):
            begin = at if begin is None else begin
        elif begin is not None:
            yield begin, at
            begin = None
    if begin is not None and begin < end:
        yield begin, end


def _cause(at: float, history: History) -> str:
    """The last thing that was done to the cluster before an instant."""
    place = bisect_right(history, at, key=lambda entry: entry[0])
    for when, seen in reversed(history[:place]):
        if isinstance(seen, FaultMade):
            return f"{seen.text} at {when:.1f} s"
    return "nothing had been done to the cluster"


def _unstarted(group: str, during: History) -> str:
    """Why nobody began to start a group in a time in which it did not run."""
    for _, seen in during:
        if (
            isinstance(seen, OperationEnded)
            and seen.verb == "stop"
            and seen.group == group
            and not seen.ok
        ):
            return f"{seen.resource} would not stop on {seen.node} and went on"
    if any(isinstance(seen, OperationEnded) and seen.group == group for _, seen in during):
        return "it was being started already"
    return "nobody began to start it"


def _why(group: str, begin: float, end: float, history: History) -> str:
    """The cause, and who used up the time: first the decision, then the scripts."""
    parts = [_cause(begin, history)]
    first = bisect_right(history, begin - 1e-9, key=lambda entry: entry[0])
    last = bisect_right(history, end, key=lambda entry: entry[0])
    during = history[first:last]
    starts = [
        (at, seen)
        for at, seen in during
        if isinstance(seen, OperationBegan) and seen.verb == "start" and seen.group == group
    ]
    if not starts:
        return "; ".join([*parts, _unstarted(group, during)])
    began, start = starts[0]
    deaths = [
        (at, seen.event.node)
        for at, seen in during
        if isinstance(seen, NodeSaid) and isinstance(seen.event, NodeDied) and seen.node == start.node
        if at <= began and not seen.event.ping
    ]
    if deaths:
        at, dead = deaths[-1]
        parts.append(f"{at - begin:.2f} s until {start.node} declared {dead} dead")
        if began - at > 0.01:
            parts.append(f"{began - at:.2f} s until it began to start the group")
    else:
        parts.append(f"{began - begin:.2f} s until {start.node} began to start it")
    parts.append(f"{end - began:.2f} s for its scripts")
    return "; ".join(parts)
