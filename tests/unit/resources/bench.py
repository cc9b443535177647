"""One node's parts on a bench: each machine of the room alone, with nobody at the other end."""

from __future__ import annotations

from twisted.internet.task import Clock
from zope.interface import implementer

from tests.unit.resources.cluster import ALPHA, BETA, GROUPS, FakeGuardian, FakeRegistry, briefly
from twisted_ha.bus import EventBus
from twisted_ha.config.model import Tuning
from twisted_ha.events import Event
from twisted_ha.interfaces import IMessenger
from twisted_ha.resources.alarm import Alarm
from twisted_ha.resources.board import Board, Peer
from twisted_ha.resources.gate import Gate
from twisted_ha.resources.mover import Mover
from twisted_ha.resources.worker import GroupWorker
from twisted_ha.terms import FailbackMode, NodeName, ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["Bench", "Mouth"]


@implementer(IMessenger)
class Mouth:
    """Remembers what was said."""

    def __init__(self) -> None:
        self.said: list[Message] = []

    def send(self, message: Message) -> None:
        self.said.append(message)

    def sendTo(self, node: NodeName, message: Message) -> None:
        self.said.append(message.replacing("dest", node))

    def types(self) -> list[str]:
        """What was said, briefly."""
        return [briefly(message) for message in self.said]


class Bench:
    """
    Alpha's board, worker and mover; both nodes are settled, and each has its own.

    @ivar peer: beta, which is of our kind and stable.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.bus = EventBus(self.clock)
        self.events: list[Event] = []
        self.bus.subscribe(lambda event, when: self.events.append(event))
        self.mouth = Mouth()
        self.agents = FakeRegistry(self.clock)
        self.peer = Peer(
            BETA,
            alive=True,
            ours=True,
            reported=True,
            stable=True,
            resources=ResourceSet.LOCAL,
        )
        self.board = Board(
            localNode=ALPHA,
            peer=self.peer,
            groups=GROUPS,
            mode=FailbackMode.OFF,
            messenger=self.mouth,
            bus=self.bus,
            clock=self.clock,
        )
        self.board.settled = lambda: True
        self.board.claim(ResourceSet.LOCAL)
        self.worker = GroupWorker(
            GROUPS, self.agents, self.clock, self.bus, FakeGuardian(), Tuning(), Gate()
        )
        self.mover = Mover(self.board, self.worker, self.mouth, self.clock, self.bus)
        self.worker.changed = self.mover.progress

    def alarm(self) -> Alarm:
        """A timer of a cluster with one beat a second."""
        return Alarm(self.clock, 1.0)

    def told(self, kind: type[Event]) -> list[Event]:
        """The events of one class so far."""
        return [event for event in self.events if type(event) is kind]
