"""
C{hactl link-test} on two machines with real cables, and with cables, filters and files that are wrong.
"""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

from twisted.trial.unittest import SkipTest

from tests.interop.lab.case import LabCase
from tests.interop.lab.laboratory import CLUSTER
from tests.interop.lab.machine import Machine
from tests.interop.lab.nodes import Heartbeat306, Ours
from tests.interop.lab.plan import Plan
from tests.interop.lab.requirements import HACTL, whyNot
from tests.interop.lab.waiting import waitFor

TWO = ("bcast eth1", "mcast eth0 225.0.0.1 694 1 0")
THREE = ("baud 38400", *TWO, "serial %(serial)s")


class RoadCase(LabCase):
    """Two machines without a daemon."""

    def furnish(self, plan: Plan, serial: tuple[str, str] = ("", ""), **other: str) -> None:
        """
        Switch both on, with the files of the plan.

        @param other: files that are different on beta; C{_} stands for the dot in a name.
        """
        for name, end in zip(("alpha", "beta"), serial, strict=True):
            machine = self.lab[name]
            if not machine.isOn:
                machine.powerOn()
            files = plan.files(machine, end)
            if name == "beta":
                files.update({file.replace("_", "."): text for file, text in other.items()})
            machine.furnish(files)

    def listen(self, name: str = "beta") -> Machine:
        """Let a machine answer, and wait until it does."""
        machine = self.lab[name]
        machine.spawn([*HACTL, "link-test", "--listen"], "listen")
        waitFor(f"{name} listens", lambda: "listening as" in machine.log("listen"), 15)
        return machine

    def probe(self, name: str = "alpha", seconds: float = 3) -> tuple[int, dict[str, Any]]:
        """Test the roads.  @return: the exit status, and what was found."""
        done = self.lab[name].run(
            *HACTL, "link-test", "--json", "--seconds", str(seconds), check=False, limit=60
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, json.loads(done.stdout)

    def roads(self, found: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The verdicts, by kind of road."""
        return {road["kind"]: road for road in found["roads"]}


class LinkTestTests(RoadCase):
    """Without a daemon on either machine."""

    def test_good(self) -> None:
        """Every good road is called so by both machines, and one of them needs to be asked only."""
        cable = self.lab.serialCable()
        self.furnish(Plan(media=THREE), cable.ends)
        beta = self.listen()
        done = self.lab["alpha"].run(*HACTL, "link-test", "--seconds", "4", check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("All roads are good.  Serial connectivity is OK!", done.stdout)
        for road in ("bcast eth1 ", "mcast eth0 225.0.0.1 ", f"serial {cable.ends[0]} "):
            (line,) = [line for line in done.stdout.splitlines() if line.startswith(road)]
            self.assertTrue(line.endswith("good"), line)
        waitFor("beta says so too", lambda: "All roads are good." in beta.log("listen"), 10)

    def test_filters(self) -> None:
        """A filter that drops one direction, and one that drops long packets, are told apart."""
        self.furnish(Plan(media=TWO))
        beta = self.listen()
        rules = (
            "add table inet roads\n"
            "add chain inet roads in { type filter hook input priority 0; }\n"
            'add rule inet roads in iifname "eth1" udp dport 694-695 drop\n'
            'add rule inet roads in iifname "eth0" udp length > 1000 drop\n'
        )
        beta.run("nft", "-f", "-", stdin=rules)
        status, found = self.probe()
        roads = self.roads(found)
        self.assertEqual((status, found["good"]), (1, False))
        self.assertEqual(roads["bcast"]["finding"], "one way only: we hear beta, beta does not hear us")
        self.assertIn("UDP port 694", roads["bcast"]["remedy"])
        self.assertEqual(
            roads["mcast"]["finding"], "short packets pass to beta, those of 1400 bytes do not"
        )
        mirrored = "one way only: alpha hears us, we do not hear alpha"
        waitFor("beta sees the other side of it", lambda: mirrored in beta.log("listen"), 10)

    def test_otherKey(self) -> None:
        """A key that differs is recognised, and neither machine shows its own."""
        self.furnish(Plan(media=TWO), authkeys="auth 2\n2 sha1 different\n")
        beta = self.listen()
        status, found = self.probe()
        self.assertEqual(status, 1)
        for road in found["roads"]:
            self.assertEqual(road["finding"], "what is heard is signed with another key (number 2)")
        said = json.dumps(found) + beta.log("listen")
        self.assertIn("alpha is heard by eth1, signed with a key 1 that is not ours", said)
        self.assertNotIn("laboratory", said)
        self.assertNotIn("different", said)

    def test_nobody(self) -> None:
        """Where nobody answers, it says what to start."""
        self.furnish(Plan(media=TWO))
        status, found = self.probe(seconds=1)
        self.assertEqual(status, 1)
        self.assertEqual(
            {road["remedy"] for road in found["roads"]}, {"start hactl link-test --listen on beta"}
        )

    def test_names(self) -> None:
        """A machine whose file does not name this one is told apart from a bad road."""
        plan = Plan(media=TWO)
        wrong = Plan(media=TWO, nodes=("beta", "gamma"), resources=())
        self.furnish(plan, ha_cf=wrong.files(self.lab["beta"])["ha.cf"], haresources="")
        self.listen()
        status, found = self.probe(seconds=2)
        self.assertEqual(status, 1)
        self.assertEqual({road["verdict"] for road in found["roads"]}, {"good"})
        (note,) = [note for note in found["notes"] if note["bad"]]
        self.assertIn("the ha.cf of beta does not name alpha (it names beta, gamma)", note["text"])

    def test_badConfiguration(self) -> None:
        """Files that the daemon would refuse are refused: exit status 6."""
        self.furnish(Plan(media=("bcast eth7",)))
        done = self.lab["alpha"].run(*HACTL, "link-test", check=False)
        self.assertEqual(done.returncode, 6)
        self.assertIn("there is no interface", done.stderr)


class SerialTests(RoadCase):
    """What comes by a serial line that is no message."""

    def alone(self, data: bytes, every: float = 0.05) -> dict[str, Any]:
        """Test with nothing but C{data} coming from the other end of the cable."""
        cable = self.lab.serialCable()
        self.furnish(Plan(media=("baud 38400", "serial %(serial)s")), cable.ends)
        stop = threading.Event()

        def write() -> None:
            descriptor = os.open(cable.ends[1], os.O_WRONLY | os.O_NOCTTY)
            while not stop.wait(every):
                os.write(descriptor, data)
            os.close(descriptor)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            status, found = self.probe(seconds=2)
        finally:
            stop.set()
            writer.join()
        self.assertEqual(status, 1)
        return self.roads(found)["serial"]

    def test_garbage(self) -> None:
        """What a line of another speed makes is called garbage."""
        road = self.alone(bytes(range(128, 256)) + b"\x01\x7f\x03")
        self.assertIn("garbage arrives", road["finding"])
        self.assertIn("baud", road["remedy"])

    def test_hello(self) -> None:
        """The tutorial's C{echo hello} is seen and named."""
        road = self.alone(b"hello\n", every=1.0)
        self.assertIn("plain text arrives ('hello')", road["finding"])

    def test_nothing(self) -> None:
        """A cable that carries nothing is told from a machine that does not answer."""
        cable = self.lab.serialCable()
        self.furnish(Plan(media=("baud 38400", "bcast eth1", "serial %(serial)s")), cable.ends)
        self.listen()
        cable.cut()
        status, found = self.probe(seconds=3)
        roads = self.roads(found)
        self.assertEqual((status, roads["bcast"]["verdict"]), (1, "good"))
        self.assertEqual(roads["serial"]["finding"], "nothing arrives either way")
        self.assertIn("null-modem", roads["serial"]["remedy"])
        self.assertTrue(any("only road" in note["text"] for note in found["notes"]), found["notes"])


class BesideTests(RoadCase):
    """With daemons that must not notice."""

    def test_besideOurs(self) -> None:
        """Beside two daemons the roads are tested by another port, and the daemons miss no beat."""
        cable = self.lab.serialCable()
        plan = Plan(media=THREE, resources=())
        nodes = [
            self.node(Ours, name, plan, end)
            for name, end in zip(("alpha", "beta"), cable.ends, strict=True)
        ]
        for node in nodes:
            node.start()
        waitFor(
            "both daemons are up",
            lambda: all(node.said("Comm_now_up") for node in nodes),
            20,
            instead=lambda: nodes[0].tail(),
        )
        marks = [node.mark() for node in nodes]
        beta = self.lab["beta"]
        beta.spawn([*HACTL, "--socket", Ours.API, "link-test", "--listen"], "listen")
        waitFor("beta listens", lambda: "listening as" in beta.log("listen"), 15)
        done = self.lab["alpha"].run(
            *HACTL, "--socket", Ours.API, "link-test", "--json", "--seconds", "4", check=False, limit=60
        )
        found = json.loads(done.stdout)
        self.assertEqual((done.returncode, found["beside"]), (0, True), done.stdout)
        roads = self.roads(found)
        self.assertIn("tested beside a daemon", roads["bcast"]["remark"])
        self.assertIn("hears beta by it", roads["serial"]["remark"])
        for node, mark in zip(nodes, marks, strict=True):
            later = node.machine.log()[mark:]
            for bad in (" WARN", " ERROR", " CRIT", "Late heartbeat", " dead"):
                self.assertNotIn(bad, later, f"{node.name} has noticed")

    def test_links(self) -> None:
        """A link lost is counted, and the last one is said aloud in log and status."""
        plan = Plan(media=TWO, resources=())
        nodes = [self.node(Ours, name, plan) for name in ("alpha", "beta")]
        for node in nodes:
            node.start()
        waitFor("both are up", lambda: all(node.said("Comm_now_up") for node in nodes), 20)
        self.lab.drop(self.lab["beta"], CLUSTER)
        alpha = nodes[0]
        alpha.expect("Link beta:eth1 dead. (1 link to beta left: the last link)")
        done = self.lab["alpha"].run(*HACTL, "--socket", Ours.API, "status", "--links")
        self.assertIn("eth0 is the last link to beta, of 2.", done.stdout)
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("beta  eth0")]
        self.assertIn(
            "beta is not heard by eth1: eth0 is the last link to it", alpha.status()["warnings"]
        )
        self.assertRegex(line, r"^beta  eth0  up +\S+ s ago +\d+ +0 +0 +\d+ +\S+ ms +\S+ ms$")

    def test_besideTheOriginal(self) -> None:
        """A running heartbeat 3.0.6 drops the probes and complains of nothing."""
        reason = whyNot(heartbeat=True, ours=True)
        if reason is not None:
            raise SkipTest(reason)
        plan = Plan(media=TWO, resources=(), initdead=4)
        original = self.node(Heartbeat306, "alpha", plan)
        original.start()
        original.expect("Initial resource acquisition complete", 20)
        mark = original.mark()
        beta = self.lab["beta"]
        beta.powerOn()
        beta.furnish(plan.files(beta))
        found = self.probe("beta", seconds=3)[1]
        roads = self.roads(found)
        self.assertEqual(
            {road["finding"] for road in roads.values()},
            {"the heartbeats of alpha arrive, but its link test does not run"},
        )
        # Long enough for a heartbeat to have acted on what it heard.
        time.sleep(1)
        later = original.machine.log()[mark:]
        self.assertNotIn("ERROR", later)
        dead = self.lab["alpha"].run("/usr/bin/cl_status", "nodestatus", "beta", check=False)
        self.assertEqual(dead.stdout.strip(), "dead")

    def test_besideTwoOriginals(self) -> None:
        """Between two running heartbeats the roads are tested, and neither misses a beat."""
        reason = whyNot(heartbeat=True, ours=True)
        if reason is not None:
            raise SkipTest(reason)
        cable = self.lab.serialCable()
        plan = Plan(media=THREE, resources=(), warntime=1.0)
        nodes = [
            self.node(Heartbeat306, name, plan, end)
            for name, end in zip(("alpha", "beta"), cable.ends, strict=True)
        ]
        for node in nodes:
            node.start()
        for node in nodes:
            node.expect("Comm_now_up", 20)
        marks = [node.mark() for node in nodes]
        self.listen()
        status, found = self.probe()
        roads = self.roads(found)
        self.assertIn("a daemon runs on this machine (process", found["notes"][0]["text"])
        self.assertEqual((roads["bcast"]["verdict"], roads["mcast"]["verdict"]), ("good", "good"))
        self.assertEqual((status, roads["serial"]["verdict"]), (1, "not tested"))
        for node, mark in zip(nodes, marks, strict=True):
            later = node.machine.log()[mark:]
            for bad in ("WARN", "ERROR", "Late heartbeat", "dead"):
                self.assertNotIn(bad, later, f"{node.name} has noticed")
