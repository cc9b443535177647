"""
The methods of C{authkeys} as digests over bytes.

C{crc}, C{md5} and C{sha1} are heartbeat's; C{sha256} and C{sha512} are ours, written on the wire in the
same way, for clusters without an original heartbeat in them.

@see: wire-protocol.md section 2.1.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from zope.interface import implementer

from twisted_ha.interfaces import IAuthMethod

__all__ = ["METHODS", "Crc", "Keyed", "Mac", "MakeMac", "chooseMac", "opensslMac", "pycryptodomeMac"]

Mac = Callable[[bytes], str]
"""The digest of a body, as lower-case hexadecimal."""

MakeMac = Callable[[str, bytes], Mac]
"""HMAC (RFC 2104) by the name of a digest, with a key; keys longer than a block are hashed first."""

_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Every byte with its bits in the opposite order."""

_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))

_KEYED = ("md5", "sha1", "sha256", "sha512")


@implementer(IAuthMethod)
class Crc:
    """
    CRC-32/CKSUM without the length: it finds accidents and keeps nobody out.

    C{zlib} has the mirrored polynomial, so it is given mirrored bytes and its answer is mirrored back;
    that is a hundred times faster than a table in Python.
    """

    name = "crc"
    needsKey = False

    def withKey(self, key: bytes) -> Mac:
        """C{key} is not used."""
        return self._digest

    @staticmethod
    def _digest(body: bytes) -> str:
        """Without leading zeros."""
        mirrored = zlib.crc32(body.translate(_MIRROR), 0xFFFFFFFF).to_bytes(4, "little")
        return f"{int.from_bytes(mirrored.translate(_MIRROR), 'big'):x}"


@implementer(IAuthMethod)
class Keyed:
    """An HMAC."""

    needsKey = True

    def __init__(self, name: str, makeMac: MakeMac | None = None) -> None:
        """
        @param name: C{"md5"}, C{"sha1"}, C{"sha256"} or C{"sha512"}.
        @param makeMac: what computes it; the fastest that works here if not given.
        """
        self.name = name
        self._makeMac = makeMac if makeMac is not None else chooseMac(name)

    def withKey(self, key: bytes) -> Mac:
        return self._makeMac(self.name, key)


def opensslMac(name: str, key: bytes) -> Mac:
    """
    HMAC by the OpenSSL that Python was built with.

    Both hashes of the definition begin with a block that depends on the key alone: these are made here,
    once, and copied for every body.  That takes half the time of C{hmac.digest}, which looks for the
    digest by its name and begins anew each time.
    """
    block = hashlib.new(name).block_size
    if len(key) > block:
        key = hashlib.new(name, key).digest()
    padded = key.ljust(block, b"\0")
    inner = hashlib.new(name, padded.translate(_INNER))
    outer = hashlib.new(name, padded.translate(_OUTER))

    def mac(body: bytes) -> str:
        within = inner.copy()
        within.update(body)
        around = outer.copy()
        around.update(within.digest())
        return around.hexdigest()

    return mac


def pycryptodomeMac(name: str, key: bytes) -> Mac:
    """HMAC by pycryptodome, which has every digest whatever OpenSSL was told to refuse."""
    # Only here: it is needed where OpenSSL refuses a digest, and costs a megabyte of memory.
    from Crypto.Hash import HMAC, MD5, SHA1, SHA256, SHA512

    module = {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "sha512": SHA512}[name]
    empty = HMAC.new(key, digestmod=module)

    def mac(body: bytes) -> str:
        return empty.copy().update(body).hexdigest()

    return mac


def chooseMac(name: str, preferred: MakeMac = opensslMac) -> MakeMac:
    """
    C{preferred} if it can do C{name} here, else pycryptodome.

    A hardened OpenSSL refuses MD5 only when it is asked: so it is asked.
    """
    try:
        preferred(name, b"k")(b"")
    except ValueError:
        return pycryptodomeMac
    return preferred


METHODS: Mapping[str, IAuthMethod] = MappingProxyType(
    {"crc": Crc(), **{name: Keyed(name) for name in _KEYED}}
)
"""Every method by its name in C{authkeys}."""
