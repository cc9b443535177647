"""The laboratory itself: two real heartbeat 3.0.6 nodes do in it what they were seen to do elsewhere."""

from __future__ import annotations

import os

from tests.interop.lab import SERVICE_ADDRESS, ConditionNotMet
from tests.interop.lab.case import LabCase
from tests.interop.lab.laboratory import CLUSTER, SERVICE
from tests.interop.lab.nodes import Heartbeat306
from tests.interop.lab.plan import Plan
from tests.interop.lab.waiting import now, waitFor


class MachineTests(LabCase):
    """L{Machine<tests.interop.lab.machine.Machine>}, its cables and those who watch."""

    needs = {}

    def give(self, name: str) -> float:
        """Put the service's address on a machine, as an agent would."""
        moment = now()
        self.lab[name].run("ip", "addr", "add", f"{SERVICE_ADDRESS}/24", "dev", "eth0")
        return moment

    def test_hostname(self) -> None:
        """A machine is called by its name."""
        self.lab["alpha"].powerOn()
        self.assertEqual(self.lab["alpha"].run("uname", "-n").stdout, "alpha\n")

    def test_reaps(self) -> None:
        """The first process reaps a daemon whose parent is gone."""
        alpha = self.lab["alpha"]
        alpha.powerOn()
        alpha.run("sh", "-c", "sleep 0.05 & echo $! > /run/orphan")
        orphan = alpha.run("cat", "/run/orphan").stdout.strip()
        gone = lambda: alpha.run("kill", "-0", orphan, check=False).returncode != 0  # noqa: E731
        waitFor("the orphan is gone, not a zombie", gone, 5.0)

    def test_powerOff(self) -> None:
        """Power loss ends every process of the machine."""
        alpha = self.lab["alpha"]
        alpha.powerOn(SERVICE_ADDRESS)
        pids = alpha.processes("responder.py")
        self.assertEqual(len(pids), 1)
        alpha.powerOff()
        self.assertFalse(os.path.exists(f"/proc/{pids[0]}"))

    def test_serves(self) -> None:
        """The client is answered by who has the address, and notes the silence of a move."""
        for machine in self.lab.machines.values():
            machine.powerOn(SERVICE_ADDRESS)
        self.give("alpha")
        client = self.lab.client()
        client.expect("alpha", 5.0)
        moment = self.lab["alpha"].powerOff()
        self.give("beta")
        self.lab["beta"].run("arping", "-U", "-c", "1", "-I", "eth0", SERVICE_ADDRESS, check=False)
        client.expect("beta", 5.0)
        silence = client.longestSilence(moment)
        self.assertEqual((silence.before, silence.after), ("alpha", "beta"))

    def test_conflict(self) -> None:
        """One address on two machines is a conflict, from the second's arrival to the first's loss."""
        self.mayConflict = True
        for machine in self.lab.machines.values():
            machine.powerOn()
        self.give("alpha")
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 5.0)
        second = self.give("beta")
        waitFor("both have it", lambda: len(self.lab.owners.of(SERVICE_ADDRESS)) == 2, 5.0)
        fell = self.lab["alpha"].powerOff()
        ((start, end, who),) = self.lab.owners.conflicts(SERVICE_ADDRESS)
        self.assertEqual(who, {"alpha", "beta"})
        self.assertGreater(start, second)
        self.assertLess(start, fell)
        self.assertGreaterEqual(end, fell)

    def test_cutCable(self) -> None:
        """A cut cable is seen by the machine and carries nothing, until it is mended."""
        alpha, beta = self.lab["alpha"], self.lab["beta"]
        alpha.powerOn()
        beta.powerOn()
        reaches = lambda: alpha.run("ping", "-c1", "-W1", "10.77.1.2", check=False).returncode == 0  # noqa: E731
        waitFor("the cable carries", reaches, 5.0)
        self.lab.cutCable(alpha, CLUSTER)
        self.assertFalse(reaches())
        self.assertIn("NO-CARRIER", alpha.run("ip", "link", "show", "eth1").stdout)
        self.lab.mend()
        waitFor("the cable carries again", reaches, 5.0)

    def test_drop(self) -> None:
        """Dropping loses packets both ways and leaves the carrier and the other network alone."""
        alpha, beta = self.lab["alpha"], self.lab["beta"]
        alpha.powerOn()
        beta.powerOn()
        self.lab.drop(alpha, CLUSTER, 100)
        ping = lambda host: alpha.run("ping", "-c1", "-W1", host, check=False).returncode == 0  # noqa: E731
        self.assertFalse(ping("10.77.1.2"))
        self.assertTrue(ping("10.77.0.2"))
        self.assertNotIn("NO-CARRIER", alpha.run("ip", "link", "show", "eth1").stdout)
        self.lab.mend()
        waitFor("nothing is dropped any more", lambda: ping("10.77.1.2"), 5.0)

    def test_serialCable(self) -> None:
        """What one end of the serial cable writes the other reads, unless it is cut."""
        cable = self.lab.serialCable()
        ends = [os.open(end, os.O_RDWR | os.O_NOCTTY) for end in cable.ends]
        for end in ends:
            self.addCleanup(os.close, end)
        os.write(ends[0], b">>>\n")
        self.assertEqual(os.read(ends[1], 16), b">>>\n")

    def test_capture(self) -> None:
        """A capture shows every datagram of a network and who sent it."""
        alpha, beta = self.lab["alpha"], self.lab["beta"]
        alpha.powerOn()
        beta.powerOn()
        capture = self.lab.capture()
        say = "import socket as s; s.socket(type=s.SOCK_DGRAM).sendto(b'x', ('10.77.1.2', 694))"
        alpha.run("python3", "-c", say)
        waitFor("it is captured", lambda: capture.packets, 5.0)
        packet = capture.packets[0]
        self.assertEqual((packet.machine, packet.port, packet.payload), ("alpha", 694, b"x"))

    def test_notMet(self) -> None:
        """What does not happen in time is said in words, with what was seen instead."""
        self.lab["alpha"].powerOn()
        self.give("alpha")
        self.lab.owners.expect(SERVICE_ADDRESS, "alpha", 5.0)
        failure = self.assertRaises(
            ConditionNotMet, self.lab.owners.expect, SERVICE_ADDRESS, "beta", 0.05
        )
        self.assertIn(f"{SERVICE_ADDRESS} is on beta", str(failure))
        self.assertIn("alpha", str(failure))

    def test_switchStays(self) -> None:
        """The switch keeps its hardware address when the first machine on it is gone."""
        alpha, beta = self.lab["alpha"], self.lab["beta"]
        alpha.powerOn()
        beta.powerOn()
        neighbour = ("ip", "neigh", "show", "10.77.0.254")
        seen = []
        for _ in range(2):
            beta.run("ip", "neigh", "flush", "all")
            beta.run("ping", "-c1", "-W1", "10.77.0.254")
            seen.append(beta.run(*neighbour).stdout.split()[4])
            if alpha.isOn:
                alpha.powerOff()
        self.assertEqual(seen[0], seen[1])

    def test_networks(self) -> None:
        """Both networks reach the other machine, each by its own card."""
        alpha, beta = self.lab["alpha"], self.lab["beta"]
        alpha.powerOn()
        beta.powerOn()
        for network, card in ((SERVICE, "eth0"), (CLUSTER, "eth1")):
            done = alpha.run("ping", "-c1", "-W1", "-I", card, beta.address[network], check=False)
            self.assertEqual(done.returncode, 0, network)


class OriginalTests(LabCase):
    """Two heartbeat 3.0.6 nodes (resource-management.md section 9)."""

    needs = {"heartbeat": True}

    def test_story(self) -> None:
        """They start, move the address by command, lose a node and stop as measured elsewhere."""
        plan = Plan()
        alpha = self.node(Heartbeat306, "alpha", plan)
        beta = self.node(Heartbeat306, "beta", plan)
        owners, client = self.lab.owners, self.lab.client()
        start = alpha.start()
        beta.start()
        up = owners.expect(SERVICE_ADDRESS, "alpha", 30.0)
        gap = up - start
        self.assertTrue(9.0 < gap < 20.0, f"cold start after {gap:.1f} s; measured: 11 to 13 s")
        alpha.settled("local")
        beta.settled("local")

        asked = alpha.standby()
        owners.expect(SERVICE_ADDRESS, "beta", 15.0, asked)
        client.expect("beta", 5.0)
        gap = client.longestSilence(asked).seconds
        self.assertTrue(0.1 < gap < 3.0, f"standby: silence of {gap:.2f} s; measured: 0.5 to 0.7 s")
        alpha.settled("none")
        beta.settled("all")

        asked = alpha.takeover("local")
        owners.expect(SERVICE_ADDRESS, "alpha", 15.0, asked)
        alpha.settled("local")
        beta.settled("local")

        lost = alpha.machine.powerOff()
        owners.expect(SERVICE_ADDRESS, "beta", 15.0, lost)
        client.expect("beta", 5.0)
        gap = client.longestSilence(lost).seconds
        self.assertTrue(2.4 < gap < 6.0, f"power loss: silence of {gap:.2f} s; measured: 2.8 to 3.6 s")
        beta.settled("all")

        asked = beta.stop()
        owners.expect(SERVICE_ADDRESS, None, 15.0, asked)
