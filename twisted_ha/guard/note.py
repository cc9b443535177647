"""What a guardian or a daemon leaves behind for the next daemon."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from types import MappingProxyType

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from twisted_ha.errors import StateError
from twisted_ha.frozen import dataclass
from twisted_ha.guard import child as words
from twisted_ha.operations import GuardedGroup, Invocation

__all__ = ["Note", "Recovery", "forget", "readNote", "recover"]

_STEP = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """
    What the last guardian or daemon wrote.

    @ivar state: C{held}, C{releasing} or C{released}.
    @ivar pid: the guardian that wrote it or was fed then; 0 if there was none.
    @ivar boot: which life of the machine it is from; empty where the kernel does not say.
    @ivar clock: when, on the guardian's clock, in seconds.
    @ivar wall: the same as people count.
    @ivar silentFor: how long the daemon had been silent, in seconds.
    @ivar standing: the groups it does not call released.
    @ivar released: the keys of those it does.
    """

    state: str
    pid: int = 0
    boot: str = ""
    clock: float = 0.0
    wall: float = 0.0
    silentFor: float = 0.0
    standing: tuple[GuardedGroup, ...] = ()
    released: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """
    What an earlier daemon of this life of the machine left behind.

    @ivar standing: groups that may still run here, with what stops them.
    @ivar released: the keys of those that the guardian stopped.
    @ivar silentFor: how long that daemon had been silent, in seconds.
    """

    standing: tuple[GuardedGroup, ...] = ()
    released: tuple[str, ...] = ()
    silentFor: float = 0.0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the groups that may still run here."""
        return tuple(group.key for group in self.standing)


def readNote(directory: str) -> Note | None:
    """
    The note in C{directory}, or L{None}.

    @raise StateError: there is one, and it cannot be read.
    """
    path = os.path.join(directory, words.NOTE)
    try:
        with open(path, encoding="ascii") as file:
            lines = [[words.unquote(word) for word in line.split()] for line in file]
        said = {line[0]: line[1] for line in lines[1:7]}
        listing = words.Listing()
        for line in lines[7:]:
            listing.read(line)
        if lines[0] != ["guardian-note", "1"]:
            raise ValueError(lines[0])
        return Note(
            state=said["state"],
            pid=int(said["pid"]),
            boot=said["boot"],
            clock=float(said["clock"]),
            wall=float(said["wall"]),
            silentFor=float(said["silent"]),
            standing=tuple(_frozen(group) for group in listing.groups if group.state != "released"),
            released=tuple(group.key for group in listing.groups if group.state == "released"),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, IndexError, KeyError) as error:
        raise StateError(
            f"{path} is not a guardian's note; see what runs on this node, then remove the file"
        ) from error


def forget(directory: str) -> None:
    """
    Remove the note: what it tells of has been dealt with.

    @raise OSError: it cannot be removed.
    """
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(directory, words.NOTE))


def recover(
    directory: str, clock: IReactorTime, limit: float, boot: Callable[[], str] = words.bootIdentity
) -> Deferred[Recovery]:
    """
    Wait for a release that is still under way, then say what may still stand.  To be called before the
    resources are looked at, and before a new L{Guardian<twisted_ha.guard.parent.Guardian>} is started;
    L{forget} follows when they are dealt with.

    @param limit: how long to wait for the other process, in seconds.
    @return: fails with L{StateError} when there is a note and it cannot be read.
    """
    end = clock.seconds() + limit

    async def wait() -> Recovery:
        while _atWork(directory) and clock.seconds() < end:
            await deferLater(clock, _STEP)
        note = readNote(directory)
        if note is None or (note.boot and note.boot != boot()):
            return Recovery()
        return Recovery(standing=note.standing, released=note.released, silentFor=note.silentFor)

    return Deferred.fromCoroutine(wait())


def _atWork(directory: str) -> bool:
    """Whether a guardian process lives: it has a lock for that long."""
    try:
        lock = os.open(os.path.join(directory, words.LOCK), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(lock)
    return False


def _frozen(group: words.Group) -> GuardedGroup:
    return GuardedGroup(
        key=group.key,
        stops=tuple(
            Invocation(
                argv=tuple(stop.argv),
                environment=MappingProxyType(stop.environment),
                deadline=stop.deadline,
                argv0=None if stop.name == stop.argv[0] else stop.name,
            )
            for stop in group.stops
        ),
    )
