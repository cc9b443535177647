"""When each probe ran, on the laboratory's clock, as the machines' journals tell it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Run", "bootOffset", "overlaps", "runs"]

_COARSE = 0.02
"""Seconds: the journal counts in hundredths."""


@dataclass(frozen=True, slots=True)
class Run:
    """A probe ran on a machine, from the begin of its start to the end of its stop."""

    probe: str
    machine: str
    begin: float
    end: float


def bootOffset() -> float:
    """What to add to a time of the journal to have it on the laboratory's clock."""
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return time.monotonic() - uptime


def runs(machine: str, journal: str, offset: float, powerCuts: list[float]) -> list[Run]:
    """
    What the journal of a machine tells.

    @param offset: see L{bootOffset}.
    @param powerCuts: when it lost its power; nothing runs on after that.
    """
    open_: dict[str, float] = {}
    found = []

    def close(probe: str, end: float) -> None:
        begin = open_.pop(probe, None)
        if begin is not None:
            cut = min((cut for cut in powerCuts if begin <= cut < end), default=end)
            found.append(Run(probe, machine, begin, cut))

    for line in journal.splitlines():
        stamp, probe, what = line.split()
        if what not in ("starting", "stopped"):
            continue
        moment = float(stamp) + offset
        if what == "starting":
            if any(cut > open_.get(probe, moment) for cut in powerCuts if cut < moment):
                close(probe, moment)
            open_.setdefault(probe, moment)
        else:
            close(probe, moment)
    for probe in list(open_):
        close(probe, float("inf"))
    return found


def overlaps(all_: list[Run]) -> list[tuple[float, float, str]]:
    """The spans in which one probe ran on two machines: from, until, and in words."""
    found = []
    for number, first in enumerate(all_):
        for second in all_[number + 1 :]:
            if first.probe == second.probe and first.machine != second.machine:
                begin, end = max(first.begin, second.begin), min(first.end, second.end)
                if end - begin > _COARSE:
                    found.append((begin, end, f"{first.probe} on {first.machine} and {second.machine}"))
    return found
