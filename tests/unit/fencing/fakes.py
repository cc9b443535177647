"""A clock and a bus that remember, and a runner whose scripts answer, fail or hang."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import FencingError
from twisted_ha.events import Event
from twisted_ha.interfaces import IProcessRunner
from twisted_ha.operations import Completed, Invocation
from twisted_ha.terms import NodeName

BETA = NodeName("beta")
GAMMA = NodeName("gamma")


class Surroundings:
    """What is handed to a device; C{events} is what was told."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.bus = EventBus(self.clock)
        self.events: list[Event] = []
        self.bus.subscribe(lambda event, when: self.events.append(event))

    def told(self, kind: type[Event]) -> list[str]:
        """The sentences of the events of one kind."""
        return [event.render() for event in self.events if type(event) is kind]


def said(output: str, status: int = 0) -> Completed:
    """A script that answers."""
    return Completed(status=status, output=output.encode())


def wailed(errors: str, status: int = 1) -> Completed:
    """A script that fails."""
    return Completed(status=status, errors=errors.encode())


@implementer(IProcessRunner)
class FakeRunner:
    """
    Answers by a script's first argument; L{None} hangs until the deadline, as the real one then ends it.

    @ivar unkillable: not even the deadline ends a hanging one.
    @ivar cancelled: the operations that were called off while they ran.
    """

    def __init__(self, clock: Clock, answers: dict[str, Completed | None]) -> None:
        self.clock = clock
        self.answers = answers
        self.unkillable = False
        self.runs: list[Invocation] = []
        self.cancelled: list[str] = []

    def run(self, invocation: Invocation, enough: Deferred[None] | None = None) -> Deferred[Completed]:
        self.runs.append(invocation)
        operation = invocation.argv[1]
        answer = self.answers.get(operation, Completed(status=None, errors=b"cannot run it"))
        if answer is not None:
            return succeed(answer)
        waiting: Deferred[Completed] = Deferred(lambda given: self.cancelled.append(operation))

        def expire() -> None:
            if not waiting.called:
                waiting.callback(Completed(status=None, signal=15, seconds=deadline, timedOut=True))

        deadline = invocation.deadline
        if not self.unkillable:
            self.clock.callLater(deadline, expire)
        return waiting

    @property
    def asked(self) -> list[str]:
        """What the scripts were asked, without their paths."""
        return [" ".join(run.argv[1:]) for run in self.runs]


def script(directory: Path, name: str, text: str = "exit 0\n") -> Path:
    """Write an executable shell script."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}")
    os.chmod(path, 0o755)
    return path


def reasonOf(error: BaseException) -> str:
    """The text of a L{FencingError}; anything else is a bug."""
    assert isinstance(error, FencingError), error
    return str(error)
