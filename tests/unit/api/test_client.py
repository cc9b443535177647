"""The blocking client, and daemons that misbehave."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.api.client import Client
from twisted_ha.errors import ApiError

Behaviour = Callable[[socket.socket], object]


class ClientTests(SynchronousTestCase):
    """L{Client}."""

    def setUp(self) -> None:
        directory = self.mktemp()
        os.makedirs(directory)
        self.path = os.path.join(directory, "s")

    def daemon(self, behaviour: Behaviour) -> None:
        """Something that listens and answers each connection with C{behaviour}."""
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.path)
        listening.listen(5)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    behaviour(connection)

        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(listening.close)
        self.addCleanup(listening.shutdown, socket.SHUT_RDWR)

    def error(self, timeout: float = 20.0, command: str = "ping") -> ApiError:
        with Client(self.path, timeout) as client:
            return self.assertRaises(ApiError, client.request, command)

    def test_noSocket(self) -> None:
        """Without a daemon it says so at once, and where it looked."""
        error = self.error()
        self.assertEqual(error.name, "not-running")
        self.assertIn(self.path, str(error))

    def test_deadSocket(self) -> None:
        """So it does when a killed daemon has left its socket."""
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        self.assertEqual(self.error().name, "not-running")

    def test_silent(self) -> None:
        """A daemon that accepts and never answers is given up."""
        self.daemon(lambda connection: connection.recv(1) and threading.Event().wait(1))
        self.assertEqual(self.error(timeout=0.05).name, "timed-out")

    def test_drip(self) -> None:
        """So is one that sends a byte now and then: the time is for the answer as a whole."""
        stop = threading.Event()
        self.addCleanup(stop.set)

        def drip(connection: socket.socket) -> None:
            while not stop.wait(0.01):
                connection.send(b" ")

        self.daemon(drip)
        self.assertEqual(self.error(timeout=0.1).name, "timed-out")

    def test_stopped(self) -> None:
        """A stopped daemon whose queue of connections is full does not block us either."""
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(self.path)
        listening.listen(0)
        waiting = []
        for _ in range(3):
            made = socket.socket(socket.AF_UNIX)
            made.setblocking(False)
            made.connect_ex(self.path)
            waiting.append(made)
            self.addCleanup(made.close)
        self.assertEqual(self.error(timeout=0.05).name, "timed-out")

    def test_hangsUp(self) -> None:
        """A daemon that dies before it answers is named as that."""
        self.daemon(lambda connection: connection.recv(9999))
        self.assertEqual(self.error().name, "closed")

    def test_reset(self) -> None:
        """So is one that dies with our request unread."""
        self.daemon(lambda connection: None)
        self.assertEqual(self.error().name, "closed")

    def test_rubbish(self) -> None:
        """Something else on that socket is recognised as something else."""
        for answer in (b"220 smtp ready\r\n", b"[]\n", b'{"id":1}\n', b"[" * 99999 + b"\n"):
            self.daemon(lambda connection, answer=answer: connection.sendall(answer))
            self.assertEqual(self.error().name, "bad-answer")
            os.unlink(self.path)

    def test_refusedBeforeAsking(self) -> None:
        """A refusal that comes before our request is not lost in the broken pipe."""
        line = b'{"id":null,"ok":false,"error":{"name":"not-permitted","text":"no"}}\n'
        self.daemon(lambda connection: connection.sendall(line))
        self.assertEqual(self.error().name, "not-permitted")

    def test_permission(self) -> None:
        """A socket that may not be opened is a question of who asks."""
        if os.geteuid() != 0:
            self.skipTest("needs root")
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        self.path = os.path.join(directory, "s")
        self.daemon(lambda connection: None)
        os.chmod(self.path, 0o600)
        os.seteuid(65534)
        try:
            error = self.error()
        finally:
            os.seteuid(0)
        self.assertEqual(error.name, "not-permitted")

    def test_pathTooLong(self) -> None:
        """A path no socket can have is not a traceback."""
        self.path = "/" + "x" * 200
        self.assertEqual(self.error().name, "not-running")

    def test_lateAnswer(self) -> None:
        """An answer that came too late is not taken for the next one's."""

        def late(connection: socket.socket) -> None:
            connection.recv(9999)
            release.wait(20)
            connection.sendall(b'{"id":1,"ok":true,"result":"late"}\n')

        release = threading.Event()
        self.daemon(late)
        client = Client(self.path, 0.05)
        self.addCleanup(client.close)
        self.assertRaises(ApiError, client.request, "explain")
        release.set()
        client.timeout = 20.0
        error = self.assertRaises(ApiError, client.request, "explain")
        self.assertEqual(error.name, "closed")

    def test_moveTimesOut(self) -> None:
        """A move that takes longer than one waits for goes on, and that is said."""

        def pong(connection: socket.socket) -> None:
            connection.recv(9999)
            connection.sendall(b'{"id":1,"ok":true,"result":{}}\n')
            connection.recv(9999)
            threading.Event().wait(1)

        self.daemon(pong)
        with Client(self.path, 20.0) as client:
            error = self.assertRaises(ApiError, client.standby, "all", 0.05)
        self.assertEqual(error.name, "timed-out")
        self.assertIn("goes on", str(error))
