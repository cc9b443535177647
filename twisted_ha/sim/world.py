"""
A whole cluster with its cables, its disks and its bad days, on one clock and one seed.

The world steps from one pending call to the next, and after every step in which something could be seen
the invariants are asked.  Nodes are put together by L{twisted_ha.assembly.assemble}, as in production.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING
from zlib import crc32

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import ClusterConfig, Keys
from twisted_ha.sim.actors import SimGuardian, stopped
from twisted_ha.sim.attacker import Attacker
from twisted_ha.sim.clock import SimCall, SimClock, WorldTime
from twisted_ha.sim.daemons import Life, beget
from twisted_ha.sim.ledger import Ledger
from twisted_ha.sim.machine import Behaviour, Machine
from twisted_ha.sim.network import Network, Segment, SimMedium, Switched
from twisted_ha.sim.observed import FaultMade, Observed, Reset, Wreck
from twisted_ha.sim.ring import CommonRing
from twisted_ha.sim.setup import Setup, layCables
from twisted_ha.sim.sky import Sky
from twisted_ha.terms import NodeName, ResourceSet

if TYPE_CHECKING:
    from twisted_ha.sim.invariants import Invariant

__all__ = ["World"]

FEW = 2
"""Machines: of so few no two hear the same frame."""

WRONG_KEYS = Keys(keys={1: Key("sha1", b"of another cluster")}, signing=1)


@implementer(ILogObserver)
class _Bugs:
    """Hears of every traceback that is logged while a world runs."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __call__(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            self._tell(f"{failure.type.__name__}: {failure.getErrorMessage()}")


class World:
    """
    A cluster being simulated.

    @ivar time: the one clock; C{world.time.now} is in seconds since the beginning.
    @ivar machines: by name, in the order of C{ha.cf}.
    @ivar lives: the daemon that runs on each machine, if any.
    @ivar history: everything observed, with its time.
    @ivar faultAt: when the last step of the story was done, or the last fault ended by itself.
    """

    def __init__(self, setup: Setup, invariants: Iterable[Callable[[World], Invariant]] = ()) -> None:
        self.setup = setup
        self.time = WorldTime()
        self.clock = SimClock(self.time)
        wire = Switched if setup.orderly else Segment
        self.network = Network(self.clock, Random(f"{setup.seed}/network"), wire)
        self.random = Random(f"{setup.seed}/world")
        self.history: list[tuple[float, Observed]] = []
        self.faultAt = 0.0
        self.fencingWorks = True
        self.lives: dict[str, Life] = {}
        self.guardians: dict[str, SimGuardian | None] = {}
        self._born = 0
        self._fresh = False
        self.invariants: list[Invariant] = []
        self._told: list[Invariant] = []
        self._asked: list[Invariant] = []
        self._digest = sha256()
        self._frames = 0
        self._starting: set[str] = set()
        self._rings: list[tuple[Keys, CommonRing]] = []
        self.machines: dict[str, Machine] = {
            name: Machine(
                name,
                self.time,
                setup.config.groups,
                Random(f"{setup.seed}/{name}"),
                self.observe,
                rate=setup.rates.get(name, 1.0),
                base=1000.0 * (place + 1),
                timings=setup.timings,
            )
            for place, name in enumerate(setup.config.nodes)
        }
        layCables(self.network, setup)
        self.sky = Sky(self)
        self.ledger = Ledger()
        self.attacker = Attacker(self)
        self.network.taps.append(self._fold)
        self.invariants = [make(self) for make in invariants]
        # Most want to be told or to be asked, and few want both.
        self._told = [one for one in self.invariants if one.observes]
        self._asked = [one for one in self.invariants if one.checks]
        if setup.autoStart:
            for name in self.machines:
                self.clock.callLater(self.random.uniform(0, 0.5), self.powerOn, name)

    # ---- running ---------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        """Run to C{until} seconds, asking the invariants after every step."""
        bugs = _Bugs(self._wreck)
        globalLogPublisher.addObserver(bugs)
        try:
            while self._stepping(until):
                pass
        finally:
            globalLogPublisher.removeObserver(bugs)
        self._ask()

    def _stepping(self, until: float) -> bool:
        """Step until nothing is left, or something raises; @return: whether it was the latter."""
        step = self.time.step
        try:
            while step(until):
                if self._fresh:
                    self._ask()
        except Exception as error:
            self._wreck(f"{type(error).__name__}: {error}")
            self._ask()
            return True
        return False

    def _ask(self) -> None:
        self._fresh = False
        for invariant in self._asked:
            invariant.check()

    def finish(self) -> None:
        """It is over.  An error that nobody handled is told when its Deferred is forgotten: now."""
        bugs = _Bugs(self._wreck)
        globalLogPublisher.addObserver(bugs)
        try:
            gc.collect()
        finally:
            globalLogPublisher.removeObserver(bugs)
        self._ask()

    def _wreck(self, text: str) -> None:
        self.observe(Wreck(node="", text=text))

    def after(self, seconds: float, call: Callable[..., object], *args: object) -> SimCall:
        """Call something at a time of the world, whatever becomes of the nodes."""
        return self.clock.callLater(seconds, call, *args)

    def observe(self, seen: Observed) -> None:
        """Take down a fact."""
        self.history.append((self.time.now, seen))
        self._digest.update(f"{self.time.now:.9f} {seen.node} {seen}\n".encode())
        self.sky.observe(seen)
        for invariant in self._told:
            invariant.observe(seen)
        self._fresh = True

    def _fold(self, medium: SimMedium, frame: bytes) -> None:
        self._frames = crc32(frame, self._frames)

    @property
    def digest(self) -> str:
        """The whole history as one number: the same seed gives the same."""
        made = self._digest.copy()
        made.update(b"%d" % self._frames)
        return made.hexdigest()[:16]

    # ---- looking ---------------------------------------------------------------------------------

    def owners(self, group: str) -> list[str]:
        """The machines on which anything of a group may be running, whatever anybody believes."""
        return [name for name, machine in self.machines.items() if machine.holds(group)]

    def living(self, name: str) -> Life | None:
        """The daemon that runs on a machine, paused or not."""
        life = self.lives.get(name)
        return life if life is not None and life.running else None

    def well(self, name: str) -> bool:
        """Whether a daemon runs there and is not held."""
        life = self.living(name)
        return life is not None and not life.paused and not self.machines[name].frozen

    @property
    def quietAt(self) -> float:
        """When the last invariants have been asked, if nothing happens any more."""
        return max(self.faultAt, self.sky.agentsWellAt) + self.sky.settleTime + 1.0

    # ---- what the story does ---------------------------------------------------------------------

    def fault(self, text: str) -> None:
        """Take down that the story did something."""
        self.faultAt = max(self.faultAt, self.time.now)
        self.observe(FaultMade(node="", text=text))

    def _later(self, seconds: float, text: str, call: Callable[..., object], *args: object) -> None:
        def act() -> None:
            call(*args)
            self.fault(text)

        self.faultAt = max(self.faultAt, self.time.now + seconds)
        self.after(seconds, act)

    def start(self, name: str) -> None:
        """
        Start the daemon.  As the real one does, it first waits for a release by the guardian of its
        last life, and stops what that one left standing.
        """
        machine = self.machines[name]
        if not machine.powered or self.living(name) is not None or name in self._starting:
            return
        self._starting.add(name)
        ensureDeferred(self._begin(machine, self.guardians.get(name)))

    async def _begin(self, machine: Machine, guardian: SimGuardian | None) -> None:
        clock = machine.clock
        standing: set[str] = set()
        if guardian is not None:
            if guardian.releasing is not None and guardian.alive:
                waiting: Deferred[None] = Deferred()
                guardian.releasing.addCallback(lambda _: waiting.callback(None))
                await waiting
            for group in guardian.standing:
                for stop in group.stops:
                    if not await stopped(machine, stop, clock):
                        standing.add(group.key)
        if clock is not machine.clock or not machine.powered:
            return
        self._starting.discard(machine.name)
        self._born += 1
        life = self.lives[machine.name] = beget(self, machine, self._born)
        life.leftStanding = frozenset(standing)
        life.begin()
        self.guardians[machine.name] = life.guardian

    def powerOn(self, name: str) -> None:
        """Switch a machine on; its daemon starts."""
        machine = self.machines[name]
        if not machine.powered:
            machine.switchOn()
            self.start(name)

    def powerOff(self, name: str) -> None:
        """Pull the plug."""
        machine = self.machines[name]
        if not machine.powered:
            return
        life = self.living(name)
        self.guardians.pop(name, None)
        self._starting.discard(name)
        machine.losePower()
        if life is not None:
            life.end("killed", "no power")

    def reboot(self, name: str, seconds: float) -> None:
        """Lose power and have it again after C{seconds}."""
        self.powerOff(name)
        self._later(seconds, f"{name} has booted", self.powerOn, name)

    def fence(self, name: NodeName, source: NodeName) -> None:
        """The power switch resets a machine, because C{source} asked."""
        self.observe(Reset(node=name, source=source))
        self.reboot(name, 40.0)

    def kill(self, name: str, guardianToo: bool = False) -> None:
        """SIGKILL for the daemon."""
        life = self.living(name)
        if life is None:
            return
        if guardianToo and life.guardian is not None:
            life.guardian.kill()
        life.die()

    def stop(self, name: str) -> None:
        """SIGTERM for the daemon."""
        life = self.living(name)
        if life is not None and not life.paused:
            life.terminate()

    def pause(self, name: str, seconds: float) -> None:
        """The daemon does not run for a while; everything else on the machine does."""
        life = self.living(name)
        if life is None or life.paused:
            return
        life.pause()

        def go() -> None:
            if life.running and life.paused:
                life.resume()
                self.fault(f"{name} runs again")

        self.after(seconds, go)

    def freeze(self, name: str, seconds: float) -> None:
        """The whole machine stands still for a while."""
        machine = self.machines[name]
        life = self.living(name)
        if not machine.powered or machine.frozen or (life is not None and life.paused):
            return
        machine.frozen = True
        machine.clock.pause()
        if life is not None:
            life.pause()

        def go() -> None:
            if not machine.frozen:
                return
            machine.frozen = False
            machine.clock.resume()
            if life is not None and life.running:
                life.resume()
            self.fault(f"{name} thaws")

        self.after(seconds, go)

    def jumpClock(self, name: str, seconds: float) -> None:
        """Somebody sets a machine's time of day."""
        self.machines[name].wall.offset += seconds

    def rekey(self, name: str, stranger: bool) -> None:
        """Somebody gives a node another C{authkeys}, or the right one again, and it is read at once."""
        strangers = self.network.strangers
        (strangers.add if stranger else strangers.discard)(name)
        life = self.living(name)
        if life is not None:
            life.rekey(self.ringOf(life.name))

    def configOf(self, name: NodeName) -> ClusterConfig:
        """The configuration as a node has it at present."""
        config = self.setup.configOf(name)
        return replace(config, keys=WRONG_KEYS) if name in self.network.strangers else config

    def ringOf(self, name: NodeName) -> KeyRing:
        """The keys a node has at present, ready for use."""
        keys = self.configOf(name).keys
        if len(self.machines) <= FEW:
            return KeyRing(keys)
        for known, ring in self._rings:
            if known == keys:
                return ring
        made = CommonRing(keys)
        self._rings.append((keys, made))
        return made

    def behave(self, name: str, resource: str, verb: str, manner: Behaviour | None) -> None:
        """Make an agent behave otherwise; L{None} for as usual."""
        machine = self.machines[name]
        if manner is None:
            machine.behaviours.pop((resource, verb), None)
        else:
            machine.behaviours[resource, verb] = manner

    def standby(self, name: str, resources: ResourceSet) -> None:
        """An operator runs C{hb_standby} on a node."""
        if self.well(name):
            self.lives[name].standby(resources)

    def takeover(self, name: str, resources: ResourceSet) -> None:
        """An operator runs C{hb_takeover} on a node."""
        if self.well(name):
            self.lives[name].takeover(resources)

    def lifeEnded(self, life: Life) -> None:
        """A daemon's process is gone."""
