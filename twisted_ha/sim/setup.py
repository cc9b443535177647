"""What a world is made of: a configuration, who runs which program, and one seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from twisted.internet.interfaces import IReactorTime

from twisted_ha.auth.key import Key
from twisted_ha.config.model import (
    BcastMedium,
    ClusterConfig,
    Keys,
    McastMedium,
    MediumConfig,
    PingMedium,
    Resource,
    ResourceGroup,
    SerialMedium,
    Timers,
    UcastMedium,
)
from twisted_ha.sim.network import Network, SimMedium
from twisted_ha.sim.serial import SimSerial
from twisted_ha.terms import FailbackMode, NodeName

__all__ = ["ORIGINAL", "OURS", "Setup", "clusterConfig", "layCables", "plugIn"]

OURS = "ours"
ORIGINAL = "original"

NAMES = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"),
    *(f"node{number}" for number in range(9, 17)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """
    Everything that decides how a world runs, beside its story.

    @ivar config: as any one of the nodes has it; the others are the same but for C{localNode}.
    @ivar differing: the configuration of nodes whose files are not the same as the others'.
    @ivar kinds: which program a node runs, L{OURS} where nothing is said.
    @ivar seed: of all chance.
    @ivar fencing: there is a power switch.
    @ivar rates: how fast a machine's clock runs, 1.0 where nothing is said.
    @ivar autoStart: every machine has power, and its daemon starts, when the world begins.
    @ivar orderly: frames do not overtake each other on a wire in fair weather, as on a switch; they do
        on some real networks, so the default is the harder one.
    @ivar street: the users' network is there too, and an address that somebody answers for is not taken:
        see L{twisted_ha.sim.street}.
    @ivar timings: how many seconds an operation of a resource takes, by the resource's token and the
        operation; as L{twisted_ha.sim.machine.USUAL} says where nothing is said.
    """

    config: ClusterConfig
    differing: Mapping[str, ClusterConfig] = field(default_factory=lambda: MappingProxyType({}))
    kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 0
    fencing: bool = False
    rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    autoStart: bool = True
    orderly: bool = False
    street: bool = False
    timings: Mapping[tuple[str, str], float] = field(default_factory=lambda: MappingProxyType({}))

    def kindOf(self, node: str) -> str:
        """Which program a node runs."""
        return self.kinds.get(node, OURS)

    def configOf(self, node: NodeName) -> ClusterConfig:
        """The configuration as one node has it."""
        return replace(self.differing.get(node, self.config), localNode=node)


def clusterConfig(
    nodes: int | Sequence[str] = 2,
    *,
    links: Sequence[str] = ("eth1", "eth2"),
    mode: FailbackMode = FailbackMode.ON,
    keepalive: float = 1.0,
    deadtime: float = 10.0,
    warntime: float | None = None,
    initdead: float | None = None,
    baud: int = 19200,
    pings: Sequence[str] = (),
    groups: Sequence[ResourceGroup] | None = None,
) -> ClusterConfig:
    """
    A small cluster, for stories that do not come with an C{ha.cf}.

    @param nodes: how many, or their names.
    @param links: C{eth...} is a C{bcast}, C{mcast:eth...} a C{mcast}, C{ucast:eth...} one C{ucast} for
        each node, a path a C{serial} line.
    @param groups: one of two resources for each of the first two nodes, if not given.
    """
    names = tuple(NodeName(name) for name in (NAMES[:nodes] if isinstance(nodes, int) else nodes))
    media: list[MediumConfig] = []
    for link in links:
        kind, _, interface = link.rpartition(":")
        if link.startswith("/"):
            media.append(SerialMedium(device=link, baud=baud))
        elif kind == "mcast":
            media.append(
                McastMedium(interface=interface, group="239.0.0.43", port=694, ttl=1, loop=False)
            )
        elif kind == "ucast":
            media.extend(
                UcastMedium(interface=interface, address=f"10.0.0.{number}", port=694)
                for number in range(1, len(names) + 1)
            )
        else:
            media.append(BcastMedium(interface=interface, port=694))
    media.extend(PingMedium(name=NodeName(host), hosts=(host,)) for host in pings)
    if groups is None:
        groups = [
            ResourceGroup(
                key=f"10.0.0.{101 + place}",
                node=name,
                resources=(
                    Resource(token=f"10.0.0.{101 + place}", agent="IPaddr"),
                    Resource(token=f"daemon{place}", agent="daemon"),
                ),
                line=place + 1,
            )
            for place, name in enumerate(names[:2])
        ]
    return ClusterConfig(
        directory="/etc/ha.d",
        localNode=names[0],
        nodes=names,
        media=tuple(media),
        timers=Timers(
            keepalive=keepalive,
            warntime=deadtime / 2 if warntime is None else warntime,
            deadtime=deadtime,
            initdead=max(deadtime, 12.0) if initdead is None else initdead,
            deadping=deadtime,
        ),
        keys=Keys(keys={1: Key("sha1", b"simulated")}, signing=1),
        groups=tuple(groups),
        autoFailback=mode,
    )


def plugIn(
    network: Network, config: ClusterConfig, clock: IReactorTime | None = None
) -> list[SimMedium]:
    """
    The media of one node, in the order of C{ha.cf}, plugged in and not yet open.

    @param clock: of a daemon of ours, whose serial lines have our queue.  What the original sends
        into a line that is behind is lost.
    """
    made: list[SimMedium] = []
    ucasts: dict[str, int] = {}
    counts: dict[str, int] = {}
    for one in config.media:
        if isinstance(one, UcastMedium):
            counts[one.interface] = counts.get(one.interface, 0) + 1
    for medium in config.media:
        node = config.localNode
        if isinstance(medium, BcastMedium):
            wire = network.segment(medium.interface, "bcast")
            plug = SimMedium(network, wire, node, "bcast")
        elif isinstance(medium, McastMedium):
            wire = network.segment(medium.interface, "mcast")
            plug = SimMedium(network, wire, node, "mcast")
        elif isinstance(medium, UcastMedium):
            wire = network.segment(medium.interface, "ucast")
            place = ucasts.get(medium.interface, 0)
            ucasts[medium.interface] = place + 1
            target = _addressee(config, place, counts[medium.interface])
            plug = SimMedium(network, wire, node, "ucast", targets=(target,))
        elif isinstance(medium, SerialMedium):
            if node not in config.nodes[:2]:
                continue  # a null-modem cable has two ends
            wire = network.segment(medium.device, "serial", medium.baud)
            if clock is None:
                plug = SimMedium(network, wire, node, "serial")
            else:
                plug = SimSerial(network, wire, node, clock)
        else:
            wire = network.segment(medium.name, "ping")
            plug = SimMedium(network, wire, node, "ping", pingNode=medium.name)
        made.append(network.attach(plug))
    return made


def _addressee(config: ClusterConfig, place: int, count: int) -> NodeName:
    """Whom a C{ucast} line means: nobody simulated has addresses, so the lines count the nodes."""
    nodes = config.nodes if count >= len(config.nodes) else config.peers
    return nodes[place % len(nodes)] if nodes else config.localNode


def layCables(network: Network, setup: Setup) -> None:
    """Every wire with every machine that will be on it, so that it can be cut before they run."""
    for node in setup.config.nodes:
        for medium in plugIn(network, setup.configOf(node)):
            medium.unplug()
