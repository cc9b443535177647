"""The roads of a configuration, and the media that open them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from twisted_ha.config.model import (
    BcastMedium,
    ClusterConfig,
    McastMedium,
    MediumConfig,
    PingMedium,
    SerialMedium,
    UcastMedium,
)
from twisted_ha.interfaces import IMedium
from twisted_ha.linktest.probe import Door

__all__ = ["Road", "Way", "portsOf", "roadOf", "sidePort", "waysOf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """
    One medium of C{ha.cf}.

    @ivar link: the medium's name: C{eth1}, C{/dev/cuau0}.
    @ivar towards: the address, for those that reach one node only.
    @ivar port: 0 where there is none.
    @ivar baud: 0 where there is none.
    """

    kind: str
    link: str
    towards: str = ""
    port: int = 0
    baud: int = 0

    @property
    def name(self) -> str:
        """In words, on the wire too."""
        return " ".join(filter(None, (self.kind, self.link, self.towards)))


@dataclass(slots=True, eq=False)
class Way:
    """
    A road through one of its doors.

    @ivar error: why it is not open.
    @ivar failing: what is wrong with it since it was opened.
    """

    road: Road
    door: Door
    medium: IMedium
    open: bool = False
    error: str = ""
    failing: str = ""

    @property
    def port(self) -> int:
        """The UDP port of this door; 0 where there is none."""
        return self.road.port if self.door is Door.MAIN else sidePort(self.road.port)


def sidePort(port: int) -> int:
    """The port beside C{port}."""
    return port + 1 if port < 65535 else port - 1


def roadOf(medium: MediumConfig) -> Road:
    """The road that a line of C{ha.cf} is."""
    match medium:
        case BcastMedium():
            return Road(kind="bcast", link=medium.interface, port=medium.port)
        case McastMedium():
            kind = "mcast6" if medium.ipv6 else "mcast"
            return Road(kind=kind, link=medium.interface, towards=medium.group, port=medium.port)
        case UcastMedium():
            kind = "ucast6" if medium.ipv6 else "ucast"
            return Road(kind=kind, link=medium.interface, towards=medium.address, port=medium.port)
        case SerialMedium():
            return Road(kind="serial", link=medium.device, baud=medium.baud)
        case PingMedium():
            kind = "ping_group" if medium.group else "ping6" if medium.ipv6 else "ping"
            return Road(kind=kind, link=medium.name)


def portsOf(config: ClusterConfig) -> set[tuple[int, bool]]:
    """Every UDP port of the configuration, and whether it is one of IPv6."""
    return {
        (medium.port, getattr(medium, "ipv6", False))
        for medium in config.media
        if isinstance(medium, BcastMedium | McastMedium | UcastMedium)
    }


def waysOf(config: ClusterConfig, build: Callable[[ClusterConfig], Sequence[IMedium]]) -> list[Way]:
    """
    Every road through each of its doors; nothing is opened.

    @param build: makes the media of a configuration, in the order of C{ha.cf}.
    """
    beside = tuple(
        replace(medium, port=sidePort(medium.port))
        for medium in config.media
        if isinstance(medium, BcastMedium | McastMedium | UcastMedium)
    )
    udp = [roadOf(medium) for medium in config.media if roadOf(medium).port]
    main = zip(map(roadOf, config.media), build(config), strict=True)
    side = zip(udp, build(replace(config, media=beside)), strict=True)
    return [
        *(Way(road, Door.MAIN, medium) for road, medium in main),
        *(Way(road, Door.SIDE, medium) for road, medium in side),
    ]
