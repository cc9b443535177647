"""How the original writes and reads frames: our own codec and keys, its choice of encodings."""

from __future__ import annotations

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.errors import AuthError, WireError
from twisted_ha.wire.message import Message
from twisted_ha.wire.signed import Encoding

__all__ = ["KeyRingSeal"]

REMEMBERED = 64


class KeyRingSeal:
    """
    Netstrings on datagrams and classic text on serial lines, whatever C{msgfmt} says.

    @see: wire-protocol.md section 1.3.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._read: dict[bytes, Message | None] = {}

    def encode(self, message: Message, datagram: bool) -> bytes:
        """Sign and encode."""
        encoding = Encoding.NETSTRING if datagram else Encoding.CLASSIC
        return self._ring.sign(message, encoding, datagram, innerAuth=datagram)

    def decode(self, frame: bytes) -> Message | None:
        """
        Decode and verify; L{None} for what would be refused.  The second copy of a frame, from
        another link, is remembered.
        """
        if frame in self._read:
            return self._read[frame]
        try:
            message = self._ring.open(frame)
        except (WireError, AuthError):
            message = None
        if len(self._read) >= REMEMBERED:
            self._read.clear()
        self._read[frame] = message
        return message
