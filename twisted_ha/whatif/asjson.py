"""The same as values for programs; the schema is docs/hactl.md, and L{VERSION} its version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isinf
from typing import Any

from twisted_ha.whatif.adviser import Advice, Candidate
from twisted_ha.whatif.comparison import Row
from twisted_ha.whatif.felt import Felt, Silence
from twisted_ha.whatif.lanes import Lane
from twisted_ha.whatif.measure import Conditions, Weathered
from twisted_ha.whatif.nights import Night
from twisted_ha.whatif.outcome import Outcome

__all__ = ["VERSION", "advice", "comparison", "nights", "outcome"]

VERSION = 1
"""Raised when a name goes away or changes its meaning."""

Value = dict[str, Any]


def _s(seconds: float) -> float:
    return round(seconds, 3)


def outcome(of: Outcome, notes: Iterable[str]) -> Value:
    """One simulation."""
    timeline = of.timeline
    return {
        "version": VERSION,
        "seed": timeline.seed,
        "story": timeline.story,
        "seconds": _s(timeline.seconds),
        "digest": timeline.digest,
        "notes": list(notes),
        "deeds": [{"at": _s(at), "text": text} for at, text in of.deeds],
        "lines": [{"at": _s(line.at), "node": line.node, "text": line.text} for line in of.lines],
        "groups": [_felt(felt) for felt in of.felt],
        "lanes": {
            "nodes": [_lane(lane) for lane in of.lanes.nodes],
            "links": [_lane(lane) for lane in of.lanes.links],
            "groups": [_lane(lane) for group in of.lanes.groups for lane in group],
        },
        "broken": [
            {"at": _s(one.at), "invariant": one.invariant, "node": one.culprit, "text": one.text}
            for one in timeline.violations
        ],
        "invariants": [
            {"name": count.invariant, "asked": count.evaluations, "bound": count.premises}
            for count in timeline.counts
        ],
    }


def _felt(felt: Felt) -> Value:
    longest = felt.longest
    return {
        "key": felt.group,
        "firstServed": None if felt.first is None else _s(felt.first),
        "withoutOwner": _s(felt.silent),
        "longest": _s(longest.seconds if longest else 0.0),
        "twoOwners": _s(felt.doubled),
        "owners": list(felt.owners),
        "silences": [_silence(one) for one in felt.silences],
        "doubles": [_silence(one) for one in felt.doubles],
    }


def _silence(one: Silence) -> Value:
    return {
        "begin": _s(one.begin),
        "end": _s(one.end) if one.over else None,
        "seconds": _s(one.seconds),
        "why": one.why,
    }


def _lane(lane: Lane) -> Value:
    named = {"key": lane.name, "node": lane.node} if lane.node else {"name": lane.name}
    spells = [
        {"begin": _s(one.begin), "end": _s(one.end), "state": one.state.value} for one in lane.spells
    ]
    return {**named, "spells": spells}


def nights(every: Sequence[Night]) -> Value:
    """Many random nights."""
    return {"version": VERSION, "nights": [_night(night) for night in every]}


def _night(night: Night) -> Value:
    return {
        "seed": night.seed,
        "story": night.story,
        "seconds": _s(night.seconds),
        "withoutOwner": _s(night.silent),
        "longest": _s(night.longest),
        "twoOwners": _s(night.doubled),
        "broken": list(night.broken),
    }


def comparison(rows: Iterable[Row], conditions: Conditions) -> Value:
    """What C{--try} compares."""
    return {
        "version": VERSION,
        "weather": _conditions(conditions),
        "variants": [
            {
                "variant": row.variant.text,
                "story": _night(row.night),
                "powerLoss": None if row.failover is None else _s(row.failover),
                **_weathered(row.weathered),
                "warnings": len(row.weathered.late),
            }
            for row in rows
        ],
    }


def _conditions(conditions: Conditions) -> Value:
    return {
        "loss": round(conditions.loss, 4),
        "burst": conditions.burst,
        "stall": _s(conditions.stall),
    }


def _weathered(seen: Weathered) -> Value:
    return {
        "weatherSeconds": _s(seen.seconds),
        "falseDeaths": seen.deaths,
        "releases": seen.releases,
    }


def advice(of: Advice) -> Value:
    """What C{hactl advise} found."""
    best = of.recommended
    return {
        "version": VERSION,
        "weather": _conditions(of.conditions),
        "margin": of.margin,
        "complete": of.complete,
        "candidates": [_candidate(one) for one in of.candidates],
        "recommended": None
        if best is None
        else {
            "keepalive": best.keepalive,
            "warntime": of.warntime,
            "deadtime": best.deadtime,
            "initdead": of.initdead,
            "shortestQuietDeadtime": of.shortest,
            "hoursBetween": None if isinf(of.hours) else round(of.hours, 1),
        },
    }


def _candidate(one: Candidate) -> Value:
    return {
        "role": one.role,
        "keepalive": one.keepalive,
        "deadtime": one.deadtime,
        "powerLoss": None if one.failover is None else _s(one.failover),
        **_weathered(one.weathered),
    }
