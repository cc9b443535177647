"""The weather that a running daemon has seen: what its links lost, and how late it was itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twisted_ha.whatif.measure import Conditions

__all__ = ["observed"]

ENOUGH = 200
"""Messages of a link below which its losses say nothing."""


def observed(
    status: Mapping[str, Any], events: Iterable[Mapping[str, Any]], assumed: Conditions
) -> tuple[Conditions, tuple[str, ...]]:
    """
    What was assumed, made worse where the daemon has seen worse.

    @param status: its status, as in docs/api.md.
    @param events: its last events, as in docs/api.md.
    @return: the weather, and what was seen, in sentences.
    """
    shares: dict[str, float] = {}
    for node in status.get("nodes", ()):
        for link in () if node["local"] else node["links"]:
            messages, lost = link.get("messages") or 0, link.get("lost") or 0
            if messages + lost >= ENOUGH:
                # What was lost and sent again has come by it in the end, after a later one.
                missed = lost + (link.get("outOfOrder") or 0)
                shares[f"{node['name']}:{link['name']}"] = missed / (messages + lost)
    late = [
        float(event["fields"]["late"])
        for event in events
        if event.get("event") == "BeatLate" and "late" in event.get("fields", {})
    ]
    # Nobody reads more digits than these, and nothing depends on them.
    worstShare = round(max(shares.values(), default=0.0), 4)
    worstLate = round(max(late, default=0.0), 2)
    return (
        replace(
            assumed, loss=min(0.99, max(assumed.loss, worstShare)), stall=max(assumed.stall, worstLate)
        ),
        (_lossSeen(shares), _latenessSeen(late), _ONE_SIDE),
    )


_ONE_SIDE = "seen by this node only: what it sends may fare worse; ask on the other node too"


def _lossSeen(shares: Mapping[str, float]) -> str:
    if not shares:
        return f"seen: no link has carried {ENOUGH} messages yet, so no loss is known"
    worst = max(shares, key=lambda name: shares[name])
    if not shares[worst]:
        return "seen: no link has lost a message"
    return f"seen: {worst} lost {shares[worst]:.2%} of its messages at first, the most of all links"


def _latenessSeen(late: Sequence[float]) -> str:
    if not late:
        return "seen: this daemon was never late itself"
    often = "once" if len(late) == 1 else f"{len(late)} times"
    most = " at most" if len(late) > 1 else ""
    return f"seen: this daemon was late itself {often}, by {max(late):.2f} s{most}"
