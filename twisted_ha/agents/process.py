"""
A child process that leads a process group of its own.

Twisted's C{spawnProcess} leaves a child in the daemon's process group, so a script that has to be ended
would leave its children behind, and a signal meant for the daemon would reach every script.  The group
cannot be made afterwards: a parent may not call C{setpgid} once the child has called C{exec}.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.interfaces import IProcessProtocol, IProcessTransport
from twisted.internet.process import Process

if TYPE_CHECKING:
    from twisted_ha.operations import Invocation

__all__ = ["GroupProcess", "Spawn", "groupSpawner"]

Spawn = Callable[[IProcessProtocol, "Invocation"], IProcessTransport]
"""Starts a program for a protocol, in a process group whose number is the transport's C{pid}."""

_UMASK = 0o022
_DRAIN = 1 << 20


class GroupProcess(Process):
    """
    Twisted's process, started with C{posix_spawn} into its own group, in C{/}, with umask 022, with
    default signals and without real-time priority (resource-management.md section 2.1).

    When C{processExited} is called, everything the program had written has been delivered: SIGCHLD may
    overtake the last words in the pipe.
    """

    def _fork(
        self,
        path: object,
        uid: object,
        gid: object,
        executable: str,
        args: Sequence[str],
        environment: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        """The one step of Twisted's that differs: fork, prepare, exec."""
        fdmap: Mapping[int, int] = kwargs["fdmap"]
        # A low number might be overwritten by an earlier dup2 of the list below.
        moved = {
            parent: fcntl.fcntl(parent, fcntl.F_DUPFD_CLOEXEC, 3)
            for parent in fdmap.values()
            if parent < 3
        }
        actions: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        for child, parent in fdmap.items():
            actions.append((os.POSIX_SPAWN_DUP2, moved.get(parent, parent), child))
        try:
            with _Surroundings():
                try:
                    self.pid = _spawn(executable, args, environment, actions)
                except OSError as error:
                    if error.errno != errno.ENOEXEC:
                        raise
                    # A script without "#!" line works from a shell, so it works here.
                    shell = ["/bin/sh", executable, *args[1:]]
                    self.pid = _spawn("/bin/sh", shell, environment, actions)
        finally:
            for descriptor in moved.values():
                os.close(descriptor)
        self.status = -1

    def processEnded(self, status: int) -> None:
        """Deliver what is still in the pipes, then report the end."""
        for reader in tuple(self.pipes.values()):
            left = _DRAIN  # a child that writes for ever must not keep us here
            while left > 0:
                try:
                    data = os.read(reader.fileno(), 65536)
                except OSError:
                    break
                if not data:
                    break
                left -= len(data)
                reader.dataReceived(data)
        super().processEnded(status)


class _Surroundings:
    """
    Root directory and umask for the child, for the moment of spawning; C{posix_spawn} knows neither.

    A child that stayed in the daemon's directory would keep the file system busy that it should unmount;
    twistd's umask of 077 would make a service's files unreadable.
    """

    def __enter__(self) -> None:
        self._umask = os.umask(_UMASK)
        try:
            self._here: int | None = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            self._here = None
        os.chdir("/")

    def __exit__(self, *exception: object) -> None:
        os.umask(self._umask)
        if self._here is not None:
            os.fchdir(self._here)
            os.close(self._here)


def _spawn(
    executable: str, args: Sequence[str], environment: Mapping[str, str], actions: list[tuple[Any, ...]]
) -> int:
    attributes: dict[str, Any] = {}
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        attributes["scheduler"] = (os.SCHED_OTHER, os.sched_param(0))
    return os.posix_spawn(
        executable,
        list(args),
        dict(environment),
        file_actions=actions,
        setpgroup=0,
        setsigmask=(),
        setsigdef=_ignoredSignals(),
        **attributes,
    )


def _ignoredSignals() -> list[int]:
    ignored = []
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN:
            ignored.append(int(number))
    return ignored


def groupSpawner(reactor: object) -> Spawn:
    """
    Spawn with C{reactor}'s event loop: standard input empty, output and errors read.

    Descriptors this process has inherited without close-on-exec are marked here, once: a lock or a pipe
    of whoever started the daemon is no script's business.  (What Python opens is marked already.)
    """
    for name in os.listdir("/dev/fd"):
        number = int(name)
        if number > 2:
            try:
                os.set_inheritable(number, False)
            except OSError:  # the descriptor of the listing itself
                continue

    def spawn(protocol: IProcessProtocol, invocation: Invocation) -> IProcessTransport:
        arguments = [invocation.argv0 or invocation.argv[0], *invocation.argv[1:]]
        make = cast(Callable[..., IProcessTransport], GroupProcess)
        return make(
            reactor,
            invocation.argv[0],
            arguments,
            invocation.environment,
            None,
            protocol,
            childFDs={1: "r", 2: "r"},
        )

    return spawn
