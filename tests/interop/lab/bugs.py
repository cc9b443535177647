"""What a program of ours must never write, wherever it did: tracebacks and errors nobody handled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["bugsIn", "confessions"]

_BUG = re.compile(
    r"Traceback \(most recent call last\)"
    r"|[Uu]nhandled [Ee]rror"
    r"|Exception ignored in"
    r"|this is a bug"
    r"|met a bug"
    r"|was never (?:awaited|retrieved)"
    r"|(?:Runtime|Deprecation|Resource)Warning:"
    r"|nobody has decided what"
)
_AROUND = (2, 25)
"""Lines before and after that are shown."""


def confessions(text: str) -> Iterator[str]:
    """The places of C{text} that tell of a bug, each with the lines around it and told once."""
    lines = text.splitlines()
    shown = -1
    for number, line in enumerate(lines):
        if number > shown and _BUG.search(line):
            shown = number + _AROUND[1]
            yield "\n".join(lines[max(0, number - _AROUND[0]) : shown])


def bugsIn(directory: Path) -> list[str]:
    """
    The bugs that the files below C{directory} tell of.

    @param directory: a machine's C{/var/log}, the daemon's own output among it.
    """
    found = []
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            text = path.read_text(errors="replace")
            found += [f"{path.name}: {told}" for told in confessions(text)]
    return found
