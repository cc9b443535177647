"""
Stories: what happens to a cluster, as sentences.

    at 10s cut eth1; at 30s power off alpha; at 60s power on alpha; at 90s standby all on beta

Each sentence is a time and a deed; C{after 5s} counts from the sentence before.  A deed is one entry of
L{DEEDS}: a pattern, and a function that does it.  A story prints as it was written, so a shrunk one can
be pasted into a test or a bug report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from twisted_ha.errors import HeartbeatError
from twisted_ha.sim.deeds import DEEDS, Deed
from twisted_ha.sim.setup import Setup
from twisted_ha.sim.world import World

__all__ = ["Step", "Story", "StoryError", "parseStory", "seconds"]


class StoryError(HeartbeatError):
    """
    A sentence of a story cannot be understood.

    @ivar position: where it begins in the text, counted from 1.
    @ivar reason: what is wrong with it, and what could be written.
    @ivar word: the word that is wrong; empty if it is the sentence.
    """

    def __init__(self, position: int, sentence: str, reason: str, word: str = "") -> None:
        self.position = position
        self.sentence = sentence
        self.reason = reason
        self.word = word
        super().__init__(f'story, character {position}: "{sentence}": {reason}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One sentence.

    @ivar at: seconds since the beginning.
    @ivar text: the deed, without its time.
    """

    at: float
    text: str
    deed: Deed
    words: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"at {self.at:g}s {self.text}"

    def perform(self, world: World) -> None:
        """Do it."""
        world.fault(self.text)
        self.deed.do(world, dict(self.words))
        world.sky.look()


@dataclass(frozen=True, slots=True)
class Story:
    """
    A story: steps in the order of their times.

    @ivar until: how long to go on watching, in seconds since the beginning; L{None} for as long as the
        invariants need.
    """

    steps: tuple[Step, ...] = ()
    until: float | None = None

    def __str__(self) -> str:
        sentences = [str(step) for step in self.steps]
        if self.until is not None:
            sentences.append(f"until {self.until:g}s")
        return "; ".join(sentences)

    def without(self, steps: Iterable[Step]) -> Story:
        """The same story without some of its steps."""
        left_out = set(map(id, steps))
        return replace(self, steps=tuple(step for step in self.steps if id(step) not in left_out))

    def schedule(self, world: World) -> None:
        """Let it happen in a world that has not begun."""
        for step in self.steps:
            world.after(max(0.0, step.at - world.time.now), step.perform, world)


_TIME = re.compile(r"(?:(?P<how>at|after)\s+(?P<when>\S+)\s+)?(?P<deed>.*)", re.IGNORECASE | re.DOTALL)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """
    A duration: C{10}, C{10s}, C{250ms}, C{5min}, C{1h}.

    @raise ValueError: it is not one.
    """
    found = _DURATION.fullmatch(text.lower())
    if found is None:
        raise ValueError(f'"{text}" is not a duration; write 10s, 250ms, 5min or 1h')
    return float(found[1]) * _UNITS[found[2]]


def parseStory(text: str, setup: Setup) -> Story:
    """
    Read a story.  Sentences end at a semicolon or at the end of a line; C{#} begins a comment.

    @param setup: whose nodes, links and resources the story may name.
    @raise StoryError: a sentence cannot be understood, or names something that does not exist.
    """
    steps: list[Step] = []
    until: float | None = None
    now = 0.0
    for position, sentence in _sentences(text):
        found = _TIME.fullmatch(sentence)
        assert found is not None
        try:
            if sentence.lower().startswith("until "):
                until = seconds(sentence[6:].strip())
                continue
            if found["when"] is not None:
                when = seconds(found["when"])
                now = now + when if found["how"].lower() == "after" else when
        except ValueError as error:
            raise StoryError(position, sentence, str(error)) from None
        steps.append(_step(position, sentence, found["deed"].strip(), now, setup))
    steps.sort(key=lambda step: step.at)
    return Story(tuple(steps), until)


def _sentences(text: str) -> Iterable[tuple[int, str]]:
    place = 0
    for line in text.split("\n"):
        bare = line.split("#", 1)[0]
        column = 0
        for part in bare.split(";"):
            sentence = " ".join(part.split())
            if sentence:
                skipped = len(part) - len(part.lstrip())
                yield place + column + skipped + 1, sentence
            column += len(part) + 1
        place += len(line) + 1


def _step(position: int, sentence: str, text: str, at: float, setup: Setup) -> Step:
    for deed in sorted(DEEDS, key=lambda one: one.pattern.groups):
        found = deed.pattern.fullmatch(text)
        if found is not None:
            words = {name: word for name, word in found.groupdict().items() if word is not None}
            for name, word in words.items():
                complaint = _complaint(name, word, setup)
                if complaint is not None:
                    raise StoryError(position, sentence, complaint, word)
            return Step(at=at, text=text, deed=deed, words=tuple(words.items()))
    raise StoryError(position, sentence, _hint(text))


def _hint(text: str) -> str:
    if not text or re.fullmatch(r"(at|after) \S+", text, re.IGNORECASE):
        return "nothing is said to happen then"
    word = text.split()[0].lower()
    firsts = sorted({deed.form.split()[0] for deed in DEEDS})
    if word in firsts:
        forms = [deed.form for deed in DEEDS if deed.form.split()[0] == word]
        return "write " + ", or ".join(f'"{form}"' for form in forms)
    close = get_close_matches(word, firsts, 1)
    meant = f'; did you mean "{close[0]}"?' if close else ";"
    return f'nobody knows how to "{word}"{meant} Known: {", ".join(firsts)}'


def _complaint(name: str, word: str, setup: Setup) -> str | None:
    """What is wrong with one word; the name of its group in the pattern says what it should be."""
    checks: dict[str, Callable[[], Sequence[str]]] = {
        "node": lambda: setup.config.nodes,
        "source": lambda: (*setup.config.nodes, *setup.config.pingNodes),
        "target": lambda: (*setup.config.nodes, *setup.config.pingNodes),
        "link": lambda: linkNames(setup),
        "host": lambda: setup.config.pingNodes,
        "resource": lambda: [
            resource.token for group in setup.config.groups for resource in group.resources
        ],
    }
    if name == "seconds":
        try:
            seconds(word)
        except ValueError as error:
            return str(error)
    if name in checks:
        known = checks[name]()
        if word not in known:
            what = {"source": "node", "target": "node", "host": "ping node"}.get(name, name)
            return f'there is no {what} "{word}"; there are {", ".join(known) or "none"}'
    return None


def linkNames(setup: Setup) -> list[str]:
    """The wires of a cluster, by the names stories use; ping nodes have theirs."""
    names = [
        getattr(medium, "interface", None) or getattr(medium, "device", None) or ""
        for medium in setup.config.media
    ]
    return [*dict.fromkeys(name for name in names if name), *setup.config.pingNodes]
