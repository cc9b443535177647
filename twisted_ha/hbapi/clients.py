"""A client that is signed on."""

from __future__ import annotations

from dataclasses import dataclass

from twisted_ha.hbapi.kinds import Kind

__all__ = ["LONGEST_QUEUE", "Client"]

LONGEST_QUEUE = 64
"""Messages that may wait for a client, unless it asks for more."""


@dataclass(slots=True, eq=False, kw_only=True)
class Client:
    """
    What is known of one client.

    @ivar identity: its name, or the number of its process.
    @ivar named: see L{twisted_ha.hbapi.signon.Accepted}.
    @ivar generation: which sign-on it was, counted from the daemon's start.
    @ivar filter: the classes it wants to hear.
    @ivar signal: sent to its process after every message; 0 for none.
    @ivar vouched: the kernel says that C{pid} is the process at the other end.
    @ivar longestQueue: messages that may wait for it.
    """

    identity: str
    named: bool
    pid: int
    uid: int
    generation: int
    vouched: bool
    filter: Kind = Kind.NORMAL
    signal: int = 0
    longestQueue: int = LONGEST_QUEUE
