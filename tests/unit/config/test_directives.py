"""The table of directives."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.directives import DIRECTIVES, REFUSED
from twisted_ha.config.hacf import _Fold
from twisted_ha.config.tuning import DIRECTIVES as TUNING

MANUAL = Path(__file__).parents[3] / "docs" / "configuration.md"


class TableTests(SynchronousTestCase):
    """L{DIRECTIVES}."""

    def test_effect(self) -> None:
        """Each one either does something here, or says why not."""
        for directive in DIRECTIVES.values():
            self.assertNotEqual(bool(directive.does), bool(directive.unused), directive.name)

    def test_defaultsAreReadable(self) -> None:
        """Each default is a value of its directive."""
        for directive in DIRECTIVES.values():
            if directive.default is not None:
                assert directive.read is not None
                self.assertEqual("", directive.read(directive.default).remark, directive.name)

    def test_refusedAreNotAccepted(self) -> None:
        """A directive is in one table only."""
        self.assertEqual(set(), set(DIRECTIVES) & set(REFUSED))


class HandledTests(ConfigTestCase):
    """The table and the code that folds agree."""

    def test_handled(self) -> None:
        """Each directive has a reader, a handler, or a reason why nothing is done."""
        from twisted_ha.config.complaints import Complaints
        from twisted_ha.terms import NodeName

        fold = _Fold("ha.cf", NodeName("alpha"), self.host, Complaints())
        handled = {*fold._lines, *fold._words}
        for directive in DIRECTIVES.values():
            if directive.read is None and not directive.unused:
                self.assertIn(directive.name, handled)

    def test_noEffectIsSaid(self) -> None:
        """Each directive that does nothing here says so, once, and the daemon starts."""
        values = {"cluster": "x", "quorum_server": "q", "hbaping": "h", "compression": "zlib"}
        values |= {"coreroot": "/x", "crm_daemon_dir": "/x", "conn_logd_time": "5", "memreserve": "7"}
        values |= {"compression_threshold": "3"}
        for directive in DIRECTIVES.values():
            if directive.unused:
                line = f"{directive.name} {values.get(directive.name, 'on')}"
                found = self.warned(line, line, category="no-effect")
                self.assertIn(directive.unused, found.message)

    def test_harmlessIsNotSaid(self) -> None:
        """A value that asks for what happens anyway needs no word."""
        self.quiet("use_logd off", "use_apphbd off", "traditional_compression no")


class ManualTests(SynchronousTestCase):
    """C{docs/configuration.md}."""

    def test_complete(self) -> None:
        """It has a row for every directive of the two tables."""
        text = MANUAL.read_text()
        for name in [*DIRECTIVES, *REFUSED, *TUNING]:
            self.assertIn(f"`{name}`", text, name)

    def test_defaults(self) -> None:
        """Each row of a directive that is recorded by default names that default."""
        lines = MANUAL.read_text().splitlines()
        rows = {row.split("`")[1]: row for row in lines if row.startswith("| `")}
        shown = {"1000ms": "1 s", "30000ms": "30 s"}
        for directive in DIRECTIVES.values():
            if directive.default is not None:
                said = shown.get(directive.default, directive.default)
                self.assertIn(said, rows[directive.name], directive.name)
