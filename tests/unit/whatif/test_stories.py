"""L{twisted_ha.whatif.stories}."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.whatif.clusters import benched, told
from twisted_ha.config.model import FencingDevice
from twisted_ha.sim.setup import clusterConfig
from twisted_ha.whatif.bench import benchOf
from twisted_ha.whatif.stories import STORIES, NoSuchStory, storyNamed


class StoryTests(SynchronousTestCase):
    """L{STORIES}."""

    def test_everyStory(self) -> None:
        """Every story can be told of a cluster that has everything, and breaks no invariant."""
        config = replace(benched().config, fencing=FencingDevice(type="external/x"))
        bench = benchOf(config, seed=1)
        for one in STORIES:
            script = one.tell(bench.setup)
            outcome = told(script, bench)
            self.assertEqual(outcome.timeline.violations, (), f"{one.name}: {script}")

    def test_picksNamesOfTheFiles(self) -> None:
        """A story is told of the home of the first group, and of a link that is no serial cable."""
        config = clusterConfig(["left", "right"], links=("/dev/ttyS0", "em1"))
        setup = benchOf(config).setup
        self.assertIn("power off left", storyNamed("power-loss").tell(setup))
        self.assertIn("cut em1", storyNamed("one-link").tell(setup))

    def test_cannotBeTold(self) -> None:
        """What these files have no part for is refused, with the reason."""
        one = benchOf(clusterConfig(1)).setup
        single = benched(links=("eth1",)).setup
        bare = benched(groups=[]).setup
        for name, setup, reason in [
            ("passive-loss", one, "one node only"),
            ("one-link", single, "only one link"),
            ("start-fails", bare, "no group"),
            ("fencing-fails", single, "no fencing device"),
        ]:
            error = self.assertRaises(NoSuchStory, storyNamed(name).tell, setup)
            self.assertIn(reason, str(error))

    def test_unknown(self) -> None:
        """A name nobody knows is answered with the one that may have been meant."""
        error = self.assertRaises(NoSuchStory, storyNamed, "powerloss")
        self.assertIn("did you mean power-loss?", str(error))
