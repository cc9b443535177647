"""
Which class a message is of, and which types belong to the daemon alone.

@see: client-api.md sections 7.2, 8 and 9.
"""

from __future__ import annotations

from enum import IntFlag

from twisted_ha.wire.message import Message

__all__ = ["CLIENT_QUERY", "CLIENT_STATUS", "QUERY_ANSWER", "Kind", "isProtocol", "refusedType"]

CLIENT_STATUS = "hbapi-clstat"
"""A named client joined or left."""

CLIENT_QUERY = "query-cstatus"
QUERY_ANSWER = "respond-cstatus"


class Kind(IntFlag):
    """The classes a client's filter chooses from."""

    NORMAL = 0x01
    """What has a meaning: the default."""
    STATUS = 0x02
    """A status that says nothing new."""
    DROPPED = 0x04
    DUPLICATE = 0x08
    """These two never reach this room: one message is told once, and refused ones are not told."""
    REQUEST = 0x10
    """What other clients ask for."""
    PROTOCOL = 0x20
    """Acknowledgements, requests for lost messages, node lists."""


_PROTOCOL = frozenset({"reqnodes", "repnodes"})
_OURS = frozenset({"status", "starting", "shutdone", CLIENT_STATUS, *_PROTOCOL})


def isProtocol(type: str) -> bool:
    """Whether messages of this type keep the cluster going and mean nothing else."""
    return type.startswith("NS_") or type in _PROTOCOL


def refusedType(message: Message) -> str:
    """
    Why no client may have this sent; empty if it may.

    The original passes on everything, a false status of this node included.
    """
    if not message.type:
        return "it has no type (t)"
    if message.type in _OURS or message.type.startswith(("NS_", "hbapi-")):
        return "only the daemon itself says that"
    return ""
