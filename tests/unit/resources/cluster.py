"""A cluster of resource managers without a wire: messages arrive one turn of the clock later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from zope.interface import implementer

from twisted_ha.auth.key import Key
from twisted_ha.bus import EventBus
from twisted_ha.cluster.header import Header
from twisted_ha.config.model import ClusterConfig, Keys, Resource, ResourceGroup, Timers, Tuning
from twisted_ha.errors import AgentError, FencingError
from twisted_ha.events import (
    CommunicationsUp,
    Event,
    NodeDied,
    NodeRestarted,
    NodeReturned,
    NodeStatusChanged,
)
from twisted_ha.interfaces import IAgentRegistry, IFencer, IGuardian, IMessenger, INodes, IResourceAgent
from twisted_ha.operations import GuardedGroup, Invocation, MoveReport, Outcome, Standing
from twisted_ha.resources.manager import ResourceManager
from twisted_ha.terms import FailbackMode, NodeName
from twisted_ha.wire.message import Message

ALPHA, BETA = NodeName("alpha"), NodeName("beta")


def group(node: str, *tokens: str) -> ResourceGroup:
    """A line of C{haresources}."""
    resources = tuple(Resource(token=token, agent=token.split("::")[0]) for token in tokens)
    return ResourceGroup(key=tokens[0], node=NodeName(node), resources=resources)


GROUPS = (group("alpha", "a1", "a2"), group("beta", "b1"))


def configuration(node: NodeName, **changes: object) -> ClusterConfig:
    """A cluster of alpha and beta, seen from C{node}."""
    values: dict[str, object] = {
        "directory": "/etc/ha.d",
        "localNode": node,
        "nodes": (ALPHA, BETA),
        "media": (),
        "timers": Timers(keepalive=1, deadtime=5, initdead=10),
        "keys": Keys(keys={1: Key("crc")}, signing=1),
        "groups": GROUPS,
        "autoFailback": FailbackMode.OFF,
    }
    values.update(changes)
    return ClusterConfig(**values)  # type: ignore[arg-type]


@implementer(IResourceAgent)
@dataclass(eq=False)
class FakeAgent:
    """
    A resource that can be slow, can fail and can hang.

    @ivar startTakes: seconds; L{None} hangs.
    """

    resource: Resource
    clock: Clock
    calls: list[str]
    running: bool = False
    statusTakes: float = 0.0
    startTakes: float | None = 0.0
    stopTakes: float | None = 0.0
    startFails: bool = False
    stopFails: bool = False
    handedOver: list[bool] = field(default_factory=list)
    announced: int = 0
    busy: bool = False
    looking: IDelayedCall | None = None

    def _after(self, seconds: float | None, outcome: Outcome, running: bool) -> Deferred[Outcome]:
        assert not self.busy, "two operations on one resource at once"
        self.busy = True
        done: Deferred[Outcome] = Deferred()

        def finish() -> None:
            self.busy = False
            if outcome.ok:
                self.running = running
            done.callback(outcome)

        if seconds == 0:
            finish()
        elif seconds is not None:
            self.clock.callLater(seconds, finish)
        return done

    def start(self, handedOver: bool) -> Deferred[Outcome]:
        self.calls.append(f"start {self.resource.token}")
        self.handedOver.append(handedOver)
        if self.startFails:
            return self._after(self.startTakes, Outcome(ok=False, reason="exit status 1"), False)
        return self._after(self.startTakes, Outcome(ok=True), True)

    def stop(self) -> Deferred[Outcome]:
        self.calls.append(f"stop {self.resource.token}")
        if self.stopFails:
            return self._after(self.stopTakes, Outcome(ok=False, reason="exit status 1"), False)
        return self._after(self.stopTakes, Outcome(ok=True), False)

    def status(self) -> Deferred[Standing]:
        standing = Standing.RUNNING if self.running else Standing.STOPPED
        if not self.statusTakes:
            return succeed(standing)
        assert not self.busy, "two operations on one resource at once"
        self.busy = True
        done: Deferred[Standing] = Deferred()
        self.looking = self.clock.callLater(self.statusTakes, self._looked, done, standing)
        return done

    def _looked(self, done: Deferred[Standing], standing: Standing) -> None:
        self.busy = False
        done.callback(standing)

    def interrupt(self) -> None:
        if self.looking is not None and self.looking.active():
            self.looking.reset(0)

    def announce(self) -> None:
        self.announced += 1

    def emergencyStop(self) -> Invocation | None:
        return Invocation(argv=("/bin/stop", self.resource.token))


@implementer(IAgentRegistry)
class FakeRegistry:
    """Agents by token; those named in C{missing} do not exist."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls: list[str] = []
        self.agents: dict[str, FakeAgent] = {}
        self.missing: set[str] = set()

    def find(self, group: ResourceGroup, resource: Resource) -> FakeAgent:
        if resource.token in self.missing:
            raise AgentError(f"no agent for {resource.token}")
        return self[resource.token]

    def __getitem__(self, token: str) -> FakeAgent:
        if token not in self.agents:
            resource = Resource(token=token, agent=token)
            self.agents[token] = FakeAgent(resource, self.clock, self.calls)
        return self.agents[token]


@implementer(IGuardian)
class FakeGuardian:
    """
    Remembers what is held.

    @ivar answer: what it answers when it is asked next.
    """

    def __init__(self) -> None:
        self.answer: Deferred[None] = succeed(None)
        self.released = self.releaseBegan = self.releaseFailed = None
        self.held: list[str] = []
        self.history: list[list[str]] = []

    def hold(self, groups: Sequence[GuardedGroup]) -> None:
        self.held = [one.key for one in groups]
        self.history.append(self.held)

    def beat(self) -> None:
        pass

    def ask(self) -> Deferred[None]:
        answer, self.answer = self.answer, succeed(None)
        return answer

    def stop(self) -> Deferred[None]:
        return succeed(None)


@implementer(IFencer)
class FakeFencer:
    """Fences, or fails to, as told."""

    device = "fake"

    def __init__(self) -> None:
        self.fenced: list[str] = []
        self.fails = False
        self.hangs = False

    def fence(self, node: NodeName) -> Deferred[str]:
        self.fenced.append(node)
        if self.hangs:
            return Deferred()
        if self.fails:
            return fail(FencingError("the device does not answer"))
        return succeed("reset")


@implementer(IMessenger)
class Wire:
    """One node's mouth: what it says reaches the other node a millisecond later."""

    def __init__(self, cluster: PairOfManagers, node: NodeName) -> None:
        self.cluster = cluster
        self.node = node
        self.sequence = 0
        self.said: list[Message] = []

    def send(self, message: Message) -> None:
        self.sequence += 1
        self.said.append(message)
        self.cluster.carry(self.node, self.sequence, message)

    def sendTo(self, node: NodeName, message: Message) -> None:
        self.send(message.replacing("dest", node))

    def types(self) -> list[str]:
        """What was said, briefly."""
        return [briefly(message) for message in self.said]


def briefly(message: Message) -> str:
    """A message as one short word."""
    if message.type == "resource":
        stable = message.get("isstable")
        info = message.get("info")
        return f"resource {message.get('rsc_hold')} {stable}" + (f" {info}" if info else "")
    if message.type == "ask_resources":
        return f"ask {message.get('rsc_hold')} {message.get('info')}"
    return message.type


class Member:
    """One node: a manager and what surrounds it."""

    def __init__(self, cluster: PairOfManagers, node: NodeName, **changes: object) -> None:
        self.cluster = cluster
        self.node = node
        self.generation = 1
        self.config = configuration(node, **changes)
        self.bus = EventBus(cluster.clock)
        self.events: list[Event] = []
        self.bus.subscribe(lambda event, when: self.events.append(event))
        self.wire = Wire(cluster, node)
        self.agents = FakeRegistry(cluster.clock)
        self.guardian = FakeGuardian()
        self.fencer = FakeFencer()
        self.ours = True
        self.look: Callable[[], None] = lambda: None
        self.reports: list[MoveReport] = []
        self.boot()

    def boot(self) -> None:
        """A new life of the daemon."""
        self.manager = ResourceManager(
            config=self.config,
            messenger=self.wire,
            clock=self.cluster.clock,
            bus=self.bus,
            agents=self.agents,
            fencer=self.fencer,
            guardian=self.guardian,
            nodes=self.cluster,
            look=lambda: self.look(),
        )
        self.unsubscribe = self.bus.subscribe(self.manager.eventHappened)
        self.alive = True

    def told(self, kind: type[Event]) -> list[Event]:
        """The events of one class so far."""
        return [event for event in self.events if type(event) is kind]

    def running(self) -> list[str]:
        """The tokens of the resources that run here."""
        return sorted(token for token, agent in self.agents.agents.items() if agent.running)

    def standby(self, resources: object) -> None:
        self.manager.requests.standby(resources).addCallback(self.reports.append)  # type: ignore[arg-type]

    def takeover(self, resources: object) -> None:
        self.manager.requests.takeover(resources).addCallback(self.reports.append)  # type: ignore[arg-type]


@implementer(INodes)
class FakeNodes:
    """What is known of other nodes: five sets of names."""

    def __init__(self, *, ours: Iterable[NodeName] = (), living: Iterable[NodeName] = ()) -> None:
        self.ours = set(ours)
        self.living = set(living)
        self.active: set[NodeName] = set()
        self.deaf: set[NodeName] = set()
        self.patchy: set[NodeName] = set()

    def isOurs(self, name: NodeName) -> bool:
        return name in self.ours

    def isAlive(self, name: NodeName) -> bool:
        return name in self.living

    def isActive(self, name: NodeName) -> bool:
        return name in self.active

    def isDeaf(self, name: NodeName) -> bool:
        return name in self.deaf

    def isHeardWhole(self, name: NodeName, since: float) -> bool:
        return name not in self.patchy


@implementer(INodes)
class PairOfManagers:
    """
    Alpha and beta, and the wire between them.

    @ivar cut: messages are lost.
    @ivar deaf: nodes that hear nothing.
    @ivar lost: types of messages that arrive nowhere.
    @ivar owners: after each turn, the resources that run on both nodes.
    """

    def __init__(self, **changes: object) -> None:
        self.clock = Clock()
        self.cut = False
        self.deaf: set[NodeName] = set()
        self.lost: set[str] = set()
        self.twice: set[str] = set()
        self.members: dict[NodeName, Member] = {}
        self.sequence = 0
        for node in (ALPHA, BETA):
            self.members[node] = Member(self, node, **changes)
        self.alpha, self.beta = self.members[ALPHA], self.members[BETA]

    def isOurs(self, name: NodeName) -> bool:
        return self.members[name].ours

    def isAlive(self, name: NodeName) -> bool:
        return self.members[name].alive

    isActive = isAlive

    def isDeaf(self, name: NodeName) -> bool:
        return name in self.deaf

    def isHeardWhole(self, name: NodeName, since: float) -> bool:
        return self.members[name].alive

    def others(self, node: NodeName) -> Iterator[Member]:
        return (member for member in self.members.values() if member.node != node)

    def carry(self, source: NodeName, sequence: int, message: Message) -> None:
        if message.type in self.lost:
            return
        for member in self.others(source):
            if member.node in self.deaf:
                continue
            if not self.cut and member.alive and self.members[source].alive:
                self.clock.callLater(0.001, self.deliver, member, source, sequence, message)

    def deliver(self, member: Member, source: NodeName, sequence: int, message: Message) -> None:
        if not member.alive or message.type not in member.manager.messageTypes:
            return
        dest = message.get("dest")
        if dest is not None and dest != member.node:
            return
        complete = message
        for name, value in (("src", source), ("seq", f"{sequence:x}"), ("hg", "1"), ("ts", "1")):
            complete = complete.replacing(name, value)
        member.manager.messageReceived(Header.of(complete), complete)

    def run(self, seconds: float) -> None:
        """Step from one pending call to the next for that long."""
        end = self.clock.seconds() + seconds
        while True:
            times = [call.getTime() for call in self.clock.getDelayedCalls()]
            due = min((time for time in times if time <= end), default=None)
            if due is None:
                break
            self.clock.advance(max(0.0, due - self.clock.seconds()))
            self.twice |= set(self.alpha.running()) & set(self.beta.running())
        self.clock.advance(end - self.clock.seconds())

    # what the cluster room would say

    def meet(self, member: Member) -> None:
        """C{member} hears the other and its communications come up."""
        for other in self.others(member.node):
            if other.alive:
                member.bus.publish(NodeStatusChanged(node=other.node, status="up", previous="init"))
        member.bus.publish(CommunicationsUp())

    def start(self) -> None:
        """Both nodes are switched on."""
        self.meet(self.alpha)
        self.meet(self.beta)
        self.run(1)

    def startAlone(self, member: Member) -> None:
        """C{member} is switched on, and the other was never heard."""
        for other in self.others(member.node):
            self.powerOff(other)
            member.bus.publish(NodeDied(node=other.node, silentFor=10, deadtime=10, heard=False))
        member.bus.publish(CommunicationsUp())
        self.run(1)

    def powerOff(self, member: Member) -> None:
        """C{member} loses power: nothing runs there any more, and nobody has noticed yet."""
        member.alive = False
        member.manager.stop()
        member.unsubscribe()
        for agent in member.agents.agents.values():
            agent.running = agent.busy = False

    def declareDead(self, member: Member) -> None:
        """The other node's deadtime has passed."""
        for other in self.others(member.node):
            other.bus.publish(NodeDied(node=member.node, silentFor=5, deadtime=5))
        self.run(1)

    def restart(self, member: Member, noticed: bool = True) -> None:
        """C{member} comes back with a new generation."""
        member.generation += 1
        member.boot()
        for other in self.others(member.node):
            other.bus.publish(NodeRestarted(node=member.node, generation=member.generation, previous=1))
            previous = "dead" if noticed else "active"
            other.bus.publish(NodeStatusChanged(node=member.node, status="up", previous=previous))
        self.meet(member)
        self.run(1)

    def partition(self) -> None:
        """Every cable is cut, and both notice."""
        self.cut = True
        self.run(0.1)
        for member in self.members.values():
            for other in self.others(member.node):
                member.bus.publish(NodeDied(node=other.node, silentFor=5, deadtime=5))
        self.run(1)

    def mend(self) -> None:
        """The cables are whole again."""
        self.cut = False
        for member in self.members.values():
            for other in self.others(member.node):
                member.bus.publish(NodeReturned(node=other.node, silentFor=10))
                member.bus.publish(NodeStatusChanged(node=other.node, status="active", previous="dead"))


__all__ = ["ALPHA", "BETA", "GROUPS", "Member", "PairOfManagers", "Tuning", "configuration", "group"]
