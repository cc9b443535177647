"""Text for a terminal: times as people say them, tables, and nothing that could move the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["safe", "span", "table"]


def safe(text: object) -> str:
    """C{text} with everything unprintable shown as escapes; it may come from another machine."""
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in shown
    )


def span(seconds: float | None) -> str:
    """A length of time in its two largest units: C{3 h 12 min}; a dash for none."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Aligned columns under a heading, two blanks apart, the last one as long as it likes."""
    texts = [tuple(heading), *(tuple(safe(cell).replace("\n", " ") for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heading))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    ]
