"""Counters and gauges in OpenMetrics text, for whoever scrapes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from twisted_ha.events import Event, StandbyFinished, TakeoverCompleted
from twisted_ha.status import ClusterStatus, LinkView

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_Sample = tuple[dict[str, str], float]


class Metrics:
    """
    Counts events by class, and reads everything else from the status when it is asked.

    It is an observer for L{EventBus.subscribe<twisted_ha.bus.EventBus.subscribe>}.
    """

    def __init__(self, status: Callable[[], ClusterStatus] | None = None) -> None:
        """
        @param status: makes the picture gauges are read from; without it there are only counters.
        """
        self._status = status
        self._counts: Counter[str] = Counter()
        self._takeover: float | None = None
        self._standby: float | None = None

    def __call__(self, event: Event, when: float) -> None:
        """Count one event."""
        self._counts[type(event).__name__] += 1
        if isinstance(event, TakeoverCompleted):
            self._takeover = event.seconds
        elif isinstance(event, StandbyFinished):
            self._standby = event.seconds

    def count(self, name: str) -> int:
        """How often an event of that class was told."""
        return self._counts[name]

    def render(self) -> str:
        """Everything, as OpenMetrics text."""
        lines: list[str] = []
        counted = [({"event": name}, float(count)) for name, count in sorted(self._counts.items())]
        _family(lines, "ha_events", "counter", "Events since the daemon began, by class.", counted)
        for name, seconds, what in (
            ("ha_last_takeover_seconds", self._takeover, "last takeover"),
            ("ha_last_standby_seconds", self._standby, "last planned move"),
        ):
            if seconds is not None:
                _family(lines, name, "gauge", f"How long the {what} took.", [({}, seconds)])
        if self._status is not None:
            _gauges(lines, self._status())
        lines.append("# EOF")
        return "\n".join(lines) + "\n"


def _gauges(lines: list[str], status: ClusterStatus) -> None:
    _family(
        lines,
        "ha_info",
        "gauge",
        "Always 1; its labels say who answers.",
        [({"node": status.node, "version": status.daemonVersion}, 1.0)],
    )
    _family(lines, "ha_uptime_seconds", "gauge", "Since the daemon began.", [({}, status.uptime)])
    _family(lines, "ha_generation", "gauge", "Counts daemon starts.", [({}, float(status.generation))])
    _family(lines, "ha_stable", "gauge", "1: this node is at rest.", [({}, float(status.stable))])
    _family(lines, "ha_transition", "gauge", "1: groups are moving.", [({}, float(status.transition))])
    _family(
        lines,
        "ha_node_alive",
        "gauge",
        "1 unless the node is dead.",
        [
            ({"node": node.name, "kind": node.kind}, float(node.status != "dead"))
            for node in status.nodes
        ],
    )
    _family(
        lines,
        "ha_link_up",
        "gauge",
        "1: the node is heard through this medium.",
        [
            ({"node": node.name, "link": link.name}, float(link.status == "up"))
            for node in status.nodes
            for link in node.links
        ],
    )
    _linkCounts(lines, status)
    refused = {(each.name, cause): n for each in status.media for cause, n in each.refused.items()}
    _family(
        lines,
        "ha_refused_packets",
        "counter",
        "Packets that were no message of this cluster, by cause.",
        [({"link": link, "cause": cause}, float(count)) for (link, cause), count in refused.items()],
    )
    _family(
        lines,
        "ha_group_held",
        "gauge",
        "1: the group is started on the node that answers.",
        [
            ({"group": group.key, "home": group.home}, float(group.state == "started"))
            for group in status.groups
        ],
    )
    _family(
        lines,
        "ha_group_failures",
        "gauge",
        "Starts and stops of the group that failed in a row.",
        [({"group": group.key}, float(group.failures)) for group in status.groups],
    )
    _family(
        lines,
        "ha_warnings",
        "gauge",
        "Things an operator should know now.",
        [({}, float(len(status.warnings)))],
    )


def _linkCounts(lines: list[str], status: ClusterStatus) -> None:
    labelled = [
        ({"node": node.name, "link": link.name}, link)
        for node in status.nodes
        if not node.local
        for link in node.links
    ]
    counters: tuple[tuple[str, str, Callable[[LinkView], int]], ...] = (
        ("messages", "Numbered messages, each counted once.", lambda link: link.messages),
        ("duplicates", "Messages that came more than once by the link.", lambda link: link.duplicates),
        ("out_of_order", "Messages that came after a later one.", lambda link: link.outOfOrder),
    )
    for name, what, read in counters:
        samples = [(labels, float(read(link))) for labels, link in labelled]
        _family(lines, f"ha_link_{name}", "counter", what, samples)
    gauges: tuple[tuple[str, str, Callable[[LinkView], float | None]], ...] = (
        # A number that comes late after all is no longer lost, so it can fall.
        ("ha_link_lost", "Numbers that never came by the link.", lambda link: float(link.lost)),
        (
            "ha_link_jitter_seconds",
            "How the beat varies.",
            lambda link: link.jitter,
        ),
        ("ha_link_round_trip_seconds", "To the node and back by the link.", lambda link: link.roundTrip),
    )
    for name, what, measure in gauges:
        known = [(labels, value) for labels, link in labelled if (value := measure(link)) is not None]
        if known:
            _family(lines, name, "gauge", what, known)


def _family(lines: list[str], name: str, kind: str, what: str, samples: Iterable[_Sample]) -> None:
    lines.append(f"# TYPE {name} {kind}")
    lines.append(f"# HELP {name} {what}")
    sampled = f"{name}_total" if kind == "counter" else name
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        # Six digits, as C{:g} gives, would be too few for a generation made from the clock.
        number = str(int(value)) if value.is_integer() else repr(round(value, 6))
        lines.append(f"{sampled}{{{inside}}} {number}" if inside else f"{sampled} {number}")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
