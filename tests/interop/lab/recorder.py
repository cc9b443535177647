"""What our daemons say happened, and when: every event of every life, on the laboratory's clock."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.interop.lab.nodes import Ours
from tests.interop.lab.waiting import now, waitFor

__all__ = ["Recorder", "Said"]


@dataclass(frozen=True, slots=True)
class Said:
    """
    One event.

    @ivar time: when it happened, on the laboratory's clock.
    @ivar name: its class in C{twisted_ha.events}.
    """

    time: float
    node: str
    name: str
    fields: dict[str, Any] = field(hash=False)


class Recorder:
    """Listens to daemons until each of them ends."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, float, str, str], Said] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        # The daemons stamp with the wall clock, and all machines here share it.
        self._ahead = time.time() - now()

    def follow(self, node: Ours) -> None:
        """
        Listen to the daemon that runs on a node, from its first event on.

        @raise ConditionNotMet: it does not answer.
        """
        path = node.socket()
        listener = waitFor(f"{node.name} answers", lambda: _connected(path), 15.0, 0.01, node.tail)
        listener.settimeout(None)
        self._sockets.append(listener)
        for request in (
            {"id": 1, "command": "subscribe", "level": "debug"},
            {"id": 2, "command": "recent", "count": 4000},
        ):
            listener.sendall(json.dumps(request).encode() + b"\n")
        thread = threading.Thread(target=self._listen, args=(node.name, listener), daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> list[Said]:
        """Listen no more.  @return: everything, in the order in which it happened."""
        for listener in self._sockets:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for listener in self._sockets:
            listener.close()
        return self.all()

    def all(self) -> list[Said]:
        """Everything so far, in the order in which it happened."""
        with self._lock:
            return sorted(self._said.values(), key=lambda said: said.time)

    def _listen(self, node: str, listener: socket.socket) -> None:
        with contextlib.suppress(OSError), listener.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                for event in [message] if "event" in message else message.get("result") or ():
                    if isinstance(event, dict):
                        self._take(node, event)

    def _take(self, node: str, event: dict[str, Any]) -> None:
        """An event may come twice: as one of the last, and as news."""
        key = (node, event["time"], event["event"], json.dumps(event["fields"], sort_keys=True))
        said = Said(event["time"] - self._ahead, node, event["event"], event["fields"])
        with self._lock:
            self._said.setdefault(key, said)


def _connected(path: str) -> socket.socket | None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.connect(path)
    except OSError:
        listener.close()
        return None
    return listener
