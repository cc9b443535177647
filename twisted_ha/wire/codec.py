"""
The room's front door: which encoding a frame is in, and both ways through it.

@see: wire-protocol.md section 1.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted_ha.errors import WireError
from twisted_ha.wire import classic, netstring
from twisted_ha.wire.signed import Claim, Encoding, SignedMessage, Signer

if TYPE_CHECKING:
    from twisted_ha.wire.message import Message

__all__ = ["claim", "decode", "decodeVouched", "encode", "twin"]

_CLASSIC = Encoding.CLASSIC


def decode(frame: bytes) -> SignedMessage:
    """
    Read one frame: a whole datagram, or what the framer found on a serial line.

    Its authentication is read and not checked.

    @raise WireError: the bytes are not a message.  Nothing else is raised, whatever they are.
    """
    if frame.startswith(classic.START):
        return classic.decodeClassic(frame)
    if frame.startswith(netstring.START):
        return netstring.decodeNetstring(frame)
    raise WireError(0, "neither of the two start markers")


def decodeVouched(frame: bytes, vouched: Claim, check: Callable[[Claim], None]) -> Message:
    """
    Read a frame whose L{claim} was found to be true.  Of classic text only what it covers is read, and
    nothing twice.

    @param check: asked about what a netstring frame is found to claim when it is read, if that is
        something else.
    @raise WireError: the bytes are not a message.
    """
    if frame.startswith(classic.START):
        return classic.readCovered(vouched.covered)
    signed = decode(frame)
    if signed.claim != vouched:
        check(signed.claim)
    return signed.message


def claim(frame: bytes) -> Claim:
    """
    What one frame says of its authenticity.  No field is read for that: a stranger can write a thousand
    of them into one datagram.

    @raise WireError: the bytes are not a message, as far as one can see without reading its fields.
    """
    if frame.startswith(classic.START):
        return classic.claimClassic(frame)
    if frame.startswith(netstring.START):
        return netstring.claimNetstring(frame)
    raise WireError(0, "neither of the two start markers")


def encode(
    message: Message,
    encoding: Encoding,
    sign: Signer,
    *,
    datagram: bool = True,
    innerAuth: bool = False,
) -> bytes:
    """
    Write C{message} as a frame.  C{auth} fields it has are left out, and a new one stands last.

    @param sign: makes the authentication of the covered bytes.
    @param datagram: whether the frame will be one datagram: classic text then ends in a NUL.
    @param innerAuth: for netstrings, whether to add the field 3.0.6 adds with C{msgfmt classic}.
    @raise WireError: the message cannot be written: it is too long or too deep, or holds characters
        this encoding has no way to carry.
    """
    if encoding is _CLASSIC:
        return classic.encodeClassic(message, sign, datagram)
    return netstring.encodeNetstring(message, sign, innerAuth)


def twin(frame: bytes) -> bytes:
    """
    The same frame as it comes by the other kind of medium: behind classic text a NUL stands in a
    datagram and none on a serial line.  It means nothing to any reader, and no authentication covers it.
    """
    return frame[:-1] if frame.endswith(b"\0") else frame + b"\0"
