"""Our C{cl_status}, against what the original daemon answered and its own tool made of that."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.cli.cl_status import VARIABLE, run
from twisted_ha.hbapi.frames import FrameReader, frameOf, readBody
from twisted_ha.wire.message import Message

VECTORS = Path(__file__).parents[2] / "data" / "vectors" / "api"
_LOG_LINE = re.compile(r"^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ cl_status: \[\d+\]: ", re.MULTILINE)


class Replay:
    """
    A daemon that answers each frame with what was captured after it.

    @ivar asked: what the client said.
    """

    def __init__(self, exchange: list[dict[str, Any]]) -> None:
        self.asked: list[Message] = []
        self._answers: list[bytes] = []
        for one in exchange:
            if one.get("dir") == "c2s":
                self._answers.append(b"")
            elif one.get("dir") == "s2c":
                self._answers[-1] += self._addressed(bytes.fromhex(one["hex"]))
        self._directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._directory.name, "register")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _addressed(self, frame: bytes) -> bytes:
        reader = FrameReader()
        reader.feed(frame)
        message = readBody(reader.next() or b"")
        if message.get("to_id") is None:
            return frame
        return frameOf(message.replacing("to_id", str(os.getpid())))

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        reader = FrameReader()
        # A client that has its answer is gone before the rest is sent.
        with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while data := connection.recv(65536):
                reader.feed(data)
                while (body := reader.next()) is not None:
                    self.asked.append(readBody(body))
                    if not self._answers:
                        return
                    connection.sendall(self._answers.pop(0))

    def close(self) -> None:
        self._thread.join(5.0)
        self._socket.close()
        self._directory.cleanup()


class ClStatusTests(SynchronousTestCase):
    """Every captured case."""

    def play(self, case: dict[str, Any]) -> tuple[tuple[int, str, str], list[Message]]:
        """Exit status, output and errors; and what was asked."""
        out, err = io.StringIO(), io.StringIO()
        exchange = case["exchange"]
        if not any(one.get("dir") for one in exchange):
            nowhere = {VARIABLE: os.path.abspath(self.mktemp())}
            status = run(case["argv"], nowhere, out, err)
            return (status, out.getvalue(), _LOG_LINE.sub("", err.getvalue())), []
        daemon = Replay(exchange)
        try:
            status = run(case["argv"], {VARIABLE: daemon.path}, out, err)
        finally:
            daemon.close()
        return (status, out.getvalue(), _LOG_LINE.sub("", err.getvalue())), daemon.asked

    def test_cases(self) -> None:
        """Each prints, returns and asks what the original did, in the same order."""
        count = 0
        for file in sorted(VECTORS.glob("*.json")):
            if not file.stem.startswith(("cl_status-", "netstring-")) or file.stem.endswith("request"):
                continue
            vector = json.loads(file.read_text())
            for case in vector.get("cases", [vector]):
                if case["stdout"].startswith("<usage"):
                    continue
                if "timeout" in case["name"] or case["name"] == "clientstatus-remote":
                    case["argv"] = [*case["argv"][:4], "1"]  # both saw no answer: no need to wait
                seen, asked = self.play(case)
                expected = case["exit"], case["stdout"], _LOG_LINE.sub("", case["stderr"])
                self.assertEqual(seen, expected, case["name"])
                sent = [one for one in case["exchange"] if one.get("dir") == "c2s"]
                self.assertEqual(
                    [one.get("reqtype") for one in asked], [_value(one, "reqtype") for one in sent]
                )
                self.assertEqual(
                    [one.get("node") for one in asked], [_value(one, "node") for one in sent]
                )
                count += 1
        self.assertGreater(count, 90)

    def test_usage(self) -> None:
        """Without a command, and with -h, it says what there is and asks nobody."""
        for argv in (["cl_status"], ["cl_status", "-h"]):
            out = io.StringIO()
            self.assertEqual(run(argv, {}, out, io.StringIO()), 0)
            self.assertIn("rscstatus", out.getvalue())

    def test_dead(self) -> None:
        """A node that is not there is an answer, and the exit status says so."""
        welcome = Message.of("hbapi-resp", reqtype="signon", result="OK", node="alpha")
        for request, field, words in (
            ("nodestatus", "st", ["beta"]),
            ("hblinkstatus", "st", ["beta", "eth1"]),
        ):
            kind = "ifstatus" if request == "hblinkstatus" else request
            answer = Message.of("hbapi-resp", reqtype=kind, **{field: "dead"}, result="OK")
            exchange: list[dict[str, Any]] = []
            for one in (welcome, answer):
                exchange += [{"dir": "c2s"}, {"dir": "s2c", "hex": frameOf(one).hex()}]
            case = {"argv": ["cl_status", request, *words], "exchange": exchange}
            self.assertEqual(self.play(case)[0], (1, "dead\n", ""))

    def test_gone(self) -> None:
        """A daemon that closes without a word is no traceback."""
        case: dict[str, Any] = {"argv": ["cl_status", "rscstatus"], "exchange": []}
        daemon = Replay(case["exchange"])
        out, err = io.StringIO(), io.StringIO()
        self.assertEqual(run(["cl_status", "rscstatus"], {VARIABLE: daemon.path}, out, err), 1)
        daemon.close()
        self.assertIn("Cannot signon with heartbeat", err.getvalue())


def _value(frame: dict[str, Any], name: str) -> str | None:
    return next((value for _, key, value in frame["fields"] if key == name), None)
