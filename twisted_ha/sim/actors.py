"""The edges of a simulated daemon: agents, the guardian and the fencing device of one machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, ensureDeferred, succeed
from zope.interface import implementer

from twisted_ha.config.model import Resource, ResourceGroup, Tuning
from twisted_ha.errors import AgentError, FencingError
from twisted_ha.interfaces import IAgentRegistry, IFencer, IGuardian, IResourceAgent
from twisted_ha.operations import GuardedGroup, Invocation, Outcome, Standing
from twisted_ha.sim.clock import SimCall, SimClock
from twisted_ha.sim.machine import Ending, Machine
from twisted_ha.sim.observed import Observed, ResetAsked
from twisted_ha.terms import NodeName

__all__ = ["PROGRAM", "SimAgent", "SimFencer", "SimGuardian", "SimRegistry", "stopped"]

PROGRAM = "/simulated/agent"

ATTEMPTS = 3
PAUSE = 1.0
"""Seconds between the guardian's attempts."""

TURN = 0.004
"""Seconds within which a daemon that runs again has read what waited for it."""


@implementer(IResourceAgent)
class SimAgent:
    """One resource of one machine, as one life of the daemon drives it."""

    def __init__(
        self,
        machine: Machine,
        clock: SimClock,
        life: int,
        group: str,
        resource: Resource,
        tuning: Tuning,
        answered: Callable[[Resource], bool] = lambda resource: False,
    ) -> None:
        """@param answered: whether another machine is heard to have this address."""
        self.resource = resource
        self._answered = answered
        self._probeTime = tuning.probeTime
        self._machine = machine
        self._clock = clock
        self._life = life
        self._deadlines = tuning.deadlinesFor(group, resource.agent)

    def _run(self, verb: str, deadline: float) -> Deferred[Ending]:
        return self._machine.operate(
            self.resource.token, verb, by=self._life, deadline=deadline, clock=self._clock
        )

    def _outcome(self, ending: Ending) -> Outcome:
        reason = "" if ending.ok else "did not end in time" if ending.timedOut else "exit status 1"
        return Outcome(ok=ending.ok, reason=reason, seconds=ending.seconds, timedOut=ending.timedOut)

    def start(self, handedOver: bool) -> Deferred[Outcome]:
        """Make it run here, unless it is an address that another machine answers for."""
        if not handedOver and self._answered(self.resource):
            refused = self._machine.refuse(
                self.resource.token, "start", by=self._life, seconds=self._probeTime, clock=self._clock
            )
            return refused.addCallback(
                lambda ending: Outcome(
                    ok=False, reason="another machine answers for it", seconds=ending.seconds
                )
            )
        return self._run("start", self._deadlines.start).addCallback(self._outcome)

    def stop(self) -> Deferred[Outcome]:
        """Make it not run here."""
        return self._run("stop", self._deadlines.stop).addCallback(self._outcome)

    def status(self) -> Deferred[Standing]:
        """Whether it runs here."""

        def judge(ending: Ending) -> Standing:
            if not ending.ok:
                return Standing.UNKNOWN
            return Standing.RUNNING if ending.running else Standing.STOPPED

        return self._run("status", self._deadlines.status).addCallback(judge)

    def interrupt(self) -> None:
        """End a C{status} that is under way."""
        self._machine.endScripts(self._clock, self.resource.token, "status")

    def announce(self) -> None:
        """Nobody listens on a simulated street."""

    def emergencyStop(self) -> Invocation | None:
        """What L{SimGuardian} understands."""
        return Invocation(argv=(PROGRAM, self.resource.token, "stop"), deadline=self._deadlines.stop)


@implementer(IAgentRegistry)
class SimRegistry:
    """The agents of one life of the daemon."""

    def __init__(
        self,
        machine: Machine,
        clock: SimClock,
        life: int,
        tuning: Tuning,
        answered: Callable[[Resource], bool] = lambda resource: False,
    ) -> None:
        self._answered = answered
        self._machine = machine
        self._clock = clock
        self._life = life
        self._tuning = tuning
        self._agents: dict[tuple[str, str], SimAgent] = {}

    def find(self, group: ResourceGroup, resource: Resource) -> IResourceAgent:
        """The agent of a resource."""
        if resource.token not in self._machine.groupOf:
            raise AgentError(f"there is no simulated resource {resource.token}")
        place = (group.key, resource.token)
        if place not in self._agents:
            self._agents[place] = SimAgent(
                self._machine,
                self._clock,
                self._life,
                group.key,
                resource,
                self._tuning,
                self._answered,
            )
        agent: IResourceAgent = self._agents[place]
        return agent


@implementer(IGuardian)
class SimGuardian:
    """
    The second process of one life of the daemon.

    It releases what is held when the daemon dies, or is silent for longer than C{patience}, and leaves a
    note of what may still stand.

    @ivar releasing: fires when a release that is under way ends; L{None} if none is.
    @ivar standing: its note for the next daemon: what is held, or would not stop.
    @ivar alive: the process exists.
    @ivar killed: somebody killed it.
    @see: L{twisted_ha.guard.child}, which does the same with real processes.
    """

    def __init__(self, machine: Machine, clock: SimClock, patience: float) -> None:
        self.released: Callable[[tuple[str, ...], float], None] | None = None
        self.releaseBegan: Callable[[float], None] | None = None
        self.releaseFailed: Callable[[tuple[str, ...]], None] | None = None
        self.releasing: Deferred[None] | None = None
        self.standing: tuple[GuardedGroup, ...] = ()
        self.alive = True
        self.killed = False
        self._machine = machine
        self._daemon = clock
        self._clock = machine.clock
        self._patience = patience
        self._pipe: list[tuple[Callable[..., None], tuple[object, ...]]] = []
        self._asking: list[Deferred[None]] = []
        self._last = self._clock.seconds()
        self._watch: SimCall | None = self._clock.callLater(patience, self._look)

    def hold(self, groups: Sequence[GuardedGroup]) -> None:
        """From now on exactly these are held."""
        self._gap()
        if self.releasing is None:
            self.standing = tuple(groups)

    def beat(self) -> None:
        """The daemon lives."""
        self._gap()
        self._last = self._clock.seconds()

    def ask(self) -> Deferred[None]:
        """Whether it has anything to say."""
        if not self.alive:
            return succeed(None)
        self.beat()
        done: Deferred[None] = Deferred()
        self._asking.append(done)
        self._clock.callLater(0, self._answer, done)
        return done

    def _answer(self, done: Deferred[None]) -> None:
        if self.releasing is None and done in self._asking:
            self._asking.remove(done)
            self._say(done.callback, None)

    def stop(self) -> Deferred[None]:
        """End in peace, or try once more what would not stop."""
        self.daemonDied()
        return succeed(None)

    def daemonDied(self) -> None:
        """The pipe from the daemon is closed: release at once."""
        if not self.alive or self.releasing is not None:
            return
        if self.standing:
            self._release()
        else:
            self._end()

    def kill(self) -> None:
        """Somebody killed the guardian: what it should release stays."""
        self.killed = True
        self._end()

    def _end(self) -> None:
        self.alive = False
        if self._watch is not None and self._watch.active():
            self._watch.cancel()

    @property
    def _silent(self) -> float:
        return self._clock.seconds() - self._last

    def _gap(self) -> None:
        """The daemon speaks again: was it silent for so long that its peer has taken over?"""
        if self.alive and self.standing and self.releasing is None and self._silent > self._patience:
            self._release()

    def _look(self) -> None:
        left = self._patience - self._silent
        if left > 1e-9:
            self._watch = self._clock.callLater(left, self._look)
        elif self.standing and self.releasing is None:
            self._release()
        else:
            self._watch = self._clock.callLater(self._patience, self._look)

    def _release(self) -> None:
        self.releasing = Deferred()
        if not self._daemon.dead:
            self._say(self._began, self._silent)
        ensureDeferred(self._stopAll(self.standing, self._silent))

    async def _stopAll(self, groups: tuple[GuardedGroup, ...], silent: float) -> None:
        self._machine.endScripts(self._daemon)
        left = [(group, stop) for group in groups for stop in group.stops]
        for attempt in range(ATTEMPTS):
            if attempt and left:
                await self._sleep(PAUSE)
            failed: list[tuple[GuardedGroup, Invocation]] = []
            for group, stop in left:
                if not self.alive:
                    return
                if not await stopped(self._machine, stop, self._clock):
                    failed.append((group, stop))
            left = failed
        self.standing = tuple(group for group in groups if any(one is group for one, _ in left))
        done, self.releasing = self.releasing, None
        if self._daemon.dead:
            self._end()
        else:
            self._last = self._clock.seconds()
            standing = tuple(group.key for group in self.standing)
            if standing:
                self._say(self._failed, standing)
            self.standing = ()
            self._watch = self._clock.callLater(self._patience, self._look)
            self._say(self._told, tuple(group.key for group in groups), silent)
            for asking in tuple(self._asking):
                self._answer(asking)
        if done is not None:
            done.callback(None)

    def _say(self, call: Callable[..., None], *args: object) -> None:
        """
        Write a line into the daemon's pipe.

        A daemon that was held finds it with all the mail in its sockets, and reads one or the other
        first: it may hear of its peer, and answer, before it knows what was released.
        """
        self._pipe.append((call, args))
        self._daemon.callLater(0, self._find, self._clock.seconds())

    def _find(self, written: float) -> None:
        if self._clock.seconds() > written:
            self._daemon.callLater(self._machine.random.uniform(0, TURN), self._read)
        else:
            self._read()

    def _read(self) -> None:
        lines, self._pipe = self._pipe, []
        for call, args in lines:
            call(*args)

    def _began(self, silent: float) -> None:
        if self.releaseBegan is not None:
            self.releaseBegan(silent)

    def _failed(self, keys: tuple[str, ...]) -> None:
        if self.releaseFailed is not None:
            self.releaseFailed(keys)

    def _sleep(self, seconds: float) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._clock.callLater(seconds, done.callback, None)
        return done

    def _told(self, keys: tuple[str, ...], silent: float) -> None:
        if self.released is not None:
            self.released(keys, silent)


async def stopped(machine: Machine, stop: Invocation, clock: SimClock) -> bool:
    """Run what L{SimAgent.emergencyStop} gave, without a daemon; whether it went well."""
    ending = await machine.operate(stop.argv[1], "stop", by=0, deadline=stop.deadline, clock=clock)
    return ending.ok


@implementer(IFencer)
class SimFencer:
    """
    A power switch that all machines share.

    @ivar works: it can be reached.
    @ivar seconds: how long a reset takes.
    """

    device = "simulated power switch"

    def __init__(
        self,
        clock: SimClock,
        reset: Callable[[NodeName, NodeName], None],
        source: NodeName,
        observe: Callable[[Observed], None] = lambda seen: None,
    ) -> None:
        self._clock = clock
        self._reset = reset
        self._source = source
        self._observe = observe
        self.works: Callable[[], bool] = lambda: True
        self.seconds = 2.0

    def fence(self, node: NodeName) -> Deferred[str]:
        """Reset a node, after the time that takes; cancelled before, it does nothing."""
        self._observe(ResetAsked(node=node, source=self._source))
        done: Deferred[str] = Deferred(lambda _: call.cancel())
        call = self._clock.callLater(self.seconds, self._act, node, done)
        return done

    def _act(self, node: NodeName, done: Deferred[str]) -> None:
        if not self.works():
            done.errback(FencingError("the simulated power switch does not answer"))
            return
        self._reset(node, self._source)
        done.callback(f"{node} was switched off and on")
