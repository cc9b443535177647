"""Host names in C{ucast} and C{ping} lines."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

from twisted_ha.errors import MediumError

__all__ = ["Resolve", "isLinkLocal", "resolve"]

Resolve = Callable[[str, bool], str]
"""Takes a host as written, and whether IPv6 is meant; returns its address."""


def resolve(host: str, ipv6: bool) -> str:
    """
    The address of C{host}.  A name makes this wait for the system's resolver, so it is for the start.

    @raise MediumError: it has none.
    """
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    bare = host.partition("%")[0]
    try:
        found = socket.getaddrinfo(bare, None, family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        version = "IPv6" if ipv6 else "IPv4"
        raise MediumError(
            f"host {host} has no {version} address; write the address itself, or enter the name in"
            " /etc/hosts"
        ) from None
    return str(found[0][4][0]).partition("%")[0]


def isLinkLocal(address: str) -> bool:
    """Whether an IPv6 address means something on one link only, and so needs an interface."""
    return ipaddress.IPv6Address(address).is_link_local
