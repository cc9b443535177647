"""Tests of L{twisted_ha.resources.mover}: which move a word belongs to."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.bench import Bench
from tests.unit.resources.cluster import BETA
from twisted_ha.events import StandbyFinished, StandbyRefused
from twisted_ha.operations import MoveReport
from twisted_ha.resources.standby import ANSWER_TIME, Move
from twisted_ha.resources.words import MoveWord
from twisted_ha.terms import NodeName, ResourceSet

LOCAL = ResourceSet.LOCAL


def word(step: str, wish: str | None, state: Move | None = None, sequence: int = 50) -> MoveWord:
    """What beta says about a move of local groups, in the giver's words."""
    return MoveWord(
        step=step,
        resources=LOCAL,
        wish=wish,
        state=state.value if state is not None else None,
        sequence=sequence,
    )


class MoverTestCase(SynchronousTestCase):
    """What the following share: alpha's mover, and beta, which says what the test says."""

    def setUp(self) -> None:
        self.bench = Bench()
        self.peer, self.mover = self.bench.peer, self.bench.mover
        self.reports: list[MoveReport] = []

    def give(self) -> None:
        self.mover.give(LOCAL, "").addCallback(self.reports.append)

    def granted(self, wish: str | None) -> None:
        """Alpha has said that beta may give."""
        self.mover.peerAsks(word("me", wish))
        self.assertIs(self.mover.state, Move.GRANTED)

    def numbers(self) -> list[tuple[str, str | None]]:
        """What was said about moves, and of which."""
        words = [one for one in self.bench.mouth.said if one.type == "ask_resources"]
        return [(one.get("info") or "", one.get("tha_wish")) for one in words]

    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.bench.told(StandbyFinished)]  # type: ignore[attr-defined]


class NumberTests(MoverTestCase):
    """Who gives a move its number, and who repeats it."""

    def test_counted(self) -> None:
        """A giver numbers its wishes."""
        self.give()
        self.mover.abort("a test")
        self.give()
        self.assertEqual(self.numbers(), [("me", "1"), ("me", "2")])

    def test_giverKeeps(self) -> None:
        """Whatever it says about a move repeats its number."""
        self.give()
        self.mover.peerGrants(word("other", "1"))
        self.assertEqual(self.numbers(), [("me", "1"), ("done", "1")])

    def test_takenBack(self) -> None:
        """
        A word that groups are free is void when a later report of the giver says that it has them: it
        was read late, and the giver has given up.
        """
        for granted in (True, False):
            self.setUp()
            if granted:
                self.granted("7")
            self.peer.sequence = 60
            self.mover.peerDone(word("done", "7", Move.HANDED, sequence=50))
            self.assertIs(self.mover.state, Move.NONE)
            self.assertFalse(self.bench.board.mine & ResourceSet.FOREIGN)

    def test_takerRepeats(self) -> None:
        """The taker repeats the giver's."""
        self.granted("7")
        self.mover.peerDone(word("done", "7", Move.HANDED))
        self.assertEqual(self.numbers(), [("other", "7"), ("done", "7")])

    def test_original(self) -> None:
        """The original's wish has none, and nobody invents one."""
        self.peer.ours = False
        self.granted(None)
        self.assertEqual(self.numbers(), [("other", None)])

    def test_crossing(self) -> None:
        """Of two wishes that cross, the move that goes on keeps its own number."""
        self.peer.ours = False
        self.give()
        self.mover.peerAsks(word("me", None))
        self.assertEqual(self.numbers(), [("me", "1"), ("other", None)])
        self.assertEqual((self.mover.giver, self.outcomes()), (BETA, ["cancelled"]))

    def test_crossingOurs(self) -> None:
        """Between two of our kind the wish of the lower name goes first: here alpha's."""
        self.give()
        self.mover.peerAsks(word("me", "7"))
        self.assertEqual((self.mover.state, self.mover.wish), (Move.ASKED, "1"))
        self.assertEqual(self.numbers(), [("me", "1")])

    def test_crossingLower(self) -> None:
        """And here the other node's."""
        self.peer.name = NodeName("aardvark")
        self.give()
        self.mover.peerAsks(word("me", "7"))
        self.assertEqual((self.mover.state, self.mover.wish), (Move.GRANTED, "7"))


class MeaningTests(MoverTestCase):
    """A word about another move than the one under way means nothing to it."""

    def test_means(self) -> None:
        """The number says which move is meant; the original's words mean whatever is under way."""
        self.granted("7")
        meant = [self.mover.means(wish) for wish in ("7", "8", "", None)]
        self.assertEqual(meant, [True, False, False, True])

    def test_meansToOriginals(self) -> None:
        """A number means nothing to a move of an original, which gave it none."""
        self.granted(None)
        self.assertEqual([self.mover.means(wish) for wish in ("1", None)], [False, True])

    def test_grant(self) -> None:
        """A go-ahead for an earlier wish releases nothing."""
        self.give()
        self.bench.clock.advance(ANSWER_TIME)
        self.give()
        self.mover.peerGrants(word("other", "1"))
        self.assertIs(self.mover.state, Move.ASKED)
        self.assertEqual(self.peer.sequence, 0)
        self.mover.peerGrants(word("other", "2", sequence=51))
        self.assertIs(self.mover.state, Move.HANDED)
        self.assertEqual(self.peer.sequence, 51)

    def test_grantKeepsTheNewestReport(self) -> None:
        """A go-ahead that comes late does not make an older report count."""
        self.peer.sequence = 60
        self.give()
        self.mover.peerGrants(word("other", "1", sequence=51))
        self.assertEqual(self.peer.sequence, 60)

    def test_doneOfAnother(self) -> None:
        """
        Two moves cross: alpha has said that beta may give, and hears that beta is done with taking
        alpha's.  That releases nothing of beta's, which would run twice.
        """
        self.granted("7")
        self.mover.peerDone(word("done", "1", Move.ACQUIRING))
        self.assertIs(self.mover.state, Move.GRANTED)
        self.assertEqual(self.bench.agents.calls, [])

    def test_doneOfAnotherForTheGiver(self) -> None:
        """A giver waits for the end of its own move."""
        self.give()
        self.mover.peerGrants(word("other", "1"))
        self.mover.peerDone(word("done", "7", Move.ACQUIRING))
        self.assertEqual((self.mover.state, self.reports), (Move.HANDED, []))
        self.mover.peerDone(word("done", "1", Move.ACQUIRING))
        self.assertEqual([report.outcome for report in self.reports], ["completed"])

    def test_sameNumber(self) -> None:
        """
        Both nodes count from one.  What beta says at last about alpha's first move says nothing of
        beta's, and the other way round.
        """
        self.granted("1")
        self.mover.peerDone(word("done", "1", Move.NONE))
        self.assertEqual((self.mover.state, self.bench.agents.calls), (Move.GRANTED, []))
        self.mover.abort("a test")
        self.give()
        self.mover.peerGrants(word("other", "1"))
        self.peer.resources = ResourceSet.ALL
        self.mover.peerDone(word("done", "1", Move.HANDED))
        self.assertEqual((self.mover.state, self.reports), (Move.HANDED, []))

    def test_lateDone(self) -> None:
        """What was released when nobody waited any more is taken, and answered with its number."""
        self.peer.resources = ResourceSet.NONE
        self.mover.peerDone(word("done", "7", Move.HANDED))
        self.assertEqual(self.bench.agents.calls, ["start b1"])
        self.assertEqual(self.numbers(), [("done", "7")])

    def test_refusal(self) -> None:
        """A no to the wish under way ends it, and is told in the original's words."""
        self.give()
        self.mover.peerRefuses("1", "a test")
        self.assertEqual((self.mover.state, self.outcomes()), (Move.NONE, ["cancelled"]))
        (told,) = self.bench.told(StandbyRefused)
        self.assertEqual(told.render(), "standby message [me] from alpha ignored.  beta says: a test")

    def test_refusalOfAnother(self) -> None:
        """A no to an earlier wish does not."""
        self.give()
        self.bench.clock.advance(ANSWER_TIME)
        self.give()
        self.mover.peerRefuses("1", "a test")
        self.assertIs(self.mover.state, Move.ASKED)


class OutdatedTests(MoverTestCase):
    """Whether the other node has another wish by now."""

    def test_newer(self) -> None:
        """A later number is a later wish, counted and not compared by its letters."""
        self.granted("9")
        self.assertEqual(
            [self.mover.outdatedBy(wish) for wish in ("10", "9", "8")], [True, False, False]
        )

    def test_unknown(self) -> None:
        """Without two numbers nobody knows: nothing is outdated."""
        self.granted("9")
        for wish in (None, "", "ten", "-10", "٣٠", "1" * 16):
            self.assertFalse(self.mover.outdatedBy(wish), wish)

    def test_byOriginals(self) -> None:
        """An original's wish has no number, so none is later."""
        self.granted(None)
        self.assertFalse(self.mover.outdatedBy("1"))

    def test_sentAgain(self) -> None:
        """A wish that is heard again, begins nothing anew."""
        self.granted("9")
        self.mover.peerAsks(word("me", "9"))
        self.assertEqual(self.numbers(), [("other", "9")])
        self.assertEqual((self.mover.state, self.mover.wish), (Move.GRANTED, "9"))
