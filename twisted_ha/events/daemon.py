"""The daemon, its configuration and its own time."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import LogLevel

from twisted_ha.events.base import Event
from twisted_ha.frozen import dataclass
from twisted_ha.terms import NodeName

__all__ = [
    "BeatLate",
    "ConfigurationRefused",
    "ConfigurationReloaded",
    "DaemonNotStarted",
    "DaemonStarted",
    "DaemonStopped",
    "GuardianReleased",
    "Notice",
    "ProcessStarted",
    "UndecidedInput",
    "Warned",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStarted(Event):
    """The configuration is good and the daemon begins its work."""

    text: ClassVar = "Configuration validated. Starting heartbeat {version} ({product})"
    version: str
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonNotStarted(Event):
    """Something the daemon cannot do without is not to be had; C{step} is what was being started."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "heartbeat did not start, for want of the {step}: {reason}"
    step: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStarted(Event):
    """The generation of this life is on disk."""

    text: ClassVar = "Heartbeat generation: {generation}"
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStopped(Event):
    """Everything is released and said; the process ends."""

    text: ClassVar = "{node} Heartbeat shutdown complete."
    node: NodeName


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationReloaded(Event):
    """SIGHUP found changed files and applied what changed; C{changes} says what, in words."""

    text: ClassVar = "Configuration reread: {changes}"
    changes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRefused(Event):
    """SIGHUP found files that cannot be used; the daemon runs on with the old ones."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "Configuration not reread, running on with the old one: {complaint}"
    complaint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something an operator should read and that needs no type of its own."""

    text: ClassVar = "{message}"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """A L{Notice} that asks for attention."""

    level: ClassVar = LogLevel.warn
    text: ClassVar = "{message}"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatLate(Event):
    """
    Our own beat came late: this process did not run when it should have.

    @ivar late: by how many seconds.
    @ivar doubt: what follows from it, in words.
    """

    level: ClassVar = LogLevel.warn
    text: ClassVar = "this node was late itself by {late:.2f} s: {doubt}"
    late: float
    doubt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianReleased(Event):
    """The guardian released what this daemon held, because the daemon was silent too long."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "the guardian released {groups} after {silentFor:.2f} s without our beat"
    groups: tuple[str, ...]
    silentFor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UndecidedInput(Event):
    """A state machine met an input nobody has decided.  A bug of ours, and it changed nothing."""

    level: ClassVar = LogLevel.error
    text: ClassVar = "{machine}: nobody has decided what {given} means in {state}; ignored"
    machine: str
    state: str
    given: str
