"""Which device C{ha.cf} means."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.fencing.fakes import BETA, FakeRunner, Surroundings, said
from twisted_ha.auth.key import Key
from twisted_ha.config.model import ClusterConfig, FencingDevice, Keys, Timers
from twisted_ha.events import FencingDeviceWorks, ShutdownRequested
from twisted_ha.fencing.absent import AbsentFencer
from twisted_ha.fencing.external import INTERVAL
from twisted_ha.fencing.meatware import MeatwareFencer
from twisted_ha.fencing.null import NullFencer
from twisted_ha.fencing.registry import _fifoDirectories, buildFencer
from twisted_ha.interfaces import IFencer
from twisted_ha.terms import NodeName


class RegistryTests(SynchronousTestCase):
    """L{buildFencer}."""

    def setUp(self) -> None:
        self.around = Surroundings()
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.runner = FakeRunner(
            self.around.clock,
            {
                "getconfignames": said("hostlist"),
                "gethosts": said("beta"),
                "status": said(""),
                "reset": said(""),
            },
        )

    def build(self, device: FencingDevice | None) -> IFencer:
        config = ClusterConfig(
            directory=self.directory,
            localNode=NodeName("alpha"),
            nodes=(NodeName("alpha"), BETA),
            media=(),
            timers=Timers(),
            keys=Keys(keys={1: Key("crc", b"")}, signing=1),
            groups=(),
            fencing=device,
        )
        return buildFencer(
            config,
            runner=self.runner,
            clock=self.around.clock,
            bus=self.around.bus,
            environment={},
            run=self.directory,
        )

    def test_none(self) -> None:
        """Without a line there is no device."""
        self.assertIsInstance(self.build(None), AbsentFencer)

    def test_null(self) -> None:
        """C{null}, whatever its parameters are."""
        self.assertIsInstance(self.build(FencingDevice(type="null", parameters=("x",))), NullFencer)

    def test_meatware(self) -> None:
        """C{meatware} waits in the daemon's run directory."""
        fencer = self.build(FencingDevice(type="meatware", parameters=("beta",)))
        self.assertIsInstance(fencer, MeatwareFencer)
        done = fencer.fence(BETA)
        self.assertEqual(os.listdir(self.directory), ["meatware.beta"])
        done.addErrback(lambda failure: None).cancel()

    def test_external(self) -> None:
        """An administrator's own script is found beside C{ha.cf}, and the device is asked at once."""
        own = os.path.join(self.directory, "stonith", "external")
        os.makedirs(own)
        with open(os.path.join(own, "ours"), "w") as file:
            os.fchmod(file.fileno(), 0o755)
        fencer = self.build(FencingDevice(type="external/ours", parameters=("beta",)))
        self.assertEqual(fencer.device, "external/ours")
        self.around.clock.advance(0)
        self.assertEqual(len(self.around.told(FencingDeviceWorks)), 1)
        self.assertEqual(self.runner.runs[0].argv[0], os.path.join(own, "ours"))
        self.successResultOf(fencer.fence(BETA))

    def test_leaves(self) -> None:
        """It is looked at no more when the daemon leaves: no call is pending."""
        self.build(FencingDevice(type="external/ours", parameters=("beta",)))
        self.around.clock.advance(INTERVAL)
        self.around.bus.publish(ShutdownRequested(pid=1))
        self.assertEqual(self.around.clock.getDelayedCalls(), [])

    def test_places(self) -> None:
        """In the usual layout the original's C{meatclient} finds the FIFO too, elsewhere not."""
        self.assertEqual(_fifoDirectories("/var/run/heartbeat"), ("/var/run/heartbeat", "/var/run"))
        self.assertEqual(_fifoDirectories("/tmp/lab"), ("/tmp/lab",))
