"""C{hactl check}: is the configuration good, and what does it mean."""

from __future__ import annotations

import os
from typing import TextIO

from twisted_ha.cli import statuses
from twisted_ha.cli.words import safe
from twisted_ha.config import (
    ClusterConfig,
    ElsewhereHost,
    IHostQueries,
    SystemHost,
    exitStatus,
    load,
)
from twisted_ha.config.describe import describe
from twisted_ha.errors import ConfigError
from twisted_ha.platform import choose

__all__ = ["check", "readConfig"]


def check(directory: str | None, node: str | None, quiet: bool, out: TextIO, err: TextIO) -> int:
    """
    Read the configuration, complain on C{err} and describe on C{out}.

    @param directory: where it is; this system's usual place if not given.
    @param node: check for that node, without asking this machine anything.
    @return: 0; 6 if the daemon would not start with it; 4 if it may not be read.
    """
    try:
        config = readConfig(directory, node)
    except ConfigError as error:
        print(safe(error), file=err)
        return exitStatus(error)
    for warning in config.warnings:
        print(safe(warning.render()), file=err)
    if not quiet:
        err.flush()
        print(safe(describe(config)), file=out)
    return statuses.OK


def readConfig(directory: str | None, node: str | None) -> ClusterConfig:
    """
    The configuration as the daemon would have it.

    @param directory: where it is; this system's usual place if not given.
    @param node: as that node has it, without asking this machine anything.
    @raise ConfigError: the daemon would not start with it.
    """
    host: IHostQueries
    if directory is None or node is None:
        platform = choose()
        directory = directory or platform.directories.config
        host = SystemHost(platform.interface)
    if node is not None:
        host = ElsewhereHost()
    return load(directory, uname=node or os.uname().nodename, host=host)
