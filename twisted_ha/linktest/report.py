"""The result of a test: as a table for people, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted_ha.linktest.notes import Note, clockOf, notesOf
from twisted_ha.linktest.runner import LinkTest
from twisted_ha.linktest.verdict import Direction, Judge, Row, Verdict

__all__ = ["HEADING", "Result", "asJson", "conclusion", "remedies", "rowsOf"]

HEADING = ("ROAD", "NODE", "WE SEND", "WE HEAR", "ROUND TRIP", "VERDICT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    Everything one test has found.

    @ivar clocks: by how many seconds the clock of each peer is ahead, where known.
    """

    node: str
    beside: bool
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]
    clocks: dict[str, float]

    @classmethod
    def of(
        cls, test: LinkTest, daemon: str = "", daemonLinks: dict[tuple[str, str], bool] | None = None
    ) -> Result:
        """What C{test} has found so far."""
        rows = Judge(test, daemonLinks).rows()
        clocks = {str(peer): clockOf(peer, rows) for peer in test.config.peers}
        return cls(
            node=test.config.localNode,
            beside=test.beside,
            rows=tuple(rows),
            notes=tuple(notesOf(test, rows, daemon)),
            clocks={peer: ahead for peer, ahead in clocks.items() if ahead is not None},
        )

    @property
    def good(self) -> bool:
        """Whether every road was tested and can be trusted."""
        return all(row.verdict is Verdict.GOOD for row in self.rows) and not any(
            note.bad for note in self.notes
        )


def rowsOf(result: Result) -> list[Sequence[str]]:
    """The cells of the table under L{HEADING}."""
    return [
        (
            row.road.name,
            row.peer or "-",
            _cell(row.outward),
            _cell(row.inward),
            "-" if row.roundTrip is None else f"{row.roundTrip * 1000:.1f} ms",
            _verdict(row),
        )
        for row in result.rows
    ]


def _cell(direction: Direction | None) -> str:
    return "-" if direction is None else direction.text()


def _verdict(row: Row) -> str:
    if row.verdict is Verdict.GOOD:
        return f"good ({row.remark})" if row.remark else "good"
    return f"{row.verdict.value.upper()}: {row.cause.finding if row.cause is not None else row.remark}"


def remedies(result: Result) -> list[str]:
    """What to do about each failure, once for all roads with the same one."""
    by: dict[str, list[str]] = {}
    for row in result.rows:
        if row.cause is not None:
            by.setdefault(row.cause.remedy, []).append(row.road.name)
    lines = [f"{', '.join(dict.fromkeys(roads))}: {remedy}" for remedy, roads in by.items()]
    return lines + [note.text for note in result.notes if note.bad]


def conclusion(result: Result) -> str:
    """The last sentence."""
    if result.good:
        serial = any(row.road.kind == "serial" for row in result.rows)
        return "All roads are good." + ("  Serial connectivity is OK!" if serial else "")
    bad = sum(row.verdict is Verdict.BAD for row in result.rows)
    untested = sum(row.verdict is Verdict.UNTESTED for row in result.rows)
    parts = [f"{bad} bad"] * bool(bad) + [f"{untested} not tested"] * bool(untested)
    if not parts:
        return "The roads are good, but the two configurations do not fit together."
    return f"Of {len(result.rows)} roads {' and '.join(parts)}."


def asJson(result: Result) -> dict[str, Any]:
    """The same for programs; docs/links.md has the names."""
    return {
        "version": 1,
        "node": result.node,
        "good": result.good,
        "beside": result.beside,
        "roads": [_row(row) for row in result.rows],
        "notes": [{"text": note.text, "bad": note.bad} for note in result.notes],
        "clocks": {peer: round(ahead, 3) for peer, ahead in result.clocks.items()},
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "road": row.road.name,
        "kind": row.road.kind,
        "link": row.road.link,
        "node": row.peer or None,
        "verdict": row.verdict.value,
        "finding": "" if row.cause is None else row.cause.finding,
        "remedy": "" if row.cause is None else row.cause.remedy,
        "remark": row.remark,
        "sent": _direction(row.outward),
        "heard": _direction(row.inward),
        "roundTrip": None if row.roundTrip is None else round(row.roundTrip, 6),
    }


def _direction(direction: Direction | None) -> dict[str, list[int]] | None:
    if direction is None:
        return None
    return {"arrived": list(direction.arrived), "lost": list(direction.lost)}
