"""Tests of L{twisted_ha.resources.words}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.resources.cluster import BETA
from twisted_ha.cluster.header import Header
from twisted_ha.resources.words import MoveWord, refusal
from twisted_ha.terms import ResourceSet
from twisted_ha.wire.message import Message

HEADER = Header("ask_resources", BETA, sequence=7)


class MoveWordTests(SynchronousTestCase):
    """C{ask_resources} as fields, and back."""

    def test_original(self) -> None:
        """The original says what the move is about and which step this is, and no more."""
        word = MoveWord.of(HEADER, Message.of("ask_resources", rsc_hold="local", info="me"))
        self.assertEqual(word, MoveWord(step="me", resources=ResourceSet.LOCAL, sequence=7))

    def test_ours(self) -> None:
        """What one of our kind sends is read as it was meant; the number is the message's own."""
        word = MoveWord(
            step="done", resources=ResourceSet.ALL, wish="3", failed="a1, b1", state="acquiring"
        )
        read = MoveWord.of(HEADER._replace(sequence=None), word.message)
        self.assertEqual(read, word)

    def test_toAnOriginal(self) -> None:
        """A word without fields of ours is the original's."""
        word = MoveWord(step="done", resources=ResourceSet.FOREIGN)
        self.assertEqual(word.message, Message.of("ask_resources", rsc_hold="foreign", info="done"))

    def test_everything(self) -> None:
        """Without a class everything is meant, and without a step nothing."""
        word = MoveWord.of(HEADER, Message.of("ask_resources"))
        self.assertEqual(word, MoveWord(step="", resources=ResourceSet.ALL, sequence=7))

    def test_unknownClass(self) -> None:
        """A class that there is not makes no word."""
        self.assertIsNone(MoveWord.of(HEADER, Message.of("ask_resources", rsc_hold="half", info="me")))


class RefusalTests(SynchronousTestCase):
    """Our own no."""

    def test_wish(self) -> None:
        """It names the wish it is about."""
        expected = Message.of("tha_refused", reason="a test", tha_wish="3")
        self.assertEqual(refusal("a test", "3"), expected)

    def test_request(self) -> None:
        """A request for groups has no number."""
        self.assertEqual(refusal("a test"), Message.of("tha_refused", reason="a test"))
