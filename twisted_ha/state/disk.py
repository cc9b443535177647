"""
File operations, one method each, so that a simulated disk can be full, read-only or lose power.

Everything raises L{OSError} as the system does; L{twisted_ha.state.files} makes sentences of it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress

__all__ = ["LONGEST", "Disk"]

LONGEST = 65536
"""Bytes of a file that are read."""


class Disk:
    """The real one."""

    def makeDirectory(self, path: str) -> None:
        """Make a directory and those above it; one that is there already is a success."""
        os.makedirs(path, mode=0o755, exist_ok=True)

    def read(self, path: str) -> bytes:
        """The first L{LONGEST} bytes of a file: no state of ours is longer."""
        with open(path, "rb") as file:
            return file.read(LONGEST)

    def write(self, path: str, content: bytes) -> None:
        """Make a file with this content, or empty it first.  It is on disk only after L{sync}."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            _writeAll(descriptor, content)
        finally:
            os.close(descriptor)

    def sync(self, path: str) -> None:
        """Return when the content of a file is on disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of the one that has it."""
        os.replace(old, new)

    def syncDirectory(self, path: str) -> None:
        """Return when the names in a directory are on disk, where the filesystem has a word for it."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)

    def remove(self, path: str) -> None:
        """Remove a file if it is there and that is possible; never raises."""
        with suppress(OSError):
            os.unlink(path)

    def lock(self, path: str) -> int | None:
        """
        Open a file, making it if need be, and lock it against every other process.

        @return: a descriptor for L{fill} and L{unlock}; L{None} if another process has it.
        """
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                        return descriptor
            except BlockingIOError:
                os.close(descriptor)
                return None
            except OSError:
                os.close(descriptor)
                raise
            os.close(descriptor)  # its owner removed it between the two steps

    def fill(self, descriptor: int, content: bytes) -> None:
        """Make this the content of a locked file."""
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        _writeAll(descriptor, content)

    def unlock(self, descriptor: int, path: str) -> None:
        """Remove a locked file and let go of it."""
        self.remove(path)
        os.close(descriptor)


def _writeAll(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
