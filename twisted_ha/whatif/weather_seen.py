"""The weather that a running daemon has seen: what its links lost, and how late it was itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
                shares[f"{node['name']}:{link['name']}"] = lost / (messages + lost)
    late = [
        float(event["fields"]["late"])
        for event in events
        if event.get("event") == "BeatLate" and "late" in event.get("fields", {})
    ]
    notes = []
    if shares:
        worst = max(shares, key=lambda name: shares[name])
        notes.append(f"seen: {worst} lost {shares[worst]:.2%} of its messages, the most of all links")
    else:
        notes.append(f"seen: no link has carried {ENOUGH} messages yet, so no loss is known")
    worstLate = max(late, default=0.0)
    notes.append(
        f"seen: this daemon was late itself {len(late)} times, by {worstLate:.2f} s at most"
        if late
        else "seen: this daemon was never late itself"
    )
    worstShare = max(shares.values(), default=0.0)
    return (
        replace(
            assumed, loss=min(0.99, max(assumed.loss, worstShare)), stall=max(assumed.stall, worstLate)
        ),
        tuple(notes),
    )
