"""Whether the heartbeats fit through the serial line."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.serial_speed import bytesPerSecond
from twisted_ha.terms import NodeName


class SerialSpeedTests(ConfigTestCase):
    """L{twisted_ha.config.serial_speed}."""

    def test_tutorial(self) -> None:
        """The tutorial's two seconds at 9600 baud fit well."""
        self.quiet("keepalive 2", "baud 9600", "serial /dev/ttyS0", without=("keepalive",))

    def test_tooFast(self) -> None:
        """Five heartbeats a second do not fit into 9600 baud; the arithmetic is shown, and a way out."""
        complaint = self.warned(
            "keepalive 200ms",
            "baud 9600",
            "serial /dev/ttyS0",
            without=("keepalive",),
            category="serial-too-slow",
        )
        self.assertIn("about 255 bytes every 0.2 s, and 10% more in acknowledgements", complaint.message)
        self.assertIn("1402 bytes a second, which is 146% of the 960 that 9600 baud", complaint.message)
        self.assertIn("keepalive 500ms or more, or baud 38400 or more", complaint.hint)
        self.assertEqual(complaint.where.text, "keepalive 200ms")

    def test_faster(self) -> None:
        """What the hint proposes is quiet."""
        for lines in (("keepalive 500ms", "baud 9600"), ("keepalive 200ms", "baud 38400")):
            self.quiet(*lines, "serial /dev/ttyS0", without=("keepalive",))

    def test_onlySerial(self) -> None:
        """A network is not asked how fast it is."""
        self.quiet("keepalive 50ms", without=("keepalive",))

    def test_once(self) -> None:
        """Two slow lines are one warning."""
        self.host.devices["/dev/ttyS1"] = self.host.devices["/dev/ttyS0"]
        self.warned(
            "keepalive 100ms",
            "serial /dev/ttyS0 /dev/ttyS1",
            without=("keepalive",),
            category="serial-too-slow",
        )

    def test_nodes(self) -> None:
        """More nodes mean more acknowledgements, and longer names longer messages."""
        two = [NodeName("a"), NodeName("b")]
        self.assertGreater(bytesPerSecond(1, [*two, NodeName("c")]), bytesPerSecond(1, two))
        self.assertGreater(
            bytesPerSecond(1, [NodeName("a" * 30), NodeName("b")]), bytesPerSecond(1, two)
        )
        self.assertEqual(bytesPerSecond(0.5, two), 2 * bytesPerSecond(1, two))
