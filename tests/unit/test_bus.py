"""Tests for L{twisted_ha.bus}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.bus import EventBus
from twisted_ha.events import Event, Notice


def message(event: Event) -> str:
    """What a notice says."""
    assert isinstance(event, Notice)
    return event.message


class EventBusTests(SynchronousTestCase):
    """One order for everybody."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.bus = EventBus(self.clock)
        self.heard: list[tuple[str, str, float]] = []

    def listen(self, name: str) -> None:
        """Hear under a name."""
        self.bus.subscribe(lambda event, when: self.heard.append((name, message(event), when)))

    def test_everybody(self) -> None:
        """Every observer is told every event, in the order in which they subscribed."""
        self.listen("a")
        self.listen("b")
        self.bus.publish(Notice(message="x"))
        self.assertEqual(self.heard, [("a", "x", 0.0), ("b", "x", 0.0)])

    def test_nested(self) -> None:
        """An event published while another is told waits until everybody has heard that one."""

        def answer(event: Event, when: float) -> None:
            if message(event) == "x":
                self.bus.publish(Notice(message="y"))
                self.heard.append(("answer", "done", when))

        self.bus.subscribe(answer)
        self.listen("a")
        self.bus.publish(Notice(message="x"))
        self.assertEqual([one[:2] for one in self.heard], [("answer", "done"), ("a", "x"), ("a", "y")])

    def test_time(self) -> None:
        """The time told is that of publishing."""
        self.listen("a")
        self.clock.advance(3)
        self.bus.publish(Notice(message="x"))
        self.assertEqual(self.heard, [("a", "x", 3.0)])

    def test_unsubscribe(self) -> None:
        """Whoever unsubscribes hears nothing more; doing it twice does no harm."""
        stop = self.bus.subscribe(lambda event, when: self.heard.append(("a", message(event), when)))
        self.bus.publish(Notice(message="x"))
        stop()
        stop()
        self.bus.publish(Notice(message="y"))
        self.assertEqual(len(self.heard), 1)

    def test_unsubscribeWhileTold(self) -> None:
        """Unsubscribing while being told takes nothing from the others."""
        stops = []

        def once(event: Event, when: float) -> None:
            self.heard.append(("once", message(event), when))
            stops[0]()

        stops.append(self.bus.subscribe(once))
        self.listen("a")
        self.bus.publish(Notice(message="x"))
        self.bus.publish(Notice(message="y"))
        self.assertEqual([one[:2] for one in self.heard], [("once", "x"), ("a", "x"), ("a", "y")])

    def test_broken(self) -> None:
        """An observer with a bug is logged and stays; the others hear everything."""

        def broken(event: Event, when: float) -> None:
            raise RuntimeError("a bug")

        self.bus.subscribe(broken)
        self.listen("a")
        self.bus.publish(Notice(message="x"))
        self.bus.publish(Notice(message="y"))
        self.assertEqual([one[1] for one in self.heard], ["x", "y"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)
