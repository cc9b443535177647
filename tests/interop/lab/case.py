"""A test in the laboratory."""

from __future__ import annotations

from typing import ClassVar

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.interop.lab.laboratory import SERVICE_ADDRESS, Lab
from tests.interop.lab.nodes import Node
from tests.interop.lab.plan import Plan
from tests.interop.lab.requirements import whyNot

__all__ = ["LabCase"]

_KNOWN = (
    "Cannot lock ourselves into memory",  # a limit of the machine the tests run on
    "No Previous generation",
    "Cannot chdir to",
)


class LabCase(SynchronousTestCase):
    """
    Two machines, C{alpha} and C{beta}, and what must be true at the end of every story.

    @cvar needs: what L{whyNot} is asked for.
    @cvar names: of the machines, if they are not C{alpha} and C{beta}.
    @ivar mayConflict: the story contains a partition, so that two owners are no failure.
    @ivar mayComplain: the original has reason to write errors.
    """

    needs: ClassVar[dict[str, bool]] = {"ours": True}
    names: ClassVar[tuple[str, ...]] = ()
    mayConflict = False
    mayComplain = False

    def setUp(self) -> None:
        reason = whyNot(**self.needs)
        if reason is not None:
            raise SkipTest(reason)
        self.lab = Lab(*self.names)
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.nodes: list[Node] = []

    def tearDown(self) -> None:
        lab = getattr(self, "lab", None)
        if lab is None:
            return
        if not self.mayConflict:
            for address in {change.address for change in lab.owners.history} - {"127.0.0.1"}:
                conflicts = lab.owners.conflicts(address)
                self.assertEqual(conflicts, [], f"two owners: {lab.owners.tell(address)}")
        self.assertEqual(lab.bugs(), [], "there are bugs to report")
        for node in self.nodes:
            if node.product == "heartbeat 3.0.6" and not self.mayComplain:
                self.assertEqual(complaints(node), [], f"{node.name} complains")

    def node(self, kind: type[Node], name: str, plan: Plan, serial: str = "") -> Node:
        """Switch on a machine whose node will be of this kind; start nothing yet."""
        machine = self.lab[name]
        machine.powerOn(SERVICE_ADDRESS)
        node = kind(machine, plan, serial)
        self.nodes.append(node)
        return node


def complaints(node: Node) -> list[str]:
    """What the original wrote at level ERROR or CRIT, known limits of the test machine left out."""
    lines = node.machine.log().splitlines()
    bad = [line for line in lines if " ERROR:" in line or " CRIT:" in line]
    return [line for line in bad if not any(known in line for known in _KNOWN)]
