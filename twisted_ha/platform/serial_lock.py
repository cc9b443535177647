"""
UUCP locks: how programs that share serial lines keep out of each other's way.

C{LCK..ttyS0} holds the owner's process id, right-aligned in ten columns, and a line feed
(wire-protocol.md section 8.5).  A lock whose owner is dead means nothing and is cleared.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from zope.interface import implementer

from twisted_ha.errors import MediumError
from twisted_ha.platform.interface import ISerialLock

__all__ = ["SerialLock", "isAlive", "lockName"]


def lockName(device: str) -> str:
    """The lock's file name: C{LCK..} and the letters and digits of the path after C{/dev/}."""
    return "LCK.." + "".join(
        each for each in device.removeprefix("/dev/") if each.isascii() and each.isalnum()
    )


def isAlive(pid: int) -> bool:
    """Whether there is a process of that number, as far as a signal can tell."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@implementer(ISerialLock)
class SerialLock:
    """
    The lock of one serial line.

    Others may know the line by another name: C{/dev/modem} is a symbolic link, and some programs use
    only the last part of the path.  Those locks are respected; ours has the documented name.
    """

    def __init__(
        self,
        directory: str,
        device: str,
        getpid: Callable[[], int] = os.getpid,
        alive: Callable[[int], bool] = isAlive,
    ) -> None:
        self._device = device
        self._directory = directory
        self._path = os.path.join(directory, lockName(device))
        self._getpid = getpid
        self._alive = alive
        self._held = False

    def acquire(self) -> None:
        """Take the lock, or say who has it."""
        real = os.path.realpath(self._device)
        names = dict.fromkeys(
            (self._device, real, os.path.basename(self._device), os.path.basename(real))
        )
        for path in dict.fromkeys(os.path.join(self._directory, lockName(name)) for name in names):
            self._clearOrRefuse(path)
        try:
            self._write()
        except FileExistsError:
            self._clearOrRefuse(self._path)
            raise MediumError(f"{self._device}: another program took its lock just now") from None
        except FileNotFoundError:
            raise MediumError(
                f"{self._device}: the directory for locks, {self._directory}, does not exist; create it"
            ) from None
        except OSError as e:
            raise MediumError(
                f"{self._device}: its lock {self._path} cannot be written: {e.strerror};"
                " start the daemon as root"
            ) from None
        self._held = True

    def release(self) -> None:
        """Remove our lock; one that somebody else has put there since stays."""
        if not self._held:
            return
        self._held = False
        if self._owner(self._path) == self._getpid():
            self._remove(self._path)

    def _write(self) -> None:
        if self._owner(self._path) == self._getpid():
            return
        made = f"{self._path}.{self._getpid()}"
        try:
            with open(made, "x", encoding="ascii") as lock:
                lock.write(f"{self._getpid():10d}\n")
            os.link(made, self._path)
        finally:
            self._remove(made)

    def _clearOrRefuse(self, path: str) -> None:
        owner = self._owner(path)
        if owner is None or owner == self._getpid():
            return
        if owner > 0 and self._alive(owner):
            raise MediumError(
                f"{self._device} is in use: process {owner} has locked it with {path};"
                " stop that program, or remove the file if it has nothing to do with serial lines"
            )
        self._remove(path)

    def _owner(self, path: str) -> int | None:
        """The process id in a lock; 0 if there is none in it, L{None} without a lock."""
        try:
            with open(path, "rb") as lock:
                text = lock.read(32)
        except FileNotFoundError:
            return None
        except OSError as e:
            raise MediumError(f"{self._device}: its lock {path} cannot be read: {e.strerror}") from None
        try:
            return max(int(text), 0)
        except ValueError:
            return 0

    def _remove(self, path: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(path)
