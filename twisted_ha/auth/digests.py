"""
The methods of C{authkeys} as digests over bytes.

C{crc}, C{md5} and C{sha1} are heartbeat's; C{sha256} and C{sha512} are ours, written on the wire in the
same way, for clusters without an original heartbeat in them.

@see: wire-protocol.md section 2.1.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from zope.interface import implementer

from twisted_ha.interfaces import IAuthMethod

__all__ = ["METHODS", "Crc", "Keyed", "Mac", "chooseMac", "opensslMac", "pycryptodomeMac"]

Mac = Callable[[bytes, bytes], bytes]
"""HMAC of a key and a body, as RFC 2104 says; keys longer than a block are hashed first."""

_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Every byte with its bits in the opposite order."""

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

    def digest(self, key: bytes, body: bytes) -> str:
        """Without leading zeros; C{key} is not used."""
        mirrored = zlib.crc32(body.translate(_MIRROR), 0xFFFFFFFF).to_bytes(4, "little")
        return f"{int.from_bytes(mirrored.translate(_MIRROR), 'big'):x}"


@implementer(IAuthMethod)
class Keyed:
    """An HMAC."""

    needsKey = True

    def __init__(self, name: str, mac: Mac | None = None) -> None:
        """
        @param name: C{"md5"}, C{"sha1"}, C{"sha256"} or C{"sha512"}.
        @param mac: what computes it; the fastest that works here if not given.
        """
        self.name = name
        self._mac = mac if mac is not None else chooseMac(name)

    def digest(self, key: bytes, body: bytes) -> str:
        return self._mac(key, body).hex()


def opensslMac(name: str) -> Mac:
    """HMAC by the OpenSSL that Python was built with."""

    def mac(key: bytes, body: bytes) -> bytes:
        return hmac.digest(key, body, name)

    return mac


def pycryptodomeMac(name: str) -> Mac:
    """HMAC by pycryptodome, which has every digest whatever OpenSSL was told to refuse."""
    # Only here: it is needed where OpenSSL refuses a digest, and costs a megabyte of memory.
    from Crypto.Hash import HMAC, MD5, SHA1, SHA256, SHA512

    module = {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "sha512": SHA512}[name]

    def mac(key: bytes, body: bytes) -> bytes:
        return HMAC.new(key, body, module).digest()

    return mac


def chooseMac(name: str, preferred: Callable[[str], Mac] = opensslMac) -> Mac:
    """
    C{preferred} if it can do C{name} here, else pycryptodome.

    A hardened OpenSSL refuses MD5, and may refuse short keys, only when it is asked: so it is asked.
    """
    mac = preferred(name)
    try:
        mac(b"k", b"")
    except ValueError:
        return pycryptodomeMac(name)
    return mac


METHODS: Mapping[str, IAuthMethod] = MappingProxyType(
    {"crc": Crc(), **{name: Keyed(name) for name in _KEYED}}
)
"""Every method by its name in C{authkeys}."""
