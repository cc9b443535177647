"""
The resource half of the original: the event table of resource-management.md section 4.3, bugs included.

Rows carry the names of the table (C1, X1, R4...); where a row is a known bug it says which (B2...).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import ensureDeferred

from twisted_ha.config.model import ResourceGroup
from twisted_ha.events import (
    FencingFailed,
    FencingSucceeded,
    HoldingsChanged,
    Notice,
    PeerShutDown,
    TakeoverStarted,
)
from twisted_ha.interfaces import IFencer
from twisted_ha.sim.original.holdings import (
    ALL,
    FOREIGN,
    LOCAL,
    NONE,
    Holdings,
    Phase,
    Standby,
    wordSet,
)
from twisted_ha.sim.original.jobs import Scripts
from twisted_ha.sim.original.link import OriginalLink
from twisted_ha.sim.original.peers import PeerState
from twisted_ha.terms import FailbackMode, NodeName, ResourceSet
from twisted_ha.wire.message import Message

__all__ = ["OriginalResources"]

TIE_BREAK = 10.0
ANSWER_TIME = 10.0
SCRIPT_TIME = 3600.0
FENCE_AGAIN = 5.0

Job = Coroutine[Any, Any, None]


class OriginalResources(Holdings):
    """
    The other half of a simulated heartbeat 3.0.6, in the negotiated modes.

    @ivar finished: called when the daemon exits; with whether it starts itself again.
    """

    def __init__(self, link: OriginalLink, scripts: Scripts, fencer: IFencer | None) -> None:
        super().__init__()
        self.finished: Callable[[bool], None] = lambda again: None
        self._link = link
        self._clock = link.clock
        self._scripts = scripts
        self._fencer = fencer
        self._mode = link.config.autoFailback
        self._groups = link.config.groups
        self._events: deque[Callable[[], Job]] = deque()
        self._stopAsked = False
        link.listener = self
        scripts.startFailed = lambda: self.hbStandby(FOREIGN)  # B7: always foreign

    def _say(self, text: str) -> None:
        self._link.bus.publish(Notice(message=text))

    def _lines(self, resources: ResourceSet) -> list[ResourceGroup]:
        own = self._link.config.localNode
        return [group for group in self._groups if (LOCAL if group.node == own else FOREIGN) & resources]

    # what people ask

    def hbStandby(self, resources: ResourceSet) -> None:
        """The command hb_standby: through the fifo, so at the next turn of the main loop."""
        self._inject("ask_resources", rsc_hold=resources.word, info="me")

    def hbTakeover(self, resources: ResourceSet) -> None:
        """The command hb_takeover."""
        self._inject("hb_takeover", rsc_hold=resources.word)

    def terminate(self) -> None:
        """SIGTERM: rows K1 and K2."""
        if self._stopAsked:
            return
        self._stopAsked = True
        self.shuttingDown = True
        if not self._link.up:
            self._say("Shutdown delayed until Communication is up.")
            return
        self._link.sendStatus()
        self._beginRelease()

    # jobs and queued events

    def _inject(self, type: str, **values: str | None) -> None:
        self._link.later(lambda: self._link.send(type, **values))

    def _job(self, job: Job) -> None:
        self.jobs += 1

        def ended(_: object) -> None:
            self.jobs -= 1
            if self.jobs == 0 and self._events:
                self._job(self._events.popleft()())
            self._maybeRelease()

        ensureDeferred(job).addBoth(ended)

    def _event(self, make: Callable[[], Job]) -> None:
        self._events.append(make)
        if self.jobs == 0:
            self._job(self._events.popleft()())

    # procedures of section 4.2

    def _report(self, stable: bool, info: str | None = None) -> None:
        self._link.bus.publish(
            HoldingsChanged(holdings=self.mine.word, stable=stable, why=info or "report")
        )
        self._link.send(
            "resource",
            rsc_hold=self.mine.word,
            rtype="full",
            isstable="1" if stable else "0",
            info=info,
        )

    def _requestLocal(self, force: bool) -> None:
        if self.shuttingDown:
            return
        taken = FOREIGN & self.theirs or LOCAL & self.mine
        if not force and taken and self.standby is Standby.NOT:
            self._say("Local Resource acquisition completed. (none)")
            return
        self.mine |= LOCAL

        async def job() -> None:
            for group in self._lines(LOCAL):
                if not await self._scripts.ownsGroup(group):
                    self._inject(
                        "ip-request-resp",
                        dest=self._link.config.localNode,
                        ipaddr=group.key,
                        weown="yes",
                        ok="OK",
                    )
            self._say("Local Resource acquisition completed.")
            self._link.later(lambda: self._report(True, "req_our_resources()"))  # B13

        self._job(job())

    def _takeover(self, node: NodeName) -> None:
        if self.shuttingDown:
            self._say("Resource takeover cancelled - shutdown in progress.")
            self._maybeRelease()
            return
        self._link.bus.publish(TakeoverStarted(node=node, why="dead or gone"))
        self._event(lambda: self._machDown(node))
        self.mine |= FOREIGN
        self.theirs = NONE
        self.peerStable = True
        self.takingOver = True
        self._requestLocal(True)
        self._link.peers[node].heard = True

    async def _machDown(self, node: NodeName) -> None:
        await self._scripts.take([group for group in self._groups if group.node == node])
        self._inject("resource", rsc_hold="foreign", info="mach_down")

    def _transfer(self, release: bool, resources: ResourceSet) -> None:
        if release:
            self.peerStable = False
            self.mine &= ~resources
            self._report(False, "standby")  # B2: said before anything is released
        lines = self._lines(resources if release else resources.mirrored)

        async def job() -> None:
            await (self._scripts.give(lines) if release else self._scripts.take(lines))
            word = resources if release else self.standbyType
            self._inject("ask_resources", rsc_hold=word.word, info="done")

        self._job(job())

    def _tryFailback(self) -> None:
        if (
            self.shuttingDown
            or not FOREIGN & self.mine
            or not self.wantFailback
            or self._mode is not FailbackMode.ON
        ):
            self.wantFailback = False
            self._maybeRelease()
            return
        busy = self.standby is not Standby.NOT or self.phase is not Phase.STABLE
        if busy or not self.peerStable:  # B12: jobs are not asked
            self._clock.callLater(1.0, self._tryFailback)
            return
        self.wantFailback = False
        self.standbyType = FOREIGN
        self._link.send("ask_resources", rsc_hold="foreign", info="me")

    def _maybeRelease(self) -> None:
        if self.wantShutdown:
            self._beginRelease()

    def _beginRelease(self) -> None:
        if not self.settled:  # B10, B11: waits for the other node
            if not self.wantShutdown:
                self._say("Shutdown delayed until current resource activity finishes.")
            self.wantShutdown = True
            return
        self.wantShutdown = False
        self.shuttingDown = True
        if self.releasing:
            return
        self.releasing = True
        self.mine = NONE
        self.phase = Phase.SHUTDOWN
        self._say("Heartbeat shutdown in progress.")
        self._report(False, "shutdown")

        async def job() -> None:
            await self._scripts.give(self._groups)
            self._say("All HA resources relinquished.")
            self._inject("shutdone", st="dead")

        self._job(job())

    # rows

    def communicationsUp(self) -> None:
        """Rows C1 and C2."""
        if self.phase is Phase.INIT:
            self.phase = Phase.STARTING
        self._link.send("starting")
        self._clock.callLater(0.25, self._poll)
        if self._stopAsked:
            self._link.sendStatus()
            self._beginRelease()

    def _poll(self) -> None:
        self._clock.callLater(0.25, self._poll)
        self._standbyTimeout()
        if self.phase is Phase.RSCRCVD and self.t10 is not None and self._now > self.t10:
            self.phase = Phase.STABLE  # row T10
            self._requestLocal(False)
            self._say("local resource transition completed.")
            self._report(True)

    @property
    def _now(self) -> float:
        return self._clock.seconds()

    def _standbyTimeout(self) -> None:
        if self.standbyUntil is not None and self._now > self.standbyUntil:
            self.standbyUntil = None  # row S-TMO
            self.peerStable = True
            self.standby = Standby.NOT
            self._say("No reply to standby request.  Standby request cancelled.")
            self._maybeRelease()

    def received(self, message: Message, own: bool) -> None:
        """A message of any type, our own included, before it is sent."""
        self._standbyTimeout()
        kind = message.type
        if kind == "shutdone":
            self._shutdone(message, own)
        elif not self._link.up:
            return  # handlers are installed when communications are up
        elif kind == "starting" and not own:
            self._starting()
        elif kind == "resource":
            self._resource(message, own)
        elif kind == "ask_resources":
            self._ask(message, own)
        elif kind == "ip-request-resp":
            if message.get("dest") == self._link.config.localNode and not self.shuttingDown:
                key = message.get("ipaddr")
                lines = [group for group in self._groups if group.key == key]
                self._event(lambda: self._scripts.take(lines))
        elif kind == "hb_takeover" and not own:
            wanted = wordSet(message.get("rsc_hold"))
            self._event(lambda: self._obeyTakeover(wanted.mirrored if wanted else ALL))  # B8
        if kind in ("starting", "resource", "shutdone"):
            if self.phase is Phase.RSCRCVD and self.t10 is None:
                self.t10 = self._now + TIE_BREAK
            self._maybeRelease()

    async def _obeyTakeover(self, resources: ResourceSet) -> None:
        self.hbStandby(resources)

    def _starting(self) -> None:
        if self.phase is Phase.STARTING:  # row X2
            self.peerStable = False
            self._report(False)
            self.phase = Phase.BOTHSTARTING
        elif self.phase in (Phase.RSCRCVD, Phase.STABLE, Phase.SHUTDOWN):  # row X1
            self.peerStable = False
            self._report(self.phase is Phase.STABLE)
        else:  # row X3, B23
            self._say(f"Received 'starting' message in state {int(self.phase)}")

    def _resource(self, message: Message, own: bool) -> None:
        if self.phase is Phase.INIT:  # row R3
            self._say("resource message received in state 0")
            return
        said = wordSet(message.get("rsc_hold"))
        full = message.get("rtype") == "full"

        def updated(before: ResourceSet) -> ResourceSet:
            return said if full or said is NONE else before | said

        if own:
            self._ownReport(message, updated)
            return
        self.theirs = updated(self.theirs)
        stable = message.get("isstable")
        if stable == "1" or (stable is None and self.peerStable):
            self._stableReport(stable)
        elif stable is not None:
            self.peerStable = False  # rows R6 and R7
            if self.phase in (Phase.STARTING, Phase.BOTHSTARTING):
                self.phase = Phase.RSCRCVD
        elif self.phase in (Phase.STARTING, Phase.BOTHSTARTING):
            self.phase = Phase.RSCRCVD  # row R8

    def _ownReport(self, message: Message, updated: Callable[[ResourceSet], ResourceSet]) -> None:
        self.mine = updated(self.mine)
        if message.get("info") == "mach_down":  # row R9
            self._say("mach_down takeover complete.")
            self.takingOver = False
            self.mine |= FOREIGN
            self.wantFailback = True
            self.peerStable = True
        elif message.get("info") == "shutdown":  # row R10
            self.phase = Phase.SHUTDOWN
        if self.phase in (Phase.STARTING, Phase.BOTHSTARTING):
            self.phase = Phase.RSCRCVD

    def _stableReport(self, stable: str | None) -> None:
        waiting = self.phase not in (Phase.STABLE, Phase.SHUTDOWN)
        if not self.peerStable:
            self._say("remote resource transition completed.")
            self.peerStable = True
            self._report(self.phase is Phase.STABLE)  # rows R4 and R5
            self._tryFailback()
        elif stable is None and not waiting:
            return
        if waiting:
            self._say("remote resource transition completed.")
            self._requestLocal(False)
            self.phase = Phase.STABLE
            self._report(True)
            self._tryFailback()

    def _shutdone(self, message: Message, own: bool) -> None:
        if own:  # row Q2
            self.mine = NONE
            self.phase = Phase.SHUTDOWN
            self._link.lastBreath = self.restartAfter
            self._clock.callLater(1.0, self._link.sendStatus)
            self._clock.callLater(2.0, lambda: self.finished(self.restartAfter))
            return
        name = NodeName(message.get("src") or "")
        if not self._link.up:
            return
        self.peerStable = True
        self.theirs = NONE
        if self.mine is not ALL and not self.shuttingDown:  # row Q1, B5: a parallel, wrong job
            lacking = {NONE: ALL, FOREIGN: LOCAL, LOCAL: FOREIGN}[self.mine]
            self.standby = Standby.DONE
            self.standbyType = lacking
            self._transfer(False, lacking)
        self._maybeRelease()
        self.peerStable = False
        self.theirs = NONE
        self._link.bus.publish(PeerShutDown(node=name))
        self._takeover(name)

    def _ask(self, message: Message, own: bool) -> None:
        if self.phase is Phase.SHUTDOWN:  # row S0
            return
        name, info = message.get("src"), message.get("info") or ""
        resources = wordSet(message.get("rsc_hold"))
        if info == "me" and self.standbyUntil is not None:  # row S1
            self._say(f"Standby in progress- new request from {name} ignored")
            return
        if self.standby is Standby.NOT:
            if not self.peerStable:  # row S2
                self._say(f"standby message [{info}] from {name} ignored.  Other side is in flux.")
                return
            if self.phase is not Phase.STABLE:  # row S3
                self._say(f"standby message [{info}] from {name} ignored.  local resources in flux.")
                return
        self._askAccepted(info, own, name or "", resources)

    def _askAccepted(self, info: str, own: bool, name: str, resources: ResourceSet) -> None:
        row = (self.standby, info, own)
        if self.standby is Standby.NOT and info == "me":  # rows S4 and S5
            self._say(f"{name} wants to go standby [{resources.word}]")
            self.standbyType = resources
            self.peerStable = False
            self.standby = Standby.ME if own else Standby.OTHER
            self.standbyUntil = self._now + (ANSWER_TIME if own else SCRIPT_TIME)
            if not own:
                self._link.send("ask_resources", rsc_hold=resources.word, info="other")
        elif row == (Standby.ME, "other", False):  # row S6
            self.standbyType = resources
            self.standbyUntil = self._now + SCRIPT_TIME
            self._transfer(True, resources)
        elif row == (Standby.ME, "done", True):  # row S7
            self.standby = Standby.DONE
            self.mine &= ~self.standbyType
            self.standbyUntil = self._now + SCRIPT_TIME
        elif row == (Standby.OTHER, "done", False):  # row S8
            self.standbyType = resources
            self.standbyUntil = self._now + SCRIPT_TIME
            self._transfer(False, resources)
            self.standby = Standby.DONE
        elif row == (Standby.OTHER, "other", True):  # row S9
            return
        elif self.standby is Standby.DONE and info == "done":  # rows S10 and S11
            self.standbyUntil = None
            self.standby = Standby.NOT
            if own:
                self.mine |= resources.mirrored
            self._report(True)
        else:  # row S12
            self._say(f"Ignored standby message '{info}' from {name} in state {int(self.standby)}")
            if not own and self.standby is not Standby.NOT:
                self.standbyType = resources
                if self.standby is Standby.ME:
                    self.standbyUntil = self._now + SCRIPT_TIME

    def died(self, peer: PeerState) -> None:
        """Rows D1 to D6."""
        if self.standby is not Standby.NOT:
            self._say("Cancelling pending standby operation")
            self.standby = Standby.NOT
            self.standbyUntil = None
            if not self.peerStable and self.mine is ALL:
                self.peerStable = True
            self._maybeRelease()
        if self.shuttingDown:
            if self.phase not in (Phase.STABLE, Phase.SHUTDOWN):
                self._beginRelease()
            return
        self.wantFailback = True
        if peer.heard and self.theirs is NONE:  # row D6, B2: what it announced, not what it did
            self._say(f"Dead node {peer.name} gave up resources.")
            self._link.send("stonith", node=peer.name, result="unneeded")
            if self.mine is ALL:
                self.peerStable = True
            elif not LOCAL & self.mine:
                self._requestLocal(True)
            else:
                self._takeover(peer.name)
        elif self._fencer is not None:
            self._fence(peer.name)
        else:  # row D5
            self._link.send("stonith", node=peer.name, result="n_stnth")
            self._takeover(peer.name)

    def _fence(self, node: NodeName) -> None:
        assert self._fencer is not None

        def done(detail: str) -> None:  # row F1, B4: even if the node is back
            self._link.bus.publish(FencingSucceeded(node=node, detail=detail))
            self._link.send("stonith", node=node, result="OK")
            self._takeover(node)

        def failed(failure: Any) -> None:  # row F2
            self._link.bus.publish(
                FencingFailed(node=node, reason=failure.getErrorMessage(), retryIn=FENCE_AGAIN)
            )
            self._clock.callLater(FENCE_AGAIN, self._fence, node)

        self._fencer.fence(node).addCallbacks(done, failed)

    def partitionHealed(self, peer: PeerState) -> None:
        """Row H1, B16: give up everything and start again."""
        if self.restartAfter:
            return
        self._link.sendStatus()
        self.restartAfter = True
        self._clock.callLater(2.0, self._beginRelease)
