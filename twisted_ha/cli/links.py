"""C{hactl status --links}: every road to every node, and what it lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted_ha.cli.words import safe, span, table

__all__ = ["linksPage"]

_HEADING = (
    "NODE",
    "LINK",
    "STATE",
    "HEARD",
    "MESSAGES",
    "LOST",
    "DUPLICATES",
    "REORDERED",
    "JITTER",
    "ROUND TRIP",
)


def linksPage(status: Mapping[str, Any]) -> str:
    """
    A line for each link, then a sentence for each node that has lost one.

    @param status: as described in docs/api.md; names that an older daemon does not send are shown as
        dashes.
    """
    rows = []
    sentences = []
    for node in status.get("nodes", ()):
        if node["local"]:
            continue
        rows += [_row(node["name"], link) for link in node["links"]]
        sentence = _sentence(node["name"], node["links"])
        if sentence:
            sentences.append(sentence)
    if not rows:
        return "No links: ha.cf names no other node."
    page = "\n".join(table(_HEADING, rows))
    return "\n\n".join(part for part in (page, "\n".join(sentences)) if part)


def _row(node: str, link: Mapping[str, Any]) -> tuple[object, ...]:
    heard = link.get("heard")
    counts = (link.get(name, "-") for name in ("messages", "lost", "duplicates", "outOfOrder"))
    return (
        node,
        link["name"],
        link["status"],
        "never" if heard is None else f"{span(heard)} ago",
        *counts,
        _short(link.get("jitter")),
        _short(link.get("roundTrip")),
    )


def _short(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"


def _sentence(node: str, links: list[Mapping[str, Any]]) -> str:
    up = [link["name"] for link in links if link["status"] == "up"]
    if len(up) == len(links):
        return ""
    if not up:
        return f"No link to {safe(node)} is left."
    if len(up) == 1:
        return f"{safe(up[0])} is the last link to {safe(node)}, of {len(links)}."
    return f"{len(up)} of {len(links)} links to {safe(node)} are left."
