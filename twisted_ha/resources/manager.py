"""
The front door of the resource room: events and messages come in, and each is given to the machine it
concerns; when all is quiet, the audit looks at what is claimed.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twisted_ha.bus import EventBus
from twisted_ha.cluster.header import Header
from twisted_ha.config.model import ClusterConfig
from twisted_ha.events import (
    CommunicationsUp,
    Event,
    LateHeartbeat,
    NodeDied,
    NodeRestarted,
    NodeReturned,
    NodeStatusChanged,
    PeerShutDown,
    TransitionCompleted,
)
from twisted_ha.interfaces import IAgentRegistry, IFencer, IGuardian, IMessenger, INodes
from twisted_ha.resources.acquisition import Phase, Seen
from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.audit import Audit
from twisted_ha.resources.board import Board, Peer
from twisted_ha.resources.bystander import Bystander
from twisted_ha.resources.doubt import Doubt
from twisted_ha.resources.gate import Gate
from twisted_ha.resources.joiner import Joiner
from twisted_ha.resources.leaver import Leaver
from twisted_ha.resources.legacy import REQUEST, RESPONSE, Legacy
from twisted_ha.resources.lookout import Lookout
from twisted_ha.resources.mover import Mover
from twisted_ha.resources.offers import Offers
from twisted_ha.resources.refresher import RETRANSMISSION, Refresher
from twisted_ha.resources.requests import Requests
from twisted_ha.resources.standby import Move
from twisted_ha.resources.successor import Successor
from twisted_ha.resources.takeover import TakeoverSeen
from twisted_ha.resources.words import MOVE, REFUSED, WISH, MoveWord
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import NodeName, ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["ResourceManager"]


class ResourceManager:
    """
    Decides which groups run on this node.

    @ivar joiner: how far this node is.
    @ivar board: what is claimed, and by whom.
    @ivar worker: where groups are started and stopped.
    @ivar requests: what people ask.
    """

    def __init__(
        self,
        *,
        config: ClusterConfig,
        messenger: IMessenger,
        clock: IReactorTime,
        bus: EventBus,
        agents: IAgentRegistry,
        fencer: IFencer,
        guardian: IGuardian,
        nodes: INodes,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """
        @param look: tells L{doubt} of a stall of this process that nobody has noticed yet.
        """
        self._config = config
        self._bus = bus
        peers = config.peers
        self.board = Board(
            localNode=config.localNode,
            peer=Peer(peers[0]) if len(peers) == 1 else None,
            groups=config.managedGroups,
            mode=config.autoFailback,
            messenger=messenger,
            bus=bus,
            clock=clock,
        )
        self.board.settled = lambda: self._saysStable
        gate = Gate(look)
        self.worker = GroupWorker(
            config.managedGroups, agents, clock, bus, guardian, config.tuning, gate
        )
        self.worker.changed = self.reconsider
        keepalive = config.timers.keepalive
        self._alarms = [Alarm(clock, keepalive) for _ in range(6)]
        joining, fencing, looking, asking, refreshing, granting = self._alarms
        self.joiner = Joiner(self.board, self.worker, messenger, bus, self.reconsider, joining, nodes)
        self.mover = Mover(self.board, self.worker, messenger, clock, bus)
        self.successor = Successor(self.board, self.worker, fencer, messenger, clock, bus, fencing)
        self.leaver = Leaver(self.board, self.worker, messenger, clock, bus)
        self.audit = Audit(self.board, self.worker, self.mover, clock, bus, self.reconsider, looking)
        self.worker.handleFailure = self.audit.groupFailed
        self.bystander = Bystander(peers, messenger, nodes)
        self.legacy = Legacy(self.board, self.worker, messenger, asking)
        self.refresher = Refresher(self.board, clock, refreshing)
        self.offers = Offers(self.board, self.mover, messenger, clock, self.reconsider, granting)
        self.lookout = Lookout(
            self.board,
            self.joiner,
            self.mover,
            self.offers,
            self.successor,
            self.audit,
            self.legacy,
            nodes,
        )
        self.requests = Requests(
            self.board,
            self.mover,
            self.joiner,
            messenger,
            clock,
            bus,
            quiet=lambda: self.settled,
            reconsider=self.reconsider,
        )
        self.mover.ended = self.reconsider
        self.successor.ended = self.reconsider
        self.doubt = Doubt(
            self.board,
            self.worker,
            gate,
            guardian,
            clock,
            bus,
            config.timers,
            listened=self._listened,
            released=self._guardianReleased,
        )
        self._notice = look
        self._held: list[Callable[[], None]] = []
        self._looking = False
        self._lookAgain = False
        self._handlers: dict[str, Callable[[Peer, Header, Message], None]] = {
            "starting": self._heardStarting,
            "resource": self._heardResource,
            MOVE: lambda *heard: self._hold(lambda: self._heardAsk(*heard)),
            "shutdone": lambda *heard: self._hold(lambda: self._heardShutdone(*heard)),
            "hb_takeover": lambda peer, header, message: self.requests.peerRequests(message),
            REFUSED: self._heardRefused,
            REQUEST: lambda peer, header, message: self.legacy.requested(message),
            RETRANSMISSION: lambda peer, header, message: self.refresher.retransmissionAsked(),
            RESPONSE: self._heardGoAhead,
        }

    # ---- the state as others see it ----------------------------------------------------------

    @property
    def settled(self) -> bool:
        """This node has taken all it means to take: C{isstable} on the wire."""
        return (
            self.joiner.phase in (Phase.STABLE, Phase.MEMBER)
            and self.mover.idle
            and self.successor.idle
            and not self.audit.yielding
            and self.doubt.none
            and self.worker.settled()
        )

    @property
    def _saysStable(self) -> bool:
        # While a wish to give is unanswered nothing has changed yet.  Saying so too early makes an
        # original that hears the two in the other order refuse the wish: "Other side is in flux."
        return self.settled or (self.mover.state is Move.ASKED and self.worker.settled())

    @property
    def messageTypes(self) -> tuple[str, ...]:
        """The types of messages L{messageReceived} wants to hear."""
        return tuple(self._handlers)

    # ---- events ------------------------------------------------------------------------------

    def eventHappened(self, event: Event, when: float) -> None:
        """An L{Observer} of the bus: what the cluster room says of nodes."""
        match event:
            case CommunicationsUp() if self._isCrowd:
                self.joiner.see(Seen.CROWD)
                self.bystander.becomeMember()
            case CommunicationsUp():
                self.lookout.communicationsUp()
            case NodeDied(ping=False) if self._isPeer(event.node):
                self.lookout.died(event)
            case NodeRestarted() if self._isPeer(event.node):
                self._held.clear()  # the words of its last life
                self.lookout.restarted()
            case NodeReturned() if self._isPeer(event.node):
                self.lookout.returned()
            case LateHeartbeat() if self._isPeer(event.node):
                self.lookout.late(self._config.timers.keepalive)
            case NodeStatusChanged() if self._isPeer(event.node):
                self.lookout.statusChanged()
            case _:
                return
        self.reconsider()

    def _isPeer(self, node: NodeName) -> bool:
        return self.board.peer is not None and node == self.board.peer.name

    @property
    def _isCrowd(self) -> bool:
        return len(self._config.peers) > 1

    def _hold(self, act: Callable[[], None]) -> None:
        """
        Act on a word of the other node when everything that came during a stall has been read: it may
        have been taken back since, by a later word or by the next life of that node.
        """
        if self.doubt.listening:
            self._held.append(act)
        else:
            act()

    def _listened(self) -> None:
        held, self._held = self._held, []
        for act in held:
            act()
        if self.board.peer is not None:
            self._judge()
            self.mover.peerReports(None)
        self.legacy.askAgain()
        self.reconsider()

    def _guardianReleased(self, lost: ResourceSet, stuck: ResourceSet) -> None:
        if self.mover.state is not Move.HANDED:  # what was handed over is no more in its hands
            self.mover.abort("the guardian released the groups")
        self.board.drop(lost & ~stuck)
        self.audit.yielding |= stuck & self.board.mine
        if self.board.peer is not None:
            # It may have taken everything meanwhile: nothing is free before it has spoken again.
            self.board.peer.stable = False
        self.lookout.guardianReleased()
        if self.joiner.takesPart:
            self.board.ask("released by the guardian")
        self.reconsider()

    # ---- messages ----------------------------------------------------------------------------

    def messageReceived(self, header: Header, message: Message) -> None:
        """One of L{messageTypes} arrived from another node."""
        peer = self.board.peer
        if self._isCrowd and message.type == "starting":
            self.bystander.heardStarting(header.src, self.joiner.phase is Phase.MEMBER)
        if peer is None or header.src != peer.name:
            return
        legacy = message.type in (REQUEST, RESPONSE)
        if legacy is self.board.mode.negotiated and message.type != "shutdone":
            return  # a word of the other mode
        self.lookout.heard()
        handler = self._handlers.get(message.type)
        if handler is not None:
            handler(peer, header, message)
            self.reconsider()

    def _heardStarting(self, peer: Peer, header: Header, message: Message) -> None:
        if (header.sequence or 0) < peer.sequence:
            # It comes late, after reports that say more; it wants an answer all the same (B22).
            self.board.report(why=f"{peer.name} has started")
            return
        peer.saidStarting()
        self.board.report(why=f"{peer.name} is starting")
        self.joiner.peerStarting()
        self._judge()

    def _heardResource(self, peer: Peer, header: Header, message: Message) -> None:
        wasStable = peer.stable
        if not self.board.heardReport(message, header.sequence or 0):
            return
        if message.get("info") == "mach_down":
            self.offers.takeoverComplete()
        self._judge()
        if not self.doubt.listening:
            self.mover.peerReports(message.get("info"))
        if peer.stable and not wasStable:
            self._bus.publish(TransitionCompleted(who="remote"))
            if not peer.ours:
                self.board.report(why=f"{peer.name} is stable")  # the original wants it once

    def _judge(self) -> None:
        if not self.doubt.listening:
            self.joiner.judge()

    def _heardAsk(self, peer: Peer, header: Header, message: Message) -> None:
        word = MoveWord.of(header, message)
        if word is None:
            return
        if self.joiner.phase is Phase.LEAVING:
            if word.step == "me":
                self.offers.refuse(word, "this node is leaving")
            return  # nor is anything taken any more that was being given when this node began to leave
        match word.step:
            case "me":
                self.offers.made(word)
            case "other":
                self.mover.peerGrants(word)
            case "done" if self.offers.waiting:
                self.offers.peerDone(word)
            case "done" if self.mover.idle and not (self.joiner.phase is Phase.STABLE and peer.reported):
                # An original also says it when it has taken over from a node that leaves.  Whoever
                # leaves, or has not heard yet who holds what, takes nothing on the strength of it.
                pass
            case "done":
                self.mover.peerDone(word)
            case _:
                pass

    def _heardShutdone(self, peer: Peer, header: Header, message: Message) -> None:
        self._bus.publish(PeerShutDown(node=peer.name))
        self.lookout.left()

    def _heardRefused(self, peer: Peer, header: Header, message: Message) -> None:
        wish, reason = message.get(WISH), message.get("reason") or "no"
        if wish is None:
            self.requests.peerRefuses(reason)
        else:
            self.mover.peerRefuses(wish, reason)

    def _heardGoAhead(self, peer: Peer, header: Header, message: Message) -> None:
        if not self.doubt.listening:  # what came during a stall may be as old: who gave it has it again
            self.legacy.answered(message)

    # ---- what people ask ---------------------------------------------------------------------

    def leave(self) -> Deferred[None]:
        """
        Release everything, hand over, and say so.

        @return: fires when this node may go.
        """
        self.joiner.see(Seen.LEAVE)
        self.requests.leave()
        self.mover.abort("this node is leaving")
        self.successor.see(TakeoverSeen.LEAVING)
        self.audit.stop()
        self.legacy.stop()
        return self.leaver.leave()

    def reconfigure(self, config: ClusterConfig) -> None:
        """Other groups, another failback mode or other deadlines from now on."""
        self._config = config
        for alarm in self._alarms:
            alarm.reconfigure(config.timers.keepalive)
        self.doubt.timers = config.timers
        self.board.mode = config.autoFailback
        self.board.groups = config.managedGroups
        self.worker.reconfigure(config.managedGroups, config.tuning)
        held = self.board.mine & ~self.audit.yielding
        if self.mover.state is Move.NONE and self.joiner.phase is not Phase.LEAVING:
            for key in self.board.keys(held):
                if not self.worker.wants(key):
                    self.worker.want([key], True, why="new in haresources, and its class is held here")
        self.reconsider()

    def stop(self) -> None:
        """Begin nothing more, at once: for a daemon that ends without leaving."""
        for alarm in self._alarms:
            alarm.cancel()
        self.doubt.stop()
        self.worker.stop()

    # ---- when something has changed ------------------------------------------------------------

    def reconsider(self) -> None:
        """
        Look at everything again: steps that are complete, wishes that wait, the audit, our report.

        Called after whatever may have changed something; calls during a call are one more round.
        """
        self._lookAgain = True
        if self._looking:
            return
        self._looking = True
        try:
            while self._lookAgain:
                self._lookAgain = False
                self._look()
        finally:
            self._looking = False

    def _look(self) -> None:
        self._notice()
        if self.doubt.listening:
            return
        self.successor.withhold()
        self.mover.progress()
        self.successor.progress()
        self.leaver.progress()
        self.legacy.progress()
        if self.doubt.none:
            self.lookout.regain()
        self.audit.released()
        if self.joiner.phase is not Phase.STABLE or not self.board.mode.negotiated:
            return
        if self.settled:
            self.offers.answer()
        if self.settled and not self.offers.waiting:  # one wish at a time, and the other's came first
            self.requests.serve()
        if self.settled:
            self.audit.look()
        else:
            self.audit.restless()
            if self.doubt.none and not (self.mover.idle and self.successor.idle):
                self.audit.lookMeanwhile()
        self.board.reportChange("settled" if self.settled else "in transition")
