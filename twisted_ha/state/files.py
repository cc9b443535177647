"""
What this node must remember from one life to the next: its generation, who it is, and how far it has
heard the others.

The generation is written and synced before the first packet leaves.  A node whose generation went back
is ignored by its peers until I{they} restart, so where there is doubt we go forward or do not start.

@see: wire-protocol.md section 5.7; configuration.md sections 1 and 4.1.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID, uuid4, uuid5

from twisted_ha.errors import StateError
from twisted_ha.state.disk import Disk
from twisted_ha.state.peersfile import readMarks, writeMarks
from twisted_ha.terms import LifeMark, NodeName

__all__ = ["GENERATION_FILE", "PEERS_FILE", "PID_FILE", "UUID_FILE", "StateDirectory"]

GENERATION_FILE = "hb_generation"
UUID_FILE = "hb_uuid"
PID_FILE = "twisted_ha.pid"
PEERS_FILE = "twisted_ha.peers"

COLUMNS = 15
"""The generation is right-aligned in so many columns and ends in LF: 16 bytes."""

SANE_CLOCK = 1_577_836_800
"""A clock before 2020 was never set, and cannot stand in for a generation that is lost."""

_NAMES = UUID("8f5a3cf6-4b6e-5e0b-9a37-1f2a60b0c9d4")

_REPAIRS = {
    errno.ENOSPC: "free some space on that filesystem",
    errno.EDQUOT: "free some space on that filesystem",
    errno.EROFS: "its filesystem is read-only: mount it for writing",
    errno.EACCES: "it must belong to root, and the daemon must be started by root",
    errno.EPERM: "it must belong to root, and the daemon must be started by root",
    errno.ENOTDIR: "something on that path is a file and should be a directory",
    errno.EISDIR: "there is a directory of that name: move it away",
    errno.EIO: "the disk is failing: replace it, or name another state directory",
}


class StateDirectory:
    """
    The directory heartbeat keeps its state in, C{/var/lib/heartbeat}.

    @ivar path: where it is.
    @ivar warnings: what was found and repaired, as sentences for the log.
    """

    def __init__(
        self,
        path: str,
        wallClock: Callable[[], float],
        disk: Disk | None = None,
        makeUuid: Callable[[], bytes] = lambda: uuid4().bytes,
        pid: int | None = None,
    ) -> None:
        """
        @param wallClock: the Unix time.
        @param disk: the file operations; a simulated one can be full or lose what was not synced.
        @param pid: the number of this process, if it is not to be asked for.
        """
        self.path = path
        self.warnings: list[str] = []
        self._wallClock = wallClock
        self._disk = disk or Disk()
        self._makeUuid = makeUuid
        self._pid = os.getpid() if pid is None else pid
        self._locked: dict[str, int] = {}

    def prepare(self) -> None:
        """
        Make the directory if it is not there.

        @raise StateError: it cannot be made.
        """
        with _explained(self.path, "cannot be made"):
            self._disk.makeDirectory(self.path)

    # ---- the generation ----------------------------------------------------------------------

    def nextGeneration(self, fromClock: bool = False) -> int:
        """
        The generation of the life that begins now.  When this returns it is safely on disk.

        Without a file it is the Unix time plus one, as with heartbeat 3.0.6: that is above whatever a
        node of the same name counted to before it was installed anew.  A file that cannot be understood
        (after a crash it may be empty) falls forward to the clock in the same way.

        @param fromClock: C{hbgenmethod time}: the Unix time, but never one that was used; the file is
            kept where it can be, and not being able to is only a warning.
        @raise StateError: it cannot be read or written, or nothing says what it was.
        """
        path = self._file(GENERATION_FILE)
        if not fromClock:
            generation = self._following(path)
            self._replace(path, _columns(generation))
            return generation
        generation = int(self._wallClock())
        try:
            last = _number(self._disk.read(path))
            if last is not None:
                generation = max(generation, last + 1)
            self._replace(path, _columns(generation))
        except FileNotFoundError:
            self._tryToKeep(path, generation)
        except (OSError, StateError) as error:
            self.warnings.append(f"going on without {path} (hbgenmethod time): {_reason(error)}")
        return generation

    def _tryToKeep(self, path: str, generation: int) -> None:
        try:
            self._replace(path, _columns(generation))
        except StateError as error:
            self.warnings.append(f"going on without {path} (hbgenmethod time): {error}")

    def _following(self, path: str) -> int:
        try:
            with _explained(path, "cannot be read", passing=FileNotFoundError):
                content = self._disk.read(path)
        except FileNotFoundError:
            return self._ofClock(path, "does not exist")
        last = _number(content)
        if last is None:
            generation = self._ofClock(path, "does not hold a number")
            self.warnings.append(
                f"{path} did not hold a number; going on with generation {generation}, from the clock."
                "  If other nodes now ignore this one, write a higher number there and restart it"
            )
            return generation
        if last + 1 >= 10**COLUMNS:
            raise StateError(f"{path}: {last} is too high to count on; write a smaller number there")
        return last + 1

    def _ofClock(self, path: str, what: str) -> int:
        now = int(self._wallClock())
        if now < SANE_CLOCK:
            raise StateError(
                f"{path} {what}, and the clock of this machine was never set: other nodes would take"
                " this one for an old copy of itself.  Set the clock, then start again"
            )
        return now + 1

    # ---- who we are --------------------------------------------------------------------------

    def uuid(self, name: str | None = None) -> bytes:
        """
        This node's identity: 16 bytes, made once and kept.

        @param name: C{uuidfrom nodename}: make it from this name instead, always the same one.
        @raise StateError: the file cannot be read or written.
        """
        if name is not None:
            return uuid5(_NAMES, name).bytes
        path = self._file(UUID_FILE)
        try:
            with _explained(path, "cannot be read", passing=FileNotFoundError):
                kept = self._disk.read(path)
            if len(kept) == 16 and any(kept):
                return kept
            self.warnings.append(
                f"{path} did not hold a uuid ({len(kept)} bytes); this node has a new one now"
            )
        except FileNotFoundError:
            pass
        made = self._makeUuid()
        self._replace(path, made)
        return made

    # ---- whom we have heard ------------------------------------------------------------------

    @property
    def peersPath(self) -> str:
        """Where that is kept."""
        return self._file(PEERS_FILE)

    def peers(self) -> dict[NodeName, LifeMark]:
        """
        How far the others were heard in earlier lives; nothing if there is no such file yet.

        @raise StateError: it cannot be read, or was not written like this.
        """
        path = self.peersPath
        try:
            with _explained(path, "cannot be read", passing=FileNotFoundError):
                content = self._disk.read(path)
        except FileNotFoundError:
            return {}
        marks = readMarks(content)
        if marks is None:
            raise StateError(f"{path} is damaged")
        return marks

    def keepPeers(self, marks: Mapping[NodeName, LifeMark]) -> None:
        """
        Keep them.  When this returns they are safely on disk.

        @raise StateError: they cannot be written; what was there before is still there.
        """
        self._replace(self.peersPath, writeMarks(marks))

    # ---- one daemon only ---------------------------------------------------------------------

    def lock(self, path: str | None = None) -> None:
        """
        Make certain that this is the only daemon.

        @param path: the pid file, where our number is written; one in this directory if not given.
        @raise StateError: another one runs; the text says which.  Or the file cannot be written.
        """
        path = path or self._file(PID_FILE)
        with _explained(path, "cannot be written"):
            handle = self._disk.lock(path)
        if handle is None:
            raise StateError(
                f"{path} is locked: {self._holder(path)} runs already.  Stop that one first,"
                " or ask it with hactl status what it does"
            )
        with _explained(path, "cannot be written"):
            try:
                self._disk.fill(handle, b"%d\n" % self._pid)
            except OSError:
                self._disk.unlock(handle, path)
                raise
        self._locked[path] = handle

    def unlock(self) -> None:
        """Another daemon may start.  Doing it twice does no harm."""
        while self._locked:
            path, handle = self._locked.popitem()
            self._disk.unlock(handle, path)

    def _holder(self, path: str) -> str:
        try:
            pid = _number(self._disk.read(path))
        except OSError:
            pid = None
        return f"process {pid}" if pid is not None else "another daemon"

    # ---- writing -----------------------------------------------------------------------------

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def _replace(self, path: str, content: bytes) -> None:
        """Replace a file in one step: after a power failure it is the old one or the new one."""
        fresh = path + ".new"
        with _explained(path, "cannot be written"):
            try:
                self._disk.write(fresh, content)
                self._disk.sync(fresh)
                self._disk.rename(fresh, path)
                self._disk.syncDirectory(os.path.dirname(path))
            except OSError:
                self._disk.remove(fresh)
                raise


def _columns(generation: int) -> bytes:
    return b"%*d\n" % (COLUMNS, generation)


def _number(content: bytes) -> int | None:
    """A decimal number with white space around it; L{None} for anything else."""
    text = content.strip(b" \t\r\n\0")
    return int(text) if text.isdigit() and len(text) <= COLUMNS else None


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


@contextmanager
def _explained(
    path: str, what: str, passing: type[OSError] | tuple[type[OSError], ...] = ()
) -> Iterator[None]:
    """Turn what the system says into a sentence with the path and a way to repair it."""
    try:
        yield
    except passing:
        raise
    except OSError as error:
        repair = _REPAIRS.get(error.errno or 0)
        hint = f"; {repair}" if repair else ""
        raise StateError(f"{path} {what}: {error.strerror or error}{hint}") from error
