"""Which agent a resource gets."""

from __future__ import annotations

import os
from types import MappingProxyType

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.agents.fakes import FakeAddresses, FakeRunner, Surroundings
from tests.unit.agents.test_environment import config
from twisted_ha.agents.address import AddressAgent
from twisted_ha.agents.registry import AgentRegistry
from twisted_ha.agents.script import ScriptAgent
from twisted_ha.config.model import Deadlines, Resource, ResourceGroup, Tuning
from twisted_ha.errors import AgentError
from twisted_ha.events import Notice
from twisted_ha.interfaces import IAgentRegistry, IResourceAgent
from twisted_ha.operations import Completed, Standing
from twisted_ha.terms import NodeName


class RegistryTests(SynchronousTestCase):
    """The order of places, and the exception for addresses."""

    def setUp(self) -> None:
        self.around = Surroundings()
        self.runner = FakeRunner()
        root = os.path.abspath(self.mktemp())
        self.places = {name: os.path.join(root, name) for name in ("resource.d", "init.d", "ours")}
        for path in self.places.values():
            os.makedirs(path)
        self.root = root
        self.registry = self.make()

    def make(self, native: bool = True, tuning: Tuning | None = None) -> AgentRegistry:
        return AgentRegistry(
            config=config(directory=self.root, tuning=tuning or Tuning()),
            runner=self.runner,
            clock=self.around.clock,
            bus=self.around.bus,
            environment={},
            addresses=FakeAddresses(self.around.clock) if native else None,
            initDirectories=("/nonexistent", self.places["init.d"]),
            ownScripts=self.places["ours"],
        )

    def script(self, place: str, name: str, text: str = "#!/bin/sh\n", mode: int = 0o755) -> str:
        path = os.path.join(self.places[place], name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def find(self, agent: str, *arguments: str, key: str = "k") -> IResourceAgent:
        token = "::".join((agent, *arguments))
        resource = Resource(token=token, agent=agent, arguments=arguments)
        group = ResourceGroup(key=key, node=NodeName("alpha"), resources=(resource,))
        found: IResourceAgent = self.registry.find(group, resource)
        return found

    def ran(self, agent: IResourceAgent) -> str:
        """The script an agent runs."""
        agent.status()
        return self.runner.runs[-1].argv[0]

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IAgentRegistry, self.registry)

    def test_order(self) -> None:
        """resource.d comes first, then the init directories, then our own scripts."""
        expected = [self.script(place, "web") for place in ("resource.d", "init.d", "ours")]
        for path in expected:
            self.registry = self.make()
            self.assertEqual(self.ran(self.find("web")), path)
            os.unlink(path)

    def test_unusable(self) -> None:
        """What is no file or not executable is passed over."""
        os.mkdir(os.path.join(self.places["resource.d"], "web"))
        expected = self.script("init.d", "web")
        self.assertEqual(self.ran(self.find("web")), expected)

    def test_missing(self) -> None:
        """A missing one is an error that names every place and what is wrong there."""
        self.script("resource.d", "web", mode=0o644)
        error = str(self.assertRaises(AgentError, self.find, "web"))
        self.assertIn("Cannot locate resource script web", error)
        self.assertIn(f"{self.places['resource.d']}/web (not executable)", error)
        self.assertIn(f"{self.places['init.d']}/web (no such file or directory)", error)

    def test_installedLater(self) -> None:
        """A script that was missing is found as soon as it is there."""
        self.assertRaises(AgentError, self.find, "web")
        self.script("resource.d", "web")
        self.assertIsInstance(self.find("web"), ScriptAgent)

    def test_noDirectories(self) -> None:
        """A name leads nowhere else."""
        for name in ("../resource.d/web", "/bin/true", ""):
            self.assertRaises(AgentError, self.find, name)

    def test_initExitCodes(self) -> None:
        """A script from an init directory is judged as an init script, one from resource.d is not."""
        self.runner.answers["status"] = Completed(status=0)
        self.script("init.d", "web")
        self.script("resource.d", "db")
        self.assertIs(self.successResultOf(self.find("web").status()), Standing.RUNNING)
        self.assertIs(self.successResultOf(self.find("db").status()), Standing.STOPPED)

    def test_same(self) -> None:
        """The same resource of the same group has one agent, that of another group another."""
        self.script("resource.d", "web")
        self.assertIs(self.find("web", "a"), self.find("web", "a"))
        self.assertIsNot(self.find("web", "a"), self.find("web", "b"))
        self.assertIsNot(self.find("web", "a"), self.find("web", "a", key="other"))

    def test_deadlines(self) -> None:
        """Deadlines come from the tuning."""
        deadlines = MappingProxyType({"web": Deadlines(start=7, stop=8, status=9)})
        self.registry = self.make(tuning=Tuning(agentDeadlines=deadlines))
        self.script("resource.d", "web")
        self.find("web").start(False)
        self.assertEqual(self.runner.runs[-1].deadline, 7)

    def test_native(self) -> None:
        """Addresses are run by the native agent, with nothing in resource.d."""
        for name in ("IPaddr", "IPaddr2"):
            self.assertIsInstance(self.find(name, "10.0.0.9/24/eth0"), AddressAgent)
        self.assertIsInstance(self.find("IPv6addr", "fd00", "9/64"), AddressAgent)

    def test_stock(self) -> None:
        """The scripts heartbeat ships stand aside."""
        for word in (". $HA_D/hto-mapfuncs", "OCF_RESKEY_ip=$1", "FINDIF=$HA_BIN/findif"):
            self.registry = self.make()
            self.script("resource.d", "IPaddr", f"#!/bin/sh\n{word}\n")
            self.assertIsInstance(self.find("IPaddr", "10.0.0.9"), AddressAgent)

    def test_replaced(self) -> None:
        """One that an administrator wrote does not, and it is said which is used, once."""
        path = self.script("resource.d", "IPaddr", "#!/bin/sh\nexec my-own-thing\n")
        self.assertEqual(self.ran(self.find("IPaddr", "10.0.0.9")), path)
        self.find("IPaddr", "10.0.0.8")
        (notice,) = self.around.told(Notice)
        self.assertIn(f"run by the script {path}", notice.render())

    def test_notNative(self) -> None:
        """Where there is no native agent, the stock script has to do."""
        self.registry = self.make(native=False)
        self.script("resource.d", "IPaddr", "OCF_RESKEY_ip=$1")
        self.assertIsInstance(self.find("IPaddr", "10.0.0.9"), ScriptAgent)

    def test_badAddress(self) -> None:
        """An address that cannot be read is an error of the agent."""
        self.assertRaises(AgentError, self.find, "IPaddr", "10.0.0.9/99")
