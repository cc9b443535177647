"""
The result of trial in one plain line: C{N passed, N failed, N skipped}.

Reads trial's output from a file; of several runs in it the sum counts.  With C{--no-skips-in PACKAGE} a
skipped test of that package is named and counts as a failure.  With C{--failed} it only names the tests
that failed.  With C{--again FILE}, the output of a second run of just those, a test that passed there
counts as passed, and is named as unsteady.  Exit status 1 if anything failed, was skipped where it must
not be, or if a run never came to its last line.
"""

from __future__ import annotations

import argparse
import re
import sys

_LAST = re.compile(r"^(?:PASSED|FAILED)(?: \((?P<counts>[^)]*)\))?\s*$", re.MULTILINE)
_RAN = re.compile(r"^Ran (?P<number>\d+) tests? in ", re.MULTILINE)
_SECTION = r"^\[(?:{})\]$(?P<section>.*?)(?=^={{20,}}|^-{{20,}}|\Z)"
_SKIPPED = re.compile(_SECTION.format("SKIPPED"), re.MULTILINE | re.DOTALL)
_FAILED = re.compile(_SECTION.format("FAIL|ERROR|SUCCESS!?"), re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"^tests(?:\.\w+)+$", re.MULTILINE)
_FAILURES = ("failures", "errors", "unexpectedSuccesses")


def tally(output: str) -> tuple[int, int, int] | None:
    """Passed, failed and skipped tests; L{None} if trial did not come to an end."""
    endings = list(_LAST.finditer(output))
    if not endings or len(_RAN.findall(output)) != len(endings):
        return None
    counts: dict[str, int] = {}
    for ending in endings:
        for item in (ending["counts"] or "").split(","):
            name, _, number = item.strip().partition("=")
            if number.isdigit():
                counts[name] = counts.get(name, 0) + int(number)
    passed = counts.get("successes", 0) + counts.get("expectedFailures", 0)
    return passed, sum(counts.get(name, 0) for name in _FAILURES), counts.get("skips", 0)


def skipped(output: str, package: str) -> list[str]:
    """The skipped tests of C{package}, each with trial's reason."""
    found = []
    for match in _SKIPPED.finditer(output):
        lines = [line for line in match["section"].splitlines() if line]
        tests = [line for line in lines if line.startswith(package + ".")]
        reason = " ".join(line for line in lines if not re.fullmatch(r"[\w.]+\.test\w*", line))
        found += [f"{test}: {reason}" for test in tests]
    return found


def failed(output: str) -> list[str]:
    """The tests that failed, each once."""
    names: dict[str, None] = {}
    for match in _FAILED.finditer(output):
        names.update(dict.fromkeys(_NAME.findall(match["section"])))
    return list(names)


def main() -> int:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output")
    parser.add_argument("--no-skips-in", metavar="PACKAGE")
    parser.add_argument("--failed", action="store_true")
    parser.add_argument("--again", metavar="FILE")
    options = parser.parse_args()
    output = _read(options.output)
    if options.failed:
        print("\n".join(failed(output)))
        return 0
    counted = tally(output)
    if counted is None:
        print("trial did not come to an end")
        return 1
    passed, failures, skips = counted
    if options.again:
        again = _read(options.again)
        second = tally(again)
        left = failed(again)
        if second is not None and any(second[:2]) and second[1] >= len(left):
            unsteady = [name for name in failed(output) if name not in left]
            for name in unsteady:
                print(f"unsteady: passed when it was run again alone: {name}")
            passed += len(unsteady)
            failures = len(left)
        else:
            print("the second run says nothing")
    missing = skipped(output, options.no_skips_in) if options.no_skips_in else []
    for line in missing:
        print(f"must not be skipped here: {line}")
    print(f"{passed} passed, {failures} failed, {skips} skipped")
    return 1 if failures or missing or not passed else 0


def _read(path: str) -> str:
    with open(path, errors="replace") as file:
        return file.read()


if __name__ == "__main__":
    sys.exit(main())
