"""Tests for L{twisted_ha.cluster.membership}: status, silence and self-doubt."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.cluster.wires import (
    ALPHA,
    BETA,
    RING,
    ROUTER,
    ROUTER_LINE,
    TIMERS,
    Peer,
    Wire,
    configuration,
    member,
    run,
    stall,
)
from twisted_ha.config.model import Timers
from twisted_ha.events import (
    BeatLate,
    LateHeartbeat,
    LinkDown,
    LinkUp,
    NodeDied,
    NodeStatusChanged,
)
from twisted_ha.terms import NodeStatus
from twisted_ha.wire import Encoding, Message


class HearingTestCase(SynchronousTestCase):
    """alpha, hearing what a test says for beta."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.eth1 = Wire(self.clock, "eth1").port(ALPHA)
        self.eth2 = Wire(self.clock, "eth2").port(ALPHA)
        self.alpha = member(self.clock, [self.eth1, self.eth2])
        self.alpha.core.start()
        self.beta = Peer(self.alpha)
        self.beta.extras["twisted_ha"] = "1"
        self.node = self.alpha.core.nodes[BETA]

    def deaths(self) -> list[NodeDied]:
        """Who was declared dead."""
        return [event for event in self.alpha.events if isinstance(event, NodeDied)]

    def beating(self, seconds: int) -> None:
        """beta beats for so long."""
        for _ in range(seconds):
            self.beta.says()
            run(self.clock, 1.0)


class MembershipTests(HearingTestCase):
    """What a status does, and what silence does."""

    def test_changes(self) -> None:
        """A status that differs is told, the same again is not, whatever its case."""
        for word in ("init", "up", "UP", "active", "active"):
            self.beta.says(st=word)
        self.assertEqual(
            [
                (event.previous, event.status)
                for event in self.alpha.events
                if isinstance(event, NodeStatusChanged)
            ],
            [("init", "up"), ("UP", "active")],
        )

    def test_inventedWord(self) -> None:
        """A word nobody knows is kept, shortened to 31 characters, and counts as up."""
        self.beta.says(st="x" * 100)
        self.assertEqual((self.node.word, self.node.status), ("x" * 31, NodeStatus.UP))

    def test_claimsToBeDead(self) -> None:
        """A node that says it is dead is talking all the same."""
        self.beta.says(st="dead")
        self.assertEqual((self.node.word, self.node.dead), ("dead", False))

    def test_noStatus(self) -> None:
        """A status without C{st} is no sign of life."""
        self.beta.says(st=None)
        self.assertFalse(self.node.heard)

    def test_overtakenStatus(self) -> None:
        """An older status that comes late does not take the newer one back."""
        self.beta.says(sequence=1, st="up")
        self.beta.says(sequence=3, st="active")
        run(self.clock, 0.5)
        self.beta.says(sequence=2, st="up")
        self.assertEqual((self.node.word, self.node.lastStatus), ("active", 0.0))

    def test_dies(self) -> None:
        """A node silent for its dead time is dead."""
        self.beating(3)
        run(self.clock, 10)
        (death,) = self.deaths()
        self.assertEqual(
            (death.node, death.silentFor, death.deadtime, death.heard), (BETA, 6.0, 6.0, True)
        )
        self.assertEqual((self.node.word, self.node.heard), ("dead", False))

    def test_diesExactly(self) -> None:
        """Not a moment before."""
        self.beating(3)
        run(self.clock, 4.999)
        self.assertEqual(self.deaths(), [])
        run(self.clock, 0.001)
        self.assertEqual(len(self.deaths()), 1)

    def test_announcedDeadtime(self) -> None:
        """What the node announces counts, longer or shorter than ours."""
        self.beta.says(dt=f"{20_000:x}")
        run(self.clock, 19.9)
        self.assertEqual(self.deaths(), [])
        run(self.clock, 0.2)
        self.assertEqual(self.deaths()[0].deadtime, 20.0)

    def test_shorterDeadtime(self) -> None:
        """A dead time that becomes shorter is in force at once."""
        self.beta.says(dt=f"{20_000:x}")
        self.beta.says(dt=f"{2_500:x}")
        run(self.clock, 2.6)
        self.assertEqual([death.silentFor for death in self.deaths()], [2.5])

    def test_noDeadtime(self) -> None:
        """A node that announces none (heartbeat 1.2) is given ours."""
        self.beta.extras = {}
        self.beta.says()
        run(self.clock, 7)
        self.assertEqual(self.deaths()[0].deadtime, TIMERS.deadtime)

    def test_absurdDeadtime(self) -> None:
        """Nobody can ask to live for ever."""
        self.beta.says(dt="ffffffffffffffff")
        self.assertEqual(self.node.deadtime, 86400.0)

    def test_neverHeard(self) -> None:
        """A node that never spoke is dead after initdead, and the event says it was not heard."""
        run(self.clock, 11.999)
        self.assertEqual(self.deaths(), [])
        run(self.clock, 0.001)
        (death,) = self.deaths()
        self.assertEqual((death.heard, death.silentFor), (False, 12.0))

    def test_onlyStatus(self) -> None:
        """Other messages do not keep a node alive."""
        self.beating(2)
        for _ in range(20):
            self.beta.says("note")
            run(self.clock, 0.5)
        self.assertEqual(len(self.deaths()), 1)

    def test_anyLink(self) -> None:
        """Any one medium keeps a node alive."""
        for _ in range(20):
            self.beta.says(port=self.eth2)
            run(self.clock, 1.0)
        self.assertEqual(self.deaths(), [])

    def test_quiet(self) -> None:
        """A steady peer costs no call: the pending ones stay the same ones."""
        self.beta.says()
        run(self.clock, 0.5)
        before = {
            call for call in self.clock.getDelayedCalls() if call.func != self.alpha.core._beat._tick
        }
        for _ in range(50):
            self.beta.says()
        after = {
            call for call in self.clock.getDelayedCalls() if call.func != self.alpha.core._beat._tick
        }
        self.assertEqual(before, after)

    def test_lateHeartbeat(self) -> None:
        """A status later than warntime is told."""
        self.beta.says()
        run(self.clock, 3.5)
        self.beta.says()
        (event,) = self.alpha.told(LateHeartbeat)
        self.assertEqual(event, LateHeartbeat(node=BETA, milliseconds=3500))

    def test_links(self) -> None:
        """A link goes down after the node's dead time, and says how many are left."""
        message = self.beta.says()
        self.beta.hear(message, self.eth2)
        for _ in range(8):
            run(self.clock, 1.0)
            self.beta.says()
        self.assertEqual(
            [event for event in self.alpha.events if isinstance(event, LinkDown)],
            [LinkDown(node=BETA, link="eth2", left=1)],
        )
        self.assertEqual(
            [LinkDown(node=BETA, link="eth2", left=left).render() for left in (2, 1, 0)],
            [
                "Link beta:eth2 dead. (2 links to beta left)",
                "Link beta:eth2 dead. (1 link to beta left: the last link)",
                "Link beta:eth2 dead. (It was the last link: no link to beta is left)",
            ],
        )
        self.beta.says(port=self.eth2)
        self.assertEqual(len(self.alpha.told(LinkUp)), 3)

    def test_eventOrder(self) -> None:
        """What a status brings is told in order: return, link, status; then the handlers are called."""
        self.beating(2)
        run(self.clock, 20)
        self.alpha.events.clear()
        words: list[str] = []
        self.alpha.core.handle("status", lambda header, message: words.extend(self.alpha.names()))
        self.beta.says()
        self.assertEqual(words, ["NodeReturned", "LinkUp", "NodeStatusChanged"])

    def test_stateBeforeEvents(self) -> None:
        """Whoever hears of a change finds the node changed already."""
        seen: list[tuple[str, bool]] = []
        self.beating(2)
        run(self.clock, 20)
        self.alpha.bus.subscribe(lambda event, when: seen.append((self.node.word, self.node.heard)))
        self.beta.says()
        self.assertEqual(set(seen), {("active", True)})

    def test_answersAtOnce(self) -> None:
        """A node heard for the first time, anew or again is answered with our status, once."""
        self.beta.says(st="init")
        self.assertEqual(self.eth1.types().count("status"), 4)  # init, up, the answer, active
        for _ in range(5):
            self.beta.says()
        self.assertEqual(self.eth1.types().count("status"), 4)
        self.beta.generation += 1
        self.beta.sequence = 0
        self.beta.says(st="init")
        self.assertEqual(self.eth1.types().count("status"), 5)

    def test_stop(self) -> None:
        """Stopped, a core leaves no call behind and hears nothing."""
        self.beta.says(sequence=1)
        self.beta.says(sequence=5)
        self.alpha.core.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.beta.says(st="up")
        self.assertEqual(self.node.word, "active")

    def test_reconfigure(self) -> None:
        """New times are in force at once, for deadlines that are pending too."""
        self.beta.extras.pop("dt")
        self.beta.says()
        self.alpha.core.reconfigure(configuration(timers=Timers(keepalive=0.5, deadtime=2, initdead=4)))
        run(self.clock, 2.1)
        self.assertEqual([death.silentFor for death in self.deaths()], [2.0])
        self.assertEqual(self.eth1.messages[-1].get("dt"), "7d0")


class DoubtTests(HearingTestCase):
    """The same node when it was late itself."""

    def test_stall(self) -> None:
        """A node that was stalled declares nobody dead on waking."""
        self.beating(3)
        stall(self.clock, 30)
        run(self.clock, 5.9)
        self.assertEqual(self.deaths(), [])
        self.assertEqual(len(self.alpha.told(BeatLate)), 1)
        self.assertEqual(self.alpha.late, [29.0])

    def test_stallAndPeerAlive(self) -> None:
        """A peer that goes on after our stall never was dead, and its heartbeat was not late."""
        self.beating(3)
        stall(self.clock, 30)
        self.beating(10)
        self.assertEqual(self.deaths(), [])
        self.assertEqual(self.alpha.told(LateHeartbeat), [])

    def test_stallAndPeerDead(self) -> None:
        """A peer that stays silent is dead one full dead time after our stall."""
        self.beating(3)
        woke = self.clock.seconds() + 30
        stall(self.clock, 30)
        run(self.clock, 6.1)
        (death,) = self.deaths()
        self.assertAlmostEqual(death.silentFor, woke + 6 - 2)

    def test_shortStall(self) -> None:
        """A stall shorter than half a keepalive is nothing."""
        self.beating(3)
        stall(self.clock, 0.45)
        self.assertEqual(self.alpha.told(BeatLate), [])

    def test_readFirst(self) -> None:
        """What waits in the socket when the deadline passes is read before the death is believed."""
        self.beating(1)
        self.clock.callLater(4.999, lambda: self.clock.callLater(0.001, self.beta.says))
        run(self.clock, 8)
        self.assertEqual(self.deaths(), [])

    def test_links(self) -> None:
        """Links are doubted like nodes."""
        self.beating(3)
        stall(self.clock, 30)
        self.assertEqual(self.alpha.told(LinkDown), [])

    def test_initdead(self) -> None:
        """A stall while starting gives everybody initdead anew."""
        stall(self.clock, 30)
        run(self.clock, 11.9)
        self.assertEqual(self.deaths(), [])
        run(self.clock, 0.2)
        self.assertEqual(len(self.deaths()), 1)


class PingNodeTests(SynchronousTestCase):
    """A ping node."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.eth1 = Wire(self.clock, "eth1").port(ALPHA)
        self.wire = Wire(self.clock, ROUTER)
        self.ping = self.wire.port(ALPHA, "ping", ROUTER)
        config = configuration(media=(ROUTER_LINE,), nodes=(ALPHA,))
        self.alpha = member(self.clock, [self.eth1, self.ping], config)
        self.node = self.alpha.core.nodes[ROUTER]

    def test_answers(self) -> None:
        """Its echo makes it C{ping}, and its link up; nothing is sent for that."""
        self.alpha.core.start()
        run(self.clock, 0.5)
        self.assertEqual(self.node.status, NodeStatus.PING)
        self.assertTrue(self.node.links[ROUTER].up)
        self.assertEqual(self.eth1.types(), ["status"] * 3)

    def test_dies(self) -> None:
        """It is dead after deadping, and the event says what it was."""
        self.alpha.core.start()
        run(self.clock, 2.5)
        self.wire.cut.add((ALPHA, ALPHA))
        run(self.clock, 10)
        (death,) = self.alpha.told(NodeDied)
        assert isinstance(death, NodeDied)
        self.assertEqual((death.node, death.ping, death.deadtime), (ROUTER, True, 5.0))
        self.wire.cut.clear()
        run(self.clock, 2)
        self.assertEqual(self.alpha.names()[-2:], ["LinkUp", "NodeStatusChanged"])

    def test_delaysStart(self) -> None:
        """An unreachable one holds the start up for initdead."""
        self.wire.cut.add((ALPHA, ALPHA))
        self.alpha.core.start()
        run(self.clock, 11.9)
        self.assertFalse(self.alpha.core.communicationsUp)
        run(self.clock, 0.2)
        self.assertTrue(self.alpha.core.communicationsUp)

    def test_ordinaryNode(self) -> None:
        """The type of its answers is no status of an ordinary node: it could be played again."""
        alpha = member(self.clock, [self.eth1])
        alpha.core.start()
        forged = Message.of("NS_st", st="active", src=BETA, ts="1")
        self.eth1.deliver(RING.sign(forged, Encoding.CLASSIC), "")
        self.assertFalse(alpha.core.nodes[BETA].heard)
