"""L{twisted_ha.sim.shrink}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.sim.scenario import Story, parseStory
from twisted_ha.sim.setup import Setup, clusterConfig
from twisted_ha.sim.shrink import shrink
from twisted_ha.sim.storyteller import inventSetup, inventStory

SETUP = Setup(config=clusterConfig())


class ShrinkTests(SynchronousTestCase):
    """L{shrink}."""

    def test_findsTheTwo(self) -> None:
        """Of a long story the two sentences that matter are left, at round times."""
        text = "; ".join(f"at {place}.37s set clock of alpha by +1s" for place in range(40))
        story = parseStory(text + "; at 17.43s cut eth1; at 31.77s kill beta", SETUP)

        def fails(candidate: Story) -> bool:
            texts = [step.text for step in candidate.steps]
            return "cut eth1" in texts and "kill beta" in texts

        self.assertEqual(str(shrink(story, fails)), "at 20s cut eth1; at 30s kill beta")

    def test_keepsWhatMatters(self) -> None:
        """A time that matters is not rounded away."""
        story = parseStory("at 17.4s cut eth1; at 20s cut eth2", SETUP)
        short = shrink(story, lambda one: any(17 < step.at < 18 for step in one.steps))
        self.assertEqual(str(short), "at 17.4s cut eth1")

    def test_budget(self) -> None:
        """No more stories are run than allowed."""
        runs: list[Story] = []
        story = parseStory("; ".join(f"at {place}s cut eth1" for place in range(60)), SETUP)
        shrink(story, lambda one: bool(runs.append(one)), budget=5)
        self.assertEqual(len(runs), 5)


class StorytellerTests(SynchronousTestCase):
    """L{inventSetup} and L{inventStory}."""

    def test_same(self) -> None:
        """The same seed tells the same story of the same cluster."""
        self.assertEqual(inventSetup(5), inventSetup(5))
        self.assertEqual(str(inventStory(inventSetup(5))), str(inventStory(inventSetup(5))))

    def test_different(self) -> None:
        """Different seeds tell different stories."""
        self.assertEqual(len({str(inventStory(inventSetup(seed))) for seed in range(50)}), 50)

    def test_mended(self) -> None:
        """In the end of every story cables are mended and every daemon is started."""
        for seed in range(30):
            texts = [step.text for step in inventStory(inventSetup(seed)).steps]
            for sentence in ("mend all", "start alpha", "start beta"):
                self.assertIn(sentence, texts[-12:])
