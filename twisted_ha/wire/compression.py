"""
Whole-message compression: an envelope that holds nothing but another message.

Nobody sends it in a cluster with resource files, and we never do; it is read so that a node with
C{traditional_compression on} is understood.  It is opened only after the envelope is known to be
authentic, because opening costs far more than refusing.

@see: wire-protocol.md section 1.4.
"""

from __future__ import annotations

import bz2
import zlib
from typing import TYPE_CHECKING, Protocol

from twisted_ha.errors import WireError
from twisted_ha.wire.classic import decodeClassic
from twisted_ha.wire.grammar import MAX_EXPANDED
from twisted_ha.wire.netstring import START, decodeNetstring

if TYPE_CHECKING:
    from twisted_ha.wire.message import Message

__all__ = ["ALGORITHM", "PAYLOAD", "expand"]

PAYLOAD = "_compressed_payload"
ALGORITHM = "_compression_algorithm"


def expand(message: Message) -> Message:
    """
    The message inside an envelope, or C{message} itself if it is none.

    The inner message carries no authentication that counts: the envelope's covers it.

    @raise WireError: the envelope cannot be opened, or holds more than L{MAX_EXPANDED} bytes, or
        another envelope.
    """
    payload = message.getBinary(PAYLOAD)
    if payload is None:
        return message
    algorithm = message.get(ALGORITHM)
    if algorithm == "zlib":
        data = _inflate(zlib.decompressobj(), payload)
    elif algorithm == "bz2":
        data = _inflate(bz2.BZ2Decompressor(), payload)
    else:
        raise WireError(0, "compressed in a way we do not know")
    decode = decodeNetstring if data.startswith(START) else decodeClassic
    inner = decode(data, MAX_EXPANDED).message
    if PAYLOAD in inner:
        raise WireError(0, "compressed more than once")
    return inner


class _Decompressor(Protocol):
    """What C{zlib} and C{bz2} have in common."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _inflate(decompressor: _Decompressor, payload: bytes) -> bytes:
    """Everything in C{payload}, and never more memory than L{MAX_EXPANDED} for it."""
    try:
        data = decompressor.decompress(payload, MAX_EXPANDED + 1)
    except (zlib.error, OSError, ValueError):
        raise WireError(0, "compressed data is damaged") from None
    if len(data) > MAX_EXPANDED:
        raise WireError(0, f"more than {MAX_EXPANDED} bytes after decompression")
    if not decompressor.eof:
        raise WireError(0, "compressed data ends too early")
    return data
