"""Values of ours as plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from twisted_ha.operations import MoveReport

if TYPE_CHECKING:
    from twisted_ha.events import Event

__all__ = ["eventAsJson", "plain", "reportAsJson"]


def plain(value: object) -> Any:
    """C{value} made of what JSON has; infinite and undefined numbers, which it has not, are null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(each) for each in value]
    return str(value)


def eventAsJson(when: float, event: Event) -> dict[str, Any]:
    """
    An event as it is pushed and listed.

    @param when: seconds since the epoch.
    """
    return {
        "event": type(event).__name__,
        "time": round(when, 3),
        "level": event.level.name,
        "text": event.render(),
        "fields": plain(event.asDict()),
    }


def reportAsJson(report: MoveReport) -> dict[str, Any]:
    """What a move came to."""
    return {
        "ok": report.ok,
        "outcome": report.outcome,
        "text": report.text,
        "seconds": plain(report.seconds),
        "groups": list(report.groups),
    }
