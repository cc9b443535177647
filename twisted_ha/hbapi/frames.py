"""
What goes over the socket: a header of eight bytes, then a message in one of the two encodings.

Nothing in here needs more than the standard library, so that C{cl_status} starts at once.

@see: client-api.md sections 2.1 and 4.
"""

from __future__ import annotations

import struct

from twisted_ha.errors import WireError
from twisted_ha.wire.classic import bareClassic
from twisted_ha.wire.codec import decode
from twisted_ha.wire.message import Message
from twisted_ha.wire.netstring import bareNetstring

__all__ = ["LONGEST_BODY", "FrameError", "FrameReader", "frameOf", "readBody"]

LONGEST_BODY = 262144
"""Bytes, as in heartbeat 3.0.6."""

_HEADER = struct.Struct("=iI")  # in host byte order: both ends are on one machine
_MAGIC = 0x0000ABCD


class FrameError(Exception):
    """These bytes are not frames; whoever sends them gets no further."""


class FrameReader:
    """
    Cuts a stream into bodies, however it arrives.

    It holds at most one frame more than what it was given at once.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self._bytes += data

    def next(self) -> bytes | None:
        """
        The next whole body; L{None} if there is none yet.

        @raise FrameError: the header is not one, or its length is out of bounds.
        """
        if len(self._bytes) < _HEADER.size:
            return None
        length, magic = _HEADER.unpack_from(self._bytes)
        if magic != _MAGIC:
            raise FrameError("not a frame of this API")
        if not 0 <= length <= LONGEST_BODY:
            raise FrameError(f"a frame of {length} bytes; at most {LONGEST_BODY} can be")
        end = _HEADER.size + length
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[_HEADER.size : end])
        del self._bytes[:end]
        return body


def readBody(body: bytes) -> Message:
    """
    The message of a body, in either encoding, with or without its NUL.

    @raise WireError: it is not a message.
    """
    return decode(body).message


def frameOf(message: Message, netstring: bool = False) -> bytes:
    """
    C{message} with its header.

    @raise WireError: it cannot be written.
    """
    body = bareNetstring(message) if netstring else bareClassic(message)
    if len(body) > LONGEST_BODY:
        raise WireError(LONGEST_BODY, f"a message of more than {LONGEST_BODY} bytes")
    return _HEADER.pack(len(body), _MAGIC) + body
