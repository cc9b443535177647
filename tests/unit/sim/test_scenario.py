"""L{twisted_ha.sim.scenario} and L{twisted_ha.sim.deeds}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.sim.deeds import DEEDS
from twisted_ha.sim.scenario import Story, StoryError, parseStory, seconds
from twisted_ha.sim.setup import Setup, clusterConfig
from twisted_ha.sim.weather import CLEAR
from twisted_ha.sim.world import World

SETUP = Setup(config=clusterConfig(pings=["10.0.0.254"]), autoStart=False)

EXAMPLES = {
    "NODE": "alpha",
    "LINK": "eth1",
    "SOURCE": "alpha",
    "TARGET": "beta",
    "HOST": "10.0.0.254",
    "RESOURCE": "daemon0",
    "TIME": "2.5s",
    "SHARE%": "30%",
    "COUNT": "3",
    "SHIFT": "-30s",
    "SET": "local",
    "VERB": "stop",
}


class ParseTests(SynchronousTestCase):
    """L{parseStory}."""

    def refused(self, text: str) -> StoryError:
        return self.assertRaises(StoryError, parseStory, text, SETUP)

    def test_example(self) -> None:
        """The story of the documentation is read, in the order of its times."""
        story = parseStory(
            "at 10s cut eth1; at 90s standby all on beta\nat 30s power off alpha # ouch\n\n;;until 2min",
            SETUP,
        )
        self.assertEqual([step.at for step in story.steps], [10, 30, 90])
        self.assertEqual(story.until, 120)
        self.assertEqual(
            str(story),
            "at 10s cut eth1; at 30s power off alpha; at 90s standby all on beta; until 120s",
        )

    def test_printsAsRead(self) -> None:
        """What a story prints can be read again, and prints the same."""
        text = "; ".join(
            f"at {place}.5s " + " ".join(EXAMPLES.get(word, word) for word in deed.form.split())
            for place, deed in enumerate(DEEDS)
        )
        story = parseStory(text, SETUP)
        self.assertEqual([step.deed for step in story.steps], DEEDS)
        self.assertEqual(str(parseStory(str(story), SETUP)), str(story))

    def test_everyDeedCanBeDone(self) -> None:
        """Every deed can be done to a world in which nothing runs, without complaint."""
        for deed in DEEDS:
            sentence = "at 1s " + " ".join(EXAMPLES.get(word, word) for word in deed.form.split())
            world = World(SETUP)
            parseStory(sentence, SETUP).schedule(world)
            world.run(2)
            self.assertEqual(
                [str(seen) for _, seen in world.history if "BUG" in str(seen)], [], deed.form
            )

    def test_relative(self) -> None:
        """C{after} counts from the sentence before, and a sentence without a time is at the same."""
        story = parseStory("at 10s cut eth1; after 5s mend eth1; cut eth2; after 500ms mend eth2", SETUP)
        self.assertEqual([step.at for step in story.steps], [10, 15, 15, 15.5])

    def test_unknownDeed(self) -> None:
        """A deed nobody knows is shown with its place and what may have been meant."""
        error = self.refused("at 5s cut eth1;\nat 10s cutt eth2")
        self.assertEqual(error.position, 17)
        self.assertIn('"at 10s cutt eth2": nobody knows how to "cutt"; did you mean "cut"?', str(error))

    def test_wrongForm(self) -> None:
        """A deed that is known but written otherwise is answered with how it is written."""
        self.assertIn('write "standby SET on NODE"', str(self.refused("at 1s standby everything")))

    def test_unknownNames(self) -> None:
        """Nodes, links, ping nodes and resources must exist; the answer names those that do."""
        for text, words in [
            ("at 1s power off gamma", 'there is no node "gamma"; there are alpha, beta'),
            ("at 1s cut eth9", 'there is no link "eth9"; there are eth1, eth2'),
            ("at 1s unplug 1.1.1.1", 'there is no ping node "1.1.1.1"; there are 10.0.0.254'),
            ("at 1s fail stop of web on alpha", 'there is no resource "web"'),
            ("at 1s cut eth1 from alpha to gamma", 'there is no node "gamma"'),
        ]:
            self.assertIn(words, str(self.refused(text)))

    def test_wrongWord(self) -> None:
        """Which word is wrong, and why, can be had apart, for whoever shows the place."""
        error = self.refused("at 1s cut eth1 from alpha to gamma")
        self.assertEqual(error.word, "gamma")
        self.assertTrue(error.reason.startswith("there is no node"))
        self.assertEqual(self.refused("at 1s eat lunch").word, "")

    def test_badTimes(self) -> None:
        """A time that is none is refused wherever it stands."""
        for text in ("at soon cut eth1", "until later", "at 1s pause alpha for ever"):
            self.assertIn("is not a duration; write 10s, 250ms", str(self.refused(text)))

    def test_nothing(self) -> None:
        """A time without a deed says that nothing happens; an empty text is an empty story."""
        self.assertIn("nothing is said to happen", str(self.refused("at 10s ")))
        self.assertEqual(parseStory("  # nothing\n", SETUP), Story())

    def test_seconds(self) -> None:
        """Durations in all units."""
        self.assertEqual(
            [seconds(text) for text in ("3", "3s", "250ms", "2min", "1h")], [3, 3, 0.25, 120, 3600]
        )


class DeedTests(SynchronousTestCase):
    """L{DEEDS}."""

    def after(self, text: str) -> World:
        world = World(SETUP)
        parseStory(text, SETUP).schedule(world)
        world.run(100)
        return world

    def test_cables(self) -> None:
        """Cables are cut one, all, or one way, and mended."""
        world = self.after("at 1s cut all; at 2s mend eth2; at 3s cut eth2 from beta to alpha")
        eth1, eth2 = (world.network.segments[name] for name in ("eth1", "eth2"))
        self.assertTrue(eth1.path("alpha", "beta").cut and eth1.path("beta", "alpha").cut)
        self.assertFalse(eth2.path("alpha", "beta").cut)
        self.assertTrue(eth2.path("beta", "alpha").cut)
        self.assertFalse(world.network.segments["10.0.0.254"].path("alpha", "10.0.0.254").cut)

    def test_weatherAddsUp(self) -> None:
        """One kind of weather is added to another, until it is calm again."""
        world = self.after("at 1s lose 30% on eth1 in bursts of 4; at 2s delay eth1 by 200ms")
        weather = world.network.weatherOf("eth1")
        self.assertEqual((weather.loss, weather.burst, weather.delay), (0.3, 4, 0.2))
        self.assertIs(
            self.after("at 1s lose 30% on eth1; at 2s calm eth1").network.weatherOf("eth1"), CLEAR
        )

    def test_clock(self) -> None:
        """A clock is set forward and back."""
        world = self.after("at 1s set clock of alpha by +3600s; at 2s set clock of alpha by -600s")
        self.assertEqual(world.machines["alpha"].wall.offset, 3000)

    def test_disk(self) -> None:
        """Disks fill up and are mended."""
        self.assertTrue(self.after("at 1s fill disk of beta").machines["beta"].disk.full)
        self.assertFalse(self.after("fill disk of beta; mend disk of beta").machines["beta"].disk.full)
