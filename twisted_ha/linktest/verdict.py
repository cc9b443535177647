"""What the accounts mean: one verdict for each road to each node, and what to do about the bad ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from twisted_ha.linktest import causes
from twisted_ha.linktest.account import Peer
from twisted_ha.linktest.causes import Cause
from twisted_ha.linktest.probe import Door, Heard, Size
from twisted_ha.linktest.roads import Road, Way
from twisted_ha.linktest.runner import LinkTest

__all__ = ["Direction", "Judge", "Row", "Verdict"]

_LOSSES = 2
_LOSS_SHARE = 0.05
_ENOUGH = 4
"""So many short probes must have come before the absence of long ones means anything."""


class Verdict(Enum):
    """Whether a road can be trusted."""

    GOOD = "good"
    BAD = "bad"
    UNTESTED = "not tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """
    What went one way.

    @ivar arrived: of all that were sent since the first that arrived, by size.
    @ivar lost: the rest, by size.
    """

    arrived: tuple[int, ...]
    lost: tuple[int, ...]

    @classmethod
    def of(cls, heard: Heard | None) -> Direction:
        """What a report or an account says; nothing, if there is none."""
        if heard is None:
            return cls(arrived=(0,) * len(Size), lost=(0,) * len(Size))
        return cls(arrived=heard.arrived, lost=heard.lost)

    @property
    def total(self) -> int:
        """How many arrived."""
        return sum(self.arrived)

    @property
    def lossy(self) -> int:
        """How many per cent of the packets of ordinary size are lost, if that is too much; else 0."""
        lost, arrived = sum(self.lost[:2]), sum(self.arrived[:2])
        if lost < _LOSSES or lost / (lost + arrived) <= _LOSS_SHARE:
            return 0
        return max(1, round(100 * lost / (lost + arrived)))

    def without(self, size: Size) -> bool:
        """Whether short ones arrive and those of C{size} do not."""
        return self.arrived[0] >= _ENOUGH and not self.arrived[list(Size).index(size)]

    def text(self) -> str:
        """For the table."""
        if not self.total:
            return "nothing"
        return f"{self.total} of {self.total + sum(self.lost)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    The verdict on one road to one node.

    @ivar peer: empty for a road that reaches nobody in particular.
    @ivar cause: what is the matter; L{None} if all is well.
    @ivar remark: what is worth knowing of a good road.
    @ivar outward: what the peer heard; L{None} if it could not be found out.
    @ivar inward: what we heard.
    @ivar roundTrip: the least, in seconds.
    @ivar ahead: by how many seconds the peer's clock is ahead.
    """

    road: Road
    peer: str
    verdict: Verdict
    cause: Cause | None = None
    remark: str = ""
    outward: Direction | None = None
    inward: Direction | None = None
    roundTrip: float | None = None
    ahead: float | None = None


class Judge:
    """Reads the accounts of a test."""

    def __init__(
        self, test: LinkTest, daemonLinks: Mapping[tuple[str, str], bool] | None = None
    ) -> None:
        """@param daemonLinks: whether the daemon beside us hears a node by a link, where it says."""
        self._test = test
        self._daemonLinks = daemonLinks or {}

    def rows(self) -> list[Row]:
        """A verdict for each road, in the order of C{ha.cf}, and for each node that it leads to."""
        roads: dict[Road, list[Way]] = {}
        for way in self._test.ways:
            roads.setdefault(way.road, []).append(way)
        rows: list[Row] = []
        for road, ways in roads.items():
            if ways[0].medium.pingNode is not None:
                rows.append(self._ping(road, ways[0]))
            else:
                rows += [self._row(road, ways, name) for name in self._reached(road)]
        return rows

    def _reached(self, road: Road) -> list[str]:
        """The nodes a road leads to: all, but with an address only the one that hears it."""
        peers = [str(name) for name in self._test.config.peers]
        if not road.kind.startswith("ucast") or len(peers) < 2:
            return peers
        hearing = [
            name
            for name in peers
            if (peer := self._test.peers.get(name)) is not None
            and any(place[0] == road.name for place in peer.reported)
        ]
        return hearing or [""]

    def _ping(self, road: Road, way: Way) -> Row:
        sent = self._test.sent[road.name, Door.MAIN]
        answered = self._test.answered[road.link]
        direction = Direction(arrived=(answered,), lost=(max(0, sent - answered),))
        if way.error or way.failing:
            cause = causes.broken(way.error or way.failing)
        elif not answered:
            cause = causes.noEcho(road)
        else:
            return Row(road=road, peer="", verdict=Verdict.GOOD, inward=direction)
        return Row(road=road, peer="", verdict=Verdict.BAD, inward=direction, cause=cause)

    def _row(self, road: Road, ways: list[Way], name: str) -> Row:
        if not any(way.open for way in ways):
            return self._closed(road, ways, name)
        peer = self._test.peers.get(name)
        # Beside a daemon neither hears nor sends by the daemon's port.
        beside = bool(road.port) and (self._test.beside or (peer is not None and peer.beside))
        door = Door.SIDE if beside else Door.MAIN
        heard = peer.heardBy(road.kind, road.link, door) if peer is not None else None
        told = peer.reported.get((road.name, door)) if peer is not None else None
        inward, outward = Direction.of(heard), Direction.of(told)
        cause = self._cause(road, ways, name, peer, inward, outward)
        verdict = Verdict.GOOD if cause is None else Verdict.BAD
        roundTrip = ahead = None
        if heard is not None and told is not None:
            roundTrip = max(0.0, heard.delay + told.delay)
            ahead = (told.delay - heard.delay) / 2
        if cause is not None and beside and self._daemonLinks.get((name, road.link)):
            verdict, cause = Verdict.UNTESTED, causes.sideClosed(road)
        return Row(
            road=road,
            peer=name,
            verdict=verdict,
            remark=self._remark(road, beside, inward, outward) if cause is None else "",
            outward=outward if peer is not None else None,
            inward=inward,
            roundTrip=roundTrip,
            ahead=ahead,
            cause=cause,
        )

    def _closed(self, road: Road, ways: list[Way], name: str) -> Row:
        """Neither door is open."""
        if not self._test.beside:
            return Row(road=road, peer=name, verdict=Verdict.BAD, cause=causes.broken(ways[0].error))
        if road.port:
            error = next((way.error for way in ways if way.door is Door.SIDE), "")
            return Row(road=road, peer=name, verdict=Verdict.UNTESTED, cause=causes.broken(error))
        hears = self._daemonLinks.get((name, road.link))
        if hears:
            remark = f"the daemon has it, and hears {name} by it"
            return Row(road=road, peer=name, verdict=Verdict.GOOD, remark=remark)
        if hears is None:
            return Row(road=road, peer=name, verdict=Verdict.UNTESTED, cause=causes.held(road))
        return Row(road=road, peer=name, verdict=Verdict.BAD, cause=causes.heldAndDead(road, name))

    def _cause(
        self,
        road: Road,
        ways: list[Way],
        name: str,
        peer: Peer | None,
        inward: Direction,
        outward: Direction,
    ) -> Cause | None:
        """Why the road is bad; L{None} if it is not."""
        failing = next((way.failing for way in ways if way.failing and way.open), "")
        if inward.total and outward.total:
            return self._quality(road, name, inward, outward)
        if not inward.total:
            strange = causes.strange(self._test, road, name)
            if strange is not None:
                return strange
        if failing:
            return causes.broken(failing)
        if outward.total:
            return causes.notHearing(road, name)
        if inward.total:
            return causes.notHeard(road, name)
        if peer is None:
            return causes.nobody(road, name, anybody=bool(self._test.peers))
        return causes.silent(road, name)

    def _quality(self, road: Road, name: str, inward: Direction, outward: Direction) -> Cause | None:
        short = [
            way for way, direction in (("to", outward), ("from", inward)) if direction.without(Size.FULL)
        ]
        if short:
            return causes.onlyShort(road, name, short)
        lossy = {"to": outward.lossy, "from": inward.lossy}
        if any(lossy.values()):
            return causes.lossy(road, name, {way: share for way, share in lossy.items() if share})
        return None

    def _remark(self, road: Road, beside: bool, inward: Direction, outward: Direction) -> str:
        remarks = []
        if beside:
            remarks.append(f"tested beside a daemon, not on port {road.port} itself")
        if road.port and (inward.without(Size.LARGE) or outward.without(Size.LARGE)):
            remarks.append("packets in fragments (8000 bytes) do not pass; the cluster's fit into one")
        if not road.port and self._test.lines.get(road.link) is not None:
            remarks += causes.lineRemarks(self._test.lines[road.link])
        return "; ".join(remarks)
