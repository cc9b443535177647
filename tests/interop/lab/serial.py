"""A null-modem cable: two pseudo terminals and a thread that carries bytes from one to the other."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty

__all__ = ["SerialCable"]


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
        self._cut = False
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._carry, name="serial", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """What is sent from now on arrives nowhere."""
        self._cut = True

    def mend(self) -> None:
        """It arrives again."""
        self._cut = False

    def close(self) -> None:
        """Take the cable away."""
        os.close(self._woken)
        self._thread.join()
        for descriptor in (self._wake, *self._masters, *self._slaves):
            os.close(descriptor)

    def _carry(self) -> None:
        first, second = self._masters
        across = {first: second, second: first}
        while True:
            readable, _, _ = select.select([self._wake, *across], [], [])
            if self._wake in readable:
                return
            for end in readable:
                data = b""
                with contextlib.suppress(OSError):
                    data = os.read(end, 4096)
                if data and not self._cut:
                    with contextlib.suppress(OSError):
                        os.write(across[end], data)  # a full line loses bytes, as a real one does
