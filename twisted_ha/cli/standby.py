"""
C{hb_standby} and C{hb_takeover}: heartbeat's own commands, with its arguments and texts.

Two things differ.  They wait, and say what happened, with an exit status; and they never block because
there is no daemon (resource-management.md section 4.8, B19).  C{hb_takeover failback} takes back what
is at home here, where the original took everything (B8).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from twisted_ha.api.client import Client
from twisted_ha.cli.connect import connect
from twisted_ha.cli.words import safe
from twisted_ha.errors import ApiError

__all__ = ["runStandby", "runTakeover", "standby", "takeover"]

_WORDS = ("all", "foreign", "local", "failback")


def standby() -> None:
    """The console command C{hb_standby}."""
    sys.exit(runStandby(sys.argv, sys.stdout, sys.stderr))


def takeover() -> None:
    """The console command C{hb_takeover}."""
    sys.exit(runTakeover(sys.argv, sys.stdout, sys.stderr))


def runStandby(argv: Sequence[str], out: TextIO, err: TextIO) -> int:
    """
    Give groups to the other node.

    @param argv: with the program's name.
    @return: 0 if they are there, else 1.
    """
    return _run(argv, out, err, Client.standby)


def runTakeover(argv: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Take groups from the other node; see L{runStandby}."""
    return _run(argv, out, err, Client.takeover)


def _run(
    argv: Sequence[str], out: TextIO, err: TextIO, move: Callable[[Client, str], dict[str, Any]]
) -> int:
    program, arguments = argv[0], argv[1:]
    if len(arguments) > 1:
        return _usage(program, f"{program}: too many arguments", out, err)
    if arguments and arguments[0] == "--help":
        return _usage(program, "", out, err)
    if arguments and arguments[0] not in _WORDS:
        return _usage(program, f"{program}: wrong resources({safe(arguments[0])}).", out, err)
    try:
        with connect() as client:
            report = move(client, arguments[0] if arguments else "all")
    except ApiError as error:
        print(f"{program}: {safe(error)}", file=err)
        return 1
    except KeyboardInterrupt:
        print(f"{program}: no longer waiting; the move goes on", file=err)
        return 130
    moved = report.get("ok") is True
    print(safe(report.get("text", "")), file=out if moved else err)
    return 0 if moved else 1


def _usage(program: str, complaint: str, out: TextIO, err: TextIO) -> int:
    """The original's texts, each where the original writes it."""
    if complaint:
        print(complaint, file=out)
    print("usage:", file=out, flush=True)
    print(f"{program} [{'|'.join(_WORDS)}]", file=err)
    return 1
