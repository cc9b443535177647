"""
What operators are afraid of, told as stories, with two nodes of ours and with an original beside one.

Every story is run under all invariants; a test says what else must be true of it.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.events import NodeDied
from twisted_ha.sim import attacker
from twisted_ha.sim.observed import NodeSaid, OperationBegan, PowerChanged, Reset, StrangerHeard
from twisted_ha.sim.report import Timeline
from twisted_ha.sim.scenario import parseStory
from twisted_ha.sim.setup import ORIGINAL, Setup, clusterConfig
from twisted_ha.sim.simulate import runStory
from twisted_ha.sim.twin import decisions
from twisted_ha.sim.world import World
from twisted_ha.terms import FailbackMode

FIRST, SECOND = "10.0.0.101", "10.0.0.102"
SLOW: dict[str, object] = {
    "links": ["/dev/ttyS0"],
    "baud": 9600,
    "keepalive": 2.0,
    "warntime": 4.5,
    "deadtime": 30.0,
}


class StoryCase(SynchronousTestCase):
    """
    Runs stories.

    @cvar kinds: who runs what.
    @ivar world: the last one that was run.
    """

    kinds: dict[str, str] = {}

    def tell(
        self, story: str, *, fencing: bool = False, seed: int = 1, rates: object = None, **more: object
    ) -> Timeline:
        config = clusterConfig(**{"deadtime": 5.0, "initdead": 6.0, **more})  # type: ignore[arg-type]
        setup = Setup(
            config=config,
            kinds=self.kinds,
            seed=seed,
            fencing=fencing,
            rates=rates or {},  # type: ignore[arg-type]
        )
        timeline = runStory(setup, parseStory(story, setup), prepare=self.remember)
        ours = [one for one in timeline.violations if setup.kinds.get(one.culprit) != ORIGINAL]
        self.assertEqual(ours, [], timeline.render(detail=True))
        return timeline

    def remember(self, world: World) -> None:
        self.world = world

    def owners(self, timeline: Timeline) -> dict[str, tuple[str, ...]]:
        return dict(timeline.owners)

    def down(self, timeline: Timeline, group: str = FIRST, since: float = 0.0) -> float:
        """The longest interruption of a group that began after C{since}, in seconds."""
        return max(
            (
                (one.end if one.end is not None else float("inf")) - one.begin
                for one in timeline.interruptions
                if one.group == group and one.begin >= since
            ),
            default=0.0,
        )


class OurStories(StoryCase):
    """Two nodes of ours."""

    def test_coldStart(self) -> None:
        """Two nodes that start together each take their own groups, within a few seconds."""
        timeline = self.tell("until 60s")
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})
        self.assertEqual((self.down(timeline), self.down(timeline, SECOND)), (0, 0))

    def test_powerLoss(self) -> None:
        """The active node loses power: the other serves both groups after little more than deadtime."""
        timeline = self.tell("at 20s power off alpha")
        self.assertEqual(self.owners(timeline), {FIRST: ("beta",), SECOND: ("beta",)})
        self.assertTrue(self.down(timeline, since=20) < 5 + 1 + 1, timeline.render())
        self.assertEqual(self.down(timeline, SECOND, since=20), 0)

    def test_failbackOn(self) -> None:
        """With auto_failback on a node that comes back gets its own groups back, quickly."""
        timeline = self.tell("at 20s power off alpha; at 40s power on alpha")
        self.assertEqual(self.owners(timeline)[FIRST], ("alpha",))
        self.assertTrue(self.down(timeline, since=40) < 1)

    def test_failbackOff(self) -> None:
        """With auto_failback off it gets nothing, and nothing is interrupted."""
        timeline = self.tell("at 20s power off alpha; at 40s power on alpha", mode=FailbackMode.OFF)
        self.assertEqual(self.owners(timeline)[FIRST], ("beta",))
        self.assertEqual(self.down(timeline, since=39), 0)

    def test_quickReboot(self) -> None:
        """A node that reboots faster than deadtime loses nothing for long (B3)."""
        timeline = self.tell(
            "at 20s standby local on alpha; at 40s reboot beta in 1s", deadtime=20.0, initdead=20.0
        )
        self.assertTrue(self.down(timeline, since=39) < 5, timeline.render())

    def test_quickRebootAtHome(self) -> None:
        """With auto_failback on, a node that is back before it was missed gets its groups back too."""
        timeline = self.tell(
            "at 20s standby local on alpha; at 40s reboot alpha in 1s", deadtime=20.0, initdead=20.0
        )
        self.assertEqual(self.owners(timeline)[FIRST], ("alpha",))

    def test_handOver(self) -> None:
        """A standby and a stop cost the service well under a second."""
        timeline = self.tell("at 20s standby all on alpha; at 30s stop beta")
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("alpha",)})
        self.assertTrue(self.down(timeline, since=20) < 1)
        self.assertTrue(self.down(timeline, SECOND, since=20) < 1)

    def test_crossingWishes(self) -> None:
        """
        Moves that two operators ask for at one moment: the words of one are not taken for the other's.
        """
        for story in (
            "at 24.4s takeover all on beta; at 24.5s takeover all on alpha; at 24.5s takeover foreign on"
            " beta; at 24.5s takeover foreign on alpha",
            "at 23s standby local on beta; at 23s takeover foreign on alpha; at 23s takeover foreign on"
            " beta; at 23.3s standby foreign on alpha",
        ):
            for seed in range(1, 6):
                self.tell(story, seed=seed, mode=FailbackMode.OFF)

    def test_oldWishComesLate(self) -> None:
        """
        A wish that was lost is sent again when a later one has been granted: that one stays granted.
        """
        story = (
            "at 19s cut eth1; at 19.7s pause alpha for 39.46s; at 20s standby local on beta;"
            " at 21s mend eth1"
        )
        for seed in range(1, 7):
            self.tell(story, seed=seed, links=["eth1"])

    def test_oneCable(self) -> None:
        """With one of two cables cut nothing happens at all."""
        timeline = self.tell("at 20s cut eth1; at 40s mend eth1; at 50s cut eth2")
        self.assertEqual(self.down(timeline), 0)

    def test_partition(self) -> None:
        """With all cables cut both serve; mended, one lets go, and nothing else stops (B16)."""
        timeline = self.tell("at 20s cut all; at 60s mend all")
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})
        self.assertTrue(self.down(timeline, since=59) < 2)

    def test_yieldedAndTaken(self) -> None:
        """
        A node is giving up a group that both hold when the other dies for it too: it takes everything.
        It is no longer giving anything up then, and comes to rest; after the partition one lets go.
        """
        config = clusterConfig(
            links=("eth1",), mode=FailbackMode.OFF, keepalive=0.5, deadtime=5.0, initdead=6.0
        )
        setup = Setup(config=config, seed=1, autoStart=False)
        story = (
            "at 0s power on alpha; at 0.37s power on beta; at 28.9s cut all;"
            " at 33.6s mend all from beta to alpha; at 40s mend all"
        )
        timeline = runStory(setup, parseStory(story, setup))
        self.assertEqual(timeline.violations, (), timeline.render(detail=True))

    def test_partitionWithSwitch(self) -> None:
        """With a power switch a partition never makes two owners."""
        self.tell("at 20s cut all; at 60s mend all", fencing=True)

    def test_shortStall(self) -> None:
        """A stall shorter than deadtime less keepalive kills nobody."""
        self.tell("at 20s pause alpha for 3.8s; at 40s pause beta for 3.8s")
        dead = [
            seen.event
            for _, seen in self.world.history
            if isinstance(seen, NodeSaid) and isinstance(seen.event, NodeDied)
        ]
        self.assertEqual(dead, [])

    def test_daemonKilled(self) -> None:
        """A killed daemon's groups are released at once, long before the other node takes them (B24)."""
        timeline = self.tell("at 20s kill alpha")
        self.assertEqual(self.owners(timeline), {FIRST: ("beta",), SECOND: ("beta",)})

    def test_daemonKilledAndStarted(self) -> None:
        """After kill -9 and a quick start everything is where it belongs."""
        timeline = self.tell("at 20s kill alpha; at 21s start alpha")
        self.assertEqual(self.owners(timeline)[FIRST], ("alpha",))

    def test_strangers(self) -> None:
        """Forged and replayed frames change nothing."""
        timeline = self.tell("at 20s forge 200 on eth1; at 20s replay 200 on eth2")
        self.assertEqual(self.down(timeline), 0)

    def test_badWeather(self) -> None:
        """A cable that loses, doubles, reorders and damages frames moves nothing."""
        timeline = self.tell(
            "at 20s lose 30% on eth1; double 30% on eth1; reorder 30% on eth1; corrupt 10% on eth1;"
            "reorder 50% on eth2; until 200s"
        )
        self.assertEqual(self.down(timeline), 0)

    def test_serialOnly(self) -> None:
        """A serial line alone carries a cluster."""
        timeline = self.tell("at 20s power off beta; at 40s power on beta", links=["/dev/ttyS0"])
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_slowSerial(self) -> None:
        """At 9600 baud with a keepalive of 2 s nobody is ever late, also while groups are moved."""
        self.tell("at 100s standby all on alpha; until 900s", **SLOW)
        self.assertFalse({"NodeDied", "LinkDown", "LateHeartbeat"} & self.said())

    def test_slowLossySerial(self) -> None:
        """A fifth of all messages lost, and asked for again, is not much of a burden for that line."""
        self.tell("at 30s lose 20% on /dev/ttyS0; until 900s", **SLOW)
        said = self.said()
        self.assertIn("MessagesRecovered", said)
        self.assertFalse({"NodeDied", "LinkDown"} & said)

    def said(self) -> set[str]:
        """The names of everything that our nodes told."""
        return {
            type(seen.event).__name__ for _, seen in self.world.history if isinstance(seen, NodeSaid)
        }

    def test_failingStart(self) -> None:
        """A group that will not start on one node is served by the other (B7)."""
        timeline = self.tell("at 0s fail start of daemon0 on alpha; until 120s")
        self.assertEqual(self.owners(timeline)[FIRST], ("beta",))

    def test_giverStalls(self) -> None:
        """What the guardian of a stalled giver has released is taken by the one that was to have it."""
        timeline = self.tell(
            "at 15.5s standby all on alpha; at 15.58s pause alpha for 2.64s",
            mode=FailbackMode.OFF,
            deadtime=3.0,
            links=["eth1", "/dev/ttyS0"],
            seed=100381,
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("beta",), SECOND: ("beta",)})
        self.assertTrue(self.down(timeline, since=15) < 6, timeline.render())

    def test_oldGoodbye(self) -> None:
        """
        A node that was held finds the goodbye of the other node's last life, and behind it what the next
        one holds.  It reads to the end before it takes anything.
        """
        timeline = self.tell(
            "at 40s power off alpha; at 40s pause beta for 40.12s; at 43s power on alpha;"
            "at 45.6s stop alpha; at 50s start alpha",
            mode=FailbackMode.OFF,
            keepalive=0.5,
            deadtime=3.0,
            initdead=3.0,
        )
        self.assertEqual(self.down(timeline, since=60), 0, timeline.render())
        self.assertNotIn("alpha has left", timeline.render())

    def test_oldGrant(self) -> None:
        """So with the word that groups are free, when the giver has taken them back long ago."""
        timeline = self.tell(
            "at 56s takeover foreign on beta; at 56.01s pause beta for 32.16s",
            mode=FailbackMode.ON,
            keepalive=0.5,
            deadtime=3.0,
            initdead=3.0,
        )
        self.assertEqual(self.down(timeline, since=80), 0, timeline.render())

    def test_sameNumber(self) -> None:
        """
        Two failbacks, one after the other and in opposite directions, on one bad cable.  The last word
        of the first is lost, and sent again when the second is under way: it is not taken for its.
        """
        self.tell(
            "at 20s standby local on beta; at 21s standby local on alpha; at 24.32s lose 40% on eth1;"
            " at 26s cut eth1; at 30.40s mend eth1; at 35.61s calm eth1",
            seed=0,
            fencing=True,
            links=["eth1"],
            deadtime=6.0,
        )

    def test_answeredBefore(self) -> None:
        """
        A node asks whether the home node takes what nobody claims, and moves come between: what was
        answered before them, or said in them, is no answer to what is free afterwards.
        """
        self.tell(
            "at 20s standby local on beta; at 21s standby local on alpha; at 22.82s lose 40% on eth1;"
            " at 23s slow start of daemon0 on alpha to 2.5s; at 26s reboot alpha in 2.93s;"
            " at 30.63s takeover all on alpha; at 42.75s calm eth1",
            seed=102,
            fencing=True,
            mode=FailbackMode.OFF,
            links=["eth1"],
            deadtime=6.0,
        )

    def test_takenUnheard(self) -> None:
        """
        A node is back while its reset is under way, on one bad cable: nobody claims a class, and its
        home node takes it.  That word is lost, or that the class is free reaches it only with a
        question: the other one must not take it, too.
        """
        for seed, back in ((12, 3.7), (17, 3.5), (130, 3.6), (261, 3.4)):
            self.tell(
                f"at 20s standby all on alpha; at 24s reboot beta in {back}s; at 25s lose 40% on eth1;"
                " at 36s calm eth1",
                seed=seed,
                fencing=True,
                mode=FailbackMode.OFF,
                links=["eth1"],
                deadtime=6.0,
            )

    def test_stalledBetweenTwoResources(self) -> None:
        """
        A node that was held between two resources of a group, or is with its guardian, goes on only when
        it knows what happened: no operation meets one of the guardian, and none is the old plan's.
        """
        for story in (
            "at 13.13s stop alpha; at 13.2s pause alpha for 2.54s",
            "at 44.46s takeover foreign on alpha; at 44.8s standby local on alpha;"
            "at 45.16s pause beta for 3.30s",
            "at 19.2s standby local on beta; at 19.4s freeze alpha for 44.46s",
        ):
            for mode in (FailbackMode.OFF, FailbackMode.ON):
                self.tell(story, mode=mode, keepalive=0.5, deadtime=3.0, initdead=3.0)

    def test_longFreeze(self) -> None:
        """What a machine that stands still holds is released when it runs again, however late."""
        timeline = self.tell(
            "at 50s freeze alpha for 60s; until 160s", mode=FailbackMode.OFF, deadtime=3.0, initdead=3.0
        )
        self.assertEqual(self.owners(timeline)[FIRST], ("beta",))

    def test_hungStatus(self) -> None:
        """
        A takeover that hangs in a C{status} has done nothing yet, and is given up when the other node is
        back; neither does it keep this node from giving up another group that both hold.
        """
        for story in (
            "at 50s hang status of 10.0.0.102 on alpha; at 50s cut all; at 63s mend all",
            "at 20s cut all; at 25s hang status of daemon1 on beta; at 30s stop beta; at 40s start beta;"
            "at 52s mend all",
        ):
            for mode in (FailbackMode.OFF, FailbackMode.ON):
                self.tell(story, mode=mode, keepalive=0.5, deadtime=3.0, initdead=3.0)

    def test_longTakeover(self) -> None:
        """A takeover that hangs begins no group of which the other node is heard to say it holds it."""
        timeline = self.tell(
            "at 20s cut all; at 20s hang start of 10.0.0.101 on alpha; at 20s stop alpha;"
            "at 25s start alpha; at 60s mend all; at 100s mend start of 10.0.0.101 on alpha",
            mode=FailbackMode.OFF,
        )
        self.assertEqual(self.down(timeline, SECOND, since=30), 0)

    def test_otherKeys(self) -> None:
        """A node with other keys is alone, as after a cut; with the right ones one of both lets go."""
        for how in ("", "at 25s kill alpha; at 26s start alpha;"):
            timeline = self.tell(f"at 20s change key of alpha; {how} at 60s mend key of alpha")
            self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})
            self.assertIn("alpha: is dead", timeline.render())

    def test_otherTimers(self) -> None:
        """Nodes whose keepalive and deadtime differ judge each other by what each announces."""
        config = clusterConfig(deadtime=5.0, initdead=6.0)
        slow = replace(config, timers=replace(config.timers, keepalive=2.0, deadtime=9.0, initdead=9.0))
        setup = Setup(config=slow, differing={"beta": config}, seed=1)
        timeline = runStory(setup, parseStory("at 30s power off beta; at 60s power on beta", setup))
        self.assertEqual([one for one in timeline.violations if one.invariant == "single owner"], [])
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})
        self.assertTrue(3.9 < self.down(timeline, SECOND, since=29) < 6, timeline.render())

    def test_otherGroups(self) -> None:
        """A group that one haresources lacks runs where it is known, and the other node stays out."""
        config = clusterConfig(deadtime=5.0, initdead=6.0)
        half = replace(config, groups=config.groups[:1])
        setup = Setup(config=config, differing={"beta": half}, seed=1)
        timeline = runStory(setup, parseStory("at 30s power off alpha; at 60s power on alpha", setup))
        self.assertEqual([one for one in timeline.violations if one.invariant == "single owner"], [])
        self.assertEqual(self.owners(timeline)[FIRST], ("alpha",))

    def test_replayAcrossRestarts(self) -> None:
        """What was recorded before a daemon was started anew is worth nothing to it, nor to others."""
        story = (
            "at 20s reboot alpha in 2s; at 40s replay 200 on eth1; at 50s power off beta;"
            "at 51s replay 200 on eth1; at 90s power on beta"
        )
        timeline = self.tell(story, deadtime=10.0)
        strange = [seen for _, seen in self.world.history if isinstance(seen, StrangerHeard)]
        replayed = [seen for seen in strange if seen.what == "replayed" and seen.node == "alpha"]
        self.assertTrue(len(replayed) > 100)
        self.assertEqual([seen for seen in strange if seen.what == "late"], [])
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def yieldsLate(self, how: str, mended: int, until: int) -> None:
        """Beta has to give up alpha's group after a dispute, and its stop goes wrong for a time."""
        timeline = self.tell(
            f"at 20s {how} stop of {FIRST} on beta; at 21s cut all; at 29s mend all;"
            f" at {mended}s mend stop of {FIRST} on beta; until {until}s"
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_hungStopAfterADispute(self) -> None:
        """A stop that hung is tried again five seconds after it was given up: soon enough."""
        self.yieldsLate("hang", 40, 120)

    def test_stopFails(self) -> None:
        """One that fails is tried again after five seconds, ten, twenty; a dispute lasts as long."""
        self.yieldsLate("fail", 50, 200)

    def test_orderRemembered(self) -> None:
        """A stop that fails in a standby is tried again for minutes: it was asked for."""
        timeline = self.tell(
            f"at 70s fail stop of {FIRST} on alpha; at 70s standby local on alpha;"
            f" at 160s mend stop of {FIRST} on alpha; until 300s",
            mode=FailbackMode.OFF,
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("beta",), SECOND: ("beta",)})

    def test_stopHangsTwice(self) -> None:
        """Two of them in a row, and it is tried again after ten."""
        self.yieldsLate("hang", 110, 240)

    def test_leftStanding(self) -> None:
        """What a daemon could not stop before it left, the next one on that machine stops."""
        timeline = self.tell(
            "at 10s stop alpha; at 20s hang stop of 10.0.0.101 on beta; at 20s stop beta;"
            " at 130s mend stop of 10.0.0.101 on beta; at 160s start alpha; at 160s start beta;"
            " until 580s"
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_leftWithTheGuardian(self) -> None:
        """It tried twice; its guardian tries again when it has left, and nothing stays behind."""
        timeline = self.tell(
            "at 20s hang stop of 10.0.0.101 on alpha; at 30s stop alpha;"
            " at 110s mend stop of 10.0.0.101 on alpha; until 600s"
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("beta",), SECOND: ("beta",)})

    def replayed(self, story: str) -> list[StrangerHeard]:
        """What alpha made of the frames that were played to it."""
        self.tell(story)
        strange = [seen for _, seen in self.world.history if isinstance(seen, StrangerHeard)]
        return [seen for seen in strange if seen.node == "alpha"]

    def test_replayToANewDaemon(self) -> None:
        """A daemon that has not heard the other yet believes nothing that its last life had heard."""
        for end in ("stop alpha", "kill alpha"):
            story = (
                f"at 30s reboot beta in 1s; at 45s power off beta; at 65s {end}; at 80s start alpha;"
                " at 81s replay 200 on eth1; at 100s power on beta"
            )
            told = self.replayed(story)
            self.assertEqual({seen.changed for seen in told}, {False}, end)
            self.assertTrue([seen.what for seen in told].count("replayed") > 150)

    def test_replayOfTheLastMinute(self) -> None:
        """After a crash, what came since the account was last kept can be played again; no more."""
        story = (
            "at 70s kill alpha; at 70s power off beta; at 80s start alpha;"
            "at 81s replay 300 on eth1; at 140s power on beta"
        )
        told = {(seen.what, seen.changed) for seen in self.replayed(story)}
        self.assertEqual(told, {("replayed", False), ("late", False), ("late", True)})

    def test_replayOfAnEarlierLife(self) -> None:
        """What was lost of a life whose next one has been read is worth nothing either."""
        story = (
            "at 30s cut all from beta to alpha; at 33s reboot beta in 0.5s;"
            "at 33.3s mend all from beta to alpha; at 36s replay 300 on eth1; until 45s"
        )
        self.assertEqual(
            {(seen.what, seen.changed) for seen in self.replayed(story)}, {("replayed", False)}
        )

    def test_harmlessDamage(self) -> None:
        """A frame that was changed where no message is, and was lost before, is no forgery."""
        self.patch(attacker, "damaged", lambda frame, random: frame[:-1] + b"~")
        story = "at 20s cut all; at 20.5s forge 200 on eth1; until 27s"
        self.tell(story, keepalive=0.5)
        strange = [seen for _, seen in self.world.history if isinstance(seen, StrangerHeard)]
        self.assertIn("damaged", {seen.what for seen in strange})

    def test_lostAndPlayed(self) -> None:
        """
        A status that was lost on its way and is played by somebody else is as good as a late one: the
        node seems to live a little longer.
        """
        timeline = self.tell(
            "at 20s cut all; at 20.5s replay 200 on eth1; at 23s kill alpha; until 40s", seed=3
        )
        self.assertEqual(dict(timeline.owners), {FIRST: ("beta",), SECOND: ("beta",)})
        late = {
            at for at, seen in self.world.history if isinstance(seen, StrangerHeard) and seen.changed
        }
        self.assertTrue(late and max(late) > 23)

    def test_replayAfterTornAccount(self) -> None:
        """The power goes while the account is written: the one before it counts."""
        for number in (1, 2, 3):
            story = (
                "at 30s reboot beta in 1s; at 45s tear disk of alpha;"
                f"at 46s fail power of alpha at write {number};"
                "at 62s power off beta; at 80s power on alpha;"
                "at 81s replay 200 on eth1; at 100s power on beta"
            )
            told = self.replayed(story)
            self.assertTrue(any(seen.what == "replayed" for seen in told))
            power = [seen for _, seen in self.world.history if isinstance(seen, PowerChanged)]
            self.assertIn(PowerChanged(node="alpha", on=False), power, "nothing was written")

    def test_noRoomForTheAccount(self) -> None:
        """A full disk does not stop a daemon that runs."""
        self.tell("at 20s fill disk of alpha; at 30s reboot beta in 1s; at 200s mend disk of alpha")
        self.assertTrue(self.world.lives["alpha"].began < 20)

    def test_powerFailsInTheMiddleOfAWrite(self) -> None:
        """Whenever the power goes while the generation is written, the next life has a higher one."""
        for number in (1, 2, 3):
            timeline = self.tell(
                f"at 20s tear disk of alpha; power off alpha; fail power of alpha at write {number};"
                "at 21s power on alpha; at 30s power on alpha"
            )
            self.assertIn("in the middle of writing", timeline.render())
            self.assertEqual(self.owners(timeline)[FIRST], ("alpha",))

    def test_drift(self) -> None:
        """Clocks that run apart by a thousandth kill nobody in an hour."""
        timeline = self.tell(
            "until 3600s", rates={"alpha": 1.001, "beta": 0.999}, links=["mcast:eth1"], keepalive=2.0
        )
        self.assertEqual(self.down(timeline), 0)

    def test_notHeardAndAsked(self) -> None:
        """
        Somebody plays to a node that was started anew a few of the words that it cannot hear, and it
        asks for all between them, in vain.
        """
        self.tell(
            "at 20s cut all from beta to alpha; at 57s kill alpha; at 64s start alpha;"
            " at 68s replay 30 on eth1; until 100s",
            seed=2,
            deadtime=5.0,
        )


class WallClockTests(StoryCase):
    """The time of day decides nothing."""

    STORY = "at 20s power off alpha; at 40s reboot beta in 2s; at 60s power on alpha; until 90s"

    def test_jumps(self) -> None:
        """The same story with clocks set back and forth decides the same at the same instants."""
        plain = self.tell(self.STORY)
        jumps = "; ".join(
            f"at {at}s set clock of {node} by {shift:+d}s"
            for at, node, shift in [
                (5, "alpha", 86400),
                (21, "beta", -86400 * 30),
                (30, "beta", 10_000_000),
                (55, "alpha", -7200),
                (70, "beta", -50),
            ]
        )
        shifted = self.tell(f"{jumps}; {self.STORY}")
        self.assertEqual(decisions(shifted), decisions(plain))

    def test_damaged(self) -> None:
        """What a damaged frame was refused for depends on its bytes, and is no decision."""
        damaged = self.tell("at 10s corrupt 70% on eth1; at 20s calm eth1; until 30s")
        refused = [line for line in damaged.lines if "refused a packet" in line.text]
        self.assertTrue(refused)
        kept = {(line.at, line.text) for line in refused}
        self.assertFalse(kept & {(at, text) for at, _, text in decisions(damaged)})
        self.assertTrue(decisions(damaged))


class LegacyStories(StoryCase):
    """Two nodes of ours with C{auto_failback legacy}: everybody always takes his own."""

    def tell(self, story: str, **more: object) -> Timeline:  # type: ignore[override]
        timeline = super().tell(story, mode=FailbackMode.LEGACY, **more)  # type: ignore[arg-type]
        home = {FIRST: ("alpha",), SECOND: ("beta",)}
        self.assertEqual(self.owners(timeline), home, timeline.render())
        return timeline

    def test_usual(self) -> None:
        """Power loss, stop and partition: what is at home stays there, and comes back there."""
        self.tell("until 30s")
        for deed in ("power off beta; at 60s power on beta", "stop beta; at 60s start beta"):
            self.assertEqual(self.down(self.tell(f"at 20s {deed}"), since=1), 0.0)
        self.tell("at 20s cut all; at 60s mend all")

    def test_stall(self) -> None:
        """What the guardian had to release while its daemon was stalled is got again."""
        for length in ("4.5s", "7s", "20s"):
            self.tell(f"at 20s pause beta for {length}")
            self.tell(f"at 20s cut all; at 30s pause beta for {length}; at 60s mend all")

    def test_bootInACut(self) -> None:
        """A node boots in a partition and takes everything: afterwards each has its own again."""
        self.tell("at 20s cut all; at 25s reboot beta in 5s; at 60s mend all")
        self.tell("at 20s cut all; at 21s reboot beta in 5s; at 29.75s mend all")
        self.tell("at 20s cut all; at 22s kill beta with guardian; at 23s start beta; at 24s mend all")

    def test_bootsDeaf(self) -> None:
        """A node that boots and does not hear the other takes everything; the other hears it do so."""
        for node, other in (("alpha", "beta"), ("beta", "alpha")):
            deaf = f"at 20s cut all from {other} to {node}; at 21s reboot {node} in 9s"
            self.tell(f"{deaf}; at 80s mend all")
            # it is heard at first by nobody, and hears nobody later
            self.tell(
                f"at 20s cut all; at 25s reboot {node} in 5s; at 60s mend all from {other} to {node};"
                " at 90s mend all"
            )
            self.tell(
                f"at 20s cut all; at 20s reboot {node} in 1s; at 22s mend all from {node} to {other};"
                " at 90s mend all"
            )


class MixedLegacyStories(LegacyStories):
    """The same beside an original."""

    kinds = {"beta": ORIGINAL}

    def test_nobodyClaims(self) -> None:
        """In legacy mode nobody claims what it runs, and an original is not to blame for that."""
        self.tell("until 30s")
        for group in self.world.setup.config.groups:
            self.assertTrue(self.world.owners(group.key))
            self.assertEqual(self.world.sky.disowners(group), [])

    def test_usual(self) -> None:
        """Power loss, stop and partition: each has its own in the end."""
        for deed in ("power off beta; at 60s power on beta", "stop beta; at 60s start beta"):
            self.tell(f"at 20s {deed}; until 120s")
        self.tell("at 20s cut all; at 60s mend all; until 150s")

    def test_stall(self) -> None:
        """What the guardian of ours had to release is got again."""
        for length in ("4.5s", "7s", "20s"):
            self.tell(f"at 20s pause alpha for {length}; until 120s")

    def test_bootInACut(self) -> None:
        """Ours boots in a partition and takes everything, or the original does."""
        for node in ("alpha", "beta"):
            self.tell(f"at 20s cut all; at 25s reboot {node} in 5s; at 60s mend all; until 150s")

    def test_oneWay(self) -> None:
        """Ours has missed the original, which has missed nobody and gives nothing up."""
        self.tell("at 20s cut all from beta to alpha; at 40s mend all; until 120s")

    def test_bootsDeaf(self) -> None:
        """The original, or ours, boots without hearing the other."""
        for node, other in (("alpha", "beta"), ("beta", "alpha")):
            deaf = f"at 20s cut all from {other} to {node}; at 21s reboot {node} in 9s"
            self.tell(f"{deaf}; at 80s mend all; until 150s")

    def test_missedWhileComingUp(self) -> None:
        """
        The original hears nothing for a while when it comes up, declares ours dead when it does again,
        and takes everything (B6); ours has not missed it.
        """
        for gap in ("at 21.5s freeze beta for 4s", "at 21.05s cut all; at 24.65s mend all"):
            story = f"at 20s reboot beta in 1s; {gap}; until 120s"
            self.tell(story, deadtime=3.0, initdead=12.0)

    def test_missedByTheOriginalAlone(self) -> None:
        """
        A short cut: just in time for ours, just too late for the original, which takes everything when
        it hears ours again (B6).
        """
        for cut, mended in ((30.5, 34.6), (31.0, 34.8), (31.25, 35.35)):
            self.tell(
                f"at {cut}s cut all; at {mended}s mend all; until 150s",
                seed=2,
                rates={"alpha": 0.9995, "beta": 1.0005},
                keepalive=2.0,
                deadtime=6.0,
            )

    def test_startFails(self) -> None:
        """
        The original cannot start what is its own when it comes back, and says so to nobody (B7): that
        is its own doing.  Its next life starts it; that one is asked for all that there is.
        """
        failing = (
            f"at 20s fail start of {SECOND} on beta; at 20s reboot beta in 8s; at 40s mend start of"
        )
        story = f"{failing} {SECOND} on beta"
        timeline = StoryCase.tell(self, f"{story}; until 500s", mode=FailbackMode.LEGACY)
        self.assertEqual(self.owners(timeline)[SECOND], (), timeline.render())
        self.tell(f"{story}; at 500s reboot beta in 8s; until 600s")

    def test_askedInVain(self) -> None:
        """The original asks once, just when ours is gone for a moment; nobody would run its groups."""
        self.tell("at 20s power off beta; at 30s power on beta; at 30.9s reboot alpha in 1s; until 120s")


class MixedStories(StoryCase):
    """Ours is alpha, the original is beta."""

    kinds = {"beta": ORIGINAL}

    def test_coldStart(self) -> None:
        """They start together, and each takes its own."""
        timeline = self.tell("until 60s")
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_powerLoss(self) -> None:
        """Each takes over from the other, and gives back."""
        for node in ("alpha", "beta"):
            timeline = self.tell(f"at 30s power off {node}; at 60s power on {node}")
            self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_handOver(self) -> None:
        """Standby works in both directions, asked on either side."""
        for deed, owner in [
            ("standby all on alpha", "beta"),
            ("standby all on beta", "alpha"),
            ("takeover all on alpha", "alpha"),
            ("takeover all on beta", "beta"),
        ]:
            timeline = self.tell(f"at 30s {deed}; until 60s")
            self.assertEqual(
                self.owners(timeline), {FIRST: (owner,), SECOND: (owner,)}, timeline.render()
            )

    def test_deafOriginal(self) -> None:
        """
        The original owns everything and does not hear ours, which boots: nothing is taken from it.  As
        soon as it hears ours, the first is given back as after any start.
        """
        for mended in (113.0, 117.2, 119.5):
            timeline = self.tell(
                "at 20s power off alpha; at 60s cut all from alpha to beta; at 61s power on alpha;"
                f" at {mended}s mend all from alpha to beta"
            )
            begun = [one for one in timeline.lines if one.node == "alpha" and "start begins" in one.text]
            after = [one.at for one in begun if one.at > 20]
            self.assertTrue(min(after) > mended, timeline.render())
            given = [one.at for one in timeline.lines if one.node == "beta" and "stop ok" in one.text]
            self.assertTrue(max(given) < min(after), timeline.render())

    def test_deafAtOnce(self) -> None:
        """
        It has heard that ours boots, and hears nothing more: what ours asks when it has come up is lost.
        Nothing is taken from it either.
        """
        timeline = self.tell(
            "at 20s power off alpha; at 60s power on alpha; at 60.3s cut all from alpha to beta;"
            " at 100s mend all; until 200s",
            deadtime=30.0,
            initdead=30.0,
        )
        begun = [one for one in timeline.lines if one.node == "alpha" and "start begins" in one.text]
        self.assertTrue(min(one.at for one in begun if one.at > 20) > 100, timeline.render())
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_reportsLost(self) -> None:
        """
        The original owns everything and hears ours, which boots; what it says to that is lost.  Nothing
        is taken from it while it is not heard, nor when it is heard again and cannot be asked for that.
        """
        for between in ("", "at 62s cut all from alpha to beta; at 65s mend all from beta to alpha;"):
            timeline = self.tell(
                "at 20s power off alpha; at 60s power on alpha; at 60.7s cut all from beta to alpha;"
                f"{between} at 85s mend all",
                deadtime=30.0,
                initdead=30.0,
            )
            begun = [one for one in timeline.lines if one.node == "alpha" and "start begins" in one.text]
            after = [one.at for one in begun if one.at > 20]
            given = [one.at for one in timeline.lines if one.node == "beta" and "stop ok" in one.text]
            self.assertTrue(85 < max(given) < min(after), timeline.render())
            self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_stop(self) -> None:
        """Each takes over when the other leaves."""
        for leaver, left in [("alpha", "beta"), ("beta", "alpha")]:
            timeline = self.tell(f"at 30s stop {leaver}; until 60s")
            self.assertEqual(self.owners(timeline), {FIRST: (left,), SECOND: (left,)})

    def test_partition(self) -> None:
        """After a partition the original restarts; ours keeps the service meanwhile."""
        timeline = self.tell("at 30s cut all; at 60s mend all")
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})
        self.assertTrue(self.down(timeline, since=59) < 3, timeline.render())

    def test_backInTakeover(self) -> None:
        """
        Ours comes back while the original still takes over from it.  The original offers the group back
        at once, stops what it has not started yet, and then starts it (B12): so it is let finish first.
        """
        for took in (3, 7):
            timeline = self.tell(
                f"at 20s slow start of {FIRST} on beta to {took}s; at 30s power off alpha;"
                " at 35s power on alpha; until 70s"
            )
            self.assertEqual(timeline.violations, (), timeline.render())
            self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_backInLongTakeover(self) -> None:
        """If it takes longer than anybody waits, ours lets go when the original says that it is done."""
        story = (
            f"at 20s slow start of {FIRST} on beta to 14s; at 30s power off alpha;"
            " at 35s power on alpha; until "
        )
        timeline = self.tell(story + "50s")
        self.assertEqual(self.owners(timeline)[FIRST], ("beta",), timeline.render())
        timeline = self.tell(story + "90s")
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_originalBackInOurTakeover(self) -> None:
        """
        Ours takes over from an original that it cannot hear, and hangs in the start of its first group
        when it is heard again: the next one is not touched before the original has said what it holds.
        """
        timeline = self.tell(
            f"at 20s stop alpha; at 25s cut all from beta to alpha;"
            f" at 25s hang start of {FIRST} on alpha; at 26s start alpha;"
            f" at 40s mend all; at 60s mend start of {FIRST} on alpha; until 150s"
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})
        self.assertEqual(self.down(timeline, SECOND, since=22), 0, timeline.render())

    def test_stalledOriginal(self) -> None:
        """
        One that was stalled takes everything, sees that it was missed and gives all of it up again: ours
        gives up nothing meanwhile, whichever word of it comes first.
        """
        story = "at 90s pause beta for 9s; until 130s"
        for seed in (1, 3, 11):  # the status first; a report first; a report first, and ours late
            timeline = self.tell(story, mode=FailbackMode.OFF, seed=seed)
            self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("alpha",)})
            stopped = [
                seen
                for _, seen in self.world.history
                if isinstance(seen, OperationBegan) and seen.node == "alpha" and seen.verb == "stop"
            ]
            self.assertEqual(stopped, [], timeline.render())
            ends = [at for at, seen in self.world.history if "relinquished" in str(seen)]
            self.assertTrue(ends[0] < 102.5, timeline.render())

    def test_wishesWhileItSettles(self) -> None:
        """
        Just after a start the original's wish is answered after a while; until then ours begins none of
        its own, and what the original then releases is taken.
        """
        for seed in range(1, 9):
            timeline = self.tell(
                "at 3.6s standby all on beta; at 3.6s takeover all on alpha; at 3.6s takeover foreign"
                " on beta",
                seed=seed,
                mode=FailbackMode.OFF,
            )
            self.assertNotIn((), self.owners(timeline).values())

    def test_forgottenMove(self) -> None:
        """
        Ours loses its power while it gives the original its groups, and is back before it is missed: it
        takes them.  The original waits an hour for the end of that, and is asked ever more rarely until
        it takes part in moves again.
        """
        timeline = self.tell(
            f"at 20s slow stop of {SECOND} on alpha to 4s; at 30s power off beta; at 50s power on beta;"
            f" at 54s reboot alpha in 1s; at 59s mend stop of {SECOND} on alpha; until 4200s"
        )
        self.assertEqual(timeline.violations, (), timeline.render())
        asked = [one.at for one in timeline.lines if one.text == "alpha wants to go standby [foreign]"]
        self.assertTrue(10 < len([at for at in asked if 60 < at < 3600]) < 25, timeline.render())
        self.assertTrue(self.down(timeline, SECOND, since=53) < 8, timeline.render())
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_deafAndPlayedTo(self) -> None:
        """
        Somebody plays to an original what it could not hear, and it asks for the rest four times a
        second, in vain: it is not answered as often as that.
        """
        timeline = self.tell(
            "at 40s cut all from alpha to beta; at 41s reboot beta in 0.4s; at 43s replay 20 on eth1;"
            " until 70s"
        )
        storms = [one.culprit for one in timeline.violations if "messages a second" in one.text]
        self.assertEqual(storms, ["beta", "beta"], timeline.render())


class HomeOfAnOriginal(StoryCase):
    """The original is alpha, ours is beta."""

    kinds = {"alpha": ORIGINAL}

    def test_hangsInAMove(self) -> None:
        """
        Both took everything while the original was frozen.  It offers a class back and hangs in a stop:
        what else both claim is given up meanwhile, as it would be without that move.
        """
        timeline = self.tell(
            "at 72s freeze alpha for 16.39s; at 80s hang stop of daemon1 on alpha; until 150s"
        )
        self.assertEqual(self.owners(timeline)[FIRST], ("alpha",), timeline.render())

    def test_disowned(self) -> None:
        """
        An original that hears a goodbye in the middle of a standby runs a second, wrong job for it (B5),
        and when that ends no longer claims what is its own and goes on running it.  Ours takes what
        nobody claims: two owners by the doing of the original.
        """
        timeline = self.tell(
            "at 40.68s standby foreign on alpha; at 40.98s takeover foreign on beta;"
            " at 41.37s stop beta; at 47.14s start beta; until 90s",
            seed=3,
            mode=FailbackMode.OFF,
        )
        blamed = {one.culprit for one in timeline.violations if one.invariant == "single owner"}
        self.assertEqual(blamed, {"alpha"}, timeline.render())

    def test_shortLife(self) -> None:
        """One that lives again for a moment is missed as long as it then announced."""
        timeline = self.tell(
            "at 60s reboot alpha in 0.25s; at 60.4s power off alpha; until 80s", initdead=7.0
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("beta",), SECOND: ("beta",)})

    def test_neverBorn(self) -> None:
        """One that restarts itself, as it said, and comes to nothing, is missed when it said."""
        timeline = self.tell(
            "at 30s fail power of alpha at write 2; at 31s cut all; at 40s mend all; until 80s"
        )
        self.assertEqual(self.owners(timeline), {FIRST: ("beta",), SECOND: ("beta",)})

    def test_playedToAStranger(self) -> None:
        """What came before the first status of its sender was not listened to: played, it is news."""
        for seed in (9, 15, 16):
            self.tell("at 0.2s replay 60 on eth1; until 20s", seed=seed)

    def test_missingAndPlayed(self) -> None:
        """
        Somebody plays the first words of a node that were lost, and so what it said until it is heard
        itself is missing, and is taken from anybody.
        """
        self.tell(
            "at 0s cut all from alpha to beta; at 0s replay 60 on eth1;"
            "at 3.2s mend all from alpha to beta; until 40s",
            initdead=12.0,
            seed=7,
        )


class ManyNodesTests(StoryCase):
    """Membership of more than two nodes; they have no groups."""

    def dead(self, of: str) -> set[str]:
        return {name for name, belief in self.world.sky.beliefs.items() if of in belief.dead}

    def test_sixteen(self) -> None:
        """Sixteen nodes notice that one is gone, and no other."""
        self.tell("at 15s power off gamma; until 30s", nodes=16, groups=[], links=["mcast:eth1"])
        others = {name for name in self.world.machines if name != "gamma"}
        self.assertEqual(self.dead("gamma") - {"gamma"}, others)
        self.assertEqual([self.dead(name) for name in sorted(others)], [set()] * 15)

    def test_halves(self) -> None:
        """Four nodes, one of which is cut off from two of the others, are judged by what is heard."""
        cuts = "; ".join(
            f"cut all from {one} to {other}; cut all from {other} to {one}"
            for one, other in [("alpha", "gamma"), ("alpha", "delta")]
        )
        self.tell(f"at 20s {cuts}; until 40s", nodes=4, groups=[], links=["ucast:eth1"])
        self.assertEqual(self.dead("alpha"), {"gamma", "delta"})
        self.assertEqual(self.dead("beta"), set())


class FenceStories(StoryCase):
    """There is a power switch."""

    def resets(self) -> list[str]:
        return [seen.node for _, seen in self.world.history if isinstance(seen, Reset)]

    def test_crash(self) -> None:
        """A node that is gone is reset before its groups are taken."""
        timeline = self.tell("at 20s kill alpha with guardian", fencing=True)
        self.assertEqual(self.resets(), ["alpha"])
        powers = [
            (at, seen.on)
            for at, seen in self.world.history
            if isinstance(seen, PowerChanged) and seen.node == "alpha"
        ]
        self.assertEqual([on for _, on in powers], [True, False, True])
        self.assertEqual(self.owners(timeline), {FIRST: ("alpha",), SECOND: ("beta",)})

    def test_brokenSwitch(self) -> None:
        """While the switch does not answer nothing is taken; when it does, everything is."""
        self.tell("at 20s break fencing; at 21s power off alpha; until 60s", fencing=True)
        self.assertEqual(self.world.owners(FIRST), [])
        self.tell(
            "at 20s break fencing; at 21s power off alpha; at 50s mend fencing; until 61s", fencing=True
        )
        self.assertEqual(self.world.owners(FIRST), ["beta"])

    def test_healthyPeer(self) -> None:
        """Two nodes that start together do not reset each other."""
        self.tell("until 30s", fencing=True)
        self.assertEqual(self.resets(), [])

    def test_peerIsBack(self) -> None:
        """A node that has come back is not reset by an attempt that began when it was dead (B4)."""
        self.tell(
            "at 20s break fencing; at 20s pause alpha for 9s; at 31s mend fencing; until 60s",
            fencing=True,
        )
        self.assertEqual(self.resets(), [])

    def test_neverSaid(self) -> None:
        """A node that was heard and never said what it holds is reset before anything is taken."""
        timeline = self.tell(
            "at 20s power off alpha; at 40s cut all from alpha to beta; at 80s cut all; until 95s",
            fencing=True,
        )
        self.assertEqual(self.resets(), ["alpha", "beta"], timeline.render())
