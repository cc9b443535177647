"""
The environment of scripts and clients.

@see: configuration.md section 9, resource-management.md section 2.6.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from twisted_ha.config.model import ClusterConfig

__all__ = ["ScriptDirectories", "resourceState", "scriptEnvironment"]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_NOT_EXPORTED = frozenset({"hbversion"})
"""Recorded as a parameter, but never seen in the environment of the original's scripts."""


class ScriptDirectories(Protocol):
    """What scripts are told of the platform's directories."""

    @property
    def run(self) -> str:
        """Where the files are that die with the machine."""


def resourceState(directories: ScriptDirectories) -> str:
    """C{HA_RSCTMP}: where agents keep files that say what runs."""
    return os.path.join(directories.run, "rsctmp")


def scriptEnvironment(
    config: ClusterConfig, directories: ScriptDirectories, base: Mapping[str, str]
) -> Mapping[str, str]:
    """
    What every script of this node sees.

    @param base: this process's own environment, which scripts inherit.
    """
    told = dict(base)
    told.setdefault("PATH", _PATH)
    for name, parameter in config.parameters.items():
        if name not in _NOT_EXPORTED:
            told[f"HA_{name}"] = parameter.text
    told.update(
        HA_CURHOST=config.localNode,
        HA_DIR=config.directory,
        HA_FUNCS=os.path.join(config.directory, "shellfuncs"),
        HA_DATEFMT="%Y/%m/%d_%T\t",
        HA_LOGFILE=config.logging.logfile or "",
        HA_DEBUGLOG=config.logging.debugfile or "",
        HA_LOGD="no",
        HA_RSCTMP=resourceState(directories),
        OCF_ROOT=told.get("OCF_ROOT", "/usr/lib/ocf"),
    )
    told.pop("HA_NICEFAILBACK", None)
    if config.autoFailback.negotiated:
        told["HA_NICEFAILBACK"] = "yes"
    if config.logging.facility:
        told["HA_LOGFACILITY"] = config.logging.facility
    if config.logging.debug > 0:
        told["HA_debug"] = str(config.logging.debug)
    if "compression" in config.parameters:
        told["HA_COMPRESSION"] = config.parameters["compression"].text
    # Last: an administrator's own word outweighs what we made up.
    for name, value in config.environment.items():
        told[f"HA_{name}"] = value
    return MappingProxyType(told)
