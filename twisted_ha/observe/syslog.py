"""
Messages for the system's log daemon, without ever waiting for it.

The C library's C{syslog} blocks while the daemon's queue is full.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

__all__ = ["PATHS", "SyslogSocket"]

PATHS = ("/dev/log", "/var/run/log")
"""Where the socket is: the first on Linux, the second on the BSDs."""


class SyslogSocket:
    """The local syslog socket, connected again whenever the daemon was restarted."""

    def __init__(self, paths: Sequence[str] = PATHS) -> None:
        self._paths = tuple(paths)
        self._socket: socket.socket | None = None

    def send(self, datagram: bytes) -> None:
        """
        Send it, on a new connection if the old one is gone.

        @raise OSError: nobody listens, or the queue is full.
        """
        if self._socket is not None:
            try:
                self._socket.send(datagram)
                return
            except BlockingIOError:
                raise
            except OSError:
                self.close()
        self._socket = self._connect()
        self._socket.send(datagram)

    def close(self) -> None:
        """Close the connection; the next L{send} makes another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        problem: OSError = FileNotFoundError("no syslog socket")
        for path in self._paths:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                made.setblocking(False)
                made.connect(path)
            except OSError as error:
                made.close()
                problem = error
            else:
                return made
        raise problem
