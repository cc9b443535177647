"""The directory as a whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config import ElsewhereHost, exitStatus, load
from twisted_ha.config.host import Device, InterfaceFacts, SystemHost
from twisted_ha.config.location import Complaint, Location, Severity
from twisted_ha.config.model import BcastMedium, SerialMedium
from twisted_ha.errors import ConfigError
from twisted_ha.terms import FailbackMode

ROOT = Path(__file__).parents[3]


class LoadTests(ConfigTestCase):
    """L{load}."""

    def error(self) -> ConfigError:
        return self.assertRaises(ConfigError, self.load)

    def test_together(self) -> None:
        """The faults of all files come together, in the order of the files and lines."""
        self.hacf("keepalive x", "bcast eth9")
        self.write("authkeys", "1 sha1 x\n")
        self.write("haresources", "gamma a\n")
        self.write("twisted_ha.cf", "foo 1\n")
        places = [
            (os.path.basename(item.where.file), item.where.line)
            for item in self.error().complaints
            if item.severity is Severity.ERROR
        ]
        self.assertEqual(
            [("ha.cf", 11), ("ha.cf", 12), ("authkeys", 0), ("haresources", 1), ("twisted_ha.cf", 1)],
            places,
        )

    def test_warningsToo(self) -> None:
        """Warnings are part of what is shown with the errors."""
        self.hacf("node beta", "keepalive x")
        self.assertIn("warning: node", str(self.error()))

    def test_missing(self) -> None:
        """Each of the three files must be there; the hint says what to put there."""
        for name in ("ha.cf", "authkeys", "haresources"):
            self.write(name, None)
            found = self.only(self.error().complaints, f"{name}-missing")
            self.assertTrue(found.hint)
            self.assertTrue(str(found.where).endswith(f"/{name}"))
            self.setUp()

    def test_unknownNodesAreNotBlamed(self) -> None:
        """Without a readable list of nodes haresources is not checked against it."""
        self.write("ha.cf", None)
        self.assertEqual(["ha.cf-missing"], [item.category for item in self.error().complaints])

    def test_directoryInstead(self) -> None:
        """What is no file cannot be read."""
        self.write("haresources", None)
        os.mkdir(os.path.join(self.directory, "haresources"))
        self.only(self.error().complaints, "unreadable")

    def test_huge(self) -> None:
        """A huge file is not read."""
        self.write("haresources", "#" * (1024 * 1024 + 1))
        self.only(self.error().complaints, "unreadable")

    def test_notUtf8(self) -> None:
        """Bytes that are not UTF-8 survive."""
        self.write("haresources", "alpha probe::\udcff\n")
        self.assertEqual(("\udcff",), self.load().groups[0].resources[0].arguments)

    def test_manyNodes(self) -> None:
        """More than two nodes with groups is a warning; without groups it is not."""
        found = self.warned("node gamma", category="more-than-two-nodes")
        self.assertIn("3 nodes", found.message)
        self.write("haresources", "")
        self.quiet("node gamma")

    def test_exitStatus(self) -> None:
        """4 where rights are missing, else 6."""
        for category, status in {"permission-denied": 4, "value": 6}.items():
            made = Complaint(
                severity=Severity.ERROR, where=Location(file="x"), message="y", category=category
            )
            self.assertEqual(status, exitStatus(ConfigError([made])))

    def test_denied(self) -> None:
        """A file that may not be read says so."""
        if os.geteuid() == 0:
            raise SkipTest("root may read everything")
        os.chmod(os.path.join(self.directory, "ha.cf"), 0)
        self.assertEqual(4, exitStatus(self.error()))


class NodeinfoTests(ConfigTestCase):
    """C{nodeinfo}."""

    def test_overrides(self) -> None:
        """It names this node, whatever the machine is called."""
        self.uname = "somewhere"
        self.write("nodeinfo", "Beta\nmore\n")
        self.assertEqual("beta", self.load().localNode)

    def test_ignored(self) -> None:
        """A line without an end, or without one name, is ignored with a warning."""
        for text in ("beta", "\n", "a b\n", "x" * 256 + "\n", "\x1b\n"):
            self.write("nodeinfo", text)
            config = self.load()
            self.assertEqual("alpha", config.localNode)
            self.assertEqual(["nodeinfo-ignored"], [item.category for item in config.warnings], text)

    def test_unameCase(self) -> None:
        """The machine's own name is folded too."""
        self.uname = "ALPHA"
        self.assertEqual("alpha", self.load().localNode)


class TutorialTests(ConfigTestCase):
    """The FreeBSD guide's files, and our picture of C{/etc/ha.d}."""

    uname = "node1.your-cluster.tld"

    def setUp(self) -> None:
        super().setUp()
        self.host.interfaces["em1"] = InterfaceFacts(address="192.168.7.1", broadcast="192.168.7.255")
        self.host.devices["/dev/cuad1"] = Device.CHARACTER

    def copy(self, source: Path) -> None:
        for name in ("ha.cf", "authkeys", "haresources"):
            shutil.copy(source / name, os.path.join(self.directory, name))

    def test_tutorial(self) -> None:
        """They load unchanged, and the only thing to say is that the password is a guide's."""
        self.copy(ROOT / "tests" / "data" / "tutorial")
        config = self.load()
        self.assertEqual(["auth-key-published"], [item.category for item in config.warnings])
        self.assertEqual(
            (SerialMedium(device="/dev/cuad1", baud=9600), BcastMedium(interface="em1", port=694)),
            config.media,
        )
        self.assertEqual(("node1.your-cluster.tld", "node2.your-cluster.tld"), config.nodes)
        self.assertIs(FailbackMode.OFF, config.autoFailback)
        timers = config.timers
        self.assertEqual(
            (2.0, 30.0, 5.0, 60.0), (timers.keepalive, timers.deadtime, timers.warntime, timers.initdead)
        )
        self.assertEqual(("local0", 1), (config.logging.facility, config.logging.debug))

    def test_tutorialOnTodaysFreeBSD(self) -> None:
        """Where the port has its new name, the complaint says so."""
        del self.host.devices["/dev/cuad1"]
        self.host.devices["/dev/cuau1"] = Device.CHARACTER
        self.copy(ROOT / "tests" / "data" / "tutorial")
        error = self.assertRaises(ConfigError, self.load)
        self.assertIn("/dev/cuau1", self.only(error.complaints, "serial-bad").hint)

    def test_conf(self) -> None:
        """The files in C{conf} say the same, device names apart."""
        sample = load(str(ROOT / "conf"), uname=self.uname, host=ElsewhereHost())
        self.copy(ROOT / "tests" / "data" / "tutorial")
        tutorial = self.load()
        for name in ("nodes", "timers", "keys", "groups", "autoFailback", "logging", "tuning"):
            ours, theirs = getattr(sample, name), getattr(tutorial, name)
            if name == "groups":
                ours, theirs = ours[0].resources, theirs[0].resources
            self.assertEqual(theirs, ours, name)
        self.assertEqual(["auth-key-published"], [item.category for item in sample.warnings])


class RealTests(ConfigTestCase):
    """With the real machine."""

    def test_loads(self) -> None:
        """Files as they are on disk are read and judged; their mode counts."""
        self.hacf("ucast lo 127.0.0.1", without=["bcast"])
        path = os.path.join(self.directory, "authkeys")
        os.chmod(path, 0o600)
        config = load(self.directory, uname="alpha", host=SystemHost())
        self.assertEqual(("alpha", "beta"), config.nodes)
        os.chmod(path, 0o644)
        error = self.assertRaises(ConfigError, load, self.directory, uname="alpha", host=SystemHost())
        self.only(error.complaints, "authkeys-permissions")
