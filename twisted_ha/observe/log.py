"""
The cluster's log: what happened, as lines that people and test suites search for.

Every event becomes one line here and one structured event of C{twisted.logger}; what Twisted logs by
itself, and every bug with its traceback, comes back into the same log through L{LoggerBridge}.

@see: configuration.md section 8.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from twisted.python.failure import Failure
from zope.interface import implementer

from twisted_ha.config.model import Logging
from twisted_ha.events import Event, FrameRefused
from twisted_ha.observe.lines import Entry, LineFormat
from twisted_ha.observe.outlet import Outlet, WriterThread
from twisted_ha.observe.sinks import FileSink, Sink, SyslogSink
from twisted_ha.observe.syslog import SyslogSocket
from twisted_ha.terms import FACILITIES

__all__ = ["EventEmitter", "HaLog", "LoggerBridge"]

_EVENT_KEY = "haEvent"


def _toStandardError(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class HaLog:
    """
    Writes entries to the configured sinks.  Nothing that happens to a file or to syslog stops it or
    holds it up: what cannot be written is said once in the other sinks, and tried again.

    It is an observer for L{EventBus.subscribe<twisted_ha.bus.EventBus.subscribe>}.

    @ivar debugLevel: debug messages are written while this is above 0; SIGUSR1 and SIGUSR2 change it.
    """

    def __init__(
        self,
        logging: Logging,
        *,
        wallClock: Callable[[], float],
        host: str,
        outlet: Outlet | None = None,
        syslog: Callable[[], SyslogSocket] = SyslogSocket,
        lastResort: Callable[[str], object] = _toStandardError,
    ) -> None:
        """
        @param wallClock: seconds since the epoch.
        @param host: C{uname -n}, for lines in the 3.0.6 format.
        @param outlet: where the writing is done; a thread of its own if not given.
        @param lastResort: told what no sink could be told.
        """
        self.debugLevel = logging.debug
        self._badPackets = logging.logBadPackets
        self._wallClock = wallClock
        self._host = host
        self._outlet: Outlet = outlet or WriterThread()
        self._syslog = syslog
        self._lastResort = lastResort
        self._sinks = self._make(logging)

    def __call__(self, event: Event, when: float) -> None:
        """Write one event; of refused packets none with C{log_badpack off}."""
        if self._badPackets or not isinstance(event, FrameRefused):
            self.write(event.level, event.render())

    def write(self, level: Any, text: str, entity: str = "heartbeat") -> None:
        """Write C{text} now.  Never blocks and never raises."""
        if level is LogLevel.debug and self.debugLevel <= 0:
            return
        entry = Entry(level, self._wallClock(), text, entity)
        sinks = self._sinks
        self._outlet(lambda: self._deliver(entry, sinks))

    def reconfigure(self, logging: Logging) -> None:
        """Use other sinks from now on; what was written before goes to the old ones."""
        old, self._sinks = self._sinks, self._make(logging)
        self.debugLevel = logging.debug
        self._badPackets = logging.logBadPackets
        self._outlet(lambda: _close(old))

    def close(self, seconds: float = 2.0) -> None:
        """
        Write what is still to be written and let go of the files.

        @param seconds: how long to wait for a disk that does not answer.
        """
        sinks, self._sinks = self._sinks, ()
        self._outlet(lambda: _close(sinks))
        self.flush(seconds)

    def flush(self, seconds: float = 2.0) -> bool:
        """Wait until everything is written, but no longer than C{seconds}.  @return: whether it is."""
        return not isinstance(self._outlet, WriterThread) or self._outlet.flush(seconds)

    def _make(self, logging: Logging) -> tuple[Sink, ...]:
        lineFormat = LineFormat(syslogStyle=logging.syslogFormat, host=self._host)
        made: list[Sink] = []
        if logging.logfile:
            # One file for both: the debug messages go there too, and every line once.
            shared = logging.debugfile == logging.logfile
            made.append(FileSink(logging.logfile, lineFormat, debug=shared))
        if logging.debugfile and logging.debugfile != logging.logfile:
            made.append(FileSink(logging.debugfile, lineFormat, debug=True))
        if logging.facility:
            facility = FACILITIES.get(logging.facility, FACILITIES["daemon"])
            made.append(SyslogSink(facility, lineFormat, self._syslog()))
        return tuple(made)

    def _deliver(self, entry: Entry, sinks: tuple[Sink, ...]) -> None:
        broken = [sink for sink in sinks if sink.accepts(entry) and not sink.put(entry)]
        for complaint in filter(None, [sink.complaint() for sink in broken]):
            said = Entry(LogLevel.error, entry.when, complaint)
            told = [sink.put(said) for sink in sinks if sink not in broken]
            if not any(told):
                self._lastResort(complaint)
        for complaint in filter(None, [sink.complaint() for sink in sinks]):
            self._lastResort(complaint)


def _close(sinks: tuple[Sink, ...]) -> None:
    for sink in sinks:
        sink.close()


class EventEmitter:
    """
    Tells C{twisted.logger} every event, with its fields intact, so that a JSON log needs no parsing.

    The namespace is C{twisted_ha.events.} and the event's class, which filters can name.
    """

    def __init__(self, observer: Callable[[LogEvent], object], wallClock: Callable[[], float]) -> None:
        """
        @param observer: usually L{twisted.logger.globalLogPublisher}.
        """
        self._observer = observer
        self._wallClock = wallClock

    def __call__(self, event: Event, when: float) -> None:
        """Emit one event."""
        emitted: dict[str, Any] = event.asDict()
        emitted.update(
            {
                _EVENT_KEY: event,
                "log_level": event.level,
                "log_namespace": f"twisted_ha.events.{type(event).__name__}",
                "log_format": event.text,
                "log_time": self._wallClock(),
                "log_logger": None,
                "log_source": None,
            }
        )
        self._observer(emitted)


@implementer(ILogObserver)
class LoggerBridge:
    """
    Brings what is logged through C{twisted.logger} into the cluster's log.

    Events came there from the bus and are left out.  A failure is a bug: it is written with its
    traceback the first time, and after that counted at each power of ten.  Of other programs' code
    (Twisted's, a library's) only warnings and errors are of interest.
    """

    def __init__(self, log: HaLog) -> None:
        self._log = log
        self._seen: Counter[tuple[str, str, int]] = Counter()

    def __call__(self, event: LogEvent) -> None:
        """Write one event of C{twisted.logger}."""
        if _EVENT_KEY in event:
            return
        level = event.get("log_level") or LogLevel.info
        failure = event.get("log_failure")
        text = formatEvent(event)
        if isinstance(failure, Failure):
            self._failed(level, text, failure)
        elif level >= LogLevel.warn or _isOurs(event):
            self._log.write(level, text)

    def _failed(self, level: Any, text: str, failure: Failure) -> None:
        last = failure.frames[-1] if failure.frames else ("", "", 0, (), ())
        key = (failure.type.__name__ if failure.type else "", str(last[1]), int(last[2]))
        if len(self._seen) < 1000 or key in self._seen:
            self._seen[key] += 1
        times = self._seen[key]
        if times <= 1:
            self._log.write(level, f"{text}\n{failure.getTraceback()}".strip())
        elif str(times).strip("0") == "1":
            self._log.write(
                level, f"{text}: {failure.getErrorMessage()} (the same as before, {times} times)"
            )


def _isOurs(event: LogEvent) -> bool:
    namespace = str(event.get("log_namespace", ""))
    return namespace == "twisted_ha" or namespace.startswith("twisted_ha.")
