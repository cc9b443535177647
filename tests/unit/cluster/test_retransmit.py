"""Tests for L{twisted_ha.cluster.retransmit}."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import BETA, GAMMA, TIMERS, run
from twisted_ha.cluster.history import SendHistory, Sent
from twisted_ha.cluster.nodes import Node
from twisted_ha.cluster.retransmit import AGAIN, AT_ONCE, Answers, Requests
from twisted_ha.config.model import Timers
from twisted_ha.terms import NodeName
from twisted_ha.wire import Message


class RequestsTests(SynchronousTestCase):
    """Asking for what did not come."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.node = Node(BETA)
        self.node.sequence.accept(1)
        self.asked: list[tuple[float, str, str]] = []
        self.requests = Requests(self.clock, Random(3), TIMERS, self.ask)

    def ask(self, node: NodeName, message: Message) -> None:
        """Remember a request."""
        self.assertEqual((node, message.type), (BETA, "NS_rexmit"))
        first, last = message.get("firstseq"), message.get("lastseq")
        self.asked.append((self.clock.seconds(), first or "", last or ""))

    def hear(self, number: int) -> None:
        """A message of beta comes."""
        judgement = self.node.sequence.accept(number)
        if judgement.missing:
            self.requests.missing(self.node, judgement.missing)

    def test_held(self) -> None:
        """The first request waits for 50 to 250 ms, so that mere reordering asks for nothing."""
        self.hear(3)
        self.hear(2)
        run(self.clock, 5)
        self.assertEqual(self.asked, [])

    def test_decimal(self) -> None:
        """Numbers are asked for in decimal, those that follow each other together."""
        self.hear(15)
        run(self.clock, 0.25)
        ((when, *numbers),) = self.asked
        self.assertTrue(0.05 <= when <= 0.25)
        self.assertEqual(numbers, ["2", "14"])

    def test_again(self) -> None:
        """Until it comes it is asked for every max_rexmit_delay."""
        self.hear(3)
        run(self.clock, 1.0)
        times = [when for when, _, _ in self.asked]
        self.assertTrue(len(times) >= 3)
        self.assertTrue(all(abs(b - a - 0.25) < 1e-9 for a, b in pairwise(times)))
        self.hear(2)
        count = len(self.asked)
        run(self.clock, 5)
        self.assertEqual(len(self.asked), count)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_patience(self) -> None:
        """After ten requests they become rare."""
        self.hear(3)
        run(self.clock, 60)
        self.assertTrue(20 <= len(self.asked) <= 35, len(self.asked))

    def test_repeatedAtARate(self) -> None:
        """However many gaps there are, so many requests are repeated in a second and no more."""
        for number in range(3, 203, 2):
            self.hear(number)
        run(self.clock, 0.25)
        self.assertEqual(len(self.asked), 100)
        run(self.clock, 8)
        self.assertTrue(100 + 7 * AGAIN <= len(self.asked) <= 100 + 9 * AGAIN, len(self.asked))

    def test_repeatedForTheNext(self) -> None:
        """What comes makes room for the rest."""
        for number in range(3, 103, 2):
            self.hear(number)
        run(self.clock, 0.75)
        again = {first for _, first, _ in self.asked[50:]}
        self.assertEqual(len(again), AGAIN)
        for first in again:
            self.hear(int(first))
        run(self.clock, 1)
        later = {first for _, first, _ in self.asked[50 + AGAIN :]}
        self.assertEqual(again | later, {str(number) for number in range(2, 102, 2)})
        self.assertEqual(again & later, set())

    def test_partly(self) -> None:
        """What came is not asked for again, and the rest is in separate runs."""
        self.hear(6)
        run(self.clock, 0.25)
        self.hear(3)
        run(self.clock, 0.25)
        self.assertEqual([asked[1:] for asked in self.asked], [("2", "5"), ("2", "2"), ("4", "5")])

    def test_atMost(self) -> None:
        """A large gap is asked for in pieces that heartbeat answers whole."""
        self.hear(152)
        run(self.clock, 0.25)
        self.assertEqual(
            [asked[1:] for asked in self.asked], [("2", "51"), ("52", "101"), ("102", "151")]
        )

    def test_dead(self) -> None:
        """Nothing is asked of the dead."""
        self.hear(3)
        self.node.sequence.interrupt()
        run(self.clock, 5)
        self.assertEqual(self.asked, [])

    def test_bounded(self) -> None:
        """Gap upon gap keeps no more wishes than can be missing."""
        for number in range(200, 200_000, 200):
            self.hear(number)
        self.assertLessEqual(len(self.requests._wishes[BETA]), 499)

    def test_stop(self) -> None:
        """Stopped, it leaves no call behind."""
        self.hear(3)
        self.requests.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_short(self) -> None:
        """A max_rexmit_delay below 100 ms has no least delay."""
        self.requests.reconfigure(Timers(maxRexmitDelay=0.02))
        self.hear(3)
        run(self.clock, 0.02)
        self.assertEqual(len(self.asked), 1)


class AnswersTests(SynchronousTestCase):
    """Sending again what others miss."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(100)
        self.history = SendHistory()
        self.resent: list[int] = []
        self.refused: list[str] = []
        self.answers = Answers(
            self.clock,
            TIMERS,
            self.history,
            lambda sent: self.resent.append(sent.sequence),
            self.answer,
        )
        for number in range(1, 701):
            self.history.add(Sent(number, {}))

    def answer(self, node: NodeName, message: Message) -> None:
        """Remember a refusal."""
        self.assertEqual(message.type, "NS_nak_rexmit")
        self.assertEqual(message.get("info"), "seqno too low")
        self.refused.append(message.get("firstseq") or "")

    def request(self, first: str, last: str | None = None) -> None:
        """beta asks."""
        self.answers.requested(Node(BETA), Message.of("NS_rexmit", firstseq=first, lastseq=last))

    def test_range(self) -> None:
        """The numbers are decimal, both ends included, and go out ascending."""
        self.request("300", "303")
        self.assertEqual(self.resent, [300, 301, 302, 303])

    def test_single(self) -> None:
        """Without an end one message is meant."""
        self.request("300")
        self.assertEqual(self.resent, [300])

    def test_atMost(self) -> None:
        """Fifty messages answer one request, however wide it is."""
        self.request("300", "18446744073709551615")
        self.assertEqual(len(self.resent), AT_ONCE)

    def test_tooSoon(self) -> None:
        """What just left does not leave again at once."""
        self.request("300")
        self.clock.advance(0.2)
        self.request("300")
        self.assertEqual(self.resent, [300])
        self.clock.advance(0.05)
        self.request("300")
        self.assertEqual(self.resent, [300, 300])

    def test_againAtARate(self) -> None:
        """
        What was not sent again before leaves at once, however much it is; the rest at a rate, for each
        node that asks.
        """
        for first in (201, 251, 301, 351):
            self.request(str(first), str(first + 49))
        self.assertEqual(self.resent, list(range(201, 401)))
        for _ in range(3):
            self.clock.advance(0.25)
            self.request("201", "250")
        self.assertEqual(self.resent[200:], list(range(201, 201 + AGAIN)))
        self.answers.requested(Node(GAMMA), Message.of("NS_rexmit", firstseq="300"))
        self.assertEqual(self.resent[200 + AGAIN :], [300])
        self.request("450")
        self.assertEqual(self.resent[-1], 450)
        self.clock.advance(0.5)
        self.request("226", "250")
        self.assertEqual(self.resent[-25:], list(range(226, 251)))

    def test_tooLow(self) -> None:
        """What is no longer kept is refused, its number in hexadecimal."""
        self.request("199", "201")
        self.assertEqual((self.refused, self.resent), (["c7", "c8"], [201]))

    def test_refusalsAreLimited(self) -> None:
        """Asking for the impossible again and again is answered fifty times a second."""
        for _ in range(100):
            self.request("1", "200")
        self.assertEqual(len(self.refused), AT_ONCE)
        self.clock.advance(1)
        self.request("1")
        self.assertEqual(len(self.refused), AT_ONCE + 1)

    def test_future(self) -> None:
        """What was never sent is not answered."""
        self.request("701", "800")
        self.assertEqual((self.refused, self.resent), ([], []))

    def test_garbled(self) -> None:
        """A request without numbers, or with its ends exchanged, is no request."""
        self.answers.requested(Node(BETA), Message.of("NS_rexmit"))
        self.request("x", "5")
        self.request("400", "300")
        self.assertEqual((self.refused, self.resent), ([], []))
