"""Agents that are scripts."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.agents.fakes import FakeRunner, Surroundings
from twisted_ha.agents.journal import ending, lastWords
from twisted_ha.agents.script import ScriptAgent, ScriptKind, standingOf
from twisted_ha.config.model import Deadlines, Resource
from twisted_ha.events import AgentFinished, AgentStarted, Warned
from twisted_ha.interfaces import IResourceAgent
from twisted_ha.operations import Completed, Standing

OK = Completed(status=0)
BAD = Completed(status=1, errors=b"mount: no such device\n")
RUNNING = Completed(status=0, output=b"httpd is running OK\n")
STOPPED = Completed(status=3, output=b"stopped\n")
HUNG = Completed(status=None, signal=15, seconds=20.0, timedOut=True)
MISSING = Completed(status=None, errors=b"cannot run /x: No such file or directory")


def say(text: str, status: int = 0) -> Completed:
    return Completed(status=status, output=text.encode())


class StandingTests(SynchronousTestCase):
    """What the output of C{status} means (resource-management.md section 2.2)."""

    def heartbeat(self, text: str, status: int = 0) -> Standing:
        return standingOf(ScriptKind.HEARTBEAT, say(text, status))

    def init(self, text: str, status: int = 0) -> Standing:
        return standingOf(ScriptKind.INIT, say(text, status))

    def test_running(self) -> None:
        """The words running, Running or OK mean that it runs, whatever the exit code."""
        for text in ("running", "httpd (pid 7) is Running...", "INFO:  Running OK", "OK"):
            self.assertIs(self.heartbeat(text, 1), Standing.RUNNING, text)

    def test_notRunning(self) -> None:
        """B21: a line with not ... running means stopped: what rc.d scripts print."""
        for text in ("sshd is not running.", "httpd is NOT running", "Not really Running"):
            self.assertIs(self.heartbeat(text), Standing.STOPPED, text)

    def test_notAndRunningOnTwoLines(self) -> None:
        """They belong together only within one line."""
        self.assertIs(self.heartbeat("could not read the log\nhttpd is running\n"), Standing.RUNNING)

    def test_oneOfTwoNotRunning(self) -> None:
        """One part that is not running outweighs one that is, as for the original."""
        self.assertIs(self.heartbeat("a is running\nb is not running\n"), Standing.STOPPED)

    def test_somethingElse(self) -> None:
        """Anything else, silence too, means stopped."""
        for text in ("stopped", "", "loopback", "ok", "RUNNING"):
            self.assertIs(self.heartbeat(text), Standing.STOPPED, text)

    def test_initSilent(self) -> None:
        """An init script that says nothing and exits with 0 means that it runs."""
        self.assertIs(self.init(" \n"), Standing.RUNNING)

    def test_initThree(self) -> None:
        """Exit code 3 of an init script means stopped, whatever it says."""
        self.assertIs(self.init("last seen running yesterday", 3), Standing.STOPPED)

    def test_heartbeatExitCode(self) -> None:
        """The exit code of a heartbeat agent means nothing."""
        self.assertIs(self.heartbeat("running", 3), Standing.RUNNING)

    def test_unknown(self) -> None:
        """A script that hung or could not be run tells nothing."""
        for completed in (HUNG, MISSING):
            self.assertIs(standingOf(ScriptKind.HEARTBEAT, completed), Standing.UNKNOWN)

    def test_errorsDoNotCount(self) -> None:
        """Standard error is not looked at."""
        completed = Completed(status=0, errors=b"running")
        self.assertIs(standingOf(ScriptKind.HEARTBEAT, completed), Standing.STOPPED)


class WordsTests(SynchronousTestCase):
    """The last words of a script, for one line of a log."""

    def test_errorsFirst(self) -> None:
        """The last line of the errors is worth more than that of the output."""
        self.assertEqual(lastWords(Completed(status=1, output=b"bye\n", errors=b"a\nb\n\n")), "b")

    def test_unprintable(self) -> None:
        """Whatever a script writes, one printable line comes out."""
        words = lastWords(Completed(status=1, errors=b"\x1b[31m\xff" + b"y" * 500 + b"\r\n"))
        self.assertTrue(words.isprintable())
        self.assertLessEqual(len(words), 200)

    def test_endings(self) -> None:
        """Every way to end has its sentence."""
        self.assertEqual(ending(BAD), "exit status 1: mount: no such device")
        self.assertEqual(ending(Completed(status=None, signal=11)), "ended by signal 11")
        self.assertEqual(ending(HUNG), "still running after 20.0 s, ended by force")
        self.assertIn("No such file", ending(MISSING))


class ScriptAgentTests(SynchronousTestCase):
    """One agent with one script."""

    def setUp(self) -> None:
        self.around = Surroundings()
        self.runner = FakeRunner({"start": OK, "stop": OK, "status": RUNNING})

    def agent(self, kind: ScriptKind = ScriptKind.HEARTBEAT, **environment: str) -> ScriptAgent:
        return ScriptAgent(
            resource=Resource(token="web::a::b", agent="web", arguments=("a", "b")),
            path="/etc/ha.d/resource.d/web",
            kind=kind,
            runner=self.runner,
            clock=self.around.clock,
            bus=self.around.bus,
            environment=environment,
            deadlines=Deadlines(start=60, stop=30, status=20),
        )

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IResourceAgent, self.agent())

    def test_call(self) -> None:
        """The arguments come before the operation, with the environment and its deadline."""
        self.successResultOf(self.agent(HA_DIR="/x").start(False))
        (run,) = self.runner.runs
        self.assertEqual(run.argv, ("/etc/ha.d/resource.d/web", "a", "b", "start"))
        self.assertEqual((dict(run.environment), run.deadline), ({"HA_DIR": "/x"}, 60))

    def test_started(self) -> None:
        """Exit status 0 of start is success, and both ends are told."""
        self.assertTrue(self.successResultOf(self.agent().start(True)).ok)
        (started,) = self.around.told(AgentStarted)
        self.assertEqual(started.render(), "Running /etc/ha.d/resource.d/web a b start")
        (finished,) = self.around.told(AgentFinished)
        self.assertEqual(finished.outcome, "ok")  # type: ignore[attr-defined]

    def test_startFails(self) -> None:
        """Any other status is not, and the reason has the script's last words."""
        self.runner.answers["start"] = BAD
        outcome = self.successResultOf(self.agent().start(False))
        self.assertFalse(outcome.ok)
        self.assertEqual(
            outcome.reason, "/etc/ha.d/resource.d/web start: exit status 1: mount: no such device"
        )

    def test_startHangs(self) -> None:
        """A start that had to be ended has timed out."""
        self.runner.answers["start"] = HUNG
        outcome = self.successResultOf(self.agent().start(False))
        self.assertEqual((outcome.ok, outcome.timedOut), (False, True))

    def test_stopped(self) -> None:
        """A stop that succeeds is run once, and nobody asks for the status."""
        self.assertTrue(self.successResultOf(self.agent().stop()).ok)
        self.assertEqual(len(self.runner.runs), 1)

    def test_stopRetried(self) -> None:
        """A failed stop is tried again after a second."""
        self.runner.answers["stop"] = [BAD, BAD, OK]
        stopping = self.agent().stop()
        self.around.clock.advance(0.9)
        self.assertEqual(len(self.runner.runs), 1)
        self.around.clock.pump([0.1, 1.0])
        self.assertTrue(self.successResultOf(stopping).ok)
        self.assertEqual(len(self.runner.runs), 3)

    def test_stopFails(self) -> None:
        """After ten retries the status decides: running means that the stop has failed."""
        self.runner.answers["stop"] = BAD
        stopping = self.agent().stop()
        self.around.clock.pump([1.0] * 10)
        outcome = self.successResultOf(stopping)
        self.assertFalse(outcome.ok)
        self.assertIn("tried 11 times", outcome.reason)
        self.assertEqual(self.runner.lines[-1].split()[-1], "status")
        self.assertEqual(len(self.runner.runs), 12)

    def test_stopFailsButStopped(self) -> None:
        """Stopped according to status is stopped, and the script is called what it is."""
        self.runner.answers.update(stop=BAD, status=STOPPED)
        stopping = self.agent(HA_STOPRETRYMAX="1").stop()
        self.around.clock.pump([1.0])
        self.assertTrue(self.successResultOf(stopping).ok)
        self.assertIn("not LSB-compliant", self.around.told(Warned)[-1].render())

    def test_stopFailsAndUnknown(self) -> None:
        """Not to know whether it is stopped is not to have stopped it."""
        self.runner.answers.update(stop=BAD, status=MISSING)
        stopping = self.agent(HA_STOPRETRYMAX="1").stop()
        self.around.clock.pump([1.0])
        self.assertFalse(self.successResultOf(stopping).ok)

    def test_stopDeadlineBoundsAll(self) -> None:
        """All attempts together have one deadline, also with retries without end."""
        self.runner.answers["stop"] = BAD
        stopping = self.agent(HA_STOPRETRYMAX="0").stop()
        self.around.clock.pump([1.0] * 40)
        self.assertFalse(self.successResultOf(stopping).ok)
        stops = [run for run in self.runner.runs if run.argv[-1] == "stop"]
        self.assertEqual(len(stops), 30)
        self.assertEqual([run.deadline for run in stops[:3]], [30.0, 29.0, 28.0])

    def test_stopHangs(self) -> None:
        """A stop that used up its deadline is not tried again."""

        def hang(_: object) -> Completed:
            self.around.clock.advance(30.0)
            return HUNG

        self.runner.answers["stop"] = hang
        outcome = self.successResultOf(self.agent().stop())
        self.assertEqual((outcome.ok, outcome.timedOut), (False, True))
        self.assertEqual([run.argv[-1] for run in self.runner.runs], ["stop", "status"])

    def test_senselessRetries(self) -> None:
        """A HA_STOPRETRYMAX that is no number counts as the usual ten."""
        self.runner.answers["stop"] = BAD
        stopping = self.agent(HA_STOPRETRYMAX="many").stop()
        self.around.clock.pump([1.0] * 10)
        self.successResultOf(stopping)
        self.assertEqual(len(self.runner.runs), 12)

    def test_status(self) -> None:
        """Looking is told when it is over, and not as something that runs."""
        self.assertIs(self.successResultOf(self.agent().status()), Standing.RUNNING)
        self.assertEqual(self.around.told(AgentStarted), [])
        self.assertEqual(len(self.around.told(AgentFinished)), 1)

    def test_interrupt(self) -> None:
        """A status that nobody waits for is ended, and is unknown; nothing else is."""
        self.runner.answers.update(status=None, start=None)
        agent = self.agent()
        looking = agent.status()
        agent.interrupt()
        self.assertIs(self.successResultOf(looking), Standing.UNKNOWN)
        starting = agent.start(False)
        agent.interrupt()
        self.assertNoResult(starting)

    def test_initScript(self) -> None:
        """The exit code of an init script counts."""
        self.runner.answers["status"] = Completed(status=0)
        self.assertIs(self.successResultOf(self.agent(ScriptKind.INIT).status()), Standing.RUNNING)

    def test_emergencyStop(self) -> None:
        """Another process stops it with the same command."""
        invocation = self.agent(A="b").emergencyStop()
        self.assertEqual(str(invocation), "/etc/ha.d/resource.d/web a b stop")
        self.assertEqual((invocation.deadline, dict(invocation.environment)), (30, {"A": "b"}))

    def test_announce(self) -> None:
        """There is nothing to announce."""
        self.agent().announce()
        self.assertEqual(self.runner.runs, [])
