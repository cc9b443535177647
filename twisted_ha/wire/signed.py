"""A message as it came from the wire, with the claim of whoever signed it."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, TypeAlias

from twisted_ha.wire.message import Message

__all__ = ["Claim", "Encoding", "SignedMessage", "Signer", "readClaim"]


class Encoding(Enum):
    """How a message is written as bytes."""

    CLASSIC = "classic"
    """Lines of C{name=value}: every node of every version reads it on every medium."""
    NETSTRING = "netstring"
    """Length-prefixed fields: heartbeat 3.0.6 on UDP and ICMP."""

    # Enum hashes the name, in Python; a member is only ever equal to itself.
    __hash__ = object.__hash__


class Claim(NamedTuple):
    """
    What a frame says of its authenticity.

    @ivar key: the number of the key it names; L{None} if the authentication is missing or unreadable.
    @ivar digest: the digest as it stands there; empty without a key.
    @ivar covered: the bytes of the frame that the digest is over.
    """

    key: int | None
    digest: str
    covered: bytes


class SignedMessage(NamedTuple):
    """
    A decoded frame that nobody has vouched for yet; L{twisted_ha.auth.keyring.KeyRing.verify} does.

    @ivar message: its fields, C{auth} fields left out.
    @ivar key: the number of the key it names; L{None} if the authentication is missing or unreadable.
    @ivar digest: the digest as it stands there; empty without a key.
    @ivar covered: the bytes of the frame that the digest is over.
    @ivar inner: the C{auth} field inside a netstring, which counts for nothing; for people.
    """

    message: Message
    key: int | None
    digest: str
    covered: bytes
    encoding: Encoding
    inner: str | None = None

    @property
    def claim(self) -> Claim:
        """What it says of its authenticity."""
        return Claim(self.key, self.digest, self.covered)

    def __repr__(self) -> str:
        return f"<SignedMessage {self.encoding.value} key={self.key} {self.message!r}>"


Signer: TypeAlias = Callable[[bytes], str]
"""Given the covered bytes, what stands in C{auth}: C{<key number> <digest>}."""

_CLAIM = re.compile(r"\s*([0-9]{1,9})\s+(\S+)", re.ASCII)


def readClaim(text: str) -> tuple[int | None, str]:
    """
    Read C{<key number> <digest>}.

    @return: both, or L{None} and nothing if the text is not that.  Several blanks, and anything after
        the digest, are as good (wire-protocol.md section 2.2).
    """
    claim = _CLAIM.match(text)
    return (int(claim[1]), claim[2]) if claim is not None else (None, "")
