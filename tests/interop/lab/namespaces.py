"""Entering namespaces: running programs there, and opening sockets there without going there."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

__all__ = ["Namespaces", "childrenOf", "processesIn"]

_T = TypeVar("_T")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _stat(pid: int) -> list[str]:
    """The fields of C{/proc/PID/stat} after the program's name: state, parent..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def childrenOf(parent: int) -> list[int]:
    """The direct children of a process."""
    children = []
    for pid in _pids():
        try:
            if int(_stat(pid)[1]) == parent:
                children.append(pid)
        except OSError:
            continue
    return children


def processesIn(pid: int) -> list[int]:
    """All processes in the PID namespace of C{pid}, without the dead ones that nobody reaped."""
    wanted = os.readlink(f"/proc/{pid}/ns/pid")
    found = []
    for candidate in _pids():
        try:
            if os.readlink(f"/proc/{candidate}/ns/pid") == wanted and _stat(candidate)[0] != "Z":
                found.append(candidate)
        except OSError:
            continue
    return found


class Namespaces:
    """
    The namespaces of one process.

    @ivar pid: that process, as this side numbers it.
    """

    def __init__(self, pid: int, *kinds: str) -> None:
        """@param kinds: which of its namespaces: letters of C{nsenter}, such as C{"-n"}."""
        self.pid = pid
        self._enter = ["nsenter", "-t", str(pid), *kinds, "--"]

    def run(
        self, argv: Sequence[str], *, limit: float = 30.0, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """
        Run a program to its end.

        @param limit: seconds.
        @raise subprocess.CalledProcessError: it failed, and C{check}.
        """
        done = subprocess.run(
            [*self._enter, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        if check and done.returncode != 0:
            said = (done.stdout + done.stderr).strip()
            raise AssertionError(f"{' '.join(argv)}: exit status {done.returncode}: {said}")
        return done

    def spawn(
        self,
        argv: Sequence[str],
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a program and leave it running."""
        return subprocess.Popen(
            [*self._enter, *argv],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            text=True,
        )

    def within(self, make: Callable[[], _T]) -> _T:
        """
        Call C{make} with this thread inside the network namespace.  A socket made there stays there.
        """
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        other = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        try:
            _setns(other)
            try:
                return make()
            finally:
                _setns(own)
        finally:
            os.close(own)
            os.close(other)

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket of this network namespace."""
        return self.within(lambda: socket.socket(family, kind, protocol))
