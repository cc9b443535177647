"""
The result of a trial run in one plain line: C{N passed, N failed, N skipped}.

Reads trial's output from a file.  With C{--no-skips-in PACKAGE} a skipped test of that package is named
and counts as a failure of the run.  Exit status 1 if anything failed, was skipped where it must not be,
or if trial never came to its last line.
"""

from __future__ import annotations

import argparse
import re
import sys

_LAST = re.compile(r"^(?:PASSED|FAILED)(?: \((?P<counts>[^)]*)\))?\s*$", re.MULTILINE)
_RAN = re.compile(r"^Ran (?P<number>\d+) tests? in ", re.MULTILINE)
_SKIPPED = re.compile(r"^\[SKIPPED\]$(?P<section>.*?)(?=^={20,}|^-{20,}|\Z)", re.MULTILINE | re.DOTALL)
_FAILURES = ("failures", "errors", "unexpectedSuccesses")


def tally(output: str) -> tuple[int, int, int] | None:
    """Passed, failed and skipped tests; L{None} if trial did not come to an end."""
    endings = list(_LAST.finditer(output))
    if not endings or _RAN.search(output) is None:
        return None
    counts = {}
    for item in (endings[-1]["counts"] or "").split(","):
        name, _, number = item.strip().partition("=")
        if number.isdigit():
            counts[name] = int(number)
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


def main() -> int:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output")
    parser.add_argument("--no-skips-in", metavar="PACKAGE")
    options = parser.parse_args()
    with open(options.output, errors="replace") as file:
        output = file.read()
    counted = tally(output)
    if counted is None:
        print("trial did not come to an end")
        return 1
    missing = skipped(output, options.no_skips_in) if options.no_skips_in else []
    for line in missing:
        print(f"must not be skipped here: {line}")
    passed, failed, skips = counted
    print(f"{passed} passed, {failed} failed, {skips} skipped")
    return 1 if failed or missing or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
