"""
The configuration: heartbeat's three files, and an optional fourth of ours, as frozen values.

Text becomes tokens with positions, those become directives, and those one L{ClusterConfig}.
"""

from __future__ import annotations

from twisted_ha.config.host import ElsewhereHost, IHostQueries, SystemHost
from twisted_ha.config.loading import exitStatus, load
from twisted_ha.config.model import ClusterConfig

__all__ = [
    "ClusterConfig",
    "ElsewhereHost",
    "IHostQueries",
    "SystemHost",
    "exitStatus",
    "load",
]
