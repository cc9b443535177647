"""Events and bugs on their way into the log."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, Logger, LogLevel, LogPublisher, eventAsJSON, eventFromJSON
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted_ha.bus import EventBus
from twisted_ha.config.model import Logging
from twisted_ha.events import FrameRefused, LinkUp, MessagesRecovered, NodeDied
from twisted_ha.observe.log import EventEmitter, HaLog, LoggerBridge
from twisted_ha.observe.outlet import atOnce
from twisted_ha.observe.syslog import SyslogSocket
from twisted_ha.terms import NodeName

BETA = NodeName("beta")
UP = LinkUp(node=BETA, link="eth0")
DEBUG = MessagesRecovered(node=BETA)


def texts(path: str) -> list[str]:
    """What stands in a log file, without times."""
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [line.split(" ", 2)[2].rstrip("\n") for line in file]


class LogCase(SynchronousTestCase):
    """A directory for logs."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.logfile = os.path.join(self.directory, "ha-log")
        self.debugfile = os.path.join(self.directory, "ha-debug")
        self.now = 1141214400.0
        self.lastWords: list[str] = []

    def log(self, **changes: Any) -> HaLog:
        values: dict[str, Any] = {"logfile": self.logfile, "debugfile": self.debugfile, **changes}
        made = HaLog(
            Logging(**values),
            wallClock=lambda: self.now,
            host="alpha",
            outlet=atOnce,
            syslog=lambda: SyslogSocket([os.path.join(self.directory, "syslog")]),
            lastResort=self.lastWords.append,
        )
        self.addCleanup(made.close)
        return made

    def syslogd(self) -> socket.socket:
        """A syslog daemon."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listening.close)
        listening.bind(os.path.join(self.directory, "syslog"))
        listening.setblocking(False)
        return listening


class HaLogTests(LogCase):
    """L{HaLog}."""

    def test_badPackets(self) -> None:
        """C{log_badpack off} keeps refused packets, and nothing else, out of the log."""
        refused = FrameRefused(medium="eth0", source="10.0.0.9:7", cause="auth", reason="no such key")
        for logged in (True, False):
            log = self.log(logBadPackets=logged)
            log(refused, 0.0)
            log(UP, 0.0)
        said = texts(self.logfile)
        self.assertEqual(len([line for line in said if "refused a packet" in line]), 1)
        self.assertEqual(len([line for line in said if "Link beta" in line]), 2)

    def test_event(self) -> None:
        """An event on the bus is a line in the log file and in the debug file."""
        bus = EventBus(Clock())
        bus.subscribe(self.log())
        bus.publish(UP)
        self.assertEqual(texts(self.logfile), ["info: Link beta:eth0 up."])
        self.assertEqual(texts(self.debugfile), texts(self.logfile))

    def test_debug(self) -> None:
        """Debug messages go to the debug file only."""
        self.log(debug=1)(DEBUG, 0.0)
        self.assertEqual(texts(self.logfile), [])
        self.assertEqual(texts(self.debugfile), ["debug: No pkts missing from beta!"])

    def test_noDebug(self) -> None:
        """Without a debug level there are none, until the level is raised."""
        log = self.log()
        log(DEBUG, 0.0)
        self.assertEqual(texts(self.debugfile), [])
        log.debugLevel += 1
        log(DEBUG, 0.0)
        self.assertEqual(len(texts(self.debugfile)), 1)

    def test_oneFileForBoth(self) -> None:
        """When both are the same file every line is there once, debug messages too."""
        log = self.log(debugfile=self.logfile, debug=1)
        log(UP, 0.0)
        log(DEBUG, 0.0)
        self.assertEqual(len(texts(self.logfile)), 2)

    def test_syslog(self) -> None:
        """With a facility every message reaches syslog."""
        syslogd = self.syslogd()
        self.log(facility="local1", logfile=None, debugfile=None)(UP, 0.0)
        self.assertTrue(syslogd.recv(9999).startswith(b"<142>"))

    def test_syslogRestarted(self) -> None:
        """A syslog daemon that was restarted is found again."""
        log = self.log(facility="local1", logfile=None, debugfile=None)
        first = self.syslogd()
        log(UP, 0.0)
        first.close()
        os.unlink(os.path.join(self.directory, "syslog"))
        second = self.syslogd()
        log(UP, 0.0)
        self.assertIn(b"Link beta:eth0 up.", second.recv(9999))

    def test_syslogFull(self) -> None:
        """A syslog daemon that does not read blocks nobody; what was lost is said afterwards."""
        syslogd = self.syslogd()
        log = self.log(facility="local1", debugfile=None)
        for _ in range(2000):
            log(UP, 0.0)
        (complaint,) = [text for text in texts(self.logfile) if "cannot write to syslog" in text]
        self.assertTrue(complaint.startswith("ERROR: "))
        with self.assertRaises(BlockingIOError):
            while True:
                syslogd.recv(9999)
        log(UP, 0.0)
        self.assertIn(b"could not be written here", syslogd.recv(9999))

    def test_unwritable(self) -> None:
        """A file that cannot be written is complained of once, in the other sink, and work goes on."""
        log = self.log(logfile=os.path.join(self.directory, "missing", "ha-log"))
        for _ in range(3):
            log(UP, 0.0)
        written = texts(self.debugfile)
        self.assertEqual(len(written), 4)
        self.assertEqual([text for text in written if "No such file or directory" in text], written[1:2])
        self.assertEqual(self.lastWords, [])

    def test_nowhere(self) -> None:
        """If there is no other sink the last resort hears it, once."""
        log = self.log(logfile=os.path.join(self.directory, "missing", "ha-log"), debugfile=None)
        for _ in range(3):
            log(UP, 0.0)
        self.assertEqual(len(self.lastWords), 1)
        self.assertIn("cannot write to", self.lastWords[0])

    def test_bothBroken(self) -> None:
        """If all sinks fail at once the last resort hears of each."""
        missing = os.path.join(self.directory, "missing")
        log = self.log(logfile=os.path.join(missing, "log"), debugfile=os.path.join(missing, "debug"))
        log(UP, 0.0)
        self.assertEqual(len(self.lastWords), 2)

    def test_works(self) -> None:
        """When it can be written again, the file says how much is missing in it."""
        missing = os.path.join(self.directory, "missing")
        log = self.log(logfile=os.path.join(missing, "ha-log"))
        log(UP, 0.0)
        log(UP, 0.0)
        os.makedirs(missing)
        log(UP, 0.0)
        note, line = texts(os.path.join(missing, "ha-log"))
        self.assertEqual(
            note,
            "WARN: 2 message(s) before this one could not be written here: No such file or directory",
        )
        self.assertEqual(line, "info: Link beta:eth0 up.")

    def test_flapping(self) -> None:
        """A disk that is full now and then is complained of once a minute at most."""
        missing = os.path.join(self.directory, "missing")
        path = os.path.join(missing, "ha-log")
        log = self.log(logfile=path)
        for _ in range(5):
            log(UP, 0.0)
            os.makedirs(missing)
            log(UP, 0.0)
            os.unlink(path)
            os.rmdir(missing)
        self.assertEqual(len([text for text in texts(self.debugfile) if "cannot write" in text]), 1)
        self.now += 61
        log(UP, 0.0)
        self.assertEqual(len([text for text in texts(self.debugfile) if "cannot write" in text]), 2)

    def test_reconfigured(self) -> None:
        """After a reload other files are written."""
        log = self.log(debugfile=None)
        log(UP, 0.0)
        log.reconfigure(Logging(logfile=self.debugfile))
        log(UP, 0.0)
        self.assertEqual((len(texts(self.logfile)), len(texts(self.debugfile))), (1, 1))

    def test_thread(self) -> None:
        """Without an outlet given it writes in a thread, and close waits for that."""
        log = HaLog(Logging(logfile=self.logfile), wallClock=lambda: self.now, host="alpha")
        for _ in range(100):
            log(UP, 0.0)
        log.close()
        self.assertEqual(len(texts(self.logfile)), 100)


class EmitterTests(SynchronousTestCase):
    """L{EventEmitter}."""

    def test_fields(self) -> None:
        """The event's fields reach a JSON log as they are, and the text can be made of them."""
        emitted: list[Any] = []
        event = NodeDied(node=BETA, silentFor=5.25, deadtime=5.0)
        EventEmitter(emitted.append, lambda: 7.0)(event, 0.0)
        (told,) = emitted
        self.assertEqual(told["log_namespace"], "twisted_ha.events.NodeDied")
        self.assertEqual(
            (told["log_level"], told["log_time"], told["deadtime"]), (LogLevel.warn, 7.0, 5.0)
        )
        told.pop("haEvent")
        back = eventFromJSON(eventAsJSON(told))
        self.assertEqual(back["log_format"].format(**back), event.render())


class BridgeTests(LogCase):
    """L{LoggerBridge}."""

    def setUp(self) -> None:
        super().setUp()
        self.bridge = LoggerBridge(self.log())
        self.publisher = LogPublisher(self.bridge)

    def test_interface(self) -> None:
        """It is an observer of twisted.logger."""
        self.assertTrue(verifyObject(ILogObserver, self.bridge))

    def logger(self, namespace: str) -> Logger:
        return Logger(namespace=namespace, observer=self.publisher)

    def stumble(self) -> None:
        """Log the same bug."""
        try:
            raise ZeroDivisionError("by zero")
        except ZeroDivisionError:
            self.logger("twisted_ha.cluster").failure("the beat failed", Failure())

    def test_bug(self) -> None:
        """A bug lands in the log with its traceback, every line of it marked."""
        self.stumble()
        written = texts(self.logfile)
        self.assertEqual(written[0], "CRIT: the beat failed")
        self.assertIn("CRIT: Traceback (most recent call last):", written)
        self.assertTrue(any("ZeroDivisionError: by zero" in text for text in written))

    def test_again(self) -> None:
        """The same bug again is not written again, but counted at 10, 100 and so on."""
        self.stumble()
        once = len(texts(self.logfile))
        for _ in range(10):
            self.stumble()
        self.assertEqual(
            texts(self.logfile)[once:],
            ["CRIT: the beat failed: by zero (the same as before, 10 times)"],
        )

    def test_ours(self) -> None:
        """What a room of ours says is written; what Twisted says only from a warning on."""
        self.logger("twisted_ha.media.serial").info("hello")
        self.logger("twisted.internet.tcp").info("starting factory")
        self.logger("twisted.internet.tcp").warn("careful")
        self.assertEqual(texts(self.logfile), ["info: hello", "WARN: careful"])

    def test_noEcho(self) -> None:
        """An event that came from the bus is not written a second time."""
        EventEmitter(self.publisher, lambda: 0.0)(UP, 0.0)
        self.assertEqual(texts(self.logfile), [])

    def test_observerBug(self) -> None:
        """A bug in an observer of the bus reaches the log by this way."""
        self.patch(EventBus, "_log", self.logger("twisted_ha.bus"))
        bus = EventBus(Clock())
        bus.subscribe(lambda event, when: 1 / 0)
        bus.publish(UP)
        self.assertTrue(any("ZeroDivisionError" in text for text in texts(self.logfile)))
