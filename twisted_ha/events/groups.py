"""Groups, the agents that run them, and addresses."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import LogLevel

from twisted_ha.events.base import Event
from twisted_ha.frozen import dataclass

__all__ = [
    "AddressAnnounced",
    "AddressConflict",
    "AgentFinished",
    "AgentStarted",
    "GroupAcquired",
    "GroupChanging",
    "GroupFailed",
    "GroupReleaseFailed",
    "GroupReleased",
    "HookFailed",
    "HookFinished",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAcquired(Event):
    """Every resource of a group runs here."""

    text: ClassVar = "Acquired resource group {group} in {seconds:.3f} s"
    group: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReleased(Event):
    """No resource of a group runs here any more."""

    text: ClassVar = "Released resource group {group} in {seconds:.3f} s"
    group: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFailed(Event):
    """A resource would not start, so its group was released; C{next} says what follows."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "Giving up resources due to failure of {resource}: {reason} (group {group}); {next}"
    group: str
    resource: str
    reason: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReleaseFailed(Event):
    """A resource would not stop; C{next} says what follows."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "Resource STOP failure of {resource}: {reason} (group {group}); {next}"
    group: str
    resource: str
    reason: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanging(Event):
    """A group is about to be acquired or released here; C{verb} is C{Acquiring} or C{Releasing}."""

    text: ClassVar = "{verb} resource group: {line}"
    verb: str
    group: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStarted(Event):
    """An agent is run for one operation: C{command} is what a person would type."""

    text: ClassVar = "Running {command}"
    resource: str
    operation: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFinished(Event):
    """
    An agent's operation ended.

    @ivar outcome: C{"ok"}, C{"failed"} or C{"timed out"}.
    @ivar seconds: how long it took.
    @ivar detail: its exit status and last words when it did not go well.
    """

    level: ClassVar = LogLevel.debug
    text: ClassVar = "{command}: {outcome} after {seconds:.3f} s{detail}"
    resource: str
    operation: str
    command: str
    outcome: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAnnounced(Event):
    """The neighbours were told where an address lives now."""

    level: ClassVar = LogLevel.debug
    text: ClassVar = "announced {address} on {interface}"
    address: str
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressConflict(Event):
    """Somebody else answers for an address of ours."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "{address} is also answered for by {hardware} on {interface}"
    address: str
    interface: str
    hardware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFinished(Event):
    """An event script of C{rc.d} ended."""

    level: ClassVar = LogLevel.debug
    text: ClassVar = "event script {hook}: exit status {status} after {seconds:.3f} s"
    hook: str
    status: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFailed(Event):
    """An event script of C{rc.d} did not end well, or could not be run; nothing else follows from it."""

    level: ClassVar = LogLevel.warn
    text: ClassVar = "event script {hook} failed after {seconds:.3f} s: {reason}"
    hook: str
    reason: str
    seconds: float
