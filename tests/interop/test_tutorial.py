"""
"Deployment of a High-Availability Cluster on FreeBSD", read aloud: two machines with a dedicated
Ethernet and a serial cable, the three files as they stand there, and what the guide says one will see.

Three things differ from the guide's machines: the names of the devices, the places of the files, and
C{ip addr} instead of C{ifconfig}.  The timers are the guide's own, so this is the slowest story here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from tests.interop.lab import SERVICE_ADDRESS, waitFor
from tests.interop.lab.case import LabCase
from tests.interop.lab.laboratory import CLUSTER
from tests.interop.lab.nodes import Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.requirements import twistd

GUIDE = Path(__file__).parents[1] / "data" / "tutorial"
FIRST, SECOND = "node1.your-cluster.tld", "node2.your-cluster.tld"


class Reader(Ours):
    """Somebody who follows the guide: edits the files in place, starts the daemon, types commands."""

    def files(self) -> dict[str, str]:
        """The guide's files, with the devices of this machine and the address it leaves open."""
        text = {name: (GUIDE / name).read_text() for name in ("ha.cf", "authkeys", "haresources")}
        for theirs, ours in (("/dev/cuad1", self.serial), ("bcast em1", "bcast eth1")):
            assert theirs in text["ha.cf"]
            text["ha.cf"] = text["ha.cf"].replace(theirs, ours)
        text["haresources"] = f"{FIRST} {SERVICE_ADDRESS}\n"
        return text

    def start(self) -> float:
        """C{/usr/local/etc/rc.d/heartbeat start}: into the background, every place as by default."""
        self.machine.run(*twistd(), "--pidfile=/run/heartbeat.pid", "ha")
        return 0.0

    def daemon(self) -> list[int]:
        return self.machine.processes("--pidfile=/run/heartbeat.pid")

    def type(self, command: str, *arguments: str) -> str:
        """One of our commands, as it is installed."""
        done = self.machine.run(str(Path(sys.executable).parent / command), *arguments, limit=60.0)
        return done.stdout

    def holdings(self) -> str:
        raise NotImplementedError("the guide's reader looks at the addresses")


class TutorialTests(LabCase):
    """The guide, section by section."""

    names: ClassVar[tuple[str, ...]] = (FIRST, SECOND)

    def setUp(self) -> None:
        super().setUp()
        cable = self.lab.serialCable()
        self.first, self.second = (
            Reader(self.lab[name], Plan(nodes=(FIRST, SECOND)), end)
            for name, end in zip((FIRST, SECOND), cable.ends, strict=True)
        )
        for node in (self.first, self.second):
            node.machine.powerOn(SERVICE_ADDRESS)
            self.nodes.append(node)

    def test_guide(self) -> None:
        """It happens as the guide says."""
        self.serialConnectivity()
        self.configure()
        self.activate()
        self.failover()
        self.oneCableIsEnough()
        self.switchOff()

    def serialConnectivity(self) -> None:
        """ "Test serial connectivity": one machine says hello, the other hears it."""
        heard = self.first.machine.disk / "log" / "heard"
        self.first.machine.spawn(["head", "-n", "1", self.first.serial], "heard")
        waitFor("head listens", lambda: bool(self.first.machine.processes("head", "-n")), 5.0)
        self.second.machine.run("sh", "-c", f'echo "hello" > {self.second.serial}')
        waitFor("hello arrives", lambda: heard.read_text() == "hello\n", 5.0)

    def configure(self) -> None:
        """ "Configure Heartbeat", up to C{chmod 600}; the files are checked as they stand."""
        for node in (self.first, self.second):
            node.machine.furnish(node.files())
            authkeys = node.machine.disk / "ha.d" / "authkeys"
            authkeys.chmod(0o644)
            refused = node.machine.run(*twistd(), "--nodaemon", "ha", "--check", check=False)
            self.assertEqual(refused.returncode, 6)
            self.assertIn("chmod 600", refused.stderr)
            authkeys.chmod(0o600)
            meaning = node.type("hactl", "check")
            self.assertIn(SERVICE_ADDRESS, meaning)
            self.assertNotIn("YourSecret", meaning + refused.stdout + refused.stderr)

    def activate(self) -> None:
        """ "Activate Heartbeat": the first machine alone, with C{tail -f /var/log/ha-log}."""
        first = self.first
        first.start()
        first.expect("Configuration validated. Starting heartbeat", 15.0)
        first.expect(f"serial heartbeat started on {first.serial} (9600 baud)", 5.0)
        first.expect("bcast heartbeat started on eth1", 5.0)
        first.expect("Local status now set to: 'up'", 5.0)
        # Nobody answers, so the address is taken when initdead, 60 s, has passed.
        waitFor(
            "heartbeat takes the shared IP address",
            lambda: SERVICE_ADDRESS in first.machine.addresses(),
            75.0,
            0.2,
            first.tail,
        )
        first.expect(f"node {SECOND}: is dead", 5.0)
        first.expect(f"Acquired resource group {SERVICE_ADDRESS}", 5.0)
        # On the interface that the route names, with its netmask.
        shown = first.machine.run("ip", "-o", "-4", "addr", "show", "dev", "eth0").stdout
        self.assertIn(f"{SERVICE_ADDRESS}/24", shown)

    def failover(self) -> None:
        """ "Check the cluster's failover system": start the second machine, then C{hb_standby}."""
        self.quiet = self.first.mark()
        self.second.start()
        self.first.expect(f"Link {SECOND}:eth1 up.", 15.0)
        self.first.expect(f"Link {SECOND}:{self.first.serial} up.", 15.0)
        self.second.expect(f"Link {FIRST}:{self.second.serial} up.", 15.0)
        self.first.expect("remote resource transition completed.", 30.0)
        self.assertNotIn(SERVICE_ADDRESS, self.second.machine.addresses())
        client = self.lab.client()
        client.expect(FIRST, 5.0)
        self.first.type("hb_standby")
        self.assertIn(SERVICE_ADDRESS, self.second.machine.addresses())
        self.assertNotIn(SERVICE_ADDRESS, self.first.machine.addresses())
        client.expect(SECOND, 5.0)
        self.second.expect("Standby resource acquisition done [all].", 5.0)

    def oneCableIsEnough(self) -> None:
        """The dedicated Ethernet is pulled; what the nodes have to say goes over the serial cable."""
        self.lab.cutCable(self.first.machine, CLUSTER)
        self.second.type("hb_standby")
        self.assertIn(SERVICE_ADDRESS, self.first.machine.addresses())
        self.assertNotIn(SERVICE_ADDRESS, self.second.machine.addresses())
        self.assertFalse(self.first.said("is dead", self.quiet) or self.second.said("is dead"))

    def switchOff(self) -> None:
        """The machine that serves is shut down, and the other one serves at once."""
        moment = self.first.stop()
        self.lab.owners.expect(SERVICE_ADDRESS, SECOND, 10.0, moment)
        self.second.stop()
        self.assertNotIn(SERVICE_ADDRESS, self.second.machine.addresses())
