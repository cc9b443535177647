"""What became of the blocks of a campaign, and the file in which that is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twisted_ha.sim.report import Count

__all__ = ["Found", "Result", "readResults"]


@dataclass(slots=True, kw_only=True)
class Found:
    """A violation, with what is needed to see it again."""

    cast: str
    calm: bool
    seed: int
    invariant: str
    culprit: str
    ours: bool
    text: str


@dataclass(slots=True, kw_only=True)
class Result:
    """
    What became of a block.

    @ivar program: L{fingerprint<twisted_ha.sim.campaign.fingerprint>} of what was run.
    @ivar seconds: simulated.
    @ivar spent: CPU seconds.
    @ivar wall: seconds by the clock on the wall.
    """

    program: str
    key: str
    chapter: str
    stories: int
    seconds: float
    spent: float
    wall: float
    faults: dict[str, int] = field(default_factory=dict)
    counts: list[Count] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    def line(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def read(cls, line: str) -> Result:
        """
        The opposite of L{line}.

        @raise ValueError: it was not written to its end.
        """
        made: dict[str, Any] = json.loads(line)
        made["counts"] = [Count(**one) for one in made["counts"]]
        made["found"] = [Found(**one) for one in made["found"]]
        return cls(**made)


def readResults(path: Path) -> Iterator[Result]:
    """Everything in the file; a line that was cut short by the end of a process is passed over."""
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                yield Result.read(line)
            except ValueError:
                continue
