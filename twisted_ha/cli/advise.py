"""C{hactl advise}: which timers suit this cluster in this weather."""

from __future__ import annotations

import argparse
import json
import time

from twisted_ha.api.client import Client
from twisted_ha.cli import statuses
from twisted_ha.cli.simulate import Progress, benchFor, guarded
from twisted_ha.cli.words import safe
from twisted_ha.errors import HeartbeatError
from twisted_ha.whatif import asjson
from twisted_ha.whatif.advice_page import advicePage
from twisted_ha.whatif.adviser import Advice, advise
from twisted_ha.whatif.measure import Conditions
from twisted_ha.whatif.weather_seen import observed

__all__ = ["adviseTimers"]


def adviseTimers(options: argparse.Namespace, client: Client) -> int:
    """
    Do what the command line says.

    @param client: of this machine's daemon; connected only if it is asked what it has seen.
    @return: the exit status.
    """
    return guarded(options, lambda given: _advise(given, client))


def _advise(options: argparse.Namespace, client: Client) -> int:
    bench, notes = benchFor(options)
    if len(bench.config.nodes) < 2:
        raise HeartbeatError("ha.cf names one node: nobody waits for deadtime before he takes over")
    conditions = Conditions(loss=options.loss, burst=options.burst, stall=options.stall)
    if options.observed:
        with client:
            conditions, seen = observed(client.status(), client.recent(4000), conditions)
        notes = (*notes, *seen)
    # The last look at what is found takes its time too.
    ends = time.monotonic() + 60 * options.minutes * 0.7
    with Progress(options) as progress:
        advice: Advice = advise(
            bench,
            conditions,
            margin=options.margin,
            hours=options.hours,
            seed=options.seed,
            runs=options.runs,
            timeLeft=lambda: time.monotonic() < ends,
            progress=progress,
        )
    if options.json:
        print(json.dumps(asjson.advice(advice), indent=2), file=options.out)
    else:
        print(safe(advicePage(advice, bench, notes)), file=options.out)
    return statuses.OK if advice.recommended is not None else statuses.FAILED
