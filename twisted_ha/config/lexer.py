"""
Text of C{ha.cf} to statements whose words know where they stand (configuration.md section 2).

There is no quoting, no continuation line and no escape for C{#}.  Which of the two ways of splitting
applies, at white space or at white space and commas, depends on the directive and is the caller's
to choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from twisted_ha.config.complaints import Complaints, printable
from twisted_ha.config.location import Location
from twisted_ha.frozen import dataclass

__all__ = ["Statement", "Token", "locate", "statements"]

_BLANK = " \t\r\f\v"
_WORD = re.compile(r"[^ \t\r\f\v]+")
_OPTION = re.compile(r"[^ \t\r\f\v,]+")
_WIDEST = 160
"""A longer line is not shown whole: the underline would be out of sight."""


@dataclass(frozen=True, slots=True)
class Token:
    """
    One word.

    @ivar column: where it starts in its line, counted from 1.
    """

    text: str
    column: int


def locate(file: str, line: int, text: str, column: int = 0, length: int = 0) -> Location:
    """A L{Location} whose text is fit to be shown: printable, and not endless."""
    if len(text) > _WIDEST:
        text = f"{text[:_WIDEST]}..." if column + length <= _WIDEST else ""
    return Location(file=file, line=line, column=column, length=length, text=printable(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    One line that says something.

    @ivar file: the file's path.
    @ivar line: counted from 1.
    @ivar text: the whole physical line, for showing it.
    @ivar name: the directive.
    @ivar rest: what follows the delimiters after the name, without trailing blanks; may be empty.
    """

    file: str
    line: int
    text: str
    name: Token
    rest: Token

    def options(self) -> tuple[Token, ...]:
        """The arguments of an option list: split at white space and commas."""
        return self._split(_OPTION)

    def words(self) -> tuple[Token, ...]:
        """The arguments of a whole-line directive: split at white space only."""
        return self._split(_WORD)

    def _split(self, form: re.Pattern[str]) -> tuple[Token, ...]:
        return tuple(
            Token(match.group(), self.rest.column + match.start())
            for match in form.finditer(self.rest.text)
        )

    def where(self, token: Token | None = None) -> Location:
        """The place of C{token}, or of the directive's name."""
        token = token or self.name
        return locate(self.file, self.line, self.text, token.column, len(token.text))

    def place(self) -> str:
        """C{file:line}, for naming this statement from elsewhere."""
        return f"{self.file}:{self.line}"

    def hidden(self) -> Statement:
        """The same statement, never showing its line: it may hold a password."""
        return replace(self, text="")


def statements(file: str, text: str, complaints: Complaints) -> Iterator[Statement]:
    """
    The statements of C{text} in order.  Empty lines and comments are left out.

    A line is one line however long it is; the original cut at 5119 bytes and read the remainder as
    another line.
    """
    for number, line in enumerate(text.split("\n"), 1):
        body = line.partition("#")[0]
        start = len(body) - len(body.lstrip(_BLANK))
        end = body.find("\r", start)
        if end >= 0:
            lost = body[end:].strip(_BLANK)
            if lost:
                complaints.warning(
                    locate(file, number, line, body.index(lost, end) + 1, len(lost)),
                    "what follows a carriage return is not read",
                    "end each line with a newline",
                    category="carriage-return",
                )
            body = body[:end]
        zero = body.find("\0")
        if zero >= 0:
            complaints.error(
                locate(file, number, line, zero + 1, 1),
                "there is a NUL byte on this line",
                "delete it; is this really a text file?",
                category="nul-byte",
            )
            continue
        name = _WORD.search(body)
        if name is None:
            continue
        rest = body[name.end() :]
        skipped = len(rest) - len(rest.lstrip(_BLANK + ","))
        yield Statement(
            file=file,
            line=number,
            text=line.rstrip(_BLANK),
            name=Token(name.group(), name.start() + 1),
            rest=Token(rest[skipped:].rstrip(_BLANK), name.end() + skipped + 1),
        )
