"""
Signing what we send and checking what we hear.

A ring is made from one C{authkeys} file and never changes; a file that was read again makes another
ring.  During a rollover both keys are in the ring: we sign with one and accept both.

@see: wire-protocol.md sections 2.2 to 2.5.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from twisted_ha.auth.digests import METHODS
from twisted_ha.errors import AuthError
from twisted_ha.wire.codec import claim, decodeVouched, encode
from twisted_ha.wire.compression import expand

if TYPE_CHECKING:
    from twisted_ha.config.model import Keys
    from twisted_ha.wire.message import Message
    from twisted_ha.wire.signed import Claim, Encoding, SignedMessage

__all__ = ["KEY_NUMBERS", "KeyRing"]

KEY_NUMBERS = range(16)
"""The numbers a key can have."""


class KeyRing:
    """The keys of one C{authkeys} file, ready for use."""

    def __init__(self, keys: Keys) -> None:
        """
        @raise ValueError: a number or method does not exist, or there is no key to sign with; reading
            C{authkeys} has made certain of all that before.
        """
        for number, key in keys.keys.items():
            if number not in KEY_NUMBERS or key.method not in METHODS:
                raise ValueError(f"key {number}: no such number or method")
        if keys.signing not in keys.keys:
            raise ValueError(f"there is no key {keys.signing} to sign with")
        self._keys = {
            number: (key.method, METHODS[key.method].withKey(key.secret))
            for number, key in keys.keys.items()
        }
        self._signing = keys.signing

    def __repr__(self) -> str:
        return f"<KeyRing {sorted(self._keys)} signing={self._signing}>"

    def sign(
        self, message: Message, encoding: Encoding, datagram: bool = True, *, innerAuth: bool = False
    ) -> bytes:
        """
        C{message} as a frame, signed with the signing key.

        @param datagram: whether the frame will be one datagram; see L{twisted_ha.wire.encode}.
        @raise WireError: it cannot be written in that encoding.
        """
        return encode(message, encoding, self._claim, datagram=datagram, innerAuth=innerAuth)

    def open(self, frame: bytes) -> Message:
        """
        The message in C{frame}, which one of our keys has signed.

        That is asked first, and only an authentic frame is read.

        @return: as of L{verify}.
        @raise AuthError: it is not signed, or not with a key of ours.
        @raise WireError: it is not a message, or what is compressed inside cannot be used.
        """
        vouched = claim(frame)
        self.check(vouched)
        return expand(decodeVouched(frame, vouched, self.check))

    def verify(self, signed: SignedMessage) -> Message:
        """
        The message, which one of our keys has signed.

        @return: without C{auth}, and out of its envelope if it was compressed as a whole.
        @raise AuthError: it is not signed, or not with a key of ours.
        @raise WireError: it is signed, and what is compressed inside cannot be used.
        """
        self.check(signed.claim)
        return expand(signed.message)

    def check(self, made: Claim) -> None:
        """
        Be sure that a claim is true.

        The digest is compared exactly: upper case and padding are refused, as by heartbeat.  The secret
        is that of the key the claim names; heartbeat 3.0.6 uses its own signing key's for netstrings,
        which breaks rollover and nothing else.

        @raise AuthError: it is not.
        """
        if made.key is None:
            raise AuthError("no authentication, or none that can be read")
        found = self._keys.get(made.key)
        if found is None:
            raise AuthError(f"key {made.key} is not in authkeys")
        method, digest = found
        claimed = made.digest
        if not (claimed.isascii() and hmac.compare_digest(digest(made.covered), claimed)):
            raise AuthError(f"wrong {method} digest for key {made.key}")

    def _claim(self, covered: bytes) -> str:
        _, digest = self._keys[self._signing]
        return f"{self._signing} {digest(covered)}"
