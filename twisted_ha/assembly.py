"""
One node, put together: the same for the daemon, a test and the simulation.

What varies is handed in as L{Surroundings}; nothing here opens, binds, spawns or reads a clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.cluster.core import ClusterCore
from twisted_ha.config.model import ClusterConfig
from twisted_ha.frozen import dataclass
from twisted_ha.interfaces import IAgentRegistry, IFencer, IGuardian, IMarkStore, IMedium
from twisted_ha.resources.manager import ResourceManager

__all__ = ["LocalNode", "Surroundings", "assemble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """
    Everything of a node that is not decided by its configuration.

    @ivar clock: monotonic; everything is decided by it.
    @ivar wallClock: seconds since the epoch, for the C{ts} of messages and nothing else.
    @ivar media: in the order of C{ha.cf}; opened and closed by whoever made them.
    @ivar generation: of this life, on disk already.
    @ivar uuid: 16 bytes, the same in every life.
    @ivar marks: how far the others were heard in earlier lives.
    @ivar loadAverage: the text of the C{ld} field.
    @ivar bus: where events are told; a new one if not given.
    @ivar beat: called with every status sent, beside the guardian's.
    """

    clock: IReactorTime
    wallClock: Callable[[], float]
    random: random.Random
    media: Sequence[IMedium]
    agents: IAgentRegistry
    fencer: IFencer
    guardian: IGuardian
    generation: int
    uuid: bytes
    marks: IMarkStore
    loadAverage: Callable[[], str] = lambda: "n/a"
    bus: EventBus | None = None
    beat: Callable[[], None] = lambda: None


class LocalNode:
    """
    A node of the cluster, as its own daemon sees it.

    @ivar bus: everything that happens here.
    @ivar core: membership and messages.  Its C{receiver} is the sink of the media.
    @ivar resources: which groups run here, and why.
    """

    def __init__(self, config: ClusterConfig, surroundings: Surroundings) -> None:
        self.config = config
        self.clock = surroundings.clock
        self.guardian = surroundings.guardian
        self.bus = surroundings.bus or EventBus(surroundings.clock)
        self.started = surroundings.clock.seconds()

        def beat() -> None:
            surroundings.guardian.beat()
            surroundings.beat()

        self.core = ClusterCore(
            config=config,
            clock=surroundings.clock,
            wallClock=surroundings.wallClock,
            random=surroundings.random,
            media=surroundings.media,
            keyring=KeyRing(config.keys),
            bus=self.bus,
            generation=surroundings.generation,
            uuid=surroundings.uuid,
            marks=surroundings.marks,
            loadAverage=surroundings.loadAverage,
            beat=beat,
        )
        self.resources = ResourceManager(
            config=config,
            messenger=self.core,
            clock=surroundings.clock,
            bus=self.bus,
            agents=surroundings.agents,
            fencer=surroundings.fencer,
            guardian=surroundings.guardian,
            nodes=self.core.nodes,
            look=self.core.look,
        )
        self.bus.subscribe(self.resources.eventHappened)
        self.core.onLate(self.resources.doubt.late)
        for messageType in self.resources.messageTypes:
            self.core.handle(messageType, self.resources.messageReceived)

    def start(self) -> None:
        """Say hello and begin to beat.  The media are open."""
        self.core.start()

    def stop(self) -> Deferred[None]:
        """
        Hand over and leave.

        @return: fires when everything is released and said; the media may be closed then.
        """
        self.core.sendStatus()
        done = self.resources.leave()

        def left(_: None) -> None:
            self.core.sendStatus()
            self.kill()

        return done.addCallback(left)

    def kill(self) -> None:
        """Stop everything at once, as when the process dies: nothing is released and nothing said."""
        self.resources.stop()
        self.core.stop()


def assemble(config: ClusterConfig, surroundings: Surroundings) -> LocalNode:
    """Put a node together."""
    return LocalNode(config, surroundings)
