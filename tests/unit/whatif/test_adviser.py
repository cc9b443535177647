"""L{twisted_ha.whatif.adviser}, its page, and L{twisted_ha.whatif.weather_seen}."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.whatif.clusters import benched
from twisted_ha.whatif import adviser, asjson
from twisted_ha.whatif.advice_page import advicePage
from twisted_ha.whatif.adviser import Advice, advise
from twisted_ha.whatif.bench import Bench
from twisted_ha.whatif.measure import Conditions
from twisted_ha.whatif.weather_seen import observed

STALLS = Conditions(stall=3.0)


class AdviseTests(SynchronousTestCase):
    """L{advise}."""

    def setUp(self) -> None:
        self.patch(adviser, "KEEPALIVES", (0.25, 1.0))

    def advised(self, bench: Bench, conditions: Conditions, **more: object) -> Advice:
        return advise(bench, conditions, **{"runs": 1, "seconds": 60.0, "seed": 1, **more})  # type: ignore[arg-type]

    def test_stalls(self) -> None:
        """What is recommended outlasts the stalls, with the margin, and the shorter one did not."""
        bench = benched(links=("eth1",), deadtime=30.0, initdead=30.0)
        advice = self.advised(bench, STALLS, margin=1.5)
        best = advice.recommended
        assert best is not None
        self.assertTrue(best.deadtime - best.keepalive > STALLS.stall, best)
        self.assertTrue(best.deadtime >= 1.5 * advice.shortest, advice)
        self.assertTrue(best.weathered.quiet)
        self.assertTrue(best.failover is not None and best.failover < best.deadtime + 1)
        loud = [one for one in advice.candidates if one.role == "too short"]
        self.assertTrue(loud and not any(one.weathered.quiet for one in loud), advice.candidates)
        page = advicePage(advice, bench, ["a note"])
        for words in (
            "note: a note",
            "    deadtime ",
            "recommended",
            "with your timers 29",
            "second link",
        ):
            self.assertIn(words, page)
        self.assertEqual(asjson.advice(advice)["recommended"]["deadtime"], best.deadtime)

    def test_climbs(self) -> None:
        """When the first guess is too short, longer ones are tried until one is quiet."""
        self.patch(adviser, "KEEPALIVES", (1.0,))
        bench = benched(links=("eth1",))
        advice = self.advised(bench, Conditions(loss=0.5, burst=4), seconds=100.0, hours=1.0)
        best = advice.recommended
        assert best is not None
        self.assertTrue(advice.shortest > 4 * best.keepalive, advice)
        self.assertTrue(best.deadtime >= advice.shortest * 1.5)
        rare = self.advised(bench, Conditions(loss=0.5, burst=4), seconds=100.0, hours=1e4).recommended
        assert rare is not None
        self.assertTrue(rare.deadtime > best.deadtime, (rare, best))
        (shortest,) = (
            one
            for one in advice.candidates
            if one.role == "shortest" and one.keepalive == best.keepalive
        )
        self.assertEqual((shortest.deadtime, shortest.weathered.quiet), (advice.shortest, True))

    def test_hopeless(self) -> None:
        """In weather in which no deadtime helps nothing is recommended, and that is said."""
        bench = benched(links=("eth1",))
        advice = self.advised(bench, Conditions(loss=0.99, burst=90), timeLeft=lambda: False)
        self.assertIsNone(advice.recommended)
        self.assertFalse(advice.complete)
        self.assertIn("there was no time to find out", advicePage(advice, bench, ()))
        page = advicePage(replace(advice, complete=True), bench, ())
        self.assertIn("not rare enough even with\ndeadtime 120 s", page)
        self.assertIsNone(asjson.advice(advice)["recommended"])

    def test_outOfTime(self) -> None:
        """When time is up what is known must do, and that is said."""
        left = iter([True, False])
        advice = self.advised(benched(links=("eth1",)), Conditions(), timeLeft=lambda: next(left, False))
        self.assertFalse(advice.complete)
        self.assertIsNotNone(advice.recommended)
        self.assertIn("give --minutes more", advicePage(advice, benched(), ()))

    def test_slowSerialLine(self) -> None:
        """A keepalive that a serial line cannot carry is not tried."""
        bench = benched(links=("/dev/ttyS0",), baud=9600, keepalive=1.0, deadtime=8.0, initdead=8.0)
        advice = self.advised(bench, Conditions())
        self.assertIn("keepalive 0.25 s: too much for a serial line of 9600 baud", advice.skipped)
        self.assertNotIn(0.25, {one.keepalive for one in advice.candidates})


class ObservedTests(SynchronousTestCase):
    """L{observed}."""

    def status(self, messages: int, lost: int, outOfOrder: int = 0) -> dict[str, object]:
        link = {"name": "eth1", "messages": messages, "lost": lost, "outOfOrder": outOfOrder}
        return {
            "nodes": [
                {"name": "alpha", "local": True, "links": []},
                {"name": "beta", "local": False, "links": [link]},
            ]
        }

    def test_worse(self) -> None:
        """What the daemon has seen counts where it is worse than what was assumed."""
        late = {"event": "BeatLate", "fields": {"late": 2.5, "doubt": ""}}
        conditions, notes = observed(
            self.status(900, 100),
            [late, {"event": "LinkUp", "fields": {}}],
            Conditions(loss=0.05, stall=1),
        )
        self.assertEqual((conditions.loss, conditions.stall), (0.1, 2.5))
        self.assertEqual(
            notes,
            (
                "seen: beta:eth1 lost 10.00% of its messages at first, the most of all links",
                "seen: this daemon was late itself once, by 2.50 s",
                "seen by this node only: what it sends may fare worse; ask on the other node too",
            ),
        )

    def test_sentAgain(self) -> None:
        """What was lost and came when it was sent again was lost all the same."""
        conditions, notes = observed(self.status(1000, 0, 123), [], Conditions(loss=0.05))
        self.assertEqual(conditions.loss, 0.123)
        self.assertIn("beta:eth1 lost 12.30%", notes[0])

    def test_rounded(self) -> None:
        """What was seen is shown without more digits than it is worth."""
        late = [{"event": "BeatLate", "fields": {"late": late}} for late in (0.1, 0.89517)]
        conditions, notes = observed(self.status(900, 101), late, Conditions())
        self.assertEqual(str(conditions), "10.09% loss on every link and stalls of up to 0.9 s")
        self.assertIn("2 times, by 0.90 s at most", notes[1])

    def test_nothingLost(self) -> None:
        """A link that lost nothing is not called the worst."""
        _, notes = observed(self.status(900, 0), [], Conditions())
        self.assertEqual(notes[0], "seen: no link has lost a message")

    def test_better(self) -> None:
        """Good weather so far promises nothing: what was assumed stays."""
        conditions, notes = observed(self.status(10, 9), [], Conditions(loss=0.05, stall=1))
        self.assertEqual((conditions.loss, conditions.stall), (0.05, 1))
        self.assertIn("no link has carried 200 messages", notes[0])
