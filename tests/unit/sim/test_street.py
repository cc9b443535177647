"""L{twisted_ha.sim.street}."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.config.model import Resource, ResourceGroup, Tuning
from twisted_ha.sim.setup import Setup, clusterConfig
from twisted_ha.sim.street import answeredFor, streetOf
from twisted_ha.sim.world import World
from twisted_ha.terms import NodeName

ALPHA, BETA = NodeName("alpha"), NodeName("beta")


def address(text: str) -> Resource:
    """An address as C{haresources} has it."""
    return Resource(token=text, agent="IPaddr", arguments=(text,))


class StreetTests(SynchronousTestCase):
    """Who is heard to have an address."""

    def world(
        self, interface: str = "/eth0", *, street: bool = True, tuning: Tuning | None = None
    ) -> World:
        """Two nodes; alpha has served for a while."""
        self.resource = address(f"10.0.0.9/24{interface}")
        group = ResourceGroup(key=self.resource.token, node=ALPHA, resources=(self.resource,))
        config = clusterConfig(deadtime=4.0, initdead=4.0, groups=[group])
        config = replace(config, tuning=tuning or Tuning())
        made = World(Setup(config=config, seed=1, street=street))
        made.run(15)
        self.assertEqual(made.owners(group.key), ["alpha"])
        return made

    def owners(self, world: World, until: float) -> list[str]:
        world.run(until)
        return world.owners(self.resource.token)

    def test_streetOf(self) -> None:
        """The interface is read as the agent reads it; nothing else has one."""
        self.assertEqual(streetOf(address("10.0.0.9/24/eth0:3")), "eth0")
        self.assertIsNone(streetOf(address("10.0.0.9")))
        self.assertIsNone(streetOf(address("nonsense/eth0")))
        self.assertIsNone(streetOf(Resource(token="web", agent="web", arguments=("10.0.0.9/24/eth0",))))

    def test_partedButHeard(self) -> None:
        """With the cluster's cables cut and the users' network whole the address is not doubled."""
        world = self.world()
        world.network.setCut(True, None)
        self.assertEqual(self.owners(world, 40), ["alpha"])

    def test_withoutStreet(self) -> None:
        """Where nothing is said of the users' network it is doubled, as before."""
        for interface, street in (("/eth0", False), ("", True)):
            world = self.world(interface, street=street)
            world.network.setCut(True, None)
            self.assertEqual(self.owners(world, 40), ["alpha", "beta"])

    def test_streetIsALink(self) -> None:
        """An interface that is a link as well is cut with it."""
        world = self.world(interface="/eth1")
        world.network.setCut(True, None)
        self.assertEqual(self.owners(world, 40), ["alpha", "beta"])

    def test_whoAnswers(self) -> None:
        """A kernel answers without its daemon, and not when it stands still or has no power."""
        world = self.world()
        self.assertTrue(answeredFor(world, BETA, self.resource))
        self.assertFalse(answeredFor(world, ALPHA, self.resource))
        world.kill("alpha", guardianToo=True)
        self.assertTrue(answeredFor(world, BETA, self.resource))
        world.freeze("alpha", 100)
        self.assertFalse(answeredFor(world, BETA, self.resource))

    def test_powerLoss(self) -> None:
        """After a power loss nobody answers, and the other node takes over."""
        world = self.world()
        world.powerOff("alpha")
        self.assertEqual(self.owners(world, 25), ["beta"])

    def test_orphan(self) -> None:
        """An address that nobody released is not doubled until its machine is dark."""
        world = self.world()
        world.kill("alpha", guardianToo=True)
        self.assertEqual(self.owners(world, 30), ["alpha"])
        world.powerOff("alpha")
        self.assertEqual(self.owners(world, 100), ["beta"])

    def test_takeConflicting(self) -> None:
        """Who wants it taken all the same, has it taken."""
        world = self.world(tuning=Tuning(takeConflicting=True))
        world.network.setCut(True, None)
        self.assertEqual(self.owners(world, 40), ["alpha", "beta"])
