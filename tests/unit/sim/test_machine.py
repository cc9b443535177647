"""L{twisted_ha.sim.machine} and L{twisted_ha.sim.actors}."""

from __future__ import annotations

from random import Random

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted_ha.config.model import Tuning
from twisted_ha.errors import AgentError, FencingError
from twisted_ha.interfaces import IAgentRegistry, IFencer, IGuardian, IResourceAgent
from twisted_ha.operations import GuardedGroup, Outcome, Standing
from twisted_ha.sim.actors import SimFencer, SimGuardian, SimRegistry
from twisted_ha.sim.clock import WorldTime
from twisted_ha.sim.machine import Behaviour, Machine
from twisted_ha.sim.observed import Condition, Observed, OperationBegan
from twisted_ha.sim.setup import clusterConfig
from twisted_ha.terms import NodeName

ADDRESS, DAEMON = "10.0.0.101", "daemon0"


class MachineCase(SynchronousTestCase):
    """A machine with its registry."""

    def setUp(self) -> None:
        self.world = WorldTime()
        self.seen: list[Observed] = []
        self.config = clusterConfig()
        self.machine = Machine(
            NodeName("alpha"), self.world, self.config.groups, Random(1), self.seen.append
        )
        self.machine.switchOn()
        self.process = self.machine.clock.fork()
        self.registry = SimRegistry(self.machine, self.process, 7, Tuning())
        self.group = self.config.groups[0]
        self.agents = [self.registry.find(self.group, one) for one in self.group.resources]

    def outcome(self, done: Deferred[Outcome], seconds: float = 100.0) -> Outcome:
        self.world.run(self.world.now + seconds)
        return self.successResultOf(done)


class SimAgentTests(MachineCase):
    """L{SimRegistry} and its agents."""

    def test_interfaces(self) -> None:
        """They are what the core asks for."""
        verifyObject(IAgentRegistry, self.registry)
        verifyObject(IResourceAgent, self.agents[0])

    def test_same(self) -> None:
        """The same resource has the same agent."""
        self.assertIs(self.registry.find(self.group, self.group.resources[0]), self.agents[0])

    def test_unknown(self) -> None:
        """A resource of nobody has none."""
        other = clusterConfig(["x", "y"], groups=[]).groups
        self.assertEqual(other, ())
        stranger = type(self.group.resources[0])(token="stranger", agent="stranger")
        self.assertRaises(AgentError, self.registry.find, self.group, stranger)

    def test_start(self) -> None:
        """A start takes its time, and then the resource really runs."""
        done = self.agents[0].start(False)
        self.assertIs(self.machine.conditions[ADDRESS], Condition.STARTING)
        self.assertTrue(self.machine.holds(self.group.key))
        self.assertTrue(self.outcome(done).ok)
        self.assertIs(self.machine.conditions[ADDRESS], Condition.RUNNING)
        self.assertFalse(self.machine.whole(self.group.key))

    def test_status(self) -> None:
        """A status tells what is the case."""
        first = self.agents[0].status()
        self.world.run(1)
        self.assertIs(self.successResultOf(first), Standing.STOPPED)
        self.outcome(self.agents[0].start(False))
        second = self.agents[0].status()
        self.world.run(self.world.now + 1)
        self.assertIs(self.successResultOf(second), Standing.RUNNING)

    def test_usualTimes(self) -> None:
        """How long a script usually takes may be said; one that fails then takes as long."""
        machine = Machine(
            NodeName("alpha"),
            self.world,
            self.config.groups,
            Random(1),
            self.seen.append,
            timings={(DAEMON, "start"): 7.0},
        )
        self.assertEqual(machine.behaviour(DAEMON, "start"), Behaviour(7.0))
        self.assertEqual(machine.behaviour(DAEMON, "stop"), Behaviour(0.08))
        machine.behaviours[DAEMON, "start"] = Behaviour(1.0)
        self.assertEqual(machine.behaviour(DAEMON, "start"), Behaviour(1.0))
        self.assertEqual(machine.usually(DAEMON, "start"), Behaviour(7.0))

    def test_fails(self) -> None:
        """A start that fails leaves nothing, a stop that fails leaves everything."""
        self.machine.behaviours[ADDRESS, "start"] = Behaviour(0.1, fails=True)
        self.assertFalse(self.outcome(self.agents[0].start(False)).ok)
        self.assertIs(self.machine.conditions[ADDRESS], Condition.STOPPED)
        self.machine.behaviours.clear()
        self.outcome(self.agents[0].start(False))
        self.machine.behaviours[ADDRESS, "stop"] = Behaviour(0.1, fails=True)
        self.assertFalse(self.outcome(self.agents[0].stop()).ok)
        self.assertIs(self.machine.conditions[ADDRESS], Condition.RUNNING)

    def test_hangs(self) -> None:
        """A start that hangs ends at its deadline, and nobody knows what it has left behind."""
        self.machine.behaviours[ADDRESS, "start"] = Behaviour(0.1, hangs=True)
        done = self.agents[0].start(False)
        self.world.run(59.9)
        self.assertNoResult(done)
        ended = self.outcome(done)
        self.assertTrue(ended.timedOut)
        self.assertTrue(self.machine.conditions[ADDRESS].standing)

    def test_statusHangs(self) -> None:
        """A status that hangs says that it does not know."""
        self.machine.behaviours[ADDRESS, "status"] = Behaviour(0.1, hangs=True)
        done = self.agents[0].status()
        self.world.run(30)
        self.assertIs(self.successResultOf(done), Standing.UNKNOWN)

    def test_overlap(self) -> None:
        """A second operation on the same resource is observed to overlap the first."""
        self.agents[0].start(False)
        self.agents[0].stop()
        began = [one for one in self.seen if isinstance(one, OperationBegan)]
        self.assertEqual([one.overlapping for one in began], [(), (("start", 7),)])

    def test_scriptsOutliveTheDaemon(self) -> None:
        """A script goes on when the daemon that started it is killed, and nobody is told."""
        done = self.agents[0].start(False)
        self.process.kill()
        self.world.run(5)
        self.assertNoResult(done)
        self.assertIs(self.machine.conditions[ADDRESS], Condition.RUNNING)

    def test_nothingOutlivesThePower(self) -> None:
        """A machine without power runs nothing, then or later."""
        self.agents[0].start(False)
        self.machine.losePower()
        self.world.run(5)
        self.assertFalse(self.machine.holds(self.group.key))

    def test_frozen(self) -> None:
        """On a machine that stands still, scripts stand still."""
        self.agents[0].start(False)
        self.machine.clock.pause()
        self.world.run(5)
        self.assertIs(self.machine.conditions[ADDRESS], Condition.STARTING)


class SimGuardianTests(MachineCase):
    """L{SimGuardian}."""

    def setUp(self) -> None:
        super().setUp()
        self.guardian = SimGuardian(self.machine, self.process, 4.0)
        self.told: list[tuple[tuple[str, ...], float]] = []
        self.guardian.released = lambda keys, silent: self.told.append((keys, silent))
        for agent in self.agents:
            self.outcome(agent.start(False), 1)
        stops = tuple(agent.emergencyStop() for agent in reversed(self.agents))
        self.held = GuardedGroup(key=self.group.key, stops=tuple(one for one in stops if one))
        self.guardian.beat()
        self.guardian.hold([self.held])

    def test_interface(self) -> None:
        """It is an L{IGuardian}."""
        verifyObject(IGuardian, self.guardian)

    def test_fed(self) -> None:
        """As long as it is fed it does nothing."""
        for _ in range(20):
            self.guardian.beat()
            self.world.run(self.world.now + 3.9)
        self.assertTrue(self.machine.whole(self.group.key))

    def test_stall(self) -> None:
        """A daemon that is silent too long finds everything released, and is told when it runs again."""
        self.process.pause()
        self.world.run(self.world.now + 5)
        self.assertFalse(self.machine.holds(self.group.key))
        self.assertEqual(self.told, [])
        self.process.resume()
        self.world.run(self.world.now + 1)
        self.assertEqual([keys for keys, _ in self.told], [(self.group.key,)])
        self.assertApproximates(self.told[0][1], 4.0, 0.01)

    def test_death(self) -> None:
        """When the daemon dies everything is released at once, in the order given."""
        self.process.kill()
        self.guardian.daemonDied()
        self.assertIsNotNone(self.guardian.releasing)
        self.world.run(self.world.now + 1)
        self.assertFalse(self.machine.holds(self.group.key))
        self.assertIsNone(self.guardian.releasing)
        stops = [one.resource for one in self.seen if isinstance(one, OperationBegan) and not one.by]
        self.assertEqual(stops, [DAEMON, ADDRESS])

    def test_stubborn(self) -> None:
        """What will not stop is tried three times and left in a note."""
        self.machine.behaviours[DAEMON, "stop"] = Behaviour(0.1, fails=True)
        self.process.kill()
        self.guardian.daemonDied()
        self.world.run(self.world.now + 30)
        stops = [one.resource for one in self.seen if isinstance(one, OperationBegan) and not one.by]
        self.assertEqual(stops, [DAEMON, ADDRESS, DAEMON, DAEMON])
        self.assertEqual(self.guardian.standing, (self.held,))

    def test_killed(self) -> None:
        """A guardian that was killed releases nothing, and its note says what stands."""
        self.guardian.kill()
        self.process.kill()
        self.guardian.daemonDied()
        self.world.run(self.world.now + 30)
        self.assertTrue(self.machine.whole(self.group.key))
        self.assertEqual(self.guardian.standing, (self.held,))

    def test_peace(self) -> None:
        """A guardian that was told to end and holds nothing does nothing more."""
        self.guardian.hold([])
        self.successResultOf(self.guardian.stop())
        self.world.run(self.world.now + 30)
        self.assertTrue(self.machine.whole(self.group.key))

    def test_leftBehind(self) -> None:
        """What the daemon leaves without having stopped it is released."""
        self.successResultOf(self.guardian.stop())
        self.world.run(self.world.now + 1)
        self.assertFalse(self.machine.holds(self.group.key))

    def test_lateBeat(self) -> None:
        """A beat after too long a silence comes too late, even if nobody looked in time."""
        self.machine.clock.pause()
        self.world.run(self.world.now + 9)
        self.guardian.beat()
        self.machine.clock.resume()
        self.world.run(self.world.now + 1)
        self.assertFalse(self.machine.holds(self.group.key))


class SimFencerTests(MachineCase):
    """L{SimFencer}."""

    def setUp(self) -> None:
        super().setUp()
        self.reset: list[tuple[NodeName, NodeName]] = []
        self.fencer = SimFencer(
            self.process, lambda node, source: self.reset.append((node, source)), NodeName("alpha")
        )

    def test_interface(self) -> None:
        """It is an L{IFencer}."""
        verifyObject(IFencer, self.fencer)

    def test_resets(self) -> None:
        """It resets the node, and only then says so."""
        done = self.fencer.fence(NodeName("beta"))
        self.assertNoResult(done)
        self.world.run(10)
        self.assertEqual(self.reset, [("beta", "alpha")])
        self.assertIn("beta", self.successResultOf(done))

    def test_broken(self) -> None:
        """A switch that cannot be reached fails, and resets nothing."""
        self.fencer.works = lambda: False
        done = self.fencer.fence(NodeName("beta"))
        self.world.run(10)
        self.failureResultOf(done, FencingError)
        self.assertEqual(self.reset, [])

    def test_cancelled(self) -> None:
        """A reset that is called off in time does not happen."""
        done = self.fencer.fence(NodeName("beta"))
        self.world.run(1)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.world.run(10)
        self.assertEqual(self.reset, [])
