"""Telling every message to those who only watch: hooks, the API, the local clients."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from types import TracebackType

from twisted.logger import Logger

from twisted_ha.cluster.header import Header
from twisted_ha.wire.message import Message

__all__ = ["Watcher", "Watchers"]

Watcher = Callable[[Header, Message, bool], None]
"""Called with every message, and whether it is our own."""


class Watchers:
    """
    Tells messages in one order, never one while another is being told.

    As a context manager it holds: nothing is told in there, and everything afterwards.
    """

    _log = Logger()

    def __init__(self) -> None:
        self._watchers: list[tuple[Watcher, frozenset[str]]] = []
        self._waiting: deque[tuple[Header, Message, bool]] = deque()
        self._holding = 0

    def add(self, watcher: Watcher, but: Collection[str] = ()) -> Callable[[], None]:
        """
        Tell C{watcher} from now on.

        @param but: types it has no use for; a message that nobody has a use for costs next to nothing.
        @return: call it to stop that.
        """
        entry = watcher, frozenset(but)
        self._watchers.append(entry)

        def stop() -> None:
            if entry in self._watchers:
                self._watchers.remove(entry)

        return stop

    def _wanted(self, kind: str) -> bool:
        # No generator for nobody: that is how it nearly always is, twice a message.
        for _, but in self._watchers:  # noqa: SIM110
            if kind not in but:
                return True
        return False

    def tell(self, header: Header, message: Message) -> None:
        """Tell a message of another node, or queue it behind those that wait."""
        if self._wanted(header.type):
            self._waiting.append((header, message, False))
            self._flush()

    def tellOwn(self, message: Message) -> None:
        """The same for a message that this node has sent."""
        if self._wanted(message.type):
            self._waiting.append((Header.of(message), message, True))
            self._flush()

    def __enter__(self) -> None:
        self._holding += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holding -= 1
        self._flush()

    def _flush(self) -> None:
        if self._holding or not self._waiting:
            return
        self._holding += 1
        try:
            while self._waiting:
                header, message, local = self._waiting.popleft()
                for watcher, but in tuple(self._watchers):
                    if header.type in but:
                        continue
                    try:
                        watcher(header, message, local)
                    except Exception:
                        self._log.failure(
                            "a watcher of {type} messages failed; this is a bug", type=header.type
                        )
        finally:
            self._holding -= 1
