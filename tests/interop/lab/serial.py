"""
A null-modem cable: two pseudo terminals and a man in the middle who carries bytes from one to the other.

He can be told to do what bad cables do: carry nothing, or one way only; lose or change bytes; be slow;
babble.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import threading
import time
import tty
from collections.abc import Callable

__all__ = ["SerialCable", "corrupting", "losing"]

_PIECE = 4096
_TURN = 0.02

Treatment = Callable[[bytes], bytes]
"""What becomes of some bytes on their way."""


def losing(share: float, seed: int = 1) -> Treatment:
    """Lose that share of all bytes."""
    chance = random.Random(seed)
    return lambda data: bytes(byte for byte in data if chance.random() >= share)


def corrupting(share: float, seed: int = 1) -> Treatment:
    """Change that share of all bytes."""
    chance = random.Random(seed)
    return lambda data: bytes(
        chance.randrange(256) if chance.random() < share else byte for byte in data
    )


class SerialCable:
    """
    Both ends stay open here, so that a program which comes and goes never hangs the line up.

    @ivar ends: the two devices, C{/dev/pts/...}.
    """

    def __init__(self) -> None:
        self._masters: list[int] = []
        self._slaves: list[int] = []
        for _ in range(2):
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._masters.append(master)
            self._slaves.append(slave)
        self.ends = (os.ttyname(self._slaves[0]), os.ttyname(self._slaves[1]))
        self.mend()
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._carry, name="serial", daemon=True)
        self._thread.start()

    def cut(self, end: int | None = None) -> None:
        """What is sent from now on, by both ends or by one, arrives nowhere."""
        self._cut = {0, 1} if end is None else {end}

    def treat(self, treatment: Treatment) -> None:
        """Do that to all bytes, of both directions."""
        self._treatment = treatment

    def slow(self, bytesPerSecond: int) -> None:
        """Carry no more than that each way; what does not fit is kept waiting."""
        self._most = max(1, round(bytesPerSecond * _TURN))

    def mend(self) -> None:
        """Carry everything, as it is, at once."""
        self._cut: set[int] = set()
        self._treatment: Treatment = bytes
        self._most = 0

    def babble(self, end: int, data: bytes, limit: float = 60.0) -> None:
        """
        Let C{end} hear C{data}, between whatever the other end sends.

        @param limit: seconds it may take; the reader sets the pace.
        @raise TimeoutError: it does not read.
        """
        deadline = time.monotonic() + limit
        while data:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(data)} bytes are not read by {self.ends[end]}")
            select.select([], [self._masters[end]], [], 0.1)
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self._masters[end], data[:_PIECE]) :]

    def close(self) -> None:
        """Take the cable away."""
        os.close(self._woken)
        self._thread.join()
        for descriptor in (self._wake, *self._masters, *self._slaves):
            os.close(descriptor)

    def _carry(self) -> None:
        while True:
            readable, _, _ = select.select([self._wake, *self._masters], [], [])
            if self._wake in readable:
                return
            for end, master in enumerate(self._masters):
                if master in readable:
                    self._pass(end)
            if self._most:
                time.sleep(_TURN)

    def _pass(self, end: int) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = os.read(self._masters[end], self._most or _PIECE)
        if data and end not in self._cut:
            with contextlib.suppress(OSError):
                # A full line loses bytes, as a real one does.
                os.write(self._masters[1 - end], self._treatment(data))
