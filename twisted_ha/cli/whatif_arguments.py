"""The arguments of C{hactl simulate} and C{hactl advise}, apart from what they do."""

from __future__ import annotations

import argparse

__all__ = ["SIMULATE_EPILOG", "adviseArguments", "simulateArguments"]

SIMULATE_EPILOG = """\
examples:
  hactl simulate --story power-loss
  hactl simulate "at 10s cut eth1; at 30s power off alpha; at 90s power on alpha"
  hactl simulate -f night.story --plot night.svg --timing "Filesystem start 4s"
  hactl simulate --story partition --try deadtime=5 --try keepalive=500ms,deadtime=3
  hactl simulate --random 100 --seed 1

A script is sentences; docs/simulator.md lists the deeds.  The daemon need not
run, and one that runs is not touched.

exit status:
  0  nothing happened that must never happen (a service may have been down)
  1  it did not work, for example a picture could not be written
  2  the command, the script or a timing was misspelt
  5  in the simulation something happened that must never happen: a bug
  6  the configuration is wrong (4: it may not be read)
"""


def simulateArguments(parser: argparse.ArgumentParser) -> None:
    """What C{hactl simulate} understands."""
    story = parser.add_argument_group("what happens (one of these)")
    which = story.add_mutually_exclusive_group()
    which.add_argument("script", nargs="?", metavar="SCRIPT", help='such as "at 10s cut eth1"')
    which.add_argument(
        "-f", "--file", metavar="FILE", help="a file with a script (- for standard input)"
    )
    which.add_argument("--story", metavar="NAME", help="a story by its name")
    which.add_argument(
        "--stories", action="store_true", help="list those, and what they do to your files"
    )
    which.add_argument(
        "--random", metavar="N", type=_positive, help="N random nights; see them again by their seeds"
    )
    _cluster(parser)
    tries = parser.add_argument_group("other settings")
    tries.add_argument(
        "--try",
        metavar="NAME=VALUE,...",
        dest="tries",
        action="append",
        default=[],
        help="compare with other timers: keepalive, warntime, deadtime, initdead, deadping, and"
        " auto_failback (may be given often)",
    )
    _weather(tries, "30", "3", "0", "for the comparison: ")
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--plot", metavar="FILE", help="draw it too: FILE.svg, or FILE.png (extra: plot)")
    shown.add_argument("--detail", action="store_true", help="every sentence, with every script")
    shown.add_argument("-q", "--quiet", action="store_true", help="no sentences, only what it came to")
    shown.add_argument(
        "--width", metavar="COLUMNS", type=_positive, help="of the drawing (the terminal's)"
    )
    shown.add_argument("--ascii", action="store_true", help="draw with plain letters")
    shown.add_argument("--json", action="store_true", help="for programs; see docs/hactl.md")


def adviseArguments(parser: argparse.ArgumentParser) -> None:
    """What C{hactl advise} understands."""
    _cluster(parser)
    weather = parser.add_argument_group("the weather")
    _weather(weather, "5", "3", "1", "")
    weather.add_argument(
        "--observed",
        action="store_true",
        help="as the daemon of this machine has seen it since it began, where it has seen worse",
    )
    search = parser.add_argument_group("the search")
    search.add_argument(
        "--margin",
        metavar="FACTOR",
        type=_factor,
        default=1.5,
        help="how many times the shortest deadtime without a mistake (1.5)",
    )
    search.add_argument(
        "--hours",
        metavar="N",
        type=_hours,
        default=1000.0,
        help="of such weather from one mistake to the next, on average, as estimated (1000)",
    )
    search.add_argument(
        "--minutes",
        metavar="N",
        type=_factor,
        default=2.0,
        help="how long it may take; then what is known must do (2)",
    )
    search.add_argument(
        "--runs", metavar="N", type=_positive, default=4, help="nights for each pair (4)"
    )
    search.add_argument("--json", action="store_true", help="for programs; see docs/hactl.md")


def _cluster(parser: argparse.ArgumentParser) -> None:
    cluster = parser.add_argument_group("the cluster")
    cluster.add_argument("--config-dir", metavar="DIR", help="where ha.cf, authkeys and haresources are")
    cluster.add_argument(
        "--node", metavar="NAME", help="read as on that node: nothing is asked of this machine"
    )
    cluster.add_argument(
        "--timing",
        metavar="'RESOURCE VERB TIME'",
        dest="timings",
        action="append",
        default=[],
        help="how long a script takes: 'IPaddr start 300ms' (else start 100ms, stop 80ms, status 20ms)",
    )
    cluster.add_argument("--timings", metavar="FILE", dest="timingFile", help="a file of such lines")
    cluster.add_argument(
        "--original",
        metavar="NODE",
        action="append",
        default=[],
        help="that node runs heartbeat 3.0.6 (a model of it)",
    )
    cluster.add_argument("--seed", metavar="S", type=int, default=1, help="of all chance (1)")


def _weather(group: argparse._ArgumentGroup, loss: str, burst: str, stall: str, prefix: str) -> None:
    group.add_argument(
        "--loss",
        metavar="PERCENT",
        type=_percent,
        default=_percent(loss),
        help=f"{prefix}what every link loses ({loss})",
    )
    group.add_argument(
        "--burst",
        metavar="N",
        type=_positive,
        default=int(burst),
        help=f"{prefix}how many packets in a row, on average ({burst})",
    )
    group.add_argument(
        "--stall",
        metavar="SECONDS",
        type=_length,
        default=float(stall),
        help=f"{prefix}how long a daemon sometimes does not run ({stall})",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _number(text: str, least: float, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return number


def _percent(text: str) -> float:
    return _number(text.removesuffix("%"), 0, 99, "a percentage from 0 to 99") / 100


def _factor(text: str) -> float:
    return _number(text, 0.01, 1000, "a number above 0")


def _hours(text: str) -> float:
    return _number(text, 1, 1e7, "a number of hours from 1 to 10000000")


def _length(text: str) -> float:
    return _number(text.removesuffix("s"), 0, 3600, "a number of seconds from 0 to 3600")
