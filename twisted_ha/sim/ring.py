"""The keys of many nodes that hear the same frames."""

from __future__ import annotations

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.wire.message import Message

__all__ = ["CommonRing"]

REMEMBERED = 256


class CommonRing(KeyRing):
    """
    One ring for all nodes with the same keys: what came of a frame depends on its bytes and the keys
    alone, so fifteen nodes that hear it need not find that out fifteen times.

    Only what is authentic is remembered.
    """

    def __init__(self, keys: Keys) -> None:
        super().__init__(keys)
        self._opened: dict[bytes, Message] = {}

    def open(self, frame: bytes) -> Message:
        """As of L{KeyRing.open}."""
        message = self._opened.get(frame)
        if message is None:
            message = super().open(frame)
            if len(self._opened) >= REMEMBERED:
                self._opened.clear()
            self._opened[frame] = message
        return message
