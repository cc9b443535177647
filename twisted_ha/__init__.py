"""
Two machines, one address: a high-availability cluster daemon on Twisted.

It reads the three files of Linux-HA heartbeat (C{ha.cf}, C{authkeys}, C{haresources}), speaks its
wire protocol, and moves resource groups from a node that died to one that lives.

The public surface is L{twisted_ha.config.load}, L{twisted_ha.wire.decode} and
L{twisted_ha.wire.encode}, L{twisted_ha.events}, L{twisted_ha.interfaces},
L{twisted_ha.api.client.Client} and the options of C{twistd ha}.
"""

from twisted_ha.version import VERSION as __version__

__all__ = ["__version__"]
