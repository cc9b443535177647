"""The lanes of a simulation, drawn with letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twisted_ha.whatif.axis import label, ticks
from twisted_ha.whatif.felt import Felt
from twisted_ha.whatif.lanes import Lane, LinkState, NodeState, RunState, Spell, State
from twisted_ha.whatif.outcome import Outcome

__all__ = ["ASCII", "UNICODE", "Style", "draw", "styleFor"]

SMALLEST = 40
"""Columns: nothing can be seen on a narrower drawing, so it is never narrower."""
WIDEST = 160
"""Columns: what is wider is not read better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """
    Which letter means what.

    @ivar letters: by state.
    @ivar served: one machine serves the group; so C{silent} for none and C{double} for two or more.
    """

    letters: Mapping[State, str]
    served: str
    silent: str
    double: str
    before: str
    tick: str
    line: str


_ORDER: Mapping[State, int] = {
    NodeState.UP: 0,
    NodeState.IDLE: 1,
    NodeState.HELD: 2,
    NodeState.OFF: 3,
    LinkState.WHOLE: 0,
    LinkState.POOR: 1,
    LinkState.ONE_WAY: 2,
    LinkState.CUT: 3,
    RunState.STOPPED: 0,
    RunState.RUNNING: 1,
    RunState.CHANGING: 2,
}
"""Of several things that are the case in one column the highest is shown: faults are not lost."""

UNICODE = Style(
    letters={
        NodeState.UP: "━",
        NodeState.IDLE: "·",
        NodeState.HELD: "z",
        NodeState.OFF: " ",
        LinkState.WHOLE: "─",
        LinkState.POOR: "~",
        LinkState.ONE_WAY: ">",
        LinkState.CUT: "x",
        RunState.STOPPED: " ",
        RunState.CHANGING: "▒",
        RunState.RUNNING: "█",
    },
    served="─",
    silent="✗",
    double="‼",
    before=" ",
    tick="┼",
    line="─",
)

ASCII = Style(
    letters={
        **UNICODE.letters,
        NodeState.UP: "=",
        NodeState.IDLE: ".",
        LinkState.WHOLE: "-",
        RunState.CHANGING: "+",
        RunState.RUNNING: "#",
    },
    served="-",
    silent="!",
    double="2",
    before=" ",
    tick="+",
    line="-",
)


def styleFor(encoding: str | None) -> Style:
    """
    L{UNICODE} for a terminal that has its letters, else L{ASCII}.

    @param encoding: the terminal's.
    """
    letters = "".join(UNICODE.letters.values()) + "─┼✗‼"
    try:
        letters.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def draw(outcome: Outcome, width: int, style: Style = UNICODE) -> list[str]:
    """
    Draw the lanes up to L{Outcome.interesting}.

    @param width: columns of the terminal.
    @return: lines that are no wider, and a legend of the letters that were used.
    """
    lanes = outcome.lanes
    names = [lane.name for lane in (*lanes.nodes, *lanes.links)]
    names += [f"  on {group[0].node}" for group in lanes.groups]
    names += [f"  on {node.name}" for node in lanes.nodes if lanes.groups]
    names += [group[0].name for group in lanes.groups]
    width = max(SMALLEST, min(width, WIDEST))
    margin = min(max(map(len, names), default=0), max(8, width // 3))
    canvas = _Canvas(outcome.interesting, width - margin - 2, style)

    def row(name: str, cells: str) -> str:
        return f"{_fitted(name, margin)}  {cells}".rstrip()

    lines = [row(name, cells) for name, cells in canvas.scale(outcome.deeds)]
    lines += [row(lane.name, canvas.lane(lane)) for lane in (*lanes.nodes, *lanes.links)]
    for group, felt in zip(lanes.groups, outcome.felt, strict=True):
        lines.append(row(felt.group, canvas.users(felt)))
        lines += [row(f"  on {lane.node}", canvas.lane(lane)) for lane in group]
    return [*lines, "", *_wrapped(canvas.legend(), width)]


def _fitted(name: str, width: int) -> str:
    """A name in a margin; of a long one both ends, since those tell hosts and addresses apart."""
    if len(name) <= width:
        return name.ljust(width)
    head = (width - 2) * 2 // 3
    return f"{name[:head]}..{name[len(name) - (width - 2 - head) :]}"


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 3 + len(word) > width:
            lines.append("")
        lines[-1] += ("   " if lines[-1] else "") + word
    return lines


class _Canvas:
    """Turns seconds into columns."""

    def __init__(self, seconds: float, columns: int, style: Style) -> None:
        self._seconds = max(seconds, 0.001)
        self._columns = columns
        self._style = style
        self._used: dict[str, str] = {}

    def _column(self, at: float) -> int:
        return min(self._columns - 1, max(0, int(at / self._seconds * self._columns)))

    def scale(self, deeds: Sequence[tuple[float, str]]) -> list[tuple[str, str]]:
        """The marks, their labels, and the numbers of the deeds, as in the list of them."""
        rule = [self._style.line] * self._columns
        labels = [" "] * (self._columns + 8)
        free = 0
        for at in ticks(self._seconds, max(1, self._columns // 10)):
            column = self._column(at)
            rule[column] = self._style.tick
            text = label(at, self._seconds)
            if column >= free and column + len(text) <= self._columns:
                labels[column : column + len(text)] = text
                free = column + len(text) + 1
        rows = [("", "".join(labels)), ("", "".join(rule))]
        marks = [" "] * (self._columns + 4)
        free = 0
        for number, (at, _) in enumerate(deeds, start=1):
            text = str(number)
            column = max(self._column(at), free)
            if at <= self._seconds and column + len(text) <= self._columns:
                marks[column : column + len(text)] = text
                free = column + len(text) + (1 if len(text) > 1 else 0)
        if deeds:
            rows.append(("deeds", "".join(marks)))
        return rows

    def lane(self, lane: Lane) -> str:
        """One lane: in each column the state that matters most of those in it."""
        cells: list[State | None] = [None] * self._columns
        for spell in lane.spells:
            for column in self._covered(spell.begin, spell.end):
                there = cells[column]
                if there is None or _ORDER[spell.state] > _ORDER[there]:
                    cells[column] = spell.state
        self._use(lane.spells)
        return "".join(self._style.letters[cell] if cell is not None else " " for cell in cells)

    def users(self, felt: Felt) -> str:
        """What the users of a group felt."""
        style = self._style
        cells = [style.before] * self._columns
        if felt.first is not None:
            for column in self._covered(felt.first, self._seconds):
                cells[column] = style.served
            self._used.setdefault(style.served, "group served")
        for one in felt.silences:
            self._put(cells, one.begin, one.end, style.silent, "group served by nobody")
        for one in felt.doubles:
            self._put(cells, one.begin, one.end, style.double, "group on two nodes")
        return "".join(cells)

    def _put(self, cells: list[str], begin: float, end: float, letter: str, meaning: str) -> None:
        for column in self._covered(begin, end):
            cells[column] = letter
            self._used[letter] = meaning

    def _covered(self, begin: float, end: float) -> Iterable[int]:
        if begin >= self._seconds:
            return ()
        last = self._column(end)
        if last > self._column(begin) and end < self._seconds and self._begins(end, last):
            last -= 1
        return range(self._column(begin), last + 1)

    def _begins(self, at: float, column: int) -> bool:
        """Whether C{at} is where a column begins, so that nothing of it is covered."""
        return abs(at - column * self._seconds / self._columns) < 1e-9

    def _use(self, spells: Iterable[Spell]) -> None:
        for spell in spells:
            letter = self._style.letters[spell.state]
            if letter == " " or spell.begin >= self._seconds:
                continue
            meaning = spell.state.value
            if isinstance(spell.state, NodeState):
                meaning = f"node {meaning}"
            elif isinstance(spell.state, LinkState):
                meaning = f"link {meaning}"
            else:
                meaning = f"group {meaning}"
            known = self._used.get(letter)
            if known is None:
                self._used[letter] = meaning
            elif meaning not in known.split(", "):
                self._used[letter] = f"{known}, {meaning}"

    def legend(self) -> list[str]:
        """The letters that were used, in the order of their first use."""
        return [f"{letter} {meaning}" for letter, meaning in self._used.items()]
