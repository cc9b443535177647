"""
A daemon that holds what it is told and beats, for a guardian to survive.

C{python daemon.py <directory> <patience> <beat interval> <note of releases> [<key> <file>]...}: each
group's stop appends its key to the file.  SIGTERM makes it leave, and it still holds what it held.
"""

from __future__ import annotations

import sys

from twisted.internet import reactor
from twisted.internet.task import LoopingCall

from twisted_ha.bus import EventBus
from twisted_ha.guard.parent import Guardian
from twisted_ha.operations import GuardedGroup, Invocation

directory, patience, interval, releases, *pairs = sys.argv[1:]
guardian = Guardian(
    spawnProcess=reactor.spawnProcess,  # type: ignore[attr-defined]
    clock=reactor,  # type: ignore[arg-type]
    bus=EventBus(reactor),  # type: ignore[arg-type]
    directory=directory,
    patience=float(patience),
)


def released(keys: tuple[str, ...], silentFor: float) -> None:
    with open(releases, "a") as file:
        file.write(f"{' '.join(keys)} {silentFor:.3f}\n")


guardian.released = released
guardian.start()
guardian.hold(
    [
        GuardedGroup(
            key=key,
            stops=(
                Invocation(
                    argv=("/bin/sh", "-c", f'echo "$WORD" >> {path}'),
                    environment={"WORD": key, "PATH": "/bin:/usr/bin"},
                    deadline=5.0,
                ),
            ),
        )
        for key, path in zip(pairs[::2], pairs[1::2], strict=True)
    ]
)
reactor.addSystemEventTrigger("before", "shutdown", guardian.stop)  # type: ignore[attr-defined]
LoopingCall(guardian.beat).start(float(interval))
print("holding", flush=True)
reactor.run()  # type: ignore[attr-defined]
