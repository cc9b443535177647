"""L{twisted_ha.sim.simulate}, L{twisted_ha.sim.report} and L{twisted_ha.sim.world}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.errors import StateError
from twisted_ha.sim.invariants import Invariant
from twisted_ha.sim.observed import LifeChanged, OperationBegan
from twisted_ha.sim.scenario import StoryError, parseStory
from twisted_ha.sim.setup import ORIGINAL, Setup, clusterConfig
from twisted_ha.sim.simulate import runStory, simulate
from twisted_ha.sim.world import World

STORY = "at 20s power off alpha; at 60s power on alpha; until 90s"


class SimulateTests(SynchronousTestCase):
    """L{simulate}."""

    def test_tellsWhatHappens(self) -> None:
        """A timeline says who died, who took over, what it cost, and who holds what in the end."""
        timeline = simulate(clusterConfig(), STORY)
        text = timeline.render()
        self.assertIn("* power off alpha", text)
        self.assertIn("node alpha: is dead", text)
        self.assertIn("10.0.0.101 is with alpha in the end", text)
        down = [one for one in timeline.interruptions if one.group == "10.0.0.101" and one.begin == 20.0]
        self.assertEqual(len(down), 1)
        self.assertTrue(9 < (down[0].end or 0) - 20 < 12, down)

    def test_sameSeed(self) -> None:
        """The same seed and story give the same history, to the last bit."""
        first, second = (simulate(clusterConfig(), STORY, seed=3) for _ in range(2))
        self.assertEqual(first, second)

    def test_otherSeed(self) -> None:
        """Another seed gives another history."""
        first, second = (simulate(clusterConfig(), STORY, seed=seed) for seed in (3, 4))
        self.assertNotEqual(first.digest, second.digest)

    def test_badStory(self) -> None:
        """A story that cannot be understood is refused before anything runs."""
        self.assertRaises(StoryError, simulate, clusterConfig(), "at 1s eat lunch")

    def test_detail(self) -> None:
        """With detail every script is shown; without, the decisions."""
        timeline = simulate(clusterConfig(), "until 20s")
        self.assertNotIn("daemon0 start ok", timeline.render())
        self.assertIn("daemon0 start ok", timeline.render(detail=True))

    def test_around(self) -> None:
        """The lines near an instant, for a bug report."""
        timeline = simulate(clusterConfig(), STORY)
        self.assertIn("power off", timeline.around(20.0, 1.0))
        self.assertNotIn("power on", timeline.around(20.0, 1.0))


class WorldTests(SynchronousTestCase):
    """L{World}."""

    def world(self, **more: object) -> World:
        return World(Setup(config=clusterConfig(), **more))  # type: ignore[arg-type]

    def lives(self, world: World, node: str) -> list[str]:
        return [
            seen.what for _, seen in world.history if isinstance(seen, LifeChanged) and seen.node == node
        ]

    def test_killedDaemon(self) -> None:
        """A killed daemon's resources are released by its guardian, and it can be started again."""
        world = self.world()
        world.run(20)
        self.assertEqual(world.owners("10.0.0.101"), ["alpha"])
        world.kill("alpha")
        world.run(21)
        self.assertEqual(world.owners("10.0.0.101"), [])
        world.start("alpha")
        world.run(22)
        self.assertEqual(self.lives(world, "alpha"), ["started", "killed", "started"])

    def test_startWaitsForTheGuardian(self) -> None:
        """A daemon that is started while the guardian releases begins when that is done."""
        world = self.world()
        world.run(20)
        world.kill("alpha")
        world.start("alpha")
        self.assertIsNone(world.living("alpha"))
        world.run(21)
        self.assertIsNotNone(world.living("alpha"))

    def test_startStopsWhatWasLeft(self) -> None:
        """A daemon whose guardian was killed too stops what was left before it says a word."""
        world = self.world()
        world.run(20)
        world.kill("alpha", guardianToo=True)
        world.run(21)
        self.assertEqual(world.owners("10.0.0.101"), ["alpha"])
        world.start("alpha")
        world.run(30)
        said = [seen for at, seen in world.history if at >= 21 and seen.node == "alpha"]
        stops = [one for one in said if isinstance(one, OperationBegan) and one.by == 0]
        self.assertEqual([one.resource for one in stops], ["daemon0", "10.0.0.101"])
        begins = next(one for one in said if isinstance(one, LifeChanged))
        self.assertTrue(said.index(stops[-1]) < said.index(begins))

    def test_pausedDaemon(self) -> None:
        """A paused daemon sends nothing, and goes on afterwards."""
        world = self.world()
        world.run(20)
        world.pause("alpha", 5)
        world.run(24.9)
        silent = 24.9 - world.network.reached["alpha", "beta"]
        self.assertTrue(3.9 < silent < 6, silent)
        world.run(27)
        self.assertTrue(world.network.reached["alpha", "beta"] > 25)
        self.assertEqual(self.lives(world, "alpha"), ["started", "paused", "resumed"])

    def test_frozenMachine(self) -> None:
        """On a frozen machine the guardian stands still too."""
        world = self.world()
        world.run(20)
        world.freeze("alpha", 30)
        world.run(45)
        self.assertIn("alpha", world.owners("10.0.0.101"))

    def test_reboot(self) -> None:
        """A rebooted machine has lost what ran and has a higher generation."""
        world = self.world()
        world.run(20)
        before = world.lives["alpha"].generation
        world.reboot("alpha", 2)
        self.assertEqual(world.owners("10.0.0.101"), [])
        world.run(25)
        self.assertEqual(world.lives["alpha"].generation, before + 1)

    def test_badDisk(self) -> None:
        """A daemon that cannot store its generation does not begin."""
        world = self.world(autoStart=False)
        world.machines["alpha"].disk.full = True
        world.powerOn("alpha")
        self.assertEqual(self.lives(world, "alpha"), ["refused"])
        self.assertRaises(StateError, world.machines["alpha"].disk.write, "x", b"")

    def test_bugIsSeen(self) -> None:
        """What raises in a call is taken down, and the world goes on."""
        world = self.world(autoStart=False)
        world.after(1, lambda: 1 / 0)
        world.run(2)
        self.assertEqual(
            [str(seen) for _, seen in world.history], ["BUG: ZeroDivisionError: division by zero"]
        )
        self.assertEqual(world.time.now, 2)

    def test_invariantsAreAsked(self) -> None:
        """An invariant is told everything and asked after each step; its counts are reported."""

        class Never(Invariant):
            name = "never"

            def check(self) -> None:
                self.claim(self.now > 20, not self.world.owners("10.0.0.101"), "it runs")

        setup = Setup(config=clusterConfig())
        timeline = runStory(setup, parseStory("at 21s power off alpha; until 21s", setup), [Never])
        count = timeline.counts[0]
        self.assertEqual(count.invariant, "never")
        self.assertTrue(count.evaluations > count.premises > 0)
        self.assertEqual(count.violations, len(timeline.violations))


class OriginalTests(SynchronousTestCase):
    """The model of heartbeat 3.0.6, against the timelines of resource-management.md section 9."""

    def timeline(self, story: str, seed: int = 1, **more: object) -> str:
        config = clusterConfig(**more)  # type: ignore[arg-type]
        kinds = dict.fromkeys(config.nodes, ORIGINAL)
        self.result = simulate(config, story, seed=seed, kinds=kinds)
        return self.result.render()

    def test_coldStart(self) -> None:
        """A pair takes about eleven seconds: the tie-break of ten and the way to it (section 9.2)."""
        self.timeline("until 15s", deadtime=3.0)
        began = [line.at for line in self.result.lines if line.text.endswith("start ok: running")]
        self.assertEqual(len(began), 4)
        self.assertTrue(min(began) > 10.5 and max(began) < 13, began)

    def test_crash(self) -> None:
        """A crash is noticed about deadtime after it, and the service is back soon after (9.4)."""
        self.timeline("at 30s power off alpha; until 60s", deadtime=3.0)
        down = self.result.interruptions[0]
        self.assertTrue(2.5 < (down.end or 0) - down.begin < 4.5, down)

    def test_standby(self) -> None:
        """A standby costs four turns of a main loop, and the service less than two (9.3)."""
        text = self.timeline("at 30s standby all on alpha; until 60s")
        self.assertIn("10.0.0.101 is with beta in the end", text)
        down = self.result.interruptions[0]
        self.assertTrue(0.3 < (down.end or 0) - down.begin < 1.6, down)

    def test_healedPartition(self) -> None:
        """Both sides give up everything and start again: a long time without service (9.8, B16)."""
        text = self.timeline("at 30s cut all; at 50s mend all; until 100s", deadtime=3.0)
        self.assertEqual(text.count("it will start itself again"), 2)
        worst = max((one.end or 0) - one.begin for one in self.result.interruptions)
        self.assertTrue(14 < worst < 22, worst)

    def test_failback(self) -> None:
        """A node that comes back gets its groups back (9.5)."""
        text = self.timeline("at 30s power off alpha; at 60s power on alpha; until 75s")
        self.assertIn("10.0.0.101 is with alpha in the end", text)

    def test_stealsAfterAStall(self) -> None:
        """A node that was stalled declares its healthy peer dead (B6)."""
        text = self.timeline("at 30s pause alpha for 14s; until 45s")
        self.assertRegex(text, r"44\.\d+  alpha +node beta: is dead")

    def test_orphans(self) -> None:
        """The holder of foreign groups that reboots quickly leaves them to nobody (B3)."""
        story = "at 30s standby local on alpha; at 60s reboot beta in 1s; until 100s"
        text = self.timeline(story, deadtime=20.0)
        self.assertIn("10.0.0.101 is with nobody in the end", text)
