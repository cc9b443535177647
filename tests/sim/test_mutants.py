"""
Every invariant is violated by something: a small thing done wrong, planted in a world.

An invariant that no mutant can violate says nothing.  Most mutants stand at the seams, where a node
meets its disk, its keys, its files or its machine; L{EveryInvariantTests} keeps the list complete.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import ClusterConfig, Keys
from twisted_ha.events import UndecidedInput
from twisted_ha.operations import Outcome
from twisted_ha.resources.board import Board
from twisted_ha.sim.actors import SimAgent, SimGuardian
from twisted_ha.sim.catalogue import INVARIANTS
from twisted_ha.sim.disk import GenerationStore, MarkStore, SimDisk
from twisted_ha.sim.invariants import Invariant, Violation
from twisted_ha.sim.liveness import (
    BoundedQueues,
    Converges,
    DeathInTime,
    FailsBack,
    NoFalseDeath,
    NoStorm,
    StaysPut,
)
from twisted_ha.sim.report import Timeline
from twisted_ha.sim.safety import (
    ClaimedFirst,
    Decided,
    FencedFirst,
    FirstHeard,
    GenerationsGrow,
    InOrder,
    NoFriendlyFire,
    NoOrphans,
    NoWreck,
    OneAtATime,
    SingleOwner,
    StrangersIgnored,
)
from twisted_ha.sim.scenario import parseStory
from twisted_ha.sim.setup import ORIGINAL, Setup, clusterConfig
from twisted_ha.sim.simulate import runStory
from twisted_ha.sim.sky import Sky
from twisted_ha.sim.twin import clockTwin, hasTwin
from twisted_ha.sim.world import World
from twisted_ha.terms import FailbackMode, NodeName, ResourceSet

CONFIG = clusterConfig(deadtime=5.0, initdead=6.0)
KEEPING = replace(CONFIG, autoFailback=FailbackMode.OFF)
POWER_CUT = "at 30s power off alpha"
REPLAYED = (
    "at 30s reboot beta in 1s; at 45s power off beta; at 65s stop alpha; at 80s start alpha;"
    " at 81s replay 200 on eth1; until 90s"
)
"""Alpha hears two lives of beta, and everything of them is played again to its own next life."""


class MutantCase(SynchronousTestCase):
    """Runs mutants."""

    def run_(
        self,
        invariant: type[Invariant],
        story: str,
        prepare: Callable[[World], None] | None = None,
        setup: Setup | None = None,
    ) -> Timeline:
        setup = setup or Setup(config=CONFIG)
        return runStory(setup, parseStory(story, setup), [invariant], prepare)

    def violated(
        self,
        invariant: type[Invariant],
        story: str,
        prepare: Callable[[World], None] | None = None,
        setup: Setup | None = None,
    ) -> None:
        """The mutant violates the invariant."""
        timeline = self.run_(invariant, story, prepare, setup)
        self.assertTrue(timeline.violations, f"{invariant.name}: the mutant lives\n{timeline.render()}")
        self.assertEqual({one.invariant for one in timeline.violations}, {invariant.name})


class MutantTests(MutantCase):
    """One mutant for each invariant, or more."""

    def test_strangersToEachOther(self) -> None:
        """L{SingleOwner}: two nodes with different keys do not hear each other, though they could."""
        other = replace(CONFIG, keys=Keys(keys={1: Key("sha1", b"other")}, signing=1))
        self.violated(SingleOwner, "until 60s", setup=Setup(config=CONFIG, differing={"beta": other}))

    def test_guardianAsleep(self) -> None:
        """L{SingleOwner}: a stalled daemon whose guardian does not know what is held."""
        self.patch(SimGuardian, "hold", lambda guardian, groups: None)
        self.violated(SingleOwner, "at 30s pause alpha for 60s; until 80s")

    def test_startedByHand(self) -> None:
        """L{FirstHeard}: somebody starts on one machine what runs on the other."""

        def prepare(world: World) -> None:
            world.after(30, self._startByHand, world)

        self.violated(FirstHeard, "until 35s", prepare)

    def _startByHand(self, world: World) -> None:
        life = world.lives["beta"]
        world.machines["beta"].operate(
            "10.0.0.101", "start", by=life.number, deadline=60, clock=life.clock
        )

    def test_switchLies(self) -> None:
        """L{FencedFirst}: a power switch that says it has reset the node, and has not."""
        self.patch(World, "fence", lambda world, name, source: None)
        setup = Setup(config=CONFIG, fencing=True)
        self.violated(FencedFirst, "at 30s cut all; until 60s", setup=setup)

    def test_shootsFirst(self) -> None:
        """L{NoFriendlyFire}: a daemon that asks for a reset when nobody is dead."""

        def shoot(world: World) -> None:
            fencer = world.lives["alpha"].fencer()
            assert fencer is not None
            fencer.fence(NodeName("beta"))

        setup = Setup(config=CONFIG, fencing=True)
        prepare: Callable[[World], object] = lambda world: world.after(100, shoot, world)  # noqa: E731
        self.violated(NoFriendlyFire, "until 110s", lambda world: prepare(world) and None, setup)

    def test_takesInSilence(self) -> None:
        """L{ClaimedFirst}: a node that takes groups and does not say so."""
        report = Board.report

        def silent(board: Board, **how: Any) -> None:
            if not board.mine:
                report(board, **how)

        self.patch(Board, "report", silent)
        self.violated(ClaimedFirst, "until 30s")

    def test_backToFront(self) -> None:
        """L{InOrder}: a node whose haresources has a line back to front."""
        groups = [replace(one, resources=one.resources[::-1]) for one in CONFIG.groups]
        other = replace(CONFIG, groups=tuple(groups))
        setup = Setup(config=CONFIG, differing={"beta": other})
        self.violated(InOrder, "until 30s", setup=setup)

    def test_impatientAgent(self) -> None:
        """L{OneAtATime}: an agent that does not wait for its start before it starts again."""

        def start(agent: SimAgent, handedOver: bool) -> Deferred[Outcome]:
            agent._run("start", 60.0)
            return agent._run("start", 60.0).addCallback(agent._outcome)

        self.patch(SimAgent, "start", start)
        self.violated(OneAtATime, "until 30s")

    def test_keyIsKnown(self) -> None:
        """L{StrangersIgnored}: an attacker who has the key."""

        def prepare(world: World) -> None:
            world.attacker._ring = KeyRing(CONFIG.keys)

        self.violated(StrangersIgnored, "at 30s forge 200 on eth1; until 40s", prepare)

    def test_floorIgnored(self) -> None:
        """L{StrangersIgnored}: a daemon that does not read how far its last life has heard."""
        self.patch(MarkStore, "load", lambda store: {})
        self.violated(StrangersIgnored, REPLAYED)

    def test_floorNeverKept(self) -> None:
        """L{StrangersIgnored}: a daemon that never writes it, after a crash."""
        self.patch(MarkStore, "save", lambda store, marks: None)
        self.violated(StrangersIgnored, REPLAYED.replace("stop", "kill"))

    def test_floorWrittenInPlace(self) -> None:
        """L{StrangersIgnored}: one that writes it in place, and loses it with the power."""

        def inPlace(disk: SimDisk, name: str, content: bytes) -> None:
            disk.write(name, content)

        self.patch(SimDisk, "replace", inPlace)
        story = "at 20s tear disk of alpha; " + REPLAYED.replace("stop", "power off")
        self.violated(StrangersIgnored, story.replace("start", "power on"))

    def test_diskForgets(self) -> None:
        """L{GenerationsGrow}: a disk on which nothing is ever synced."""
        self.patch(SimDisk, "sync", lambda disk, name: None)

        def prepare(world: World) -> None:
            world.after(29, world.jumpClock, "alpha", -3600.0)

        self.violated(GenerationsGrow, "at 30s reboot alpha in 5s; until 40s", prepare)

    def test_writtenInPlace(self) -> None:
        """L{GenerationsGrow}: a generation that is written in place, and torn by the loss of power."""

        def inPlace(store: GenerationStore, wall: float) -> int:
            text = (store._disk.read("hb_generation") or b"").strip()
            generation = int(text) + 1 if text.isdigit() else int(wall) + 1
            store._disk.write("hb_generation", b"%15d\n" % generation)
            store._disk.sync("hb_generation")
            return generation

        self.patch(GenerationStore, "next", inPlace)
        story = (
            "at 20s tear disk of alpha; power off alpha; fail power of alpha at write 1;"
            "at 21s power on alpha; at 25s power on alpha; until 30s"
        )
        setups = [Setup(config=CONFIG, seed=seed) for seed in range(8)]
        told = [self.run_(GenerationsGrow, story, setup=setup) for setup in setups]
        self.assertTrue(any(timeline.violations for timeline in told))

    def test_guardianForgets(self) -> None:
        """L{NoOrphans}: a daemon dies whose guardian does not know what is held."""
        self.patch(SimGuardian, "hold", lambda guardian, groups: None)
        self.violated(NoOrphans, "at 30s kill alpha; until 40s")

    def test_undecided(self) -> None:
        """L{Decided}: a state machine that is given what nobody has thought of."""

        def prepare(world: World) -> None:
            world.after(20, self._undecided, world)

        self.violated(Decided, "until 21s", prepare)

    def _undecided(self, world: World) -> None:
        event = UndecidedInput(machine="standby", state="IDLE", given="MOONLIGHT")
        world.lives["alpha"].node.bus.publish(event)  # type: ignore[attr-defined]

    def test_raises(self) -> None:
        """L{NoWreck}: something raises in the middle of an acquisition."""

        def start(*ignored: object) -> Deferred[Outcome]:
            raise RuntimeError("there is a bug here")

        self.patch(SimAgent, "start", start)
        self.violated(NoWreck, "until 30s")
        self.flushLoggedErrors(RuntimeError)

    def _deadtime(self, seconds: float) -> ClusterConfig:
        timers = replace(CONFIG.timers, deadtime=seconds, initdead=max(6.0, seconds))
        return replace(CONFIG, timers=timers)

    def test_judgesTooSoon(self) -> None:
        """L{NoFalseDeath}: nodes that run with a shorter deadtime than was promised."""
        hasty = dict.fromkeys(CONFIG.nodes, self._deadtime(2.1))
        setup = Setup(config=CONFIG, differing=hasty)
        self.violated(NoFalseDeath, "at 20s pause alpha for 3.5s; until 30s", setup=setup)

    def test_judgesTooLate(self) -> None:
        """L{DeathInTime}: nodes that run with a longer deadtime than was promised."""
        lazy = dict.fromkeys(CONFIG.nodes, self._deadtime(9.0))
        setup = Setup(config=CONFIG, differing=lazy)
        self.violated(DeathInTime, POWER_CUT, setup=setup)

    def test_judgesAShortLifeTooLate(self) -> None:
        """L{DeathInTime}: the same, of a life of less than half a second behind another."""
        lazy = dict.fromkeys(CONFIG.nodes, self._deadtime(9.0))
        story = "at 30s reboot alpha in 0.25s; at 30.4s power off alpha; until 50s"
        self.violated(DeathInTime, story, setup=Setup(config=CONFIG, differing=lazy))

    def test_judgesTooLateBehindAnUnbornLife(self) -> None:
        """L{DeathInTime}: the same, if the next life ends before its first word."""
        lazy = dict.fromkeys(CONFIG.nodes, self._deadtime(9.0))
        story = "at 30s power off alpha; at 31s fail power of alpha at write 1; at 31s power on alpha"
        self.violated(DeathInTime, story, setup=Setup(config=CONFIG, differing=lazy))

    def test_halfTheFile(self) -> None:
        """L{Converges}: nodes whose haresources lack a group."""
        half = replace(CONFIG, groups=CONFIG.groups[:1])
        setup = Setup(config=CONFIG, differing=dict.fromkeys(CONFIG.nodes, half))
        self.violated(Converges, "", setup=setup)

    def test_halfTheFileInLegacy(self) -> None:
        """L{Converges}: in legacy mode an original that could not start excuses only its own."""
        config = replace(CONFIG, autoFailback=FailbackMode.LEGACY)
        half = replace(config, groups=config.groups[:1])
        kinds = {"beta": ORIGINAL}
        lacking = dict.fromkeys(CONFIG.nodes, half)
        self.violated(Converges, "", setup=Setup(config=config, kinds=kinds, differing=lacking))
        self.violated(
            Converges,
            "at 1s fail start of 10.0.0.101 on beta; at 20s power off alpha;"
            " at 30s mend start of 10.0.0.101 on beta; until 500s",
            setup=Setup(config=config, kinds=kinds),
        )

    def test_keepsIt(self) -> None:
        """L{FailsBack}: nodes that have been told C{auto_failback off}."""
        keeping = replace(CONFIG, autoFailback=FailbackMode.OFF)
        setup = Setup(config=CONFIG, differing=dict.fromkeys(CONFIG.nodes, keeping))
        self.violated(FailsBack, "at 30s power off alpha; at 60s power on alpha", setup=setup)

    def test_neverAsksAgain(self) -> None:
        """L{FailsBack}: who waited for a forgotten move is not asked any more when it has ended."""

        def forget(world: World) -> None:
            world.lives["alpha"].node.resources.audit.wantFailback = False  # type: ignore[attr-defined]

        story = (
            "at 20s slow stop of 10.0.0.102 on alpha to 4s; at 30s power off beta; at 50s power on beta;"
            " at 54s reboot alpha in 1s; at 59s mend stop of 10.0.0.102 on alpha; until 4200s"
        )
        setup = Setup(config=CONFIG, kinds={"beta": ORIGINAL})
        self.violated(FailsBack, story, lambda world: world.after(100, forget, world) and None, setup)

    def test_neverDone(self) -> None:
        """L{FailsBack}: an original waits for the word of a node that was never started anew."""

        def muffle(world: World) -> None:
            mover = world.lives["alpha"].node.resources.mover  # type: ignore[attr-defined]
            say = mover._say
            self.patch(mover, "_say", lambda step: None if step == "done" else say(step))

        setup = Setup(config=CONFIG, kinds={"beta": ORIGINAL})
        story = "at 30s power off beta; at 50s power on beta; until 300s"
        self.violated(FailsBack, story, lambda world: world.after(1, muffle, world) and None, setup)

    def _giveAway(self, world: World) -> None:
        for owner in world.owners("10.0.0.101"):
            world.standby(owner, ResourceSet.ALL)

    def test_restless(self) -> None:
        """L{StaysPut}: a node that gives its groups away when nobody asked."""
        setup = Setup(config=KEEPING)
        self.violated(
            StaysPut, "until 100s", lambda world: world.after(90, self._giveAway, world) and None, setup
        )

    def test_restlessAfterAFailure(self) -> None:
        """L{StaysPut}: the same, of a group whose stop had failed when it was asked for."""
        story = (
            "at 60s fail stop of 10.0.0.101 on alpha; at 60s standby local on alpha;"
            " at 70s mend stop of 10.0.0.101 on alpha; at 90s takeover local on alpha; until 250s"
        )
        setup = Setup(config=KEEPING)
        self.assertEqual(self.run_(StaysPut, story, setup=setup).violations, ())
        self.violated(
            StaysPut, story, lambda world: world.after(240, self._giveAway, world) and None, setup
        )

    def test_leaks(self) -> None:
        """L{BoundedQueues}: a daemon that plans more than it ever gets done."""

        def leak(world: World) -> None:
            for _ in range(100):
                world.lives["alpha"].clock.callLater(1e6, leak, world)
            world.after(1, leak, world)

        self.violated(BoundedQueues, "until 80s", lambda world: world.after(1, leak, world) and None)

    def test_chatters(self) -> None:
        """L{NoStorm}: a node that reports without end."""

        def chatter(world: World) -> None:
            world.lives["alpha"].node.resources.board.report()  # type: ignore[attr-defined]
            world.after(0.002, chatter, world)

        self.violated(NoStorm, "until 25s", lambda world: world.after(1, chatter, world) and None)


class WallClockMutantTests(MutantCase):
    """The invariant that compares two runs."""

    STORY = "at 20s set clock of alpha by +3600s; until 60s"

    def twin(self) -> Violation | None:
        setup = Setup(config=CONFIG)
        story = parseStory(self.STORY, setup)
        self.assertTrue(hasTwin(setup, story))
        return clockTwin(setup, story, runStory(setup, story, ()))

    def test_looksAtTheTimeOfDay(self) -> None:
        """A daemon whose clock is the time of day decides otherwise when that is set."""

        def jump(world: World, name: str, seconds: float) -> None:
            world.lives[name].clock.base += seconds

        self.patch(World, "jumpClock", jump)
        parted = self.twin()
        self.assertTrue(parted is not None and parted.at >= 20)

    def test_ours(self) -> None:
        """Ours does not look."""
        self.assertIsNone(self.twin())


class OriginalMutantTests(MutantCase):
    """Known bugs of the original are mutants too: the invariants find them."""

    def setUp(self) -> None:
        self.setup = Setup(config=CONFIG, kinds=dict.fromkeys(CONFIG.nodes, ORIGINAL))

    def test_stall(self) -> None:
        """B6: a stalled node declares its healthy peer dead."""
        self.violated(NoFalseDeath, "at 30s pause alpha for 9s; until 45s", setup=self.setup)

    def test_orphans(self) -> None:
        """B3: groups of a node that reboots too quickly are taken by nobody."""
        story = "at 30s standby local on alpha; at 60s reboot beta in 1s"
        self.violated(Converges, story, setup=self.setup)

    def test_halfATakeover(self) -> None:
        """
        Row D6: an original that has only just started takes nothing but its own from a node that was
        gone before it had said anything.  What nobody claims is held against ours only if one runs.
        """
        story = "at 0.2s protect disk of alpha; at 0.6s reboot alpha in 0.3s"
        back = "; at 40s mend disk of alpha; at 40s start alpha"
        setup = Setup(config=KEEPING, kinds={"beta": ORIGINAL})
        for end, culprits in (("", {"beta"}), (back, set())):
            timeline = self.run_(Converges, story + end, setup=setup)
            self.assertEqual({one.culprit for one in timeline.violations}, culprits)

    def test_idle(self) -> None:
        """A node of ours that does not take what nobody claims is to blame, whoever else is there."""
        half = replace(CONFIG, groups=CONFIG.groups[:1])
        self.patch(Sky, "claimers", lambda sky, group: [])
        for stranger in CONFIG.nodes:
            setup = replace(
                self.setup, kinds={stranger: ORIGINAL}, differing=dict.fromkeys(CONFIG.nodes, half)
            )
            timeline = self.run_(Converges, "", setup=setup)
            ours = next(name for name in CONFIG.nodes if name != stranger)
            self.assertEqual({one.culprit for one in timeline.violations}, {ours})


class EveryInvariantTests(SynchronousTestCase):
    """The list of mutants."""

    def test_complete(self) -> None:
        """Every invariant of the catalogue is named by a mutant's test."""
        told = " ".join(
            getattr(MutantTests, name).__doc__ or ""
            for name in dir(MutantTests)
            if name.startswith("test_")
        )
        missing = [one.__name__ for one in INVARIANTS if f"L{{{one.__name__}}}" not in told]
        self.assertEqual(missing, [])
