"""
One time for the whole world, and a clock for every process in it.

L{WorldTime} is a heap of pending calls and steps from one to the next; it never jumps over one.  Every
machine has a L{SimClock} with its own rate, and every process on it a view of its own, so that a paused
process is late, a killed one forgets, and its neighbours notice neither.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

__all__ = ["SimCall", "SimClock", "WorldTime"]

_PENDING, _HELD, _CALLED, _CANCELLED = range(4)


@implementer(IDelayedCall)
class SimCall:
    """One pending call of one clock."""

    __slots__ = ("_args", "_clock", "_function", "_order", "_state", "_when")

    _order: int

    def __init__(
        self,
        clock: SimClock,
        when: float,
        function: Callable[..., object],
        args: tuple[Any, ...],
    ) -> None:
        self._clock = clock
        self._when = when
        self._function = function
        self._args = args
        self._state = _PENDING

    def getTime(self) -> float:
        """When it is due, in the seconds of its own clock."""
        return self._clock.ofWorld(self._when)

    def cancel(self) -> None:
        """
        Never call it.

        @raise AlreadyCalled: it was called.
        @raise AlreadyCancelled: it was cancelled before.
        """
        self._check()
        self._state = _CANCELLED

    def delay(self, secondsLater: float) -> None:
        """Call it C{secondsLater} later than planned."""
        self._check()
        self._move(self._when + secondsLater / self._clock.rate)

    def reset(self, secondsFromNow: float) -> None:
        """Call it C{secondsFromNow} from now, whatever was planned."""
        self._check()
        self._move(self._clock.world.now + secondsFromNow / self._clock.rate)

    def active(self) -> bool:
        """Whether it is still to come."""
        return self._state in (_PENDING, _HELD)

    def _check(self) -> None:
        if self._state == _CANCELLED:
            raise AlreadyCancelled
        if self._state == _CALLED:
            raise AlreadyCalled

    def _move(self, when: float) -> None:
        self._when = when
        self._state = _PENDING
        self._clock.world.push(self)


class WorldTime:
    """
    The heap all clocks share.

    Calls due at the same instant run in the order in which they were scheduled, so one seed gives one
    history.

    @ivar now: seconds since the world began.
    @ivar steps: how many calls have run.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self._heap: list[tuple[float, int, SimCall]] = []
        self._order = 0

    def push(self, call: SimCall) -> None:
        """Put a call in its place; an entry it had before becomes void."""
        self._order = order = self._order + 1
        call._order = order
        heappush(self._heap, (call._when, order, call))

    def step(self, until: float) -> bool:
        """
        Run the next pending call that is due by C{until}.

        @return: whether there was one; if not, it is C{until} now.
        """
        heap = self._heap
        while heap and heap[0][0] <= until:
            when, order, call = heappop(heap)
            if call._state != _PENDING or call._order != order:
                continue
            if when > self.now:
                self.now = when
            clock = call._clock
            if clock.paused:
                call._state = _HELD
                clock.held.append(call)
            elif clock.dead:
                call._state = _CANCELLED
            else:
                call._state = _CALLED
                self.steps += 1
                call._function(*call._args)
                return True
        if until > self.now:
            self.now = until
        return False

    def run(self, until: float) -> None:
        """Run every call that is due by C{until}."""
        while self.step(until):
            pass

    @property
    def pending(self) -> int:
        """How many entries the heap holds, void ones included: a measure of memory."""
        return len(self._heap)


@implementer(IReactorTime)
class SimClock:
    """
    A clock as one process sees it.

    It shows C{base} at C{since} and runs C{rate} times as fast as the world.

    @ivar rate: seconds of this clock in a second of the world: 1.0001 gains 8.6 s a day.
    @ivar paused: its process does not run: its calls wait and come late, all at once.
    @ivar dead: its process is gone: its calls never come.
    @ivar held: the calls that wait for L{resume}.
    """

    def __init__(
        self, world: WorldTime, *, rate: float = 1.0, base: float = 0.0, since: float | None = None
    ) -> None:
        self.world = world
        self.rate = rate
        self.base = base
        self.since = world.now if since is None else since
        self.paused = False
        self.dead = False
        self.held: list[SimCall] = []

    def fork(self) -> SimClock:
        """The same clock for another process of the same machine."""
        return SimClock(self.world, rate=self.rate, base=self.base, since=self.since)

    def ofWorld(self, when: float) -> float:
        """What this clock shows at an instant of the world."""
        return self.base + (when - self.since) * self.rate

    def seconds(self) -> float:
        """What it shows now."""
        return self.base + (self.world.now - self.since) * self.rate

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> SimCall:
        """Call C{callable} after C{delay} seconds of this clock."""
        if delay < 0:
            raise ValueError(f"{delay!r} seconds from now is in the past")
        world = self.world
        function = partial(callable, **kwargs) if kwargs else callable
        call = SimCall(self, world.now + delay / self.rate, function, args)
        if not self.dead:
            world.push(call)
        return call

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """Every call of this clock that is still to come."""
        waiting = sorted(
            entry
            for entry in self.world._heap
            if entry[2]._clock is self and entry[2]._state == _PENDING and entry[2]._order == entry[1]
        )
        return [*(call for call in self.held if call._state == _HELD), *(call for _, _, call in waiting)]

    def pause(self) -> None:
        """The process stops running."""
        self.paused = True

    def resume(self) -> None:
        """The process runs again: what became due meanwhile is called now, in its old order."""
        self.paused = False
        held, self.held = self.held, []
        for call in held:
            if call._state == _HELD:
                call._state = _PENDING
                call._when = self.world.now
                self.world.push(call)

    def kill(self) -> None:
        """The process is gone: nothing it had planned happens."""
        self.dead = True
        self.paused = False
        self.held.clear()
