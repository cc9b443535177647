"""Where the log goes."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.model import Logging

FILES = ("logfile", "debugfile")


class LoggingTests(ConfigTestCase):
    """The sinks (configuration.md section 8)."""

    def logging(self, *lines: str) -> Logging:
        return self.withHacf(*lines, without=FILES).logging

    def test_files(self) -> None:
        """Both files as written."""
        self.assertEqual(
            Logging(logfile="/var/log/ha-log", debugfile="/var/log/ha-debug"), self.load().logging
        )

    def test_nothing(self) -> None:
        """With nothing configured the two files of 1.2 are written, and that is said."""
        self.assertIn(
            "/var/log/ha-log", self.warned(without=FILES, category="default-log-files").message
        )
        config = self.load()
        self.assertEqual(
            ("/var/log/ha-log", "/var/log/ha-debug"), (config.logging.logfile, config.logging.debugfile)
        )
        self.assertEqual("/var/log/ha-log", config.parameters["logfile"].text)

    def test_facilityNone(self) -> None:
        """Facility none is nothing configured."""
        self.warned("logfacility none", without=FILES, category="default-log-files")
        self.assertIsNone(self.load().logging.facility)

    def test_facilityOnly(self) -> None:
        """With a facility alone there are no files, and their parameters say so."""
        self.assertEqual(Logging(facility="local0"), self.logging("logfacility local0"))
        self.assertEqual("/dev/null", self.load().parameters["debugfile"].text)

    def test_devNull(self) -> None:
        """C{/dev/null} in any case is no file."""
        self.assertEqual(Logging(), self.logging("logfile /DEV/null"))

    def test_nowhere(self) -> None:
        """With no destination and the logging daemon refused it does not start."""
        self.refused("use_logd off", without=FILES, category="no-log-destination")

    def test_useLogd(self) -> None:
        """The logging daemon is no sink of ours; the others are kept."""
        self.warned("use_logd on", category="no-effect")
        self.assertEqual("/var/log/ha-log", self.load().logging.logfile)

    def test_syslogFormat(self) -> None:
        """Lines look as syslog's only when somebody asked for it."""
        self.assertFalse(self.load().logging.syslogFormat)
        self.assertTrue(self.quiet("syslogmsgfmt on").logging.syslogFormat)
        self.assertFalse(self.quiet("syslogmsgfmt off").logging.syslogFormat)

    def test_badPackets(self) -> None:
        """They are logged unless that is switched off."""
        self.assertTrue(self.load().logging.logBadPackets)
        self.assertFalse(self.quiet("log_badpack off").logging.logBadPackets)

    def test_facilityCase(self) -> None:
        """A facility in upper case is refused with the right spelling."""
        self.assertIn("local0", self.refused("logfacility LOCAL0", category="logfacility-invalid").hint)
