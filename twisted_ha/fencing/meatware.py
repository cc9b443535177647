"""
The device C{meatware}: asks a person, and believes what they say.

@see: resource-management.md section 3.12.  The original's C{meatclient} ends its line with a NUL byte
    and sends 256 bytes, whatever follows; C{echo} ends it with a newline.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import FencingError
from twisted_ha.events import Notice, OperatorNeeded, Warned
from twisted_ha.fencing.parameters import hostsIn
from twisted_ha.interfaces import IFencer
from twisted_ha.terms import NodeName

__all__ = ["POLL", "WAIT", "MeatwareFencer"]

WAIT = 600.0
"""Seconds a person has for one attempt; the next one follows."""

POLL = 0.25
"""Seconds between two looks into the FIFO, which happen only while a person is needed."""

_ENDS = re.compile(rb"[\n\r\0]")
_ROOM = 65536


@implementer(IFencer)
class MeatwareFencer:
    """Waits at a FIFO until somebody writes C{meatware reply NODE}."""

    device = "meatware"

    def __init__(
        self, *, hosts: Sequence[str], directories: Sequence[str], clock: IReactorTime, bus: EventBus
    ) -> None:
        """
        @param hosts: the words of C{ha.cf}: the nodes a person can reset; none of them means any node.
        @param directories: where the FIFO is made; one in the first is needed, and is what people are
            told of.
        """
        self._hosts = hostsIn(" ".join(hosts).removeprefix("hostlist="))
        self._directories = tuple(directories)
        self._clock = clock
        self._bus = bus

    def fence(self, node: NodeName) -> Deferred[str]:
        """Ask for a reset of C{node}, and wait; see L{IFencer.fence}."""
        done: Deferred[str] = Deferred(lambda given: wait.cancelled())
        wait = _Wait(node, done, self._clock, self._bus)
        try:
            if self._hosts and node not in self._hosts:
                listed = ", ".join(sorted(self._hosts))
                raise FencingError(f"Device meatware cannot reset host {node}: it lists {listed}")
            wait.open(self._directories)
        except FencingError as error:
            done.errback(error)
        return done


class _Wait:
    """One attempt."""

    def __init__(self, node: NodeName, done: Deferred[str], clock: IReactorTime, bus: EventBus) -> None:
        self._node = node
        self._done = done
        self._clock = clock
        self._bus = bus
        self._expected = f"meatware reply {node}".encode("utf-8", "surrogateescape")
        self._began = clock.seconds()
        self._doors: list[_Door] = []
        self._next: IDelayedCall | None = None

    def open(self, directories: Sequence[str]) -> None:
        name = f"meatware.{self._node}"
        if "/" in name or "\0" in name:
            raise FencingError(f"the name of {self._node} cannot be part of a file's name")
        path = os.path.join(directories[0], name)
        try:
            self._doors.append(_Door(path))
        except OSError as error:
            raise FencingError(
                f"cannot make the FIFO {path} for the operator's answer: {error.strerror}"
            ) from error
        for directory in directories[1:]:
            with suppress(OSError):  # convenience only
                self._doors.append(_Door(os.path.join(directory, name)))
        self._bus.publish(OperatorNeeded(node=self._node, place=path, seconds=WAIT))
        self._next = self._clock.callLater(POLL, self._look)

    def cancelled(self) -> None:
        if self._doors:
            self._bus.publish(
                Notice(
                    message=f"the reset of {self._node} has been called off: no operator is needed, do"
                    " not power-cycle it"
                )
            )
        self._close()

    def _look(self) -> None:
        self._next = None
        try:
            answers = [answer for door in self._doors for answer in door.read()]
        except OSError as error:
            self._close()
            self._done.errback(FencingError(f"cannot read the operator's answer: {error.strerror}"))
            return
        waited = self._clock.seconds() - self._began
        if self._expected in (answer.strip().lower() for answer in answers):
            self._close()
            self._done.callback(f"an operator said so after {waited:.0f} s")
            return
        if answers:
            shown = answers[0][:80].decode("utf-8", "backslashreplace")
            self._bus.publish(
                Warned(
                    message=f"an answer that does not confirm the reset of {self._node} is ignored:"
                    f" {shown!r}; expected {self._expected.decode('utf-8', 'backslashreplace')!r}"
                )
            )
        if waited >= WAIT:
            self._close()
            self._done.errback(
                FencingError(f"no operator confirmed within {WAIT:.0f} s that {self._node} was reset")
            )
            return
        self._next = self._clock.callLater(min(POLL, WAIT - waited), self._look)

    def _close(self) -> None:
        following, self._next = self._next, None
        if following is not None and following.active():
            following.cancel()
        while self._doors:
            self._doors.pop().close()


class _Door:
    """
    A FIFO, open for reading.

    It is always a new one: a writer who has been waiting at an old one since another day must not be
    heard today.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        with suppress(FileNotFoundError):
            os.unlink(path)
        os.mkfifo(path, 0o600)
        flags = os.O_NONBLOCK | os.O_NOFOLLOW
        self._reader = os.open(path, os.O_RDONLY | flags)
        try:
            # Held open too, so that a writer who leaves is not the end of the file.
            self._writer = os.open(path, os.O_WRONLY | flags)
        except OSError:
            os.close(self._reader)
            raise
        self._made = os.fstat(self._reader)

    def read(self) -> list[bytes]:
        """
        What was written since the last look, as lines.

        A line never comes in two parts: what fits into a pipe's buffer is written as one.
        """
        try:
            data = os.read(self._reader, _ROOM)
        except BlockingIOError:
            return []
        return [line for line in _ENDS.split(data) if line.strip()]

    def close(self) -> None:
        """Let nobody write any more."""
        os.close(self._reader)
        os.close(self._writer)
        with suppress(OSError):
            there = os.lstat(self._path)
            if stat.S_ISFIFO(there.st_mode) and os.path.samestat(there, self._made):
                os.unlink(self._path)
