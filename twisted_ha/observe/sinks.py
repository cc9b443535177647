"""The three places a log line goes: log file, debug file, syslog."""

from __future__ import annotations

from typing import Protocol

from twisted.logger import LogLevel

from twisted_ha.observe.files import AppendedFile
from twisted_ha.observe.lines import Entry, LineFormat
from twisted_ha.observe.syslog import SyslogSocket

__all__ = ["FileSink", "Sink", "SyslogSink"]

_BETWEEN_COMPLAINTS = 60.0


class Sink(Protocol):
    """Somewhere to write entries."""

    name: str

    def accepts(self, entry: Entry) -> bool:
        """Whether it wants this one."""

    def put(self, entry: Entry) -> bool:
        """Write it.  Never raises.  @return: whether it is written."""

    def complaint(self) -> str:
        """What people should be told about this sink elsewhere: each thing once, usually nothing."""

    def close(self) -> None:
        """Let go of the device.  Never raises."""


class _Trouble:
    """How a sink remembers that it does not work, so that it says so once and counts what it lost."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._reason = ""
        self._lost = 0
        self._complained: float | None = None
        self._complaint = ""

    def met(self, entry: Entry, error: OSError) -> None:
        """Writing C{entry} failed."""
        self._lost += 1
        first, self._reason = not self._reason, error.strerror or str(error)
        if not first:
            return
        if self._complained is not None and abs(entry.when - self._complained) < _BETWEEN_COMPLAINTS:
            return
        self._complained = entry.when
        self._complaint = (
            f"cannot write to {self._name}: {self._reason}; trying again with every message"
        )

    def take(self) -> str:
        """The complaint, once."""
        complaint, self._complaint = self._complaint, ""
        return complaint

    def note(self, entry: Entry) -> Entry | None:
        """What to write in front of C{entry} if writing is to work again."""
        if not self._reason:
            return None
        text = f"{self._lost} message(s) before this one could not be written here: {self._reason}"
        return Entry(LogLevel.warn, entry.when, text)

    def over(self) -> None:
        """Writing works."""
        self._reason = ""
        self._lost = 0


class FileSink:
    """A log file."""

    def __init__(self, path: str, lineFormat: LineFormat, *, debug: bool) -> None:
        """
        @param debug: whether it receives debug messages too.
        """
        self.name = path
        self._file = AppendedFile(path)
        self._format = lineFormat
        self._debug = debug
        self._trouble = _Trouble(path)

    def accepts(self, entry: Entry) -> bool:
        """Whether it wants this one."""
        return self._debug or entry.level is not LogLevel.debug

    def complaint(self) -> str:
        """What people should be told; see L{Sink.complaint}."""
        return self._trouble.take()

    def put(self, entry: Entry) -> bool:
        """Write it; see L{Sink.put}."""
        note = self._trouble.note(entry)
        data = self._format.forFile(entry)
        try:
            self._file.append(data if note is None else self._format.forFile(note) + data)
        except OSError as error:
            self._trouble.met(entry, error)
            return False
        self._trouble.over()
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class SyslogSink:
    """The system's log; it wants everything."""

    def __init__(self, facility: int, lineFormat: LineFormat, connection: SyslogSocket) -> None:
        self.name = "syslog"
        self._facility = facility
        self._format = lineFormat
        self._connection = connection
        self._trouble = _Trouble("syslog")

    def accepts(self, entry: Entry) -> bool:
        """Whether it wants this one."""
        return True

    def complaint(self) -> str:
        """What people should be told; see L{Sink.complaint}."""
        return self._trouble.take()

    def put(self, entry: Entry) -> bool:
        """Write it; see L{Sink.put}."""
        note = self._trouble.note(entry)
        try:
            for each in (entry,) if note is None else (note, entry):
                for datagram in self._format.forSyslog(each, self._facility):
                    self._connection.send(datagram)
        except OSError as error:
            self._trouble.met(entry, error)
            return False
        self._trouble.over()
        return True

    def close(self) -> None:
        """Let go of the socket."""
        self._connection.close()
