"""What clients hear of nodes and links."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.hbapi.office import PING, Caller, Town
from twisted_ha.cluster.header import Header
from twisted_ha.events import LinkDown, LinkUp, NodeDied, RetransmissionRefused
from twisted_ha.hbapi.feed import Feed
from twisted_ha.hbapi.kinds import Kind
from twisted_ha.terms import NodeName
from twisted_ha.wire.message import Message

BETA = NodeName("beta")


def briefly(messages: list[Message]) -> list[str]:
    """Type, node or source, and status."""
    return [
        " ".join(filter(None, (m.type, m.get("node") or m.get("src"), m.get("ifname"), m.get("st"))))
        for m in messages
    ]


class StoryTests(SynchronousTestCase):
    """The default filter, as in C{events-default.json}."""

    def setUp(self) -> None:
        self.town = Town()
        self.addCleanup(self.town.close)
        self.caller = Caller(self.town.alpha)
        self.caller.signOn()

    def test_link(self) -> None:
        """One link of two that dies and comes back is told, and no status with it."""
        self.town.wires[0].part("alpha", "beta")
        self.town.run(7.0)
        self.assertEqual(briefly(self.caller.heard()), ["ifstat beta eth1 dead"])
        self.town.wires[0].cut.clear()
        self.town.run(2.0)
        self.assertEqual(briefly(self.caller.heard()), ["ifstat beta eth1 up"])

    def test_ping(self) -> None:
        """A ping node's death is told before that of its link; its return begins with the link."""
        self.town.wires[2].part("alpha", "alpha")
        self.town.run(7.0)
        dead = self.caller.heard()
        self.assertEqual(briefly(dead), [f"status {PING} dead", f"ifstat {PING} {PING} dead"])
        self.assertEqual(dead[0].get("info"), "ping")
        self.town.wires[2].cut.clear()
        self.town.run(2.0)
        back = briefly(self.caller.heard())
        self.assertEqual(back, [f"ifstat {PING} {PING} up", f"NS_st {PING} ping"])

    def test_death(self) -> None:
        """A node's death: its status, and its links."""
        self.town.beta.node.kill()
        self.town.run(8.0)
        told = [line for line in briefly(self.caller.heard()) if line.startswith(("status", "ifstat"))]
        self.assertEqual(
            sorted(told), ["ifstat beta eth0 dead", "ifstat beta eth1 dead", "status beta dead"]
        )

    def test_ordinary(self) -> None:
        """Day after day nothing is told."""
        self.town.run(30.0)
        self.assertEqual(self.caller.heard(), [])


class FakeNode:
    """A node whose messages are missing as told."""

    name = NodeName("alpha")

    def __init__(self) -> None:
        self.missing: set[int] = set()
        self.status = "active"
        self.local = False

    def missingBefore(self, node: str, sequence: int) -> bool:
        return any(number < sequence for number in self.missing)

    def find(self, name: str) -> FakeNode:
        return self


class OrderTests(SynchronousTestCase):
    """What must not be told too early."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.node = FakeNode()
        self.told: list[str] = []
        self.feed = Feed(
            self.node,  # type: ignore[arg-type]
            clock=self.clock,
            wallClock=lambda: 1.0,
            tell=self.tell,
            asked=lambda message: None,
        )

    def tell(self, kind: Kind, message: Message) -> None:
        self.told.append(f"{message.type} {message.get('seq') or message.get('st')}")

    def hear(self, type: str, sequence: int) -> None:
        message = Message.of(type, src="beta", seq=f"{sequence:x}", ts="1", hg="1")
        self.feed.heard(Header.of(message), message, False)

    def test_held(self) -> None:
        """Joining and leaving wait for what was said before."""
        self.node.missing = {4}
        self.hear("hbapi-clstat", 5)
        self.hear("hello", 6)
        self.assertEqual(self.told, ["hello 6"])
        self.node.missing = set()
        self.hear("hbapi-clstat", 4)
        self.assertEqual(self.told[1:], ["hbapi-clstat 4", "hbapi-clstat 5"])

    def test_givenUp(self) -> None:
        """They do not wait for what will never come."""
        self.node.missing = {4}
        self.hear("hbapi-clstat", 5)
        self.node.missing = set()
        self.feed.happened(RetransmissionRefused(node=BETA, sequence=4, reason="gone"), 0.0)
        self.assertEqual(self.told, ["hbapi-clstat 5"])

    def test_bounded(self) -> None:
        """They do not pile up."""
        self.node.missing = {1}
        for number in range(2, 300):
            self.hear("hbapi-clstat", number)
        self.assertEqual(len(self.told), 298 - 256)

    def test_lastLink(self) -> None:
        """The last link's death waits for the node's, but not for long."""
        down = LinkDown(node=BETA, link="eth1", left=0)
        self.feed.happened(down, 0.0)
        self.assertEqual(self.told, [])
        self.feed.happened(NodeDied(node=BETA, silentFor=5.0, deadtime=5.0), 0.0)
        self.assertEqual(self.told, ["status 1", "ifstat dead"])
        self.feed.happened(down, 0.0)
        self.clock.advance(1.0)
        self.assertEqual(self.told[2:], ["ifstat dead"])

    def test_lastLinkReturns(self) -> None:
        """If the link comes back first, both are told in order."""
        self.feed.happened(LinkDown(node=BETA, link="eth1", left=0), 0.0)
        self.feed.happened(LinkUp(node=BETA, link="eth1"), 0.0)
        self.assertEqual(self.told, ["ifstat dead", "ifstat up"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopped(self) -> None:
        """Nothing is left behind."""
        self.feed.happened(LinkDown(node=BETA, link="eth1", left=0), 0.0)
        self.feed.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
