"""
The room's front door: membership of the cluster, and messages to and from the other nodes.

@see: wire-protocol.md sections 3 to 7.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from random import Random

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.cluster.acknowledge import STRIDE, STRIDE_OURS
from twisted_ha.cluster.admission import STATUS, Admission, Admitted
from twisted_ha.cluster.beat import EXTENSION, Beat
from twisted_ha.cluster.communications import REPNODES, REQNODES, Communications
from twisted_ha.cluster.header import Header
from twisted_ha.cluster.marks import Marks
from twisted_ha.cluster.membership import Membership
from twisted_ha.cluster.nodes import Node, NodeTable, NodeView
from twisted_ha.cluster.punctuality import Punctuality
from twisted_ha.cluster.receiver import Receiver
from twisted_ha.cluster.retransmit import REFUSAL, REQUEST, Answers, Requests
from twisted_ha.cluster.roundtrip import ANSWER, QUESTION, RoundTrips
from twisted_ha.cluster.transmitter import Transmitter
from twisted_ha.cluster.watchers import Watcher, Watchers
from twisted_ha.config.model import ClusterConfig
from twisted_ha.events import CommunicationsUp, Event, LocalStatusChanged, RetransmissionRefused
from twisted_ha.interfaces import IMarkStore, IMedium, IMessenger
from twisted_ha.terms import NodeName, NodeStatus
from twisted_ha.wire.fields import formatNumber, readNumber
from twisted_ha.wire.message import Message

__all__ = ["ClusterCore", "Handler"]

Handler = Callable[[Header, Message], None]
"""Called with a message of one type from another node."""

ACKNOWLEDGEMENT = "NS_ackmsg"
PROBE_ANSWER = "NS_st"
OLD = "old"
"""The cause of refusal of what an earlier life of a node has sent; L{Receiver} has the other causes."""
ATTRIBUTES = ("setweight", "setsite")


@implementer(IMessenger)
class ClusterCore:
    """
    One node's part in the cluster.

    @ivar receiver: where media deliver.
    @ivar nodes: everybody in C{ha.cf}.
    @ivar generation: of this life.
    @ivar punctuality: how late this process was.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        config: ClusterConfig,
        clock: IReactorTime,
        wallClock: Callable[[], float],
        random: Random,
        media: Sequence[IMedium],
        keyring: KeyRing,
        bus: EventBus,
        generation: int,
        uuid: bytes,
        marks: IMarkStore,
        loadAverage: Callable[[], str],
        beat: Callable[[], None],
    ) -> None:
        """
        @param wallClock: the Unix time, for C{ts} and nothing else.
        @param generation: of this life; it is on disk already.
        @param uuid: of this node, 16 bytes.
        @param marks: what was heard in earlier lives, and is kept for later ones.
        @param loadAverage: the text for C{ld}; C{n/a} where there is none.
        @param beat: called with every status that is sent.
        """
        self._bus = bus
        self._random = random
        self.generation = generation
        self._running = False
        self._handlers: dict[str, list[Handler]] = {}
        self._watchers = Watchers()
        self._clock = clock
        self.nodes = NodeTable(config, media, bus)
        self._adopt(self.nodes.local, generation, uuid)
        self._marks = Marks(clock, self.nodes, marks)
        self.punctuality = Punctuality(clock, bus, config.timers)
        self._transmitter = Transmitter(
            config=config,
            clock=clock,
            wallClock=wallClock,
            media=media,
            keyring=keyring,
            nodes=self.nodes,
            generation=generation,
            uuid=uuid,
            loadAverage=loadAverage,
        )
        self._admission = Admission(clock, bus, self.nodes, self.punctuality, marks.place)
        self._requests = Requests(clock, random, config.timers, self.sendTo)
        self._answers = Answers(
            clock, config.timers, self._transmitter.history, self._transmitter.resend, self.sendTo
        )
        self._roundTrips = RoundTrips(clock, self.nodes, self._transmitter.sendBy)
        self._beat = Beat(
            clock=clock,
            timers=config.timers,
            punctuality=self.punctuality,
            local=self.nodes.local,
            send=self._send,
            probe=self._probe,
            beat=beat,
        )
        self._membership = Membership(
            clock=clock,
            bus=bus,
            nodes=self.nodes,
            timers=config.timers,
            punctuality=self.punctuality,
            died=lambda node: self._communications.consider(),
        )
        self._communications = Communications(
            clock=clock,
            bus=bus,
            nodes=self.nodes,
            configured=config.nodes,
            sendTo=self.sendTo,
            nowUp=self._communicationsUp,
        )
        self._own: dict[str, Callable[[Node, Message], None]] = {
            STATUS: lambda node, message: self._communications.consider(),
            PROBE_ANSWER: lambda node, message: self._communications.consider(),
            REQUEST: self._answers.requested,
            REFUSAL: self._refused,
            ACKNOWLEDGEMENT: self._acknowledged,
            REQNODES: lambda node, message: self._communications.requested(node),
            REPNODES: self._communications.answered,
            **dict.fromkeys(ATTRIBUTES, lambda node, message: self._attributes(message)),
        }
        self._byLink: dict[str, Callable[[Node, Message, IMedium], None]] = {
            QUESTION: self._roundTrips.asked,
            ANSWER: self._roundTrips.answered,
            PROBE_ANSWER: self._roundTrips.pinged,
        }
        self.receiver = Receiver(
            clock=clock, bus=bus, keyring=keyring, nodes=self.nodes, media=media, accept=self._accept
        )

    def _adopt(self, local: Node, generation: int, uuid: bytes) -> None:
        local.generation = generation
        local.extension = EXTENSION
        local.heard = True
        self.nodes.learn(local, uuid)

    # ---- the life of this node ---------------------------------------------------------------

    def start(self) -> None:
        """
        Take part.  The media are open.

        The first packet of a life is a status, since only that announces the new generation.
        """
        self._running = True
        self.punctuality.start()
        self._marks.start()
        self._membership.start()
        with self._watchers:
            self._beat.sendStatus()
            self._become(NodeStatus.UP)
            self._beat.start()
            self._communications.start()

    def stop(self) -> None:
        """Cancel every delayed call, and hear nothing more.  Sending still works."""
        self._running = False
        self._beat.stop()
        self._membership.stop()
        self._communications.stop()
        self._requests.stop()
        self._marks.stop()

    def _become(self, status: NodeStatus) -> None:
        self._beat.become(status)
        self._bus.publish(LocalStatusChanged(status=status.value))

    def _communicationsUp(self) -> None:
        self._membership.settled = True
        with self._watchers:
            self._become(NodeStatus.ACTIVE)
            self._membership.rearm()
            self.nodes.cameUpAt = self._transmitter.history.highest
            self._bus.publish(CommunicationsUp())

    @property
    def localStatus(self) -> NodeStatus:
        """What this node says of itself."""
        return self._beat.status

    @property
    def communicationsUp(self) -> bool:
        """Whether every node was heard or is dead, and this node takes part."""
        return self._communications.up

    def replaceKeyRing(self, ring: KeyRing) -> None:
        """Sign and check with another ring from now on."""
        self._transmitter.replaceKeyRing(ring)
        self.receiver.replaceKeyRing(ring)

    def reconfigure(self, config: ClusterConfig) -> None:
        """Use the times, C{ttl} and encoding of another configuration; its nodes must be the same."""
        self._transmitter.reconfigure(config)
        self._requests.reconfigure(config.timers)
        self._answers.reconfigure(config.timers)
        self.punctuality.reconfigure(config.timers)
        self._membership.reconfigure(config.timers)
        with self._watchers:
            self._beat.reconfigure(config.timers)

    # ---- sending -----------------------------------------------------------------------------

    def send(self, message: Message) -> None:
        """
        Stamp, sign and send C{message} on every medium, to everybody.

        @raise WireError: it cannot be written, because it is too long for instance: nothing was sent.
        """
        self._send(message)

    def sendTo(self, node: NodeName, message: Message) -> None:
        """The same with C{dest}: the others hear it, and only C{node} acts on it."""
        self._send(message.replacing("dest", node))

    def sendStatus(self) -> None:
        """One more status, now."""
        self._beat.sendStatus()

    def _send(self, message: Message) -> Message:
        sent = self._transmitter.send(message)
        if sent.type in ATTRIBUTES:
            self._attributes(sent)
        self._watchers.tellOwn(sent)
        return sent

    def _probe(self, status: Message) -> None:
        # Looking into what was sent costs something at every beat, and most clusters ping nobody.
        ts = (status.get("ts") or "") if self._transmitter.probes else ""
        self._roundTrips.turn(ts)
        if ts:
            self._transmitter.probe(ts)

    # ---- what others want to hear ------------------------------------------------------------

    def handle(self, type: str, handler: Handler) -> None:
        """
        Call C{handler} with every message of that type that another node sends us or everybody.

        Several handlers of one type are called in the order in which they came.
        """
        self._handlers.setdefault(type, []).append(handler)

    def observe(self, callback: Watcher, but: Collection[str] = ()) -> Callable[[], None]:
        """
        Call C{callback} with every accepted message for us and every one of our own.

        Ours are told after they have left, and those of others before what was sent in reaction to them;
        never one while another is being told.

        @param but: types it has no use for.
        @return: call it to stop that.
        """
        return self._watchers.add(callback, but)

    def onLate(self, callback: Callable[[float], None]) -> None:
        """Call C{callback} with the seconds whenever this process did not run when it should have."""
        self.punctuality.onLate(callback)

    def look(self) -> None:
        """Notice now that this process did not run when it should have."""
        self._beat.look(self._clock.seconds())

    def nodeViews(self) -> tuple[NodeView, ...]:
        """Every node as it stands now: ordinary nodes in the order of C{ha.cf}, then ping nodes."""
        now = self._clock.seconds()
        return tuple(node.view(now, self._membership.allowance(node)) for node in self.nodes)

    # ---- hearing -----------------------------------------------------------------------------

    def _accept(
        self, node: Node, header: Header, message: Message, medium: IMedium, source: str
    ) -> None:
        if not self._running:
            return
        now = self._clock.seconds()
        self._beat.look(now)
        if node.local:
            admitted = self._admission.echo(header, medium, source, now)
        else:
            admitted = self._admission.judge(node, header, medium, now)
        if admitted.risen is not None:
            self._membership.heardThrough(admitted.risen)
        if admitted.old:
            self.receiver.count(medium, OLD)
        if admitted.fresh or admitted.events:
            with self._watchers:
                self._act(node, header, message, admitted, medium)
        if admitted.began:
            self._marks.save()

    def _act(
        self, node: Node, header: Header, message: Message, admitted: Admitted, medium: IMedium
    ) -> None:
        events = admitted.events
        if admitted.judgement is not None and admitted.judgement.missing:
            self._requests.missing(node, admitted.judgement.missing)
        if admitted.deliver:
            events = (*events, *self._statusOf(node, header, message, admitted))
            self._watchers.tell(header, message)
        for event in events:
            self._bus.publish(event)
        if admitted.deliver:
            self._dispatch(node, header, message, medium)
        self._acknowledge(node)

    def _statusOf(self, node: Node, header: Header, message: Message, admitted: Admitted) -> list[Event]:
        if header.type != (PROBE_ANSWER if node.ping else STATUS):
            return []
        fresh, events = self._membership.statusReceived(node, header, message, admitted)
        if not node.ping and node.protocol is False:
            self._beat.flowControl = False
        if fresh and not node.ping:
            # It should not have to wait a keepalive to hear us; and what follows finds it informed.
            self._beat.sendStatus()
        elif node.leads and node.extension is not None:
            self._beat.follow(self._clock.seconds())
        return events

    def _dispatch(self, node: Node, header: Header, message: Message, medium: IMedium) -> None:
        byLink = self._byLink.get(header.type)
        if byLink is not None:
            byLink(node, message, medium)
        own = self._own.get(header.type)
        if own is not None:
            own(node, message)
        for handler in self._handlers.get(header.type, ()):
            try:
                handler(header, message)
            except Exception:
                self._log.failure("a handler of {type} failed; this is a bug", type=header.type)

    def _acknowledged(self, node: Node, message: Message) -> None:
        number = readNumber(message, "ackseq") or 0
        if 0 < number <= self._transmitter.history.highest:
            node.acknowledged = max(node.acknowledged, number)

    def _refused(self, node: Node, message: Message) -> None:
        number = readNumber(message, "firstseq")
        if number is not None and node.sequence.giveUp(number):
            reason = (message.get("info") or "it does not say why")[:80]
            self._bus.publish(RetransmissionRefused(node=node.name, sequence=number, reason=reason))

    def _attributes(self, message: Message) -> None:
        """C{setweight} and C{setsite}, our own included: stored for those who ask."""
        node = self.nodes.get(message.get("node"))
        if node is None:
            return
        if message.type == "setsite":
            node.site = (message.get("site") or "")[:256]
        else:
            weight = readNumber(message, "weight")
            node.weight = node.weight if weight is None else weight

    def _acknowledge(self, node: Node) -> None:
        if node.local or not node.protocol or not self._beat.flowControl:
            return
        stride = STRIDE if node.extension is None else STRIDE_OURS
        number = node.acknowledgement.due(node.sequence, self._random, stride)
        if number is not None:
            ackseq = formatNumber(ACKNOWLEDGEMENT, "ackseq", number)
            self.sendTo(node.name, Message.of(ACKNOWLEDGEMENT, ackseq=ackseq))
