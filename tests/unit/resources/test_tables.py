"""The tables of the resource room, tested whole."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from twisted_ha.resources import acquisition, release, standby, takeover


class TableTests(TestCase):
    """Every table decides every pair, and every state can be reached."""

    def test_everyPairIsDecided(self) -> None:
        """No table has a pair of state and input that nobody has thought about."""
        for table in (acquisition.TABLE, takeover.TABLE, standby.TABLE, release.TABLE):
            self.assertEqual(table.undecided(), [], table.name)

    def test_everyStateIsReachable(self) -> None:
        """Each state can be reached from the first."""
        self.assertEqual(acquisition.TABLE.unreachable(acquisition.Phase.OFFLINE), [])
        self.assertEqual(takeover.TABLE.unreachable(takeover.Takeover.IDLE), [])
        self.assertEqual(standby.TABLE.unreachable(standby.Move.NONE), [])
        self.assertEqual(release.TABLE.unreachable(release.Leave.STAYING), [])

    def test_nothingIsAcquiredWithoutAClaim(self) -> None:
        """Wherever a table says C{ACQUIRE}, it says C{CLAIM} before: the peer hears it first."""
        for table, actions in (
            (takeover.TABLE, takeover.TakeoverAction),
            (standby.TABLE, standby.MoveAction),
        ):
            for rule in table._rules.values():
                names = [action.name for action in rule.actions]
                if actions.ACQUIRE.name in names:
                    self.assertIn("CLAIM", names[: names.index("ACQUIRE")])

    def test_doneIsSaidOnlyAfterTheClaimIsDropped(self) -> None:
        """A giver says C{done} only in the step in which it stops claiming (B2)."""
        rule = standby.TABLE.step(standby.Move.RELEASING, standby.MoveSeen.RELEASED)
        assert rule is not None
        names = [action.name for action in rule.actions]
        self.assertLess(names.index("DROP"), names.index("SAY_DONE"))
