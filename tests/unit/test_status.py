"""The picture of everything as JSON: what docs/api.md promises."""

from __future__ import annotations

import json
import os
import re

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.api.fakes import aStatus
from twisted_ha.status import asJson

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "api.md")


class StatusTests(SynchronousTestCase):
    """L{asJson}."""

    def test_plain(self) -> None:
        """It is JSON through and through."""
        made = asJson(aStatus())
        self.assertEqual(json.loads(json.dumps(made, allow_nan=False)), made)

    def test_version(self) -> None:
        """It says which schema it follows."""
        self.assertEqual(asJson(aStatus())["version"], 1)

    def test_noReport(self) -> None:
        """Before the other node's first report there is null, not a guess."""
        self.assertIsNone(asJson(aStatus(peerHoldings=None))["peerHoldings"])

    def test_documented(self) -> None:
        """Every name in it is in the document, and every name of the document is in it."""
        made = asJson(aStatus())
        names = set(made) | set(made["peerHoldings"]) | set(made["nodes"][1]["links"][0])
        for part in ("nodes", "groups", "media"):
            names |= set(made[part][1])
        with open(DOCUMENT) as file:
            text = file.read()
        schema = text.split("## The status", 1)[1].split("\n## ", 1)[0]
        documented = set(re.findall(r"^\| `(\w+)` ", schema, re.MULTILINE))
        self.assertEqual(names, documented)
