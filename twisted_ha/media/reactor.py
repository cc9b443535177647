"""What the media need of a reactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["SocketReactor"]


class SocketReactor(Protocol):
    """What we need of a reactor: C{IReactorFDSet} and C{IReactorTime}."""

    def addReader(self, reader: Any) -> None: ...

    def removeReader(self, reader: Any) -> None: ...

    def seconds(self) -> float: ...

    def callLater(self, delay: float, callable: Callable[..., object], *args: object) -> Any: ...
