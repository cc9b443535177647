"""The devices C{external/NAME}: a script resets the node, and is asked every hour whether it could."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import FencingError
from twisted_ha.events import (
    DaemonStopped,
    Event,
    FencingDeviceFailed,
    FencingDeviceWorks,
    ShutdownRequested,
    Warned,
)
from twisted_ha.fencing.plugin import Plugin
from twisted_ha.interfaces import IFencer
from twisted_ha.terms import NodeName

__all__ = ["INTERVAL", "RESET", "ExternalFencer"]

INTERVAL = 3600.0
"""Seconds between two looks at the device (resource-management.md section 3.12)."""

RESET = 120.0
"""Seconds for one reset.  The original has no limit; some switches wait long between off and on."""


@implementer(IFencer)
class ExternalFencer:
    """
    Resets nodes with a script.

    A reset and a look at the device never overlap: many power switches serve one client at a time.
    It is an observer of the bus, and looks no more once this node leaves.
    """

    def __init__(
        self,
        plugin: Plugin,
        *,
        clock: IReactorTime,
        bus: EventBus,
        peers: Sequence[NodeName] = (),
        deadline: float = RESET,
    ) -> None:
        """
        @param peers: the nodes that it must be able to reset.
        @param deadline: for one reset, in seconds.
        """
        self.device = f"external/{plugin.name}"
        self._plugin = plugin
        self._clock = clock
        self._bus = bus
        self._peers = tuple(peers)
        self._deadline = deadline
        self._hosts: frozenset[str] = frozenset()
        self._works: bool | None = None
        self._fencing = 0
        self._looking: Deferred[None] | None = None
        self._next: IDelayedCall | None = None

    def __call__(self, event: Event, when: float) -> None:
        """See the end of this node's work."""
        if isinstance(event, ShutdownRequested | DaemonStopped):
            self.stop()

    def start(self) -> None:
        """Look at the device now, and every hour from then on."""
        self._next = self._clock.callLater(0, self._look)

    def stop(self) -> None:
        """Look no more.  A reset under way goes on."""
        following, self._next = self._next, None
        if following is not None and following.active():
            following.cancel()
        self._lookAway()

    def fence(self, node: NodeName) -> Deferred[str]:
        """
        Reset C{node} with the script; see L{IFencer.fence}.

        Cancelled, the script is ended: the node is alive, and would be shot when the device answers
        (resource-management.md section 4.8, B4).
        """
        self._lookAway()
        return Deferred.fromCoroutine(self._fence(node))

    async def _fence(self, node: NodeName) -> str:
        self._fencing += 1
        try:
            return await self._reset(node)
        finally:
            self._fencing -= 1

    async def _reset(self, node: NodeName) -> str:
        await self._plugin.configure()
        if node not in self._hosts:
            # Never asked, or asked when it knew fewer nodes.
            self._hosts = await self._plugin.hosts()
        if node not in self._hosts:
            raise FencingError(self._cannot([node]))
        try:
            return await self._plugin.reset(node, self._deadline)
        except CancelledError:
            self._bus.publish(
                Warned(
                    message=f"the reset of {node} with {self.device} was broken off while it ran: see"
                    f" whether {node} is switched on"
                )
            )
            raise

    def _cannot(self, nodes: Sequence[str]) -> str:
        listed = ", ".join(sorted(self._hosts)) or "no node at all"
        return f"Device {self.device} cannot reset host {', '.join(nodes)}: it lists {listed}"

    # ---- looking at the device -----------------------------------------------------------------

    def _look(self) -> None:
        self._next = self._clock.callLater(INTERVAL, self._look)
        if self._fencing or self._looking is not None:
            return
        looking = self._looking = Deferred.fromCoroutine(self._asked())

        def looked(failed: object) -> None:
            if self._looking is looking:
                self._looking = None

        looking.addBoth(looked)

    def _lookAway(self) -> None:
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()

    async def _asked(self) -> None:
        try:
            await self._plugin.configure(again=True)
            self._hosts = await self._plugin.hosts()
            missing = [peer for peer in self._peers if peer not in self._hosts]
            if missing:
                raise FencingError(self._cannot(missing))
            await self._plugin.status()
        except CancelledError:
            return
        except FencingError as error:
            self._works = False
            self._bus.publish(FencingDeviceFailed(device=self.device, reason=str(error)))
        else:
            if not self._works:
                self._works = True
                self._bus.publish(FencingDeviceWorks(device=self.device))
