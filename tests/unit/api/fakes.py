"""A node that does as it is told, and tells what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from twisted_ha.api.control import INodeControl
from twisted_ha.bus import EventBus, Observer
from twisted_ha.config.location import Complaint, Location, Severity
from twisted_ha.errors import ConfigError
from twisted_ha.events import Event, LinkUp
from twisted_ha.operations import MoveReport
from twisted_ha.status import ClusterStatus, GroupView, HoldingsView, LinkView, MediumView, NodeView
from twisted_ha.terms import NodeName, ResourceSet

ALPHA, BETA = NodeName("alpha"), NodeName("beta")

MOVED = MoveReport(
    ok=True,
    outcome="completed",
    text="alpha gave [all] to beta in 0.012 s",
    seconds=0.012,
    groups=("10.0.0.9",),
)

REFUSED = MoveReport(
    ok=False, outcome="refused", text="nothing was moved: beta is not there to take part"
)


def aStatus(**changes: Any) -> ClusterStatus:
    """A pair at rest whose second cable is cut."""
    values: dict[str, Any] = {
        "node": ALPHA,
        "localStatus": "active",
        "generation": 1795420021,
        "uptime": 11543.25,
        "daemonVersion": "0.1.0",
        "communicationsUp": True,
        "autoFailback": "on",
        "phase": "stable",
        "holdings": "local",
        "stable": True,
        "transition": False,
        "peerHoldings": HoldingsView(node=BETA, resources="local", stable=True),
        "nodes": (
            NodeView(name=ALPHA, status="active", local=True, generation=1795420021),
            NodeView(
                name=BETA,
                status="active",
                generation=7,
                heard=0.312345,
                deadtime=5.0,
                links=(
                    LinkView(name="eth0", status="up", heard=0.3),
                    LinkView(name="eth1", status="dead", heard=61.0),
                ),
            ),
            NodeView(name=NodeName("10.0.0.254"), kind="ping", status="ping", heard=0.9, deadtime=5.0),
        ),
        "groups": (
            GroupView(
                key="10.0.0.9",
                home=ALPHA,
                owner=ALPHA,
                state="started",
                resources=("10.0.0.9", "httpd"),
                since=11540.0,
                lastReason="this node is its home",
            ),
            GroupView(
                key="10.0.0.8",
                home=BETA,
                owner=BETA,
                state="stopped",
                resources=("10.0.0.8",),
                since=12.0,
            ),
        ),
        "media": (
            MediumView(name="eth0", kind="bcast", working=True, detail="port 694"),
            MediumView(name="eth1", kind="bcast", working=False, detail="no such interface"),
        ),
        "guardian": "watching",
        "warnings": ("eth1 is the only way to beta but one",),
    }
    values.update(changes)
    return ClusterStatus(**values)


class ObservedBus(EventBus):
    """
    A bus that tells whether anybody listens.

    @ivar observed: how many observers there are.
    """

    observed = 0

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Count, and subscribe."""
        self.observed += 1
        unsubscribe = super().subscribe(observer)

        def leave() -> None:
            self.observed -= 1
            unsubscribe()

        return leave


@implementer(INodeControl)
class FakeControl:
    """
    A node.

    @ivar asked: what was asked of it.
    @ivar report: what the next move comes to; L{None} keeps the Deferred in C{moving}.
    @ivar complaint: why the configuration cannot be used.
    @ivar bug: raised by every method.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.report: MoveReport | None = MOVED
        self.moving: list[Deferred[MoveReport]] = []
        self.complaint = ""
        self.bug: Exception | None = None
        self.happened: list[tuple[float, Event]] = [
            (1141214400.0 + number, LinkUp(node=BETA, link=f"eth{number}")) for number in range(5)
        ]
        self.picture = aStatus()

    def _note(self, name: str, argument: object = None) -> None:
        self.asked.append((name, argument))
        if self.bug is not None:
            raise self.bug

    def status(self) -> ClusterStatus:
        self._note("status")
        return self.picture

    def standby(self, resources: ResourceSet) -> Deferred[MoveReport]:
        self._note("standby", resources)
        return self._move()

    def takeover(self, resources: ResourceSet) -> Deferred[MoveReport]:
        self._note("takeover", resources)
        return self._move()

    def _move(self) -> Deferred[MoveReport]:
        if self.report is not None:
            return succeed(self.report)
        self.moving.append(Deferred())
        return self.moving[-1]

    def reload(self) -> Deferred[str]:
        self._note("reload")
        if self.complaint:
            where = Location(file="ha.cf", line=3)
            complaint = Complaint(severity=Severity.ERROR, where=where, message=self.complaint)
            return fail(ConfigError([complaint]))
        return succeed("deadtime 5 s -> 4 s")

    def recent(self, count: int) -> Sequence[tuple[float, Event]]:
        self._note("recent", count)
        return self.happened[-count:] if count else []

    def explain(self, group: str) -> str:
        self._note("explain", group)
        if group != "10.0.0.9":
            raise KeyError(group)
        return "10.0.0.9 runs on alpha: this node is its home."
