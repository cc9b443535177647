"""Telling every message to those who only watch: hooks, the API, the local clients."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twisted.logger import Logger

from twisted_ha.cluster.header import Header
from twisted_ha.wire.message import Message

__all__ = ["Watcher", "Watchers"]

Watcher = Callable[[Header, Message, bool], None]
"""Called with every message, and whether it is our own."""


class Watchers:
    """Tells messages in one order, never one while another is being told."""

    _log = Logger()

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []
        self._waiting: deque[tuple[Header, Message, bool]] = deque()
        self._holding = 0

    def add(self, watcher: Watcher) -> Callable[[], None]:
        """
        Tell C{watcher} from now on.

        @return: call it to stop that.
        """
        self._watchers.append(watcher)

        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return stop

    def tell(self, header: Header, message: Message, local: bool) -> None:
        """Tell one message, or queue it behind those that wait."""
        if self._watchers:
            self._waiting.append((header, message, local))
            self._flush()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Meanwhile nothing is told."""
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
            self._flush()

    def _flush(self) -> None:
        if self._holding:
            return
        self._holding += 1
        try:
            while self._waiting:
                header, message, local = self._waiting.popleft()
                for watcher in tuple(self._watchers):
                    try:
                        watcher(header, message, local)
                    except Exception:
                        self._log.failure(
                            "a watcher of {type} messages failed; this is a bug", type=header.type
                        )
        finally:
            self._holding -= 1
