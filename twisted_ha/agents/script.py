"""
An agent that is a script: heartbeat's own kind, or a plain init script.

@see: resource-management.md sections 2.1 to 2.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from twisted_ha.agents.journal import Operation, ending
from twisted_ha.bus import EventBus
from twisted_ha.config.model import Deadlines, Resource
from twisted_ha.events import Warned
from twisted_ha.interfaces import IProcessRunner, IResourceAgent
from twisted_ha.operations import Completed, Invocation, Outcome, Standing

__all__ = ["ScriptAgent", "ScriptKind", "standingOf"]

_NOT_RUNNING = re.compile(rb"[Nn][Oo][Tt] .*[Rr]unning")
_RUNNING = re.compile(rb"[Rr]unning|OK")

_PAUSE = 1.0
_RETRIES = 10


class ScriptKind(Enum):
    """Where a script was found decides how far its exit code is believed."""

    HEARTBEAT = "resource.d"
    INIT = "init"


def standingOf(kind: ScriptKind, completed: Completed) -> Standing:
    """
    What a finished C{status} says.

    The text decides, line by line as heartbeat 3.0.6 reads it: a line with I{not ... running} means
    stopped, else I{running} or I{OK} anywhere means running, else stopped.  Several heartbeat agents
    exit with 0 whatever the state, so their exit code says nothing; that of an init script does.

    @see: resource-management.md section 2.2.
    """
    if completed.status is None or completed.timedOut:
        return Standing.UNKNOWN
    if kind is ScriptKind.INIT:
        if completed.status == 3:
            return Standing.STOPPED
        if completed.status == 0 and not completed.output.strip():
            return Standing.RUNNING
    lines = completed.output.splitlines()
    if any(_NOT_RUNNING.search(line) for line in lines):
        return Standing.STOPPED
    if any(_RUNNING.search(line) for line in lines):
        return Standing.RUNNING
    return Standing.STOPPED


@implementer(IResourceAgent)
class ScriptAgent:
    """One resource, looked after by one script: C{<path> [argument ...] <operation>}."""

    def __init__(
        self,
        *,
        resource: Resource,
        path: str,
        kind: ScriptKind,
        runner: IProcessRunner,
        clock: IReactorTime,
        bus: EventBus,
        environment: Mapping[str, str],
        deadlines: Deadlines,
    ) -> None:
        """
        @param environment: the whole environment of the script; C{HA_STOPRETRYMAX} in it is how often a
            failed stop is tried again: 10 by default, without end (but for the deadline) from 0 down.
        """
        self.resource = resource
        self._path = path
        self._kind = kind
        self._runner = runner
        self._clock = clock
        self._bus = bus
        self._environment = environment
        self._deadlines = deadlines
        self._retries = _retries(environment.get("HA_STOPRETRYMAX"))
        self._enough: Deferred[None] | None = None

    def start(self, handedOver: bool) -> Deferred[Outcome]:
        """Run C{start}; exit status 0 is success, everything else is not."""
        return Deferred.fromCoroutine(self._start())

    def stop(self) -> Deferred[Outcome]:
        """
        Run C{stop}, again after a second while it fails, within one deadline for all of it; when it will
        not succeed, C{status} has the last word.
        """
        return Deferred.fromCoroutine(self._stop())

    def status(self) -> Deferred[Standing]:
        """Run C{status}."""
        return Deferred.fromCoroutine(self._status())

    def interrupt(self) -> None:
        """End a C{status} as at its deadline."""
        if self._enough is not None:
            enough, self._enough = self._enough, None
            enough.callback(None)

    def announce(self) -> None:
        """A script has no word for this."""

    def emergencyStop(self) -> Invocation:
        """The script's own C{stop}."""
        return self._invocation("stop", self._deadlines.stop)

    def _invocation(self, operation: str, deadline: float) -> Invocation:
        return Invocation(
            argv=(self._path, *self.resource.arguments, operation),
            environment=self._environment,
            deadline=deadline,
        )

    def _operation(self, operation: str) -> Operation:
        # Two blanks without arguments, as heartbeat prints it: people search for the line.
        command = f"{self._path} {' '.join(self.resource.arguments)} {operation}"
        return Operation(self._bus, self._clock, self.resource.token, operation, command)

    async def _start(self) -> Outcome:
        operation = self._operation("start")
        operation.running()
        completed = await self._runner.run(self._invocation("start", self._deadlines.start))
        reason = "" if completed.succeeded else f"{self._path} start: {ending(completed)}"
        return operation.outcome(completed.succeeded, reason, completed.timedOut)

    async def _stop(self) -> Outcome:
        operation = self._operation("stop")
        limit = self._deadlines.stop
        retries = 0
        while True:
            operation.running()
            left = max(limit - operation.elapsed, 0.0)
            completed = await self._runner.run(self._invocation("stop", left))
            if completed.succeeded:
                return operation.outcome(True)
            exhausted = self._retries is not None and retries >= self._retries
            if exhausted or operation.elapsed + _PAUSE >= limit:
                break
            self._warn(f"Retrying failed stop operation [{self.resource.token}]: {ending(completed)}")
            retries += 1
            await deferLater(self._clock, _PAUSE)
        reason = f"{self._path} stop: {ending(completed)}"
        if retries:
            reason += f" (tried {retries + 1} times)"
        if await self._status() is Standing.STOPPED:
            self._warn(
                f"Resource script for {self.resource.token} probably not LSB-compliant: it must succeed"
                f" on a stop when already stopped ({reason})"
            )
            return operation.outcome(True, reason)
        return operation.outcome(False, reason, completed.timedOut)

    async def _status(self) -> Standing:
        operation = self._operation("status")
        enough = self._enough = Deferred()
        invocation = self._invocation("status", self._deadlines.status)
        completed = await self._runner.run(invocation, enough)
        self._enough = None
        standing = standingOf(self._kind, completed)
        if standing is Standing.UNKNOWN:
            operation.finished(False, completed.timedOut, ending(completed))
        else:
            operation.finished(True, detail=standing.value)
        return standing

    def _warn(self, message: str) -> None:
        self._bus.publish(Warned(message=message))


def _retries(text: str | None) -> int | None:
    """@return: how often a failed stop is tried again; L{None} for as often as the deadline allows."""
    try:
        number = _RETRIES if text is None else int(text)
    except ValueError:
        number = _RETRIES
    return number if number > 0 else None
