"""
The doors of a daemon: its API, the manhole, the original's API, and the programs of C{respawn} lines
that come in by it.  They watch and ask; the cluster does not need them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from twisted_ha.agents.environment import scriptEnvironment
from twisted_ha.api.permission import Permission
from twisted_ha.api.server import ApiFactory, ApiService
from twisted_ha.assembly import LocalNode
from twisted_ha.bus import EventBus
from twisted_ha.clientapi import ClientApi
from twisted_ha.config.model import ClusterConfig
from twisted_ha.control import NodeControl
from twisted_ha.places import Places
from twisted_ha.platform.interface import IPlatform, PeerCredentials

if TYPE_CHECKING:
    from twisted_ha.respawn import Respawner

__all__ = ["Doors"]


class Doors:
    """Each is opened and closed by itself; closing one that is not open does nothing."""

    def __init__(
        self,
        node: LocalNode,
        control: NodeControl,
        *,
        config: ClusterConfig,
        places: Places,
        reactor: Any,
        platform: IPlatform,
        bus: EventBus,
        wallClock: Callable[[], float],
        metrics: Callable[[], str],
    ) -> None:
        """@param metrics: the page that a monitoring system reads."""
        self._node = node
        self._control = control
        self._config = config
        self._places = places
        self._reactor = reactor
        self._platform = platform
        self._bus = bus
        self._wallClock = wallClock
        self._metrics = metrics
        self._api: ApiService | None = None
        self._manhole: Any = None
        self._clientApi: ClientApi | None = None
        self._respawner: Respawner | None = None

    def permit(self, config: ClusterConfig) -> None:
        """Another configuration says who may ask what."""
        if self._api is not None:
            self._api.factory.permission = Permission.of(config.apiauth)

    def openApi(self) -> None:
        """The socket of C{hactl}, if it has a place."""
        if self._places.api is None:
            return
        self._api = ApiService(
            self._places.api,
            ApiFactory(
                control=self._control,
                bus=self._bus,
                credentials=self._credentials,
                permission=Permission.of(self._config.apiauth),
                wallClock=self._wallClock,
                metrics=self._metrics,
            ),
            reactor=self._reactor,
            clock=self._reactor,
            bus=self._bus,
        )
        self._api.startService()

    def closeApi(self) -> Deferred[None] | None:
        """@return: fires when it is closed."""
        return self._api.stopService() if self._api is not None else None

    def openManhole(self) -> None:
        """A live prompt, if it has a place."""
        if self._places.manhole is None:
            return
        from twisted_ha.manhole import ManholeService

        control = self._control
        self._manhole = ManholeService(
            self._places.manhole,
            {
                "node": self._node,
                "status": control.status,
                "recent": control.recent,
                "explain": control.explain,
            },
            reactor=self._reactor,
            clock=self._reactor,
            bus=self._bus,
        )
        self._manhole.startService()

    def closeManhole(self) -> Deferred[None] | None:
        """@return: fires when it is closed."""
        return self._manhole.stopService() if self._manhole is not None else None

    def openClientApi(self) -> None:
        """The socket and the FIFO that programs of the original use."""
        control = self._control
        self._clientApi = ClientApi(
            self._node,
            socket=os.path.join(self._places.run, "register"),
            fifo=os.path.join(self._places.state, "fifo"),
            reactor=self._reactor,
            wallClock=self._wallClock,
            bus=self._bus,
            credentials=self._credentials,
            working=lambda name: any(one.working for one in control.status().media if one.name == name),
        )
        self._clientApi.start()

    def closeClientApi(self) -> Deferred[None] | None:
        """@return: fires when they are closed."""
        return self._clientApi.stop() if self._clientApi is not None else None

    def startPrograms(self) -> None:
        """The programs of C{respawn} lines run from the moment the cluster's nodes are known."""
        if not self._config.respawn:
            return
        from twisted_ha.respawn import Respawner, clientSpawner

        environment = scriptEnvironment(self._config, self._places, os.environ)
        self._respawner = Respawner(
            self._config.respawn,
            spawn=clientSpawner(self._reactor, environment),
            clock=self._reactor,
            bus=self._bus,
        )
        self._bus.subscribe(self._respawner)
        if self._node.core.communicationsUp:
            self._respawner.start()

    def stopPrograms(self) -> Deferred[None] | None:
        """@return: fires when they have ended."""
        return self._respawner.stop() if self._respawner is not None else None

    def _credentials(self, transport: Any) -> PeerCredentials:
        return self._platform.peerCredentials(transport.socket)
