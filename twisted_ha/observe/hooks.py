"""
Which scripts of C{rc.d} are run, and what they are told.

The original runs C{harc}, a shell script that runs C{rc.d/<type>}.  We run that script directly, with
the same argument and environment.  What the original's own scripts do (taking over a dead node's groups,
handing groups over on request) is done inside the daemon, so those scripts must not run beside it:

  - a script whose name is none of theirs is run;
  - a script with one of their names is run only if it never mentions one of the tools that move
    resources: then it is somebody's own notification, and not the original or a variant of it.

@see: resource-management.md section 5, configuration.md section 9.3.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from enum import Enum

from twisted_ha.wire.message import Message

__all__ = ["NEVER", "STOCK", "HookStanding", "hookEnvironment", "hookName", "hookStanding"]

STOCK = frozenset({"ask_resources", "hb_takeover", "ip-request", "ip-request-resp", "status"})
"""Names of the scripts that come with heartbeat."""

NEVER = frozenset(
    {
        "ask_resources",
        "repnodes",
        "reqnodes",
        "resource",
        "shutdone",
        "starting",
        "status",
    }
)
"""Message types that never reach a script as messages; C{status} does as an event."""

_MOVERS = re.compile(
    rb"mach_down|ResourceManager|req_resource|hb_standby|hb_takeover|takegroup|givegroup|/fifo|HA_FIFO"
)

_NAME = re.compile(r"[a-z0-9_][a-z0-9_.+-]*", re.ASCII)
_FIELD = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_LONGEST_SCRIPT = 1 << 20


class HookStanding(Enum):
    """What is to be done about one script."""

    RUN = "run"
    ABSENT = "absent"
    NOT_EXECUTABLE = "not executable"
    NATIVE = "native"
    """It is the original's own, and the daemon does its work."""


@functools.lru_cache(maxsize=256)  # asked for every message
def hookName(messageType: str) -> str | None:
    """
    The name of the script for a message type: the type in lower case.

    @return: L{None} for a type that no script may be run for; one with a slash would name a file
        anywhere.
    """
    name = messageType.lower()
    if messageType in NEVER or messageType.startswith("NS_") or not _NAME.fullmatch(name):
        return None
    return name


def hookStanding(path: str) -> HookStanding:
    """What is to be done about the script at C{path}, whose last part is its name."""
    if not os.path.isfile(path):
        return HookStanding.ABSENT
    if os.path.basename(path) in STOCK and _movesResources(path):
        return HookStanding.NATIVE
    return HookStanding.RUN if os.access(path, os.X_OK) else HookStanding.NOT_EXECUTABLE


def _movesResources(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _MOVERS.search(file.read(_LONGEST_SCRIPT)) is not None
    except OSError:
        return True  # what cannot be read is not run


def hookEnvironment(base: Mapping[str, str], message: Message, previous: str | None) -> dict[str, str]:
    """
    What a script sees.

    @param base: what every script of this node sees.
    @param previous: the node's status before this one, C{HA_OSTATUS}.
    """
    told = dict(base)
    for name, value in message.strings().items():
        # Names come from peers: one with "=" or a NUL byte cannot be a variable.
        if _FIELD.fullmatch(name) and "\0" not in value:
            told[f"HA_{name}"] = value
    if previous is not None:
        told["HA_OSTATUS"] = previous
    return told
