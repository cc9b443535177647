"""The table of cases and outcomes, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.interop.matrix.running import Result
from tests.interop.matrix.settings import ORIGINALS
from tests.interop.matrix.stage import Row

__all__ = ["HEAD", "lines", "summary", "table"]

HEAD = (
    "story: step",
    "nodes",
    "medium",
    "auth",
    "msgfmt",
    "failback",
    "outcome",
    "silence",
    "gap",
)
BESIDE = ("two originals", "silence", "gap")


def lines(
    result: Result, beside: Result | None = None, compare: bool = False
) -> Iterator[tuple[str, ...]]:
    """
    The lines of one case: one for each step.

    @param beside: how the same story went with two originals.
    @param compare: whether there are columns for that.
    """
    pair, setting, story = result.case.split("/")
    words = (_who(pair), *setting.rsplit("-", 3))
    theirs = {row.step: row for row in beside.rows} if beside is not None else {}
    rows = result.rows or (Row("", False, None, None, result.trouble),)
    for row in rows:
        step = row.step if len(row.step) < 70 else row.step[:67] + "..."
        again = "" if result.attempt == 1 else f" ({result.attempt}. time)"
        yield (
            f"{story}: {step}" if step else story,
            *words,
            ("as it must" if row.ok else "FAILED") + again,
            _milliseconds(row.outage),
            _milliseconds(row.gap),
            *(_beside(theirs.get(row.step), beside) if compare else ()),
        )
    if result.trouble and all(row.ok for row in rows):
        yield (
            f"{story}: not told to its end",
            *words,
            "FAILED",
            "",
            "",
            *(("", "", "") if compare else ()),
        )


def _beside(row: Row | None, beside: Result | None) -> tuple[str, str, str]:
    if row is None:
        return ("" if beside is None else "not reached", "", "")
    return ("as it must" if row.ok else "FAILED", _milliseconds(row.outage), _milliseconds(row.gap))


def _who(pair: str) -> str:
    """C{ours, theirs}; of many nodes how many there are of each kind."""
    kinds = pair.split("-")
    if len(kinds) == 2:
        return ", ".join(kinds)
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f} ms"


def table(results: Iterable[Result], markdown: bool = False, compare: bool = False) -> str:
    """
    All of it.

    @param markdown: for a document.
    @param compare: with what two originals make of the same story, as far as it is among C{results}.
    """
    everything = {result.case: result for result in results}
    head = (*HEAD, *BESIDE) if compare else HEAD
    body: list[tuple[str, ...]] = []
    for name, result in everything.items():
        pair, rest = name.split("/", 1)
        beside = everything.get(f"{ORIGINALS}/{rest}")
        if compare and pair == ORIGINALS and any(f"{p}/{rest}" in everything for p in _MIXED):
            continue
        body += lines(result, beside, compare)
    if markdown:
        marked = [head, tuple("---" for _ in head), *body]
        return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in marked)
    widths = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *body)
    )


_MIXED = ("ours-theirs", "theirs-ours")


def summary(results: Iterable[Result]) -> str:
    """
    One line for each step, for a document: how long a group was nowhere at most, with ours first, with
    ours second, and with two originals.
    """
    pairs = (*_MIXED, ORIGINALS)
    cells: dict[tuple[str, str], dict[str, str]] = {}
    others: list[tuple[str, ...]] = []
    for result in results:
        pair, setting, story = result.case.split("/")
        if pair not in pairs:
            others += lines(result)
            continue
        words = ", ".join(setting.rsplit("-", 3))
        for row in result.rows:
            step = row.step.partition(":")[0] if story.startswith("chance") else row.step
            cell = _milliseconds(row.gap) if row.ok else "FAILED"
            cells.setdefault((words, f"{story}: {step}"), {})[pair] = cell
    found = [
        "| cluster | story: step | ours, theirs | theirs, ours | two originals |",
        "|---|---|---|---|---|",
    ]
    for (words, step), by in cells.items():
        found.append(f"| {words} | {step} | {' | '.join(by.get(pair, '') for pair in pairs)} |")
    if others:
        found += ["", "| story: step | nodes | outcome |", "|---|---|---|"]
        found += [f"| {line[0]} | {line[1]} | {line[6]} |" for line in others]
    return "\n".join(found)
