"""The guardian's own process: its words, and a real one that is spoken to through pipes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.guard import child
from twisted_ha.guard.child import line, now, quote, unquote
from twisted_ha.guard.note import readNote
from twisted_ha.guard.parent import SCRIPT


class WordsTests(SynchronousTestCase):
    """The quoting of words."""

    @given(st.text(st.characters(exclude_categories=("Cs",))))
    def test_backAndForth(self, word: str) -> None:
        """Whatever a word is, it comes back, and never breaks a line."""
        quoted = quote(word)
        self.assertEqual(unquote(quoted), word)
        self.assertTrue(quoted and quoted.isascii() and quoted.isprintable() and " " not in quoted)

    def test_undecodable(self) -> None:
        """Bytes of the environment that are no text come back too."""
        word = b"\xff\xfe".decode("utf-8", "surrogateescape")
        self.assertEqual(unquote(quote(word)), word)

    def test_readable(self) -> None:
        """Plain words are readable as they are."""
        self.assertEqual(line("group", "IPaddr::10.0.0.9/24/eth0"), "group IPaddr::10.0.0.9/24/eth0\n")


class ChildTests(SynchronousTestCase):
    """A real guardian process, with a patience that outlasts the tests unless one says otherwise."""

    def start(self, patience: float = 30.0) -> None:
        self.unread = b""
        self.began: list[float] = []
        self.directory = os.path.abspath(self.mktemp())
        os.makedirs(self.directory)
        self.trace = os.path.join(self.directory, "trace")
        argv = [sys.executable, "-I", "-S", "-X", "utf8", SCRIPT, self.directory, repr(patience)]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
        self.addCleanup(self.end)

    def end(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def send(self, *lines: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(lines).encode())
        self.process.stdin.flush()

    def hold(self, *scripts: tuple[str, str], deadline: float = 5.0, at: float | None = None) -> None:
        text = line("hold", repr(now() if at is None else at))
        for key, script in scripts:
            text += line("group", key) + line("environment", "PATH=/bin:/usr/bin", f"T={self.trace}")
            text += line("stop", repr(deadline), "-", "/bin/sh", "-c", script)
        self.send(text + line("held"))

    def heard(self, seconds: float = 10.0) -> list[str]:
        """The next line it says; empty at its end, or if it says nothing for so long."""
        assert self.process.stdout is not None
        while b"\n" not in self.unread:
            ready, _, _ = select.select([self.process.stdout], [], [], seconds)
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                return []
            self.unread += data
        said, self.unread = self.unread.split(b"\n", 1)
        words = said.decode().split()
        if words[0] == "releasing":
            self.began.append(float(words[1]))
            return self.heard(seconds)
        return words

    def exited(self) -> int:
        return self.process.wait(timeout=15)

    def traced(self) -> list[str]:
        try:
            with open(self.trace) as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def eof(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def test_goodbye(self) -> None:
        """After goodbye it goes, and touches nothing."""
        self.start()
        self.hold(("a", "echo a >> $T"))
        self.send(line("goodbye"))
        self.assertEqual((self.exited(), self.traced()), (0, []))

    def test_eof(self) -> None:
        """At the end of the pipe everything is stopped, in order, and it goes."""
        self.start()
        self.hold(("a", "echo a >> $T"), ("b", "echo b >> $T"), ("c", "echo c >> $T"))
        self.eof()
        self.assertEqual((self.exited(), self.traced()), (0, ["a", "b", "c"]))

    def test_eofHoldingNothing(self) -> None:
        """With nothing held it just goes, and leaves no note."""
        self.start()
        self.eof()
        self.assertEqual(self.exited(), 0)
        self.assertIsNone(readNote(self.directory))

    def test_lastListCounts(self) -> None:
        """A new list replaces the former one; one that was cut off does not."""
        self.start()
        self.hold(("a", "echo a >> $T"))
        self.hold(("b", "echo b >> $T"))
        self.send(line("hold", repr(now())), line("group", "c"))
        self.eof()
        self.exited()
        self.assertEqual(self.traced(), ["b"])

    def test_silence(self) -> None:
        """Silence longer than its patience means the same, and the daemon is told if it lives again."""
        self.start(patience=0.4)
        self.hold(("a", "echo a >> $T"))
        words = self.heard()
        self.assertEqual((words[0], words[2:]), ("released", ["a"]))
        self.assertGreaterEqual(float(words[1]), 0.4)
        self.assertEqual(len(self.began), 1)
        self.assertEqual(self.traced(), ["a"])
        self.assertIsNone(self.process.poll())

    def test_beats(self) -> None:
        """Beats keep it quiet."""
        self.start(patience=0.5)
        self.hold(("a", "echo a >> $T"))
        for _ in range(8):
            self.assertEqual(self.heard(0.15), [])
            self.send(line("beat", repr(now())))
        self.assertEqual(self.traced(), [])

    def test_lateItself(self) -> None:
        """When it was itself stopped while the daemon went on beating, nothing is released."""
        self.start(patience=0.5)
        self.hold(("a", "echo a >> $T"))
        self.heard(0.1)
        os.kill(self.process.pid, signal.SIGSTOP)
        for _ in range(10):
            time.sleep(0.1)
            self.send(line("beat", repr(now())))
        os.kill(self.process.pid, signal.SIGCONT)
        self.assertEqual(self.heard(0.3), [])
        self.assertEqual(self.traced(), [])

    def test_gap(self) -> None:
        """A daemon that beats again after too long a gap has lost its peer's trust all the same."""
        self.start(patience=30.0)
        self.hold(("a", "echo a >> $T"))
        self.send(line("beat", repr(now())), line("beat", repr(now() + 31.0)))
        self.assertEqual(self.heard()[2:], ["a"])

    def test_ask(self) -> None:
        """It answers when it has read, and done, what came before."""
        self.start(patience=30.0)
        self.hold(("a", "echo a >> $T"))
        self.send(line("ask"))
        self.assertEqual(self.heard(), ["here"])
        self.send(line("beat", repr(now())), line("beat", repr(now() + 31.0)), line("ask"))
        said = [self.heard()[0] for _ in range(2)]
        self.assertEqual(said, ["released", "here"])

    def test_patience(self) -> None:
        """Patience can be changed."""
        self.start(patience=30.0)
        self.hold(("a", "echo a >> $T"))
        self.send(line("patience", "0.3"))
        self.assertEqual(self.heard()[2:], ["a"])

    def test_holdingLate(self) -> None:
        """Silence before anything was held does not count."""
        self.start(patience=0.5)
        self.assertEqual(self.heard(0.8), [])
        self.hold(("a", "echo a >> $T"))
        self.assertEqual(self.heard(0.25), [])

    def test_signals(self) -> None:
        """Signals that end a daemon and its group do not end it."""
        self.start()
        self.hold(("a", "echo a >> $T"))
        self.heard(0.3)  # until it has set itself up
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            os.kill(self.process.pid, number)
        self.assertEqual(os.getsid(self.process.pid), self.process.pid)
        self.eof()
        self.exited()
        self.assertEqual(self.traced(), ["a"])

    def test_deadline(self) -> None:
        """A stop that hangs is ended with its children, and the next has its turn."""
        self.start()
        self.hold(
            ("a", "echo a >> $T; trap '' TERM; sleep 60 & wait; sleep 60"),
            ("b", "echo b >> $T"),
            deadline=0.3,
        )
        self.send(line("patience", "0.1"))
        self.assertEqual(self.heard(30.0), ["failed", "a"])
        self.assertEqual(self.heard()[2:], ["a", "b"])
        self.assertEqual(self.traced()[:2], ["a", "b"])

    def test_again(self) -> None:
        """A stop that fails is tried again after the others."""
        self.start()
        self.hold(("a", '[ -e "$T" ] && echo a >> $T'), ("b", "echo b >> $T"))
        self.eof()
        self.exited()
        self.assertEqual(self.traced(), ["b", "a"])

    def test_missing(self) -> None:
        """A command that does not exist is a failed stop, and no more."""
        self.start()
        self.send(line("hold", repr(now())), line("group", "a"), line("stop", "5", "-", "/nonexistent"))
        self.send(line("held"))
        self.eof()
        self.assertEqual(self.heard(), ["failed", "a"])
        self.exited()
        note = readNote(self.directory)
        assert note is not None
        self.assertEqual((note.state, [group.key for group in note.standing]), ("released", ["a"]))

    def test_surroundings(self) -> None:
        """A stop has its own group, its environment and no descriptors of ours."""
        self.start()
        script = (
            'ps -o pgid= -p $$ | tr -d " " >> $T; echo $$ >> $T; env | grep -c . >> $T; ls /dev/fd >> $T'
        )
        self.hold(("a", script))
        self.eof()
        self.exited()
        group, pid, _, *descriptors = self.traced()
        self.assertEqual((group, descriptors), (pid, ["0", "1", "2", "3"]))

    def test_note(self) -> None:
        """The note says what was released, when and after what silence."""
        self.start()
        self.hold(("a", "true"), ("b", "false"))
        self.eof()
        self.exited()
        note = readNote(self.directory)
        assert note is not None
        self.assertEqual((note.state, note.released, note.pid), ("released", ("a",), self.process.pid))
        self.assertEqual([group.key for group in note.standing], ["b"])
        self.assertEqual(str(note.standing[0].stops[0]), "/bin/sh -c false")
        self.assertEqual(note.boot, child.bootIdentity())

    def test_noteInProgress(self) -> None:
        """While stops run, the note says so, and calls nothing released."""
        self.start()
        self.hold(("a", f"while [ ! -e {self.directory}/go ]; do sleep 0.02; done"))
        self.eof()
        for _ in range(200):
            note = readNote(self.directory)
            if note is not None:
                break
            time.sleep(0.02)
        assert note is not None
        self.assertEqual((note.state, note.released), ("releasing", ()))
        with open(os.path.join(self.directory, "go"), "w"):
            pass
        self.exited()

    def test_noteImpossible(self) -> None:
        """A directory that cannot be written does not keep anything from being stopped."""
        self.start()
        trace = os.path.abspath(self.mktemp())
        self.hold(("a", f"echo a >> {trace}"))
        lock = os.path.join(self.directory, child.LOCK)
        for _ in range(1000):
            if os.path.exists(lock):
                break
            time.sleep(0.01)
        os.unlink(lock)
        os.rmdir(self.directory)
        self.eof()
        self.exited()
        with open(trace) as file:
            self.assertEqual(file.read(), "a\n")

    def script(self, text: str) -> subprocess.Popen[bytes]:
        """A script of the daemon's, leader of its own process group, that has begun."""
        script = subprocess.Popen(
            ["/bin/sh", "-c", f"echo begun; {text}"], stdout=subprocess.PIPE, start_new_session=True
        )

        def end() -> None:
            # The whole group: what the script has started holds its pipe open, and would be waited for.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(script.pid, signal.SIGKILL)
            script.communicate()

        self.addCleanup(end)
        assert script.stdout is not None
        self.assertEqual(script.stdout.readline(), b"begun\n")
        return script

    def test_scriptUnderWay(self) -> None:
        """
        A start that outlives its killed daemon is ended before the stop: otherwise it would end after
        it, and leave running what nobody knows of.  One that does not listen is made to.
        """
        for text in ("", "trap '' TERM; "):
            self.start()
            script = self.script(f"{text}sleep 30 & wait; echo started >> {self.trace}")
            self.hold(("a", "echo a >> $T"))
            self.send(line("script", str(script.pid)))
            self.eof()
            self.assertEqual((self.exited(), self.traced()), (0, ["a"]))
            self.assertNotEqual(script.wait(timeout=10), 0)

    def test_scriptEnded(self) -> None:
        """What an exited script has left running in its process group is a service, and lives."""
        self.start()
        script = self.script("sleep 30")
        self.hold(("a", "echo a >> $T"))
        self.send(line("script", str(script.pid)), line("ended", str(script.pid)))
        self.eof()
        self.assertEqual((self.exited(), self.traced()), (0, ["a"]))
        self.assertIsNone(script.poll())

    def test_everybodysGroup(self) -> None:
        """No line makes it send a signal to everybody."""
        self.start()
        for word in ("0", "1", "-1"):
            self.send(line("script", word))
            self.assertEqual(self.heard()[0], "misunderstood")

    def test_nonsense(self) -> None:
        """Nonsense is said to be, and what was held stays held."""
        self.start()
        self.hold(("a", "echo a >> $T"))
        self.send("dance now\n", "beat soon\n", "hold\n", "\n", "%zz\n")
        for _ in range(5):
            self.assertEqual(self.heard()[0], "misunderstood")
        self.eof()
        self.exited()
        self.assertEqual(self.traced(), ["a"])

    def test_small(self) -> None:
        """It imports nothing that would make it big, and is itself imported, not compiled each time."""
        argv = [sys.executable, "-I", "-S", "-X", "importtime", SCRIPT, "/nonexistent", "1"]
        told = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True).stderr.decode()
        for module in ("enum", "json", "re", "subprocess", "contextlib", "twisted", "typing"):
            self.assertNotIn(f"| {module}\n", told.replace(" " * 2, ""))
        self.assertIn("| child\n", told)
