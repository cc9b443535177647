"""What is worth saying beside the roads: names, keys, clocks, and machines that should not be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twisted_ha.linktest.account import Peer
from twisted_ha.linktest.roads import sidePort
from twisted_ha.linktest.runner import LinkTest
from twisted_ha.linktest.verdict import Row, Verdict

__all__ = ["Note", "clockOf", "notesOf"]

_CLOCK = 1.0
"""Seconds that clocks may differ before it is worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """
    One thing, in a sentence.

    @ivar bad: it must be repaired before the roads can be trusted.
    """

    text: str
    bad: bool = False


def notesOf(test: LinkTest, rows: Sequence[Row], daemon: str = "") -> list[Note]:
    """
    All of them.

    @param daemon: how we know that a daemon runs here, if one does.
    """
    notes = []
    if test.beside:
        notes.append(_beside(test, daemon))
    for peer in test.peers.values():
        notes += _names(test, peer)
        if peer.name in test.config.nodes:
            notes += _keyAndClock(test, peer, rows)
    for name in sorted(test.twins):
        where = "here and " if name == test.config.localNode else ""
        notes.append(
            Note(text=f"two machines call themselves {name}: {where}another one; rename one", bad=True)
        )
    notes += _foreigners(test)
    notes += _oneWire(test)
    if test.config.keys.keys[test.config.keys.signing].method == "crc":
        notes.append(
            Note(
                text="authkeys says crc, which is no key: whoever reaches the wire can join the cluster"
            )
        )
    return notes + _lastRoad(test, rows)


def clockOf(peer: str, rows: Sequence[Row]) -> float | None:
    """By how many seconds a peer's clock is ahead, by the quickest road; L{None} if not known."""
    known = [
        (row.roundTrip, row.ahead)
        for row in rows
        if row.peer == peer and row.roundTrip is not None and row.ahead is not None
    ]
    return min(known)[1] if known else None


def _beside(test: LinkTest, daemon: str) -> Note:
    ports = sorted({way.road.port for way in test.ways if way.road.port})
    other = ", ".join(f"{sidePort(port)} instead of {port}" for port in ports)
    tested = f"; tested beside it on UDP port {other}, and serial lines not at all" if ports else ""
    return Note(text=f"{daemon or 'a daemon runs on this machine'}{tested}; stop it for the whole test")


def _names(test: LinkTest, peer: Peer) -> list[Note]:
    config = test.config
    if peer.name not in config.nodes:
        by = ", ".join(sorted({link for _, _, link in peer.arrivals}))
        return [
            Note(
                text=f"{peer.name} is heard by {by}, signed with our key, and is no node of our ha.cf:"
                " correct the node lines, or its name (uname -n, nodeinfo)",
                bad=True,
            )
        ]
    if not peer.nodes:
        return []
    if config.localNode not in peer.nodes:
        return [
            Note(
                text=f"the ha.cf of {peer.name} does not name {config.localNode}"
                f" (it names {', '.join(peer.nodes)}): correct its node lines",
                bad=True,
            )
        ]
    if set(peer.nodes) != set(config.nodes):
        return [
            Note(
                text=f"the ha.cf of {peer.name} names {', '.join(peer.nodes)}, ours"
                f" {', '.join(config.nodes)}: make them the same",
                bad=True,
            )
        ]
    return []


def _keyAndClock(test: LinkTest, peer: Peer, rows: Sequence[Row]) -> list[Note]:
    notes = []
    if peer.key is not None and peer.key != test.config.keys.signing:
        notes.append(
            Note(
                text=f"{peer.name} signs with key {peer.key}, this node with key"
                f" {test.config.keys.signing}; both are known here.  Finish the change of keys"
            )
        )
    ahead = clockOf(peer.name, rows)
    if ahead is not None and abs(ahead) >= _CLOCK:
        word = "ahead" if ahead > 0 else "behind"
        notes.append(
            Note(
                text=f"the clock of {peer.name} is {abs(ahead):.1f} s {word}: set both by NTP.  Nothing"
                " is decided by it, but the logs are hard to compare"
            )
        )
    return notes


def _foreigners(test: LinkTest) -> list[Note]:
    found: dict[str, set[str]] = {}
    for link, src, _ in test.foreign:
        if src not in test.config.peers:
            found.setdefault(src, set()).add(link)
    return [
        Note(
            text=f"{src} is heard by {', '.join(sorted(links))} and signs with another key: another"
            " cluster on the same wire, or a machine with the wrong name and key"
        )
        for src, links in sorted(found.items())
    ]


def _oneWire(test: LinkTest) -> list[Note]:
    """Two links that hear the same packets are one road, however many cables there are."""
    pairs: set[tuple[str, ...]] = set()
    for peer in test.peers.values():
        by: dict[tuple[str, object], set[str]] = {}
        for road, door, link in peer.arrivals:
            by.setdefault((road, door), set()).add(link)
        pairs |= {tuple(sorted(links)) for links in by.values() if len(links) > 1}
    return [
        Note(
            text=f"{' and '.join(links)} hear the same packets: they are on one network, and fail"
            " together; give each a network of its own"
        )
        for links in sorted(pairs)
    ]


def _lastRoad(test: LinkTest, rows: Sequence[Row]) -> list[Note]:
    notes = []
    for peer in test.config.peers:
        good = {row.road.link for row in rows if row.peer == peer and row.verdict is Verdict.GOOD}
        if len(good) == 1:
            (link,) = good
            notes.append(
                Note(
                    text=f"{link} is the only road to {peer} that works: when it fails, both nodes take"
                    " everything.  Have two that do not fail together"
                )
            )
    return notes
