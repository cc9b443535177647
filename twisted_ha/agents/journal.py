"""What every agent tells while it works: that it started, how it ended, and its last words."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.events import AgentFinished, AgentStarted
from twisted_ha.operations import Completed, Outcome

__all__ = ["Operation", "ending", "lastWords"]

_LONGEST = 200


def lastWords(completed: Completed) -> str:
    """The last line a program wrote, its errors first, fit for one line of a log."""
    for stream in (completed.errors, completed.output):
        # Only the end is looked at: there may be 64 KiB of it.
        for line in reversed(stream[-4096:].splitlines()):
            text = "".join(
                character if character.isprintable() else " "
                for character in line.decode("utf-8", "replace")
            ).strip()
            if text:
                return text[-_LONGEST:]
    return ""


def ending(completed: Completed) -> str:
    """How a program ended, with its last words: C{"exit status 2: no such device"}."""
    if completed.timedOut:
        how = f"still running after {completed.seconds:.1f} s, ended by force"
    elif completed.signal is not None:
        how = f"ended by signal {completed.signal}"
    elif completed.status is None:
        how = "could not be run"
    else:
        how = f"exit status {completed.status}"
    words = lastWords(completed)
    return f"{how}: {words}" if words else how


class Operation:
    """
    One operation of one agent, from its first event to its last.

    @ivar began: the clock's seconds when it started.
    """

    def __init__(
        self, bus: EventBus, clock: IReactorTime, resource: str, operation: str, command: str
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._resource = resource
        self._operation = operation
        self._command = command
        self.began = clock.seconds()

    @property
    def elapsed(self) -> float:
        """Seconds since it started."""
        return self._clock.seconds() - self.began

    def running(self) -> None:
        """It is being run; said for what changes something, not for looking."""
        self._bus.publish(
            AgentStarted(resource=self._resource, operation=self._operation, command=self._command)
        )

    def finished(self, ok: bool, timedOut: bool = False, detail: str = "") -> None:
        """It ended; C{detail} is for people."""
        self._bus.publish(
            AgentFinished(
                resource=self._resource,
                operation=self._operation,
                command=self._command,
                outcome="timed out" if timedOut else "ok" if ok else "failed",
                seconds=self.elapsed,
                detail=f" ({detail})" if detail else "",
            )
        )

    def outcome(self, ok: bool, reason: str = "", timedOut: bool = False) -> Outcome:
        """It ended, and this is what the caller hears."""
        self.finished(ok, timedOut, "" if ok else reason)
        return Outcome(ok=ok, reason=reason, seconds=self.elapsed, timedOut=timedOut)
