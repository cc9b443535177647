"""L{twisted_ha.sim.weather}."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.sim.weather import CLEAR, Path, Weather, damaged, unharmed
from twisted_ha.wire.message import Message
from twisted_ha.wire.signed import Encoding

FRAME = bytes(range(200))


class PathTests(SynchronousTestCase):
    """L{Path}."""

    def setUp(self) -> None:
        self.path = Path()
        self.random = Random(7)

    def arrivals(self, count: int = 4000) -> list[list[tuple[float, bytes]]]:
        return [self.path.carry(FRAME, 0.001, self.random) for _ in range(count)]

    def test_clear(self) -> None:
        """In clear weather everything arrives once, whole and in time."""
        self.assertEqual(self.arrivals(3), [[(0.001, FRAME)]] * 3)

    def test_cut(self) -> None:
        """Nothing passes a cut cable."""
        self.path.cut = True
        self.assertEqual(self.arrivals(3), [[], [], []])

    def test_loss(self) -> None:
        """The share that is lost is the one asked for."""
        self.path.weather = Weather(loss=0.3)
        lost = sum(not arrived for arrived in self.arrivals()) / 4000
        self.assertApproximates(lost, 0.3, 0.03)

    def test_burst(self) -> None:
        """Losses come in runs of the length asked for, and their share stays."""
        self.path.weather = Weather(loss=0.3, burst=6)
        lost = [not arrived for arrived in self.arrivals(20000)]
        runs = sum(now and not before for before, now in zip([False, *lost], lost, strict=False))
        self.assertApproximates(sum(lost) / len(lost), 0.3, 0.04)
        self.assertApproximates(sum(lost) / runs, 6, 0.8)

    def test_total(self) -> None:
        """A loss of everything loses everything."""
        self.path.weather = Weather(loss=1.0)
        self.assertFalse(any(self.arrivals(100)))

    def test_duplicate(self) -> None:
        """The share that is doubled arrives twice, the copy not before the frame."""
        self.path.weather = Weather(duplicate=0.5)
        arrived = self.arrivals()
        doubled = [one for one in arrived if len(one) == 2]
        self.assertApproximates(len(doubled) / 4000, 0.5, 0.04)
        self.assertTrue(all(first[0] <= second[0] for first, second in doubled))

    def test_reorder(self) -> None:
        """Some frames are held back, by no more than the jitter."""
        self.path.weather = Weather(reorder=0.5, jitter=0.2)
        times = [one[0][0] for one in self.arrivals()]
        self.assertTrue(any(time > 0.1 for time in times))
        self.assertTrue(all(0.001 <= time <= 0.201 for time in times))

    def test_delay(self) -> None:
        """A slow cable is slow for every frame."""
        self.path.weather = Weather(delay=0.9)
        self.assertEqual(self.arrivals(1), [[(0.901, FRAME)]])

    def test_corrupt(self) -> None:
        """Damaged frames arrive, and differ."""
        self.path.weather = Weather(corrupt=1.0)
        self.assertTrue(all(one[0][1] != FRAME for one in self.arrivals(50)))

    def test_damagedEmpty(self) -> None:
        """Nothing can be damaged about nothing."""
        self.assertEqual(damaged(b"", self.random), b"")

    def test_fair(self) -> None:
        """Only weather in which a node is certainly heard in time is fair."""
        self.assertTrue(CLEAR.fair(3))
        self.assertTrue(Weather(duplicate=1.0, reorder=1.0).fair(3))
        for bad in (
            Weather(loss=0.7),
            Weather(loss=0.1, burst=9),
            Weather(corrupt=0.5),
            Weather(delay=1),
        ):
            self.assertFalse(bad.fair(10))

    def test_fairForTheDeadtime(self) -> None:
        """What is fair when ten statuses fit into a deadtime is not when three do."""
        rain = Weather(loss=0.2)
        self.assertEqual([rain.fair(3), rain.fair(10)], [False, True])

    def test_unharmed(self) -> None:
        """What stands behind a message belongs to none; every other byte does."""
        sign = KeyRing(Keys(keys={1: Key("sha1", b"key")}, signing=1)).sign
        message = Message.of("status", st="active", src="alpha")
        for encoding in Encoding:
            frame = sign(message, encoding)
            end = len(frame) - (encoding is Encoding.CLASSIC)
            self.assertTrue(unharmed(frame, frame[:end] + b"another"), encoding)
            for place in range(end):
                self.assertFalse(unharmed(frame, frame[:place]), place)
                changed = frame[:place] + bytes([frame[place] ^ 1]) + frame[place + 1 :]
                self.assertFalse(unharmed(frame, changed), place)
