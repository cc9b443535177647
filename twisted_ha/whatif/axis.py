"""A scale of seconds: round steps, and labels that people read."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["label", "ticks"]

_STEPS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800),
    *(3600, 7200, 6 * 3600, 12 * 3600, 86400),
)


def ticks(seconds: float, most: int) -> Sequence[float]:
    """
    Where to put marks on a scale from 0 to C{seconds}.

    @param most: how many there is room for.
    """
    step = next((one for one in _STEPS if seconds / one <= most), _STEPS[-1])
    return [place * step for place in range(int(seconds / step + 1e-9) + 1)]


def label(seconds: float, whole: float) -> str:
    """
    C{30 s}, C{2 min}, C{1:30 min}, C{1:30 h}.

    @param whole: how long the scale is: on a short one minutes are seconds.
    """
    if seconds == 0 or whole < 180:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    if whole < 3 * 3600:
        return f"{minutes}:{rest:02} min" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02} h" if rest else f"{hours} h"
