"""A running cluster of the original is replaced node by node, with its own files and its own state."""

from __future__ import annotations

from tests.interop.lab import SERVICE_ADDRESS
from tests.interop.lab.client import Client
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.test_ours_pair import NOISE, but
from tests.interop.test_with_heartbeat import MIXED, MixedCase


class RollingTests(MixedCase):
    """Both nodes are the original at first."""

    kinds: tuple[type[Node], type[Node]] = (Heartbeat306, Heartbeat306)

    def test_nodeByNode(self) -> None:
        """
        The standby node is replaced, the service moves there, the other is replaced, the service comes
        back.  Only the two moves are felt; generation and identity go on.
        """
        plan = but(MIXED, failback="off")
        oldAlpha, oldBeta, client = self.formed(plan)
        before = self.state(oldBeta)

        moment = oldBeta.stop()
        beta = Ours(oldBeta.machine, plan, "")
        beta.start()
        beta.settled("none", 40.0)
        self.assertStayed(client, moment, "alpha")
        generation, identity = self.state(beta)
        self.assertGreater(generation, before[0])
        self.assertEqual(identity, before[1])

        self.assertLess(self.move(client, lambda: oldAlpha.standby("all"), beta), 2.0 + NOISE)
        beta.settled("all", 40.0)

        moment = oldAlpha.stop()
        alpha = Ours(oldAlpha.machine, plan, "")
        alpha.start()
        alpha.settled("none", 40.0)
        self.assertStayed(client, moment, "beta")

        self.assertLess(self.move(client, lambda: alpha.takeover("all"), alpha), NOISE)
        beta.settled("none", 10.0)

    def assertStayed(self, client: Client, moment: float, owner: str) -> None:
        self.lab.owners.expect(SERVICE_ADDRESS, owner, 1.0)
        self.assertLess(client.longestSilence(moment).seconds, NOISE)

    def state(self, node: Node) -> tuple[int, str]:
        """Its generation and its identity, as they are on its disk."""
        generation = node.machine.run("cat", "/var/lib/heartbeat/hb_generation").stdout
        identity = node.machine.run("od", "-An", "-tx1", "/var/lib/heartbeat/hb_uuid").stdout
        return int(generation), identity.strip()
