"""Fencing."""

from __future__ import annotations

from typing import ClassVar

from twisted.logger import LogLevel

from twisted_ha.events.base import Event
from twisted_ha.frozen import dataclass
from twisted_ha.terms import NodeName

__all__ = [
    "FencingDeviceFailed",
    "FencingDeviceWorks",
    "FencingFailed",
    "FencingStarted",
    "FencingSucceeded",
    "OperatorNeeded",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingStarted(Event):
    """A dead node that may hold resources is being reset."""

    text: ClassVar = "Resetting node {node} with [{device}]"
    node: NodeName
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingSucceeded(Event):
    """The node is certainly not running any more, or (without a device) we go on without proof."""

    text: ClassVar = "node {node} now reset. ({detail})"
    node: NodeName
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingFailed(Event):
    """The node could not be reset; it is tried again in C{retryIn} seconds."""

    level: ClassVar = LogLevel.critical
    text: ClassVar = "STONITH of {node} failed: {reason}. Retrying in {retryIn:.0f} s"
    node: NodeName
    reason: str
    retryIn: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingDeviceWorks(Event):
    """The fencing device answers: for the first time, or again."""

    text: ClassVar = "STONITH device {device} is operational"
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FencingDeviceFailed(Event):
    """The fencing device was asked how it is, and would not be able to reset a node now."""

    level: ClassVar = LogLevel.error
    text: ClassVar = (
        "STONITH device {device} not operational! {reason}."
        "  Until that is repaired nothing is taken from a node that dies."
    )
    device: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorNeeded(Event):
    """
    A person must switch a node off and on, and say so.

    @ivar place: the FIFO that waits for their word.
    @ivar seconds: how long it waits before it asks again.
    """

    level: ClassVar = LogLevel.critical
    text: ClassVar = (
        "OPERATOR INTERVENTION REQUIRED to reset {node}."
        '  Run "meatclient -c {node}" AFTER power-cycling the machine.'
        "  (Waiting at {place} for {seconds:.0f} s.)"
    )
    node: NodeName
    place: str
    seconds: float
