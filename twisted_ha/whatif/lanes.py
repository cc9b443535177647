"""
What was the case, when: a lane for each node, each link, and each group on each node.

Lanes are what pictures are drawn from, and what the users of a service feel is counted from.  They are
made of facts, not of what a daemon believes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from twisted_ha.sim.observed import (
    Condition,
    LifeChanged,
    Observed,
    OperationBegan,
    OperationEnded,
    PowerChanged,
)
from twisted_ha.sim.scenario import Story
from twisted_ha.sim.weather import CLEAR
from twisted_ha.sim.world import World

__all__ = ["Lane", "Lanes", "LinkState", "NodeState", "RunState", "Spell", "State", "watch"]


class NodeState(Enum):
    """What a machine and its daemon do."""

    OFF = "off"
    """No power."""
    IDLE = "no daemon"
    HELD = "stalled"
    """The daemon, or the whole machine, does not run."""
    UP = "up"


class LinkState(Enum):
    """What a cable carries."""

    WHOLE = "whole"
    POOR = "poor"
    """It loses, doubles, delays or damages packets."""
    ONE_WAY = "one way"
    CUT = "cut"


class RunState(Enum):
    """What a group does on one machine."""

    STOPPED = "stopped"
    CHANGING = "starting or stopping"
    RUNNING = "running"


State = NodeState | LinkState | RunState


@dataclass(frozen=True, slots=True)
class Spell:
    """
    A time in which nothing changed.

    @ivar begin: seconds since the beginning of the simulation; so is C{end}.
    """

    begin: float
    end: float
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """
    The spells of one thing, without gaps, from the beginning to the end.

    @ivar name: the node, link or group.
    @ivar node: on which node a group is looked at; empty for what is no group.
    """

    name: str
    node: str = ""
    spells: tuple[Spell, ...]

    def at(self, when: float) -> State:
        """What was the case at an instant; a change counts from its instant on."""
        for spell in reversed(self.spells):
            if spell.begin <= when:
                return spell.state
        return self.spells[0].state

    @property
    def changes(self) -> Iterable[float]:
        """When something changed."""
        return (spell.begin for spell in self.spells[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """
    All of them.

    @ivar seconds: how long they are.
    @ivar groups: by group, one for each node, in the order of the files.
    """

    seconds: float
    nodes: tuple[Lane, ...]
    links: tuple[Lane, ...]
    groups: tuple[tuple[Lane, ...], ...]

    @property
    def all(self) -> Iterable[Lane]:
        """Nodes, links, groups."""
        yield from self.nodes
        yield from self.links
        for lanes in self.groups:
            yield from lanes


class _Strip:
    """A lane while it is made."""

    def __init__(self, state: State) -> None:
        self._marks: list[tuple[float, State]] = [(0.0, state)]

    def put(self, at: float, state: State) -> None:
        """From C{at} on it is so."""
        if self._marks[-1][1] is state:
            return
        if self._marks[-1][0] == at:
            self._marks.pop()
        if not self._marks or self._marks[-1][1] is not state:
            self._marks.append((at, state))

    def spells(self, end: float) -> tuple[Spell, ...]:
        """All spells, up to the end of the simulation."""
        ends = [at for at, _ in self._marks[1:]] + [end]
        return tuple(Spell(at, to, state) for (at, state), to in zip(self._marks, ends, strict=True))


def watch(world: World, story: Story) -> Callable[[], Lanes]:
    """
    Follow a world that has not begun.

    @return: what gives the lanes when it has ended.
    """
    links = {
        name: _Strip(LinkState.WHOLE)
        for name, segment in world.network.segments.items()
        if segment.kind != "ping"
    }

    def look() -> None:
        for name, strip in links.items():
            strip.put(world.time.now, _linkState(world, name))

    # Nothing but a deed changes a cable, so it is enough to look after each.  Calls of one instant run
    # in the order in which they were made, and the story's were made before.
    for at in {step.at for step in story.steps}:
        world.after(at, look)
    return lambda: _lanes(world, links)


def _linkState(world: World, name: str) -> LinkState:
    paths = [path for _, _, path in world.network.paths(name)]
    cut = sum(path.cut for path in paths)
    if cut:
        return LinkState.CUT if cut == len(paths) else LinkState.ONE_WAY
    return LinkState.POOR if any(path.weather is not CLEAR for path in paths) else LinkState.WHOLE


def _lanes(world: World, links: dict[str, _Strip]) -> Lanes:
    end = world.time.now
    nodes = {name: _Strip(NodeState.OFF) for name in world.machines}
    runs = {
        (group.key, name): _Run([one.token for one in group.resources])
        for group in world.setup.config.groups
        for name in world.machines
    }
    for at, seen in world.history:
        state = _nodeState(seen)
        if state is not None:
            nodes[seen.node].put(at, state)
        if isinstance(seen, PowerChanged):
            for (_, name), run in runs.items():
                if name == seen.node:
                    run.dark(at)
        elif isinstance(seen, (OperationBegan, OperationEnded)):
            runs[seen.group, seen.node].take(at, seen)
    return Lanes(
        seconds=end,
        nodes=tuple(Lane(name=name, spells=strip.spells(end)) for name, strip in nodes.items()),
        links=tuple(Lane(name=name, spells=strip.spells(end)) for name, strip in links.items()),
        groups=tuple(
            tuple(
                Lane(name=group.key, node=name, spells=runs[group.key, name].strip.spells(end))
                for name in world.machines
            )
            for group in world.setup.config.groups
        ),
    )


_LIVES = {
    "started": NodeState.UP,
    "resumed": NodeState.UP,
    "paused": NodeState.HELD,
    "stopped": NodeState.IDLE,
    "killed": NodeState.IDLE,
    "refused": NodeState.IDLE,
}


def _nodeState(seen: Observed) -> NodeState | None:
    """What a fact says of its node; a daemon's end that comes of its machine's changes nothing."""
    if isinstance(seen, PowerChanged):
        return NodeState.IDLE if seen.on else NodeState.OFF
    if isinstance(seen, LifeChanged) and seen.detail != "no power":
        return _LIVES[seen.what]
    return None


class _Run:
    """What one group does on one machine, resource by resource."""

    def __init__(self, tokens: list[str]) -> None:
        self.strip = _Strip(RunState.STOPPED)
        self._conditions = dict.fromkeys(tokens, Condition.STOPPED)

    def take(self, at: float, seen: OperationBegan | OperationEnded) -> None:
        """An operation began or ended."""
        before = self._conditions[seen.resource]
        if isinstance(seen, OperationEnded):
            self._conditions[seen.resource] = seen.condition
        elif seen.verb == "start" and before is Condition.STOPPED:
            self._conditions[seen.resource] = Condition.STARTING
        elif seen.verb == "stop" and before.standing:
            self._conditions[seen.resource] = Condition.STOPPING
        self._put(at)

    def dark(self, at: float) -> None:
        """The machine lost its power, or has it and runs nothing yet."""
        self._conditions = dict.fromkeys(self._conditions, Condition.STOPPED)
        self._put(at)

    def _put(self, at: float) -> None:
        conditions = set(self._conditions.values())
        if conditions <= {Condition.RUNNING}:
            state = RunState.RUNNING
        elif any(one.standing for one in conditions):
            state = RunState.CHANGING
        else:
            state = RunState.STOPPED
        self.strip.put(at, state)
