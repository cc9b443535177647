"""Who may use the local API."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol

from twisted_ha.config.model import ApiAuth
from twisted_ha.frozen import dataclass

__all__ = ["CLIENT", "Credentials", "Permission"]

CLIENT = "hactl"
"""The name of this API in C{apiauth} lines."""


class Credentials(Protocol):
    """Who is at the other end of a connection."""

    @property
    def uid(self) -> int:
        """The effective user id."""

    @property
    def gid(self) -> int:
        """The effective group id."""

    @property
    def pid(self) -> int | None:
        """The process; L{None} where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Permission:
    """
    Root, the daemon's own user, and whom C{apiauth hactl uid=... gid=...} names.

    @ivar uids: user ids that may ask.
    @ivar gids: group ids that may ask.
    """

    uids: frozenset[int]
    gids: frozenset[int] = frozenset()

    @classmethod
    def of(cls, apiauth: Iterable[ApiAuth], ownUid: int | None = None) -> Permission:
        """
        What the C{apiauth} lines of a configuration come to.

        @param ownUid: the daemon's own user; that of this process if not given.
        """
        uids = {0, os.geteuid() if ownUid is None else ownUid}
        gids: set[int] = set()
        for line in apiauth:
            if line.client == CLIENT:
                uids |= line.uids
                gids |= line.gids
        return cls(frozenset(uids), frozenset(gids))

    @property
    def mode(self) -> int:
        """
        The mode of the socket: open when others than root may ask, since then the credentials of each
        connection are what decides.
        """
        return 0o666 if self.gids or len(self.uids) > 1 else 0o600

    def allows(self, asking: Credentials) -> bool:
        """Whether the client may ask."""
        return asking.uid in self.uids or asking.gid in self.gids
