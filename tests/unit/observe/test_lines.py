"""How log lines look."""

from __future__ import annotations

import time

from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.observe.lines import LONGEST, Entry, LineFormat, cleanLines
from twisted_ha.terms import FACILITIES

NOON = 1141214400.0  # 2006-03-01 12:00:00 UTC


def formatted(*, syslogStyle: bool = False) -> LineFormat:
    return LineFormat(syslogStyle=syslogStyle, host="Alpha", pid=lambda: 15, localTime=time.gmtime)


class FileLineTests(SynchronousTestCase):
    """Lines of files."""

    def test_oldFormat(self) -> None:
        """By default a line looks as heartbeat 1.2 wrote it, without a pid."""
        line = formatted().forFile(Entry(LogLevel.info, NOON, "Link beta:eth0 up."))
        self.assertEqual(line, b"heartbeat: 2006/03/01_12:00:00 info: Link beta:eth0 up.\n")

    def test_syslogFormat(self) -> None:
        """With syslogmsgfmt it looks as 3.0.6 writes it, day zero-padded, host in its own case."""
        line = formatted(syslogStyle=True).forFile(
            Entry(LogLevel.info, NOON, "Local status now set to: 'up'")
        )
        self.assertEqual(
            line, b"Mar 01 12:00:00 Alpha heartbeat: [15]: info: Local status now set to: 'up'\n"
        )

    def test_severities(self) -> None:
        """The words people and monitors search for."""
        words = [
            formatted().forFile(Entry(level, NOON, "x")).split()[2]
            for level in (
                LogLevel.debug,
                LogLevel.info,
                LogLevel.warn,
                LogLevel.error,
                LogLevel.critical,
            )
        ]
        self.assertEqual(words, [b"debug:", b"info:", b"WARN:", b"ERROR:", b"CRIT:"])

    def test_everyLineHasItsTime(self) -> None:
        """Each line of a text with several, such as a traceback, can be found and is not forged."""
        written = formatted().forFile(Entry(LogLevel.error, NOON, "one\nheartbeat: info: two"))
        self.assertEqual(
            written,
            b"heartbeat: 2006/03/01_12:00:00 ERROR: one\n"
            b"heartbeat: 2006/03/01_12:00:00 ERROR: heartbeat: info: two\n",
        )

    def test_entity(self) -> None:
        """Another program's lines carry its name."""
        self.assertTrue(
            formatted().forFile(Entry(LogLevel.info, NOON, "x", "ipfail")).startswith(b"ipfail: ")
        )


class SyslogLineTests(SynchronousTestCase):
    """Datagrams for syslog."""

    def test_oldFormat(self) -> None:
        """The ident carries the pid, as 1.2 with LOG_PID; the day is padded with a blank."""
        lines = formatted().forSyslog(
            Entry(LogLevel.warn, NOON, "node beta: is dead"), FACILITIES["local0"]
        )
        self.assertEqual(lines, [b"<132>Mar  1 12:00:00 heartbeat[15]: WARN: node beta: is dead"])

    def test_newFormat(self) -> None:
        """With syslogmsgfmt the pid stands in the text, as in 3.0.6."""
        lines = formatted(syslogStyle=True).forSyslog(
            Entry(LogLevel.info, NOON, "x"), FACILITIES["daemon"]
        )
        self.assertEqual(lines, [b"<30>Mar  1 12:00:00 heartbeat: [15]: info: x"])


class CleanTests(SynchronousTestCase):
    """Texts that strangers may have written."""

    def test_controlCharacters(self) -> None:
        """Nothing reaches a terminal that could move its cursor."""
        self.assertEqual(cleanLines("a\x1b[2Jb\tc"), ["a\\x1b[2Jb\tc"])

    def test_notUtf8(self) -> None:
        """Bytes that are no text are shown, not refused."""
        self.assertEqual(cleanLines("a\udcffb"), ["a\\udcffb"])

    def test_long(self) -> None:
        """A line is cut where 3.0.6 cuts it, and never in the middle of a character."""
        (line,) = cleanLines("é" * LONGEST)
        self.assertEqual(len(line.encode()), LONGEST - 1)

    def test_many(self) -> None:
        """A text of very many lines is cut, and says so."""
        lines = cleanLines("x\n" * 1000)
        self.assertEqual((len(lines), lines[-1]), (201, "(800 more lines left out)"))

    def test_empty(self) -> None:
        """An empty text is an empty line."""
        self.assertEqual(cleanLines(""), [""])
