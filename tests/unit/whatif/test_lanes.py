"""L{twisted_ha.whatif.lanes}, L{twisted_ha.whatif.felt} and L{twisted_ha.whatif.outcome}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.whatif.clusters import FIRST, SECOND, benched, told
from twisted_ha.whatif.felt import Felt
from twisted_ha.whatif.lanes import Lane, LinkState, NodeState, RunState
from twisted_ha.whatif.outcome import Outcome


def states(lane: Lane) -> list[str]:
    """The states of a lane, in their order."""
    return [spell.state.name for spell in lane.spells]


def felt(outcome: Outcome, key: str) -> Felt:
    """What the users of a group felt."""
    return next(one for one in outcome.felt if one.group == key)


class LaneTests(SynchronousTestCase):
    """L{twisted_ha.whatif.lanes.watch}."""

    def test_node(self) -> None:
        """A node's lane tells power, daemon and stalls."""
        script = (
            "at 10s pause alpha for 1s; at 20s kill alpha; at 21s start alpha; at 30s power off alpha;"
            " until 31s"
        )
        alpha = told(script).lanes.nodes[0]
        self.assertEqual(states(alpha), ["OFF", "UP", "HELD", "UP", "IDLE", "UP", "OFF"])
        self.assertEqual([round(spell.begin, 1) for spell in alpha.spells[2:5]], [10.0, 11.0, 20.0])
        self.assertIs(alpha.at(10.5), NodeState.HELD)

    def test_links(self) -> None:
        """A link's lane tells cuts, one-way cuts and weather, from the instant of the deed on."""
        script = (
            "at 10s cut eth1; at 11s mend eth1; at 12s cut eth1 from alpha to beta; at 13s mend all;"
            " at 14s lose 5% on eth1; at 15s calm eth1; until 16s"
        )
        eth1, eth2 = told(script).lanes.links
        self.assertEqual(states(eth1), ["WHOLE", "CUT", "WHOLE", "ONE_WAY", "WHOLE", "POOR", "WHOLE"])
        self.assertEqual([spell.begin for spell in eth1.spells[1:]], [10, 11, 12, 13, 14, 15])
        self.assertIs(eth1.at(10.0), LinkState.CUT)
        self.assertEqual(states(eth2), ["WHOLE"])

    def test_group(self) -> None:
        """A group's lane on each node tells when it ran there, whole or in parts."""
        alpha, beta = told("at 20s standby all on alpha; until 30s").lanes.groups[0]
        self.assertEqual(states(alpha), ["STOPPED", "CHANGING", "RUNNING", "CHANGING", "STOPPED"])
        self.assertEqual(states(beta), ["STOPPED", "CHANGING", "RUNNING"])
        self.assertIs(beta.at(29.0), RunState.RUNNING)

    def test_noGaps(self) -> None:
        """The spells of every lane cover all time, one after the other."""
        lanes = told("at 20s power off alpha; until 40s").lanes
        for lane in lanes.all:
            self.assertEqual((lane.spells[0].begin, lane.spells[-1].end), (0.0, 40.0))
            for one, other in zip(lane.spells, lane.spells[1:], strict=False):
                self.assertEqual(one.end, other.begin)
                self.assertIsNot(one.state, other.state)


class FeltTests(SynchronousTestCase):
    """L{twisted_ha.whatif.felt.feltBy}."""

    def test_quiet(self) -> None:
        """When nothing happens nobody feels anything."""
        outcome = told("until 30s")
        for one in outcome.felt:
            self.assertEqual((one.silent, one.doubled, one.longest), (0.0, 0.0, None))
        self.assertEqual(felt(outcome, SECOND).owners, ("beta",))

    def test_powerLoss(self) -> None:
        """A power loss is felt until the other has started the group; the reason has the parts."""
        one = felt(told("at 20s power off alpha; until 40s"), FIRST)
        self.assertEqual(len(one.silences), 1)
        self.assertEqual(one.longest, one.silences[0])
        silence = one.silences[0]
        self.assertEqual(silence.begin, 20.0)
        self.assertTrue(3 < silence.seconds < 5.5, silence)
        self.assertRegex(
            silence.why,
            r"^power off alpha at 20.0 s; [34]\.\d\d s until beta declared alpha dead; .* its scripts$",
        )
        self.assertEqual(one.owners, ("beta",))

    def test_partition(self) -> None:
        """While both serve there are two owners and no silence."""
        one = felt(told("at 20s cut all; at 40s mend all; until 60s"), FIRST)
        self.assertEqual(one.silent, 0.0)
        self.assertTrue(15 < one.doubled < 20, one.doubles)
        self.assertIn("cut all at 20.0 s", one.doubles[0].why)

    def test_neverAgain(self) -> None:
        """What is down in the end is down until the end, and not over."""
        one = felt(told("at 20s power off alpha; power off beta; until 30s"), FIRST)
        (silence,) = one.silences
        self.assertEqual((silence.over, silence.seconds, one.owners), (False, 10.0, ()))
        self.assertIn("nobody began to start it", silence.why)

    def test_stopFails(self) -> None:
        """A stop that fails is named as the reason of the short silence it makes."""
        script = "at 20s fail stop of daemon0 on alpha; at 21s standby all on alpha; until 23s"
        one = felt(told(script), FIRST)
        self.assertIn("daemon0 would not stop on alpha", one.silences[0].why)

    def test_neverServed(self) -> None:
        """A group that was never served has no silence: it has no beginning."""
        one = felt(
            told("at 0s fail start of daemon0 on alpha; fail start of daemon0 on beta; until 9s"), FIRST
        )
        self.assertEqual((one.first, one.silences), (None, ()))


class OutcomeTests(SynchronousTestCase):
    """L{twisted_ha.whatif.outcome.play}."""

    def test_sentences(self) -> None:
        """The sentences are those an operator looks for; all of them are there on request."""
        script = "at 20s power off alpha; until 40s"
        few, all_ = told(script), told(script, detail=True)
        text = "\n".join(str(line) for line in few.lines)
        self.assertIn("node alpha: is dead", text)
        self.assertIn("* power off alpha", text)
        self.assertNotIn("daemon0 start ok", text)
        self.assertIn("daemon0 start ok", "\n".join(str(line) for line in all_.lines))
        self.assertEqual(few.deeds, ((20.0, "power off alpha"),))

    def test_interesting(self) -> None:
        """A picture ends soon after the last thing that happened, though the simulation goes on."""
        outcome = told("at 20s standby all on alpha")
        self.assertTrue(20 < outcome.interesting < 25, outcome.interesting)
        self.assertTrue(outcome.lanes.seconds > 50)

    def test_watchingChangesNothing(self) -> None:
        """Looking at a simulation does not change it."""
        from twisted_ha.sim.scenario import parseStory
        from twisted_ha.sim.simulate import runStory

        setup = benched().setup
        script = "at 20s cut eth1; at 25s lose 40% on eth2; until 60s"
        plain = runStory(setup, parseStory(script, setup))
        self.assertEqual(told(script).timeline.digest, plain.digest)
