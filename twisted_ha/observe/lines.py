"""
How a log line looks: the formats of heartbeat 1.2 and 3.0.6.

@see: configuration.md section 8.3.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from twisted.logger import LogLevel

from twisted_ha.frozen import dataclass

__all__ = ["LONGEST", "Entry", "LineFormat", "cleanLines"]

LONGEST = 5119
"""Bytes of text in one line; 3.0.6 cuts there too."""

_MOST_LINES = 200

_WORDS = {
    LogLevel.debug: "debug",
    LogLevel.info: "info",
    LogLevel.warn: "WARN",
    LogLevel.error: "ERROR",
    LogLevel.critical: "CRIT",
}

_SYSLOG_SEVERITIES = {
    LogLevel.debug: 7,
    LogLevel.info: 6,
    LogLevel.warn: 4,
    LogLevel.error: 3,
    LogLevel.critical: 2,
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Something to be written.

    @ivar level: a L{LogLevel}.
    @ivar when: seconds since the epoch.
    @ivar entity: the program's name in front of the line.
    """

    level: Any
    when: float
    text: str
    entity: str = "heartbeat"


def cleanLines(text: str) -> list[str]:
    """
    The lines of C{text}, fit for a log.

    Control characters, which could move a terminal's cursor, and bytes that are not UTF-8 are shown
    as escapes.  What a peer or a script wrote can so never look like a line of its own.
    """
    lines = text.splitlines() or [""]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"({len(lines) - _MOST_LINES} more lines left out)"]
    return [_clean(line) for line in lines]


def _clean(line: str) -> str:
    if not line.isprintable():
        line = "".join(
            character
            if character.isprintable() or character == "\t"
            else character.encode("unicode_escape").decode("ascii")
            for character in line
        )
    if len(line) > LONGEST // 4:  # a character may be four bytes long
        line = line.encode()[:LONGEST].decode(errors="ignore")
    return line


class LineFormat:
    """
    Entries as bytes.

    The time stands in front of every line of a text with several lines, so that each can be found
    and none can be forged.
    """

    def __init__(
        self,
        *,
        syslogStyle: bool,
        host: str,
        pid: Callable[[], int] = os.getpid,
        localTime: Callable[[float], time.struct_time] = time.localtime,
    ) -> None:
        """
        @param syslogStyle: files look as 3.0.6 with C{syslogmsgfmt on} writes them, else as 1.2.
        @param host: C{uname -n}, its case kept.
        @param pid: asked for every line, because C{twistd} forks after we are made.
        """
        self._syslogStyle = syslogStyle
        self._host = host
        self._pid = pid
        self._localTime = localTime

    def forFile(self, entry: Entry) -> bytes:
        """The lines for a log file, each with its line feed."""
        now = self._localTime(entry.when)
        word = _WORDS[entry.level]
        if self._syslogStyle:
            stamp = f"{_MONTHS[now.tm_mon - 1]} {now.tm_mday:02} {_clockTime(now)}"
            prefix = f"{stamp} {self._host} {entry.entity}: [{self._pid()}]: {word}: "
        else:
            date = f"{now.tm_year:04}/{now.tm_mon:02}/{now.tm_mday:02}_{_clockTime(now)}"
            prefix = f"{entry.entity}: {date} {word}: "
        return "".join(f"{prefix}{line}\n" for line in cleanLines(entry.text)).encode()

    def forSyslog(self, entry: Entry, facility: int) -> list[bytes]:
        """
        One datagram a line, in the local form of RFC 3164.  3.0.6 ends its text with a NUL byte,
        which syslog daemons show as rubbish; we do not.
        """
        now = self._localTime(entry.when)
        priority = facility * 8 + _SYSLOG_SEVERITIES[entry.level]
        stamp = f"{_MONTHS[now.tm_mon - 1]} {now.tm_mday:2} {_clockTime(now)}"
        ident = (
            f"{entry.entity}: [{self._pid()}]" if self._syslogStyle else f"{entry.entity}[{self._pid()}]"
        )
        prefix = f"<{priority}>{stamp} {ident}: {_WORDS[entry.level]}: "
        return [f"{prefix}{line}".encode() for line in cleanLines(entry.text)]


def _clockTime(now: time.struct_time) -> str:
    return f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
