"""
C{meatclient}: a person confirms that a node was switched off and on.

The arguments, the question and the exit status are the original's (resource-management.md section 3.12).
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

__all__ = ["main", "run"]

CANCELLED, FAILED, USAGE = 3, 4, 1

DIRECTORIES = ("/var/run/heartbeat", "/var/run")
"""Ours, and the original's: it confirms for a heartbeat daemon too."""

BETWEEN_ATTEMPTS = 10.0
"""Seconds; a daemon that has waited in vain asks again a few seconds later."""

_USAGE = """\
usage: meatclient -c NODE [-w] [--run-dir DIRECTORY]

  -c NODE              the node that was switched off and on
  -w                   wait until the daemon asks
  --run-dir DIRECTORY  the daemon's, if it is not the usual one

exit status: 0 confirmed, 3 not confirmed, 4 nobody waits for it, 1 wrong arguments
"""

_WARNING = """
WARNING!

If node "{node}" still runs, or still reaches the shared disks, confirming this destroys data: its
resources are started here at once. Switch it off (or off and on again) first, and see that it is the
right machine.

PROCEED? [yN] """


class _Nobody(Exception):
    """Nobody waits at a FIFO; the text says why."""


class _WrongArguments(Exception):
    """The text says which."""


def main() -> None:
    """The console command."""
    try:
        sys.exit(run(sys.argv, sys.stdin, sys.stdout, sys.stderr))
    except KeyboardInterrupt:
        sys.stderr.write("\nnot confirmed\n")
        sys.exit(CANCELLED)


def run(
    argv: Sequence[str],
    given: TextIO,
    out: TextIO,
    err: TextIO,
    sleep: Callable[[float], object] = time.sleep,
) -> int:
    """
    Ask, and tell the daemon.

    @param argv: with the program's name.
    @param given: where the answer is read.
    @param sleep: waits for so many seconds.
    @return: the exit status.
    """
    if "--help" in argv[1:] or "-h" in argv[1:]:
        out.write(_USAGE)
        return 0
    try:
        node, wait, directories = _arguments(argv[1:])
    except _WrongArguments as wrong:
        err.write(f"meatclient: {wrong}\n{_USAGE}")
        return USAGE
    paths = [os.path.join(directory, f"meatware.{node}") for directory in directories]
    try:
        os.close(_await(paths, out, sleep, None if wait else 0.0))
        out.write(_WARNING.format(node=node))
        out.flush()
        if given.readline().strip().lower() not in ("y", "yes"):
            out.write("not confirmed\n")
            return CANCELLED
        # Asked anew after the answer: a person may think longer than the daemon waits.
        fifo = _await(paths, out, sleep, None if wait else BETWEEN_ATTEMPTS)
        try:
            os.write(fifo, f"meatware reply {node}\n".encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise _Nobody(f"{paths[0]}: {error.strerror}") from error
        finally:
            os.close(fifo)
    except _Nobody as nobody:
        err.write(f"meatclient: nobody waits for the reset of {node}: {nobody}\n")
        return FAILED
    out.write(f"reset of {node} confirmed\n")
    return 0


def _arguments(words: Sequence[str]) -> tuple[str, bool, tuple[str, ...]]:
    node, wait = "", False
    directories: tuple[str, ...] = DIRECTORIES
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "-w":
            wait = True
        elif word in ("-c", "--run-dir"):
            if not left:
                raise _WrongArguments(f"{word} needs a value")
            value = left.pop(0)
            if word == "-c":
                node = value.lower()  # as nodes are called everywhere here
            else:
                directories = (value,)
        else:
            raise _WrongArguments(f"{word!r} is not understood")
    if not node or "/" in node:
        raise _WrongArguments("which node? write -c NODE")
    return node, wait, directories


def _await(
    paths: Sequence[str], out: TextIO, sleep: Callable[[float], object], patience: float | None
) -> int:
    """Open the first FIFO at which somebody waits; L{None} seconds of patience have no end."""
    waited = 0.0
    while True:
        reasons = []
        for path in paths:
            try:
                return _open(path)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EPERM):
                    raise _Nobody(f"{path}: {error.strerror}; only root may confirm") from error
                reasons.append(f"{path}: {_REASONS.get(error.errno or 0, error.strerror)}")
        if patience is not None and waited >= patience:
            raise _Nobody("; ".join(reasons))
        if patience is None:
            out.write(".")
            out.flush()
        sleep(1.0)
        waited += 1.0


_REASONS = {
    errno.ENOENT: "not there",
    errno.ENXIO: "left by a daemon that does not run any more",
    errno.ELOOP: "a symbolic link",
}


def _open(path: str) -> int:
    """A descriptor for writing, only if it is a FIFO that is being read."""
    fifo = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    if stat.S_ISFIFO(os.fstat(fifo).st_mode):
        return fifo
    os.close(fifo)
    raise OSError(errno.EINVAL, "not a FIFO")
