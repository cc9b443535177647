"""What the cluster runs."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.config.complaints import Complaints
from twisted_ha.config.haresources import parse, resourceOf
from twisted_ha.config.location import Complaint, Severity
from twisted_ha.config.model import Resource, ResourceGroup
from twisted_ha.terms import NodeName

NODES = (NodeName("alpha"), NodeName("beta"))


class ResourceTests(SynchronousTestCase):
    """L{resourceOf}."""

    def test_script(self) -> None:
        """A script and its arguments; single colons are data, empty arguments vanish."""
        self.assertEqual(
            Resource(
                token="Filesystem::/dev/x:1::::/mnt::ufs",
                agent="Filesystem",
                arguments=("/dev/x:1", "/mnt", "ufs"),
            ),
            resourceOf("Filesystem::/dev/x:1::::/mnt::ufs"),
        )

    def test_plain(self) -> None:
        """A script alone."""
        self.assertEqual(Resource(token="httpd", agent="httpd"), resourceOf("httpd"))

    def test_address(self) -> None:
        """A bare address is IPaddr's argument; the token stays as written."""
        self.assertEqual(
            Resource(token="10.0.0.1/24/em0", agent="IPaddr", arguments=("10.0.0.1/24/em0",)),
            resourceOf("10.0.0.1/24/em0"),
        )

    def test_nearlyAnAddress(self) -> None:
        """Three numbers, or a word before them, are no address."""
        self.assertEqual("10.0.0", resourceOf("10.0.0").agent)
        self.assertEqual("IPaddr", resourceOf("IPaddr::10.0.0.1").agent)
        self.assertEqual("v10.0.0.1", resourceOf("v10.0.0.1").agent)


class ParseTestCase(SynchronousTestCase):
    """Reads text."""

    def read(self, text: str, pings: Sequence[NodeName] = ()) -> tuple[ResourceGroup, ...]:
        complaints = Complaints()
        groups = parse("haresources", text, nodes=NODES, pingNodes=pings, complaints=complaints)
        self.found: tuple[Complaint, ...] = complaints.inOrder(["haresources"])
        return groups

    def tokens(self, text: str) -> list[list[str]]:
        """The node and the resources of each group."""
        return [
            [str(group.node), *(resource.token for resource in group.resources)]
            for group in self.read(text)
        ]

    def said(self) -> list[str]:
        return [item.category for item in self.found]


class GroupTests(ParseTestCase):
    """L{parse}."""

    def test_group(self) -> None:
        """A group is named after its first resource; its node's name is folded."""
        (group,) = self.read("# x\nALPHA 10.0.0.1 Httpd # y\n")
        self.assertEqual(("10.0.0.1", "alpha", 2), (group.key, group.node, group.line))
        self.assertEqual(["10.0.0.1", "Httpd"], [item.token for item in group.resources])
        self.assertEqual([], self.said())

    def test_empty(self) -> None:
        """An empty file, or one of comments, is fine."""
        self.assertEqual((), self.read("# x\n\n   \n"))
        self.assertEqual([], self.said())

    def test_noNewline(self) -> None:
        """The last line counts without its newline."""
        self.assertEqual([["alpha", "a"]], self.tokens("alpha a"))

    def test_crlf(self) -> None:
        """Carriage returns are blanks."""
        self.assertEqual([["alpha", "a"], ["beta", "b"]], self.tokens("alpha a\r\nbeta b\r\n"))
        self.assertEqual([], self.said())

    def test_badNode(self) -> None:
        """An unknown node is an error with the likely one."""
        self.read("alfa 10.0.0.1\n")
        self.assertEqual(["haresources-bad-node"], self.said())
        self.assertEqual("did you mean alpha?", self.found[0].hint)
        self.assertEqual(
            (1, 1, 4), (self.found[0].where.line, self.found[0].where.column, self.found[0].where.length)
        )

    def test_everyBadNode(self) -> None:
        """All of them are reported; heartbeat stops at the first."""
        self.read("gamma a\ndelta b\n")
        self.assertEqual(["haresources-bad-node"] * 2, self.said())

    def test_missingBackslash(self) -> None:
        """A resource in the place of a node hints at a continuation that is none."""
        self.read("alpha a\n  IPaddr::10.0.0.1\n")
        self.assertIn("backslash", self.found[0].hint)

    def test_otherDomain(self) -> None:
        """A node in another domain is recognised by its first label."""
        complaints = Complaints()
        nodes = [NodeName("node1.your-cluster.tld"), NodeName("node2.your-cluster.tld")]
        parse("h", "node1.your-domain.tld a", nodes=nodes, pingNodes=(), complaints=complaints)
        self.assertEqual("did you mean node1.your-cluster.tld?", complaints.inOrder(())[0].hint)

    def test_pingNode(self) -> None:
        """A ping node counts as known, but nothing can run there."""
        self.read("router a\n", [NodeName("router")])
        self.assertEqual(["haresources-ping-node"], self.said())
        self.assertIs(Severity.WARNING, self.found[0].severity)

    def test_emptyGroup(self) -> None:
        """A node alone is legal and contributes nothing."""
        self.assertEqual((), self.read("alpha\n"))
        self.assertEqual(["empty-group"], self.said())

    def test_duplicateKey(self) -> None:
        """A second group of that name is kept under another, and both lines are named."""
        groups = self.read("alpha 10.0.0.1 a\n\nbeta 10.0.0.1 b\n")
        self.assertEqual(["10.0.0.1", "10.0.0.1#3"], [group.key for group in groups])
        self.assertEqual(["duplicate-key"], self.said())
        self.assertIn("line 1", self.found[0].message)
        self.assertEqual(3, self.found[0].where.line)

    def test_keyIsNoPattern(self) -> None:
        """Names that a regular expression would confuse are different groups (B18)."""
        groups = self.read("alpha 10.0.0.1\nbeta 10.0.011.1 a+b(\n")
        self.assertEqual(["10.0.0.1", "10.0.011.1"], [group.key for group in groups])
        self.assertNotIn("duplicate-key", self.said())

    def test_sharedResource(self) -> None:
        """A resource in two groups is a warning."""
        self.read("alpha a shared\nbeta b shared\n")
        self.assertEqual(["shared-resource"], self.said())

    def test_address(self) -> None:
        """Slips in an address are seen before the takeover."""
        for word in (
            "10.0.0.256",
            "10.0.0.1/33",
            "10.0.0.1/0/em0",
            "IPaddr::x",
            "IPaddr",
            "10.0.0.1/em0",
        ):
            self.read(f"alpha {word}\n")
            self.assertEqual(["odd-address"], self.said(), word)
        for word in ("10.0.0.1", "10.0.0.1/24", "10.0.0.1/32/em0", "10.0.0.1/24/10.0.0.255"):
            self.read(f"alpha {word}\n")
            self.assertEqual([], self.said(), word)

    def test_wildcard(self) -> None:
        """An argument the shell would have expanded is a warning."""
        self.read("alpha probe::*\n")
        self.assertEqual(["wildcard"], self.said())

    def test_noAgent(self) -> None:
        """A word that begins with colons names no script."""
        self.read("alpha ::x\n")
        self.assertEqual(["no-agent"], self.said())


class ContinuationTests(ParseTestCase):
    """Lines that continue (bug B1)."""

    def test_joined(self) -> None:
        """A backslash at the end joins the next line; the group has the first one's number."""
        groups = self.read("\nalpha a \\\n  b \\\n\tc\nbeta d\n")
        self.assertEqual([2, 5], [group.line for group in groups])
        self.assertEqual(["a", "b", "c"], [item.token for item in groups[0].resources])
        self.assertEqual([], self.said())

    def test_places(self) -> None:
        """A word of a later line is shown in its own line and column."""
        self.read("alpha a \\\n   10.0.0.300\n")
        where = self.found[0].where
        self.assertEqual(
            (2, 4, 10, "   10.0.0.300"), (where.line, where.column, where.length, where.text)
        )

    def test_commentInTheMiddle(self) -> None:
        """A comment on a continuing line is a comment, not two resources."""
        self.assertEqual([["alpha", "a"]], self.tokens("alpha \\\n a # note\n"))

    def test_backslashInComment(self) -> None:
        """A backslash in a comment does not continue, and that is said."""
        self.assertEqual([["alpha", "a"], ["beta", "b"]], self.tokens("alpha a # c \\\nbeta b\n"))
        self.assertEqual(["backslash-in-comment"], self.said())

    def test_blanksAfterBackslash(self) -> None:
        """Blanks after the backslash are forgiven with a warning."""
        self.assertEqual([["alpha", "a", "b"]], self.tokens("alpha a \\ \n b\n"))
        self.assertEqual(["blanks-after-backslash"], self.said())

    def test_crlf(self) -> None:
        """A carriage return after the backslash needs no warning."""
        self.assertEqual([["alpha", "a", "b"]], self.tokens("alpha a \\\r\n b\r\n"))
        self.assertEqual([], self.said())

    def test_fused(self) -> None:
        """Without a blank two words become one, as in the original, with a warning."""
        self.assertEqual([["alpha", "ab"]], self.tokens("alpha a\\\nb\n"))
        self.assertEqual(["fused-words"], self.said())

    def test_atTheEnd(self) -> None:
        """A backslash at the end of the file ends the group."""
        self.assertEqual([["alpha", "a"]], self.tokens("alpha a \\"))
        self.assertEqual(["ends-in-backslash"], self.said())

    def test_onlyBackslash(self) -> None:
        """A line of one backslash joins nothing to the next."""
        self.assertEqual([["alpha", "a"]], self.tokens("\\\nalpha a\n"))
