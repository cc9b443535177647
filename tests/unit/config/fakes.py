"""A machine made up for a test, and short ways to read a configuration on it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.trial.unittest import TestCase
from zope.interface import implementer

from twisted_ha.config.host import Device, FileFacts, IHostQueries, InterfaceFacts
from twisted_ha.config.loading import load
from twisted_ha.config.location import Complaint, Severity
from twisted_ha.config.model import ClusterConfig
from twisted_ha.errors import ConfigError

HACF = """\
logfile /var/log/ha-log
debugfile /var/log/ha-debug
keepalive 1
deadtime 5
warntime 3
initdead 10
bcast eth1
auto_failback off
node alpha
node beta
"""
AUTHKEYS = "auth 1\n1 sha1 x\n"
HARESOURCES = "alpha IPaddr::10.77.0.100/24/eth0\n"


@implementer(IHostQueries)
class FakeHost:
    """
    The machine of the captured cases: C{alpha} with C{eth0} and C{eth1}.

    Each answer is an attribute, so that a test can take it away.
    """

    def __init__(self) -> None:
        self.interfaces = {
            "lo": InterfaceFacts(address="127.0.0.1"),
            "eth0": InterfaceFacts(address="10.77.0.1", broadcast="10.77.0.255"),
            "eth1": InterfaceFacts(address="10.77.1.1", broadcast="10.77.1.255"),
        }
        self.devices = {
            "/dev/ttyS0": Device.CHARACTER,
            "/dev/null": Device.CHARACTER,
            "/dev/watchdog": Device.CHARACTER,
            "/etc/passwd": Device.OTHER,
        }
        self.unresolvable = {"no.such.host.invalid"}
        self.users = {"root": 0, "hacluster": 103}
        self.groups = {"root": 0, "haclient": 106}
        self.programs = {"/usr/libexec/heartbeat/ipfail", "/bin/sleep", "/bin/true"}
        self.services = {"domain": 53}
        self.facts: FileFacts | None = FileFacts(mode=0o600)
        self.texts = {"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"}
        self.priorities = (1, 99)

    def interfaceNames(self) -> Sequence[str]:
        return list(self.interfaces)

    def interface(self, name: str) -> InterfaceFacts | None:
        return self.interfaces.get(name)

    def device(self, path: str) -> Device:
        return self.devices.get(path, Device.MISSING)

    def resolves(self, name: str, ipv6: bool) -> bool:
        return name not in self.unresolvable

    def userId(self, name: str) -> int | None:
        return self.users.get(name)

    def groupId(self, name: str) -> int | None:
        return self.groups.get(name)

    def executable(self, path: str) -> bool:
        return path in self.programs

    def udpPort(self, service: str) -> int | None:
        return self.services.get(service)

    def udpService(self, port: int) -> str | None:
        return next((name for name, number in self.services.items() if number == port), None)

    def fileFacts(self, path: str) -> FileFacts | None:
        return self.facts

    def readText(self, path: str) -> str | None:
        return self.texts.get(path)

    def realtimePriorities(self) -> tuple[int, int]:
        return self.priorities


class ConfigTestCase(TestCase):
    """Writes configuration files into a directory and reads them as node C{alpha}."""

    uname = "alpha"

    def setUp(self) -> None:
        self.host = FakeHost()
        self.directory = self.mktemp()
        os.makedirs(self.directory)
        self.write("ha.cf", HACF)
        self.write("authkeys", AUTHKEYS)
        self.write("haresources", HARESOURCES)

    def write(self, name: str, text: str | None) -> None:
        """Make a file, or with L{None} remove it."""
        path = os.path.join(self.directory, name)
        if text is None:
            if os.path.exists(path):
                os.unlink(path)
            return
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)

    def load(self) -> ClusterConfig:
        """Read what was written."""
        return load(self.directory, uname=self.uname, host=self.host)

    def withHacf(self, *lines: str, without: Sequence[str] = ()) -> ClusterConfig:
        """
        Read the ordinary C{ha.cf} with these lines added at the end.

        @param without: directives whose lines are left out.
        """
        self.hacf(*lines, without=without)
        return self.load()

    def hacf(self, *lines: str, without: Sequence[str] = ()) -> None:
        """Write the ordinary C{ha.cf}, changed as L{withHacf} says."""
        kept = [line for line in HACF.splitlines() if line.split()[0] not in without]
        self.write("ha.cf", "\n".join([*kept, *lines, ""]))

    def complaintsOf(self, *lines: str, without: Sequence[str] = ()) -> tuple[Complaint, ...]:
        """Everything said about that file, whether it starts or not."""
        self.hacf(*lines, without=without)
        return self.allComplaints()

    def allComplaints(self) -> tuple[Complaint, ...]:
        """Everything said about the files, whether it starts or not."""
        try:
            return self.load().warnings
        except ConfigError as error:
            return error.complaints

    def only(
        self, found: Sequence[Complaint], category: str, severity: Severity = Severity.ERROR
    ) -> Complaint:
        """The one complaint of a category, which must be there, once, and as severe as that."""
        matching = [item for item in found if item.category == category]
        self.assertEqual(
            1, len(matching), f"{category} in {[(item.category, item.message) for item in found]}"
        )
        self.assertIs(severity, matching[0].severity)
        return matching[0]

    def refused(self, *lines: str, category: str, without: Sequence[str] = ()) -> Complaint:
        """With these lines it does not start, and the one error of a category is why."""
        self.hacf(*lines, without=without)
        error = self.assertRaises(ConfigError, self.load)
        return self.only(error.complaints, category)

    def warned(self, *lines: str, category: str, without: Sequence[str] = ()) -> Complaint:
        """With these lines it starts, and says the one warning of a category."""
        return self.only(self.withHacf(*lines, without=without).warnings, category, Severity.WARNING)

    def quiet(self, *lines: str, without: Sequence[str] = ()) -> ClusterConfig:
        """With these lines it starts and there is nothing to say."""
        config = self.withHacf(*lines, without=without)
        self.assertEqual([], [item.render() for item in config.warnings])
        return config
