"""What the user of the service saw: every answer, and the silences between them."""

from __future__ import annotations

import itertools
import subprocess
import threading
from dataclasses import dataclass

from tests.interop.lab.waiting import ConditionNotMet, now, waitFor

__all__ = ["Answer", "Client", "Silence"]


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One question that was answered.

    @ivar asked: when, on the laboratory's clock.
    @ivar answered: when the answer came.
    @ivar machine: who answered.
    """

    asked: float
    answered: float
    machine: str


@dataclass(frozen=True, slots=True)
class Silence:
    """
    A span without answers.

    @ivar before: who answered last, and C{after}: who answered first.
    """

    start: float
    end: float
    before: str
    after: str

    @property
    def seconds(self) -> float:
        """How long it lasted: what a user means by an outage."""
        return self.end - self.start


class Client:
    """A running user of the service."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answers: list[Answer] = []
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise ConditionNotMet("the client does not start")
        self._thread = threading.Thread(target=self._read, name="client", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            asked, answered, machine = line.split()
            self._answers.append(Answer(float(asked), float(answered), machine))

    def stop(self) -> None:
        """Ask no more; everything answered so far is in L{answers}."""
        assert self._process.stdin is not None and self._process.stdout is not None
        if not self._process.stdin.closed:
            self._process.stdin.close()
            self._process.wait()
            self._thread.join()
            self._process.stdout.close()

    def answers(self, since: float = 0.0) -> list[Answer]:
        """The answers to questions asked at or after C{since}."""
        return [answer for answer in list(self._answers) if answer.asked >= since]

    def expect(self, machine: str, limit: float, since: float | None = None) -> Answer:
        """
        Wait for an answer from C{machine} to a question asked at or after C{since} (now).

        @raise ConditionNotMet: not within C{limit} seconds.
        """
        start = now() if since is None else since

        def found() -> Answer | None:
            return next((a for a in self.answers(start) if a.machine == machine), None)

        answer = waitFor(f"{machine} answers the client", found, limit, 0.01, lambda: self.tell(start))
        assert answer is not None
        return answer

    def expectAny(self, limit: float) -> Answer:
        """
        Wait for an answer from anybody to a question asked from now on.

        @raise ConditionNotMet: not within C{limit} seconds.
        """
        start = now()
        answers = waitFor("the client is answered", lambda: self.answers(start), limit, 0.01)
        return answers[0]

    def longestSilence(self, since: float = 0.0) -> Silence:
        """
        The longest span between two answers in a row, the last before C{since} included.

        @raise ConditionNotMet: there were fewer than two answers.
        """
        everything = sorted(self._answers.copy(), key=lambda answer: answer.answered)
        later = [i for i, answer in enumerate(everything) if answer.answered >= since]
        start = max(0, later[0] - 1) if later else len(everything)
        relevant = everything[start:]
        if len(relevant) < 2:
            raise ConditionNotMet("the client was not answered")
        return max(
            (
                Silence(first.answered, second.answered, first.machine, second.machine)
                for first, second in itertools.pairwise(relevant)
            ),
            key=lambda silence: silence.seconds,
        )

    def tell(self, since: float = 0.0) -> str:
        """Who answered when, for a failure."""
        spans: list[tuple[str, float, float]] = []
        for answer in self.answers(since):
            if spans and spans[-1][0] == answer.machine:
                spans[-1] = (answer.machine, spans[-1][1], answer.answered)
            else:
                spans.append((answer.machine, answer.answered, answer.answered))
        told = [f"{name} from {start - since:+.3f} to {end - since:+.3f}" for name, start, end in spans]
        return ", ".join(told) or "nobody answered"
