"""
What must hold at every instant, whatever happens.

An invariant is a small class: it is told what was observed (L{Invariant.observe}), and is asked after
every step in which something was (L{Invariant.check}).  It says L{Invariant.claim} with the premise
under which it binds, and both are counted, since a claim whose premise never holds claims nothing.

To add one, write ten lines and put its class into L{INVARIANTS}; tests/sim/test_mutants.py then asks for
a mutant that violates it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from twisted_ha.sim.observed import Observed

if TYPE_CHECKING:
    from twisted_ha.sim.world import World

__all__ = ["Invariant", "Violation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """
    Something that must not be.

    @ivar at: the world's seconds.
    @ivar culprit: the node whose doing it is, if it is one's.
    """

    invariant: str
    at: float
    text: str
    culprit: str = ""

    def __str__(self) -> str:
        return f"{self.at:10.3f}  VIOLATION of {self.invariant}: {self.text}"


class Invariant:
    """
    One thing that must hold.

    @cvar name: as reports show it.
    @ivar evaluations: how often it was asked.
    @ivar premises: how often its premise held, so that it bound.
    """

    name: ClassVar[str] = ""

    def __init__(self, world: World) -> None:
        self.world = world
        self.evaluations = 0
        self.premises = 0
        self.violations: list[Violation] = []

    @property
    def observes(self) -> bool:
        """Whether it has any use for what is observed."""
        return type(self).observe is not Invariant.observe

    @property
    def checks(self) -> bool:
        """Whether it looks at the world."""
        return type(self).check is not Invariant.check

    def observe(self, seen: Observed) -> None:
        """Something was observed."""

    def check(self) -> None:
        """Look at the world as it is now."""

    def claim(self, premise: bool, holds: bool, text: str, culprit: str = "") -> None:
        """Say that C{holds} must be true where C{premise} is; C{text} tells what is wrong if not."""
        self.evaluations += 1
        if not premise:
            return
        self.premises += 1
        if not holds:
            self.violations.append(
                Violation(invariant=self.name, at=self.world.time.now, text=text, culprit=culprit)
            )

    def checkIn(self, seconds: float) -> None:
        """Look at the world again after a while, whether or not anything is observed then."""
        self.world.after(seconds, self.check)

    @property
    def now(self) -> float:
        """The world's seconds."""
        return self.world.time.now
