"""Tests of L{twisted_ha.control}: who owns what, and why, of a node at some moment of a story."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.nodes import FIRST, SECOND, nodeAfter
from twisted_ha.api.control import INodeControl
from twisted_ha.control import NodeControl
from twisted_ha.events import Event, MediumDown, MediumUp, Notice
from twisted_ha.status import UNKNOWN, GroupView, HoldingsView
from twisted_ha.terms import FailbackMode


class ControlTests(SynchronousTestCase):
    """L{NodeControl} of C{beta}."""

    def after(self, story: str, mode: FailbackMode = FailbackMode.ON, node: str = "beta") -> NodeControl:
        """What is asked when C{story} has happened."""
        self.node = nodeAfter(story, node, mode)
        return NodeControl(
            self.node,
            recent=self.recent,
            reload=self.reload,
            guardian=lambda: "watching",
            warnings=["ha.cf says something odd"],
        )

    def recent(self, count: int) -> Sequence[tuple[float, Event]]:
        return [(4.0, Notice(message="one"))] * count

    def reload(self) -> Deferred[str]:
        return succeed("timers")

    def group(self, control: NodeControl, key: str) -> GroupView:
        """How a group is seen."""
        (view,) = (one for one in control.status().groups if one.key == key)
        return view

    def test_interface(self) -> None:
        """It is what the doors ask."""
        self.assertTrue(verifyObject(INodeControl, self.after("until 5s")))

    def test_asksOthers(self) -> None:
        """What others know better is asked there."""
        control = self.after("until 5s")
        self.assertEqual(len(control.recent(3)), 3)
        self.assertEqual(self.successResultOf(control.reload()), "timers")
        self.assertEqual(control.status().guardian, "watching")

    def test_atRest(self) -> None:
        """Two nodes, each with its own."""
        control = self.after("until 20s")
        status = control.status()
        self.assertEqual((status.node, status.localStatus, status.phase), ("beta", "active", "stable"))
        self.assertEqual((status.holdings, status.stable, status.transition), ("local", True, False))
        self.assertEqual(status.peerHoldings, HoldingsView(node="alpha", resources="local", stable=True))
        self.assertTrue(status.communicationsUp)
        self.assertTrue(19.5 < status.uptime <= 20.0)
        self.assertEqual(
            [(one.key, one.home, one.owner, one.state) for one in status.groups],
            [(FIRST, "alpha", "alpha", "stopped"), (SECOND, "beta", "beta", "started")],
        )
        alpha, beta = status.nodes
        self.assertEqual((alpha.status, alpha.local, beta.local), ("active", False, True))
        self.assertEqual([link.status for link in alpha.links], ["up", "up"])
        self.assertEqual(status.warnings, ("ha.cf says something odd",))

    def test_whyHere(self) -> None:
        """What is at home, and who would take it."""
        self.assertEqual(
            self.after("until 20s").explain(SECOND).splitlines()[::2],
            [
                f"{SECOND} belongs to beta and is held by beta.",
                "If beta dies, alpha takes it 5 s after the last status.",
            ],
        )

    def test_whyThere(self) -> None:
        """What the other node has, and when this one would take it."""
        lines = self.after("until 20s").explain(FIRST).splitlines()
        self.assertEqual(lines[0], f"{FIRST} belongs to alpha and is held by alpha.")
        self.assertEqual(lines[2:], ["If alpha dies, beta takes it 5 s after its last status."])

    def test_otherDied(self) -> None:
        """Everything is here because the other node died; nobody is left."""
        control = self.after("at 20s power off alpha; until 40s")
        status = control.status()
        self.assertEqual((status.holdings, status.peerHoldings), ("all", None))
        self.assertEqual(status.nodes[0].status, "dead")
        said = control.explain(FIRST)
        self.assertIn(f"{FIRST} belongs to alpha and is held by beta.", said)
        self.assertIn("alpha died (silent for 5.00 s).", said)
        self.assertIn("alpha is not there; if beta fails, nobody serves it.", said)
        self.assertIn("auto_failback is on: it goes back by itself when alpha is there.", said)

    def test_noFailback(self) -> None:
        """With C{auto_failback off} it stays."""
        control = self.after("at 20s power off alpha; until 40s", FailbackMode.OFF)
        self.assertIn("auto_failback is off: it stays when alpha is there.", control.explain(FIRST))

    def test_operatorMoved(self) -> None:
        """What an operator has moved stays there, whatever C{auto_failback} says."""
        control = self.after("at 20s standby all on alpha; until 40s")
        said = control.explain(FIRST)
        self.assertIn("taken from alpha, which went standby", said)
        self.assertIn("it stays when alpha is there", said)

    def test_takingOver(self) -> None:
        """In the middle of a takeover nobody has it yet."""
        control = self.after(f"at 20s hang start of {FIRST} on beta; at 20s power off alpha; until 30s")
        status = control.status()
        self.assertTrue(status.phase.startswith("takeover: "), status.phase)
        self.assertEqual((status.stable, status.transition), (False, True))
        view = self.group(control, FIRST)
        self.assertEqual((view.owner, view.state), (None, "starting"))

    def test_movingAway(self) -> None:
        """In the middle of a standby, too."""
        control = self.after(
            f"at 20s hang stop of {SECOND} on beta; at 21s standby local on beta; until 24s"
        )
        self.assertTrue(control.status().phase.startswith("standby: "), control.status().phase)

    def test_willNotStart(self) -> None:
        """A group that fails is a warning, and what fails has a name."""
        control = self.after(f"at 20s fail start of {FIRST} on beta; at 20s power off alpha; until 45s")
        self.assertEqual(
            control.status().warnings[1:], (f"{FIRST} will not start: {FIRST}: exit status 1",)
        )
        self.assertIn(f"{FIRST} is what fails, 3 time(s) in a row.", control.explain(FIRST))
        self.assertEqual(self.group(control, FIRST).failures, 3)

    def test_willNotStop(self) -> None:
        """So is one that does not stop."""
        control = self.after(
            f"at 20s fail stop of {SECOND} on beta; at 21s standby local on beta; until 60s"
        )
        (_, stuck, *_) = control.status().warnings
        self.assertTrue(stuck.startswith(f"{SECOND} will not stop: "), stuck)

    def test_notReported(self) -> None:
        """A node that is heard and has not said what it holds: nobody here knows who has the group."""
        control = self.after("at 20s cut all from beta to alpha; at 21s reboot beta in 1s; until 23s")
        self.assertIsNone(control.status().peerHoldings)
        self.assertEqual(self.group(control, FIRST).owner, UNKNOWN)

    def test_lastLink(self) -> None:
        """A node that is heard by one link of two is a warning."""
        control = self.after("at 20s cut eth1; until 40s")
        self.assertEqual(
            control.status().warnings[1:],
            ("alpha is not heard by eth1: eth2 is the last link to it",),
        )

    def test_media(self) -> None:
        """Of each medium the last that was heard; nothing before it opens."""
        control = self.after("until 5s")
        first, second = control.status().media
        self.assertEqual((first.working, first.detail), (False, "not open"))
        bus = self.node.bus
        bus.publish(MediumUp(medium="eth1", kind="bcast", detail="to 10.0.0.255"))
        bus.publish(MediumUp(medium="eth2", kind="bcast", detail="to 10.0.1.255"))
        bus.publish(MediumDown(medium="eth2", kind="bcast", reason="the cable is out"))
        first, second = control.status().media
        self.assertEqual((first.working, first.detail), (True, "to 10.0.0.255"))
        self.assertEqual((second.working, second.detail), (False, "the cable is out"))
