"""Fencing devices."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.location import Severity
from twisted_ha.config.model import FencingDevice


class StonithTests(ConfigTestCase):
    """C{stonith} and C{stonith_host}."""

    def test_none(self) -> None:
        """Without a line there is no device."""
        self.assertIsNone(self.load().fencing)

    def test_file(self) -> None:
        """The parameters are the first line of the file that says something."""
        self.host.texts["/etc/pdu"] = "# my switch\n\n 10.0.0.5 admin hunter2 \nmore\n"
        self.warned("stonith external/apc /etc/pdu", category="fencing")
        self.assertEqual(
            FencingDevice(
                type="external/apc", parameters=("10.0.0.5", "admin", "hunter2"), file="/etc/pdu"
            ),
            self.load().fencing,
        )

    def test_noFile(self) -> None:
        """The file must be there."""
        self.refused("stonith null /nowhere", category="stonith-invalid")
        self.refused("stonith null relative", category="stonith-invalid")

    def test_host(self) -> None:
        """A line for this node or for C{*} is taken, any other is not."""
        self.warned("stonith_host ALPHA meatware beta", category="fencing")
        self.assertEqual(FencingDevice(type="meatware", parameters=("beta",)), self.load().fencing)
        self.assertIsNone(self.quiet("stonith_host beta nosuch x").fencing)

    def test_saidAloud(self) -> None:
        """Every device is announced with what it means, and which types there are."""
        for kind, said in {
            "null": "not reset at all",
            "meatware": "person",
            "external/x": "external/x",
        }.items():
            found = self.warned(f"stonith_host * {kind} beta", category="fencing")
            self.assertIn(said, found.message)
            self.assertIn("only external/..., meatware and null", found.hint)

    def test_otherType(self) -> None:
        """A device that cannot be driven must not be silently absent."""
        for kind in ("apcmaster", "external/", "external/../x", "external/.."):
            self.assertIn(
                "external/SCRIPT",
                self.refused(f"stonith_host * {kind} x", category="stonith-invalid").hint,
            )
        self.assertIn(
            "meatware", self.refused("stonith_host * meatwear x", category="stonith-invalid").hint
        )

    def test_lastOne(self) -> None:
        """The last device counts, and that is said."""
        self.warned("stonith_host * null a", "stonith_host * meatware b", category="fencing-replaced")
        device = self.load().fencing
        assert device is not None
        self.assertEqual("meatware", device.type)

    def test_secret(self) -> None:
        """Passwords on these lines appear in no complaint and no repr."""
        for line in ("stonith_host * apcmaster hunter2", "stonith_host * external/x hunter2"):
            for found in self.complaintsOf(line):
                self.assertNotIn("hunter2", found.render())
        self.assertNotIn("hunter2", repr(self.load()))

    def test_tooFew(self) -> None:
        """Words that are missing are an error."""
        found = self.complaintsOf("stonith null", "stonith_host *")
        self.assertEqual([Severity.ERROR] * 2, [item.severity for item in found])
