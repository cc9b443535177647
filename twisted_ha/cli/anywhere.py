"""Reading a cluster's files to think about them, on one of its nodes or on anybody's workstation."""

from __future__ import annotations

import os

from twisted_ha.cli.check import readConfig
from twisted_ha.config import ClusterConfig, ElsewhereHost
from twisted_ha.config.complaints import Complaints
from twisted_ha.config.hacf import parse
from twisted_ha.errors import ConfigError
from twisted_ha.platform import choose
from twisted_ha.terms import NodeName

__all__ = ["readAnywhere"]


def readAnywhere(directory: str | None, node: str | None) -> tuple[ClusterConfig, str]:
    """
    The configuration as C{hactl check} reads it; on a machine that is none of the nodes, as the first
    node of C{ha.cf} would have it.

    @param directory: where it is; this system's usual place if not given.
    @param node: as that node has it.
    @return: the configuration, and a sentence about whose it is if that was not asked for.
    @raise ConfigError: the daemon would not start with it.
    """
    try:
        return readConfig(directory, node), ""
    except ConfigError as error:
        stranger = any(found.category == "local-node-missing" for found in error.complaints)
        if node is not None or not stranger:
            raise
    where = directory or choose().directories.config
    first = _firstNode(os.path.join(where, "ha.cf"))
    note = f"this machine is none of the nodes; the files are read as {first} has them"
    return readConfig(where, first), note


def _firstNode(path: str) -> NodeName:
    """Whoever comes first in an C{ha.cf} that names somebody."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    nobody = NodeName("")
    found = parse(path, text, localNode=nobody, uname="", host=ElsewhereHost(), complaints=Complaints())
    return found.nodes[0]
