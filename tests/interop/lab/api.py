"""Asking our daemon over its local API, with nothing but a socket: one JSON object a line each way."""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["Unanswered", "ask", "holdings"]


class Unanswered(Exception):
    """Nobody listens there, or the daemon refused."""


def ask(path: str, command: str, limit: float = 30.0, **parameters: object) -> Any:
    """
    Ask one thing.

    @param path: the API's socket.
    @param limit: seconds.
    @return: the result.
    @raise Unanswered: there is none; says why.
    """
    request = {"id": 1, "command": command, **parameters}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as api:
        api.settimeout(limit)
        try:
            api.connect(path)
            api.sendall(json.dumps(request).encode("utf-8") + b"\n")
            answer = json.loads(api.makefile("rb").readline() or b"null")
        except OSError as error:
            raise Unanswered(f"{path}: {error}") from error
    if answer is None or "result" not in answer:
        raise Unanswered(f"{command}: {answer}")
    return answer["result"]


def holdings(path: str) -> str:
    """C{none}, C{local}, C{foreign} or C{all}; C{transition} while not settled; C{down}."""
    try:
        status = ask(path, "status", 5.0)
    except Unanswered:
        return "down"
    settled = status["stable"] and not status["transition"]
    return str(status["holdings"]) if settled else "transition"
