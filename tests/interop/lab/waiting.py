"""Waiting for conditions, with a limit and with words for what did not happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["ConditionNotMet", "now", "waitFor"]

_T = TypeVar("_T")

now = time.monotonic
"""The clock of the laboratory: the same in every process on this kernel, and no step of it moves it."""


class ConditionNotMet(AssertionError):
    """Something did not happen in time; its text says what, and what was seen instead."""


def waitFor(
    what: str,
    condition: Callable[[], _T],
    limit: float,
    interval: float = 0.02,
    instead: Callable[[], object] | None = None,
) -> _T:
    """
    Ask C{condition} until it is true.

    @param what: what is waited for, for the failure: C{"alpha holds its address"}.
    @param limit: seconds.
    @param instead: called on failure; what it returns is added to the text.
    @return: what C{condition} returned.
    @raise ConditionNotMet: it was not true within C{limit}.
    """
    deadline = now() + limit
    while True:
        answer = condition()
        if answer:
            return answer
        if now() >= deadline:
            seen = f"; instead: {instead()}" if instead is not None else ""
            raise ConditionNotMet(f"not within {limit:g} s: {what}{seen}")
        time.sleep(interval)
