"""
Asking for messages that did not come, and sending again what others miss.

@see: wire-protocol.md sections 5.4 and 5.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_ha.cluster.deadline import TOLERANCE
from twisted_ha.cluster.history import SendHistory, Sent
from twisted_ha.cluster.limit import Allowance
from twisted_ha.cluster.nodes import Node
from twisted_ha.config.model import Timers
from twisted_ha.terms import NodeName
from twisted_ha.wire.fields import formatNumber, readNumber
from twisted_ha.wire.message import Message

__all__ = ["AGAIN", "AT_ONCE", "REFUSAL", "REQUEST", "Answers", "Requests"]

REQUEST = "NS_rexmit"
REFUSAL = "NS_nak_rexmit"

AT_ONCE = 50
"""Messages or refusals sent for one request, and numbers asked for in one."""

AGAIN = 25
"""
How many requests that were made before are repeated in a second, to each node; and how many messages
that were sent again before.  Who hears nothing, or is not heard, costs no more than that for as long as
it lasts.
"""

_LEAST_DELAY = 0.05
_KEEN = 10
_LONGEST = 16.0
_EARLY = 0.01

Ask = Callable[[NodeName, Message], None]
"""Sends a message to one node."""


@dataclass(slots=True)
class _Wish:
    due: float
    asked: int = 0


class Requests:
    """
    Asks each node for what is missing from it.

    The first request waits for a random time, which absorbs the reordering that is usual; numbers found
    missing together are asked for together.  After ten requests the next ones come ever more rarely, and
    at most L{AGAIN} to each node are repeated in a second.
    How much is asked for is bounded by L{twisted_ha.cluster.sequence.MAX_MISSING} a node.
    """

    def __init__(self, clock: IReactorTime, random: Random, timers: Timers, ask: Ask) -> None:
        self._clock = clock
        self._random = random
        self._ask = ask
        self._wishes: dict[NodeName, dict[int, _Wish]] = {}
        self._calls: dict[NodeName, IDelayedCall] = {}
        self._again = Allowance(clock, AGAIN)
        self.reconfigure(timers)

    def reconfigure(self, timers: Timers) -> None:
        """Use other times from now on."""
        self._delay = timers.maxRexmitDelay

    def missing(self, node: Node, numbers: range) -> None:
        """These numbers of C{node} were passed over just now."""
        least = _LEAST_DELAY if self._delay >= 2 * _LEAST_DELAY else 0.0
        due = self._clock.seconds() + self._random.uniform(least, self._delay)
        wishes = self._wishes[node.name] = self._current(node)
        wishes.update((number, _Wish(due)) for number in numbers)
        self._arm(node)

    def stop(self) -> None:
        """Ask nobody for anything any more."""
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        self._wishes.clear()

    def _arm(self, node: Node) -> None:
        wishes = self._wishes.get(node.name)
        if not wishes:
            self._wishes.pop(node.name, None)
            return
        due = min(wish.due for wish in wishes.values())
        call = self._calls.get(node.name)
        if call is not None:
            if call.getTime() <= due:
                return
            call.cancel()
        wait = max(0.0, due - self._clock.seconds())
        self._calls[node.name] = self._clock.callLater(wait, self._look, node)

    def _current(self, node: Node) -> dict[int, _Wish]:
        """What was wished for and is still missing."""
        wishes = self._wishes.get(node.name, {})
        return {number: wish for number, wish in wishes.items() if number in node.sequence.missing}

    def _look(self, node: Node) -> None:
        self._calls.pop(node.name, None)
        wishes = self._wishes[node.name] = self._current(node)
        now = self._clock.seconds()
        pause = max(_EARLY, self._delay)
        for numbers in _runs([number for number, wish in wishes.items() if wish.due <= now + TOLERANCE]):
            due = [wishes[number] for number in numbers]
            if all(wish.asked for wish in due) and not self._again.take(node.name):
                for wish in due:
                    wish.due = now + pause
                continue
            for wish in due:
                wish.asked += 1
                patience = 2.0 ** max(0, wish.asked - _KEEN)
                wish.due = now + pause * min(patience, _LONGEST)
            self._ask(
                node.name,
                Message.of(
                    REQUEST,
                    firstseq=formatNumber(REQUEST, "firstseq", numbers[0]),
                    lastseq=formatNumber(REQUEST, "lastseq", numbers[-1]),
                ),
            )
        self._arm(node)


def _runs(numbers: list[int]) -> list[list[int]]:
    """Numbers that follow each other, at most C{AT_ONCE} together."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1 and len(runs[-1]) < AT_ONCE:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


class Answers:
    """
    Answers other nodes' requests from what we have sent.

    What nobody asked for before goes out at once.  What was sent again already goes out at most L{AGAIN}
    times a second for each node that asks: heartbeat asks four times a second for each message, for as
    long as it does not hear us.  What is not sent is asked for again, and whoever hears us has what we
    sent, and asks for the rest.
    """

    def __init__(
        self,
        clock: IReactorTime,
        timers: Timers,
        history: SendHistory,
        resend: Callable[[Sent], None],
        answer: Ask,
    ) -> None:
        """
        @param resend: sends a message again on all media; the bytes are the first ones.
        """
        self._clock = clock
        self._history = history
        self._resend = resend
        self._answer = answer
        self._refusals = Allowance(clock, AT_ONCE)
        self._again = Allowance(clock, AGAIN)
        self.reconfigure(timers)

    def reconfigure(self, timers: Timers) -> None:
        """Use other times from now on."""
        self._pause = max(0.0, timers.maxRexmitDelay - _EARLY)

    def requested(self, node: Node, message: Message) -> None:
        """C{node} misses the messages that C{message} names."""
        first = readNumber(message, "firstseq")
        last = readNumber(message, "lastseq")
        if first is None:
            return
        last = min(first if last is None else last, self._history.highest)
        now = self._clock.seconds()
        for number in range(max(1, first), min(last, first + AT_ONCE - 1) + 1):
            sent = self._history.get(number)
            if sent is None:
                self._refuse(node, number)
            elif now - sent.lastSent >= self._pause and (not sent.resent or self._again.take(node.name)):
                sent.lastSent = now
                sent.resent = True
                self._resend(sent)

    def _refuse(self, node: Node, number: int) -> None:
        if not self._refusals.take(REFUSAL):
            return  # it asks again, and refusing costs us as much as it
        self._answer(
            node.name,
            Message.of(
                REFUSAL, firstseq=formatNumber(REFUSAL, "firstseq", number), info="seqno too low"
            ),
        )
