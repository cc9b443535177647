"""Where the files are that came with this program beside its modules."""

from __future__ import annotations

import os
import sys

__all__ = ["shippedScripts"]


def shippedScripts() -> str:
    """
    The directory of our own resource scripts: C{share/twisted_ha/resource.d} of an installation, or
    C{conf/resource.d} of a checkout.
    """
    checkout = os.path.join(os.path.dirname(os.path.dirname(__file__)), "conf", "resource.d")
    if os.path.isdir(checkout):
        return checkout
    return os.path.join(sys.prefix, "share", "twisted_ha", "resource.d")
