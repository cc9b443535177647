"""Tests of L{twisted_ha.sim.ring}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.errors import AuthError
from twisted_ha.sim.ring import REMEMBERED, CommonRing
from twisted_ha.sim.setup import Setup, clusterConfig
from twisted_ha.sim.world import World
from twisted_ha.terms import NodeName
from twisted_ha.wire import Encoding, Message

KEYS = Keys(keys={1: Key("sha1", b"secret")}, signing=1)


class CommonRingTests(SynchronousTestCase):
    """One ring for many nodes."""

    def setUp(self) -> None:
        self.ring = CommonRing(KEYS)

    def test_once(self) -> None:
        """What has been opened is the same message, and what has been forgotten is opened again."""
        frames = [
            KeyRing(KEYS).sign(Message.of("x", info=str(number)), Encoding.CLASSIC)
            for number in range(REMEMBERED + 1)
        ]
        first = self.ring.open(frames[0])
        self.assertIs(first, self.ring.open(bytes(bytearray(frames[0]))))
        for frame in frames:
            self.ring.open(frame)
        self.assertEqual(first, self.ring.open(frames[0]))
        self.assertIsNot(first, self.ring.open(frames[0]))

    def test_refused(self) -> None:
        """A forgery is refused as often as it comes."""
        frame = self.ring.sign(Message.of("x"), Encoding.CLASSIC)
        self.ring.open(frame)
        forged = frame.replace(b"t=x", b"t=y")
        for _ in range(2):
            self.assertRaises(AuthError, self.ring.open, forged)

    def test_whose(self) -> None:
        """In a large cluster nodes with equal keys have one ring, and a stranger has another."""
        world = World(Setup(config=clusterConfig(3, groups=[])))
        one, two, three = (NodeName(name) for name in world.machines)
        self.assertIs(world.ringOf(one), world.ringOf(two))
        world.rekey(three, stranger=True)
        self.assertIsNot(world.ringOf(one), world.ringOf(three))
        pair = World(Setup(config=clusterConfig(2)))
        one, two = (NodeName(name) for name in pair.machines)
        self.assertIsNot(pair.ringOf(one), pair.ringOf(two))
