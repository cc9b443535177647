"""One node as people and programs of its own machine see it and ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from zope.interface import implementer

from twisted_ha.api.control import INodeControl
from twisted_ha.assembly import LocalNode
from twisted_ha.config.model import (
    BcastMedium,
    McastMedium,
    MediumConfig,
    PingMedium,
    SerialMedium,
    UcastMedium,
)
from twisted_ha.events import Event, MediumDown, MediumUp
from twisted_ha.operations import MoveReport
from twisted_ha.resources.group import GroupRunner, GroupState
from twisted_ha.status import (
    UNKNOWN,
    ClusterStatus,
    GroupView,
    HoldingsView,
    LinkView,
    MediumView,
    NodeView,
)
from twisted_ha.terms import LinkStatus, NodeName, ResourceSet
from twisted_ha.version import VERSION

__all__ = ["NodeControl"]


@implementer(INodeControl)
class NodeControl:
    """
    Answers for one L{LocalNode}.

    It is an observer of the node's bus, for what it must remember of the media.
    """

    def __init__(
        self,
        node: LocalNode,
        *,
        recent: Callable[[int], Sequence[tuple[float, Event]]],
        reload: Callable[[], Deferred[str]],
        guardian: Callable[[], str] = lambda: "off",
        warnings: Sequence[str] = (),
    ) -> None:
        """
        @param recent: the flight recorder's last events.
        @param reload: reads the configuration again.
        @param guardian: how the guardian is, in one word.
        @param warnings: what the configuration's warnings say.
        """
        self._node = node
        self._recent = recent
        self._reload = reload
        self._guardian = guardian
        self._warnings = tuple(warnings)
        self._media: dict[tuple[str, str], tuple[bool, str]] = {}
        node.bus.subscribe(self._remember)

    def _remember(self, event: Event, when: float) -> None:
        match event:
            case MediumUp():
                self._media[event.kind, event.medium] = (True, event.detail)
            case MediumDown():
                self._media[event.kind, event.medium] = (False, event.reason)
            case _:
                pass

    # what others ask

    def standby(self, resources: ResourceSet) -> Deferred[MoveReport]:
        """See L{INodeControl}."""
        return self._node.resources.requests.standby(resources)

    def takeover(self, resources: ResourceSet) -> Deferred[MoveReport]:
        """See L{INodeControl}."""
        return self._node.resources.requests.takeover(resources)

    def reload(self) -> Deferred[str]:
        """See L{INodeControl}."""
        return self._reload()

    def recent(self, count: int) -> Sequence[tuple[float, Event]]:
        """See L{INodeControl}."""
        return self._recent(count)

    def status(self) -> ClusterStatus:
        """See L{INodeControl}."""
        node = self._node
        manager = node.resources
        peer = manager.board.peer
        now = node.clock.seconds()
        return ClusterStatus(
            node=node.config.localNode,
            localStatus=node.core.localStatus.value,
            generation=node.core.nodes.local.generation,
            uptime=now - node.started,
            daemonVersion=VERSION,
            communicationsUp=node.core.communicationsUp,
            autoFailback=manager.board.mode.value,
            phase=self._phase(),
            holdings=manager.board.mine.word,
            stable=manager.settled,
            transition=not manager.settled,
            peerHoldings=HoldingsView(node=peer.name, resources=peer.resources.word, stable=peer.stable)
            if peer is not None and peer.reported
            else None,
            nodes=tuple(self._nodes(now)),
            groups=tuple(self._group(runner, now) for runner in manager.worker.runners.values()),
            media=tuple(self._medium(one) for one in node.config.media),
            guardian=self._guardian(),
            warnings=(*self._warnings, *self._alarms()),
        )

    def explain(self, group: str) -> str:
        """See L{INodeControl}."""
        manager = self._node.resources
        runner = manager.worker.runners[group]
        view = self._group(runner, self._node.clock.seconds())
        here = self._node.config.localNode
        owner = "nobody" if view.owner is None else view.owner
        lines = [
            f"{group} belongs to {view.home} and is held by {owner}.",
            f"On {here} it has been {view.state} for {view.since:.1f} s: {view.lastReason}.",
        ]
        if runner.state in (GroupState.FAILED, GroupState.STUCK):
            lines.append(f"{runner.culprit} is what fails, {runner.failures} time(s) in a row.")
        peer = manager.board.peer
        if peer is None:
            lines.append("There is no other node in ha.cf to take it.")
        elif not peer.present:
            lines.append(f"{peer.name} is not there; if {here} fails, nobody serves it.")
        elif view.owner == here:
            deadtime = self._node.config.timers.deadtime
            lines.append(f"If {here} dies, {peer.name} takes it {deadtime:g} s after the last status.")
        elif view.owner == peer.name:
            allowed = self._node.core.nodes[peer.name].deadtime or self._node.config.timers.deadtime
            lines.append(f"If {peer.name} dies, {here} takes it {allowed:g} s after its last status.")
        mode = manager.board.mode
        if view.owner not in (view.home, None):
            stays = (
                "goes back by itself" if manager.audit.wantFailback and mode.value == "on" else "stays"
            )
            lines.append(f"auto_failback is {mode.value}: it {stays} when {view.home} is there.")
        return "\n".join(lines)

    # how it is put together

    def _phase(self) -> str:
        manager = self._node.resources
        if not manager.mover.idle:
            return f"standby: {manager.mover.state.value}"
        if not manager.successor.idle:
            return f"takeover: {manager.successor.state.value}"
        return manager.joiner.phase.value

    def _nodes(self, now: float) -> list[NodeView]:
        views = []
        for view in self._node.core.nodeViews():
            links = tuple(
                LinkView(
                    name=link.medium,
                    status=link.status.value,
                    heard=link.silentFor,
                    messages=link.messages,
                    lost=link.lost,
                    duplicates=link.duplicates,
                    outOfOrder=link.outOfOrder,
                    jitter=link.jitter,
                    roundTrip=link.roundTrip,
                )
                for link in view.links
            )
            views.append(
                NodeView(
                    name=view.name,
                    status=view.status,
                    kind="ping" if view.ping else "normal",
                    local=view.local,
                    generation=view.generation or None,
                    heard=0.0 if view.local else view.silentFor,
                    deadtime=view.deadtime,
                    links=links,
                )
            )
        return views

    def _group(self, runner: GroupRunner, now: float) -> GroupView:
        return GroupView(
            key=runner.group.key,
            home=runner.group.node,
            owner=self._owner(runner),
            state=runner.state.value,
            resources=tuple(resource.token for resource in runner.group.resources),
            since=now - runner.since,
            lastReason=runner.reason,
            failures=runner.failures,
        )

    def _owner(self, runner: GroupRunner) -> NodeName | None:
        manager = self._node.resources
        board = manager.board
        if runner.state is GroupState.STARTED:
            return self._node.config.localNode
        peer = board.peer
        if peer is not None and peer.alive and board.classOf(runner.group) & peer.ourWords:
            return peer.name
        if peer is not None and peer.alive and not peer.reported and board.mode.negotiated:
            return UNKNOWN
        return None

    def _medium(self, one: MediumConfig) -> MediumView:
        kind, name = _kindAndName(one)
        working, detail = self._media.get((kind, name), (False, "not open"))
        counts = self._node.core.receiver.refused
        refused = {cause: count for (medium, cause), count in counts.items() if medium == name}
        return MediumView(name=name, kind=kind, working=working, detail=detail, refused=refused)

    def _alarms(self) -> list[str]:
        alarms = []
        for runner in self._node.resources.worker.runners.values():
            if runner.state is GroupState.FAILED:
                alarms.append(f"{runner.group.key} will not start: {runner.culprit}: {runner.reason}")
            elif runner.state is GroupState.STUCK:
                alarms.append(f"{runner.group.key} will not stop: {runner.culprit}: {runner.reason}")
        board = self._node.resources.board
        if board.disputed:
            alarms.append(f"both nodes claim our {board.disputed.word} resources")
        return alarms + self._lostLinks()

    def _lostLinks(self) -> list[str]:
        """Which nodes are heard by fewer links than there are; the last one is said aloud."""
        lost = []
        for node in self._node.core.nodeViews():
            up = [link.medium for link in node.links if link.status is LinkStatus.UP]
            if node.local or not 0 < len(up) < len(node.links):
                continue
            dead = [link.medium for link in node.links if link.status is not LinkStatus.UP]
            left = f"{up[0]} is the last link" if len(up) == 1 else f"{len(up)} links are left"
            lost.append(f"{node.name} is not heard by {', '.join(dead)}: {left} to it")
        return lost


def _kindAndName(medium: MediumConfig) -> tuple[str, str]:
    match medium:
        case BcastMedium():
            return "bcast", medium.interface
        case McastMedium():
            return ("mcast6" if medium.ipv6 else "mcast"), medium.interface
        case UcastMedium():
            return ("ucast6" if medium.ipv6 else "ucast"), medium.interface
        case SerialMedium():
            return "serial", medium.device
        case PingMedium():
            kind = "ping_group" if medium.group else "ping6" if medium.ipv6 else "ping"
            return kind, medium.name
