"""A file that lines are appended to, whatever happens to it meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os

__all__ = ["AppendedFile"]

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK


class AppendedFile:
    """
    A log file that survives rotation: when its path names another file, or none, it is opened anew.

    Every call may raise L{OSError}, and the next call tries again from the beginning.  A path that is
    a named pipe never blocks us: without a reader it cannot be opened, a full one refuses.
    """

    def __init__(self, path: str, mode: int = 0o644) -> None:
        self.path = path
        self._mode = mode
        self._descriptor: int | None = None
        self._torn = False

    def append(self, data: bytes) -> None:
        """Write C{data} at the end, in one call."""
        descriptor = self._current()
        if self._torn:
            data = b"\n" + data
        try:
            written = os.write(descriptor, data)
        except OSError:
            self.close()
            raise
        self._torn = written < len(data)
        if self._torn:
            self.close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Close it; the next L{append} opens it again.  Never raises."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            # A full network disk says so at the latest possible moment.
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _current(self) -> int:
        if self._descriptor is not None and not self._isStill(self._descriptor):
            self.close()
        if self._descriptor is None:
            self._descriptor = self._open()
        return self._descriptor

    def _isStill(self, descriptor: int) -> bool:
        try:
            there = os.stat(self.path)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))

    def _open(self) -> int:
        try:
            return os.open(self.path, _FLAGS)
        except FileNotFoundError:
            descriptor = os.open(self.path, _FLAGS | os.O_CREAT, self._mode)
        # A daemon's umask would hide the log from everybody but root.
        os.fchmod(descriptor, self._mode)
        return descriptor
