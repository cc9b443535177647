"""C{make interop}: the whole matrix, or what is asked for of it, as a table."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.interop.lab.requirements import whyNot
from tests.interop.matrix.cases import Case, caseNamed, compared, matching, matrix
from tests.interop.matrix.running import Result, read, runAll, tell
from tests.interop.matrix.table import summary, table

DEFAULT = "interop-results.jsonl"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make interop",
        description="Every story with every setting: ours and heartbeat 3.0.6 in one cluster each.",
    )
    parser.add_argument(
        "patterns", nargs="*", help="only these cases: 'serial*', 'stop-*', 'theirs-ours/*/moves'"
    )
    parser.add_argument(
        "--compare", action="store_true", help="the same stories with two originals, too"
    )
    parser.add_argument("--failed", action="store_true", help="only what failed the last time")
    parser.add_argument("--resume", action="store_true", help="only what has not been told yet")
    parser.add_argument("--seeds", default="1-10", help="of the stories by chance: 7 or 1-10")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cases at a time")
    parser.add_argument("--attempts", type=int, default=2, help="how often a case that fails is told")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no case after that")
    parser.add_argument("--results", type=Path, default=Path(DEFAULT), help="the file of the results")
    parser.add_argument("--list", action="store_true", help="the names of the cases, and no more")
    parser.add_argument("--show", action="store_true", help="the table of the last results, and no more")
    parser.add_argument("--summary", action="store_true", help="with --show: one line for all pairs")
    parser.add_argument("--markdown", action="store_true", help="the table for a document")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Tell them.

    @return: 0 if every case ended as it must; 1 if not, or if nothing could be told; 2 for a wrong word.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.here:
        result = tell(caseNamed(options.patterns[0]))
        print(result.line())
        return 0 if result.ok else 1
    known = read(options.results)
    if options.show:
        shown = [known[case.name] for case in matching(_named(known), options.patterns)]
        made = summary(shown) if options.summary else table(shown, options.markdown, options.compare)
        print(made)
        return 0
    try:
        cases = _chosen(options, known)
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    reason = whyNot(heartbeat=True, ours=True)
    if reason is not None:
        print(f"Nothing could be told: {reason}.", file=sys.stderr)
        return 1
    return _run(cases, options, known)


def _named(known: dict[str, Result]) -> list[Case]:
    return [caseNamed(name) for name in known]


def _chosen(options: argparse.Namespace, known: dict[str, Result]) -> list[Case]:
    first, _, last = options.seeds.partition("-")
    everything = list(matrix(range(int(first), int(last or first) + 1)))
    cases = matching(everything, options.patterns)
    if not cases:
        # Perhaps names of cases that are not in the matrix.
        cases = [caseNamed(pattern) for pattern in options.patterns]
    if options.compare:
        cases += compared(cases)
    if options.failed:
        cases = [case for case in cases if case.name in known and not known[case.name].ok]
    elif options.resume:
        cases = [case for case in cases if case.name not in known]
    return cases


def _run(cases: list[Case], options: argparse.Namespace, known: dict[str, Result]) -> int:
    began = time.monotonic()
    results: dict[str, Result] = {}
    repeats = 0
    if not (options.resume or options.failed):
        options.results.unlink(missing_ok=True)
        known = {}

    def done(result: Result) -> None:
        nonlocal repeats
        repeats += result.case in results
        results[result.case] = result
        with options.results.open("a") as file:
            file.write(result.line() + "\n")
        word = "as it must" if result.ok else "FAILED"
        number = f"{len(results)}/{len(cases)}"
        print(
            f"{number:>8} {word:10} {result.seconds:5.0f} s  {result.case}", file=sys.stderr, flush=True
        )
        if not result.ok:
            print(result.trouble, file=sys.stderr, flush=True)

    left = runAll(
        cases,
        jobs=options.jobs,
        done=done,
        until=began + options.seconds,
        attempts=options.attempts,
    )
    order = {**known, **results}
    print(table(order.values(), options.markdown, options.compare))
    failed = [name for name, result in results.items() if not result.ok]
    passed = len(results) - len(failed)
    print(
        f"\n{passed} cases ended as they must, {len(failed)} did not, {left} were not begun,"
        f" {repeats} were told again; {time.monotonic() - began:.0f} s."
    )
    for name in failed:
        print(f"  FAILED {name}: python -m tests.interop.matrix '{name}'")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
