"""From the lines of C{ha.cf} to media."""

from __future__ import annotations

from twisted_ha.bus import EventBus
from twisted_ha.config.model import (
    BcastMedium,
    ClusterConfig,
    McastMedium,
    MediumConfig,
    SerialMedium,
    UcastMedium,
)
from twisted_ha.interfaces import IMedium
from twisted_ha.media.bcast import Broadcast
from twisted_ha.media.echoes import Echoes
from twisted_ha.media.reactor import SocketReactor
from twisted_ha.media.receivers import Receivers
from twisted_ha.media.ucast import Unicast
from twisted_ha.media.udp import Approach, UdpMedium
from twisted_ha.platform.interface import IPlatform

__all__ = ["buildMedia"]


def buildMedia(
    config: ClusterConfig,
    platform: IPlatform,
    reactor: SocketReactor,
    bus: EventBus,
    patient: bool = False,
) -> list[IMedium]:
    """
    The media of a configuration, in the order of C{ha.cf}.  Nothing is opened.

    @param patient: a device that cannot be opened at first is not refused but tried again, as one
        that is lost later.
    """
    groups = frozenset((each.ipv6, each.port) for each in config.media if isinstance(each, McastMedium))
    receivers = Receivers(reactor, platform, groups)
    echoes = Echoes()

    def approach(line: BcastMedium | McastMedium | UcastMedium) -> Approach:
        if isinstance(line, BcastMedium):
            return Broadcast(line, platform, receivers)
        if isinstance(line, McastMedium):
            from twisted_ha.media.mcast import Multicast

            return Multicast(line, platform, reactor)
        return Unicast(line, platform, receivers)

    def build(line: MediumConfig) -> IMedium:
        if isinstance(line, SerialMedium):
            from twisted_ha.media import serial  # pyserial costs memory that few clusters need

            return serial.SerialMedium(line, platform, reactor, bus, patient)
        if isinstance(line, BcastMedium | McastMedium | UcastMedium):
            return UdpMedium(approach(line), reactor, bus, echoes, patient)
        from twisted_ha.media.ping import PingMedium

        return PingMedium(line, platform, reactor, bus, patient=patient)

    return [build(line) for line in config.media]
