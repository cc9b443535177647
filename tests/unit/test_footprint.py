"""What a running daemon carries about: modules that few clusters need, and copies of the same words."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

_PROBE = """
import json, sys

from twisted.scripts import twistd
from twisted.internet import reactor

before = set(sys.modules)

import twisted_ha.tap, twisted_ha.daemon

print(json.dumps({
    "brought": sorted(set(sys.modules) - before),
    "copies": sorted({
        f"{thing.__module__}.{thing.__qualname__}"
        for name, module in sys.modules.items() if name.startswith("twisted_ha.")
        for thing in vars(module).values()
        if isinstance(thing, type)
        and "__slots__" in vars(thing)
        and getattr(vars(thing).get("__dataclass_params__"), "frozen", False)
        and vars(thing)["__setattr__"].__module__ != "twisted_ha.frozen"
    }),
}))
"""

_SELDOM = (
    "twisted_ha.cli",
    "twisted_ha.config.describe",
    "twisted_ha.fencing.external",
    "twisted_ha.fencing.meatware",
    "twisted_ha.fencing.plugin",
    "twisted_ha.linktest",
    "twisted_ha.manhole",
    "twisted_ha.media.mcast",
    "twisted_ha.media.ping",
    "twisted_ha.media.serial",
    "twisted_ha.respawn",
    "twisted_ha.sim",
    "twisted_ha.whatif",
)
"""What is loaded at the start of a daemon that is configured to use it, or in another program."""

_HEAVY = {
    "argparse", "ctypes", "difflib", "email", "http", "logging.handlers", "multiprocessing", "pickle",
    "serial", "sqlite3", "subprocess", "tempfile", "unittest", "urllib", "xml", "zipfile",
}  # fmt: skip
"""A tenth of a megabyte and more; Twisted brings some of it, and may do without one day."""


@functools.cache
def _daemon() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


class FootprintTests(SynchronousTestCase):
    """A daemon is loaded for good: a megabyte is a megabyte for years."""

    def test_seldomNeeded(self) -> None:
        """A daemon does not load what only some clusters need."""
        found = [
            name
            for name in _daemon()["brought"]
            if any(f"{name}.".startswith(f"{one}.") for one in _SELDOM)
        ]
        self.assertEqual(found, [])

    def test_nothingHeavy(self) -> None:
        """What it adds to what Twisted has loaded is its own and small."""
        self.assertEqual(_HEAVY.intersection(_daemon()["brought"]), set())

    def test_oneRefusal(self) -> None:
        """Its frozen values share what would be written anew for each: L{twisted_ha.frozen}."""
        self.assertEqual(_daemon()["copies"], [])
