"""The only room that knows which kernel it runs on."""

from __future__ import annotations

import sys

from twisted_ha.errors import PlatformError
from twisted_ha.platform.interface import IPlatform

__all__ = ["IPlatform", "choose"]


def choose(system: str = sys.platform) -> IPlatform:
    """
    The platform this process runs on.

    @raise PlatformError: it is neither Linux nor FreeBSD.
    """
    if system.startswith("linux"):
        from twisted_ha.platform.linux import LinuxPlatform

        return LinuxPlatform()
    if system.startswith("freebsd"):
        from twisted_ha.platform.freebsd import FreeBSDPlatform

        return FreeBSDPlatform()
    raise PlatformError(
        f"twisted_ha runs on Linux and FreeBSD; this is {system}, and binding a socket to an interface,"
        " serial lines and watchdogs differ too much to guess"
    )
