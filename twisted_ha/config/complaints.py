"""Gathering complaints, so that all of them are shown together and in the order of the files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twisted_ha.config.location import Complaint, Location, Severity

__all__ = ["Complaints", "listed", "printable", "quoted"]

_SHOWN = 60


def printable(text: str) -> str:
    """
    C{text} for a terminal, character for character, so that an underline still fits: tabs stay, what
    is not printable (control characters, bytes that are not UTF-8) becomes a question mark.
    """
    return "".join(char if char.isprintable() or char == "\t" else "?" for char in text)


def quoted(text: str) -> str:
    """C{text} in double quotes, shortened if it is very long."""
    shown = printable(text)
    return f'"{shown}"' if len(shown) <= _SHOWN else f'"{shown[:_SHOWN]}..."'


def listed(words: Iterable[str], join: str = "and") -> str:
    """The words as one speaks them: C{"a, b and c"}."""
    every = list(words)
    if len(every) < 2:
        return "".join(every)
    return f"{', '.join(every[:-1])} {join} {every[-1]}"


class Complaints:
    """What was found so far, in all files."""

    def __init__(self) -> None:
        self._found: list[Complaint] = []

    def error(self, where: Location, message: str, hint: str = "", *, category: str) -> None:
        """Something that keeps the daemon from starting."""
        self._add(Severity.ERROR, where, message, hint, category)

    def warning(self, where: Location, message: str, hint: str = "", *, category: str) -> None:
        """Something a person should know; the daemon starts."""
        self._add(Severity.WARNING, where, message, hint, category)

    def _add(self, severity: Severity, where: Location, message: str, hint: str, category: str) -> None:
        self._found.append(
            Complaint(severity=severity, where=where, message=message, hint=hint, category=category)
        )

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(complaint.severity is Severity.ERROR for complaint in self._found)

    def inOrder(self, files: Sequence[str]) -> tuple[Complaint, ...]:
        """
        All of them: by file in the order of C{files}, then by line; what is said of a file as a whole
        comes after its lines.
        """
        rank = {file: number for number, file in enumerate(files)}

        def place(complaint: Complaint) -> tuple[int, bool, int, int]:
            where = complaint.where
            return rank.get(where.file, len(rank)), where.line == 0, where.line, where.column

        return tuple(sorted(self._found, key=place))
