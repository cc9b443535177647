"""Tests for L{twisted_ha.cluster.receiver}."""

from __future__ import annotations

import json
import os
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    KEYS,
    RING,
    ROUTER,
    ROUTER_LINE,
    Member,
    Peer,
    Wire,
    configuration,
    member,
)
from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.cluster.receiver import MEMORY, QUIET
from twisted_ha.config.model import Keys
from twisted_ha.events import FrameRefused
from twisted_ha.interfaces import IFrameSink
from twisted_ha.wire import Encoding, Message
from twisted_ha.wire.signed import Claim

VECTORS = os.path.join(os.path.dirname(__file__), "..", "..", "data", "vectors")


class CountingRing(KeyRing):
    """Counts digests."""

    verified = 0

    def check(self, made: Claim) -> None:
        self.verified += 1
        super().check(made)


class ReceiverTests(SynchronousTestCase):
    """The one way in."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.wire = Wire(self.clock)
        self.ping = Wire(self.clock, ROUTER)
        config = configuration(media=(ROUTER_LINE,))
        self.port = self.wire.port(ALPHA)
        self.pingPort = self.ping.port(ALPHA, "ping", ROUTER)
        self.alpha: Member = member(self.clock, [self.port, self.pingPort], config)
        self.alpha.core.start()
        self.receiver = self.alpha.core.receiver
        self.beta = Peer(self.alpha)

    def refusals(self) -> list[FrameRefused]:
        """What was told about refused packets."""
        return [event for event in self.alpha.events if isinstance(event, FrameRefused)]

    def test_interface(self) -> None:
        """It is where media deliver."""
        verifyObject(IFrameSink, self.receiver)

    def test_accepts(self) -> None:
        """An authentic message of a configured node is accepted."""
        self.beta.says()
        self.assertEqual((self.receiver.accepted, self.receiver.refused), (1, {}))

    def test_causes(self) -> None:
        """Each kind of bad packet is refused for its own cause, and no reason shows a key."""
        other = KeyRing(Keys(keys={1: Key("sha1", b"Other")}, signing=1))
        whole = self.beta.make("status", st="up")
        for frame in (
            b"\x00 nonsense",
            self.beta.frame(whole, other),
            self.beta.frame(whole.without("ts")),
            self.beta.frame(whole.replacing("src", "eve")),
        ):
            self.port.deliver(frame, "192.0.2.1:7")
        self.assertEqual(
            [event.cause for event in self.refusals()], ["wire", "auth", "header", "unknown-node"]
        )
        self.assertNotIn("Secret", repr(self.refusals()))
        self.assertEqual(self.refusals()[0].source, "192.0.2.1:7")

    def test_changesNothing(self) -> None:
        """A refused packet leaves links and nodes as they were."""
        other = KeyRing(Keys(keys={1: Key("sha1", b"Other")}, signing=1))
        self.port.deliver(self.beta.frame(self.beta.make("status", st="up"), other), "")
        node = self.alpha.core.nodes[BETA]
        self.assertFalse(node.heard or node.links["eth1"].up)

    def test_limited(self) -> None:
        """A flood is counted whole and told once in a while, with how many were not told."""
        for _ in range(1000):
            self.port.deliver(b"flood", "")
        self.assertEqual(len(self.refusals()), 1)
        self.clock.advance(QUIET)
        self.port.deliver(b"flood", "")
        self.assertEqual([event.suppressed for event in self.refusals()], [0, 999])
        self.assertEqual(self.receiver.refused, {("eth1", "wire"): 1001})

    def test_strangersAreBounded(self) -> None:
        """Strangers with a thousand names take no memory."""
        for number in range(1000):
            message = self.beta.make("status", st="up").replacing("src", f"eve{number}")
            self.port.deliver(self.beta.frame(message), f"192.0.2.1:{number}")
        self.assertEqual(len(self.receiver.refused), 1)
        self.assertEqual(len(list(self.alpha.core.nodes)), 3)
        self.assertLessEqual(len(self.receiver._known), MEMORY)

    def test_neverRaises(self) -> None:
        """No vector that was made to be refused gets out as an exception."""
        frames: list[str] = []

        def gather(found: Any) -> None:
            if isinstance(found, dict):
                frames.extend(v for k, v in found.items() if k == "hex" and isinstance(v, str))
                found = list(found.values())
            if isinstance(found, list):
                for each in found:
                    gather(each)

        for name in ("mutated.json", "accept-reject.json", "classic-lexical.json"):
            with open(os.path.join(VECTORS, name)) as file:
                gather(json.load(file))
        self.assertGreater(len(frames), 40)
        good = self.beta.frame(self.beta.make("status", st="up"))
        broken = [
            good[:place] + bytes([good[place] ^ 0x51]) + good[place + 1 :] for place in range(len(good))
        ]
        for frame in [*map(bytes.fromhex, frames), *broken]:
            self.receiver.frameReceived(frame, self.port, "")
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_authenticFirst(self) -> None:
        """A frame is not read before it is known to be authentic: reading can cost far more."""
        fields = b"".join(b"5:(0)a=," for _ in range(5000))
        self.port.deliver(b"###\n" + fields + b"%%%\n4:1 ab,", "")
        self.assertEqual(self.receiver.refused, {("eth1", "auth"): 1})

    def test_digestedOnce(self) -> None:
        """
        The same frame over other links, by a serial line without its last NUL, is not digested again,
        and is still heard there.
        """
        second, third = (Wire(self.clock, name).port(ALPHA) for name in ("eth2", "/dev/ttyS0"))
        third.datagram = False
        alpha = member(self.clock, [self.port, second, third], configuration())
        ring = CountingRing(KEYS)
        alpha.core.replaceKeyRing(ring)
        alpha.core.start()
        for cutFirst in (False, True):
            whole = RING.sign(self.beta.make("status", st="up"), Encoding.CLASSIC)
            cut = whole.removesuffix(b"\0")
            self.port.deliver(cut if cutFirst else whole, "")
            second.deliver(whole, "")
            third.deliver(cut, "")
        self.assertEqual(ring.verified, 2)
        self.assertEqual(alpha.core.nodes[BETA].linksUp, 3)

    def test_newRingForgets(self) -> None:
        """What another ring has verified is not believed by the next."""
        message = self.beta.says()
        self.alpha.core.replaceKeyRing(KeyRing(Keys(keys={1: Key("sha1", b"Other")}, signing=1)))
        self.beta.hear(message)
        self.assertEqual(self.receiver.refused, {("eth1", "auth"): 1})

    def test_pingNodesWhereTheyBelong(self) -> None:
        """A ping node is heard through its own medium only, and nobody else there."""
        answer = Message.of("NS_st", st="ping", info="ping", src=ROUTER, ts="1")
        frame = RING.sign(answer, Encoding.CLASSIC)
        self.port.deliver(frame, "")
        self.assertFalse(self.alpha.core.nodes[ROUTER].heard)
        self.beta.says(port=self.pingPort)
        self.assertFalse(self.alpha.core.nodes[BETA].heard)
        self.pingPort.deliver(frame, "")
        self.assertTrue(self.alpha.core.nodes[ROUTER].heard)

    def test_bug(self) -> None:
        """A bug of ours is logged and the next packet is taken."""

        def broken(*args: object) -> None:
            raise RuntimeError("a bug")

        accept, self.receiver._accept = self.receiver._accept, broken
        self.beta.says()
        self.beta.says()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.receiver._accept = accept
        self.beta.says()
        self.assertTrue(self.alpha.core.nodes[BETA].heard)
