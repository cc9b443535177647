"""
Stories nobody thought of: a few seeds for every change, all of them in C{python -m twisted_ha.sim.soak}.

The time is bounded: what does not fit is skipped, and the report says how many seeds there were.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.sim.badcable import ROUND, inventBadCable
from twisted_ha.sim.setup import OURS
from twisted_ha.sim.soak import Soak
from twisted_ha.sim.storyteller import inventSetup

SECONDS = float(os.environ.get("TWISTED_HA_SIM_SECONDS", "7"))
"""For each pair; a nightly run sets more."""


def badCable(pair: str) -> Soak:
    return Soak(pair, shrinking=False, invent=inventBadCable)


class SeedTests(SynchronousTestCase):
    """L{Soak} over a few seeds."""

    def soak(self, soak: Soak, seeds: Iterable[int]) -> Soak:
        soak.run(seeds, time.monotonic() + SECONDS)
        self.assertTrue(soak.seeds > 0)
        return soak

    def clean(self, soak: Soak, seeds: Iterable[int]) -> None:
        self.soak(soak, seeds)
        ours = [failure.render() for failure in soak.failures if failure.ours]
        self.assertEqual(ours, [], "\n".join([*ours, soak.render()]))

    def test_ours(self) -> None:
        """Two nodes of ours."""
        self.clean(Soak("ours/ours", shrinking=False), range(1000, 1100))

    def test_oursWithOriginal(self) -> None:
        """One of ours and an original: nothing is wrong by our doing."""
        self.clean(Soak("ours/original", shrinking=False), range(2000, 2100))

    def test_badCable(self) -> None:
        """Every fifth situation on one bad cable, or as many as there is time for."""
        self.clean(badCable("ours/ours"), range(0, ROUND, 5))

    def test_badCableWithOriginal(self) -> None:
        """The same beside an original."""
        self.clean(badCable("ours/original"), range(1, ROUND, 5))

    def test_everySituation(self) -> None:
        """A round of seeds has every situation once."""
        told = [inventBadCable(seed, "ours/ours") for seed in range(2 * ROUND)]
        self.assertEqual(len({str(story) for _, story in told}), 2 * ROUND)
        configured = {(setup.config.autoFailback, setup.fencing) for setup, _ in told}
        self.assertEqual(len(configured), 6)

    def test_originals(self) -> None:
        """Two originals violate some: the invariants can tell the difference."""
        soak = self.soak(Soak("original/original", shrinking=False), range(3000, 3200))
        self.assertTrue(soak.failures, soak.render())

    def test_samePast(self) -> None:
        """The same seed has the same digest, whatever it is."""
        first, second = (Soak("ours/ours", shrinking=False).one(4000).digest for _ in range(2))
        self.assertEqual(first, second)
        self.assertEqual(inventSetup(4000).kindOf("alpha"), OURS)
