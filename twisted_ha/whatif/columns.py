"""Rows of words as aligned columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["columns"]


def columns(rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """The rows as lines, two blanks between columns, the last column as long as it likes."""
    every = [tuple(row) for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*every, strict=True)]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in every
    ]
