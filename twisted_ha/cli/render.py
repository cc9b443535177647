"""The status as a page for people, made from the JSON that programs get."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from twisted_ha.cli.words import safe, span, table

__all__ = ["eventLine", "statusPage"]

_WORDS = {"warn": "WARN", "error": "ERROR", "critical": "CRIT"}


def statusPage(status: Mapping[str, Any]) -> str:
    """
    What C{hactl status} shows.

    @param status: as described in docs/api.md; names that an older daemon does not send are left out.
    """
    parts = ["\n".join(_summary(status))]
    parts.append("\n".join(_nodes(status)))
    parts.append("\n".join(_groups(status)))
    broken = [each for each in status.get("media", ()) if not each["working"]]
    if broken:
        rows = [(each["name"], each["kind"], each["detail"]) for each in broken]
        parts.append("\n".join(table(("NOT WORKING", "KIND", "WHY"), rows)))
    if status.get("warnings"):
        parts.append("\n".join(["Warnings:", *(f"  - {safe(text)}" for text in status["warnings"])]))
    return "\n\n".join(part for part in parts if part)


def _summary(status: Mapping[str, Any]) -> list[str]:
    rest = "at rest" if status["stable"] else "not at rest"
    if not status["communicationsUp"]:
        rest = "starting"
    elif status["transition"]:
        rest = "groups are moving"
    lines = [
        f"{safe(status['node'])} is {safe(status['localStatus'])}, {rest}"
        f" ({safe(status['phase'])}); up {span(status['uptime'])}, generation {status['generation']},"
        f" twisted_ha {safe(status['daemonVersion'])}",
    ]
    holdings = f"It holds {_classes(status['holdings'])}"
    peer = status.get("peerHoldings")
    if peer:
        settled = "" if peer["stable"] else ", and is not at rest"
        holdings += f"; {safe(peer['node'])} holds {_classes(peer['resources'])}{settled}"
    lines.append(
        f"{holdings}.  auto_failback {safe(status['autoFailback'])},"
        f" guardian {safe(status['guardian'])}."
    )
    if not status["communicationsUp"]:
        lines.append("It waits until every other node was heard or is declared dead (initdead).")
    return lines


def _classes(word: str) -> str:
    return {
        "none": "nothing",
        "local": "its own groups",
        "foreign": "the other node's groups",
        "all": "all groups",
    }.get(word, safe(word))


def _nodes(status: Mapping[str, Any]) -> list[str]:
    rows = []
    for node in status.get("nodes", ()):
        links = ", ".join(f"{link['name']} {link['status']}" for link in node["links"])
        name = node["name"] + (" (here)" if node["local"] else "")
        heard = "-" if node["local"] or node["heard"] is None else f"{span(node['heard'])} ago"
        kind = " (ping)" if node["kind"] == "ping" and node["status"] != "ping" else ""
        rows.append((name, node["status"] + kind, heard, links or "-"))
    return table(("NODE", "STATUS", "HEARD", "LINKS"), rows)


def _groups(status: Mapping[str, Any]) -> list[str]:
    if not status.get("groups"):
        return ["No groups: haresources is empty."]
    rows = []
    for group in status["groups"]:
        state = group["state"]
        if group["failures"]:
            state += f" ({group['failures']} failed)"
        owner = group["owner"] or "nobody"
        rows.append(
            (group["key"], group["home"], owner, state, span(group["since"]), group["lastReason"])
        )
    return table(("GROUP", "HOME", "OWNER", "STATE HERE", "SINCE", "WHY"), rows)


def eventLine(
    event: Mapping[str, Any], localTime: Callable[[float], time.struct_time] = time.localtime
) -> str:
    """One event as a line: the clock time, how much it matters, the sentence."""
    level = str(event.get("level", "info"))
    when = time.strftime("%Y/%m/%d_%H:%M:%S", localTime(float(event.get("time", 0.0))))
    text = safe(event.get("text", "")).replace("\n", " ")
    return f"{when} {_WORDS.get(level, safe(level))}: {text}"
