"""
One picture of everything a node knows, frozen at one moment, and the same picture as JSON.

The JSON form is a promise to programs: its schema is docs/api.md, and L{VERSION} is raised whenever a
name goes away or changes its meaning.  New names may appear at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from twisted_ha.frozen import dataclass
from twisted_ha.terms import NodeName

__all__ = [
    "UNKNOWN",
    "VERSION",
    "ClusterStatus",
    "GroupView",
    "HoldingsView",
    "LinkView",
    "MediumView",
    "NodeView",
    "asJson",
]

VERSION = 1
"""Of the JSON schema."""

UNKNOWN = NodeName("unknown")
"""The owner of a group while nobody has said who holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """
    One node through one medium.

    @ivar name: the medium's name: C{eth1}.
    @ivar status: C{"up"} or C{"dead"}.
    @ivar heard: seconds since something arrived by it; L{None} if nothing ever did.
    @ivar messages: numbered messages that came by it, each counted once.
    @ivar lost: numbers that never came by it; another link may have brought them.
    @ivar duplicates: those that came more than once by it.
    @ivar outOfOrder: those that came after a higher number.
    @ivar jitter: seconds by which the time between two statuses varies; L{None} if not known yet.
    @ivar roundTrip: seconds to the node and back by it; L{None} if not known.
    """

    name: str
    status: str
    heard: float | None = None
    messages: int = 0
    lost: int = 0
    duplicates: int = 0
    outOfOrder: int = 0
    jitter: float | None = None
    roundTrip: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """
    One node of C{ha.cf}.

    @ivar kind: C{"normal"} or C{"ping"}.
    @ivar local: it is the node that answers.
    @ivar status: its status word: C{"init"}, C{"up"}, C{"active"}, C{"dead"}, C{"ping"}, or what it
        invented itself.
    @ivar generation: of its present life; L{None} if it was never heard.
    @ivar heard: seconds since its last status; L{None} if it was never heard.
    @ivar deadtime: after how many seconds of silence it counts as dead.
    """

    name: NodeName
    status: str
    kind: str = "normal"
    local: bool = False
    generation: int | None = None
    heard: float | None = None
    deadtime: float | None = None
    links: tuple[LinkView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """
    One line of C{haresources}.

    @ivar key: its name: the first resource's token.
    @ivar home: the node whose line it is.
    @ivar owner: the node that holds it; L{None} for nobody, L{UNKNOWN} while nobody has said.
    @ivar state: on the node that answers: C{"stopped"}, C{"starting"}, C{"started"}, C{"stopping"},
        C{"failed"} or C{"stuck"}.
    @ivar resources: the tokens, left to right.
    @ivar since: seconds since it got into that state.
    @ivar lastReason: why it is where it is, as a sentence.
    @ivar failures: starts and stops that failed in a row.
    """

    key: str
    home: NodeName
    owner: NodeName | None
    state: str
    resources: tuple[str, ...]
    since: float
    lastReason: str = ""
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumView:
    """
    One medium of C{ha.cf} on the node that answers.

    @ivar kind: the directive: C{"bcast"}, C{"serial"}, C{"ping"}...
    @ivar working: it is open.
    @ivar detail: port, address or speed; or what is wrong.
    @ivar refused: packets that came by the link of this name and were no message of this cluster, by
        cause.
    """

    name: str
    kind: str
    working: bool
    detail: str = ""
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingsView:
    """What another node says it holds: C{resources} is a class word from its own point of view."""

    node: NodeName
    resources: str
    stable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStatus:
    """
    One picture of everything.

    @ivar node: who answers.
    @ivar localStatus: its own status word.
    @ivar generation: of its present life.
    @ivar uptime: seconds since the daemon began.
    @ivar communicationsUp: every configured node was heard or is dead.
    @ivar autoFailback: C{"on"}, C{"off"} or C{"legacy"}.
    @ivar phase: what it is doing about resources, in a few words.
    @ivar holdings: what it claims: C{"none"}, C{"local"}, C{"foreign"} or C{"all"}.
    @ivar stable: it has taken all it means to take.
    @ivar peerHoldings: the other node's report; L{None} before the first.
    @ivar transition: groups are on the move.
    @ivar guardian: C{"watching"}, C{"idle"} (nothing is held), C{"absent"} (not running, and it should
        be) or C{"off"}.
    @ivar warnings: what an operator should know now, one sentence each.
    """

    node: NodeName
    localStatus: str
    generation: int
    uptime: float
    daemonVersion: str
    communicationsUp: bool
    autoFailback: str
    phase: str
    holdings: str
    stable: bool
    transition: bool
    peerHoldings: HoldingsView | None = None
    nodes: tuple[NodeView, ...] = ()
    groups: tuple[GroupView, ...] = ()
    media: tuple[MediumView, ...] = ()
    guardian: str = "off"
    warnings: tuple[str, ...] = ()
    version: int = VERSION


def asJson(status: ClusterStatus) -> dict[str, Any]:
    """
    The picture as plain values for C{json.dumps}, written out so that renaming something inside does
    not rename it for those who read it outside.
    """
    peer = status.peerHoldings
    return {
        "version": status.version,
        "node": status.node,
        "localStatus": status.localStatus,
        "generation": status.generation,
        "uptime": _seconds(status.uptime),
        "daemonVersion": status.daemonVersion,
        "communicationsUp": status.communicationsUp,
        "autoFailback": status.autoFailback,
        "phase": status.phase,
        "holdings": status.holdings,
        "stable": status.stable,
        "transition": status.transition,
        "peerHoldings": peer and {"node": peer.node, "resources": peer.resources, "stable": peer.stable},
        "nodes": [_node(node) for node in status.nodes],
        "groups": [_group(group) for group in status.groups],
        "media": [
            {
                "name": each.name,
                "kind": each.kind,
                "working": each.working,
                "detail": each.detail,
                "refused": dict(each.refused),
            }
            for each in status.media
        ],
        "guardian": status.guardian,
        "warnings": list(status.warnings),
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _node(node: NodeView) -> dict[str, Any]:
    return {
        "name": node.name,
        "kind": node.kind,
        "local": node.local,
        "status": node.status,
        "generation": node.generation,
        "heard": _seconds(node.heard),
        "deadtime": _seconds(node.deadtime),
        "links": [_link(link) for link in node.links],
    }


def _link(link: LinkView) -> dict[str, Any]:
    return {
        "name": link.name,
        "status": link.status,
        "heard": _seconds(link.heard),
        "messages": link.messages,
        "lost": link.lost,
        "duplicates": link.duplicates,
        "outOfOrder": link.outOfOrder,
        "jitter": None if link.jitter is None else round(link.jitter, 6),
        "roundTrip": None if link.roundTrip is None else round(link.roundTrip, 6),
    }


def _group(group: GroupView) -> dict[str, Any]:
    return {
        "key": group.key,
        "home": group.home,
        "owner": group.owner,
        "state": group.state,
        "resources": list(group.resources),
        "since": _seconds(group.since),
        "lastReason": group.lastReason,
        "failures": group.failures,
    }
