"""Choose a stage and tell the story."""

from __future__ import annotations

import argparse
import contextlib
import sys

from tests.demo.loopback import LoopbackStage
from tests.demo.namespaces import NamespaceStage
from tests.demo.story import Story
from tests.interop.lab import ConditionNotMet, Lab, whyNot


def main() -> int:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(prog="demo", description="A cluster on this one machine.")
    parser.add_argument(
        "--loopback", action="store_true", help="without namespaces, as for an ordinary user"
    )
    options = parser.parse_args()
    reason = "--loopback was given" if options.loopback else whyNot()
    try:
        if reason is None:
            with Lab() as lab:
                Story(NamespaceStage(lab)).tell()
        else:
            print(f"(On loopback, because {reason}.)\n")
            with contextlib.closing(LoopbackStage()) as stage:
                Story(stage).tell()
    except ConditionNotMet as failure:
        print(f"\nThis did not happen: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
