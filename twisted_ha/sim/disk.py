"""A machine's state directory: it keeps what was synced, and less than that on a bad day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from zope.interface import implementer

from twisted_ha.errors import StateError
from twisted_ha.interfaces import IMarkStore
from twisted_ha.state.peersfile import readMarks, writeMarks
from twisted_ha.terms import LifeMark, NodeName

__all__ = ["GenerationStore", "MarkStore", "PowerFailed", "SimDisk"]

GENERATION = "hb_generation"
PEERS = "twisted_ha.peers"


class PowerFailed(Exception):
    """The machine has lost its power in the middle of an operation of its disk."""


class SimDisk:
    """
    Files by name.  What was written and not synced is gone after a power loss, or torn.

    @ivar full: nothing can be written.
    @ivar readOnly: the same, with another reason.
    @ivar torn: a file that was being written when the power went keeps a part of it.
    @ivar failsAfter: after so many more operations the power goes; L{None} for never.
    @ivar failures: how many operations it has not done, or not returned from.
    """

    def __init__(self) -> None:
        self.full = False
        self.readOnly = False
        self.torn = False
        self.failsAfter: int | None = None
        self.failures = 0
        self._stored: dict[str, bytes] = {}
        self._unsynced: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        """What a process sees; L{None} if there is no such file."""
        return self._unsynced.get(name, self._stored.get(name))

    def write(self, name: str, content: bytes) -> None:
        """
        Write a whole file; it is not safe before L{sync}.

        @raise StateError: it cannot be written.
        """
        if self.readOnly or self.full:
            self.failures += 1
            what = "read-only file system" if self.readOnly else "no space left on device"
            raise StateError(f"{name}: {what}")
        self._unsynced[name] = content
        self._operated()

    def sync(self, name: str) -> None:
        """Make a file survive a power loss."""
        if name in self._unsynced:
            self._stored[name] = self._unsynced.pop(name)
        self._operated()

    def rename(self, old: str, new: str) -> None:
        """Put a synced file in another's place: after a power loss it is one of them, whole."""
        content = self._stored.pop(old, None)
        if content is not None:
            self._stored[new] = content
            self._unsynced.pop(new, None)
        elif old in self._unsynced:
            self._unsynced[new] = self._unsynced.pop(old)
        self._operated()

    def replace(self, name: str, content: bytes) -> None:
        """
        Replace a file in one step, as L{twisted_ha.state.files} does.

        @raise StateError: it cannot be written.
        @raise PowerFailed: in the middle of it.
        """
        fresh = name + ".new"
        self.write(fresh, content)
        self.sync(fresh)
        self.rename(fresh, name)

    def _operated(self) -> None:
        if self.failsAfter is None:
            return
        self.failsAfter -= 1
        if self.failsAfter <= 0:
            self.failsAfter = None
            self.failures += 1
            raise PowerFailed

    def powerLost(self, random: Random) -> None:
        """Forget what was not synced."""
        for name, content in self._unsynced.items():
            if self.torn:
                self._stored[name] = content[: random.randint(0, len(content))]
        self._unsynced.clear()


class GenerationStore:
    """
    The generation file on a simulated disk: 16 bytes, decimal in 15 columns, and a line feed.

    @see: wire-protocol.md section 5.7.
    """

    def __init__(self, disk: SimDisk) -> None:
        self._disk = disk

    def next(self, wall: float) -> int:
        """
        The generation of a new life, safely on disk.

        @param wall: the wall clock: where counting begins when there is no usable file.
        @raise StateError: it cannot be stored; such a life must not begin.
        """
        text = (self._disk.read(GENERATION) or b"").strip()
        generation = int(text) + 1 if text.isdigit() else int(wall) + 1
        self._disk.replace(GENERATION, b"%15d\n" % generation)
        return generation


@implementer(IMarkStore)
class MarkStore:
    """How far the others were heard, on a simulated disk, as L{twisted_ha.state.files} keeps it."""

    place = PEERS

    def __init__(self, disk: SimDisk, powerFailed: Callable[[], None]) -> None:
        """@param powerFailed: called when the power goes while it is written."""
        self._disk = disk
        self._powerFailed = powerFailed

    def load(self) -> Mapping[NodeName, LifeMark]:
        """See L{IMarkStore.load}."""
        return readMarks(self._disk.read(PEERS) or b"") or {}

    def save(self, marks: Mapping[NodeName, LifeMark]) -> None:
        """See L{IMarkStore.save}."""
        try:
            self._disk.replace(PEERS, writeMarks(marks))
        except StateError:
            pass  # told to people, who are not there
        except PowerFailed:
            self._powerFailed()
