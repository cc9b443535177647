"""
The daemon: the services of one node, started from top to bottom and stopped from bottom to top, one at a
time.

The order is ours because C{MultiService} stops all its children at once: the media would fall silent
while a file system is still being unmounted, and the other node would take it too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.logger import Logger

__all__ = ["OrderedServices", "Step"]


class Step:
    """
    One service of the tree.

    @ivar name: for people, in the log of what could not be started or stopped.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], Deferred[None] | None],
        stop: Callable[[], Deferred[None] | None],
    ) -> None:
        """
        @param start: raises, or fails its Deferred, when the daemon must not run.
        @param stop: always ends; what it raises is logged.
        """
        self.name = name
        self.start = start
        self.stop = stop


class OrderedServices(Service):
    """
    Steps in order.

    @ivar trouble: called with the same before anything is stopped, while there is still a log.
    @ivar failed: called with the step's name and the exception when one cannot be started; those
        before it have been stopped again by then.
    """

    _log = Logger()

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)
        self._running: list[Step] = []
        self._starting: Deferred[None] | None = None
        self._leaving = False
        self.trouble: Callable[[str, Exception], None] = lambda name, error: None
        self.failed: Callable[[str, Exception], None] = lambda name, error: None

    def startService(self) -> None:
        """Start the first step; each next one follows when the one before has started."""
        super().startService()  # type: ignore[no-untyped-call]
        self._starting = ensureDeferred(self._start())

    async def _start(self) -> None:
        for step in self._steps:
            if self._leaving:
                return
            try:
                started = step.start()
                if started is not None:
                    await started
            except Exception as error:
                self.trouble(step.name, error)
                await self._stop()
                self.failed(step.name, error)
                return
            self._running.append(step)

    def stopService(self) -> Deferred[None]:
        """@return: fires when the last step, the first that was started, has stopped."""
        super().stopService()  # type: ignore[no-untyped-call]
        self._leaving = True
        return ensureDeferred(self._leave())

    async def _leave(self) -> None:
        if self._starting is not None:
            await self._starting
        await self._stop()

    async def _stop(self) -> None:
        while self._running:
            step = self._running.pop()
            try:
                stopped = step.stop()
                if stopped is not None:
                    await stopped
            except Exception:
                self._log.failure("stopping {name} failed", name=step.name)
