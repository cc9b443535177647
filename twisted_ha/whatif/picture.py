"""
The lanes of a simulation as a picture: SVG, written by hand, and PNG where a converter is installed.

An SVG is text that every browser shows and every report takes in; so it needs nobody's library.  A PNG
does: C{cairosvg}, the extra C{plot}.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from xml.sax.saxutils import escape

from twisted_ha.errors import HeartbeatError
from twisted_ha.whatif.axis import label, ticks
from twisted_ha.whatif.felt import Felt, Silence
from twisted_ha.whatif.lanes import Lane, LinkState, NodeState, RunState, State
from twisted_ha.whatif.outcome import Outcome

__all__ = ["PictureError", "svg", "writePicture"]

WIDTH = 1100
RIGHT = 24
ROW = 24
BAR = 14
LETTER = 7.2
"""Pixels that a letter of a name takes, at most."""
LONGEST = 34
"""Letters of a name that are shown."""

_COLOURS: Mapping[State, str] = {
    NodeState.UP: "#5b8db8",
    NodeState.IDLE: "#d3dde6",
    NodeState.HELD: "#e3a83b",
    LinkState.WHOLE: "#8c8c8c",
    LinkState.POOR: "#e3a83b",
    LinkState.ONE_WAY: "#d9663b",
    RunState.CHANGING: "#a9d3a0",
    RunState.RUNNING: "#3f9142",
}
"""What has no colour is a gap: no power, a cable that is cut, a group that does not run."""

_SILENT, _DOUBLE = "#c62f2f", "#7b3fa0"
_MEANINGS: Mapping[State, str] = {
    NodeState.UP: "daemon runs",
    NodeState.IDLE: "power, no daemon",
    NodeState.HELD: "stalled",
    LinkState.WHOLE: "link whole",
    LinkState.POOR: "link loses or delays",
    LinkState.ONE_WAY: "link one way only",
    RunState.CHANGING: "group starts or stops",
    RunState.RUNNING: "group runs",
}


class PictureError(HeartbeatError):
    """A picture cannot be written; the text says why, and what to do."""


def writePicture(outcome: Outcome, path: str, title: str) -> None:
    """
    Write a picture; the ending of its name says of which kind.

    @raise PictureError: it cannot be.
    """
    ending = os.path.splitext(path)[1].lower()
    text = svg(outcome, title)
    if ending == ".svg":
        content = text.encode()
    elif ending == ".png":
        content = _png(text)
    else:
        raise PictureError(f"{path}: a picture ends in .svg or .png")
    try:
        with open(path, "wb") as file:
            file.write(content)
    except OSError as error:
        raise PictureError(f"{path}: it cannot be written: {error.strerror}") from None


def _png(text: str) -> bytes:
    try:
        converter = import_module("cairosvg")
    except (ImportError, OSError) as error:  # OSError: the package is there and its C library is not
        raise PictureError(
            "a PNG needs CairoSVG: pip install 'twisted_ha[plot]' (FreeBSD: pkg install cairo; Debian:"
            " apt install libcairo2); an .svg needs nothing"
        ) from error
    made: bytes = converter.svg2png(bytestring=text.encode(), scale=1.5)
    return made


def svg(outcome: Outcome, title: str) -> str:
    """
    The picture as text.

    @param title: shown above it.
    """
    return _Sheet(outcome, title).text()


class _Sheet:
    """One picture while it is drawn, from top to bottom."""

    def __init__(self, outcome: Outcome, title: str) -> None:
        self._outcome = outcome
        self._title = title
        self._seconds = max(outcome.interesting, 0.001)
        lanes = outcome.lanes
        names = [lane.name for lane in (*lanes.nodes, *lanes.links)]
        names += [f"on {lane.node}" for group in lanes.groups for lane in group]
        names += [felt.group for felt in outcome.felt]
        longest = min(LONGEST, max(map(len, names), default=0))
        self._left = 24 + longest * LETTER + 14
        self._top = 92.0
        self._y = self._top
        self._parts: list[str] = []
        self._states: dict[State, None] = {}

    def text(self) -> str:
        """All of it."""
        lanes = self._outcome.lanes
        body: list[str] = []
        self._parts = body
        for lane in lanes.nodes:
            self._lane(lane, lane.name, bold=True)
        self._y += 8
        for lane in lanes.links:
            self._lane(lane, lane.name, height=5)
        for group, felt in zip(lanes.groups, self._outcome.felt, strict=True):
            self._y += 8
            self._felt(felt)
            for lane in group:
                self._lane(lane, f"on {lane.node}")
        bottom = self._y + 4
        frame: list[str] = []
        self._parts = frame
        self._scale(bottom)
        tail: list[str] = []
        self._parts = tail
        self._marks(bottom)
        self._y = bottom + 22
        self._legend()
        self._deeds()
        height = round(self._y + 12)
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
            f' viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, Verdana, sans-serif"'
            ' font-size="12" fill="#222">',
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            self._words(24, 30, self._title, 'font-size="16" font-weight="bold"'),
        ]
        return "\n".join([*head, *frame, *body, *tail, "</svg>"]) + "\n"

    def _x(self, at: float) -> float:
        return self._left + min(at, self._seconds) / self._seconds * (WIDTH - RIGHT - self._left)

    def _words(self, x: float, y: float, text: str, more: str = "") -> str:
        shown = "".join(char if char.isprintable() else "?" for char in text)
        return f'<text x="{x:.1f}" y="{y:.1f}"{" " + more if more else ""}>{escape(shown)}</text>'

    def _bar(self, begin: float, end: float, y: float, height: float, colour: str) -> str:
        # What is too short to be seen is drawn as wide as a hair: it happened.
        left = self._x(begin)
        width = max(1.2, self._x(end) - left)
        return (
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:g}" fill="{colour}"/>'
        )

    def _name(self, text: str, bold: bool) -> None:
        shown = (
            text if len(text) <= LONGEST else f"{text[: LONGEST * 2 // 3]}…{text[-LONGEST // 3 + 1 :]}"
        )
        more = 'text-anchor="end"' + (' font-weight="bold"' if bold else ' fill="#555"')
        self._parts.append(self._words(self._left - 10, self._y + ROW / 2 + 4, shown, more))

    def _lane(self, lane: Lane, name: str, *, bold: bool = False, height: float = BAR) -> None:
        self._name(name, bold)
        y = self._y + (ROW - height) / 2
        for spell in lane.spells:
            colour = _COLOURS.get(spell.state)
            if colour is not None and spell.begin < self._seconds:
                self._states.setdefault(spell.state)
                self._parts.append(self._bar(spell.begin, spell.end, y, height, colour))
        self._y += ROW

    def _felt(self, felt: Felt) -> None:
        """A group's own row: the times that hurt, with their length."""
        self._name(felt.group, True)
        for spans, colour in ((felt.silences, _SILENT), (felt.doubles, _DOUBLE)):
            for one in spans:
                self._parts.append(self._bar(one.begin, one.end, self._y + 15, 6, colour))
            self._lengths(spans, colour)
        self._y += ROW

    def _lengths(self, spans: tuple[Silence, ...], colour: str) -> None:
        free = 0.0
        for one in spans:
            text = f"{one.seconds:.1f} s" if one.seconds >= 1 else f"{one.seconds * 1000:.0f} ms"
            middle = (self._x(one.begin) + self._x(one.end)) / 2
            half = len(text) * LETTER / 2
            if middle - half > free:
                free = middle + half + 4
                more = f'text-anchor="middle" font-size="11" fill="{colour}"'
                self._parts.append(self._words(middle, self._y + 12, text, more))

    def _scale(self, bottom: float) -> None:
        for at in ticks(self._seconds, 12):
            x = self._x(at)
            self._parts.append(
                f'<line x1="{x:.1f}" y1="{self._top - 8}" x2="{x:.1f}" y2="{bottom:.1f}"'
                ' stroke="#e4e4e4"/>'
            )
            text = label(at, self._seconds)
            self._parts.append(
                self._words(x, self._top - 14, text, 'text-anchor="middle" font-size="11" fill="#666"')
            )

    def _marks(self, bottom: float) -> None:
        """The deeds, by number, over everything else."""
        free = 0.0
        for number, (at, _) in enumerate(self._outcome.deeds, start=1):
            if at > self._seconds:
                continue
            x = self._x(at)
            self._parts.append(
                f'<line x1="{x:.1f}" y1="{self._top - 8}" x2="{x:.1f}" y2="{bottom:.1f}"'
                ' stroke="#222" stroke-dasharray="2,3"/>'
            )
            place = max(x, free)
            free = place + 17
            self._parts.append(
                f'<circle cx="{place:.1f}" cy="{self._top - 40:.1f}" r="8" fill="#222"/>'
                + self._words(
                    place,
                    self._top - 36.5,
                    str(number),
                    'text-anchor="middle" font-size="10" fill="#fff"',
                )
            )

    def _legend(self) -> None:
        entries = [(_MEANINGS[state], _COLOURS[state]) for state in self._states]
        if any(felt.silences for felt in self._outcome.felt):
            entries.append(("nobody serves", _SILENT))
        if any(felt.doubles for felt in self._outcome.felt):
            entries.append(("two nodes run it", _DOUBLE))
        x = 24.0
        for text, colour in entries:
            width = 20 + len(text) * LETTER + 14
            if x + width > WIDTH - RIGHT:
                x, self._y = 24.0, self._y + 20
            self._parts.append(
                f'<rect x="{x:.1f}" y="{self._y - 9:.1f}" width="13" height="10" fill="{colour}"/>'
                + self._words(x + 19, self._y, text, 'fill="#444"')
            )
            x += width
        self._y += 20
        gap = "A gap: no power, a cable that is cut, a group that does not run."
        self._parts.append(self._words(24, self._y, gap, 'fill="#444"'))
        self._y += 14

    def _deeds(self) -> None:
        for line in self._sentences():
            self._y += 18
            self._parts.append(self._words(24, self._y, line))

    def _sentences(self) -> Iterator[str]:
        for number, (at, text) in enumerate(self._outcome.deeds, start=1):
            yield f"{number}   at {round(at, 3):g} s: {text}"
