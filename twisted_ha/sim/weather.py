"""What a path does to the frames that travel it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from twisted_ha.errors import WireError
from twisted_ha.wire.codec import claim

__all__ = ["CLEAR", "Path", "Weather", "damaged", "unharmed"]


RARE = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """
    How bad a path is.  Shares are between 0 and 1, times are seconds.

    @ivar loss: the share of frames that vanish.
    @ivar burst: how many frames in a row vanish, on average, once one does.
    @ivar duplicate: the share that arrives twice.
    @ivar reorder: the share that is held back, by up to C{jitter}.
    @ivar jitter: the longest time a frame is held back or doubled after.
    @ivar delay: added to the way of every frame.
    @ivar corrupt: the share that arrives damaged.
    """

    loss: float = 0.0
    burst: float = 1.0
    duplicate: float = 0.0
    reorder: float = 0.0
    jitter: float = 0.3
    delay: float = 0.0
    corrupt: float = 0.0

    def fair(self, beats: int) -> bool:
        """
        Whether a node is certainly heard in time on this path.

        @param beats: how many statuses fit into a deadtime; that all of them are lost must not happen
            in days.
        """
        lost = 1 - (1 - self.loss) * (1 - self.corrupt)
        return lost**beats <= RARE and self.burst <= 2.0 and self.delay <= 0.2


CLEAR = Weather()


class Path:
    """
    One direction between two nodes on one segment.

    @ivar cut: nothing passes.
    """

    __slots__ = ("_losing", "cut", "weather")

    def __init__(self) -> None:
        self.cut = False
        self.weather = CLEAR
        self._losing = False

    def carry(self, frame: bytes, latency: float, random: Random) -> list[tuple[float, bytes]]:
        """
        What becomes of a frame: for each copy that arrives, after how many seconds, and its bytes.

        @param latency: what the way takes in fair weather.
        """
        if self.cut:
            return []
        weather = self.weather
        if weather is CLEAR:
            return [(latency, frame)]
        if self._lost(weather, random):
            return []
        latency += weather.delay
        if weather.reorder and random.random() < weather.reorder:
            latency += random.uniform(0, weather.jitter)
        if weather.corrupt and random.random() < weather.corrupt:
            frame = damaged(frame, random)
        arrivals = [(latency, frame)]
        if weather.duplicate and random.random() < weather.duplicate:
            arrivals.append((latency + random.uniform(0, weather.jitter), frame))
        return arrivals

    def _lost(self, weather: Weather, random: Random) -> bool:
        """A two-state chain: its long-run share is C{loss}, its mean run C{burst}."""
        if not weather.loss:
            return False
        if weather.loss >= 1:
            return True
        if self._losing:
            self._losing = random.random() >= 1 / max(1.0, weather.burst)
            if self._losing:
                return True
        begins = min(1.0, weather.loss / ((1 - weather.loss) * max(1.0, weather.burst)))
        if weather.burst <= 1:
            begins = weather.loss
        if random.random() < begins:
            self._losing = True
            return True
        return False


def damaged(frame: bytes, random: Random) -> bytes:
    """The frame as a bad cable delivers it: bytes changed, cut short, or with a tail of another."""
    if not frame:
        return frame
    kind = random.randrange(4)
    if kind == 0:
        return frame[: random.randrange(len(frame))]
    if kind == 1:
        return frame + frame[random.randrange(len(frame)) :]
    made = bytearray(frame)
    for _ in range(random.randint(1, 4)):
        made[random.randrange(len(made))] = random.randrange(256)
    return bytes(made)


def unharmed(frame: bytes, damage: bytes) -> bool:
    """
    Whether C{damage} is still the message that C{frame} is, to whoever reads it: only bytes that belong
    to no message are others, such as the one that ends a datagram.
    """
    try:
        return claim(damage) == claim(frame)
    except WireError:
        return False
