"""Incident files: what led to a takeover and what followed, beside the log, for reading afterwards."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable

from twisted_ha.observe.lines import Entry, LineFormat

__all__ = ["IncidentDirectory"]

_NAME = re.compile(r"ha-incident-\d{8}-\d{6}(-\d+)?\.log")


class IncidentDirectory:
    """
    Writes incident files and keeps the newest few.

    @ivar path: the directory.
    """

    def __init__(
        self,
        path: str,
        lineFormat: LineFormat,
        *,
        keep: int = 20,
        size: int = 1 << 20,
        localTime: Callable[[float], time.struct_time] = time.localtime,
    ) -> None:
        """
        @param keep: how many files stay.
        @param size: the most bytes of one file; the oldest lines are left out.
        """
        self.path = path
        self._format = lineFormat
        self._keep = keep
        self._size = size
        self._localTime = localTime

    def write(self, when: float, entries: Iterable[Entry]) -> str:
        """
        Write one file.  May block.

        @param when: seconds since the epoch, for its name.
        @return: its path.
        @raise OSError: it cannot be written.
        """
        kept: list[bytes] = []
        room = self._size
        for entry in reversed(list(entries)):
            line = self._format.forFile(entry)
            room -= len(line)
            if room < 0:
                break
            kept.append(line)
        path = self._create(when, b"".join(reversed(kept)))
        self._forgetOldest()
        return path

    def _create(self, when: float, data: bytes) -> str:
        stamp = time.strftime("%Y%m%d-%H%M%S", self._localTime(when))
        for number in range(1, 100):
            suffix = f"-{number}" if number > 1 else ""
            path = os.path.join(self.path, f"ha-incident-{stamp}{suffix}.log")
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            except FileExistsError:
                continue
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o644)
                file.write(data)
            return path
        raise FileExistsError(f"too many incidents at {stamp}")

    def _forgetOldest(self) -> None:
        names = sorted(name for name in os.listdir(self.path) if _NAME.fullmatch(name))
        for name in names[: -self._keep]:
            os.unlink(os.path.join(self.path, name))
