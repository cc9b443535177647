"""Why a road is bad, and what to do about it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from twisted_ha.linktest.account import Line
from twisted_ha.linktest.roads import Road, sidePort
from twisted_ha.linktest.runner import LinkTest

__all__ = [
    "Cause",
    "broken",
    "held",
    "heldAndDead",
    "lineRemarks",
    "lossy",
    "noEcho",
    "nobody",
    "notHeard",
    "notHearing",
    "onlyShort",
    "sideClosed",
    "silent",
    "strange",
]

_STRANGE = 16
"""Bytes that are no message before they are worth a word: a break can make some."""

_START = "start hactl link-test --listen there"


class Cause(NamedTuple):
    """What is the matter, and what to do about it."""

    finding: str
    remedy: str


def broken(reason: str) -> Cause:
    """The medium itself says why; so does it say what to do."""
    return Cause("cannot be used here", reason)


def held(road: Road) -> Cause:
    """Beside a daemon that does not say how it finds the road."""
    return Cause(
        "a daemon on this machine has it",
        f"stop the daemon and test again, since {road.link} can have one reader only",
    )


def heldAndDead(road: Road, peer: str) -> Cause:
    """Beside a daemon that hears nothing."""
    return Cause(
        f"the daemon has it, and does not hear {peer} by it",
        f"stop the daemon on both machines and test again, to find out why {road.link} is dead",
    )


def sideClosed(road: Road) -> Cause:
    """The daemon hears the peer, and the test beside it does not work."""
    return Cause(
        "the daemon hears the other node by it, but the test cannot",
        f"beside a daemon the test uses UDP port {sidePort(road.port)}: let that port through too, or"
        " stop the daemon and test again",
    )


def noEcho(road: Road) -> Cause:
    """A ping node that does not answer."""
    return Cause("does not answer", f"is {road.link} switched on, and allowed to answer to ping?")


def strange(test: LinkTest, road: Road, peer: str) -> Cause | None:
    """Something comes in, but no probe of the peer that can be trusted."""
    link = road.link
    keys = {number for (by, src, number) in test.foreign if by == link and src == peer}
    if keys:
        shown = " and ".join("none" if key is None else f"number {key}" for key in sorted(keys, key=str))
        return Cause(
            f"what is heard is signed with another key ({shown})",
            f"make authkeys the same on both machines: copy it to {peer} by a safe way, chmod 600",
        )
    if test.echoed[link]:
        return Cause(
            "our own bytes come back",
            "the cable ends in a loopback plug, or a program on the other side (a getty?) echoes",
        )
    line = test.lines.get(link)
    if line is not None and line.written:
        return Cause(
            f"plain text arrives ({line.text[:40]!r}), but no test message",
            f"if you have typed it, the wire from {peer} to here is good: now {_START}.  If not, another"
            " program there writes to the line, a getty or a boot console: switch it off",
        )
    if line is not None and line.garbage >= _STRANGE and not test.others[link, peer]:
        return Cause(
            f"garbage arrives: {line.garbage} of {line.heard} bytes are in no message",
            "the baud rates differ, or the cable is bad: write the same baud above serial on both"
            " machines",
        )
    if test.others[link, peer]:
        return Cause(
            f"the heartbeats of {peer} arrive, but its link test does not run",
            f"{_START}, beside the daemon, to see whether {peer} hears this node too",
        )
    if test.unreadable[link]:
        return Cause(
            "something is heard that is no message of this protocol",
            f"another program uses UDP port {road.port}: choose another udpport on all nodes",
        )
    return None


def lineRemarks(line: Line) -> list[str]:
    """What else came by a good serial line."""
    if line.garbage < _STRANGE:
        return []
    text = f", among them {line.text[:40]!r}" if line.text else ""
    return [f"{line.garbage} bytes in no message came too{text}"]


def notHearing(road: Road, peer: str) -> Cause:
    """Out, but not in."""
    return Cause(f"one way only: {peer} hears us, we do not hear {peer}", _oneWay(road, "here", peer))


def notHeard(road: Road, peer: str) -> Cause:
    """In, but not out."""
    return Cause(
        f"one way only: we hear {peer}, {peer} does not hear us", _oneWay(road, f"on {peer}", "here")
    )


def _oneWay(road: Road, deaf: str, sender: str) -> str:
    if not road.port:
        return (
            f"one wire of the cable is dead: check the receive line {deaf} and the transmit line"
            f" {'on ' if sender != 'here' else ''}{sender}, and whether another program reads the port"
        )
    return (
        f"a packet filter {deaf} does not let UDP port {road.port} in by that interface, or one"
        f" {'on ' if sender != 'here' else ''}{sender} does not let it out"
        + (_ucast(road) if road.kind.startswith("ucast") else "")
    )


def _ucast(road: Road) -> str:
    return f"; is {road.towards} the right address, on the right interface?"


def nobody(road: Road, peer: str, anybody: bool) -> Cause:
    """Nothing of that node at all, on any road."""
    if not peer:
        return Cause(
            "nobody hears what is sent there",
            f"is {road.towards} the address of a node, and does hactl link-test --listen run on it?",
        )
    names = "; if it runs, do the node lines of ha.cf name both machines?" if anybody else ""
    return Cause(f"nothing is heard of {peer}", f"start hactl link-test --listen on {peer}{names}")


def silent(road: Road, peer: str) -> Cause:
    """That node is heard by other roads."""
    if not road.port:
        return Cause(
            "nothing arrives either way",
            f"is the cable a null-modem cable, with its handshake wires, and is it in the port that"
            f" {peer} calls by the device of its serial line?  Is baud the same on both machines?",
        )
    if road.kind.startswith("mcast"):
        more = "; is the group the same on both machines, and does the switch pass multicast on?"
    elif road.kind.startswith("ucast"):
        more = _ucast(road)
    else:
        more = "; are both ends in one network, with the same netmask?"
    return Cause(
        "nothing arrives either way",
        f"check cable, switch and interface; is UDP port {road.port} open on both machines{more}",
    )


def onlyShort(road: Road, peer: str, ways: Sequence[str]) -> Cause:
    """Short packets pass, full ones do not."""
    which = " and ".join(f"{way} {peer}" for way in ways)
    remedy = (
        "make the MTU the same on both ends and on what is between them"
        if road.port
        else "long messages do not pass: check the handshake wires (RTS and CTS crossed), or lower baud"
    )
    return Cause(f"short packets pass {which}, those of 1400 bytes do not", remedy)


def lossy(road: Road, peer: str, shares: Mapping[str, int]) -> Cause:
    """Too much is lost."""
    which = " and ".join(f"{share} % of what goes {way} {peer}" for way, share in shares.items())
    remedy = (
        "check cable and plugs, and duplex and load of the network"
        if road.port
        else "check the cable, its handshake wires and its length; a lower baud on both may help"
    )
    return Cause(f"loses {which}", remedy)
