"""What a story of the matrix is, where all of them are, and the turns of phrase they share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.matrix.stage import Stage

__all__ = [
    "NODES",
    "STORIES",
    "Story",
    "eachItsOwn",
    "everything",
    "healed",
    "insist",
    "story",
    "storyOfEach",
    "takesPart",
]


@dataclass(frozen=True, slots=True)
class Story:
    """
    One story.

    @ivar tell: tells it.
    @ivar text: in words.
    @ivar deadtime: seconds, if it needs another than the setting has.
    @ivar stage: what it is told on.
    """

    name: str
    tell: Callable[[Stage], None]
    text: str
    deadtime: float | None = None
    stage: type[Stage] = Stage


STORIES: dict[str, Story] = {}
NODES = ("alpha", "beta")
_Told = Callable[[Stage], None]
_ToldOf = Callable[[Stage, str], None]


def _add(name: str, tell: _Told, text: str | None, deadtime: float | None) -> None:
    STORIES[name] = Story(name, tell, " ".join((text or "").split()), deadtime)


def story(name: str, deadtime: float | None = None) -> Callable[[_Told], _Told]:
    """A story about the pair."""

    def decorate(tell: _Told) -> _Told:
        _add(name, tell, tell.__doc__, deadtime)
        return tell

    return decorate


def storyOfEach(name: str, deadtime: float | None = None) -> Callable[[_ToldOf], _ToldOf]:
    """A story about one of the machines, told of C{alpha} and of C{beta}."""

    def decorate(tell: _ToldOf) -> _ToldOf:
        for node in NODES:
            text = (tell.__doc__ or "").replace("C{node}", node)
            _add(f"{name}-{node}", functools.partial(tell, node=node), text, deadtime)
        return tell

    return decorate


def everything(node: str) -> dict[str, str]:
    """What they say when C{node} holds all of it."""
    return {name: "all" if name == node else "none" for name in NODES}


def eachItsOwn(stage: Stage) -> dict[str, str]:
    """What they say once both are back: with failback each has its own, else nobody has promised."""
    return {"alpha": "local", "beta": "local"} if stage.setting.failback == "on" else {}


def takesPart(stage: Stage, name: str) -> None:
    stage.until(f"{name} takes part", lambda: stage[name].holdings() not in ("down", "transition"), 40.0)


def healed(stage: Stage) -> None:
    """The original restarts itself once it has noticed; nobody is settled before that."""
    for name in NODES:
        if not stage.isOurs(name):
            stage[name].expect("returning after partition", 15.0)
            stage[name].expect("Heartbeat restart triggered", 30.0)


def insist(stage: Stage, node: str, verb: str, resources: str, wanted: dict[str, str]) -> None:
    """
    Ask as an operator does who sees that nothing happened: the original drops a request that overtook
    a report ("Other side is in flux"), and tells nobody.
    """
    for _ in range(4):
        stage.request(node, verb, resources)
        try:
            stage.until("it moves", lambda: not stage.wrong(**wanted), 15.0)
        except AssertionError:
            continue
        return
