"""
Who signs on, and whether that one may.

@see: client-api.md sections 5.1 to 5.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Protocol

from twisted_ha.frozen import dataclass
from twisted_ha.hbapi.rules import Rules
from twisted_ha.wire.message import Message

__all__ = ["DUPLICATE", "Accepted", "Peer", "Refused", "judge"]

DUPLICATE = "duplicate add request"
"""Somebody of that name is signed on already."""

_INVALID = "invalid id info"
_LONGEST_NAME = 31
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


class Peer(Protocol):
    """Who is at the other end, as the kernel tells it."""

    @property
    def uid(self) -> int:
        """The effective user id."""

    @property
    def gid(self) -> int:
        """The effective group id."""

    @property
    def pid(self) -> int | None:
        """The process; L{None} where the kernel does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """
    Somebody who may use the API.

    @ivar identity: the client id: its name, or the number of its process.
    @ivar named: it has a name, so it may send, and its coming and going is announced.
    """

    identity: str
    named: bool
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """
    Somebody who may not.

    @ivar reason: the original's words.
    @ivar farewell: the id and the reason of the leave message that follows; L{None} for none.
    """

    reason: str
    farewell: tuple[str, str] | None = None


def judge(
    request: Message,
    peer: Peer | None,
    rules: Rules,
    present: Container[str],
    alive: Callable[[int], bool],
) -> Accepted | Refused:
    """
    Make the checks of section 5.3, in that order.

    @param peer: L{None} if the kernel does not tell at all.
    @param present: the ids that are signed on.
    @param alive: whether there is a process of that number.
    """
    pid = _number(request.get("pid"))
    if not pid or not alive(pid):
        return Refused(reason="bad pid", farewell=("", "died"))
    written = request.get("from_id") or ""
    named = bool(written) and _number(written) != pid
    identity = written if named else str(pid)
    if identity in present:
        return Refused(reason=DUPLICATE, farewell=("", DUPLICATE))
    uid, gid = _number(request.get("uid")), _number(request.get("gid"))
    if uid is None or gid is None or (named and not _goodName(identity)):
        reason = _INVALID
    elif peer is None or (uid, gid) != (peer.uid, peer.gid):
        reason = "incorrect/false credentials"
    else:
        reason = rules.refusal(identity if named else None, uid, gid)
        if not reason and peer.pid is not None and peer.pid != pid:
            reason = "pid mismatch"
    if not reason:
        return Accepted(identity=identity, named=named, pid=pid)
    return Refused(reason=reason, farewell=(identity[:_LONGEST_NAME], reason) if named else None)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _goodName(name: str) -> bool:
    return name.isprintable() and len(name.encode("utf-8", "surrogateescape")) <= _LONGEST_NAME
