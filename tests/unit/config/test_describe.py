"""What a configuration means, in words."""

from __future__ import annotations

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.describe import describe


class DescribeTests(ConfigTestCase):
    """L{describe}."""

    def described(self, *lines: str, without: tuple[str, ...] = ()) -> str:
        return describe(self.withHacf(*lines, without=without))

    def test_nodes(self) -> None:
        """Who this is and who else there is."""
        said = self.described("ping 10.77.0.254")
        self.assertIn("This is node alpha", said)
        self.assertIn("The cluster is alpha and beta.", said)
        self.assertIn("Watched, but not of the cluster: 10.77.0.254.", said)

    def test_resources(self) -> None:
        """Who owns what, and what failback does, in words."""
        said = self.described()
        self.assertRegex(said, r"alpha +IPaddr::10.77.0.100/24/eth0 +line 1")
        self.assertIn("stay where they are", said)
        self.assertIn(
            "gets its own groups back", self.described("auto_failback on", without=("auto_failback",))
        )

    def test_noResources(self) -> None:
        """No groups are no table."""
        self.write("haresources", "")
        self.assertIn("There are none", self.described())

    def test_links(self) -> None:
        """Each link with its port or speed."""
        said = self.described(
            "baud 9600",
            "serial /dev/ttyS0",
            "mcast eth0 225.0.0.1 700 1 0",
            "ucast eth0 10.77.0.2",
            "ping_group g 10.0.0.1 10.0.0.2",
        )
        for pattern in (
            r"eth1 +broadcast, UDP port 694",
            r"/dev/ttyS0 +serial cable, 9600 baud",
            r"eth0 +multicast to 225.0.0.1, UDP port 700, to 1 hop",
            r"eth0 +to 10.77.0.2, UDP port 694",
            r"g +one of 10.0.0.1 and 10.0.0.2 must answer",
        ):
            self.assertRegex(said, pattern)

    def test_onlyLink(self) -> None:
        """A single link is pointed out; two are not."""
        self.assertIn("the only link", self.described())
        self.assertNotIn("the only link", self.described("bcast eth0"))

    def test_timers(self) -> None:
        """Each timer with the line it comes from, or how it follows."""
        said = self.described(without=("initdead",))
        self.assertRegex(said, r"deadtime +5 s .* ha.cf:4\n")
        self.assertRegex(said, r"initdead +12 s .* 12 s, since deadtime is below 6 s\n")

    def test_failover(self) -> None:
        """How long a failover takes: silence, then each script's deadlines."""
        said = self.described()
        self.assertIn("notices 4 s to 5 s after", said)
        self.assertIn("groups of alpha", said)
        self.assertIn("at worst 80 s, and so failover takes at most 85 s.", said)
        self.assertNotIn("groups of beta", said)
        self.assertIn("not reset first", said)
        self.write("twisted_ha.cf", "deadline agent IPaddr start 1\nstatus_deadline 1\n")
        self.assertIn("at most 7 s", self.described())

    def test_stopFailure(self) -> None:
        """What follows when something will not stop."""
        self.assertIn("stays claimed here", self.described())

    def test_keys(self) -> None:
        """Number and method of each key, and never a secret."""
        self.write("authkeys", "auth 2\n1 md5 hunter2\n2 sha1 hunter3\n")
        said = self.described()
        self.assertRegex(said, r"key 1 +md5 +only checks")
        self.assertRegex(said, r"key 2 +sha1 +signs")
        self.assertNotIn("hunter", said)

    def test_log(self) -> None:
        """Where the log goes."""
        self.assertIn(
            "/var/log/ha-log, /var/log/ha-debug (with debug messages) and syslog as local0",
            self.described("logfacility local0"),
        )

    def test_programs(self) -> None:
        """Programs and the watchdog."""
        said = self.described("failfast root /bin/true", "watchdog /dev/watchdog")
        self.assertRegex(said, r"/bin/true +as root +its failure is told as critical")
        self.assertIn("Watchdog\n  /dev/watchdog", said)

    def test_warnings(self) -> None:
        """Warnings come last, as they are shown elsewhere."""
        self.assertTrue(self.described().endswith("There is nothing to warn of."))
        self.assertIn("There is 1 warning:\n", self.described("node beta"))

    def test_unprintable(self) -> None:
        """Nothing in a file reaches the terminal as more than text."""
        said = self.described("node g\udc80\x1b[1m")
        self.assertIn("g??[1m", said)
        said.encode("utf-8")
