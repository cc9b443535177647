"""Programs beside the daemon."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.model import ApiAuth, Respawn


class RespawnTests(ConfigTestCase):
    """C{respawn} and C{failfast}."""

    def test_taken(self) -> None:
        """A user and the rest of the line, commas and blanks as they are."""
        config = self.quiet("respawn root /bin/sleep  1,2 # x", "failfast hacluster /bin/true")
        self.assertEqual(
            (
                Respawn(user="root", command="/bin/sleep  1,2"),
                Respawn(user="hacluster", command="/bin/true", failfast=True),
            ),
            config.respawn,
        )

    def test_refused(self) -> None:
        """The user must exist, the command be an absolute path to an executable."""
        self.refused("respawn", category="respawn-user")
        self.refused("respawn nosuch /bin/true", category="respawn-user")
        self.refused("respawn root", category="respawn-command")
        self.refused("respawn root sleep", category="respawn-not-executable")
        self.refused("respawn root /etc/passwd", category="respawn-not-executable")

    def test_bothFaults(self) -> None:
        """Both faults of one line are shown."""
        found = self.complaintsOf("respawn nosuch /etc/passwd")
        self.assertEqual(["respawn-user", "respawn-not-executable"], [item.category for item in found])


class ApiauthTests(ConfigTestCase):
    """C{apiauth}."""

    def test_taken(self) -> None:
        """Names become numbers."""
        config = self.quiet("apiauth foo uid=root,7 gid=haclient")
        self.assertEqual(
            ApiAuth(client="foo", uids=frozenset({0, 7}), gids=frozenset({106})), config.apiauth[0]
        )

    def test_builtIn(self) -> None:
        """Names nobody mentions have the original's rules."""
        rules = {rule.client: rule for rule in self.load().apiauth}
        self.assertEqual({"ipfail", "ccm", "ping", "lha-snmpagent", "anon"}, set(rules))
        self.assertTrue(all(rule.builtin for rule in rules.values()))
        self.assertEqual((frozenset({0}), frozenset({106})), (rules["anon"].uids, rules["anon"].gids))

    def test_replacesBuiltIn(self) -> None:
        """A rule of the file replaces the built-in one."""
        rules = [
            rule for rule in self.quiet("apiauth ipfail uid=root").apiauth if rule.client == "ipfail"
        ]
        self.assertEqual([ApiAuth(client="ipfail", uids=frozenset({0}))], rules)

    def test_noServiceAccount(self) -> None:
        """Without the accounts there is one warning, and root still gets in."""
        del self.host.users["hacluster"], self.host.groups["haclient"]
        found = self.warned(category="no-service-account")
        self.assertIn("user hacluster or group haclient", found.message)
        self.assertEqual(["lha-snmpagent", "anon"], [rule.client for rule in self.load().apiauth])

    def test_refused(self) -> None:
        """What the original refuses."""
        for line in (
            *(
                "apiauth",
                "apiauth foo",
                "apiauth foo root",
                "apiauth foo pid=1",
                "apiauth foo uid=nosuch",
            ),
            *("apiauth foo gid=nosuch", "apiauth foo uid=root uid=root", "apiauth foo uid="),
            *("apiauth foo uid=99999999999", "apiauth " + "a" * 32 + " uid=root"),
        ):
            self.refused(line, category="apiauth-invalid")

    def test_twice(self) -> None:
        """A second rule for one name is an error that names the first."""
        found = self.refused("apiauth foo uid=root", "apiauth foo uid=root", category="apiauth-invalid")
        self.assertIn("line 11", found.message)

    def test_place(self) -> None:
        """The one bad name of a list is underlined, not the list."""
        found = self.refused("apiauth foo uid=root,nosuch,7", category="apiauth-invalid")
        self.assertEqual((22, 6), (found.where.column, found.where.length))
