"""The page of C{hactl status --links}."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.api.fakes import ALPHA, BETA, aStatus
from twisted_ha.cli.links import linksPage
from twisted_ha.status import LinkView, NodeView, asJson


def page(*links: LinkView) -> str:
    nodes = (
        NodeView(name=ALPHA, status="active", local=True, links=(LinkView(name="eth0", status="up"),)),
        NodeView(name=BETA, status="active", links=links),
    )
    return linksPage(asJson(aStatus(nodes=nodes)))


class LinksPageTests(SynchronousTestCase):
    """L{linksPage}."""

    def test_whole(self) -> None:
        """A line for each link, without this node's own, and the last link said aloud."""
        shown = page(
            LinkView(
                name="eth0",
                status="up",
                heard=0.31,
                messages=7002,
                lost=3,
                duplicates=2,
                outOfOrder=1,
                jitter=0.00042,
                roundTrip=0.00123,
            ),
            LinkView(name="eth1", status="dead", heard=61.0, messages=12),
            LinkView(name="/dev/cuau0", status="dead"),
        )
        self.assertEqual(
            shown,
            "NODE  LINK        STATE  HEARD          MESSAGES  LOST  DUPLICATES  REORDERED  JITTER  "
            "ROUND TRIP\n"
            "beta  eth0        up     0.3 s ago      7002      3     2           1          "
            "0.4 ms  1.2 ms\n"
            "beta  eth1        dead   1 min 1 s ago  12        0     0           0          -       -\n"
            "beta  /dev/cuau0  dead   never          0         0     0           0          -       -\n"
            "\n"
            "eth0 is the last link to beta, of 3.",
        )

    def test_left(self) -> None:
        """Links that are left are counted; where none is missing nothing is said."""
        up, dead = LinkView(name="eth0", status="up"), LinkView(name="eth1", status="dead")
        self.assertIn("2 of 3 links to beta are left.", page(up, up, dead))
        self.assertIn("No link to beta is left.", page(dead))
        self.assertNotIn("left", page(up))

    def test_older(self) -> None:
        """A daemon that does not count yet is shown with dashes."""
        status: dict[str, Any] = {
            "nodes": [
                {
                    "name": "beta",
                    "local": False,
                    "links": [{"name": "eth0", "status": "up", "heard": 1.0}],
                }
            ]
        }
        self.assertTrue(
            linksPage(status).endswith("1.0 s ago  -         -     -           -          -       -")
        )

    def test_none(self) -> None:
        """Alone there is no table."""
        self.assertIn("No links", linksPage({"nodes": []}))
