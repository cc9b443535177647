"""A daemon as a process on a machine: how it begins, is stopped, is held, and is killed."""

from __future__ import annotations

from math import ceil
from random import Random
from typing import TYPE_CHECKING

from twisted_ha.assembly import LocalNode, Surroundings, assemble
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.config.model import Resource
from twisted_ha.errors import StateError
from twisted_ha.fencing.absent import AbsentFencer
from twisted_ha.interfaces import IFencer
from twisted_ha.sim.actors import SimFencer, SimGuardian, SimRegistry
from twisted_ha.sim.disk import GenerationStore, MarkStore, PowerFailed
from twisted_ha.sim.ledger import SAVE_EVERY
from twisted_ha.sim.machine import Machine
from twisted_ha.sim.observed import LifeChanged, NodeSaid
from twisted_ha.sim.original.holdings import Standby
from twisted_ha.sim.original.node import OriginalNode
from twisted_ha.sim.original.seal import KeyRingSeal
from twisted_ha.sim.setup import ORIGINAL, plugIn
from twisted_ha.sim.street import answeredFor
from twisted_ha.terms import NodeName, ResourceSet

if TYPE_CHECKING:
    from twisted_ha.events import Event
    from twisted_ha.sim.world import World

__all__ = ["Life", "OriginalLife", "OurLife", "beget"]


class Life:
    """
    One run of a daemon, from its start to its end.

    @ivar number: counted over all machines, from 1.
    @ivar generation: what it calls itself on the wire; 0 before it has one.
    @ivar began: the world's seconds.
    @ivar running: it has begun and not ended.
    @ivar leaving: it was asked to stop.
    @ivar foundOrphans: resources ran on the machine before it did.
    @ivar leftStanding: the groups of an earlier daemon that would not stop before this one began.
    """

    kind = ""

    def __init__(self, world: World, machine: Machine, number: int) -> None:
        self.world = world
        self.machine = machine
        self.number = number
        self.name: NodeName = machine.name
        self.config = world.configOf(machine.name)
        self.clock = machine.clock.fork()
        self.random = Random(f"{world.setup.seed}/{machine.name}/{number}")
        self.media = plugIn(world.network, self.config, None if self.kind == ORIGINAL else self.clock)
        self.generation = 0
        self.began = world.time.now
        self.running = False
        self.paused = False
        self.leaving = False
        self.foundOrphans = any(one.standing for one in machine.conditions.values())
        self.leftStanding: frozenset[str] = frozenset()
        self.guardian: SimGuardian | None = None
        self._diskFailures = machine.disk.failures

    @property
    def diskFailed(self) -> bool:
        """Whether the disk did not do something that this life asked for."""
        return self.machine.disk.failures > self._diskFailures

    @property
    def busy(self) -> bool:
        """Whether it is an original with scripts under way."""
        return False

    @property
    def awaitsMove(self) -> bool:
        """Whether it is an original in a move, which takes part in no other before that has ended."""
        return False

    def observe(self, bus: EventBus) -> None:
        """Tell the world what is published."""

        def told(event: Event, when: float) -> None:
            self.world.observe(NodeSaid(node=self.name, event=event, life=self.number))

        bus.subscribe(told)

    def changed(self, what: str, detail: str = "") -> None:
        """Tell the world what became of this life."""
        self.world.observe(LifeChanged(node=self.name, what=what, life=self.number, detail=detail))

    def begin(self) -> None:
        """Take a generation and run."""
        store = GenerationStore(self.machine.disk)
        try:
            self.generation = store.next(self.machine.wall())
        except StateError as error:
            self.end("refused", str(error))
            return
        except PowerFailed:
            self.end("killed", "no power, in the middle of writing its generation")
            self.world.powerOff(self.name)
            return
        self.running = True
        self.world.ledger.began(self)
        self.changed("started", f"generation {self.generation}")
        self.run()

    def run(self) -> None:
        """Begin the daemon's work."""
        raise NotImplementedError

    def terminate(self) -> None:
        """SIGTERM."""
        raise NotImplementedError

    def rekey(self, ring: KeyRing) -> None:
        """Sign and check with other keys from now on."""
        raise NotImplementedError

    def standby(self, resources: ResourceSet) -> None:
        """What C{hb_standby} does."""
        raise NotImplementedError

    def takeover(self, resources: ResourceSet) -> None:
        """What C{hb_takeover} does."""
        raise NotImplementedError

    def fingerprint(self) -> object:
        """Everything a stranger's packet must not change."""
        return None

    def queues(self) -> dict[str, int]:
        """How much the daemon keeps in memory, by what it is."""
        return {}

    def end(self, what: str, detail: str = "") -> None:
        """The process is gone."""
        self.running = False
        self.paused = False
        self.clock.kill()
        for medium in self.media:
            medium.unplug()
        self.changed(what, detail)
        self.world.lifeEnded(self)

    def die(self) -> None:
        """SIGKILL: nothing is said, and the guardian's pipe closes."""
        self.end("killed")
        if self.guardian is not None:
            self.guardian.daemonDied()

    def pause(self) -> None:
        """SIGSTOP."""
        self.paused = True
        self.clock.pause()
        for medium in self.media:
            medium.paused = True
        self.changed("paused")

    def resume(self) -> None:
        """
        SIGCONT: what became due and what arrived is worked off, one or the other first, as chance will
        have it.
        """
        self.paused = False
        self.changed("resumed")
        framesFirst = self.random.random() < 0.5
        if framesFirst:
            self.clock.paused = False
            for medium in self.media:
                medium.resume()
        self.clock.resume()
        if not framesFirst:
            self.clock.callLater(0, self._readAgain)

    def _readAgain(self) -> None:
        for medium in self.media:
            medium.resume()

    def fencer(self) -> IFencer | None:
        """The power switch, if there is one."""
        if not self.world.setup.fencing:
            return None
        fencer = SimFencer(self.clock, self.world.fence, self.name, self.world.observe)
        fencer.works = lambda: self.world.fencingWorks
        return fencer


class OurLife(Life):
    """A run of our own daemon."""

    kind = "ours"
    node: LocalNode

    def run(self) -> None:
        timers = self.config.timers
        self.guardian = SimGuardian(self.machine, self.clock, timers.deadtime - timers.keepalive)
        self.node = assemble(
            self.config,
            Surroundings(
                clock=self.clock,
                wallClock=self.machine.wall,
                random=self.random,
                media=self.media,
                agents=SimRegistry(
                    self.machine, self.clock, self.number, self.config.tuning, self._answered
                ),
                fencer=self.fencer() or AbsentFencer(),
                guardian=self.guardian,
                generation=self.generation,
                uuid=self.name.encode().ljust(16, b"\0")[:16],
                marks=MarkStore(self.machine.disk, self._powerFailed),
            ),
        )
        self.rekey(self.world.ringOf(self.name))
        self.observe(self.node.bus)
        self.node.resources.worker.suspect(
            self.leftStanding, "left by an earlier daemon, and would not stop"
        )
        for medium in self.media:
            medium.open(self.node.core.receiver)
        self.node.start()
        self.clock.callLater(SAVE_EVERY, self._kept)

    def _kept(self) -> None:
        self.world.ledger.kept(self)
        self.clock.callLater(SAVE_EVERY, self._kept)

    def _powerFailed(self) -> None:
        self.world.after(0, self.world.powerOff, self.name)

    def end(self, what: str, detail: str = "") -> None:
        if self.running:
            ledger = self.world.ledger
            (ledger.kept if what == "stopped" else ledger.crashed)(self)
        super().end(what, detail)

    def _answered(self, resource: Resource) -> bool:
        taken = self.config.tuning.takeConflicting
        return not taken and answeredFor(self.world, self.name, resource)

    def terminate(self) -> None:
        if self.leaving:
            return
        self.leaving = True

        def left(_: None) -> None:
            if self.guardian is not None:
                self.guardian.stop()
            self.end("stopped")

        self.node.stop().addCallback(left)

    def rekey(self, ring: KeyRing) -> None:
        self.node.core.replaceKeyRing(ring)

    def standby(self, resources: ResourceSet) -> None:
        self.node.resources.requests.standby(resources)

    def takeover(self, resources: ResourceSet) -> None:
        self.node.resources.requests.takeover(resources)

    def queues(self) -> dict[str, int]:
        core = self.node.core
        return {
            "sent messages": len(core._transmitter.history),
            "missing numbers": sum(len(node.sequence.missing) for node in core.nodes),
            "verified frames": len(core.receiver._known),
            "events": len(self.node.bus._waiting),
            "pending calls": len(self.clock.getDelayedCalls()),
        }

    def fingerprint(self) -> object:
        resources = self.node.resources
        peer = resources.board.peer
        nodes = self.node.core.nodes.peers
        return (
            [(node.word, node.generation, node.sequence.last, node.lastStatus) for node in nodes],
            resources.joiner.phase,
            resources.board.mine,
            peer and (peer.alive, peer.resources, peer.stable, peer.left, peer.sequence),
            tuple(runner.state for runner in resources.worker.runners.values()),
        )


class OriginalLife(Life):
    """A run of the model of heartbeat 3.0.6."""

    kind = "original"
    node: OriginalNode

    def run(self) -> None:
        self.node = OriginalNode(
            self.config,
            machine=self.machine,
            clock=self.clock,
            random=self.random,
            media=self.media,
            fencer=self.fencer(),
            generation=self.generation,
            uuid=self.name.encode().ljust(16, b"\0")[:16],
            life=self.number,
        )
        self.observe(self.node.bus)
        self.node.start(self._finished, self._reboot)

    @property
    def busy(self) -> bool:
        return self.node.resources.jobs > 0

    @property
    def awaitsMove(self) -> bool:
        return self.node.resources.standby is not Standby.NOT

    def _finished(self, again: bool) -> None:
        self.end("stopped", "it will start itself again" if again else "")
        if again:
            pause = ceil(self.config.timers.deadtime) + 1
            self.machine.clock.callLater(pause, self.world.start, self.name)

    def _reboot(self) -> None:
        self.world.reboot(self.name, 30.0)

    def terminate(self) -> None:
        self.leaving = True
        self.node.resources.terminate()

    def rekey(self, ring: KeyRing) -> None:
        self.node.link.reseal(KeyRingSeal(ring))

    def standby(self, resources: ResourceSet) -> None:
        self.node.resources.hbStandby(resources)

    def takeover(self, resources: ResourceSet) -> None:
        self.node.resources.hbTakeover(resources)

    def fingerprint(self) -> object:
        half = self.node.resources
        return (half.phase, half.mine, half.theirs, half.peerStable, half.standby, half.jobs)


def beget(world: World, machine: Machine, number: int) -> Life:
    """A new life of the program that a machine runs."""
    if world.setup.kindOf(machine.name) == ORIGINAL:
        return OriginalLife(world, machine, number)
    return OurLife(world, machine, number)
