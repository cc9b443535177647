"""A shared secret that does not show itself."""

from __future__ import annotations

from dataclasses import field

from twisted_ha.frozen import dataclass

__all__ = ["Key"]


@dataclass(frozen=True, slots=True)
class Key:
    """
    One line of C{authkeys}.

    @ivar method: C{"crc"}, C{"md5"}, C{"sha1"}, C{"sha256"} or C{"sha512"}.
    @ivar secret: empty for C{crc}.  Its C{repr} is its length, so that no traceback shows it.
    """

    method: str
    secret: bytes = field(default=b"", repr=False)

    def __repr__(self) -> str:
        return f"Key({self.method}, {len(self.secret)} bytes)"
