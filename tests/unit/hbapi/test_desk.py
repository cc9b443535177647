"""Signing on, sending, hearing, and clients that misbehave."""

from __future__ import annotations

import dataclasses
import signal
import struct

from twisted.internet.interfaces import IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.hbapi.office import HACLIENT, NOBODY, Caller, Credentials, Town
from twisted_ha.events import ClientEvent, StandbyRequested, Warned
from twisted_ha.hbapi.frames import frameOf
from twisted_ha.hbapi.kinds import Kind
from twisted_ha.hbapi.node import IClusterNode
from twisted_ha.terms import ResourceSet
from twisted_ha.wire.message import Message

TESTCLI = "apiauth default uid=root\n"


class DeskCase(SynchronousTestCase):
    """Two nodes."""

    extra = TESTCLI

    def setUp(self) -> None:
        self.town = Town(self.extra, "alpha a1\nbeta b1\n")
        self.addCleanup(self.town.close)
        self.alpha, self.beta = self.town.alpha, self.town.beta

    def named(self, name: str = "other", pid: int = 50) -> Caller:
        """A named client on alpha, signed on."""
        caller = Caller(self.alpha, Credentials(pid=pid))
        self.assertEqual(caller.signOn(name)[-1].get("result"), "OK")
        self.town.run()
        caller.heard()
        return caller

    def casual(self, pid: int = 60, uid: int = 0) -> Caller:
        """A casual client on alpha, signed on."""
        caller = Caller(self.alpha, Credentials(uid=uid, gid=HACLIENT, pid=pid))
        self.assertEqual(caller.signOn()[-1].get("result"), "OK")
        return caller

    def announced(self) -> list[tuple[str | None, str | None, str | None]]:
        """What alpha announced of its clients to the cluster."""
        return [
            (one.get("st"), one.get("from_id"), one.get("info"))
            for one in self.alpha.said()
            if one.type == "hbapi-clstat"
        ]


class SignOnTests(DeskCase):
    """Coming and going; the refusals are in the captured cases."""

    def test_interfaces(self) -> None:
        """What is handed in, and what writes, keeps its promises."""
        verifyObject(IClusterNode, self.alpha.local)
        verifyObject(IPushProducer, self.casual().session)

    def test_audience(self) -> None:
        """What the cluster says is followed from the first client to the last, and not beyond."""
        calls: list[bool] = []
        pay = self.alpha.desk.attended

        def attended(somebody: bool) -> None:
            calls.append(somebody)
            pay(somebody)

        self.alpha.desk.attended = attended
        first, second = self.named("first", 51), self.named("second", 52)
        first.hangUp()
        self.assertEqual(calls, [True])
        self.beta.node.core.send(Message.of("news"))
        self.town.run()
        self.assertEqual([message.type for message in second.heard()], ["news"])
        second.hangUp()
        self.assertEqual(calls, [True, False])
        self.town.run()
        self.assertEqual(self.casual().heard(), [])

    def test_askedWithoutAudience(self) -> None:
        """Another node that asks for a client is answered, even if there is none at all."""
        asking = Message.of("query-cstatus", dest="alpha", cn="other", from_id="somebody")
        self.beta.node.core.send(asking)
        self.town.run()
        answers = [one for one in self.alpha.said() if one.type == "respond-cstatus"]
        self.assertEqual([one.get("cs") for one in answers], ["offline"])

    def test_refusedNotAnnounced(self) -> None:
        """Nobody is told that somebody left who never came (the original does)."""
        caller = Caller(self.alpha, Credentials(uid=NOBODY))
        self.assertEqual(caller.signOn("other")[0].get("info"), "client failed authorization")
        self.assertEqual(self.announced(), [])

    def test_unknownPid(self) -> None:
        """Where the kernel does not tell the process, what is stated counts."""
        caller = Caller(self.alpha, Credentials(pid=None))
        caller.say(Message.of("hbapi-req", reqtype="signon", pid="5", from_id="x", uid="0", gid="0"))
        self.assertEqual(caller.heard()[-1].get("result"), "OK")

    def test_unknownPeer(self) -> None:
        """Where it tells nothing at all nobody may sign on."""
        caller = Caller(self.alpha)
        caller.transport.peer = None
        self.assertEqual(caller.signOn()[0].get("info"), "incorrect/false credentials")

    def test_withoutPid(self) -> None:
        """A sign-on without a process, which crashes the original, is refused."""
        caller = Caller(self.alpha)
        caller.say(Message.of("hbapi-req", reqtype="signon", uid="0", gid="0"))
        self.assertEqual(caller.heard()[0].get("info"), "bad pid")

    def test_successor(self) -> None:
        """A client that comes back before its old connection was seen to end is let in."""
        first = self.named()
        second = Caller(self.alpha, Credentials(pid=51))
        self.assertEqual(second.signOn("other"), [])
        first.hangUp()
        self.town.run(0.06)
        self.assertEqual(second.heard()[-1].get("result"), "OK")
        self.assertEqual(self.announced()[-2:], [("leave", "other", "EOF"), ("join", "other", "signon")])

    def test_died(self) -> None:
        """A client that is gone without a word is announced to have left."""
        self.named().hangUp()
        self.assertEqual(self.announced(), [("join", "other", "signon"), ("leave", "other", "EOF")])

    def test_casualSilent(self) -> None:
        """Casual clients come and go without anybody hearing of it."""
        self.casual().hangUp()
        self.assertEqual(self.announced(), [])

    def test_strangers(self) -> None:
        """Those who never sign on are sent away in time, or when there are too many."""
        callers = [Caller(self.alpha) for _ in range(70)]
        self.assertEqual([one.gone for one in callers], [True] * 6 + [False] * 64)
        self.town.run(61.0)
        self.assertTrue(all(one.gone for one in callers))

    def test_stopping(self) -> None:
        """When the daemon stops clients see the end and nothing else, and nothing is announced."""
        named, casual = self.named(), self.casual()
        before = self.announced()
        self.alpha.desk.closeAll()
        named.hangUp()
        self.assertTrue(casual.gone)
        self.assertEqual((named.heard(), casual.heard()), ([], []))
        self.assertEqual(self.announced(), before)

    def test_generations(self) -> None:
        """C{client_gen} counts sign-ons, refused ones included."""
        Caller(self.alpha, Credentials(uid=NOBODY)).signOn()
        caller = Caller(self.alpha)
        self.assertEqual(caller.signOn("other")[0].get("client_gen"), "1")

    def test_reloaded(self) -> None:
        """The rules are those of the configuration as it is now."""
        self.alpha.node.config = dataclasses.replace(self.alpha.node.config, apiauth=())
        self.assertEqual(Caller(self.alpha).signOn()[0].get("info"), "apiauth anon missing")


class SendingTests(DeskCase):
    """What named clients send."""

    def test_cannotPretend(self) -> None:
        """Who it is from, and whom it reaches, is not the client's to say."""
        caller = self.named()
        caller.say(Message.of("hello", from_id="ipfail", to_id="ipfail", src="beta", client_gen="9"))
        sent = self.alpha.said()[-1]
        fields = [sent.get(name) for name in ("from_id", "to_id", "src", "client_gen")]
        self.assertEqual(fields, ["other", "other", "alpha", "0"])

    def test_uuid(self) -> None:
        """A node may be named by its uuid."""
        caller = self.named()
        known = bytes.fromhex(next(v.uuid for v in self.alpha.local.nodes() if v.name == "beta"))
        caller.say(Message.of("hello", destuuid=known))
        self.assertEqual(self.alpha.said()[-1].get("dest"), "beta")

    def test_standby(self) -> None:
        """C{ask_resources} means what an administrator's C{hb_standby} means."""
        caller = self.named()
        caller.say(Message.of("ask_resources", rsc_hold="all", src="alpha", info="me"))
        self.town.run(2.0)
        self.assertEqual(self.alpha.node.resources.board.mine, ResourceSet.NONE)
        self.assertEqual(self.beta.node.resources.board.mine, ResourceSet.ALL)
        self.assertTrue(self.beta.told(StandbyRequested))
        self.assertIn("ask_resources", [one.type for one in caller.heard()])

    def test_takeover(self) -> None:
        """And C{hb_takeover} asks the other node."""
        self.named().say(Message.of("hb_takeover", rsc_hold="foreign"))
        self.town.run(2.0)
        self.assertEqual(self.alpha.node.resources.board.mine, ResourceSet.ALL)

    def test_wrongWord(self) -> None:
        """Resources nobody knows move nothing, and the log says which words there are."""
        self.named().say(Message.of("ask_resources", rsc_hold="mine", info="me"))
        self.assertIn("all, failback, foreign, local", self.alpha.told(Warned)[-1].message)

    def test_daemonsWords(self) -> None:
        """What only the daemon says is not said for a client."""
        caller = self.named()
        before = len(self.alpha.said())
        for kind in ("status", "shutdone", "NS_rexmit", "hbapi-clstat", "reqnodes", "starting"):
            caller.say(Message.of(kind, st="dead"))
        self.assertEqual(len(self.alpha.said()), before)
        self.assertFalse(caller.gone)

    def test_tooLong(self) -> None:
        """A message that fits in no datagram is not sent: nobody could ever have it again."""
        caller = self.named()
        before = len(self.alpha.said())
        caller.say(Message.of("hello", payload="x" * 100_000))
        self.assertEqual(len(self.alpha.said()), before)
        self.assertIn("cannot be sent", self.alpha.told(Warned)[-1].message)

    def test_pace(self) -> None:
        """A client that floods the cluster waits for its turn; nothing of it is lost."""
        caller = self.named()
        before = len(self.alpha.said())
        for number in range(400):
            caller.say(Message.of("hello", number=str(number)))
        self.assertFalse(caller.transport.reading)
        self.town.run(0.5)
        self.assertLess(len([o for o in self.alpha.said()[before:] if o.type == "hello"]), 300)
        self.town.run(3.0)
        numbers = [o.get("number") for o in self.alpha.said()[before:] if o.type == "hello"]
        self.assertEqual(numbers, [str(number) for number in range(400)])
        self.assertTrue(caller.transport.reading)


class HearingTests(DeskCase):
    """Who is told what."""

    def test_filter(self) -> None:
        """Plain heartbeats reach only those who ask for them."""
        plain, curious = self.casual(60), self.casual(61)
        curious.ask("setfilter", fmask="3f")
        self.town.run(2.5)
        self.assertEqual(plain.heard(), [])
        self.assertIn("status", {one.type for one in curious.heard()})

    def test_filterNeedsRights(self) -> None:
        """Debug classes are for root and the daemon's own user."""
        caller = self.casual(uid=NOBODY)
        self.assertEqual(caller.ask("setfilter", fmask="3")[0].get("info"), "EPERM")
        self.assertEqual(caller.ask("setfilter", fmask="1")[0].get("result"), "OK")

    def test_requestsShown(self) -> None:
        """Who wants to see everything sees what others ask."""
        curious, other = self.casual(60), self.casual(61)
        curious.ask("setfilter", fmask="10")
        other.ask("numnodes")
        self.assertEqual([one.get("reqtype") for one in curious.heard()], ["numnodes"])

    def test_addressed(self) -> None:
        """A message for a client reaches that one only."""
        one, other = self.named("one", 50), self.named("other", 51)
        one.say(Message.of("hello"))
        self.assertEqual([m.type for m in one.heard() if m.type == "hello"], ["hello"])
        self.assertEqual(other.heard(), [])

    def test_signal(self) -> None:
        """A client may want a signal with every message, its answer to that request included."""
        caller = self.casual()
        caller.ask("setsignal", signal=str(int(signal.SIGUSR1)))
        caller.ask("numnodes")
        self.assertEqual(self.alpha.kills, [(60, signal.SIGUSR1)] * 2)

    def test_signalVouched(self) -> None:
        """Where the kernel does not tell the process nobody is signalled: it might be anybody."""
        caller = Caller(self.alpha, Credentials(pid=None))
        caller.say(Message.of("hbapi-req", reqtype="signon", pid="1", from_id="1", uid="0", gid="0"))
        caller.say(Message.of("hbapi-req", reqtype="setsignal", pid="1", signal="15"))
        self.assertEqual(caller.heard()[-1].get("result"), "OK")
        self.assertEqual(self.alpha.kills, [])

    def test_noKilling(self) -> None:
        """KILL and STOP are not to be had."""
        caller = self.casual()
        for number in (9, 19, 32, -1):
            self.assertEqual(caller.ask("setsignal", signal=str(number))[0].get("info"), "EINVAL")


class NuisanceTests(DeskCase):
    """Clients that stall, flood, and talk nonsense."""

    def news(self, count: int) -> None:
        """Tell everybody something."""
        for number in range(count):
            self.alpha.desk._tell(Kind.NORMAL, Message.of("news", number=str(number)))

    def test_stalled(self) -> None:
        """One that does not read is dropped when its queue is full, and said to have left."""
        caller = self.named()
        caller.transport.slow = True
        self.news(65)  # the first is on its way
        self.assertFalse(caller.gone)
        self.news(1)
        self.assertTrue(caller.gone)
        self.assertEqual(self.announced()[-1], ("leave", "other", "sendfail"))

    def test_stalledAlone(self) -> None:
        """Nobody else suffers from it."""
        self.named().transport.slow = True
        other = self.casual()
        self.news(100)
        self.assertEqual(len([one for one in other.heard() if one.type == "news"]), 100)

    def test_longerQueue(self) -> None:
        """It may ask for a longer queue."""
        caller = self.named()
        self.assertEqual(caller.ask("set_sendqlen", sendqlen="200"), [])
        caller.transport.slow = True
        self.news(150)
        self.assertFalse(caller.gone)

    def test_catchesUp(self) -> None:
        """One that reads again gets everything, in order."""
        caller = self.casual()
        caller.transport.slow = True
        self.news(50)
        caller.transport.slow = False
        caller.session.resumeProducing()
        self.assertEqual([m.get("number") for m in caller.heard()], [str(n) for n in range(50)])

    def test_stalledAsker(self) -> None:
        """As long as it does not read, nothing is read from it."""
        caller = self.casual()
        caller.transport.slow = True
        caller.ask("numnodes")
        self.assertFalse(caller.transport.reading)

    def test_flood(self) -> None:
        """A thousand requests at once are answered a few at a time, so that others have their turn."""
        caller = self.casual()
        request = Message.of("hbapi-req", reqtype="numnodes", pid="60")
        caller.feed(frameOf(request) * 1000)
        self.assertEqual(len(caller.heard()), 32)
        self.assertEqual(len(self.casual(61).ask("numnodes")), 1)
        self.town.run(0.1)
        self.assertEqual(len(caller.heard()), 968)

    def test_nonsense(self) -> None:
        """Ten bodies in a row that are no messages are the end."""
        caller = self.named()
        body = struct.pack("=iI", 3, 0xABCD) + b"abc"
        caller.feed(body * 9)
        caller.ask("numnodes")
        caller.feed(body * 9)
        self.assertFalse(caller.gone)
        caller.feed(body)
        self.assertTrue(caller.gone)

    def test_oversized(self) -> None:
        """A length that froze the original ends the connection."""
        for length in (-1, -1000, 262145):
            caller = self.casual()
            caller.feed(struct.pack("=iI", length, 0xABCD))
            self.assertTrue(caller.gone)
            caller.hangUp()

    def test_told(self) -> None:
        """Coming and going are events, so that the log can show them."""
        self.named().hangUp()
        self.assertEqual([event.client for event in self.alpha.told(ClientEvent)], ["other", "other"])
