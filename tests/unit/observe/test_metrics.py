"""Counters and gauges."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.api.fakes import aStatus
from twisted_ha.events import LinkUp, TakeoverCompleted
from twisted_ha.observe.metrics import Metrics
from twisted_ha.status import LinkView, MediumView, NodeView
from twisted_ha.terms import NodeName

BETA = NodeName("beta")


class MetricsTests(SynchronousTestCase):
    """L{Metrics}."""

    def test_counters(self) -> None:
        """Events are counted by class."""
        metrics = Metrics()
        metrics(LinkUp(node=BETA, link="eth0"), 0.0)
        metrics(LinkUp(node=BETA, link="eth1"), 1.0)
        self.assertEqual(metrics.count("LinkUp"), 2)
        self.assertIn('ha_events_total{event="LinkUp"} 2\n', metrics.render())

    def test_takeover(self) -> None:
        """The number that matters after a takeover is there."""
        metrics = Metrics()
        self.assertNotIn("ha_last_takeover_seconds", metrics.render())
        metrics(TakeoverCompleted(node=BETA, groups=("a",), seconds=0.25), 0.0)
        self.assertIn("ha_last_takeover_seconds 0.25\n", metrics.render())

    def test_gauges(self) -> None:
        """Everything else is read from the status at the moment of asking."""
        text = Metrics(aStatus).render()
        self.assertIn('ha_node_alive{node="beta",kind="normal"} 1\n', text)
        self.assertIn('ha_link_up{node="beta",link="eth1"} 0\n', text)
        self.assertIn('ha_group_held{group="10.0.0.9",home="alpha"} 1\n', text)
        self.assertIn("ha_generation 1795420021\n", text)

    def test_links(self) -> None:
        """What a link lost, and how long it takes, can be scraped; what is not known is left out."""
        link = LinkView(name="eth0", status="up", messages=7, lost=2, jitter=0.001)
        medium = MediumView(name="eth0", kind="bcast", working=True, refused={"auth": 3})
        node = NodeView(name=BETA, status="active", links=(link,))
        text = Metrics(lambda: aStatus(nodes=(node,), media=(medium,))).render()
        self.assertIn('ha_link_messages_total{node="beta",link="eth0"} 7\n', text)
        self.assertIn('ha_link_lost{node="beta",link="eth0"} 2\n', text)
        self.assertIn('ha_link_jitter_seconds{node="beta",link="eth0"} 0.001\n', text)
        self.assertNotIn("round_trip", text)
        self.assertIn('ha_refused_packets_total{link="eth0",cause="auth"} 3\n', text)

    def test_form(self) -> None:
        """Each family is declared before its samples, and the text ends as OpenMetrics wants it."""
        lines = Metrics(aStatus).render().splitlines()
        self.assertEqual(lines[-1], "# EOF")
        declared: set[str] = set()
        for line in lines[:-1]:
            if line.startswith("# TYPE "):
                declared.add(line.split()[2])
            elif not line.startswith("#"):
                name = line.split("{")[0].split()[0].removesuffix("_total")
                self.assertIn(name, declared)
