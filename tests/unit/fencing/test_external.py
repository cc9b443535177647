"""Devices driven by scripts, with a runner that answers, fails and hangs."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.fencing.fakes import (
    BETA,
    GAMMA,
    FakeRunner,
    Surroundings,
    reasonOf,
    said,
    script,
    wailed,
)
from twisted_ha.events import (
    DaemonStopped,
    FencingDeviceFailed,
    FencingDeviceWorks,
    ShutdownRequested,
    Warned,
)
from twisted_ha.fencing.external import INTERVAL, RESET, ExternalFencer
from twisted_ha.fencing.plugin import Plugin
from twisted_ha.interfaces import IFencer, IProcessRunner
from twisted_ha.operations import Completed
from twisted_ha.terms import NodeName

LOOK = ["getconfignames", "gethosts", "status"]
ALPHA = NodeName("alpha")


class ExternalCase(SynchronousTestCase):
    """A device named C{pdu} with a host list and a password."""

    def setUp(self) -> None:
        self.around = Surroundings()
        self.directory = Path(self.mktemp())
        self.path = script(self.directory, "pdu")
        self.runner = FakeRunner(
            self.around.clock,
            {
                "getconfignames": said("hostlist\npasswd\n"),
                "gethosts": said("alpha\nBeta\n"),
                "status": said(""),
                "reset": Completed(status=0, seconds=2.5),
            },
        )
        self.fencer = self.make("alpha,beta", "hunter2")

    def make(self, *parameters: str) -> ExternalFencer:
        plugin = Plugin(
            name="pdu",
            parameters=parameters,
            directories=("/nonexistent", str(self.directory)),
            runner=self.runner,
            clock=self.around.clock,
            environment={"HA_CURHOST": "alpha", "PATH": "/bin"},
            harmless=("alpha", "beta"),
        )
        return ExternalFencer(plugin, clock=self.around.clock, bus=self.around.bus, peers=(BETA,))

    def look(self) -> None:
        """Let the device be looked at for the first time."""
        self.fencer.start()
        self.around.clock.advance(0)

    def failed(self, node: NodeName = BETA) -> str:
        """Why a reset fails."""
        return reasonOf(self.failureResultOf(self.fencer.fence(node)).value)


class FenceTests(ExternalCase):
    """L{ExternalFencer.fence}."""

    def test_interface(self) -> None:
        """It keeps the contract, and so does the runner it is tested with."""
        verifyObject(IFencer, self.fencer)
        verifyObject(IProcessRunner, self.runner)

    def test_resets(self) -> None:
        """It asks for names and hosts, then resets; the answer says what did it and how long."""
        self.assertEqual(self.successResultOf(self.fencer.fence(BETA)), "external/pdu in 2.5 s")
        self.assertEqual(self.runner.asked, ["getconfignames", "gethosts", "reset beta"])
        self.assertEqual(self.runner.runs[-1].argv[0], str(self.path))

    def test_quick(self) -> None:
        """After a look at the device nothing stands between a death and the reset."""
        self.look()
        self.runner.runs.clear()
        self.successResultOf(self.fencer.fence(BETA))
        self.assertEqual(self.runner.asked, ["reset beta"])

    def test_environment(self) -> None:
        """Parameters are variables of their names, beside what every script sees."""
        self.successResultOf(self.fencer.fence(BETA))
        told = self.runner.runs[-1].environment
        self.assertEqual(
            {name: told[name] for name in ("hostlist", "passwd", "HA_CURHOST", "HA_LOGTAG")},
            {
                "hostlist": "alpha,beta",
                "passwd": "hunter2",
                "HA_CURHOST": "alpha",
                "HA_LOGTAG": "external/pdu",
            },
        )
        self.assertTrue(told["PATH"].startswith("/usr/share/cluster-glue:"))
        self.assertTrue(told["PATH"].endswith(":/bin"))

    def test_namesFirst(self) -> None:
        """The question for names is asked without any parameter."""
        self.successResultOf(self.fencer.fence(BETA))
        self.assertNotIn("passwd", self.runner.runs[0].environment)

    def test_notListed(self) -> None:
        """A node that the device does not know is refused by name, and nothing is reset."""
        self.assertEqual(
            self.failed(GAMMA), "Device external/pdu cannot reset host gamma: it lists alpha, beta"
        )
        self.assertNotIn("reset gamma", self.runner.asked)

    def test_listedSince(self) -> None:
        """A node that was connected after the last look is found by asking again."""
        self.look()
        self.runner.answers["gethosts"] = said("alpha beta gamma")
        self.successResultOf(self.fencer.fence(GAMMA))
        self.assertEqual(self.runner.asked[-2:], ["gethosts", "reset gamma"])

    def test_fails(self) -> None:
        """A failed reset tells the command, the exit status and the last words, without the password."""
        self.runner.answers["reset"] = wailed("connecting\nlogin with hunter2 refused\n", 7)
        self.assertEqual(self.failed(), f"{self.path} reset beta: exit status 7: login with *** refused")

    def test_namesFail(self) -> None:
        """Before the names are known, every word of the parameters is kept out of the last words."""
        self.runner.answers["getconfignames"] = wailed("what is hunter2?")
        self.assertIn("exit status 1: what is ***?", self.failed())

    def test_hostsFail(self) -> None:
        """A device that does not say what it can reset resets nothing."""
        self.runner.answers["gethosts"] = wailed("no route")
        self.assertIn("gethosts: exit status 1: no route", self.failed())
        self.assertNotIn("reset beta", self.runner.asked)

    def test_cannotRun(self) -> None:
        """A script that cannot be run is a failure as any other."""
        del self.runner.answers["reset"]
        self.assertIn("could not be run: cannot run it", self.failed())

    def test_wrongParameters(self) -> None:
        """Parameters that do not fit are told at every attempt, and nothing is reset."""
        self.fencer = self.make("hunter2")
        for _ in range(2):
            reason = self.failed()
            self.assertIn("it needs 2 parameters (hostlist passwd), and ha.cf gives 1", reason)
            self.assertNotIn("hunter2", reason)

    def test_hangs(self) -> None:
        """A reset that hangs ends at its deadline, as a failure."""
        self.runner.answers["reset"] = None
        done = self.fencer.fence(BETA)
        self.around.clock.advance(RESET - 0.1)
        self.assertNoResult(done)
        self.around.clock.advance(0.2)
        self.assertIn("no end after 120.0 s", reasonOf(self.failureResultOf(done).value))

    def test_unkillable(self) -> None:
        """A process that even KILL does not end does not keep the next attempt from being made."""
        self.runner.answers["reset"] = None
        self.runner.unkillable = True
        done = self.fencer.fence(BETA)
        self.around.clock.advance(RESET + 10.1)
        self.assertIn("cannot be stopped by force", reasonOf(self.failureResultOf(done).value))
        self.runner.answers["reset"] = said("")
        self.successResultOf(self.fencer.fence(BETA))

    def test_cancelled(self) -> None:
        """A reset that is called off is ended, and a person is asked to see how far it came."""
        self.runner.answers["reset"] = None
        done = self.fencer.fence(BETA)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(self.runner.cancelled, ["reset"])
        self.assertIn("see whether beta is switched on", self.around.told(Warned)[0])

    def test_cancelledBefore(self) -> None:
        """Called off before the reset has begun, it never begins, and nobody is bothered."""
        self.runner.answers["gethosts"] = None
        done = self.fencer.fence(BETA)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.around.clock.advance(RESET)
        self.assertNotIn("reset beta", self.runner.asked)
        self.assertEqual(self.around.events, [])

    def test_noScript(self) -> None:
        """A script that is missing or cannot be executed is told with every place looked at."""
        self.path.chmod(0o644)
        reason = self.failed()
        self.assertIn("there is no script external/pdu", reason)
        self.assertIn("/nonexistent/pdu (not there)", reason)
        self.assertIn(f"{self.path} (not an executable file)", reason)

    def test_repaired(self) -> None:
        """A script that is put in its place is used by the next attempt, without a restart."""
        self.path.chmod(0o644)
        self.failed()
        self.path.chmod(0o755)
        self.successResultOf(self.fencer.fence(BETA))


class LookTests(ExternalCase):
    """The look at the device, at the start and every hour."""

    def test_works(self) -> None:
        """A device that works is told once, however often it is looked at."""
        self.look()
        self.assertEqual(self.runner.asked, LOOK)
        self.around.clock.advance(INTERVAL)
        self.assertEqual(self.runner.asked, LOOK * 2)
        self.assertEqual(
            [event.render() for event in self.around.events],
            ["STONITH device external/pdu is operational"],
        )

    def test_fails(self) -> None:
        """A device that does not answer is told at every look, and so is its recovery."""
        self.runner.answers["status"] = wailed("no answer from hunter2", 2)
        self.look()
        self.around.clock.advance(INTERVAL)
        failures = self.around.told(FencingDeviceFailed)
        self.assertEqual(len(failures), 2)
        self.assertIn("STONITH device external/pdu not operational!", failures[0])
        self.assertIn("status: exit status 2: no answer from ***", failures[0])
        self.runner.answers["status"] = said("")
        self.around.clock.advance(INTERVAL)
        self.assertEqual(len(self.around.told(FencingDeviceWorks)), 1)

    def test_hangs(self) -> None:
        """A device that keeps its script waiting is told when the deadline has passed."""
        self.runner.answers["status"] = None
        self.look()
        self.around.clock.advance(60.0)
        self.assertIn("no end after 60.0 s", self.around.told(FencingDeviceFailed)[0])

    def test_peerMissing(self) -> None:
        """That it cannot reset the other node is told now, not in the night when it should."""
        self.runner.answers["gethosts"] = said("alpha")
        self.look()
        self.assertIn("cannot reset host beta: it lists alpha", self.around.told(FencingDeviceFailed)[0])

    def test_noScript(self) -> None:
        """So is a script that does not exist."""
        self.path.unlink()
        self.look()
        self.assertIn("there is no script", self.around.told(FencingDeviceFailed)[0])

    def test_parametersAgain(self) -> None:
        """Every look asks for the names again: the script may have been replaced."""
        self.look()
        self.runner.answers["getconfignames"] = said("hostlist user passwd")
        self.around.clock.advance(INTERVAL)
        self.assertIn("needs 3 parameters", self.around.told(FencingDeviceFailed)[0])

    def test_resetComesFirst(self) -> None:
        """A reset ends a look under way, because many switches serve one client at a time."""
        self.runner.answers["status"] = None
        self.look()
        self.successResultOf(self.fencer.fence(BETA))
        self.assertEqual(self.runner.cancelled, ["status"])
        self.assertEqual(self.runner.asked[-1], "reset beta")
        self.assertEqual(self.around.events, [])

    def test_notWhileResetting(self) -> None:
        """An hour that ends during a reset passes without a look; the next one has one."""
        self.look()
        self.around.clock.advance(INTERVAL - 1)
        self.runner.answers["reset"] = None
        self.fencer.fence(BETA).addErrback(lambda failure: None)
        self.around.clock.advance(1)
        self.assertEqual(self.runner.asked, [*LOOK, "reset beta"])
        self.around.clock.advance(INTERVAL)
        self.assertEqual(self.runner.asked, [*LOOK, "reset beta", *LOOK])

    def test_leaving(self) -> None:
        """When this node leaves, a look is broken off and none follows; a reset is still possible."""
        self.runner.answers["status"] = None
        self.around.bus.subscribe(self.fencer)
        self.look()
        self.around.bus.publish(ShutdownRequested(pid=1))
        self.around.bus.publish(DaemonStopped(node=ALPHA))
        self.assertEqual(self.runner.cancelled, ["status"])
        self.around.clock.advance(INTERVAL)
        self.assertEqual(self.runner.asked, LOOK)
        self.successResultOf(self.fencer.fence(BETA))
