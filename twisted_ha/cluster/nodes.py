"""
The nodes of the cluster as this node knows them.

@see: wire-protocol.md sections 3.2, 5.2 and 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.cluster.acknowledge import Acknowledgement
from twisted_ha.cluster.deadline import Deadline
from twisted_ha.cluster.header import Header
from twisted_ha.cluster.links import Link, LinkView
from twisted_ha.cluster.sequence import SequenceTracker
from twisted_ha.config.model import ClusterConfig
from twisted_ha.events import Warned
from twisted_ha.frozen import dataclass
from twisted_ha.interfaces import IMedium, INodes
from twisted_ha.terms import LifeMark, NodeName, NodeStatus
from twisted_ha.wire.message import Value

__all__ = ["Node", "NodeTable", "NodeView"]

_DEAD = NodeStatus.DEAD
"""Named once: naming a member of an enumeration costs Python 3.11 as much as a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """
    A node as it is shown.

    @ivar status: the word it announced, or C{dead}.
    @ivar uuid: in hexadecimal; empty if unknown.
    @ivar silentFor: seconds since its last status; L{None} if there never was one.
    @ivar deadtime: the seconds it is allowed at present.
    @ivar missing: how many of its messages are being asked for.
    @ivar acknowledged: the highest number of ours it has acknowledged; 0 for none.
    """

    name: NodeName
    status: str
    ping: bool
    local: bool
    heard: bool
    generation: int
    uuid: str
    silentFor: float | None
    deadtime: float
    protocol: bool | None
    extension: str | None
    missing: int
    acknowledged: int
    weight: int
    site: str
    links: tuple[LinkView, ...]


class Node:
    """
    One node.

    @ivar ping: it is an address that only answers.
    @ivar local: it is this node.
    @ivar leads: an ordinary node whose name comes before this one's, which may follow its beat.
    @ivar word: its status as text; words nobody knows are kept as they are.
    @ivar generation: of the life we know; 0 if it never said.
    @ivar floor: how far an earlier life of this daemon heard it, until it is heard in this one; L{None}
        if nothing is known of that.
    @ivar uuid: 16 bytes, or L{None} as long as it has not told.
    @ivar heard: a status of it came since it was last declared dead.
    @ivar deadtime: the seconds after which it wants to be taken for dead; L{None} if it never said.
    @ivar protocol: whether its status announces flow control and node lists (heartbeat 3.0.6); L{None}
        if there has been no status.
    @ivar extension: what its status says in the field C{twisted_ha}; L{None} for the original.
    @ivar said: what stood in its last status that these three were read from; L{None} before the first.
    @ivar lastStatus: the clock's seconds at its last status; L{None} if there never was one.
    @ivar lostThen: L{twisted_ha.cluster.punctuality.Punctuality.lost} at that time.
    @ivar statusSequence: the number of its last status.
    @ivar acknowledged: the highest number of ours it has acknowledged.
    @ivar deadline: when it is declared dead; set by L{twisted_ha.cluster.membership}.
    """

    def __init__(self, name: NodeName, *, ping: bool = False, local: bool = False) -> None:
        self.name = name
        self.ping = ping
        self.local = local
        self.leads = False
        self.status = NodeStatus.INIT
        self.word = NodeStatus.INIT.value
        self.generation = 0
        self.floor: LifeMark | None = None
        self.uuid: bytes | None = None
        self.heard = False
        self.deadtime: float | None = None
        self.protocol: bool | None = None
        self.extension: str | None = None
        self.said: tuple[Value | None, Value | None, Value | None] | None = None
        self.lastStatus: float | None = None
        self.lostThen = 0.0
        self.statusSequence = 0
        self.sequence = SequenceTracker()
        self.acknowledgement = Acknowledgement()
        self.acknowledged = 0
        self.deadline: Deadline | None = None
        self.weight = 100
        self.site = ""
        self.links: dict[str, Link] = {}

    def __repr__(self) -> str:
        return f"<Node {self.name} {self.word} generation={self.generation}>"

    @property
    def dead(self) -> bool:
        """Whether it was declared dead and has not spoken since."""
        return self.status is _DEAD

    @property
    def linksUp(self) -> int:
        """Through how many links it is heard."""
        return sum(link.up for link in self.links.values())

    def newLife(self, generation: int) -> None:
        """Its daemon was started anew, or is heard for the first time: what is numbered begins again."""
        self.generation = generation
        self.floor = None
        self.statusSequence = 0
        self.acknowledged = 0
        self.sequence.reset()
        self.acknowledgement.reset()
        for link in self.links.values():
            link.newLife()

    def view(self, now: float, deadtime: float) -> NodeView:
        """How it stands at C{now}, allowed C{deadtime} seconds of silence."""
        return NodeView(
            name=self.name,
            status=self.word,
            ping=self.ping,
            local=self.local,
            heard=self.heard,
            generation=self.generation,
            uuid=self.uuid.hex() if self.uuid is not None else "",
            silentFor=None if self.lastStatus is None else max(0.0, now - self.lastStatus),
            deadtime=deadtime,
            protocol=self.protocol,
            extension=self.extension,
            missing=len(self.sequence.missing),
            acknowledged=self.acknowledged,
            weight=self.weight,
            site=self.site,
            links=tuple(link.view(now) for link in self.links.values()),
        )


@implementer(INodes)
class NodeTable:
    """
    Every configured node, and nobody else: strangers are refused, so the table never grows.

    @ivar local: this node.
    @ivar cameUpAt: the number of the last message that this node sent before it came up, and began to
        ask what others hold.
    """

    def __init__(self, config: ClusterConfig, media: Sequence[IMedium], bus: EventBus) -> None:
        self._bus = bus
        self._nodes: dict[NodeName, Node] = {}
        self._uuids: dict[bytes, Node] = {}
        self._collided: set[NodeName] = set()
        for name in (*config.nodes, *config.pingNodes):
            self._nodes.setdefault(
                name, Node(name, ping=name not in config.nodes, local=name == config.localNode)
            )
        for medium in media:
            for node in self._nodes.values():
                if (node.name == medium.pingNode) if node.ping else medium.pingNode is None:
                    node.links.setdefault(medium.name, Link(medium.name))
        self.local = self._nodes[config.localNode]
        for node in self.peers:
            # By the name: the order of ha.cf may be another one there, and two would follow each other.
            node.leads = node.name < self.local.name
        self.cameUpAt = 0

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __getitem__(self, name: NodeName) -> Node:
        return self._nodes[name]

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def get(self, name: str | None) -> Node | None:
        """The node of that exact name; L{None} if there is none."""
        return self._nodes.get(NodeName(name)) if name is not None else None

    def isOurs(self, name: NodeName) -> bool:
        """See L{INodes.isOurs}."""
        node = self._nodes.get(name)
        return node is not None and node.extension is not None

    def isAlive(self, name: NodeName) -> bool:
        """See L{INodes.isAlive}."""
        node = self._nodes.get(name)
        return node is not None and node.heard and not node.dead

    def isActive(self, name: NodeName) -> bool:
        """See L{INodes.isActive}."""
        node = self._nodes.get(name)
        return node is not None and node.status is NodeStatus.ACTIVE

    def isDeaf(self, name: NodeName) -> bool:
        """
        See L{INodes.isDeaf}.  Heartbeat 3.0.6 acknowledges every tenth message, if none before it is
        missing; 1.2 acknowledges none.
        """
        node = self._nodes.get(name)
        return node is not None and bool(node.protocol) and node.acknowledged <= self.cameUpAt

    def isHeardWhole(self, name: NodeName, since: float) -> bool:
        """See L{INodes.isHeardWhole}."""
        node = self._nodes.get(name)
        return (
            node is not None
            and not node.sequence.missing
            and node.lastStatus is not None
            and node.lastStatus >= since
        )

    @property
    def peers(self) -> list[Node]:
        """The ordinary nodes other than this one, in the order of C{ha.cf}."""
        return [node for node in self if not node.ping and not node.local]

    @property
    def others(self) -> list[Node]:
        """Everybody but this node: peers, then ping nodes."""
        return [node for node in self if not node.local]

    def find(self, header: Header) -> Node | None:
        """
        Whose message this is; L{None} for a stranger.

        Heartbeat looks for the uuid first, and renames a node whose uuid comes with another name.  So
        two machines cloned from one disk swallow each other.  We go by the name, which C{ha.cf}
        vouches for, and L{learn} says once that there is a clone.
        """
        return self._nodes.get(header.src)

    def learn(self, node: Node, uuid: bytes | None) -> None:
        """C{node}'s messages carry C{uuid}."""
        if uuid is None or uuid == node.uuid:
            return
        owner = self._uuids.get(uuid)
        if owner is not None and owner is not node:
            if node.name not in self._collided:
                self._collided.add(node.name)
                self._bus.publish(
                    Warned(
                        message=f"{node.name} uses the uuid of {owner.name}: was its disk cloned?"
                        f"  Going by the names; remove hb_uuid on {node.name} and restart it there"
                    )
                )
            return
        if node.uuid is not None:
            self._uuids.pop(node.uuid, None)
        node.uuid = uuid
        self._uuids[uuid] = node

    def isForUs(self, header: Header) -> bool:
        """
        Whether this node is meant.

        A name of C{ha.cf} decides; a uuid only where the name says nothing, since a peer may still know
        an old uuid of ours.
        """
        if header.dest is None or header.dest == self.local.name:
            return True
        if header.dest in self._nodes or header.destuuid is None:
            return False
        return header.destuuid == self.local.uuid
