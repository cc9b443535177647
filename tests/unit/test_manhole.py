"""The live prompt, and what people type there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from twisted_ha.bus import EventBus
from twisted_ha.manhole import (
    MOST_OUTPUT,
    ManholeProtocol,
    ManholeService,
    StatementEnded,
    limitedTime,
)


@contextlib.contextmanager
def noLimit() -> Iterator[None]:
    """Time stands still."""
    yield


class PromptTests(SynchronousTestCase):
    """L{ManholeProtocol}."""

    def setUp(self) -> None:
        self.node = object()
        self.protocol = ManholeProtocol({"node": self.node, "status": lambda: "fine"}, "Hello.", noLimit)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)
        self.banner = self.said()

    def said(self) -> str:
        text = self.transport.value().decode()
        self.transport.clear()
        return text

    def type(self, text: str) -> str:
        self.protocol.dataReceived(text.encode() + b"\n")
        return self.said()

    def test_interface(self) -> None:
        """The end of what is typed can be told."""
        self.assertTrue(verifyObject(IHalfCloseableProtocol, self.protocol))

    def test_greeting(self) -> None:
        """It says what it is and prompts."""
        self.assertEqual(self.banner, "Hello.\n>>> ")

    def test_expression(self) -> None:
        """A value is shown, kept in _, and the names handed in are there."""
        self.assertEqual(self.type("status()"), "'fine'\n>>> ")
        self.assertEqual(self.type("_ + '!'"), "'fine!'\n>>> ")
        self.assertEqual(self.type("None"), ">>> ")

    def test_print(self) -> None:
        """What is printed comes here and not to the daemon's own output."""
        before = sys.stdout
        self.assertEqual(self.type("print('x')"), "x\n>>> ")
        self.assertIs(sys.stdout, before)

    def test_block(self) -> None:
        """A statement may have several lines, ended by an empty one."""
        self.assertEqual(self.type("for i in range(2):"), "... ")
        self.assertEqual(self.type("    print(i)"), "... ")
        self.assertEqual(self.type(""), "0\n1\n>>> ")

    def test_carriageReturn(self) -> None:
        """Lines may end as telnet ends them."""
        self.assertEqual(self.type("1 + 1\r"), "2\n>>> ")

    def test_telnet(self) -> None:
        """A telnet client's negotiation is no program text."""
        self.protocol.dataReceived(b"\xff\xfd\x03\xff\xfb")
        self.protocol.dataReceived(b"\x18\xff\xfa\x18\x00xterm\xff\xf01 + 1\r\n")
        self.assertEqual(self.said(), "2\n>>> ")

    def test_typo(self) -> None:
        """A misspelt name or syntax is explained, and the prompt comes back."""
        self.assertIn("NameError", self.type("nod"))
        answer = self.type("1 +")
        self.assertIn("SyntaxError", answer)
        self.assertTrue(answer.endswith(">>> "))

    def test_traceback(self) -> None:
        """A traceback shows what was typed, not our own frames."""
        self.type("def f():\n    return 1 / 0\n")
        answer = self.type("f()")
        self.assertIn("ZeroDivisionError", answer)
        self.assertIn("in f", answer)
        self.assertNotIn("manhole.py", answer)

    def test_everyException(self) -> None:
        """Not one exception gets out, and none but an exit ends the session."""
        for name in (
            "KeyboardInterrupt",
            "GeneratorExit",
            "BaseException",
            "RecursionError",
            "MemoryError",
        ):
            self.assertIn(name, self.type(f"raise {name}"))
        self.type("class E(BaseException):\n    def __str__(self): raise KeyboardInterrupt\n")
        self.assertTrue(self.type("raise E").endswith(">>> "))
        self.assertFalse(self.transport.disconnecting)

    def test_exit(self) -> None:
        """Leaving leaves the prompt, and the daemon's standard input stays open."""
        for way in ("exit()", "quit()", "raise SystemExit(3)", "import sys; sys.exit()"):
            self.setUp()
            self.assertIn("the daemon goes on", self.type(way))
            self.assertTrue(self.transport.disconnecting)
        self.assertFalse(sys.stdin is not None and sys.stdin.closed)

    def test_endOfFile(self) -> None:
        """Control-D leaves too: as the end of the stream, or as a character."""
        self.protocol.readConnectionLost()
        self.assertTrue(self.transport.disconnecting)
        self.setUp()
        self.protocol.dataReceived(b"\x04")
        self.assertTrue(self.transport.disconnecting)

    def test_afterExit(self) -> None:
        """What follows an exit is not done."""
        seen: list[int] = []
        protocol = ManholeProtocol({"seen": seen}, "", noLimit)
        protocol.makeConnection(StringTransport())
        protocol.dataReceived(b"exit()\nseen.append(1)\n")
        self.assertEqual(seen, [])

    def test_muchOutput(self) -> None:
        """Printing without end is ended."""
        answer = self.type("while True: print('x' * 1000)\n")
        self.assertIn("printed too much", answer)
        self.assertLess(len(answer), MOST_OUTPUT + 1000)

    def test_stubbornOutput(self) -> None:
        """Even if it catches every Exception."""
        text = "while True:\n    try: print('x' * 1000)\n    except Exception: pass\n"
        self.assertIn("printed too much", self.type(text))

    def test_deferred(self) -> None:
        """A Deferred shows its result when it comes."""
        done: Deferred[str] = Deferred()
        protocol = ManholeProtocol({"done": done}, "", noLimit)
        transport = StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(b"done\n")
        done.callback("moved")
        self.assertIn(b"Deferred: 'moved'", transport.value())
        self.assertEqual(self.successResultOf(done), "moved")

    def test_ownNames(self) -> None:
        """Names that are overwritten are overwritten for oneself only."""
        names: dict[str, Any] = {"node": 1}
        protocol = ManholeProtocol(names, "", noLimit)
        protocol.makeConnection(StringTransport())
        protocol.dataReceived(b"node = 2\n")
        self.assertEqual(names, {"node": 1})

    def test_longLine(self) -> None:
        """A line without end is thrown away."""
        self.protocol.dataReceived(b"x" * 20_000)
        self.assertIn("too long", self.said())
        self.assertEqual(self.type("1"), "1\n>>> ")

    def test_manyLines(self) -> None:
        """So is a statement without end."""
        self.protocol.dataReceived(b"(\n" + b"1,\n" * 200)
        self.assertIn("too many lines", self.said())
        self.assertEqual(self.type("1"), "1\n>>> ")

    def test_rubbish(self) -> None:
        """Bytes that are no text are a syntax error at worst."""
        self.protocol.dataReceived(bytes(range(128, 255)) + b"\x00\n")
        self.assertTrue(self.said().endswith(">>> "))

    def test_tooDeep(self) -> None:
        """Nor does an expression that the compiler cannot follow end the session."""
        self.assertTrue(self.type("-" * 15_000 + "1").endswith(">>> "))
        self.assertTrue(self.type("(" * 15_000).endswith(">>> "))
        self.assertFalse(self.transport.disconnecting)


class LimitTests(SynchronousTestCase):
    """L{limitedTime}."""

    def run_(self, text: str) -> str:
        protocol = ManholeProtocol({}, "", lambda: limitedTime(0.05))
        transport = StringTransport()
        protocol.makeConnection(transport)
        transport.clear()
        protocol.dataReceived(text.encode() + b"\n")
        return transport.value().decode()

    def test_loop(self) -> None:
        """A loop without end is ended."""
        self.assertIn("did nothing else", self.run_("while True: pass\n"))

    def test_stubborn(self) -> None:
        """Even one that catches whatever comes."""
        text = "while True:\n    try: pass\n    except BaseException: pass\n"
        self.assertIn("did nothing else", self.run_(text))

    def test_sleep(self) -> None:
        """So is a sleep."""
        self.assertIn("did nothing else", self.run_("import time; time.sleep(100)"))

    def test_restored(self) -> None:
        """Afterwards no alarm is set, and the handler is what it was."""
        before = signal.getsignal(signal.SIGALRM)
        self.run_("while True: pass\n")
        self.assertEqual(signal.getitimer(signal.ITIMER_REAL), (0.0, 0.0))
        self.assertEqual(signal.getsignal(signal.SIGALRM), before)

    def test_othersCode(self) -> None:
        """An alarm that finds other code than what was typed ends nothing."""
        with limitedTime(100):
            signal.raise_signal(signal.SIGALRM)

    def test_typedCode(self) -> None:
        """One that finds typed code does."""
        code = compile("import signal; signal.raise_signal(signal.SIGALRM)", "<manhole>", "exec")
        with limitedTime(100):
            self.assertRaises(StatementEnded, exec, code)

    def test_otherThread(self) -> None:
        """In another thread, where there are no signals, it does nothing."""
        done: list[bool] = []

        def inside() -> None:
            with limitedTime(0.001):
                done.append(True)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join(10)
        self.assertEqual(done, [True])


class ServiceTests(TestCase):
    """L{ManholeService}, with the programs people use."""

    def setUp(self) -> None:
        self.path = os.path.join(self.mktemp(), "manhole")
        os.makedirs(os.path.dirname(self.path))
        bus = EventBus(reactor)  # type: ignore[arg-type]
        self.service = ManholeService(
            self.path,
            {"node": 1, "status": lambda: "fine"},
            reactor=reactor,  # type: ignore[arg-type]
            clock=reactor,  # type: ignore[arg-type]
            bus=bus,
        )
        self.service.startService()
        self.addCleanup(self.service.stopService)

    def test_mode(self) -> None:
        """Nobody else may use it."""
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_socket(self) -> Deferred[None]:
        """A bare connection is enough, and the banner names what there is."""

        def talk() -> bytes:
            with socket.socket(socket.AF_UNIX) as made:
                made.settimeout(20)
                made.connect(self.path)
                made.sendall(b"status()\nexit()\n")
                return b"".join(iter(lambda: made.recv(9999), b""))

        async def run() -> None:
            answer = (await deferToThread(talk)).decode()
            self.assertIn("node, status(); exit() leaves", answer)
            self.assertIn("'fine'", answer)

        return ensureDeferred(run())

    def test_socat(self) -> Deferred[None]:
        """C{echo | socat - UNIX-CONNECT:} gets its answer before the connection ends."""
        if shutil.which("socat") is None:
            self.skipTest("socat is not installed here")

        def talk() -> str:
            return subprocess.run(
                ["socat", "-t", "20", "-", f"UNIX-CONNECT:{self.path}"],
                input="status()\n",
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            ).stdout

        async def run() -> None:
            self.assertIn("'fine'\n>>> Leaving the prompt", await deferToThread(talk))

        return ensureDeferred(run())
