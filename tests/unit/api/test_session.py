"""One client, on a transport without a socket."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.api.fakes import MOVED, FakeControl
from twisted_ha.api.commands import Commands
from twisted_ha.api.session import LONGEST_REQUEST, MOST_UNDERWAY, MOST_WAITING, Session
from twisted_ha.bus import EventBus
from twisted_ha.errors import ApiError
from twisted_ha.events import LinkUp, MessagesRecovered, NodeDied
from twisted_ha.terms import NodeName

BETA = NodeName("beta")
UP = LinkUp(node=BETA, link="eth0")


class SessionCase(SynchronousTestCase):
    """A connected session."""

    refusal: ApiError | None = None

    def setUp(self) -> None:
        self.control = FakeControl()
        self.bus = EventBus(Clock())
        self.ended: list[Session] = []

        def admit(session: Session) -> str:
            if self.refusal is not None:
                raise self.refusal
            return "uid 0"

        self.session = Session(
            commands=Commands(self.control),
            subscribe=self.bus.subscribe,
            wallClock=lambda: 7.0,
            admit=admit,
            ended=self.ended.append,
        )
        self.transport = StringTransport()
        self.session.makeConnection(self.transport)

    def send(self, **request: Any) -> None:
        self.session.dataReceived(json.dumps(request).encode() + b"\n")

    def answers(self) -> list[dict[str, Any]]:
        lines = self.transport.value().splitlines()
        self.transport.clear()
        return [json.loads(line) for line in lines]

    def errorNames(self) -> list[str]:
        return [answer["error"]["name"] for answer in self.answers()]


class SessionTests(SessionCase):
    """L{Session}."""

    def test_interfaces(self) -> None:
        """It can be told to write less, and that half the connection is closed."""
        self.assertTrue(verifyObject(IPushProducer, self.session))
        self.assertTrue(verifyObject(IHalfCloseableProtocol, self.session))

    def test_answer(self) -> None:
        """An answer carries the id of its request, whatever that is."""
        self.send(id={"a": [1]}, command="ping")
        (answer,) = self.answers()
        self.assertEqual((answer["id"], answer["ok"], answer["result"]["api"]), ({"a": [1]}, True, 1))

    def test_pieces(self) -> None:
        """A request may come in pieces, and several in one."""
        line = b'{"id":1,"command":"ping"}\n'
        self.session.dataReceived(line[:7])
        self.assertEqual(self.answers(), [])
        self.session.dataReceived(line[7:] + b"\r\n" + line + line[:3])
        self.assertEqual(len(self.answers()), 2)

    def test_badJson(self) -> None:
        """Rubbish is answered by name, and the connection goes on."""
        self.session.dataReceived(b"status\n")
        self.assertEqual(self.errorNames(), ["bad-json"])
        self.send(id=1, command="ping")
        self.assertEqual(len(self.answers()), 1)
        self.assertFalse(self.transport.disconnecting)

    def test_unknownCommand(self) -> None:
        """An unknown command is answered under its id."""
        self.send(id=5, command="xyzzy")
        (answer,) = self.answers()
        self.assertEqual(
            (answer["id"], answer["ok"], answer["error"]["name"]), (5, False, "unknown-command")
        )

    def test_tooLong(self) -> None:
        """A line without an end is refused before it is large, and the client is dropped."""
        self.session.dataReceived(b"x" * (LONGEST_REQUEST + 1))
        self.assertEqual(self.errorNames(), ["line-too-long"])
        self.assertTrue(self.transport.disconnecting)
        self.session.dataReceived(b'\n{"id":1,"command":"ping"}\n')
        self.assertEqual(self.answers(), [])

    def test_bug(self) -> None:
        """A bug is answered as one, logged once, and the session lives."""
        self.control.bug = ZeroDivisionError("oops")
        self.send(id=1, command="status")
        self.assertEqual(self.errorNames(), ["internal-error"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_later(self) -> None:
        """An answer may come later than that of the next request."""
        self.control.report = None
        self.send(id=1, command="standby", resources="all")
        self.send(id=2, command="ping")
        self.assertEqual([answer["id"] for answer in self.answers()], [2])
        self.control.moving[0].callback(MOVED)
        self.assertEqual([answer["id"] for answer in self.answers()], [1])

    def test_goneMeanwhile(self) -> None:
        """When the client is gone before its answer, nothing breaks."""
        self.control.report = None
        self.send(id=1, command="standby", resources="all")
        self.session.connectionLost()
        self.control.moving[0].callback(MOVED)
        self.assertEqual((self.answers(), self.ended), ([], [self.session]))

    def test_manyUnderway(self) -> None:
        """One client cannot pile up requests."""
        self.control.report = None
        for number in range(MOST_UNDERWAY + 1):
            self.send(id=number, command="standby", resources="all")
        self.assertEqual(self.errorNames(), ["too-many-requests"])
        self.assertEqual(len(self.control.moving), MOST_UNDERWAY)


class EventTests(SessionCase):
    """Events, pushed."""

    def test_subscribe(self) -> None:
        """After subscribing events arrive as they happen, those below the level left out."""
        self.bus.publish(UP)
        self.send(id=1, command="subscribe")
        self.assertEqual(self.answers()[0]["result"], {"subscribed": "info"})
        self.bus.publish(MessagesRecovered(node=BETA))
        self.bus.publish(UP)
        (event,) = self.answers()
        self.assertEqual(
            (event["event"], event["time"], event["fields"]["link"]), ("LinkUp", 7.0, "eth0")
        )
        self.assertNotIn("id", event)

    def test_level(self) -> None:
        """The level can be chosen, and chosen again; events still come once."""
        self.send(id=1, command="subscribe", level="debug")
        self.send(id=2, command="subscribe", level="warn")
        self.answers()
        self.bus.publish(UP)
        self.bus.publish(NodeDied(node=BETA, silentFor=5, deadtime=5))
        self.assertEqual([event["event"] for event in self.answers()], ["NodeDied"])

    def test_badLevel(self) -> None:
        """A level that does not exist is refused, and so is any other parameter."""
        self.send(id=1, command="subscribe", level="loud")
        self.send(id=2, command="subscribe", since=3)
        self.assertEqual(self.errorNames(), ["bad-parameter", "bad-parameter"])

    def test_gone(self) -> None:
        """A client that is gone is told nothing more."""
        self.send(id=1, command="subscribe")
        self.session.connectionLost()
        self.answers()
        self.bus.publish(UP)
        self.assertEqual(self.answers(), [])

    def test_slow(self) -> None:
        """Events wait for a client that does not read, and come in order when it does."""
        self.send(id=1, command="subscribe")
        self.answers()
        self.session.pauseProducing()
        for number in range(3):
            self.bus.publish(LinkUp(node=BETA, link=str(number)))
        self.assertEqual(self.answers(), [])
        self.session.resumeProducing()
        self.assertEqual([event["fields"]["link"] for event in self.answers()], ["0", "1", "2"])

    def test_tooSlow(self) -> None:
        """One that never reads is dropped."""
        self.send(id=1, command="subscribe")
        self.session.pauseProducing()
        for _ in range(MOST_WAITING):
            self.bus.publish(UP)
        self.assertFalse(self.transport.disconnected)
        self.bus.publish(UP)
        self.assertTrue(self.transport.disconnected)

    def test_notRead(self) -> None:
        """While it does not read its answers, nothing is read from it."""
        self.session.pauseProducing()
        self.assertEqual(self.transport.producerState, "paused")
        self.send(id=1, command="ping")
        self.assertEqual(self.answers(), [])
        self.session.resumeProducing()
        self.assertEqual(self.transport.producerState, "producing")
        self.assertEqual(len(self.answers()), 1)


class HalfClosedTests(SessionCase):
    """A client such as C{echo ... | socat - UNIX-CONNECT:...}, which ends its input at once."""

    def test_nothingLeft(self) -> None:
        """With everything answered the connection is closed."""
        self.send(id=1, command="ping")
        self.session.readConnectionLost()
        self.assertTrue(self.transport.disconnecting)

    def test_answerLeft(self) -> None:
        """An answer that is still to come, comes."""
        self.control.report = None
        self.send(id=1, command="standby", resources="all")
        self.session.readConnectionLost()
        self.assertFalse(self.transport.disconnecting)
        self.control.moving[0].callback(MOVED)
        self.assertEqual(len(self.answers()), 1)
        self.assertTrue(self.transport.disconnecting)

    def test_subscribed(self) -> None:
        """Who has subscribed goes on listening."""
        self.send(id=1, command="subscribe")
        self.session.readConnectionLost()
        self.assertFalse(self.transport.disconnecting)


class RefusedTests(SessionCase):
    """A client that may ask nothing."""

    refusal = ApiError("not-permitted", "uid 1000 may not use this")

    def test_refused(self) -> None:
        """It is told so by name before it asks, and its request is not done."""
        self.assertEqual(self.errorNames(), ["not-permitted"])
        self.assertTrue(self.transport.disconnecting)
        self.send(id=1, command="standby", resources="all")
        self.assertEqual(self.control.asked, [])
