"""Media, and what comes by them."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import LogLevel

from twisted_ha.events.base import Event
from twisted_ha.frozen import dataclass

__all__ = [
    "FrameRefused",
    "MediumDown",
    "MediumUp",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumUp(Event):
    """A device or socket is open and heard from now on."""

    text: ClassVar = "{kind} heartbeat started on {medium} ({detail})"
    medium: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumDown(Event):
    """A device or socket could not be opened, or went away; it is retried."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "{kind} heartbeat on {medium} is not working: {reason}; trying again"
    medium: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRefused(Event):
    """
    Bytes that are not a message of this cluster.

    Logged at a limited rate; C{suppressed} counts those of the same medium that were not logged.

    @ivar cause: C{"wire"}, C{"auth"}, C{"header"} or C{"unknown-node"}.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "refused a packet on {medium} from {source}: {reason} ({suppressed} more unlogged)"
    medium: str
    source: str
    cause: str
    reason: str
    suppressed: int = 0
