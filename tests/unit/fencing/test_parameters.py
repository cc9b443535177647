"""Parameters of devices: how they are given, and that nobody reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.fencing.fakes import reasonOf
from twisted_ha.errors import FencingError
from twisted_ha.fencing.parameters import Settings, assign, ending, hostsIn, secretsOf, wordsIn
from twisted_ha.operations import Completed, Invocation

NAMES = ("hostname", "ipaddr", "passwd")


class AssignTests(SynchronousTestCase):
    """L{assign}."""

    def refused(self, names: tuple[str, ...], *words: str) -> str:
        return reasonOf(self.assertRaises(FencingError, assign, names, words))

    def test_positions(self) -> None:
        """The words stand in the order of the names."""
        self.assertEqual(
            assign(NAMES, ("beta", "10.0.0.5", "x")),
            {"hostname": "beta", "ipaddr": "10.0.0.5", "passwd": "x"},
        )

    def test_rest(self) -> None:
        """The last parameter takes the rest of the line."""
        self.assertEqual(assign(("hostlist",), ("alpha", "beta")), {"hostlist": "alpha beta"})

    def test_named(self) -> None:
        """Named words may stand in any order, be left out, and hold blanks."""
        self.assertEqual(
            assign(NAMES, ("passwd=a=b", "hostname=alpha", "beta")),
            {"passwd": "a=b", "hostname": "alpha beta"},
        )

    def test_equalsSign(self) -> None:
        """A value with an equals sign is still a value by its position."""
        self.assertEqual(assign(("user", "passwd"), ("u=1", "p"))["user"], "u=1")

    def test_nothing(self) -> None:
        """A device without parameters is given none."""
        self.assertEqual(assign((), ()), {})

    def test_tooFew(self) -> None:
        """Missing words are told with the names that are needed, and no value."""
        reason = self.refused(NAMES, "hunter2")
        self.assertIn("needs 3 parameters (hostname ipaddr passwd), and ha.cf gives 1", reason)
        self.assertNotIn("hunter2", reason)

    def test_tooMany(self) -> None:
        """Words for a device that takes none are refused."""
        self.assertIn("delete them", self.refused((), "hunter2"))

    def test_unknownName(self) -> None:
        """A misspelt name is refused by its place: the word may be part of a password."""
        reason = self.refused(NAMES, "hostname=beta", "pasword=hunter2")
        self.assertIn("word 2", reason)
        self.assertNotIn("hunter2", reason)


class HiddenTests(SynchronousTestCase):
    """What is said of a script never holds its parameters."""

    def test_repr(self) -> None:
        """An invocation may be shown: its environment shows how much it holds."""
        invocation = Invocation(argv=("/x", "reset"), environment=Settings(passwd="hunter2"))
        self.assertNotIn("hunter2", f"{invocation!r} {invocation} {invocation.environment}")

    def test_lastWords(self) -> None:
        """The last line of the errors is told, without the password in it."""
        done = Completed(status=3, output=b"trying", errors=b"first\nlogin hunter2 failed\n\n")
        self.assertEqual(ending(done, {"hunter2"}), "exit status 3: login *** failed")

    def test_output(self) -> None:
        """A script that writes no errors is quoted from its output."""
        self.assertEqual(ending(Completed(status=1, output=b"no\x07\n"), ()), "exit status 1: no")

    def test_edge(self) -> None:
        """No half of a password is left where a long line is cut."""
        errors = ("hunter2" * 40 + "x" * 196).encode()
        self.assertNotIn("ter2", ending(Completed(status=1, errors=errors), {"hunter2"}))

    def test_short(self) -> None:
        """A password of two letters is hidden as a word, and leaves other words alone."""
        done = Completed(status=1, errors=b"on: contact lost on 5")
        self.assertEqual(
            ending(done, {"on", "5"}),
            "exit status 1: ***: contact lost on ***".replace("lost on", "lost ***"),
        )

    def test_ends(self) -> None:
        """A signal, a deadline and a script that could not be run are told apart."""
        for completed, words in (
            (Completed(status=None, signal=9), "ended by signal 9"),
            (Completed(status=None, signal=15, timedOut=True, seconds=20.0), "no end after 20.0 s"),
            (Completed(status=None, errors=b"cannot run /x: no"), "could not be run: cannot run /x: no"),
        ):
            self.assertIn(words, ending(completed, ()))

    def test_harmless(self) -> None:
        """Names of nodes stay readable; every word of a value is hidden."""
        self.assertEqual(
            secretsOf(["alpha Beta", "a b", ""], ["alpha", "beta"]), {"alpha Beta", "a b", "a", "b"}
        )

    @given(st.text("abX1*. ", min_size=4, max_size=12), st.text(max_size=40), st.text(max_size=300))
    def test_never(self, secret: str, before: str, after: str) -> None:
        """Wherever a password stands in a line, it is not told."""
        if set(secret) <= set("* "):  # as a mask looks itself
            return
        done = Completed(status=1, errors=f"{before}{secret}{after}".encode("utf-8", "replace"))
        self.assertNotIn(secret, ending(done, {secret}).removeprefix("exit status 1: "))


class WordsTests(SynchronousTestCase):
    """What scripts answer."""

    def test_words(self) -> None:
        """Names come one a line or several."""
        self.assertEqual(wordsIn(b"hostlist\npassword two\n"), ("hostlist", "password", "two"))

    def test_hosts(self) -> None:
        """Hosts are lower-case here, parted by blanks or commas."""
        self.assertEqual(hostsIn("Alpha,beta\n gamma"), {"alpha", "beta", "gamma"})
