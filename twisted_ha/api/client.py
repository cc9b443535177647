"""
A blocking client of the daemon's local API, for tools and scripts.

It needs nothing but the standard library and starts quickly; it never waits for longer than it was
told.  Everything that goes wrong is an L{ApiError} with a name for programs and a sentence for people.
The protocol is described in docs/api.md.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

from twisted_ha.errors import ApiError

__all__ = ["DEFAULT_SOCKET", "SOCKET_NAME", "Client"]

SOCKET_NAME = "twisted_ha.sock"
"""The socket's name in the run directory."""

DEFAULT_SOCKET = f"/var/run/heartbeat/{SOCKET_NAME}"
"""Where the socket is if nobody says otherwise."""

MOVE_TIMEOUT = 600.0
"""Seconds a move of groups may take before the client stops waiting; the move itself goes on."""

_LONGEST_ANSWER = 64 << 20


class Client:
    """
    One connection to the daemon of this machine, opened by the first request.

    It is a context manager.  The names of errors made here are C{not-running}, C{not-permitted},
    C{timed-out}, C{closed} and C{bad-answer}; all others come from the daemon.
    """

    def __init__(self, path: str = DEFAULT_SOCKET, timeout: float = 5.0) -> None:
        """
        @param path: the daemon's socket.
        @param timeout: seconds a request may take, unless it says otherwise itself.
        """
        self.path = path
        self.timeout = timeout
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._searched = 0
        self._number = 0
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._received.clear()
        self._searched = 0

    # -- what can be asked

    def ping(self) -> dict[str, Any]:
        """C{{"api": 1, "daemonVersion": "..."}}."""
        return dict(self.request("ping"))

    def status(self) -> dict[str, Any]:
        """The picture of everything; its schema is in docs/api.md."""
        return dict(self.request("status"))

    def recent(self, count: int = 100) -> list[dict[str, Any]]:
        """The last events, oldest first."""
        return list(self.request("recent", count=count))

    def explain(self, group: str) -> str:
        """Why a group is where it is."""
        return str(self.request("explain", group=group))

    def metrics(self) -> str:
        """Counters and gauges as OpenMetrics text."""
        return str(self.request("metrics"))

    def reload(self, timeout: float = 60.0) -> str:
        """Have the configuration read again.  @return: what changed, in words."""
        return str(self.request("reload", timeout=timeout))

    def standby(self, resources: str = "all", timeout: float = MOVE_TIMEOUT) -> dict[str, Any]:
        """
        Give groups to the other node, and wait for the end of it.

        @param resources: C{all}, C{local}, C{foreign}, or C{failback}, which is C{foreign}.
        @return: C{ok}, C{outcome}, C{text}, C{seconds}, C{groups}.
        """
        return self._move("standby", resources, timeout)

    def takeover(self, resources: str = "all", timeout: float = MOVE_TIMEOUT) -> dict[str, Any]:
        """
        Take groups from the other node, and wait for the end of it.

        @param resources: C{all}, C{local}, C{foreign}, or C{failback}, which is C{local}.
        """
        return self._move("takeover", resources, timeout)

    def events(self, level: str = "info", recent: int = 0) -> Iterator[dict[str, Any]]:
        """
        Events until the daemon ends the connection; none twice, and none left out.

        @param level: the least that matters: C{debug}, C{info}, C{warn}, C{error} or C{critical}.
        @param recent: begin with so many that are over already, of any level.
        """
        self.request("subscribe", level=level)
        if recent:
            past = self.recent(recent)
            self._events.clear()  # what was pushed before the answer is in it
            yield from past
        while True:
            while self._events:
                yield self._events.pop(0)
            line = self._line(None)
            if line is None:
                raise ApiError(
                    "closed", "the daemon has ended the connection: it was stopped, or it died"
                )
            value = self._parsed(line)
            if "event" in value:
                self._events.append(value)

    def _move(self, command: str, resources: str, timeout: float) -> dict[str, Any]:
        self.ping()  # a daemon that hangs is found out before the long wait
        try:
            return dict(self.request(command, timeout=timeout, resources=resources))
        except ApiError as error:
            if error.name != "timed-out":
                raise
            raise ApiError(
                "timed-out",
                f"the move has not ended after {timeout:g} s and goes on; hactl status follows it",
            ) from None

    # -- how it is asked

    def request(self, command: str, *, timeout: float | None = None, **parameters: Any) -> Any:
        """
        Ask, and wait for the answer.

        @param timeout: seconds; that of the client if not given.
        @return: the result as plain values.
        @raise ApiError: there is none; C{name} says which kind of trouble.
        """
        allowed = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + allowed
        self._number += 1
        line = json.dumps({"id": self._number, "command": command, **parameters}).encode() + b"\n"
        try:
            self._connect(deadline)
            self._send(line, deadline)
            answer = self._answer(self._number, deadline)
        except TimeoutError:
            self.close()  # an answer that comes late must not be taken for that of the next request
            raise ApiError(
                "timed-out",
                f"the daemon did not answer on {self.path} within {allowed:g} s; it hangs or is busy",
            ) from None
        except ApiError:
            self.close()
            raise
        if answer.get("ok") is True:
            return answer.get("result")
        error = answer.get("error")
        if answer.get("id") is None:
            self.close()  # refused as a client, not as a request
        if not isinstance(error, dict):
            raise ApiError("bad-answer", f"what answers on {self.path} is not this daemon")
        raise ApiError(str(error.get("name", "unknown")), str(error.get("text", "")))

    def _connect(self, deadline: float) -> None:
        if self._socket is not None:
            return
        made = socket.socket(socket.AF_UNIX)
        try:
            made.settimeout(_left(deadline))
            made.connect(self.path)
        except TimeoutError:
            made.close()
            raise
        except OSError as error:
            made.close()
            raise self._refused(error) from None
        self._socket = made

    def _refused(self, error: OSError) -> ApiError:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return ApiError("not-running", f"the daemon is not running: there is no socket {self.path}")
        if error.errno == errno.ECONNREFUSED:
            return ApiError("not-running", f"the daemon is not running: nobody answers on {self.path}")
        if error.errno in (errno.EACCES, errno.EPERM):
            return ApiError("not-permitted", f"you may not use {self.path}; run this as root")
        if error.errno == errno.EAGAIN:
            return ApiError(
                "timed-out", f"the daemon does not take connections on {self.path}; it hangs"
            )
        return ApiError(
            "not-running", f"cannot reach the daemon on {self.path}: {error.strerror or error}"
        )

    def _send(self, line: bytes, deadline: float) -> None:
        assert self._socket is not None
        try:
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(line)
        except TimeoutError:
            raise
        except OSError:
            pass  # it has hung up; perhaps it said why, which is read next

    def _answer(self, number: int, deadline: float) -> dict[str, Any]:
        while True:
            line = self._line(deadline)
            if line is None:
                text = "the daemon ended the connection without an answer: it was stopped, or it died"
                raise ApiError("closed", text)
            value = self._parsed(line)
            if "event" in value:
                self._events.append(value)
            elif value.get("id") in (number, None):
                return value

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise ApiError("bad-answer", f"what answers on {self.path} is not this daemon")
        return value

    def _line(self, deadline: float | None) -> bytes | None:
        """The next line; L{None} at the end of the connection."""
        assert self._socket is not None
        while True:
            end = self._received.find(b"\n", self._searched)
            if end >= 0:
                line = bytes(self._received[:end])
                del self._received[: end + 1]
                self._searched = 0
                return line
            self._searched = len(self._received)
            if self._searched > _LONGEST_ANSWER:
                raise ApiError("bad-answer", f"the answer on {self.path} has no end")
            self._socket.settimeout(None if deadline is None else _left(deadline))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise
            except OSError as error:
                if error.errno == errno.ECONNRESET:
                    return None
                raise ApiError(
                    "closed", f"the connection broke: {os.strerror(error.errno or 0)}"
                ) from None
            if not data:
                return None
            self._received += data


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
