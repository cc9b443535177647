"""The service addresses of the system this process runs on."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime

from twisted_ha.interfaces import IAddresses, IProcessRunner

__all__ = ["chooseAddresses"]


def chooseAddresses(
    clock: IReactorTime,
    runner: IProcessRunner,
    environment: Mapping[str, str],
    system: str = sys.platform,
) -> IAddresses | None:
    """
    @param runner: where addresses are changed by a program (FreeBSD's C{ifconfig}).
    @param environment: for such a program.
    @return: L{None} where there is nothing native, and heartbeat's scripts have to do.
    """
    if system.startswith("linux"):
        from twisted_ha.platform.linux_addresses import LinuxAddresses

        return LinuxAddresses(clock)
    if system.startswith("freebsd"):
        from twisted_ha.platform.freebsd_addresses import FreeBSDAddresses
        from twisted_ha.platform.freebsd_bpf import BpfNeighbours

        return FreeBSDAddresses(runner, environment, BpfNeighbours(clock))
    return None
