"""Values for JSON."""

from __future__ import annotations

import json
import math

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.api.plain import eventAsJson, plain
from twisted_ha.events import NodeDied
from twisted_ha.terms import FailbackMode, NodeName


class PlainTests(SynchronousTestCase):
    """L{plain}."""

    def test_containers(self) -> None:
        """Tuples, sets and mappings become what JSON has."""
        self.assertEqual(
            plain({1: (True, None, "x"), "b": frozenset({2})}), {"1": [True, None, "x"], "b": [2]}
        )

    def test_numbers(self) -> None:
        """Numbers that JSON has no word for are null."""
        self.assertEqual(plain([1.23456789, math.inf, math.nan]), [1.234568, None, None])

    def test_others(self) -> None:
        """An enum is its value, everything else its text."""
        self.assertEqual(plain([FailbackMode.ON, b"x"]), ["on", "b'x'"])

    def test_event(self) -> None:
        """An event with an infinite number is still JSON."""
        event = NodeDied(node=NodeName("beta"), silentFor=math.inf, deadtime=5.0)
        told = eventAsJson(1.23456, event)
        json.dumps(told, allow_nan=False)
        self.assertEqual(
            (told["time"], told["level"], told["fields"]["silentFor"]), (1.235, "warn", None)
        )
