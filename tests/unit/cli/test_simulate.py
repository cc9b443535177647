"""C{hactl simulate} and C{hactl advise} as their user meets them."""

from __future__ import annotations

import io
import json
import os

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cli import main, simulate
from twisted_ha.events import LocalStatusChanged
from twisted_ha.sim import invariants
from twisted_ha.sim.observed import NodeSaid, Observed
from twisted_ha.whatif import adviser, comparison, outcome

HA_CF = """\
logfile /var/log/ha-log
keepalive 1
deadtime 4
initdead 5
bcast eth1 eth2
auto_failback on
node alpha beta
"""
HARESOURCES = "alpha 10.0.0.9/24/eth0 web\n"


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


class SimulateCase(SynchronousTestCase):
    """Files of a cluster, and C{hactl} typed beside them."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.write("ha.cf", HA_CF)
        self.write("haresources", HARESOURCES)
        self.write("authkeys", "auth 1\n1 sha1 0123456789abcdefghij\n")
        os.chmod(os.path.join(self.directory, "authkeys"), 0o600)

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def type(self, *arguments: str, command: str = "simulate") -> int:
        """Type it.  @return: the exit status."""
        self.out, self.err = io.StringIO(), Terminal()
        return main.run([command, "--config-dir", self.directory, *arguments], self.out, self.err)

    def typed(self, *arguments: str) -> str:
        """Type what must go well.  @return: what it prints."""
        self.assertEqual(self.type(*arguments), 0, self.err.getvalue())
        return self.out.getvalue()


class SimulateTests(SimulateCase):
    """C{hactl simulate}."""

    def test_story(self) -> None:
        """A named story is told, drawn and summed up; the status is 0 though the service was down."""
        page = self.typed("--story", "power-loss", "--width", "80")
        for words in (
            "power-loss: the active node loses its power",
            "note: this machine is none of the nodes; the files are read as alpha has them",
            "1  at 10.0 s: power off alpha",
            "node alpha: is dead (silent for 4.00 s, deadtime 4.00 s)",
            "  on beta",
            "WITHOUT AN OWNER",
            "until beta declared alpha dead",
            "Nothing happened that must never happen",
        ):
            self.assertIn(words, page)

    def test_script(self) -> None:
        """A script may be typed, or stand in a file."""
        script = "at 10s cut eth1; until 20s"
        typed = self.typed(script, "-q")
        self.assertIn("1  at 10.0 s: cut eth1", typed)
        path = self.write("night.story", script.replace("; ", "\n"))
        self.assertEqual(self.typed("-f", path, "-q").split("\n")[1:], typed.split("\n")[1:])

    def test_quiet(self) -> None:
        """-q leaves the sentences out, --detail adds those of every script."""
        script = "at 10s standby all on alpha; until 12s"
        self.assertNotIn("Acquired resource group", self.typed(script, "-q"))
        self.assertNotIn("web start ok", self.typed(script))
        self.assertIn("web start ok", self.typed(script, "--detail"))

    def test_seed(self) -> None:
        """The same seed shows the same, to the letter; another one does not."""
        one, two, three = (
            self.typed("at 10s lose 50% on eth1; until 60s", "--seed", seed, "--detail")
            for seed in "112"
        )
        self.assertEqual(one, two)
        self.assertNotEqual(one, three)

    def test_ascii(self) -> None:
        """--ascii draws with letters that every terminal has."""
        self.typed("--story", "power-loss", "--ascii").encode("ascii")

    def test_timing(self) -> None:
        """How long scripts take may be said with options and in a file."""
        path = self.write("timings", "# ours\nweb stop 1s\n")
        page = self.typed(
            "at 30s standby all on alpha; until 60s", "--timing", "web start 3s", "--timings", path
        )
        self.assertRegex(page, r"10.0.0.9/24/eth0 +4\.\d s +4\.\d s +none +beta")

    def test_json(self) -> None:
        """--json is one object with what docs/hactl.md promises."""
        made = json.loads(self.typed("at 10s power off alpha; until 30s", "--json"))
        self.assertEqual(
            list(made),
            [
                *("version", "seed", "story", "seconds", "digest", "notes", "deeds", "lines"),
                *("groups", "lanes", "broken", "invariants"),
            ],
        )
        (group,) = made["groups"]
        self.assertEqual((group["key"], group["owners"]), ("10.0.0.9/24/eth0", ["beta"]))
        self.assertEqual(group["withoutOwner"], group["silences"][0]["seconds"])
        self.assertEqual(made["lanes"]["links"][0]["spells"][0]["state"], "whole")
        self.assertEqual([lane["name"] for lane in made["lanes"]["nodes"]], ["alpha", "beta"])

    def test_plot(self) -> None:
        """--plot writes a picture; when it cannot, the status is 1."""
        path = os.path.join(self.directory, "night.svg")
        self.typed("until 5s", "--plot", path)
        self.assertTrue(os.path.getsize(path) > 1000)
        self.assertEqual(self.type("until 5s", "--plot", "/nowhere/x.svg"), 1)
        self.assertIn("/nowhere/x.svg: it cannot be written", self.err.getvalue())

    def test_stories(self) -> None:
        """--stories lists the names, with the scripts for these files."""
        page = self.typed("--stories")
        self.assertIn("power-loss", page)
        self.assertIn("cut eth1", page)
        self.assertIn("(they name no fencing device)", page)

    def test_original(self) -> None:
        """A node may run heartbeat 3.0.6."""
        self.assertIn(
            "it will start itself again",
            self.typed("at 30s cut all; at 45s mend all; until 60s", "--original", "beta"),
        )
        self.assertEqual(self.type("until 5s", "--original", "gamma"), 2)

    def test_random(self) -> None:
        """Random nights are summed up, one is shown; a seed says which."""
        page = self.typed("--random", "2", "--seed", "3")
        self.assertIn("2 random nights", page)
        self.assertIn("hactl simulate --random 1 --seed", page)
        self.assertIn("night 2 of 2", self.err.getvalue())
        self.assertIn("random night 3 (seed 3", self.typed("--random", "1", "--seed", "3", "-q"))
        made = json.loads(self.typed("--random", "2", "--json"))
        self.assertEqual([night["seed"] for night in made["nights"]], [1, 2])

    def test_try(self) -> None:
        """--try compares, on the terminal and as JSON."""
        self.patch(comparison, "SECONDS", 20.0)
        self.patch(comparison, "SEEDS", 1)
        arguments = ("at 10s power off alpha; until 25s", "--try", "deadtime=3")
        page = self.typed(*arguments)
        self.assertRegex(page, r"as in ha.cf +[34]\.\d s")
        self.assertRegex(page, r"deadtime=3 +2\.\d s")
        made = json.loads(self.typed(*arguments, "--json"))
        self.assertEqual([one["variant"] for one in made["variants"]], ["as in ha.cf", "deadtime=3"])


class ComplaintTests(SimulateCase):
    """What is misspelt is answered with its place, what is wrong, and what could be written."""

    def refused(self, *arguments: str, status: int = 2) -> str:
        self.assertEqual(self.type(*arguments), status, self.out.getvalue())
        self.assertEqual(self.out.getvalue(), "")
        return self.err.getvalue()

    def test_unknownLink(self) -> None:
        """A name that is not in the files is underlined."""
        self.assertEqual(
            self.refused("at 10s cut eth9"),
            'script:1:12: there is no link "eth9"; there are eth1, eth2\n'
            "    1 | at 10s cut eth9\n"
            "      |            ^^^^\n",
        )

    def test_inAFile(self) -> None:
        """In a file the line counts, and comments do no harm."""
        path = self.write("s", "# a night\nat 10s cut eth1; at 20s power of alpha # oops\n")
        said = self.refused("-f", path)
        self.assertIn(f'{path}:2:18: write "power off NODE"', said)
        self.assertIn(f"      |                  {'^' * len('at 20s power of alpha')}\n", said)

    def test_sentenceTwice(self) -> None:
        """The sentence that is wrong is shown, also where a good one looks the same."""
        said = self.refused("at 5s kill alpha; at 10s kill gamma")
        self.assertIn("script:1:31: there is no node", said)

    def test_nothing(self) -> None:
        """Without a story it is said how to give one."""
        self.assertIn("--stories lists the names", self.refused())

    def test_others(self) -> None:
        """So is everything else that can be misspelt."""
        for arguments, words in [
            (("--story", "powerloss"), "did you mean power-loss?"),
            (
                ("until 5s", "--timing", "wbe start 3s"),
                'no resource "wbe" in haresources; did you mean web?',
            ),
            (("until 5s", "--try", "deadtime=1"), "longer than two keepalives"),
            (("until 5s", "--random", "3"), "not allowed with"),
            (("--random", "0"), "is not a whole number above 0"),
            (("--random", "3", "--try", "deadtime=3"), "--try compares one story"),
        ]:
            self.assertIn(words, self.refused(*arguments))

    def test_noSuchFile(self) -> None:
        """A script that cannot be read is status 1."""
        self.assertIn("/nowhere: it cannot be read", self.refused("-f", "/nowhere", status=1))

    def test_badConfiguration(self) -> None:
        """A wrong configuration is told exactly as hactl check tells it, with its status."""
        self.write("ha.cf", HA_CF.replace("deadtime 4", "deadtime 30sx"))
        arguments = ("--node", "alpha")
        self.assertEqual(self.type(*arguments, command="check"), 6)
        expected = self.err.getvalue()
        self.assertIn('"30sx" is not a duration', expected)
        self.assertEqual(self.refused("until 5s", *arguments, status=6), expected)

    def test_noConfiguration(self) -> None:
        """A directory without files is told so too."""
        os.remove(os.path.join(self.directory, "ha.cf"))
        self.assertIn("ha.cf: there is no such file", self.refused("until 5s", status=6))

    def test_warnings(self) -> None:
        """Warnings of hactl check are counted, not repeated."""
        self.write("ha.cf", HA_CF.replace("initdead 5", "initdead 5\nudp eth3"))
        self.assertRegex(self.typed("until 5s"), r"note: hactl check has \d warnings about these files")


class BrokenTests(SimulateCase):
    """When something happens that must never happen."""

    def test_status(self) -> None:
        """The status is 5, and what broke is printed."""

        class Never(invariants.Invariant):
            name = "never up"

            def observe(self, seen: Observed) -> None:
                up = isinstance(seen, NodeSaid) and isinstance(seen.event, LocalStatusChanged)
                self.claim(up, not up, "it is up", seen.node)

        def broken(*arguments: object, **more: object) -> outcome.Outcome:
            return outcome.play(*arguments, **{**more, "invariants": (Never,)})  # type: ignore[arg-type]

        self.patch(simulate, "play", broken)
        self.assertEqual(self.type("until 5s"), 5)
        self.assertIn("VIOLATION of never up: it is up", self.out.getvalue())
        self.assertEqual(self.type("until 5s", "--json"), 5)
        self.assertEqual(json.loads(self.out.getvalue())["broken"][0]["invariant"], "never up")
        self.assertEqual(self.type("--random", "2"), 5)
        self.assertIn("never up", self.out.getvalue())


class AdviseTests(SimulateCase):
    """C{hactl advise}."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(adviser, "KEEPALIVES", (1.0,))
        self.patch(adviser, "SECONDS", 20.0)

    def test_advice(self) -> None:
        """It prints a table, what to write, and why; with progress on a terminal."""
        status = self.type("--runs", "1", "--stall", "2", "--loss", "0", command="advise")
        self.assertEqual(status, 0, self.err.getvalue())
        page = self.out.getvalue()
        for words in (
            "KEEPALIVE",
            "as in ha.cf",
            "Write into ha.cf, on both nodes:",
            "    deadtime ",
            "Why:",
        ):
            self.assertIn(words, page)
        self.assertIn("run 1", self.err.getvalue())

    def test_json(self) -> None:
        """--json is for programs, and shows no progress."""
        self.assertEqual(self.type("--runs", "1", "--json", command="advise"), 0)
        made = json.loads(self.out.getvalue())
        self.assertEqual(made["candidates"][0]["role"], "yours")
        self.assertEqual(self.err.getvalue(), "")

    def test_oneNode(self) -> None:
        """A node that is alone needs no advice."""
        self.write("ha.cf", HA_CF.replace("node alpha beta", "node alpha"))
        self.assertEqual(self.type(command="advise"), 1)
        self.assertIn("names one node", self.err.getvalue())

    def test_noDaemon(self) -> None:
        """--observed needs a daemon, and says so when there is none."""
        status = self.type("--observed", "--socket", "/nowhere/sock", command="advise")
        self.assertEqual(status, 3)
        self.assertIn("hactl: ", self.err.getvalue())
