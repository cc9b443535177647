"""
The daemon's local API: one JSON object a line over a unix socket.

@see: docs/api.md.
"""

from __future__ import annotations

from twisted_ha.api.client import Client

__all__ = ["Client"]
