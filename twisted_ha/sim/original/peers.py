"""What the original remembers of each node: generation, sequence numbers, status."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from twisted_ha.terms import NodeName

__all__ = ["Judgement", "PeerState"]

WIDEST_GAP = 250
MOST_MISSING = 499


class Judgement(Enum):
    """What becomes of an authentic message (wire-protocol.md section 5.3)."""

    ACCEPT = "accept"
    DUPLICATE = "duplicate"
    DROP = "drop"
    RESTART = "restart"
    PARTITION = "partition"


@dataclass(slots=True)
class PeerState:
    """
    One node as the original sees it.

    @ivar heard: any packet since our start or since it was last declared dead.
    @ivar deadtime: what it announced, in seconds; L{None} before.
    @ivar missing: sequence numbers that are asked for again.
    """

    name: NodeName
    status: str = "init"
    heard: bool = False
    everHeard: bool = False
    generation: int = 0
    lastSequence: int | None = None
    lastStatus: int = 0
    lastStamp: int = 0
    lastAt: float | None = None
    deadtime: float | None = None
    protocol: bool = False
    phase: int = 0
    missing: set[int] = field(default_factory=set)

    @property
    def dead(self) -> bool:
        """Whether it was declared dead and has not been heard since."""
        return self.status == "dead"

    def forget(self) -> None:
        """Its sequence state is void: it died or began a new life."""
        self.lastSequence = None
        self.missing.clear()
        self.lastStatus = 0
        self.lastStamp = 0

    def judge(self, type: str, generation: int, sequence: int) -> Judgement:
        """Decide about a message that carries a sequence number, and account for it."""
        if generation < self.generation:
            return Judgement.DROP
        verdict = Judgement.ACCEPT
        if type == "status":
            if generation == self.generation > 0 and self.dead:
                if sequence <= self.lastStatus:
                    return Judgement.DROP
                verdict = Judgement.PARTITION
            elif generation > self.generation:
                verdict = Judgement.RESTART if self.generation else Judgement.ACCEPT
                self.forget()
                self.lastAt = None if verdict is Judgement.RESTART else self.lastAt
                self.generation = generation
        elif generation > self.generation and self.generation:
            return Judgement.DROP
        last = self.lastSequence
        if last is None or sequence == last + 1:
            self.lastSequence = sequence
            return verdict
        if sequence == last:
            return Judgement.DUPLICATE
        if sequence > last:
            if sequence - last - 1 > WIDEST_GAP:
                self.missing.clear()
            else:
                for number in range(last + 1, sequence):
                    if len(self.missing) >= MOST_MISSING:
                        self.missing.discard(min(self.missing))
                    self.missing.add(number)
            self.lastSequence = sequence
            return verdict
        if sequence in self.missing:
            self.missing.discard(sequence)
            return verdict
        if verdict is not Judgement.ACCEPT:
            self.lastSequence = sequence
            return verdict
        return Judgement.DROP
