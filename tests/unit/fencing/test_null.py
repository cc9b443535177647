"""The device that does nothing."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.fencing.fakes import BETA, Surroundings
from twisted_ha.events import Warned
from twisted_ha.fencing.null import NullFencer
from twisted_ha.interfaces import IFencer


class NullTests(SynchronousTestCase):
    """L{NullFencer}."""

    def setUp(self) -> None:
        self.around = Surroundings()
        self.fencer = NullFencer(self.around.bus)

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IFencer, self.fencer)

    def test_succeeds(self) -> None:
        """It succeeds at once, and what it did is that nothing was reset."""
        self.assertIn("nothing was reset", self.successResultOf(self.fencer.fence(BETA)))

    def test_saysSo(self) -> None:
        """Every time it warns that the node may still run."""
        self.fencer.fence(BETA)
        self.fencer.fence(BETA)
        warnings = self.around.told(Warned)
        self.assertEqual(len(warnings), 2)
        self.assertIn("does not reset beta: if it still runs", warnings[0])
