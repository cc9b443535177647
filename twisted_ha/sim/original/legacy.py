"""
The resource half of the original with C{auto_failback legacy} (resource-management.md sections 3.9 and
4.5).

Nobody says what it holds.  A node asks for each of its own groups and takes it at the answer, whatever
that says of who had it; a request that nobody answers is never made again.
"""

from __future__ import annotations

from twisted_ha.events import PeerShutDown
from twisted_ha.interfaces import IFencer
from twisted_ha.sim.original.holdings import LOCAL, Phase
from twisted_ha.sim.original.jobs import Scripts
from twisted_ha.sim.original.link import OriginalLink
from twisted_ha.sim.original.peers import PeerState
from twisted_ha.sim.original.resources import OriginalResources
from twisted_ha.terms import NodeName, ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["LegacyResources"]


class LegacyResources(OriginalResources):
    """The rows of the table in section 4.5."""

    def __init__(self, link: OriginalLink, scripts: Scripts, fencer: IFencer | None) -> None:
        super().__init__(link, scripts, fencer)
        self._gone: set[NodeName] = set()

    @property
    def settled(self) -> bool:
        """C{STABLE?}: a shutdown may begin whenever no job runs."""
        return self.jobs == 0

    def _report(self, stable: bool, info: str | None = None) -> None:
        """There are no reports."""

    def communicationsUp(self) -> None:
        """The local groups are asked for."""
        self.phase = Phase.STABLE
        self._requestLocal(False)
        if self._stopAsked:
            self._link.sendStatus()
            self._beginRelease()

    def _requestLocal(self, force: bool) -> None:
        if self.shuttingDown:
            return
        own = self._link.config.localNode
        alone = all(peer.status != "active" for peer in self._link.peers.values())

        async def job() -> None:
            for group in self._lines(LOCAL):
                if await self._scripts.ownsGroup(group):
                    continue
                if alone:
                    self._inject("ip-request-resp", dest=own, ipaddr=group.key, weown="yes", ok="OK")
                else:
                    self._inject("ip-request", ipaddr=group.key)
            self._say("Local Resource acquisition completed.")

        self._job(job())

    async def _machDown(self, node: NodeName) -> None:
        await self._scripts.take([group for group in self._groups if group.node == node])

    def hbStandby(self, resources: ResourceSet) -> None:
        """The command refuses by itself."""

    hbTakeover = hbStandby

    def received(self, message: Message, own: bool) -> None:
        """A message of any type, our own included, before it is sent."""
        kind = message.type
        if kind == "shutdone":
            self._shutdone(message, own)
        elif not self._link.up:
            return
        elif kind == "ip-request" and not own:
            self._event(lambda: self._give(message.get("ipaddr"), message.get("src")))
        elif kind == "ip-request-resp" and message.get("ok") == "OK":
            super().received(message, own)

    async def _give(self, key: str | None, asker: str | None) -> None:
        for group in self._groups:
            if group.key == key:
                owned = await self._scripts.ownsGroup(group)
                if owned:
                    await self._scripts.give([group])
                answer = "yes" if owned else "no"
                self._inject("ip-request-resp", dest=asker, ipaddr=key, weown=answer, ok="OK")

    def _shutdone(self, message: Message, own: bool) -> None:
        if own:
            super()._shutdone(message, own)
            return
        name = NodeName(message.get("src") or "")
        if self._link.up:
            self._gone.add(name)
            self._link.bus.publish(PeerShutDown(node=name))
            self._takeover(name)

    def died(self, peer: PeerState) -> None:
        """It is fenced unless it has said that it gave everything up, and taken over in any case."""
        if self.shuttingDown:
            return
        if peer.name not in self._gone and self._fencer is not None:
            self._fence(peer.name)
        else:
            self._takeover(peer.name)
        self._gone.discard(peer.name)
