"""Where the story plays."""

from __future__ import annotations

from typing import Protocol

from tests.interop.lab.client import Client

__all__ = ["DEADTIME", "KEEPALIVE", "Stage"]

KEEPALIVE = 0.1
"""Seconds between two beats of a node."""
DEADTIME = 0.5
"""Seconds of silence after which a node is dead."""


class Stage(Protocol):
    """
    Two nodes, C{alpha} and C{beta}, their service, and its user.

    @ivar place: where the nodes run and what their service is, in a sentence.
    @ivar service: the service's address.
    @ivar cables: whether there are cables to cut.
    """

    place: str
    service: str
    cables: bool

    def client(self) -> Client:
        """A user who asks the service every 2 ms from now on."""

    def start(self, name: str) -> float:
        """
        Switch a node on.

        @return: when, and so do the others.
        """

    def standby(self, name: str) -> float:
        """Ask a node to hand its resources over."""

    def kill(self, name: str) -> float:
        """SIGKILL for a node's daemon."""

    def lose(self, name: str) -> float:
        """Switch a node off, without a word."""

    def part(self) -> float:
        """Cut the cable between the nodes."""

    def isolate(self, name: str) -> float:
        """Cut all cables of a node."""

    def mend(self) -> float:
        """Mend all cables."""

    def holdings(self, name: str) -> str:
        """What a node says it holds; C{transition} while it is not settled; C{down}."""

    def log(self, name: str) -> str:
        """The end of a node's log, for when something went wrong."""
