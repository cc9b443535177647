"""What a configuration means, in sentences and tables: for C{hactl check} and C{twistd ha --check}."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from twisted_ha.config.complaints import listed, printable
from twisted_ha.config.duration import words
from twisted_ha.config.model import (
    BcastMedium,
    ClusterConfig,
    Deadlines,
    FencingDevice,
    McastMedium,
    MediumConfig,
    Parameter,
    PingMedium,
    SerialMedium,
    StopFailure,
    UcastMedium,
)
from twisted_ha.terms import FailbackMode, NodeName

__all__ = ["describe"]

_TIMERS = {
    "keepalive": "between two heartbeats",
    "warntime": "a later heartbeat is logged",
    "deadtime": "a node silent for longer is dead",
    "initdead": "the same just after the start",
    "deadping": "the same for ping nodes",
    "max_rexmit_delay": "before asking for a lost message again",
}
_FAILBACK = {
    FailbackMode.ON: (
        "auto_failback on: a node that comes back gets its own groups back; each is interrupted twice."
    ),
    FailbackMode.OFF: (
        "auto_failback off: groups stay where they are until that node fails or somebody moves them."
    ),
    FailbackMode.LEGACY: (
        "auto_failback legacy: a node that starts takes its own groups from whoever has them, and the"
        " nodes do not tell each other what they hold.  Write on or off."
    ),
}
_STOP_FAILURE = {
    StopFailure.HOLD: "the group stays claimed here and is stopped again; the other node waits",
    StopFailure.REBOOT: "this machine is rebooted at once",
    StopFailure.IGNORE: "the other node is told it is released, though it may still run here",
}


def describe(config: ClusterConfig) -> str:
    """
    The configuration as its owner should recognise it.  No secret is shown.

    @return: several lines, without a newline at the end.
    """
    parts = [
        _nodes(config),
        _resources(config),
        _links(config),
        _timers(config),
        _failover(config),
        _signing(config),
        _log(config),
        _programs(config),
        _warnings(config),
    ]
    return "\n\n".join("\n".join(map(_shown, part)) for part in parts if part)


def _shown(text: str) -> str:
    """Names come from files, and files may hold anything."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows in columns, indented."""
    every = [tuple(row) for row in rows]
    if not every:
        return []
    widths = [max(len(row[column]) for row in every) for column in range(len(every[0]))]
    return [
        ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in every
    ]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _nodes(config: ClusterConfig) -> list[str]:
    lines = [f"This is node {config.localNode}, read from {config.directory}."]
    if config.peers:
        lines.append(f"The cluster is {listed(config.nodes)}.")
    else:
        lines.append("There is no other node.")
    if config.pingNodes:
        lines.append(f"Watched, but not of the cluster: {listed(config.pingNodes)}.")
    return lines


def _resources(config: ClusterConfig) -> list[str]:
    lines = ["Resources"]
    if not config.groups:
        return [*lines, "  There are none: haresources names no group."]
    rows = [
        (
            str(group.node),
            " ".join(resource.token for resource in group.resources),
            f"line {group.line}" + ("" if group.key == group.resources[0].token else f", {group.key}"),
        )
        for group in config.groups
    ]
    lines += _table([("normally on", "from left to right", ""), *rows])
    lines.append(f"  {_FAILBACK[config.autoFailback]}")
    return lines


def _medium(medium: MediumConfig) -> tuple[str, str]:
    match medium:
        case BcastMedium(interface=interface, port=port):
            return interface, f"broadcast, UDP port {port}"
        case McastMedium():
            loop = ", heard by this machine too" if medium.loop else ""
            reach = f"to {_count(medium.ttl, 'hop')}" if medium.ttl else "not beyond this machine"
            return (
                medium.interface,
                f"multicast to {medium.group}, UDP port {medium.port}, {reach}{loop}",
            )
        case UcastMedium():
            return medium.interface, f"to {medium.address}, UDP port {medium.port}"
        case SerialMedium():
            return medium.device, f"serial cable, {medium.baud} baud"
        case PingMedium():
            hosts = f"one of {listed(medium.hosts)} must answer" if medium.group else "a ping node"
            return str(medium.name), hosts


def _links(config: ClusterConfig) -> list[str]:
    carrying = [medium for medium in config.media if not isinstance(medium, PingMedium)]
    lines = ["Links", *_table(_medium(medium) for medium in config.media)]
    names = {_medium(medium)[0] for medium in carrying}
    if len(names) == 1 and config.peers:
        lines.append(
            "  It is the only link between the nodes: if it breaks, both will serve at the same time."
            "  Add another."
        )
    return lines


def _from(parameter: Parameter | None) -> str:
    if parameter is None:
        return ""
    path, colon, line = parameter.where.rpartition(":")
    return f"{os.path.basename(path)}:{line}" if colon and line.isdigit() else parameter.where


def _timers(config: ClusterConfig) -> list[str]:
    timers = config.timers
    values = (
        timers.keepalive,
        timers.warntime,
        timers.deadtime,
        timers.initdead,
        timers.deadping,
        timers.maxRexmitDelay,
    )
    return [
        "Timers",
        *_table(
            (name, words(value), meaning, _from(config.parameters.get(name)))
            for (name, meaning), value in zip(_TIMERS.items(), values, strict=True)
            if name != "deadping" or config.pingNodes
        ),
    ]


def _deadline(config: ClusterConfig, node: NodeName) -> float:
    """The longest that taking all groups of C{node} can last: every script uses up its deadline."""
    total = 0.0
    for group in config.groups:
        if group.node == node:
            for resource in group.resources:
                each: Deadlines = config.tuning.deadlinesFor(group.key, resource.agent)
                total += each.status + each.start
    return total


def _fencing(device: FencingDevice | None) -> str:
    if device is None:
        return "It is not reset first: no fencing device is named.  If it only seemed dead, both serve."
    if device.type == "meatware":
        return "A person must first confirm that it is off (meatclient); until then nothing is taken."
    if device.type == "null":
        return "It is not really reset first: the device null only says so."
    return f"It is first reset by {device.type}; while that fails, nothing is taken."


def _failover(config: ClusterConfig) -> list[str]:
    if not config.peers:
        return []
    timers = config.timers
    early = max(0.0, timers.deadtime - timers.keepalive)
    lines = [
        "When a node dies",
        f"  The other notices {words(early)} to {words(timers.deadtime)} after it stops"
        " (deadtime after its last heartbeat).",
        f"  {_fencing(config.fencing)}",
    ]
    for node in config.nodes:
        longest = _deadline(config, node)
        if longest:
            lines.append(
                f"  Then the groups of {node} are started one after the other, as fast as their scripts,"
                f" at worst {words(longest)}, and so failover takes at most"
                f" {words(timers.deadtime + longest)}"
                + ("." if config.fencing is None else " and the time of the reset.")
            )
    lines.append(
        "  A daemon that is stopped in order releases its groups; the other then takes them at once."
    )
    lines.append(f"  If a resource cannot be stopped, {_STOP_FAILURE[config.tuning.stopFailure]}.")
    if config.tuning.takeConflicting:
        lines.append("  An address is taken even if another machine still answers for it.")
    else:
        lines.append("  An address for which another machine still answers is not taken.")
    return lines


def _signing(config: ClusterConfig) -> list[str]:
    rows = [
        (
            f"key {number}",
            key.method,
            "signs and checks" if number == config.keys.signing else "only checks what others signed",
        )
        for number, key in sorted(config.keys.keys.items())
    ]
    return ["Keys", *_table(rows)]


def _log(config: ClusterConfig) -> list[str]:
    logging = config.logging
    sinks = []
    if logging.logfile is not None:
        sinks.append(logging.logfile)
    if logging.debugfile is not None:
        sinks.append(f"{logging.debugfile} (with debug messages)")
    if logging.facility is not None:
        sinks.append(f"syslog as {logging.facility}")
    level = f"  Debug level {logging.debug}." if logging.debug else ""
    return ["Log", f"  {'It goes to ' + listed(sinks) if sinks else 'It goes nowhere'}.{level}"]


def _programs(config: ClusterConfig) -> list[str]:
    rows = [
        (item.command, f"as {item.user}", "its failure is told as critical" if item.failfast else "")
        for item in config.respawn
    ]
    lines = ["Programs kept running", *_table(rows)] if rows else []
    if config.watchdog is not None:
        lines += [*([""] if lines else []), "Watchdog", f"  {config.watchdog}"]
    return lines


def _warnings(config: ClusterConfig) -> list[str]:
    if not config.warnings:
        return ["There is nothing to warn of."]
    count = _count(len(config.warnings), "warning")
    return [
        f"There {'is' if len(config.warnings) == 1 else 'are'} {count}:",
        *(complaint.render() for complaint in config.warnings),
    ]
