"""Every invariant there is."""

from __future__ import annotations

from twisted_ha.sim.invariants import Invariant
from twisted_ha.sim.liveness import LIVENESS
from twisted_ha.sim.safety import SAFETY

__all__ = ["INVARIANTS"]

INVARIANTS: tuple[type[Invariant], ...] = (*SAFETY, *LIVENESS)
"""In the order of reports.  A new one goes here, and a mutant that violates it into the tests."""
