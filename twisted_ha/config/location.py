"""Places in configuration files, and what is wrong there."""

from __future__ import annotations

from enum import Enum

from twisted_ha.frozen import dataclass

__all__ = ["Complaint", "Location", "Severity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """
    A stretch of one line of a configuration file.

    @ivar file: the path as the user wrote it.
    @ivar line: counted from 1; 0 when the complaint is about the file as a whole.
    @ivar column: counted from 1 in characters; 0 for the whole line.
    @ivar length: how many characters, for the underline.
    @ivar text: the physical line, for showing it.  Never filled from C{authkeys}.
    """

    file: str
    line: int = 0
    column: int = 0
    length: int = 0
    text: str = ""

    def __str__(self) -> str:
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class Severity(Enum):
    """How much a complaint matters: an error keeps the daemon from starting."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """
    One thing wrong with one place.

    @ivar message: what is wrong.
    @ivar hint: what to write instead, or how to repair it; may be empty.
    @ivar category: a stable word for programs and tests, for example C{"unknown-directive"}.
    """

    severity: Severity
    where: Location
    message: str
    hint: str = ""
    category: str = ""

    def render(self) -> str:
        """
        The complaint as people read it: position, sentence, the offending line underlined.
        """
        sentence = self.message if not self.hint else f"{self.message}; {self.hint}"
        label = "" if self.severity is Severity.ERROR else "warning: "
        lines = [f"{self.where}: {label}{sentence}"]
        if self.where.text:
            number = f"{self.where.line:>5} | "
            lines.append(number + self.where.text.expandtabs(1))
            if self.where.column:
                margin = " " * (len(number) - 2) + "| " + " " * (self.where.column - 1)
                lines.append(margin + "^" * max(1, self.where.length))
        return "\n".join(lines)
