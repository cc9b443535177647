"""Two tests on one clock: what they say to each other, and what comes of it."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.linktest.fakes import (
    ALPHA,
    BETA,
    CABLE,
    ETH0,
    ETH1,
    ROUTER,
    Cables,
    FakeMedium,
    Pair,
    keysOf,
)
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.cluster.header import Header
from twisted_ha.events import MediumDown
from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.linktest.report import Result, conclusion, remedies
from twisted_ha.linktest.verdict import Verdict
from twisted_ha.wire.codec import decode
from twisted_ha.wire.message import Message
from twisted_ha.wire.signed import Encoding


def verdicts(result: Result) -> dict[str, str]:
    """By link: good, or what is the matter."""
    return {
        row.road.link: row.cause.finding if row.cause is not None else row.verdict.value
        for row in result.rows
    }


class RunnerTests(SynchronousTestCase):
    """L{twisted_ha.linktest.runner.LinkTest} and the verdicts on what it heard."""

    def test_interfaces(self) -> None:
        """The test hears frames; the fake is a medium."""
        self.assertTrue(verifyObject(IFrameSink, Pair().alpha))
        self.assertTrue(verifyObject(IMedium, FakeMedium(Cables(Clock()), ETH0, "alpha")))

    def test_good(self) -> None:
        """Roads that carry everything are good, and each side knows what the other heard."""
        result = Pair(ETH0, CABLE, ROUTER).go()
        self.assertTrue(result.good, remedies(result))
        self.assertEqual(verdicts(result), {"eth0": "good", "/dev/cuau0": "good", "router": "good"})
        self.assertEqual(conclusion(result), "All roads are good.  Serial connectivity is OK!")

    def test_roundTrip(self) -> None:
        """Round trip and clock difference are told apart."""
        pair = Pair(ETH0)
        pair.skew = 5.0
        (row,) = pair.go().rows
        self.assertAlmostEqual(row.roundTrip or 0, 0.02, delta=0.02)
        self.assertAlmostEqual(row.ahead or 0, 5.0, delta=0.02)

    def test_clock(self) -> None:
        """A clock that is far off is a note, and no failure."""
        pair = Pair(ETH0, ETH1)
        pair.skew = -7.0
        result = pair.go()
        self.assertTrue(result.good)
        self.assertIn("the clock of beta is 7.0 s behind", " ".join(note.text for note in result.notes))

    def test_harmless(self) -> None:
        """What is sent has no number and is for nobody, so that a daemon drops it."""
        pair = Pair(ETH0)
        pair.go(1)
        for frame in pair.end(ALPHA, "eth0").sent:
            header = Header.of(decode(frame).message)
            self.assertIsNone(header.sequence)
            self.assertNotIn(header.dest, (None, ALPHA, BETA))

    def test_sizes(self) -> None:
        """Full-size packets have exactly 1400 bytes, and large ones are in fragments."""
        pair = Pair(ETH0)
        pair.go(2)
        lengths = {len(frame) for frame in pair.end(ALPHA, "eth0").sent}
        self.assertIn(1400, lengths)
        self.assertIn(8000, lengths)

    def test_keysStay(self) -> None:
        """No key is in anything that is sent."""
        pair = Pair(ETH0, alpha={"config": {"keys": keysOf(b"sesame")}})
        pair.go(1)
        self.assertNotIn(b"sesame", b"".join(pair.end(ALPHA, "eth0").sent))

    def test_weAreDeaf(self) -> None:
        """The peer hears us by a road and we hear nothing by it: the other road says so."""
        pair = Pair()
        pair.cables.spoil = lambda who, link, port, frame: (
            None if (who, link) == (BETA, "eth1") else frame
        )
        found = verdicts(pair.go())
        self.assertEqual(found["eth0"], "good")
        self.assertEqual(found["eth1"], "one way only: beta hears us, we do not hear beta")

    def test_peerIsDeaf(self) -> None:
        """We hear the peer and it hears nothing of us, not even on another road."""
        pair = Pair(ETH0)
        pair.cables.spoil = lambda who, link, port, frame: None if who == ALPHA else frame
        self.assertEqual(
            verdicts(pair.go())["eth0"], "one way only: we hear beta, beta does not hear us"
        )

    def test_oneRoadSilent(self) -> None:
        """A dead cable beside a good one is told from a machine that does not answer."""
        pair = Pair(ETH0, CABLE)
        pair.cables.spoil = lambda who, link, port, frame: None if link == "/dev/cuau0" else frame
        result = pair.go()
        self.assertEqual(verdicts(result)["/dev/cuau0"], "nothing arrives either way")
        self.assertTrue(any("null-modem" in line for line in remedies(result)))
        self.assertTrue(any("eth0 is the only road" in note.text for note in result.notes))

    def test_nobody(self) -> None:
        """Without an answer on any road it says what to start where."""
        pair = Pair()
        result = pair.go(10, pair.alpha)
        self.assertEqual(set(verdicts(result).values()), {"nothing is heard of beta"})
        self.assertEqual(
            remedies(result), ["bcast eth0, bcast eth1: start hactl link-test --listen on beta"]
        )

    def test_loss(self) -> None:
        """A road that loses is bad, with the share."""
        pair = Pair(ETH0)
        count = iter(range(100000))
        pair.cables.spoil = lambda who, link, port, frame: (
            None if who == ALPHA and next(count) % 4 == 0 else frame
        )
        (row,) = pair.go().rows
        self.assertIs(row.verdict, Verdict.BAD)
        assert row.cause is not None
        self.assertRegex(row.cause.finding, r"^loses \d+ % of what goes to beta$")

    def test_long(self) -> None:
        """A road that carries short packets only is bad; one that carries no fragments is not."""
        pair = Pair()
        limits = {"eth0": 1000, "eth1": 1500}
        pair.cables.spoil = lambda who, link, port, frame: frame if len(frame) < limits[link] else None
        result = pair.go()
        self.assertIn("those of 1400 bytes do not", verdicts(result)["eth0"])
        self.assertEqual(verdicts(result)["eth1"], "good")
        self.assertIn("in fragments", result.rows[1].remark)

    def test_otherKey(self) -> None:
        """A peer with another key is recognised by what it claims to be."""
        pair = Pair(ETH0, beta={"config": {"keys": keysOf(b"other", 3)}})
        result = pair.go()
        self.assertEqual(verdicts(result)["eth0"], "what is heard is signed with another key (number 3)")
        self.assertIn("beta is heard by eth0, signed with a key 3 that is not ours", pair.lines)

    def test_sameNumber(self) -> None:
        """Another secret under the same number is another key."""
        pair = Pair(ETH0, beta={"config": {"keys": keysOf(b"other")}})
        self.assertIn("another key (number 1)", verdicts(pair.go())["eth0"])

    def test_heartbeatOnly(self) -> None:
        """A peer whose daemon beats and whose test does not run is told apart."""
        pair = Pair(ETH0)
        beat = Message.of("status", st="active", src="beta", seq="1", ts="1", hg="1")
        frame = KeyRing(keysOf()).sign(beat, Encoding.CLASSIC)
        pair.alpha.start()
        pair.end(ALPHA, "eth0").hear(frame)
        self.assertIn("the heartbeats of beta arrive", verdicts(Result.of(pair.alpha))["eth0"])

    def test_names(self) -> None:
        """A peer that does not know us, and one we do not know, are failures of the files."""
        pair = Pair(ETH0, beta={"config": {"nodes": (BETA, "gamma")}})
        result = pair.go()
        self.assertFalse(result.good)
        self.assertTrue(any("does not name alpha" in line for line in remedies(result)))
        pair = Pair(ETH0, alpha={"config": {"nodes": (ALPHA, "gamma")}})
        result = pair.go()
        self.assertTrue(any("is no node of our ha.cf" in line for line in remedies(result)))

    def test_twin(self) -> None:
        """Another machine with our name is told."""
        pair = Pair(ETH0)
        twin = pair.add(ALPHA, "cccccccc")
        for end in pair.cables.ends[4:]:
            end.owner = "twin"
        result = pair.go(5, pair.alpha, twin)
        self.assertTrue(any("call themselves alpha" in line for line in remedies(result)))

    def test_cannotOpen(self) -> None:
        """A medium that cannot be used says why, and the others are tested."""
        pair = Pair()
        pair.cables.broken[ALPHA, "eth1"] = "there is no network interface eth1"
        result = pair.go()
        self.assertEqual(verdicts(result), {"eth0": "good", "eth1": "cannot be used here"})
        self.assertIn("bcast eth1: there is no network interface eth1", remedies(result))

    def test_sendingFails(self) -> None:
        """What a medium says about its failure is what is told."""
        pair = Pair(ETH0)
        pair.cables.spoil = lambda who, link, port, frame: None if who == ALPHA else frame
        pair.alpha.start()
        pair.bus.publish(MediumDown(medium="eth0", kind="bcast", reason="sending is refused"))
        pair.turn(2)
        self.assertEqual(remedies(Result.of(pair.alpha)), ["bcast eth0: sending is refused"])

    def test_ping(self) -> None:
        """A ping node that does not answer is a bad road."""
        pair = Pair(ETH0, ROUTER)
        pair.cables.spoil = lambda who, link, port, frame: None if link == "router" else frame
        self.assertEqual(verdicts(pair.go())["router"], "does not answer")

    def test_garbage(self) -> None:
        """Bytes of another speed are garbage; what people or a getty write is text."""
        for data, words in (
            (bytes(range(128, 200)), "garbage arrives: 72 of 72"),
            (b"hello\n", "plain text arrives ('hello')"),
            (b"\r\nFreeBSD (beta) (ttyu0)\r\n\r\nlogin: ", "plain text arrives ('FreeBSD (beta)"),
        ):
            pair = Pair(CABLE)
            pair.alpha.start()
            pair.end(ALPHA, "/dev/cuau0").hear(data)
            self.assertIn(words, verdicts(Result.of(pair.alpha))["/dev/cuau0"])

    def test_echo(self) -> None:
        """A loopback plug is recognised."""
        pair = Pair(CABLE)
        pair.alpha.start()
        end = pair.end(ALPHA, "/dev/cuau0")
        end.hear(end.sent[0])
        self.assertEqual(verdicts(Result.of(pair.alpha))["/dev/cuau0"], "our own bytes come back")

    def test_pace(self) -> None:
        """A slow line is never given more than it can carry."""
        pair = Pair(CABLE)
        pair.go(20)
        sent = sum(len(frame) for frame in pair.end(ALPHA, "/dev/cuau0").sent)
        self.assertLess(sent, 23 * 960 * 0.7)

    def test_oneWire(self) -> None:
        """Two links that hear the same packets are told to be one road."""
        pair = Pair()
        both = [pair.end(ALPHA, "eth0"), pair.end(ALPHA, "eth1")]

        def cross(who: str, link: str, port: int, frame: bytes) -> bytes | None:
            if who == BETA and port == 694:
                for end in both:
                    pair.clock.callLater(0.001, end.hear, frame)
                return None
            return frame

        pair.cables.spoil = cross
        result = pair.go()
        self.assertIn("eth0 and eth1 hear the same packets", " ".join(n.text for n in result.notes))

    def test_neverRaises(self) -> None:
        """Whatever comes in is counted and survived."""
        pair = Pair(ETH0)
        pair.alpha.start()
        end = pair.end(ALPHA, "eth0")
        ring = KeyRing(keysOf())
        for odd in (
            Message.of("NS_linktest"),
            Message.of("NS_linktest", src="beta", run="zz", wall="1", what="probe"),
            Message.of("NS_linktest", src="beta", run="bbbbbbbb", wall="nan", what="probe"),
            Message.of("NS_linktest", src="beta", run="bbbbbbbb", wall="1", what="probe", road="x"),
            Message.of(
                "NS_linktest", src="beta", run="bbbbbbbb", wall="1", what="report", heard="main 1"
            ),
        ):
            end.hear(ring.sign(odd, Encoding.CLASSIC))
        for junk in (b"", b">>>\n", b"###\n\0", b"\xff" * 100):
            end.hear(junk)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(pair.alpha.unreadable["eth0"], 4)


class BesideTests(SynchronousTestCase):
    """A daemon runs on one machine or on both."""

    def pair(self, *media: Any) -> Pair:
        return Pair(*media, alpha={"beside": True})

    def test_leavesAlone(self) -> None:
        """What the daemon has is not opened; the port beside it is."""
        pair = self.pair(ETH0, CABLE)
        pair.alpha.start()
        self.assertIsNone(pair.end(ALPHA, "eth0").sink)
        self.assertIsNone(pair.end(ALPHA, "/dev/cuau0").sink)
        self.assertIsNotNone(pair.end(ALPHA, "eth0", 695).sink)

    def test_good(self) -> None:
        """The road is tested by the other port, both ways, and the remark says so."""
        result = self.pair(ETH0).go()
        self.assertEqual(verdicts(result)["eth0"], "good")
        self.assertIn("beside a daemon", result.rows[0].remark)
        self.assertIn("695 instead of 694", result.notes[0].text)

    def test_seenFromTheOther(self) -> None:
        """The machine without a daemon finds the road good too."""
        pair = self.pair(ETH0)
        pair.go()
        self.assertEqual(verdicts(Result.of(pair.beta))["eth0"], "good")

    def test_serial(self) -> None:
        """The serial line is the daemon's: what it says of it is the verdict."""
        pair = self.pair(ETH0, CABLE)
        pair.go()
        place = ("beta", "/dev/cuau0")
        for links, words in (
            ({place: True}, "good"),
            ({place: False}, "the daemon has it, and does not hear beta by it"),
            ({}, "a daemon on this machine has it"),
        ):
            result = Result.of(pair.alpha, "", links)
            self.assertEqual(verdicts(result)["/dev/cuau0"], words)
            self.assertEqual(result.good, words == "good")

    def test_sideTaken(self) -> None:
        """Where the other port cannot be had either, the road is not tested, and why is said."""
        pair = self.pair(ETH0)
        pair.cables.broken[ALPHA, "eth0"] = "UDP port 695 on eth0 is already in use"
        result = pair.go()
        self.assertIs(result.rows[0].verdict, Verdict.UNTESTED)
        self.assertEqual(remedies(result), ["bcast eth0: UDP port 695 on eth0 is already in use"])

    def test_sideClosed(self) -> None:
        """Where a filter knows only the daemon's port, that is not called a bad road."""
        pair = self.pair(ETH0)
        pair.cables.spoil = lambda who, link, port, frame: None if port == 695 else frame
        pair.go()
        (row,) = Result.of(pair.alpha, "", {("beta", "eth0"): True}).rows
        self.assertIs(row.verdict, Verdict.UNTESTED)

    def test_sideDoorShut(self) -> None:
        """Once everybody was heard and no daemon runs, the other port is left in peace."""
        pair = Pair(ETH0)
        pair.go(5)
        before = len(pair.end(ALPHA, "eth0", 695).sent)
        pair.turn(5)
        self.assertEqual(len(pair.end(ALPHA, "eth0", 695).sent), before)


class ListenerTests(SynchronousTestCase):
    """The side that answers."""

    def test_idle(self) -> None:
        """Alone it sends little; with somebody to test with it sends more."""
        pair = Pair(ETH0)
        pair.beta.start()
        pair.turn(10)
        idle = len(pair.end(BETA, "eth0").sent)
        pair.alpha.start()
        pair.turn(10)
        self.assertLess(idle, 25)
        self.assertGreater(len(pair.end(BETA, "eth0").sent) - idle, 60)

    def test_ended(self) -> None:
        """It notices when the other test has ended, once."""
        pair = Pair(ETH0)
        pair.go(3)
        pair.alpha.stop()
        pair.turn(8)
        self.assertEqual([peer.name for peer in pair.ended], ["alpha"])

    def test_again(self) -> None:
        """A second run of the test begins new accounts."""
        pair = Pair(ETH0)
        pair.go(3)
        pair.alpha.stop()
        pair.turn(8)
        again = pair.add(ALPHA, "dddddddd")
        again.start()
        pair.turn(3)
        self.assertTrue(Result.of(again).good)
        self.assertTrue(Result.of(pair.beta).good)
        self.assertEqual(pair.beta.peers["alpha"].run, "dddddddd")
