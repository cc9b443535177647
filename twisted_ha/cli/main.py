"""
C{hactl}: what an operator asks of the daemon of this machine.

Only what a command needs is imported, when it is run: this is typed by somebody in a hurry.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from twisted_ha.cli import statuses
from twisted_ha.cli.whatif_arguments import SIMULATE_EPILOG, adviseArguments, simulateArguments
from twisted_ha.errors import ApiError, HeartbeatError
from twisted_ha.version import VERSION

if TYPE_CHECKING:
    from twisted_ha.api.client import Client

__all__ = ["main", "run"]

_DESCRIPTION = """\
Look at and steer the cluster daemon of this machine.

A cluster has two nodes, and groups of resources (addresses, file systems,
services) that run on one of them.  A group's line in haresources names its
home.  Seen from this node, groups at home here are "local", all others are
"foreign".
"""

_EPILOG = """\
exit status:
  0  done                          3  the daemon is not running, or hangs
  1  refused, or it did not work   4  you may not; try as root
  2  the command was misspelt      5  a simulation broke an invariant
                                   6  the configuration is wrong

Moving groups interrupts the services in them.  docs/hactl.md has examples.
"""

_WHICH = """\
which groups, seen from this node: all (the default), local, foreign, or failback (%s)"""


def main() -> None:
    """The console command."""
    sys.exit(run(sys.argv[1:], sys.stdout, sys.stderr))


def run(arguments: Sequence[str], out: TextIO, err: TextIO) -> int:
    """
    Do what the command line says.

    @param arguments: without the program's name.
    @return: the exit status.
    """
    for stream in (out, err):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # whatever the terminal's encoding lacks
    parser = _parser()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            options = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse has said why
        return int(ended.code or 0)
    options.out, options.err = out, err
    command: Callable[[argparse.Namespace], int] = options.perform
    try:
        status = command(options)
        out.flush()
        return status
    except ApiError as error:
        print(f"hactl: {error}", file=err)
        return statuses.ofError(error)
    except HeartbeatError as error:
        print(f"hactl: {error}", file=err)
        return statuses.FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _abandonOutput(out)
        return statuses.FAILED


def _abandonOutput(out: TextIO) -> None:
    """Whoever read our output has gone; keep the interpreter from complaining about that at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _parser() -> argparse.ArgumentParser:
    places = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    where = places.add_argument_group("where the daemon is")
    where.add_argument("--socket", metavar="PATH", help="the daemon's socket")
    where.add_argument(
        "--run-dir", metavar="DIR", help="the directory of the socket (/var/run/heartbeat)"
    )
    where.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="how long to wait for an answer (5)"
    )
    parser = argparse.ArgumentParser(
        prog="hactl",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        parents=[places],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, perform: Callable[[argparse.Namespace], int], summary: str, more: str = ""
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.{more and '  ' + more}",
            parents=[places],
        )
        made.set_defaults(perform=perform)
        return made

    status = command("status", _status, "show nodes, links and groups")
    status.add_argument("--json", action="store_true", help="for programs; the schema is in docs/api.md")
    status.add_argument(
        "--links", action="store_true", help="show each link: messages, losses, duplicates, jitter"
    )

    standby = command("standby", _standby, "give groups to the other node", "Waits until it is done.")
    _move(standby, "foreign: what is not at home here goes back")
    takeover = command(
        "takeover", _takeover, "take groups from the other node", "Waits until it is done."
    )
    _move(takeover, "local: what is at home here comes back")

    events = command("events", _events, "show what happens, as it happens", "End it with control-C.")
    events.add_argument(
        "-n", "--recent", metavar="N", type=_count, default=0, help="first show the last N"
    )
    events.add_argument("--no-follow", action="store_true", help="end after those")
    events.add_argument(
        "--level",
        choices=("debug", "info", "warn", "error", "critical"),
        default="info",
        help="the least that is shown (info)",
    )
    events.add_argument("--json", action="store_true", help="one JSON object a line")

    explain = command("explain", _explain, "say why a group is where it is")
    explain.add_argument("group", metavar="GROUP", help="its name: the first resource of its line")

    command("reload", _reload, "have the daemon read its configuration again")
    command("metrics", _metrics, "print counters and gauges as OpenMetrics text")

    check = command(
        "check",
        _check,
        "read the configuration, and say what is wrong with it or what it means",
        "The daemon need not run, and one that runs is not touched.",
    )
    check.add_argument("--config-dir", metavar="DIR", help="where ha.cf, authkeys and haresources are")
    check.add_argument(
        "--node", metavar="NAME", help="check as if on that node: nothing is asked of this machine"
    )
    check.add_argument("-q", "--quiet", action="store_true", help="only complain")

    roads = command(
        "link-test",
        _linkTest,
        "test every road to the other nodes, before they are trusted",
        "Run it on both machines: here, and there with --listen.  Beside a daemon it tests what can be.",
    )
    roads.add_argument("--config-dir", metavar="DIR", help="where ha.cf, authkeys and haresources are")
    roads.add_argument(
        "--listen", action="store_true", help="answer until interrupted, and say what was heard"
    )
    roads.add_argument(
        "--seconds", metavar="N", type=_seconds, default=10.0, help="how long to test (10)"
    )
    roads.add_argument("--json", action="store_true", help="for programs; see docs/links.md")

    simulated = command(
        "simulate",
        _simulate,
        "show what a story of failures would do to this cluster, without doing it",
        "Timeline, drawing, and what the users of the service would feel.",
    )
    simulated.formatter_class = argparse.RawDescriptionHelpFormatter
    simulated.epilog = SIMULATE_EPILOG
    simulateArguments(simulated)
    adviseArguments(
        command(
            "advise",
            _advise,
            "find the shortest deadtime that is safe in a given weather, by simulation",
            "It recommends; it changes nothing.",
        )
    )

    decode = command("decode", _decode, "show a packet of the cluster's protocol in readable form")
    decode.add_argument(
        "frame",
        metavar="HEX|FILE",
        help="the packet in hexadecimal, or a file with it, hexadecimal or raw (- for standard input)",
    )

    command("version", _version, "print the version of hactl, and of the daemon if it runs")
    return parser


def _move(parser: argparse.ArgumentParser, failback: str) -> None:
    parser.add_argument(
        "resources",
        nargs="?",
        choices=("all", "local", "foreign", "failback"),
        default="all",
        help=_WHICH % failback,
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=_seconds,
        default=600.0,
        help="how long to wait for the end (600)",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return min(int(text), 4000)


def _client(options: argparse.Namespace) -> Client:
    from twisted_ha.cli.connect import connect

    return connect(
        socket=getattr(options, "socket", None),
        runDirectory=getattr(options, "run_dir", None),
        timeout=getattr(options, "timeout", None),
    )


def _status(options: argparse.Namespace) -> int:
    with _client(options) as client:
        status = client.status()
    if options.json:
        import json

        print(json.dumps(status, indent=2), file=options.out)
    elif options.links:
        from twisted_ha.cli.links import linksPage

        print(linksPage(status), file=options.out)
    else:
        from twisted_ha.cli.render import statusPage

        print(statusPage(status), file=options.out)
    return statuses.OK


def _standby(options: argparse.Namespace) -> int:
    with _client(options) as client:
        return _report(options, client.standby(options.resources, options.wait))


def _takeover(options: argparse.Namespace) -> int:
    with _client(options) as client:
        return _report(options, client.takeover(options.resources, options.wait))


def _report(options: argparse.Namespace, report: dict[str, object]) -> int:
    from twisted_ha.cli.words import safe

    moved = report.get("ok") is True
    print(safe(report.get("text", "")), file=options.out if moved else options.err)
    return statuses.OK if moved else statuses.FAILED


def _events(options: argparse.Namespace) -> int:
    import json

    from twisted_ha.cli.render import eventLine

    with _client(options) as client:
        if options.no_follow:
            source = iter(client.recent(options.recent or 100))
        else:
            source = client.events(options.level, options.recent)
        order = ("debug", "info", "warn", "error", "critical")
        shown = order[order.index(options.level) :]
        for event in source:
            if event.get("level") in shown:
                line = json.dumps(event) if options.json else eventLine(event)
                print(line, file=options.out, flush=True)
    return statuses.OK


def _explain(options: argparse.Namespace) -> int:
    from twisted_ha.cli.words import safe

    with _client(options) as client:
        print(safe(client.explain(options.group)), file=options.out)
    return statuses.OK


def _reload(options: argparse.Namespace) -> int:
    from twisted_ha.cli.words import safe

    with _client(options) as client:
        print(safe(client.reload()), file=options.out)
    return statuses.OK


def _metrics(options: argparse.Namespace) -> int:
    with _client(options) as client:
        options.out.write(client.metrics())
    return statuses.OK


def _check(options: argparse.Namespace) -> int:
    from twisted_ha.cli.check import check

    return check(options.config_dir, options.node, options.quiet, options.out, options.err)


def _linkTest(options: argparse.Namespace) -> int:
    from twisted_ha.cli.link_test import linkTest

    return linkTest(
        options.config_dir,
        listen=options.listen,
        seconds=options.seconds,
        json=options.json,
        client=_client(options),
        out=options.out,
        err=options.err,
    )


def _simulate(options: argparse.Namespace) -> int:
    from twisted_ha.cli.simulate import simulate

    return simulate(options)


def _advise(options: argparse.Namespace) -> int:
    from twisted_ha.cli.advise import adviseTimers

    return adviseTimers(options, _client(options))


def _decode(options: argparse.Namespace) -> int:
    from twisted_ha.cli.decode import decode

    return decode(options.frame, options.out, options.err)


def _version(options: argparse.Namespace) -> int:
    print(f"hactl {VERSION}", file=options.out)
    try:
        with _client(options) as client:
            print(f"daemon {client.ping()['daemonVersion']}", file=options.out)
    except ApiError as error:
        print(f"daemon: {error}", file=options.out)
    return statuses.OK
