"""C{ha.cf} as a whole."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.location import Severity
from twisted_ha.config.model import Origin
from twisted_ha.errors import ConfigError
from twisted_ha.terms import FailbackMode


class NodeTests(ConfigTestCase):
    """C{node} and the names of nodes."""

    def test_order(self) -> None:
        """Nodes keep the order of the file, and names are folded to lower case."""
        config = self.withHacf("node ALPHA,Beta", without=["node"])
        self.assertEqual(("alpha", "beta"), config.nodes)
        self.assertEqual("alpha", config.localNode)

    def test_duplicate(self) -> None:
        """A node listed twice is one node, and the line of the first is named."""
        found = self.warned("node beta", category="duplicate-node")
        self.assertIn("line 10", found.message)
        self.assertEqual(("alpha", "beta"), self.load().nodes)

    def test_localMissing(self) -> None:
        """This machine must be one of them; the likely one is proposed for nodeinfo."""
        self.uname = "beta.example.org"
        found = self.refused(category="local-node-missing")
        self.assertIn('"beta.example.org"', found.message)
        self.assertIn("if it is beta, write that name into nodeinfo", found.hint)

    def test_tooMany(self) -> None:
        """The hundred-and-first node is one too many, ping nodes included."""
        names = " ".join(f"n{number}" for number in range(97))
        config = self.withHacf(f"node {names}", "ping 10.77.0.254")
        self.assertEqual(100, len(config.nodes) + len(config.pingNodes))
        self.refused(f"node {names} m", "ping 10.77.0.254", category="too-many-nodes")

    def test_nameTooLong(self) -> None:
        """A name has at most 99 bytes."""
        self.refused("node " + "x" * 100, category="node-name-too-long")

    def test_continuation(self) -> None:
        """A backslash does not continue a line; both lines say so."""
        found = self.complaintsOf("node gamma \\", "delta", without=[])
        self.only(found, "continuation", Severity.WARNING)
        self.assertIn("backslash", self.only(found, "unknown-directive").hint)

    def test_pingNodeOfThatName(self) -> None:
        """A node is not a ping node too, whichever comes first: it is not pinged."""
        for lines in (["ping beta"], ["ping gamma", "node gamma"], ["ping_group Beta 10.0.0.1"]):
            self.warned(*lines, category="node-is-ping-node")
            self.assertEqual((), self.load().pingNodes)

    def test_pingTwice(self) -> None:
        """A ping node listed twice is one."""
        self.warned("ping 10.77.0.254", "ping 10.77.0.254", category="duplicate-ping-node")
        self.assertEqual(("10.77.0.254",), self.load().pingNodes)

    def test_alone(self) -> None:
        """One node alone starts with a warning."""
        self.warned("node alpha", without=["node"], category="single-node")

    def test_none(self) -> None:
        """Without any node there is one complaint, not two."""
        found = self.complaintsOf(without=["node"])
        self.only(found, "no-nodes")
        self.assertNotIn("local-node-missing", [item.category for item in found])


class UnknownTests(ConfigTestCase):
    """Names that are no directives."""

    def test_near(self) -> None:
        """A near miss gets a suggestion, and the place is underlined."""
        found = self.refused("  keepaliv 2", category="unknown-directive")
        self.assertIn("did you mean keepalive?", found.hint)
        self.assertEqual((11, 3, 8), (found.where.line, found.where.column, found.where.length))
        self.assertIn("^^^^^^^^", found.render())

    def test_case(self) -> None:
        """Names are case-sensitive, and that is what is said."""
        self.assertIn("write keepalive", self.refused("KeepAlive 2", category="unknown-directive").hint)

    def test_comma(self) -> None:
        """A comma after the name is the fault."""
        self.assertIn("a blank after", self.refused("keepalive,2", category="unknown-directive").hint)

    def test_gone(self) -> None:
        """A medium that is gone says what to use."""
        self.assertIn("ucast", self.refused("tipc x", category="unknown-directive").hint)

    def test_allAtOnce(self) -> None:
        """Every fault of the file is reported, in its order."""
        found = self.complaintsOf("foo", "keepalive 2s", "bar", "bcast eth9")
        lines = [item.where.line for item in found if item.severity is Severity.ERROR]
        self.assertEqual([11, 12, 13, 14], lines)


class SingleValueTests(ConfigTestCase):
    """Directives with one value."""

    def test_lastWins(self) -> None:
        """The last line counts, and the line it replaces is named."""
        found = self.warned("keepalive 2", category="repeated")
        self.assertIn("line 3", found.message)
        self.assertEqual(2.0, self.load().timers.keepalive)

    def test_lastWordWins(self) -> None:
        """Of several words the last counts."""
        self.warned("keepalive 2 1", without=["keepalive"], category="several-values")
        self.assertEqual(1.0, self.load().timers.keepalive)

    def test_noValue(self) -> None:
        """A directive without a value is ignored, and that is said."""
        self.warned("keepalive", without=["keepalive"], category="no-value")
        self.assertEqual(1.0, self.load().timers.keepalive)

    def test_twice(self) -> None:
        """What is allowed once is an error the second time, and the first is named."""
        for line in ("baud 9600", "watchdog /dev/watchdog", "pacemaker no"):
            name = line.split()[0]
            self.assertIn("line 11", self.refused(line, line, category=f"{name}-twice").message)

    def test_numbers(self) -> None:
        """Numbers reach their fields; 0 is not taken for absent."""
        config = self.quiet("hopfudge 0", "max_rexmit_delay 100", "debug 3", "rtprio 5")
        self.assertEqual(
            (0, 0.1, 3, 5),
            (config.hopfudge, config.timers.maxRexmitDelay, config.logging.debug, config.rtprio),
        )

    def test_words(self) -> None:
        """Words reach their fields."""
        config = self.quiet(
            "msgfmt netstring",
            "hbgenmethod time",
            "uuidfrom nodename",
            "realtime off",
            "watchdog /dev/watchdog",
        )
        self.assertTrue(config.netstrings and config.generationFromClock and config.uuidFromName)
        self.assertEqual((False, "/dev/watchdog"), (config.realtime, config.watchdog))

    def test_watchdogMissing(self) -> None:
        """A watchdog that does not exist is a warning."""
        self.warned("watchdog /dev/nothing", category="watchdog-missing")

    def test_priority(self) -> None:
        """The range of priorities is the machine's."""
        self.host.priorities = (0, 31)
        self.assertIn("from 0 to 31", self.refused("rtprio 50", category="rtprio-range").hint)

    def test_pacemaker(self) -> None:
        """Resources are managed here or not at all."""
        self.refused("crm respawn", category="pacemaker")

    def test_environment(self) -> None:
        """C{env} words are collected; a word without an equals sign is an error."""
        config = self.quiet("env A=1,B=x=y")
        self.assertEqual({"A": "1", "B": "x=y"}, dict(config.environment))
        for word in ("A", "=x", "A-B=c"):
            self.refused(f"env {word}", category="env-invalid")


class FailbackTests(ConfigTestCase):
    """C{auto_failback} and C{nice_failback}."""

    def mode(self, *lines: str) -> FailbackMode:
        return self.withHacf(*lines, without=["auto_failback"]).autoFailback

    def test_modes(self) -> None:
        """Any boolean, or legacy, in any case."""
        self.assertIs(FailbackMode.ON, self.mode("auto_failback YES"))
        self.assertIs(FailbackMode.OFF, self.mode("auto_failback 0"))
        self.assertIs(FailbackMode.LEGACY, self.mode("auto_failback Legacy"))
        self.assertIs(FailbackMode.LEGACY, self.mode())

    def test_legacyIsWarnedOf(self) -> None:
        """Legacy mode, chosen or not, is one warning."""
        self.warned(without=["auto_failback"], category="legacy-auto_failback")
        self.warned("auto_failback legacy", without=["auto_failback"], category="legacy-auto_failback")

    def test_niceFailbackOn(self) -> None:
        """B15: C{nice_failback on} is off, as its owner meant; what a real peer makes of it is said."""
        found = self.warned(
            "nice_failback on", without=["auto_failback"], category="nice_failback-obsolete"
        )
        self.assertIn("legacy", found.hint)
        config = self.load()
        self.assertIs(FailbackMode.OFF, config.autoFailback)
        recorded = config.parameters["auto_failback"]
        self.assertEqual(("off", Origin.DERIVED), (recorded.text, recorded.origin))
        self.assertNotIn("nice_failback", config.parameters)

    def test_niceFailbackNeither(self) -> None:
        """It must be a boolean, as for a real heartbeat."""
        self.refused("nice_failback maybe", category="nice_failback-invalid")

    def test_niceFailbackOff(self) -> None:
        """C{nice_failback off} is legacy, as in the original."""
        self.assertIs(FailbackMode.LEGACY, self.mode("nice_failback off"))

    def test_niceFailbackAfterAutoFailback(self) -> None:
        """After an C{auto_failback} on or off it forces off, as in the original."""
        self.assertIs(FailbackMode.OFF, self.mode("auto_failback on", "nice_failback off"))

    def test_autoFailbackAfterNiceFailback(self) -> None:
        """A later C{auto_failback} counts."""
        self.assertIs(FailbackMode.ON, self.mode("nice_failback on", "auto_failback on"))


class ParameterTests(ConfigTestCase):
    """What is recorded for C{getparm} and C{HA_name}."""

    defaults = {
        "auto_failback": "off",
        "autojoin": "none",
        "baud": "19200",
        "cluster": "linux-ha",
        "compression": "zlib",
        "compression_threshold": "2",
        "conn_logd_time": "60",
        "coredumps": "true",
        "deadping": "5000ms",
        "deadtime": "5",
        "debug": "0",
        "debugfile": "/var/log/ha-debug",
        "enable_config_writes": "on",
        "hbgenmethod": "file",
        "hopfudge": "1",
        "initdead": "10",
        "keepalive": "1",
        "log_badpack": "true",
        "logfile": "/var/log/ha-log",
        "max_rexmit_delay": "250",
        "memreserve": "6500",
        "msgfmt": "classic",
        "pacemaker": "no",
        "realtime": "true",
        "record_config_changes": "on",
        "record_pengine_inputs": "on",
        "syslogmsgfmt": "true",
        "traditional_compression": "no",
        "udpport": "694",
        "uuidfrom": "file",
        "warntime": "3",
    }

    def test_recorded(self) -> None:
        """Exactly what a running 3.0.6 has for this file (section 9.2, captured answers)."""
        found = {name: item.text for name, item in self.load().parameters.items()}
        self.assertEqual(self.defaults, found)

    def test_verbatim(self) -> None:
        """A value from the file is recorded as it was written, and says where."""
        recorded = self.quiet("deadtime 5000ms", without=["deadtime"]).parameters["deadtime"]
        self.assertEqual(("5000ms", Origin.FILE), (recorded.text, recorded.origin))
        self.assertTrue(recorded.where.endswith("ha.cf:10"), recorded.where)

    def test_alias(self) -> None:
        """C{crm} is recorded as C{pacemaker}."""
        self.assertEqual("off", self.quiet("crm off").parameters["pacemaker"].text)
        self.assertNotIn("crm", self.load().parameters)

    def test_servicePort(self) -> None:
        """The services database may name another port."""
        self.host.services["ha-cluster"] = 695
        self.assertEqual("695", self.load().parameters["udpport"].text)


class WholeTests(ConfigTestCase):
    """Checks that concern several lines."""

    def test_pingOnly(self) -> None:
        """With nothing but ping the nodes cannot hear each other."""
        self.warned("ping 10.77.0.254", without=["bcast"], category="ping-only")

    def test_noMediaIsNotSaidOfABadOne(self) -> None:
        """A medium that was refused is not also reported as missing."""
        found = self.complaintsOf("bcast eth9", without=["bcast"])
        self.assertEqual(["interface-bad"], [item.category for item in found])

    def test_reasonsDoNotMultiply(self) -> None:
        """A time that cannot be read is one complaint, not also one about what follows."""
        error = self.assertRaises(ConfigError, self.withHacf, "deadtime 5s", without=["deadtime"])
        self.assertEqual(["value"], [item.category for item in error.complaints])
