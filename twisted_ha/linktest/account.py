"""What was heard, by whom it was sent and on which road."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from twisted_ha.cluster.links import Link
from twisted_ha.linktest.probe import Door, Heard, Probe, Report, Size
from twisted_ha.wire.grammar import MAX_FRAME

__all__ = ["Arrivals", "Line", "Peer"]


@dataclass(slots=True)
class Arrivals:
    """The probes of one road and door that came in by one link."""

    series: dict[Size, Link] = field(default_factory=lambda: {size: Link("") for size in Size})
    delay: float = float("inf")

    def count(self, probe: Probe, wall: float) -> None:
        """One came at C{wall}."""
        self.series[probe.size].count(probe.number)
        self.delay = min(self.delay, wall - probe.wall)

    @property
    def total(self) -> int:
        """How many, of all sizes."""
        return sum(link.messages for link in self.series.values())

    def heard(self, road: str, door: Door) -> Heard:
        """The same in the words of a report."""
        small, full, large = (self.series[size] for size in Size)
        return Heard(
            road=road,
            door=door,
            arrived=(small.messages, full.messages, large.messages),
            lost=(small.lost, full.lost, large.lost),
            delay=self.delay,
        )


@dataclass(slots=True)
class Peer:
    """
    One run of the test on another machine.

    @ivar key: the number of the key it signs with.
    @ivar lastHeard: the clock's seconds.
    @ivar reported: what it heard of us, by our road and door.
    """

    MOST = 256

    name: str
    run: str
    nodes: tuple[str, ...] = ()
    beside: bool = False
    listening: bool = False
    key: int | None = None
    lastHeard: float = 0.0
    arrivals: dict[tuple[str, Door, str], Arrivals] = field(default_factory=dict)
    reported: dict[tuple[str, Door], Heard] = field(default_factory=dict)

    def probed(self, probe: Probe, link: str, wall: float) -> bool:
        """
        A probe of it came by C{link}.

        @return: whether it is the first of its road by that link, whichever port it came to.
        """
        self.nodes = probe.nodes
        self.beside = probe.beside
        self.listening = probe.listening
        place = probe.road, probe.door, link
        if place not in self.arrivals and len(self.arrivals) >= self.MOST:
            return False
        first = not any((probe.road, door, link) in self.arrivals for door in Door)
        self.arrivals.setdefault(place, Arrivals()).count(probe, wall)
        return first

    def told(self, report: Report) -> None:
        """It told what it heard of us.  Reports may overtake each other, and counts only grow."""
        for heard in report.heard:
            place = heard.road, heard.door
            known = self.reported.get(place)
            if known is None and len(self.reported) >= self.MOST:
                continue
            if known is None or sum(heard.arrived) >= sum(known.arrived):
                self.reported[place] = heard

    def heard(self) -> Iterator[Heard]:
        """What is to be reported to it: of each road and door, the link that heard most."""
        best: dict[tuple[str, Door], Arrivals] = {}
        for (road, door, _), arrivals in self.arrivals.items():
            known = best.get((road, door))
            if known is None or arrivals.total > known.total:
                best[road, door] = arrivals
        for (road, door), arrivals in best.items():
            yield arrivals.heard(road, door)

    def heardBy(self, kind: str, link: str, door: Door) -> Heard | None:
        """What came from roads of one kind by one of our links; L{None} for nothing."""
        found = [
            arrivals.heard(road, at)
            for (road, at, by), arrivals in self.arrivals.items()
            if by == link and at is door and road.split(" ", 1)[0] == kind
        ]
        return max(found, key=lambda heard: sum(heard.arrived), default=None)


class Line:
    """
    The bytes of a serial line as they come, for what is no message.

    @ivar heard: how many bytes.
    @ivar strange: how many of them are in lines that belong to no message.
    @ivar text: the last of those lines that people could have written.
    @ivar readable: how many bytes are in such lines.
    """

    _LONGEST = 200

    def __init__(self) -> None:
        self.heard = 0
        self.strange = 0
        self.text = ""
        self.readable = 0
        self._rest = b""
        self._inside = False
        self._before = (0, 0, "")

    def feed(self, data: bytes) -> None:
        """More bytes came."""
        self.heard += len(data)
        *lines, rest = (self._rest + data.replace(b"\r", b"")).split(b"\n")
        for line in lines:
            self._line(line)
        if len(rest) > (MAX_FRAME if self._inside else self._LONGEST):
            self._inside = False
            self._strange(rest)
            rest = b""
        self._rest = rest

    @property
    def garbage(self) -> int:
        """How many bytes are in no message, what has no end yet included."""
        return self.strange + (0 if self._inside or self._rest.startswith(b">") else len(self._rest))

    def _line(self, line: bytes) -> None:
        end = line.startswith(b"<<<")
        if end and not self._inside:
            # The end of a message that was on its way when the line was opened.
            self.strange, self.readable, self.text = self._before
        elif self._inside or line == b">>>":
            self._inside = not end
            self._before = self.strange, self.readable, self.text
        elif line:
            self._strange(line)

    def _strange(self, line: bytes) -> None:
        self.strange += len(line)
        text = line.decode("ascii", "replace").strip()
        if len(text) > 1 and all(" " <= character <= "~" for character in text):
            self.text = text[: self._LONGEST]
            self.readable += len(line)

    @property
    def written(self) -> bool:
        """Whether what is in no message is mostly text."""
        return bool(self.text) and 2 * self.readable >= self.garbage
