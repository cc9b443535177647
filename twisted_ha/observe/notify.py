"""Tells the administrator's own scripts in C{rc.d} what happens, one at a time and in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_ha.bus import EventBus
from twisted_ha.events import (
    Event,
    HookFailed,
    HookFinished,
    LinkDown,
    LinkUp,
    NodeDied,
    NodeStatusChanged,
    Notice,
    Warned,
)
from twisted_ha.frozen import dataclass
from twisted_ha.interfaces import IProcessRunner
from twisted_ha.observe.hooks import HookStanding, hookEnvironment, hookName, hookStanding
from twisted_ha.operations import Completed, Invocation
from twisted_ha.wire.message import Message

__all__ = ["DEADLINE", "LIMIT", "Notifier"]

DEADLINE = 60.0
"""Seconds one script may take."""

LIMIT = 256
"""Most scripts that wait for their turn."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    name: str
    path: str
    message: Message
    previous: str | None


class Notifier:
    """
    Runs C{rc.d} scripts.

    It is an observer for L{EventBus.subscribe<twisted_ha.bus.EventBus.subscribe>}: status changes
    and link changes reach the scripts C{status} and C{ifstat}.  Every other message that the daemon
    does not use itself is handed to L{messageReceived}.

    No script is begun between L{pause} and L{resume}, so that none runs beside a resource's script;
    one that runs already is not waited for.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        directory: str,
        runner: IProcessRunner,
        bus: EventBus,
        environment: Callable[[], Mapping[str, str]],
    ) -> None:
        """
        @param directory: the configuration directory; scripts are in its C{rc.d}.
        @param environment: what every script of this node sees, asked for each run.
        """
        self._directory = os.path.join(directory, "rc.d")
        self._runner = runner
        self._bus = bus
        self._environment = environment
        self._waiting: deque[_Waiting] = deque()
        self._running: Deferred[None] | None = None
        self._paused = False
        self._closed = False
        self._overflowed = False
        self._told: set[tuple[str, HookStanding]] = set()
        self._words: dict[str, str] = {}

    def __call__(self, event: Event, when: float) -> None:
        """Tell the scripts one event, if they are told such events."""
        if isinstance(event, LinkUp | LinkDown):
            state = "up" if isinstance(event, LinkUp) else "dead"
            self._add(Message.of("ifstat", node=event.node, ifname=event.link, st=state), None)
        elif isinstance(event, NodeStatusChanged):
            self._words[event.node] = event.status
            self._add(Message.of("status", st=event.status, src=event.node), event.previous)
        elif isinstance(event, NodeDied):
            previous, self._words[event.node] = self._words.get(event.node), "dead"
            info = "ping" if event.ping else None
            self._add(Message.of("status", st="dead", src=event.node, seq="1", info=info), previous)

    def messageReceived(self, message: Message) -> None:
        """
        Tell the scripts a message of the cluster.

        Types that the daemon handles itself are left out here, so anything may be handed in.
        """
        if hookName(message.type) is not None:
            self._add(message, self._words.get(message.get("src") or ""))

    def pause(self) -> None:
        """Begin no script until L{resume}."""
        self._paused = True

    def resume(self) -> None:
        """Go on with what waited."""
        self._paused = False
        self._next()

    def close(self) -> Deferred[None]:
        """
        Begin no script any more.

        @return: fires when the one that runs has ended.
        """
        self._closed = True
        self._waiting.clear()
        running = self._running
        if running is None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        running.addBoth(lambda result: done.callback(None))
        return done

    def _add(self, message: Message, previous: str | None) -> None:
        name = message.type.lower()
        path = os.path.join(self._directory, name)
        standing = hookStanding(path)
        if standing is not HookStanding.RUN:
            self._explain(name, path, standing)
            return
        if self._closed:
            return
        if len(self._waiting) >= LIMIT:
            if not self._overflowed:
                self._overflowed = True
                text = (
                    f"{LIMIT} event scripts wait for their turn; further events do not reach rc.d/{name}"
                )
                self._bus.publish(Warned(message=text))
            return
        self._waiting.append(_Waiting(name, path, message, previous))
        self._next()

    def _explain(self, name: str, path: str, standing: HookStanding) -> None:
        if standing is HookStanding.ABSENT or (name, standing) in self._told:
            return
        self._told.add((name, standing))
        if standing is HookStanding.NATIVE:
            text = f"{path} is not run: it moves resources, and this daemon does that itself"
            self._bus.publish(Notice(message=text))
        else:
            text = f"{path} is not run: it is not executable; make it so with chmod +x, or remove it"
            self._bus.publish(Warned(message=text))

    def _next(self) -> None:
        while self._waiting and self._running is None and not self._paused and not self._closed:
            self._run(self._waiting.popleft())
            if not self._waiting:
                self._overflowed = False

    def _run(self, waiting: _Waiting) -> None:
        invocation = Invocation(
            argv=(waiting.path, waiting.name),
            environment=hookEnvironment(self._environment(), waiting.message, waiting.previous),
            deadline=DEADLINE,
        )
        done: Deferred[None] = Deferred()
        self._running = done

        def ended(result: Completed | Failure) -> None:
            if isinstance(result, Failure):
                self._log.failure("running {path} failed; this is a bug", result, path=waiting.path)
            else:
                self._report(waiting.name, result)
            self._running = None
            done.callback(None)
            self._next()

        maybeDeferred(self._runner.run, invocation).addBoth(ended)

    def _report(self, name: str, completed: Completed) -> None:
        hook = f"rc.d/{name}"
        if completed.succeeded:
            self._bus.publish(HookFinished(hook=hook, status="0", seconds=completed.seconds))
        else:
            reason = _why(completed)
            self._bus.publish(HookFailed(hook=hook, reason=reason, seconds=completed.seconds))


def _why(completed: Completed) -> str:
    if completed.timedOut:
        how = "still running, ended by force"
    elif completed.status is not None:
        how = f"exit status {completed.status}"
    elif completed.signal is not None:
        how = f"ended by signal {completed.signal}"
    else:
        how = "could not be run"
    for stream in (completed.errors, completed.output):
        lines = stream.decode(errors="replace").strip().splitlines()
        if lines:
            return f"{how}: {lines[-1].strip()[-200:]}"
    return how
