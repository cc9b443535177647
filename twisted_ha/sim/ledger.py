"""
What a restarted daemon must still refuse: the promise about replays, as an account of its own.

A daemon of ours keeps how far it has heard the others: when one of them begins a life, every
L{SAVE_EVERY} seconds of its own clock, and when it leaves.  So its next life on that machine refuses

  - what was sent in an earlier life of the sender than the last one it has read a status of,
  - what was sent before the last status it had read when it left in order, or when it last kept its
    account,

if its disk took what was written.  Nothing here looks at what a daemon keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted_ha.cluster.marks import SAVE_EVERY

if TYPE_CHECKING:
    from twisted_ha.sim.daemons import Life

__all__ = ["SAVE_EVERY", "Ledger"]

_NEVER = float("-inf")


class Ledger:
    """Of every machine and sender: until when everything sent is refused by later lives."""

    def __init__(self) -> None:
        self._refusedUntil: dict[tuple[str, str], float] = {}
        self._births: dict[str, list[float]] = {}

    def began(self, life: Life) -> None:
        """A daemon runs."""
        self._births.setdefault(life.name, []).append(life.began)

    def kept(self, life: Life) -> None:
        """It has kept its account, or left in order."""
        if life.diskFailed:
            return
        for source, first in self._heard(life).items():
            self._refuse(life.name, source, first)

    def crashed(self, life: Life) -> None:
        """It is gone without a word."""
        if life.diskFailed:
            return
        for source, first in self._heard(life).items():
            births = [birth for birth in self._births.get(source, ()) if birth <= first]
            if births:
                self._refuse(life.name, source, births[-1])

    def refuses(self, machine: str, source: str, first: float) -> bool:
        """
        Whether a daemon of ours on C{machine} must know a frame for an old one, from its first moment.

        @param first: when C{source} first sent it.
        """
        return first < self._refusedUntil.get((machine, source), _NEVER)

    def livedAgain(self, source: str, first: float, until: float) -> bool:
        """Whether C{source} has begun a life after C{first}, and not after C{until}."""
        return any(first < birth <= until for birth in self._births.get(source, ()))

    def _refuse(self, machine: str, source: str, until: float) -> None:
        place = machine, source
        self._refusedUntil[place] = max(until, self._refusedUntil.get(place, _NEVER))

    @staticmethod
    def _heard(life: Life) -> dict[str, float]:
        """By sender: when the latest status that C{life} has read was first sent."""
        heard: dict[str, float] = {}
        for medium in life.media:
            for source, first in medium.latest.items():
                heard[source] = max(first, heard.get(source, _NEVER))
        return heard
