"""Tests of C{docs/wire.rst}."""

from __future__ import annotations

import doctest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

DOCUMENT = Path(__file__).parents[3] / "docs" / "wire.rst"


class DocumentTests(SynchronousTestCase):
    """What the page on the wire says."""

    def test_example(self) -> None:
        """The example does what it shows."""
        failed, tried = doctest.testfile(str(DOCUMENT), module_relative=False, verbose=False)
        self.assertEqual((0, 8), (failed, tried))
