"""
When more arrives than can be read, what the peers say must not drown in it.

A socket whose queue is never empty drops whatever comes, the peers' heartbeats too.  Then the kernel is
asked to let through what comes from addresses that have sent messages of this cluster, and of all the
rest a small share: a node that was not heard yet has an address nobody knows.

An address proves nothing, and nothing is believed for it.  Somebody who floods in a peer's name drowns
the peer as before; against that there is the second link, and a packet filter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twisted_ha.media.reactor import SocketReactor

__all__ = ["Shield"]


class Shield:
    """
    The shield of one socket: raised when its queue is not read empty for a while, and lowered some time
    later to see whether it is still needed.

    @cvar PATIENCE: seconds for which the queue may stay full.
    @cvar PAUSE: seconds between two turns of reading that cannot be under a flood: then the next turn
        follows at once.  A slow machine may need a whole turn for one datagram.
    @cvar TERM: seconds the shield is up.
    @cvar FRIENDS: so many addresses are remembered; the one that was learned first is forgotten.
    """

    PATIENCE = 0.25
    PAUSE = 0.1
    TERM = 5.0
    FRIENDS = 64
    _log = Logger()

    def __init__(self, reactor: SocketReactor, filter: Callable[[Collection[str]], None]) -> None:
        """@param filter: as in L{ReceiveSocket<twisted_ha.platform.interface.ReceiveSocket>}."""
        self._reactor = reactor
        self._filter = filter
        self._friends: dict[str, None] = {}
        self._since: float | None = None
        self._last = 0.0
        self._lowering: IDelayedCall | None = None
        self._told = 0.0

    @property
    def up(self) -> bool:
        """Whether it is raised."""
        return self._lowering is not None

    def friend(self, address: str) -> None:
        """A message of this cluster came from there."""
        if address not in self._friends:
            self._friends[address] = None
            if len(self._friends) > self.FRIENDS:
                del self._friends[next(iter(self._friends))]

    def emptied(self) -> None:
        """The queue was read to its end."""
        self._since = None

    def pressed(self) -> None:
        """A turn of reading ended, and there was more."""
        now = self._reactor.seconds()
        last, self._last = self._last, now
        if self._since is None or now - last > self.PAUSE:
            self._since = now
        elif now - self._since >= self.PATIENCE and not self.up and self._friends:
            self._raise(now)

    def stop(self) -> None:
        """The socket is closed."""
        if self._lowering is not None:
            self._lowering.cancel()
            self._lowering = None

    def _raise(self, now: float) -> None:
        self._filter(self._friends)
        self._lowering = self._reactor.callLater(self.TERM, self._lower)
        if not self._told or now - self._told >= 60.0:
            self._told = now
            self._log.warn(
                "more packets arrive than can be read: those from addresses that are not of this cluster"
                " are dropped by the kernel, most of them, as long as this lasts"
            )

    def _lower(self) -> None:
        self._lowering = None
        self._since = None
        self._filter(())
