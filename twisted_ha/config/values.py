"""
One word of C{ha.cf} to one value: the readers the table of directives refers to.

A reader takes the word and returns the value with a remark, which becomes a warning, or raises
L{Refusal}.  What must be asked of the machine is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from twisted_ha.config import duration
from twisted_ha.config.complaints import listed
from twisted_ha.frozen import dataclass

__all__ = [
    "FALSE",
    "TRUE",
    "Reader",
    "Reading",
    "Refusal",
    "Value",
    "boolean",
    "choice",
    "integer",
    "span",
    "word",
]

Value = float | int | bool | str


class Refusal(ValueError):
    """
    A word that is not a value of its directive.

    @ivar hint: what to write instead.
    """

    def __init__(self, reason: str, hint: str) -> None:
        self.hint = hint
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Reading:
    """
    @ivar remark: what is odd about the word, though it was understood; usually empty.
    """

    value: Value
    remark: str = ""


Reader = Callable[[str], Reading]

TRUE = ("true", "on", "yes", "y", "1")
FALSE = ("false", "off", "no", "n", "0")
_ATOI = re.compile(r"[+-]?[0-9]+")
_DIGITS = 12
"""More digits than any number here may have; beyond, C{atoi} overflows."""


def boolean(text: str) -> Reading:
    """Any case; nothing but the ten words of configuration.md section 2.2."""
    lowered = text.lower()
    if lowered in TRUE:
        return Reading(True)
    if lowered in FALSE:
        return Reading(False)
    raise Refusal("is neither true nor false", "write on or off")


def integer(low: int, high: int | None = None, *, unit: str = "") -> Reader:
    """
    Numbers from C{low} to C{high} as C{atoi} reads them: leading digits count, and a word without
    any is 0 (configuration.md section 2.3).  Where that loses something there is a remark.
    """
    limits = f"of {low} or more" if high is None else f"from {low} to {high}"

    def read(text: str) -> Reading:
        match = _ATOI.match(text)
        digits = match.group() if match is not None else "0"
        if len(digits) > _DIGITS:
            raise Refusal("is too large", f"write a whole number {limits}{unit}")
        value = int(digits)
        if value < low or (high is not None and value > high):
            reason = "is out of range" if match is not None else "is not a number"
            raise Refusal(reason, f"write a whole number {limits}{unit}")
        if match is None or match.end() != len(text):
            return Reading(value, f"is not a whole number; {value} is used")
        return Reading(value)

    return read


def span(*, zero: bool) -> Reader:
    """
    Times.

    @param zero: whether no time at all is allowed.
    """

    def read(text: str) -> Reading:
        try:
            read = duration.parse(text)
        except duration.DurationError as error:
            raise Refusal(str(error), error.hint) from error
        if not zero and read.seconds <= 0:
            raise Refusal("is no time at all", "write a time above 0, for example 2 or 500ms")
        return Reading(read.seconds, read.remark)

    return read


def choice(words: Iterable[str], *, anyCase: bool = False) -> Reader:
    """One of C{words}, exactly as written here or in any case."""
    known = tuple(words)

    def read(text: str) -> Reading:
        if text in known:
            return Reading(text)
        if text.lower() in known:
            if anyCase:
                return Reading(text.lower())
            raise Refusal("is not known", f"write it in lower case: {text.lower()}")
        raise Refusal("is not known", f"write {listed(known, 'or')}")

    return read


def word(text: str) -> Reading:
    """Any word."""
    return Reading(text)
