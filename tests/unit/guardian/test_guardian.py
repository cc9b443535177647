"""The daemon's side of the guardian, on a process of ours."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.error import ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted_ha.bus import EventBus
from twisted_ha.errors import StateError
from twisted_ha.events import Event, Warned
from twisted_ha.guard import child
from twisted_ha.guard.note import forget, readNote, recover
from twisted_ha.guard.parent import SCRIPT, Guardian
from twisted_ha.interfaces import IGuardian
from twisted_ha.operations import GuardedGroup, Invocation

ENVIRONMENT = {"HA_DIR": "/etc/ha.d", "ODD": "a b\n%"}


def group(key: str, *stops: str) -> GuardedGroup:
    """A group whose stops are single words."""
    return GuardedGroup(
        key=key,
        stops=tuple(
            Invocation(argv=(stop, "stop"), environment=ENVIRONMENT, deadline=7.5) for stop in stops
        ),
    )


class FakeProcess:
    """A transport that keeps what is written."""

    pid = 4711

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.written = b""
        self.signals: list[str] = []
        self.closed = False
        protocol.makeConnection(self)

    def write(self, data: bytes) -> None:
        self.written += data

    def closeStdin(self) -> None:
        self.closed = True

    def signalProcess(self, number: str) -> None:
        self.signals.append(number)

    def lines(self) -> list[list[str]]:
        """What was said to it since the last time."""
        said, self.written = self.written.decode().splitlines(), b""
        return [[child.unquote(word) for word in text.split(" ")] for text in said]

    def say(self, text: str) -> None:
        self.protocol.childDataReceived(1, text.encode())

    def exit(self) -> None:
        self.protocol.processExited(Failure(ProcessTerminated(None, 9, 9)))


class GuardianTests(SynchronousTestCase):
    """What the daemon says to it, and hears from it."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        bus = EventBus(self.clock)
        bus.subscribe(lambda event, when: self.events.append(event))
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.processes: list[FakeProcess] = []
        self.argv: list[str] = []
        self.refusal: OSError | None = None
        self.guardian = Guardian(
            spawnProcess=self.spawn,
            clock=self.clock,
            bus=bus,
            directory=self.directory,
            patience=2.5,
            systemClock=lambda: self.clock.seconds() + 1000,
        )

    def spawn(self, protocol: Any, program: str, argv: list[str], **options: Any) -> Any:
        if self.refusal is not None:
            raise self.refusal
        self.argv = argv
        self.processes.append(FakeProcess(protocol))
        return self.processes[-1]

    def started(self) -> FakeProcess:
        self.guardian.start()
        process = self.processes[-1]
        process.lines()
        return process

    def warnings(self) -> list[str]:
        return [event.render() for event in self.events if isinstance(event, Warned)]

    def test_interface(self) -> None:
        """It keeps the contract."""
        verifyObject(IGuardian, self.guardian)

    def test_scripts(self) -> None:
        """It is told which scripts are under way, and so is one that is started in its place."""
        process = self.started()
        for group, running in ((71, True), (72, True), (71, False)):
            self.guardian.script(group, running)
        self.assertEqual(process.lines(), [["script", "71"], ["script", "72"], ["ended", "71"]])
        process.exit()
        self.clock.advance(1.0)
        self.assertEqual(self.processes[-1].lines()[0], ["script", "72"])

    def test_start(self) -> None:
        """It is started by path with its patience, and hears a beat at once."""
        self.guardian.start()
        self.assertEqual(self.argv[-3:], [SCRIPT, self.directory, "2.5"])
        self.assertEqual(self.processes[0].lines()[-1], ["beat", "1000.0"])

    def test_cannotStart(self) -> None:
        """No process is an error that names the program."""
        self.refusal = FileNotFoundError(2, "No such file or directory")
        self.assertIn("No such file", str(self.assertRaises(StateError, self.guardian.start)))

    def test_beat(self) -> None:
        """A beat carries the time of the clock that both share."""
        process = self.started()
        self.clock.advance(1)
        self.guardian.beat()
        self.assertEqual(process.lines(), [["beat", "1001.0"]])

    def test_ask(self) -> None:
        """It is fed, then asked, and its answers are told in their order."""
        process = self.started()
        self.clock.advance(1)
        first, second = self.guardian.ask(), self.guardian.ask()
        asked = ["beat", "1001.0"], ["ask"]
        self.assertEqual(process.lines(), [*asked, *asked])
        process.say("here\n")
        self.successResultOf(first)
        self.assertNoResult(second)
        process.exit()
        self.successResultOf(second)

    def test_askNobody(self) -> None:
        """While there is no process nothing is waited for."""
        self.started().exit()
        self.successResultOf(self.guardian.ask())

    def test_frequentBeats(self) -> None:
        """Of beats that are more frequent than a tenth of its patience, some are passed on."""
        process = self.started()
        for _ in range(20):
            self.clock.advance(0.0625)
            self.guardian.beat()
        told = [float(words[1]) - 1000 for words in process.lines()]
        self.assertEqual(told, [0.25, 0.5, 0.75, 1.0, 1.25])

    def test_hold(self) -> None:
        """A list has every group with its stops in order, and an environment once."""
        process = self.started()
        self.guardian.hold([group("a", "/x", "/y"), group("b", "/z")])
        lines = process.lines()
        self.assertEqual([words[0] for words in lines].count("environment"), 3 - 2)
        self.assertEqual(lines[1], ["group", "a", "held"])
        self.assertEqual(lines[2][0], "environment")
        self.assertIn("ODD=a b\n%", lines[2])
        self.assertEqual(
            lines[3:],
            [
                ["stop", "7.5", "-", "/x", "stop"],
                ["stop", "7.5", "-", "/y", "stop"],
                ["group", "b", "held"],
                ["stop", "7.5", "-", "/z", "stop"],
                ["held"],
            ],
        )

    def test_note(self) -> None:
        """What is held is in the note when C{hold} returns, readable by nobody else."""
        self.started()
        groups = (group("a", "/x", "/y"), group("b", "/z"))
        self.guardian.hold(groups)
        note = readNote(self.directory)
        assert note is not None
        self.assertEqual((note.state, note.pid, note.standing), ("held", 4711, groups))
        mode = os.stat(os.path.join(self.directory, child.NOTE)).st_mode
        self.assertEqual(mode & 0o777, 0o600)

    def test_argv0(self) -> None:
        """Another name for a program survives the way."""
        self.started()
        stop = Invocation(argv=("/x", "stop"), argv0="y", environment=ENVIRONMENT)
        self.guardian.hold([GuardedGroup(key="a", stops=(stop,))])
        note = readNote(self.directory)
        assert note is not None
        self.assertEqual(note.standing[0].stops, (stop,))

    def test_nothingHeld(self) -> None:
        """When nothing is held any more there is no note."""
        self.started()
        self.guardian.hold([group("a", "/x")])
        self.guardian.hold([])
        self.assertIsNone(readNote(self.directory))

    def test_formerNoteStays(self) -> None:
        """A note of an earlier daemon is not removed by starting."""
        child.writeNote(self.directory, child.noteText("held", 1, 0.0, [child.Group("old")]))
        self.started()
        self.guardian.hold([])
        self.assertIsNotNone(readNote(self.directory))

    def test_noteImpossible(self) -> None:
        """A note that cannot be written is a warning; the guardian hears all the same."""
        process = self.started()
        os.rmdir(self.directory)
        self.guardian.hold([group("a", "/x")])
        self.assertIn("cannot note", self.warnings()[0])
        self.assertEqual(process.lines()[-1], ["held"])

    def test_patience(self) -> None:
        """A change of the timers reaches it after a beat, and the next one too."""
        process = self.started()
        self.guardian.setPatience(9.0)
        self.assertEqual(process.lines(), [["beat", "1000.0"], ["patience", "9.0"]])
        process.exit()
        self.clock.advance(1)
        self.assertEqual(self.argv[-1], "9.0")

    def test_released(self) -> None:
        """A release is told with keys and seconds, once."""
        told: list[tuple[tuple[str, ...], float]] = []
        self.guardian.released = lambda keys, seconds: told.append((keys, seconds))
        process = self.started()
        process.say("released 31.")
        process.say("7 a%20b c\n")
        self.assertEqual(told, [(("a b", "c"), 31.7)])

    def test_began(self) -> None:
        """The beginning of a release is told."""
        told: list[float] = []
        self.guardian.releaseBegan = told.append
        self.started().say("releasing 31.7\n")
        self.assertEqual(told, [31.7])

    def test_diedReleasing(self) -> None:
        """What one that dies in the middle had not stopped is told as failed, so that it is stopped."""
        told: list[object] = []
        self.guardian.releaseFailed = told.append
        self.guardian.released = lambda keys, seconds: told.append((keys, seconds))
        process = self.started()
        self.guardian.hold([group("a", "/x")])
        process.say("releasing 31.7\n")
        process.exit()
        self.assertEqual(told, [("a",), (("a",), 31.7)])

    def test_releasedUnheard(self) -> None:
        """With nobody to tell, nothing breaks."""
        self.started().say("released 31.7 a\n")

    def test_failed(self) -> None:
        """What would not stop is a warning."""
        self.started().say("failed a b\n")
        self.assertEqual(self.warnings(), ["the guardian could not stop a, b; it may still run"])

    def test_nonsense(self) -> None:
        """Nonsense from it is a warning and no traceback."""
        process = self.started()
        process.say("released\n\xff%zz\n")
        process.protocol.childDataReceived(1, b"\xff\n\n")
        self.assertEqual(len(self.warnings()), 4)

    def test_killed(self) -> None:
        """If it dies, another is started, with what is held."""
        process = self.started()
        self.guardian.hold([group("a", "/x")])
        process.exit()
        self.assertIn("guardian process ended", self.warnings()[0])
        self.guardian.beat()
        self.clock.advance(1)
        self.assertEqual(len(self.processes), 2)
        self.assertIn(["group", "a", "held"], self.processes[1].lines())

    def test_killedAfterRelease(self) -> None:
        """What it had released is not held again by the next."""
        process = self.started()
        self.guardian.hold([group("a", "/x")])
        process.say("released 3.0 a\n")
        process.exit()
        self.clock.advance(1)
        self.assertNotIn(["group", "a", "held"], self.processes[1].lines())

    def test_cannotRestart(self) -> None:
        """It is tried until it works."""
        process = self.started()
        self.refusal = OSError(11, "Resource temporarily unavailable")
        process.exit()
        self.clock.pump([1, 1])
        self.refusal = None
        self.clock.advance(1)
        self.assertEqual(len(self.processes), 2)

    def test_stop(self) -> None:
        """It is sent away in peace: no note stays, and the end is waited for."""
        process = self.started()
        self.guardian.hold([group("a", "/x")])
        self.guardian.hold([])
        process.lines()
        stopping = self.guardian.stop()
        self.assertEqual(process.lines(), [["goodbye"]])
        self.assertNoResult(stopping)
        process.exit()
        self.successResultOf(stopping)
        self.assertIsNone(readNote(self.directory))
        self.assertEqual((self.clock.getDelayedCalls(), self.warnings()), ([], []))

    def test_stopHolding(self) -> None:
        """What would not stop is left to it, as if this process died, and noted for the next."""
        process = self.started()
        self.guardian.hold([group("a", "/x")])
        process.lines()
        stopping = self.guardian.stop()
        self.assertEqual((process.lines(), process.closed), ([], True))
        self.successResultOf(stopping)
        process.exit()
        recovery = self.successResultOf(recover(self.directory, self.clock, 5.0))
        self.assertEqual(recovery.standing, (group("a", "/x"),))

    def test_stopAfterRelease(self) -> None:
        """What the other process noted of its release is done with, if nothing is held since."""
        process = self.started()
        self.guardian.hold([group("a", "/x")])
        process.say("releasing 3.0\nreleased 3.0 a\n")
        stopping = self.guardian.stop()
        process.exit()
        self.successResultOf(stopping)
        self.assertIsNone(readNote(self.directory))

    def test_stopDeaf(self) -> None:
        """One that does not go is made to."""
        process = self.started()
        stopping = self.guardian.stop()
        self.clock.advance(2)
        self.assertEqual(process.signals, ["KILL"])
        process.exit()
        self.successResultOf(stopping)

    def test_stopTwice(self) -> None:
        """Everybody who asks is told."""
        process = self.started()
        both = [self.guardian.stop(), self.guardian.stop()]
        process.exit()
        for stopping in both:
            self.successResultOf(stopping)

    def test_stopWithout(self) -> None:
        """Between two processes there is nobody to wait for, and none is started any more."""
        self.started().exit()
        self.successResultOf(self.guardian.stop())
        self.clock.advance(5)
        self.assertEqual(len(self.processes), 1)


class NoteTests(SynchronousTestCase):
    """What the next daemon makes of a note."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.directory = self.mktemp()
        os.makedirs(self.directory)

    def write(self, state: str, *groups: child.Group) -> None:
        child.writeNote(self.directory, child.noteText(state, 1, 3.5, list(groups)))

    def test_none(self) -> None:
        """Without note there is nothing."""
        self.assertIsNone(readNote(self.directory))
        recovery = self.successResultOf(recover(self.directory, self.clock, 5.0))
        self.assertEqual((recovery.keys, recovery.released), ((), ()))

    def test_held(self) -> None:
        """Held and never released: everything may still stand, daemon and guardian were both killed."""
        self.write("held", child.Group("a"), child.Group("b"))
        recovery = self.successResultOf(recover(self.directory, self.clock, 5.0))
        self.assertEqual((recovery.keys, recovery.released), (("a", "b"), ()))

    def test_released(self) -> None:
        """Released is released; what would not stop still stands."""
        self.write("released", child.Group("a", "released"), child.Group("b", "failed"))
        recovery = self.successResultOf(recover(self.directory, self.clock, 5.0))
        self.assertEqual((recovery.keys, recovery.released, recovery.silentFor), (("b",), ("a",), 3.5))

    def test_otherBoot(self) -> None:
        """A note from before a reboot tells of nothing that could still stand."""
        if not child.bootIdentity():
            self.skipTest("this kernel does not tell its lives apart")
        self.write("held", child.Group("a"))
        recovery = self.successResultOf(recover(self.directory, self.clock, 5.0, lambda: "another"))
        self.assertEqual(recovery.keys, ())

    def test_waits(self) -> None:
        """A guardian at work is waited for."""
        other = child.Guardian(self.directory, 1.0)
        other._takeLock()
        self.write("releasing", child.Group("a"))
        waiting = recover(self.directory, self.clock, 5.0)
        self.clock.pump([0.5] * 4)
        self.assertNoResult(waiting)
        self.write("released", child.Group("a", "released"))
        os.close(other._lock)
        os.close(other._null)
        self.clock.advance(0.5)
        self.assertEqual(self.successResultOf(waiting).released, ("a",))

    def test_waitsNotForEver(self) -> None:
        """One that does not finish leaves what it has not finished."""
        other = child.Guardian(self.directory, 1.0)
        other._takeLock()
        self.addCleanup(os.close, other._lock)
        self.addCleanup(os.close, other._null)
        self.write("releasing", child.Group("a"))
        waiting = recover(self.directory, self.clock, 5.0)
        self.clock.pump([0.25] * 21)
        self.assertEqual(self.successResultOf(waiting).keys, ("a",))

    def test_forget(self) -> None:
        """Forgotten is forgotten, also twice."""
        self.write("held", child.Group("a"))
        forget(self.directory)
        forget(self.directory)
        self.assertIsNone(readNote(self.directory))

    def test_damaged(self) -> None:
        """A file that is no note is an error that says what to do; a cut one too."""
        self.write("held", child.Group("a"))
        path = os.path.join(self.directory, child.NOTE)
        with open(path) as file:
            text = file.read()
        for damaged in (
            "",
            "hello\n",
            "\n\n",
            text.replace("guardian-note 1", "guardian-note 2"),
            text[:40],
            "\xff" * 9,
        ):
            with open(path, "w", encoding="latin-1") as file:
                file.write(damaged)
            error = self.assertRaises(StateError, readNote, self.directory)
            self.assertIn("then remove the file", str(error))
            self.failureResultOf(recover(self.directory, self.clock, 5.0), StateError)
