"""
What two link tests say to each other.

The messages are those of the cluster's protocol, signed as every other, so that a wrong key shows.
Their type begins with C{NS_}, so they have no number and are never asked for again; their destination is
no node, so a daemon that hears one, ours or heartbeat, drops it (wire-protocol.md sections 4.6 and 5.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from twisted_ha.wire.message import Field, Message

__all__ = ["TYPE", "Door", "Heard", "Probe", "Report", "Size", "probeMessage", "read", "reportMessage"]

TYPE = "NS_linktest"

_VERSION = "1"
_PROBE = "probe"
_REPORT = "report"
_HELLO = "hello"
"""As in C{echo hello > /dev/cuad1}: somebody who looks at the line with C{cat} sees it."""

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_RUN = re.compile(r"[0-9a-f]{8,32}", re.ASCII)
_LONGEST_NAME = 300
_MOST_NODES = 64


class Size(Enum):
    """
    How long a probe is, in bytes of the whole frame.

    What the cluster sends stays below the full size.  A large one leaves in several fragments; what
    loses those has another notion of the longest packet, or a packet filter that drops fragments.
    """

    SMALL = 0
    FULL = 1400
    LARGE = 8000


class Door(Enum):
    """The port of C{ha.cf}, or the one beside it, for a machine whose daemon has the first."""

    MAIN = "main"
    SIDE = "side"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """
    One test message.

    @ivar src: the sender's node name.
    @ivar run: tells one run of the program from the next.
    @ivar road: the sender's words for the road: C{"ucast eth1 10.0.0.2"}.
    @ivar number: counted for each road, door and size apart.
    @ivar wall: the sender's wall clock in Unix seconds.
    @ivar nodes: the nodes of the sender's C{ha.cf}.
    @ivar beside: a daemon runs beside it, so it hears nothing on the main door.
    @ivar listening: it answers until it is interrupted; otherwise it ends by itself.
    """

    src: str
    run: str
    road: str
    door: Door
    size: Size
    number: int
    wall: float
    nodes: tuple[str, ...]
    beside: bool
    listening: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """
    What was heard of one road through one door.

    @ivar arrived: how many, by size.
    @ivar lost: how many are missing between the first and the last that arrived, by size.
    @ivar delay: the least difference between the receiver's clock at arrival and the sender's at
        sending, in seconds; it contains how far the clocks are apart.
    """

    road: str
    door: Door
    arrived: tuple[int, int, int]
    lost: tuple[int, int, int]
    delay: float

    def text(self) -> str:
        """As it stands in a report."""
        counts = " ".join(f"{count} {lost}" for count, lost in zip(self.arrived, self.lost, strict=True))
        return f"{self.door.value} {counts} {self.delay:.6f} {self.road}"

    @classmethod
    def ofText(cls, text: str) -> Heard | None:
        """L{None} if it is not one."""
        door, *rest = text.split(" ", 8)
        if door not in _DOORS or len(rest) != 8 or not all(map(_NUMBER.fullmatch, rest[:6])):
            return None
        delay = _float(rest[6])
        if delay is None or not 0 < len(rest[7]) <= _LONGEST_NAME:
            return None
        numbers = list(map(int, rest[:6]))
        return cls(
            road=rest[7],
            door=_DOORS[door],
            arrived=(numbers[0], numbers[2], numbers[4]),
            lost=(numbers[1], numbers[3], numbers[5]),
            delay=delay,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What one test has heard of another.

    @ivar of: the run of the other one that is meant.
    """

    src: str
    run: str
    of: str
    heard: tuple[Heard, ...]


_DOORS = {door.value: door for door in Door}
_SIZES = {size.name.lower(): size for size in Size}


def probeMessage(probe: Probe, frameLength: Callable[[Message], int]) -> Message:
    """
    C{probe} as a message, filled up to its size.

    @param frameLength: how long a message becomes as a frame.
    """
    message = _message(
        _PROBE,
        probe.src,
        probe.run,
        probe.wall,
        road=probe.road,
        door=probe.door.value,
        size=probe.size.name.lower(),
        number=str(probe.number),
        nodes=" ".join(probe.nodes),
        beside=str(int(probe.beside)),
        listening=str(int(probe.listening)),
    )
    if probe.size is Size.SMALL:
        return message
    missing = probe.size.value - frameLength(message.replacing("pad", ""))
    return message.replacing("pad", "." * max(0, missing))


def reportMessage(report: Report, wall: float) -> Message:
    """C{report} as a message."""
    message = _message(_REPORT, report.src, report.run, wall, of=report.of)
    return Message((*message.fields, *(Field("heard", each.text()) for each in report.heard)))


def _message(what: str, src: str, run: str, wall: float, **more: str) -> Message:
    return Message.of(
        TYPE,
        what=what,
        info=_HELLO,
        dest=TYPE,
        src=src,
        ts=f"{max(1, int(wall)):x}",
        ttl="1",
        version=_VERSION,
        run=run,
        wall=f"{wall:.6f}",
        **more,
    )


def read(message: Message) -> Probe | Report | None:
    """What C{message} says; L{None} if it is none of these, or not well formed."""
    src, run = message.get("src"), message.get("run")
    wall = _float(message.get("wall") or "")
    if message.type != TYPE or not src or len(src) > _LONGEST_NAME or wall is None:
        return None
    if run is None or _RUN.fullmatch(run) is None:
        return None
    match message.get("what"):
        case "probe":
            return _readProbe(message, src, run, wall)
        case "report":
            heard = (
                Heard.ofText(field.value)
                for field in message
                if field.name == "heard" and isinstance(field.value, str)
            )
            known = tuple(each for each in heard if each is not None)
            return Report(src=src, run=run, of=message.get("of") or "", heard=known)
        case _:
            return None


def _readProbe(message: Message, src: str, run: str, wall: float) -> Probe | None:
    road, number = message.get("road") or "", message.get("number") or ""
    door = _DOORS.get(message.get("door") or "")
    size = _SIZES.get(message.get("size") or "")
    nodes = tuple((message.get("nodes") or "").split())
    if door is None or size is None or not 0 < len(road) <= _LONGEST_NAME:
        return None
    if _NUMBER.fullmatch(number) is None or len(nodes) > _MOST_NODES:
        return None
    return Probe(
        src=src,
        run=run,
        road=road,
        door=door,
        size=size,
        number=int(number),
        wall=wall,
        nodes=nodes,
        beside=message.get("beside") == "1",
        listening=message.get("listening") == "1",
    )


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
