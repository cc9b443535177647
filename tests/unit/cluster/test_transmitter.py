"""Tests for L{twisted_ha.cluster.transmitter}."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    EPOCH,
    KEYS,
    RING,
    ROUTER,
    ROUTER_LINE,
    Member,
    Peer,
    Wire,
    configuration,
    member,
    run,
    uuidOf,
)
from twisted_ha.auth.key import Key
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.model import Keys
from twisted_ha.errors import WireError
from twisted_ha.wire import Encoding, Message, decode


class CountingRing(KeyRing):
    """Counts signatures."""

    signed = 0

    def sign(
        self, message: Message, encoding: Encoding, datagram: bool = True, *, innerAuth: bool = False
    ) -> bytes:
        self.signed += 1
        return super().sign(message, encoding, datagram, innerAuth=innerAuth)


class TransmitterTests(SynchronousTestCase):
    """The one way out."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.eth1 = Wire(self.clock).port(ALPHA)
        self.eth2 = Wire(self.clock, "eth2").port(ALPHA)
        self.tty = Wire(self.clock, "/dev/ttyS0").port(ALPHA, "serial")
        self.ping = Wire(self.clock, ROUTER).port(ALPHA, "ping", ROUTER)
        self.build()

    def build(self, netstrings: bool = False) -> Member:
        """alpha with two wires, a cable and a ping node."""
        ports = [self.eth1, self.eth2, self.tty, self.ping]
        config = configuration(media=(ROUTER_LINE,), netstrings=netstrings)
        self.alpha = member(self.clock, ports, config)
        return self.alpha

    def test_order(self) -> None:
        """The fields every message has follow its own, in the order of heartbeat."""
        self.alpha.core.send(Message.of("starting", info="x"))
        (message,) = self.eth1.messages
        self.assertEqual(
            [(field.name, field.value) for field in message],
            [
                ("t", "starting"),
                ("info", "x"),
                ("src", "alpha"),
                ("srcuuid", uuidOf("alpha")),
                ("seq", "1"),
                ("hg", "64"),
                ("ts", f"{EPOCH:x}"),
                ("ld", "0.66 0.52 0.33 1/154 20"),
                ("ttl", "4"),
            ],
        )

    def test_unsequenced(self) -> None:
        """Types with C{NS_} get neither number nor load."""
        self.alpha.core.send(Message.of("NS_ackmsg", ackseq="1"))
        (message,) = self.eth1.messages
        self.assertEqual(
            [field.name for field in message], ["t", "ackseq", "src", "srcuuid", "hg", "ts", "ttl"]
        )

    def test_destination(self) -> None:
        """A message for one node carries its uuid first, once that is known."""
        self.alpha.core.start()
        self.alpha.core.sendTo(BETA, Message.of("x"))
        self.assertNotIn("destuuid", self.eth1.messages[-1])
        Peer(self.alpha).says()
        self.alpha.core.sendTo(BETA, Message.of("x"))
        message = self.eth1.messages[-1]
        self.assertEqual(message.getBinary("destuuid"), uuidOf("beta"))
        names = [field.name for field in message]
        self.assertEqual(names[:4], ["t", "dest", "destuuid", "src"])

    def test_noForgery(self) -> None:
        """Nobody can send in another's name: what is there already is overwritten in place."""
        self.alpha.core.send(Message.of("x", src="beta", seq="fff", auth="1 abc", info="y"))
        (message,) = self.eth1.messages
        self.assertEqual([field.name for field in message][:4], ["t", "src", "seq", "info"])
        self.assertEqual((message.get("src"), message.get("seq")), ("alpha", "1"))
        self.assertNotIn("auth", message)

    def test_everyMedium(self) -> None:
        """A message goes out on every medium but those of ping nodes, with one number."""
        self.alpha.core.send(Message.of("x"))
        self.assertEqual([len(port.sent) for port in self.alpha.ports], [1, 1, 1, 0])
        self.assertEqual(self.eth1.messages, self.tty.messages)

    def test_encodings(self) -> None:
        """Classic text is sent everywhere, with a NUL where a frame is a datagram."""
        self.alpha.core.send(Message.of("x"))
        self.assertTrue(self.eth1.sent[0].startswith(b">>>\n"))
        self.assertEqual(self.eth1.sent[0], self.tty.sent[0] + b"\0")

    def test_netstrings(self) -> None:
        """Where netstrings are configured, a serial line still gets classic text."""
        self.build(netstrings=True).core.send(Message.of("x"))
        self.assertTrue(self.eth1.sent[0].startswith(b"###\n"))
        self.assertTrue(self.tty.sent[0].startswith(b">>>\n"))

    def test_signedOnce(self) -> None:
        """A message is signed once for all media that take the same bytes, but for a last NUL."""
        ring = CountingRing(KEYS)
        self.alpha.core.replaceKeyRing(ring)
        self.alpha.core.send(Message.of("x"))
        self.assertEqual(ring.signed, 1)

    def test_signedForEachEncoding(self) -> None:
        """Netstrings are no classic text: both are signed."""
        ring = CountingRing(KEYS)
        alpha = self.build(netstrings=True)
        alpha.core.replaceKeyRing(ring)
        alpha.core.send(Message.of("x"))
        self.assertEqual(ring.signed, 2)

    def test_numbers(self) -> None:
        """Numbers count from 1, and types without one do not use any up."""
        for kind in ("a", "NS_b", "c"):
            self.alpha.core.send(Message.of(kind))
        self.assertEqual([message.get("seq") for message in self.eth1.messages], ["1", None, "2"])

    def test_unwritable(self) -> None:
        """A message that cannot be written is an error to its sender and uses no number up."""
        self.assertRaises(WireError, self.alpha.core.send, Message.of("x", big="y" * 400_000))
        self.assertEqual(self.eth1.sent, [])
        self.alpha.core.send(Message.of("x"))
        self.assertEqual(self.eth1.messages[0].get("seq"), "1")

    def test_probe(self) -> None:
        """With each status a ping node is sent a message as it would write it itself."""
        self.alpha.core.sendStatus()
        (probe,) = self.ping.messages
        self.assertEqual(
            [(field.name, field.value) for field in probe],
            [("t", "NS_st"), ("st", "ping"), ("info", "ping"), ("src", ROUTER), ("ts", f"{EPOCH:x}")],
        )

    def test_probeGroup(self) -> None:
        """A group is probed as a group."""
        self.ping.kind = "ping_group"
        self.alpha.core.sendStatus()
        self.assertEqual(self.ping.messages[0].get("info"), "ping_group")

    def test_resent(self) -> None:
        """What is sent again has the same bytes, on every medium."""
        self.alpha.core.start()
        beta = Peer(self.alpha)
        beta.says()
        self.alpha.core.send(Message.of("x"))
        run(self.clock, 0.5)
        first = [port.sent[-1] for port in (self.eth1, self.eth2, self.tty)]
        number = self.eth1.messages[-1].get("seq") or ""
        beta.says("NS_rexmit", dest="alpha", firstseq=str(int(number, 16)), lastseq=str(int(number, 16)))
        self.assertEqual([port.sent[-1] for port in (self.eth1, self.eth2, self.tty)], first)

    def test_resentWithNewKey(self) -> None:
        """After a change of keys what is sent again is signed with the new one."""
        self.alpha.core.start()
        ring = KeyRing(Keys(keys={1: KEYS.keys[1], 2: Key("md5", b"Next")}, signing=2))
        self.alpha.core.replaceKeyRing(ring)
        run(self.clock, 0.5)
        beta = Peer(self.alpha)
        beta.says()
        beta.says("NS_rexmit", dest="alpha", firstseq="1", lastseq="1")
        signed = decode(self.eth1.sent[-1])
        self.assertEqual(signed.key, 2)
        self.assertEqual(signed.message.get("seq"), "1")
        self.assertTrue(RING)
