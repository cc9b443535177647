"""
Whether the traffic of a cluster fits through its serial lines, with the arithmetic.

@see: wire-protocol.md section 8.5.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted_ha.config.complaints import Complaints
from twisted_ha.config.duration import milliseconds, words
from twisted_ha.config.location import Location
from twisted_ha.config.model import MediumConfig, SerialMedium, Timers
from twisted_ha.config.settings import Settings
from twisted_ha.terms import NodeName

__all__ = ["bytesPerSecond", "check"]

_MESSAGE = 250
"""
Bytes of a status, and about as many of an acknowledgement, in classic text with sha1 and a node name of
one letter.
"""
_STRIDE = 10
"""Every tenth message of each peer is acknowledged (wire-protocol.md section 5.6)."""
_BITS = 10
"""A byte on the line: a start bit, eight bits, a stop bit."""
_SHARE = 0.6
"""What heartbeats may use; the rest is for messages that move resources, and for asking again."""
_RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800)


def bytesPerSecond(keepalive: float, nodes: Sequence[NodeName]) -> float:
    """
    What one node sends into each of its lines.  A line carries both directions at once, and nothing is
    forwarded from one to the next, so only its own messages count: a status each keepalive, and the
    acknowledgements of everybody else's.
    """
    size = _size(nodes)
    return size / keepalive * (1 + (len(nodes) - 1) / _STRIDE)


def check(
    timers: Timers,
    media: Sequence[MediumConfig],
    nodes: Sequence[NodeName],
    settings: Settings,
    whole: Location,
    complaints: Complaints,
) -> None:
    """
    Warn, once, of the slowest line that is too slow.

    @param whole: the file, for a complaint about what nobody wrote.
    """
    lines = [medium for medium in media if isinstance(medium, SerialMedium)]
    if not lines or not nodes or settings.broken("keepalive"):
        return
    slowest = min(lines, key=lambda line: line.baud)
    capacity = slowest.baud / _BITS
    wanted = bytesPerSecond(timers.keepalive, nodes)
    share = wanted / capacity
    if share <= _SHARE:
        return
    places = (settings.get("keepalive"), settings.get("baud"))
    others = len(nodes) - 1
    acknowledged = f", and {others / _STRIDE:.0%} more in acknowledgements," if others else ""
    complaints.warning(
        next((setting.where for setting in places if setting is not None), whole),
        f"serial {slowest.device} is too slow: a heartbeat of about {_size(nodes)} bytes every"
        f" {words(timers.keepalive)}{acknowledged} make {wanted:.0f} bytes a second, which is"
        f" {share:.0%} of the {capacity:.0f} that {slowest.baud} baud carry; {_SHARE:.0%} is the most"
        " that leaves room for anything else",
        _hint(wanted, timers.keepalive * share / _SHARE),
        category="serial-too-slow",
    )


def _size(nodes: Sequence[NodeName]) -> int:
    return _MESSAGE + max(len(name) for name in nodes)


def _hint(wanted: float, keepalive: float) -> str:
    longer = f"write keepalive {milliseconds(_rounded(keepalive))} or more"
    rate = next((rate for rate in _RATES if wanted <= rate / _BITS * _SHARE), None)
    return longer if rate is None else f"{longer}, or baud {rate} or more, on all nodes"


def _rounded(seconds: float) -> float:
    """Up to the next tenth of a second."""
    return (int(seconds * 10) + 1) / 10
