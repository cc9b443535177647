"""Who may ask."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.api.permission import Permission
from twisted_ha.config.model import ApiAuth


@dataclass
class Asking:
    uid: int
    gid: int
    pid: int | None = None


class PermissionTests(SynchronousTestCase):
    """L{Permission}."""

    def test_default(self) -> None:
        """Root and the daemon's own user may, others may not."""
        permission = Permission.of((), ownUid=275)
        self.assertTrue(permission.allows(Asking(0, 0)))
        self.assertTrue(permission.allows(Asking(275, 275)))
        self.assertFalse(permission.allows(Asking(1000, 0)))

    def test_apiauth(self) -> None:
        """An apiauth line for hactl adds users and groups; those for other clients do not."""
        lines = (
            ApiAuth(client="hactl", uids=frozenset({1000}), gids=frozenset({275})),
            ApiAuth(client="ipfail", uids=frozenset({1001})),
        )
        permission = Permission.of(lines, ownUid=0)
        self.assertTrue(permission.allows(Asking(1000, 1000)))
        self.assertTrue(permission.allows(Asking(1002, 275)))
        self.assertFalse(permission.allows(Asking(1001, 1001)))

    def test_mode(self) -> None:
        """The socket is private unless somebody else is named."""
        self.assertEqual(Permission.of((), ownUid=0).mode, 0o600)
        named = (ApiAuth(client="hactl", gids=frozenset({275})),)
        self.assertEqual(Permission.of(named, ownUid=0).mode, 0o666)
