"""
Times as C{ha.cf} writes them (configuration.md section 2.1): C{30}, C{0.5}, C{1500ms}, C{500000us}.
"""

from __future__ import annotations

import re

from twisted_ha.frozen import dataclass

__all__ = ["Duration", "DurationError", "milliseconds", "parse", "words"]

_FORM = re.compile(r"([0-9.]+)(.*)", re.DOTALL)
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*")
_UNITS = {"": 1_000.0, "ms": 1.0, "us": 0.001}
_MEANT = {"s": 1, "se": 1, "m": 60, "mi": 60, "h": 3600, "ho": 3600, "d": 86400, "da": 86400}
_LONGEST = 86400 * 1000
"""Seconds.  More than a thousand days is a slip of the hand, and would overflow elsewhere."""


class DurationError(ValueError):
    """
    This is not a time.

    @ivar hint: what to write instead.
    """

    def __init__(self, reason: str, hint: str) -> None:
        self.hint = hint
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Duration:
    """
    A time.

    @ivar seconds: rounded to the nearest millisecond.
    @ivar remark: what is odd about how it was written, though it was understood; usually empty.
    """

    seconds: float
    remark: str = ""


def parse(text: str) -> Duration:
    """
    Read one time.

    Without a unit it is in seconds.  Of a unit only the first two letters count, in any case: so the
    original reads C{msec} and C{msfoo} alike.

    @raise DurationError: it is not a time.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise DurationError("is not a duration", _instead(text))
    digits, unit = match.groups()
    number = _NUMBER.match(digits)
    used = number.group() if number is not None else ""
    if not any(char.isdigit() for char in used):
        raise DurationError("is not a duration", _instead(text))
    scale = _UNITS.get(unit[:2].lower())
    if scale is None:
        raise DurationError("is not a duration", _instead(text, used, unit))
    value = float(used) * scale
    if value > _LONGEST * 1000:
        raise DurationError("is longer than a thousand days", "write a shorter time")
    remark = ""
    if used != digits:
        remark = f"is read as {used}{unit}: a number has one decimal point"
    elif unit.lower() not in ("", "ms", "msec", "us", "usec"):
        remark = f"is read as {used}{unit[:2].lower()}: only two letters of a unit count"
    return Duration(int(value + 0.5) / 1000, remark)


def _instead(text: str, number: str = "", unit: str = "") -> str:
    """What to write in place of a refused C{text}."""
    if number and len(number) < 10 and unit[:2].lower() in _MEANT and unit.isalpha():
        seconds = float(number) * _MEANT[unit[:2].lower()]
        return f"seconds are written without a unit: {seconds:g}"
    if text[:1] in ("-", "+"):
        return "a time has no sign; write 30 or 1500ms"
    if text[:2].lower() in ("ms", "us"):
        return "a unit follows its number without a blank, as in 1500ms"
    return "write 30 or 1500ms"


def milliseconds(seconds: float) -> str:
    """C{seconds} as derived values are recorded: C{"1500ms"} (configuration.md section 4.3)."""
    return f"{round(seconds * 1000)}ms"


def words(seconds: float) -> str:
    """C{seconds} for people: C{"30 s"}, C{"0.25 s"}."""
    return f"{round(seconds, 3):g} s" if seconds < 1e5 else f"{seconds:.0f} s"
