"""When the neighbours are told that an address has moved: a burst, then heartbeat's slow repetition."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.frozen import dataclass

__all__ = ["Burst", "Rhythm", "readRhythm"]

_EARLY = (0.0, 0.1, 0.3)
_SETTING = re.compile(
    r"^\s*(?:export\s+)?(ARP_INTERVAL_MS|ARP_REPEAT)=[\"']?(\d{1,6})[\"']?\s*(?:#.*)?$"
)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """
    Heartbeat's repetition: C{send_arp -i 500 -r 10}.

    @ivar interval: between two announcements, in seconds.
    @ivar repeat: how many.
    """

    interval: float = 0.5
    repeat: int = 10

    @property
    def times(self) -> tuple[float, ...]:
        """
        When to announce, in seconds from the start: three times at once for the switch that has lost
        the first, then as heartbeat does.
        """
        slow = tuple(self.interval * count for count in range(1, self.repeat + 1))
        return tuple(sorted({*_EARLY, *slow}))


def readRhythm(directory: str, interface: str) -> Rhythm:
    """
    The administrator's C{conf/arp_config} and C{conf/arp_config:<interface>}: shell assignments of
    C{ARP_INTERVAL_MS} and C{ARP_REPEAT}.  What else they may contain means nothing here.

    @param directory: the configuration directory.
    @see: resource-management.md section 8.1.
    """
    found: dict[str, int] = {}
    for name in ("arp_config", f"arp_config:{interface}"):
        try:
            with open(os.path.join(directory, "conf", name), encoding="utf-8", errors="replace") as file:
                lines = file.read(64 * 1024).splitlines()
        except OSError:
            continue
        for line in lines:
            setting = _SETTING.match(line)
            if setting:
                found[setting[1]] = int(setting[2])
    usual = Rhythm()
    return Rhythm(
        interval=max(found.get("ARP_INTERVAL_MS", 500) / 1000, 0.01),
        repeat=min(found.get("ARP_REPEAT", usual.repeat), 1000),
    )


class Burst:
    """One series of announcements on the clock.  The first is made before the constructor returns."""

    def __init__(self, clock: IReactorTime, rhythm: Rhythm, announce: Callable[[], None]) -> None:
        self._clock = clock
        self._announce = announce
        self._began = clock.seconds()
        self._left = list(reversed(rhythm.times))
        self._next: IDelayedCall | None = None
        self._step()

    def cancel(self) -> None:
        """Say nothing more."""
        self._left.clear()
        if self._next is not None and self._next.active():
            self._next.cancel()

    def _step(self) -> None:
        self._left.pop()
        # Scheduled first, so that cancel() works from within an announcement too.
        if self._left:
            pause = self._began + self._left[-1] - self._clock.seconds()
            self._next = self._clock.callLater(max(pause, 0.0), self._step)
        self._announce()
