"""Event scripts."""

from __future__ import annotations

import os
from collections.abc import Mapping

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted_ha.bus import EventBus
from twisted_ha.events import (
    Event,
    HookFailed,
    HookFinished,
    LinkDown,
    LinkUp,
    NodeDied,
    NodeStatusChanged,
    Notice,
    Warned,
)
from twisted_ha.interfaces import IProcessRunner
from twisted_ha.observe.hooks import HookStanding, hookName, hookStanding
from twisted_ha.observe.notify import LIMIT, Notifier
from twisted_ha.operations import Completed, Invocation
from twisted_ha.terms import NodeName
from twisted_ha.wire.message import Field, FieldType, Message

BETA = NodeName("beta")


@implementer(IProcessRunner)
class FakeRunner:
    """Runs nothing; the test says when and how each one ends."""

    def __init__(self) -> None:
        self.runs: list[tuple[Invocation, Deferred[Completed]]] = []
        self.broken = False

    def run(self, invocation: Invocation, enough: Deferred[None] | None = None) -> Deferred[Completed]:
        if self.broken:
            raise RuntimeError("a bug")
        done: Deferred[Completed] = Deferred()
        self.runs.append((invocation, done))
        return done

    def environment(self, number: int = -1) -> Mapping[str, str]:
        return self.runs[number][0].environment


class NotifierTests(SynchronousTestCase):
    """L{Notifier}."""

    def setUp(self) -> None:
        self.directory = self.mktemp()
        os.makedirs(os.path.join(self.directory, "rc.d"))
        self.runner = FakeRunner()
        self.bus = EventBus(Clock())
        self.told: list[Event] = []
        self.bus.subscribe(lambda event, when: self.told.append(event))
        self.notifier = Notifier(
            directory=self.directory,
            runner=self.runner,
            bus=self.bus,
            environment=lambda: {"HA_CURHOST": "alpha"},
        )
        self.bus.subscribe(self.notifier)

    def script(self, name: str, text: str = "#!/bin/sh\nlogger $HA_st\n", mode: int = 0o755) -> str:
        path = os.path.join(self.directory, "rc.d", name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_fake(self) -> None:
        """The fake runner is a runner."""
        self.assertTrue(verifyObject(IProcessRunner, self.runner))

    def test_ifstat(self) -> None:
        """A link that changes runs rc.d/ifstat, with the name of the event as its argument."""
        path = self.script("ifstat")
        self.bus.publish(LinkDown(node=BETA, link="eth0", left=1))
        self.assertEqual(self.runner.runs[0][0].argv, (path, "ifstat"))
        self.assertEqual(
            self.runner.environment(),
            {
                "HA_CURHOST": "alpha",
                "HA_t": "ifstat",
                "HA_node": "beta",
                "HA_ifname": "eth0",
                "HA_st": "dead",
            },
        )

    def test_status(self) -> None:
        """A node's new status runs rc.d/status with the status it had before."""
        self.script("status")
        self.bus.publish(NodeStatusChanged(node=BETA, status="active", previous="up"))
        environment = self.runner.environment()
        self.assertEqual(
            (environment["HA_st"], environment["HA_OSTATUS"], environment["HA_src"]),
            ("active", "up", "beta"),
        )

    def test_death(self) -> None:
        """A death is told as the original tells it at a takeover."""
        self.script("status")
        self.bus.publish(NodeDied(node=BETA, silentFor=5, deadtime=5))
        environment = self.runner.environment()
        self.assertEqual((environment["HA_st"], environment["HA_seq"]), ("dead", "1"))
        self.assertNotIn("HA_info", environment)

    def test_pingDeath(self) -> None:
        """That of a ping node says that it was one."""
        self.script("status")
        self.bus.publish(NodeDied(node=NodeName("10.0.0.254"), silentFor=5, deadtime=5, ping=True))
        self.assertEqual(self.runner.environment()["HA_info"], "ping")

    def test_ownType(self) -> None:
        """A message of a type that only the administrator knows runs the script of its name."""
        path = self.script("backup-now")
        self.notifier.messageReceived(Message.of("Backup-Now", src="beta", disk="da1"))
        self.assertEqual(self.runner.runs[0][0].argv, (path, "backup-now"))
        self.assertEqual(self.runner.environment()["HA_disk"], "da1")
        self.assertEqual(self.runner.environment()["HA_t"], "Backup-Now")

    def test_never(self) -> None:
        """The types the daemon handles itself never run a script, whatever lies there."""
        for name in (
            "starting",
            "resource",
            "ask_resources",
            "shutdone",
            "reqnodes",
            "ns_rexmit",
            "status",
        ):
            self.script(name)
        for name in (
            "starting",
            "resource",
            "ask_resources",
            "shutdone",
            "reqnodes",
            "NS_rexmit",
            "status",
        ):
            self.notifier.messageReceived(Message.of(name))
        self.assertEqual(self.runner.runs, [])

    def test_pathInType(self) -> None:
        """A type cannot name a file elsewhere."""
        outside = os.path.join(self.directory, "evil")
        with open(outside, "w"):
            os.chmod(outside, 0o755)
        for name in ("../evil", "..", ".", "", "a/b", "a\0b", "a\nb", "-x"):
            self.assertIsNone(hookName(name))
            self.notifier.messageReceived(Message.of(name))
        self.assertEqual(self.runner.runs, [])

    def test_strangeFields(self) -> None:
        """Fields that cannot be variables are left out, binary ones too."""
        self.script("x")
        message = Message(
            [
                Field("t", "x"),
                Field("a=b", "1"),
                Field("bad", "nul\0"),
                Field("raw", b"12", FieldType.BINARY),
                Field("good", "2"),
            ]
        )
        self.notifier.messageReceived(message)
        self.assertEqual(self.runner.environment(), {"HA_CURHOST": "alpha", "HA_t": "x", "HA_good": "2"})

    def test_oneAtATime(self) -> None:
        """A script waits until the one before it has ended, and order is kept."""
        self.script("ifstat")
        self.script("status")
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.bus.publish(NodeStatusChanged(node=BETA, status="up", previous="init"))
        self.bus.publish(LinkUp(node=BETA, link="eth1"))
        self.assertEqual(len(self.runner.runs), 1)
        self.runner.runs[0][1].callback(Completed(status=0, seconds=0.5))
        self.runner.runs[1][1].callback(Completed(status=0, seconds=0.5))
        self.assertEqual([run.argv[1] for run, _ in self.runner.runs], ["ifstat", "status", "ifstat"])
        self.assertIn(HookFinished(hook="rc.d/status", status="0", seconds=0.5), self.told)

    def test_paused(self) -> None:
        """While resources are moved none is begun; afterwards all are."""
        self.script("ifstat")
        self.notifier.pause()
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.assertEqual(self.runner.runs, [])
        self.notifier.resume()
        self.assertEqual(len(self.runner.runs), 1)

    def test_failed(self) -> None:
        """A script that fails is a warning with its last words, and the next one runs."""
        self.script("ifstat")
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.bus.publish(LinkUp(node=BETA, link="eth1"))
        self.runner.runs[0][1].callback(Completed(status=2, errors=b"mail: no route\n", seconds=0.5))
        self.assertIn(
            HookFailed(hook="rc.d/ifstat", reason="exit status 2: mail: no route", seconds=0.5),
            self.told,
        )
        self.assertEqual(len(self.runner.runs), 2)

    def test_hung(self) -> None:
        """One that had to be ended by force says so."""
        self.script("ifstat")
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.runner.runs[0][1].callback(Completed(status=None, signal=15, timedOut=True, seconds=60.0))
        (failed,) = [event for event in self.told if isinstance(event, HookFailed)]
        self.assertEqual(failed.reason, "still running, ended by force")

    def test_runnerBug(self) -> None:
        """A bug in the runner is logged, and the queue goes on."""
        self.script("ifstat")
        self.runner.broken = True
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.runner.broken = False
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.assertEqual(len(self.runner.runs), 1)

    def test_bounded(self) -> None:
        """Behind a slow script only so many wait, and that is said once."""
        self.script("ifstat")
        for _ in range(LIMIT + 10):
            self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.assertEqual(len([event for event in self.told if isinstance(event, Warned)]), 1)

    def test_notExecutable(self) -> None:
        """A script that lacks its bit is not run, and one line says how to repair that."""
        self.script("ifstat", mode=0o644)
        for _ in range(3):
            self.bus.publish(LinkUp(node=BETA, link="eth0"))
        (warned,) = [event for event in self.told if isinstance(event, Warned)]
        self.assertIn("chmod +x", warned.message)

    def test_stock(self) -> None:
        """The original's script is not run beside what it does natively, and that is said once."""
        self.script("status", "#!/bin/sh\n. $HA_FUNCS\n/usr/lib/heartbeat/mach_down $HA_src\n")
        for _ in range(2):
            self.bus.publish(NodeDied(node=BETA, silentFor=5, deadtime=5))
        self.assertEqual(self.runner.runs, [])
        (notice,) = [event for event in self.told if isinstance(event, Notice)]
        self.assertIn("this daemon does that itself", notice.message)

    def test_close(self) -> None:
        """At the end nothing more is begun, and the one that runs is waited for."""
        self.script("ifstat")
        self.bus.publish(LinkUp(node=BETA, link="eth0"))
        self.bus.publish(LinkUp(node=BETA, link="eth1"))
        done = self.notifier.close()
        self.assertNoResult(done)
        self.runner.runs[0][1].callback(Completed(status=0))
        self.successResultOf(done)
        self.assertEqual(len(self.runner.runs), 1)
        self.successResultOf(self.notifier.close())


class StandingTests(SynchronousTestCase):
    """L{hookStanding}."""

    def standing(self, name: str, text: str) -> HookStanding:
        directory = self.mktemp()
        os.makedirs(directory)
        path = os.path.join(directory, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return hookStanding(path)

    def test_replaced(self) -> None:
        """A script of a stock name that moves nothing is somebody's notification."""
        self.assertIs(self.standing("status", "#!/bin/sh\nmail -s $HA_st root\n"), HookStanding.RUN)

    def test_ownName(self) -> None:
        """Under a name of one's own a script may do what it likes."""
        self.assertIs(self.standing("ifstat", "#!/bin/sh\nhb_standby\n"), HookStanding.RUN)

    def test_absent(self) -> None:
        """Mostly there is none."""
        self.assertIs(hookStanding("/nonexistent/ifstat"), HookStanding.ABSENT)

    def test_installed(self) -> None:
        """Those that a real heartbeat brings are all recognised."""
        directory = "/etc/ha.d/rc.d"
        names = ("status", "ip-request", "ip-request-resp", "hb_takeover")
        paths = [os.path.join(directory, name) for name in names]
        paths = [path for path in paths if os.path.exists(path)]
        if not paths:
            self.skipTest("heartbeat is not installed here")
        self.assertEqual({hookStanding(path) for path in paths}, {HookStanding.NATIVE})
