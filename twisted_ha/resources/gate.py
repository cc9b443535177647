"""Between wanting an operation of a resource and beginning it: is this node sure where it stands?"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

__all__ = ["Gate"]


class Gate:
    """
    Passed by every single operation, also in the middle of a group: a node that was held between two
    resources does not go on with the second before it knows what happened meanwhile.

    @ivar opened: called when it has been opened, after those who waited have passed.
    """

    def __init__(self, look: Callable[[], None] = lambda: None) -> None:
        """
        @param look: notices a stall that nobody has noticed yet, and closes the gate if there was one.
            The end of a script may be what this process hears first when it runs again.
        """
        self._look = look
        self._closed = False
        self._waiting: list[Deferred[None]] = []
        self.opened: Callable[[], None] = lambda: None

    @property
    def isOpen(self) -> bool:
        """Whether an operation may begin now."""
        self._look()
        return not self._closed

    def close(self) -> None:
        """Begin no operation until L{open}."""
        self._closed = True

    def open(self) -> None:
        """Go on."""
        if not self._closed:
            return
        self._closed = False
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)
        self.opened()

    async def passed(self) -> None:
        """Return when an operation may begin: at once, or when the gate is open again."""
        while not self.isOpen:
            waiting: Deferred[None] = Deferred()
            self._waiting.append(waiting)
            await waiting
