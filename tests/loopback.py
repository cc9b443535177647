"""What daemons on the loopback of any machine need: its name, and a port."""

from __future__ import annotations

import socket
import sys

__all__ = ["LOOPBACK", "freePort"]

LOOPBACK = "lo" if sys.platform.startswith("linux") else "lo0"


def freePort() -> int:
    """A UDP port that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
