"""Tests of L{twisted_ha.auth.key}."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.auth.key import Key


class KeyTests(SynchronousTestCase):
    """A secret that does not show itself."""

    def test_repr(self) -> None:
        """It shows its method and length, in every form people print it in."""
        key = Key("sha1", b"TestSecret")
        for shown in (repr(key), str(key), f"{key}", repr([key])):
            self.assertIn("Key(sha1, 10 bytes)", shown)
            self.assertNotIn("TestSecret", shown)
