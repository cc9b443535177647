"""L{twisted_ha.sim.network}."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted_ha.interfaces import IFrameSink, IMedium
from twisted_ha.sim import network
from twisted_ha.sim.clock import SimClock, WorldTime
from twisted_ha.sim.network import RECEIVE_BUFFER, Network, Segment, SimMedium, Switched
from twisted_ha.sim.serial import SimSerial
from twisted_ha.sim.weather import Path
from twisted_ha.terms import NodeName

FRAME = b">>>\nt=status\n<<<\n"


@implementer(IFrameSink)
class Recorder:
    """Remembers what it was given."""

    def __init__(self, world: WorldTime) -> None:
        self.frames: list[tuple[bytes, str]] = []
        self.times: list[float] = []
        self._world = world

    def frameReceived(self, frame: bytes, medium: IMedium, source: str) -> bool:
        self.frames.append((frame, source))
        self.times.append(self._world.now)
        return True


class NetworkTests(SynchronousTestCase):
    """L{Network} and L{SimMedium}."""

    def setUp(self) -> None:
        self.world = WorldTime()
        self.network = Network(SimClock(self.world), Random(1))

    def plug(self, node: str, kind: str = "mcast", name: str = "eth1", **more: object) -> SimMedium:
        segment = self.network.segment(name, kind, 9600 if kind == "serial" else 0)
        return self.network.attach(
            SimMedium(self.network, segment, NodeName(node), kind, **more)  # type: ignore[arg-type]
        )

    def hear(self, medium: SimMedium) -> Recorder:
        sink = Recorder(self.world)
        verifyObject(IFrameSink, sink)
        medium.open(sink)
        return sink

    def test_firstSent(self) -> None:
        """When a frame was first sent is known of the last few thousand, and of the oldest no more."""
        self.patch(network, "REMEMBERED", 4)
        alpha = self.plug("alpha")
        self.hear(alpha)
        for second, word in enumerate(b"abcdebea"):
            self.world.run(second)
            alpha.send(bytes([word]))
        firsts = [(sent.frame.decode(), sent.first) for sent in alpha.segment.recent]
        self.assertEqual(firsts[5:], [("b", 1.0), ("e", 4.0), ("a", 7.0)])

    def test_overtaking(self) -> None:
        """On an ordinary simulated wire one frame overtakes another; on a switched one none does."""
        for wire, inOrder in ((Segment, False), (Switched, True)):
            self.network = Network(SimClock(self.world), Random(1), wire)
            alpha, beta = self.plug("alpha"), self.plug("beta")
            self.hear(alpha)
            sink = self.hear(beta)
            sent = [b">>>\nt=status\nn=%d\n<<<\n" % number for number in range(50)]
            for frame in sent:
                alpha.send(frame)
            self.world.run(self.world.now + 1)
            heard = [frame for frame, _ in sink.frames]
            self.assertEqual(sorted(heard), sorted(sent))
            self.assertEqual(heard == sent, inOrder)
            self.assertTrue(self.world.now - 1 <= sink.times[0] <= sink.times[-1] < self.world.now - 0.9)

    def test_interface(self) -> None:
        """A simulated medium is an L{IMedium}."""
        verifyObject(IMedium, self.plug("alpha"))

    def test_everybodyHears(self) -> None:
        """What one node sends, every other on the wire hears, and the sender does not."""
        media = [self.plug(name) for name in ("alpha", "beta", "gamma")]
        sinks = [self.hear(medium) for medium in media]
        media[0].send(FRAME)
        self.world.run(1)
        self.assertEqual([sink.frames for sink in sinks], [[], [(FRAME, "alpha")], [(FRAME, "alpha")]])

    def test_noEcho(self) -> None:
        """A broadcast does not come back: the real medium drops its echo before anybody hears it."""
        medium = self.plug("alpha", "bcast")
        sink = self.hear(medium)
        medium.send(FRAME)
        self.world.run(1)
        self.assertEqual(sink.frames, [])

    def test_latecomer(self) -> None:
        """Who is plugged in later hears from then on, and who is unplugged no more."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        self.hear(alpha)
        first = self.hear(beta)
        alpha.send(FRAME)
        self.world.run(1)
        beta.unplug()
        second = self.hear(self.plug("beta"))
        alpha.send(FRAME)
        self.world.run(2)
        self.assertEqual((len(first.frames), len(second.frames)), (1, 1))

    def test_unicast(self) -> None:
        """A C{ucast} reaches its addressee only."""
        alpha = self.plug("alpha", "ucast", targets=("gamma",))
        self.hear(alpha)
        beta, gamma = self.hear(self.plug("beta")), self.hear(self.plug("gamma"))
        alpha.send(FRAME)
        self.world.run(1)
        self.assertEqual((beta.frames, gamma.frames), ([], [(FRAME, "alpha")]))

    def test_notOpen(self) -> None:
        """Before it is opened and after it is closed a medium neither sends nor hears."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        sink = self.hear(beta)
        alpha.send(FRAME)
        self.world.run(1)
        self.hear(alpha)
        alpha.send(FRAME)
        self.successResultOf(beta.close())
        self.successResultOf(alpha.close())
        alpha.send(FRAME)
        self.world.run(2)
        self.assertEqual(sink.frames, [])

    def test_oneWayCut(self) -> None:
        """A cable may be cut in one direction only."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        heardByAlpha, heardByBeta = self.hear(alpha), self.hear(beta)
        self.network.setCut(True, "eth1", "alpha", "beta")
        alpha.send(FRAME)
        beta.send(FRAME)
        self.world.run(1)
        self.assertEqual((len(heardByAlpha.frames), len(heardByBeta.frames)), (1, 0))

    def test_cutBeforePluggedIn(self) -> None:
        """A cable that is cut while a machine is off is cut for it when it comes."""
        alpha = self.plug("alpha")
        gone = self.plug("beta")
        gone.unplug()
        self.network.setCut(True, None)
        sink = self.hear(self.plug("beta"))
        self.hear(alpha)
        alpha.send(FRAME)
        self.world.run(1)
        self.assertEqual(sink.frames, [])

    def test_serialSpeed(self) -> None:
        """A serial line takes ten bits for a byte, one frame after the other."""
        alpha, beta = self.plug("alpha", "serial"), self.plug("beta", "serial")
        sink = self.hear(beta)
        self.hear(alpha)
        alpha.send(FRAME)
        alpha.send(FRAME)
        self.world.run(1)
        one = len(FRAME) * 10 / 9600
        self.assertEqual([round(time, 6) for time in sink.times], [round(one, 6), round(2 * one, 6)])

    def test_serialBacklog(self) -> None:
        """A serial line that is too far behind loses what it is given."""
        alpha, beta = self.plug("alpha", "serial"), self.plug("beta", "serial")
        sink = self.hear(beta)
        self.hear(alpha)
        for _ in range(100):
            alpha.send(FRAME)
        self.world.run(5)
        self.assertTrue(10 < len(sink.frames) < 40, len(sink.frames))

    def test_serialQueue(self) -> None:
        """On a line of ours the newest heartbeat passes everything that is sent again."""
        wire = self.network.segment("/dev/ttyS0", "serial", 9600)
        ends = [
            SimSerial(self.network, wire, NodeName(name), SimClock(self.world))
            for name in ("alpha", "beta")
        ]
        for end in ends:
            self.network.attach(end)
        sink = self.hear(ends[1])
        self.hear(ends[0])
        beats = [b">>>\nt=status\nsrc=alpha\nhg=1\nseq=%x\n<<<\n" % number for number in (90, 91)]
        ends[0].send(beats[0])
        for number in range(50):
            padding = b"x" * 200
            ends[0].send(b">>>\nt=note\nsrc=alpha\nhg=1\nseq=%x\ninfo=%b\n<<<\n" % (number, padding))
        self.world.run(1)
        sent = self.world.now
        ends[0].send(beats[1])
        self.world.run(2)
        place = [frame for frame, _ in sink.frames].index(beats[1])
        self.assertLess(sink.times[place] - sent, 2 * 250 * 10 / 9600)
        self.assertGreater(len(sink.frames), place + 1)

    def test_serialStream(self) -> None:
        """On a serial line a frame without its end has the next one in it, which comes once more."""
        alpha, beta = self.plug("alpha", "serial"), self.plug("beta", "serial")
        sink = self.hear(beta)
        self.hear(alpha)
        for frame in (FRAME[:-4], FRAME, FRAME):
            alpha.send(frame)
        self.world.run(1)
        self.assertEqual([frame for frame, _ in sink.frames], [FRAME[:-4] + FRAME, FRAME, FRAME])

    def test_paused(self) -> None:
        """A process that does not run finds what came in its socket, in order, as far as it fits."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        sink = self.hear(beta)
        self.hear(alpha)
        beta.paused = True
        alpha.send(FRAME)
        self.world.run(1)
        self.assertEqual(sink.frames, [])
        big = bytes(RECEIVE_BUFFER)
        alpha.send(big)
        self.world.run(2)
        alpha.send(FRAME)
        self.world.run(3)
        beta.resume()
        self.assertEqual(sink.frames, [(FRAME, "alpha"), (FRAME, "alpha")])

    def test_ping(self) -> None:
        """A ping node sends back what it is sent, unless it is unplugged."""
        medium = self.plug("alpha", "ping", "10.0.0.254", pingNode=NodeName("10.0.0.254"))
        sink = self.hear(medium)
        medium.send(FRAME)
        self.world.run(1)
        medium.segment.answers = False
        medium.send(FRAME)
        self.world.run(2)
        self.assertEqual(sink.frames, [(FRAME, "10.0.0.254")])

    def test_joined(self) -> None:
        """Nodes are joined while some wire carries enough in both directions."""
        for name in ("eth1", "eth2"):
            self.plug("alpha", name=name)
            self.plug("beta", name=name)
        self.assertTrue(self.network.joined(["alpha", "beta"], 5))
        self.network.setCut(True, "eth1")
        self.assertTrue(self.network.joined(["alpha", "beta"], 5))
        self.network.setCut(True, "eth2", "beta", "alpha")
        self.assertFalse(self.network.joined(["alpha", "beta"], 5))

    def test_tap(self) -> None:
        """A tap sees every frame that is sent, even into a cut cable."""
        seen: list[bytes] = []
        self.network.taps.append(lambda medium, frame: seen.append(frame))
        alpha = self.plug("alpha")
        self.hear(alpha)
        self.plug("beta")
        self.network.setCut(True, None)
        alpha.send(FRAME)
        self.assertEqual(seen, [FRAME])

    def test_reached(self) -> None:
        """When a status last reached a machine is known, even if its process does not read."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        self.hear(alpha)
        self.hear(beta)
        beta.paused = True
        self.world.run(5)
        alpha.send(FRAME)
        self.world.run(6)
        self.assertApproximates(self.network.reached["alpha", "beta"], 5, 0.01)

    def test_damagedStatus(self) -> None:
        """A status with something behind it has reached a machine only if its daemon reads it."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        self.hear(alpha)
        sink = self.hear(beta)
        self.patch(Path, "carry", lambda path, frame, latency, random: [(latency, frame + b"tail")])
        self.patch(sink, "frameReceived", lambda frame, medium, source: False)
        alpha.send(FRAME)
        self.world.run(1)
        self.assertEqual((self.network.reached, beta.since), ({}, {}))
        self.patch(sink, "frameReceived", lambda frame, medium, source: True)
        alpha.send(FRAME)
        self.world.run(2)
        self.assertEqual(list(self.network.reached), [("alpha", "beta")])

    def test_harmlessDamage(self) -> None:
        """One of which only the byte behind it was damaged has reached whoever reads it."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        self.hear(alpha)
        self.patch(self.hear(beta), "frameReceived", lambda frame, medium, source: True)
        self.patch(Path, "carry", lambda path, frame, latency, random: [(latency, frame[:-1] + b"~")])
        alpha.send(FRAME + b"\0")
        self.world.run(1)
        self.assertEqual(list(self.network.reached), [("alpha", "beta")])

    def test_otherKeysThen(self) -> None:
        """What counts is the key a frame was signed with, not the one its sender has when it arrives."""
        alpha, beta = self.plug("alpha", "serial"), self.plug("beta", "serial")
        self.hear(alpha)
        self.hear(beta)
        self.network.strangers.add("alpha")
        alpha.send(FRAME)
        self.network.strangers.clear()
        self.world.run(1)
        self.assertEqual((self.network.reached, beta.since), ({}, {}))

    def test_otherKeys(self) -> None:
        """Nor has one that its daemon has not the keys to read: nothing of it was heard."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        self.hear(alpha)
        self.hear(beta)
        self.network.strangers.add("beta")
        alpha.send(FRAME)
        self.world.run(1)
        (sent,) = alpha.segment.recent
        self.assertEqual((self.network.reached, beta.since, sent.heardBy), ({}, {}, ()))

    def test_repeatedStatus(self) -> None:
        """A status that is sent again after a newer one is no sign of life."""
        alpha, beta = self.plug("alpha"), self.plug("beta")
        self.hear(alpha)
        self.hear(beta)
        for at, frame in ((1, FRAME), (2, FRAME + b"newer"), (9, FRAME)):
            self.world.run(at)
            alpha.send(frame)
        self.world.run(10)
        self.assertApproximates(self.network.reached["alpha", "beta"], 2, 0.01)
