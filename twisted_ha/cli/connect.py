"""Which socket the tools use."""

from __future__ import annotations

import os
from collections.abc import Mapping

from twisted_ha.api.client import DEFAULT_SOCKET, SOCKET_NAME, Client

__all__ = ["VARIABLE", "connect"]

VARIABLE = "HA_SOCKET"
"""The environment variable that names the socket for tools whose arguments are fixed by tradition."""


def connect(
    socket: str | None = None,
    runDirectory: str | None = None,
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> Client:
    """
    A client, not yet connected.

    @param socket: what C{--socket} says; it comes first.
    @param runDirectory: what C{--run-dir} says; then comes C{HA_SOCKET}, then the usual place.
    @param environment: that of this process if not given.
    """
    path = socket
    if path is None and runDirectory is not None:
        path = os.path.join(runDirectory, SOCKET_NAME)
    if path is None:
        path = (os.environ if environment is None else environment).get(VARIABLE) or DEFAULT_SOCKET
    return Client(path) if timeout is None else Client(path, timeout)
