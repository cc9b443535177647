"""The environment of scripts."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from twisted_ha.agents.environment import scriptEnvironment
from twisted_ha.auth.key import Key
from twisted_ha.config.model import ClusterConfig, Keys, Logging, Origin, Parameter, Timers
from twisted_ha.terms import FailbackMode, NodeName

DIRECTORIES = SimpleNamespace(run="/var/run/heartbeat")


def config(**more: object) -> ClusterConfig:
    """A configuration with two nodes and what a test adds."""
    alpha, beta = NodeName("alpha"), NodeName("beta")
    given: dict[str, object] = {
        "directory": "/etc/ha.d",
        "localNode": alpha,
        "nodes": (alpha, beta),
        "media": (),
        "timers": Timers(),
        "keys": Keys(keys=MappingProxyType({}), signing=1),
        "groups": (),
        **more,
    }
    return ClusterConfig(**given)  # type: ignore[arg-type]


class EnvironmentTests(SynchronousTestCase):
    """Each test names a row of configuration.md section 9."""

    def environment(self, base: dict[str, str] | None = None, **more: object) -> dict[str, str]:
        return dict(scriptEnvironment(config(**more), DIRECTORIES, base or {}))

    def test_always(self) -> None:
        """What every script has always been told."""
        told = self.environment()
        expected = {
            "HA_CURHOST": "alpha",
            "HA_DIR": "/etc/ha.d",
            "HA_FUNCS": "/etc/ha.d/shellfuncs",
            "HA_DATEFMT": "%Y/%m/%d_%T\t",
            "HA_LOGFILE": "",
            "HA_DEBUGLOG": "",
            "HA_LOGD": "no",
            "HA_RSCTMP": "/var/run/heartbeat/rsctmp",
            "OCF_ROOT": "/usr/lib/ocf",
        }
        self.assertEqual({name: told.get(name) for name in expected}, expected)

    def test_absent(self) -> None:
        """What is told only when it is so, is else not even inherited from a strange shell."""
        told = self.environment({"HA_NICEFAILBACK": "yes"}, autoFailback=FailbackMode.LEGACY)
        for name in ("HA_LOGFACILITY", "HA_debug", "HA_NICEFAILBACK"):
            self.assertNotIn(name, told)

    def test_logging(self) -> None:
        """Where the log goes."""
        told = self.environment(
            logging=Logging(facility="local0", logfile="/l", debugfile="/d", debug=2)
        )
        names = ("HA_LOGFACILITY", "HA_LOGFILE", "HA_DEBUGLOG", "HA_debug")
        self.assertEqual([told[name] for name in names], ["local0", "/l", "/d", "2"])

    def test_niceFailback(self) -> None:
        """On and off are nice; legacy is not."""
        for mode in (FailbackMode.ON, FailbackMode.OFF):
            self.assertEqual(self.environment(autoFailback=mode)["HA_NICEFAILBACK"], "yes")

    def test_directives(self) -> None:
        """Every recorded directive, as it was written; the version is not one of them."""
        told = self.environment(
            parameters={
                "keepalive": Parameter(text="500ms", origin=Origin.FILE),
                "udpport": Parameter(text="694", origin=Origin.DEFAULT),
                "hbversion": Parameter(text="3.0.6", origin=Origin.DERIVED),
            }
        )
        self.assertEqual((told["HA_keepalive"], told["HA_udpport"]), ("500ms", "694"))
        self.assertNotIn("HA_hbversion", told)

    def test_env(self) -> None:
        """The env directive has the last word."""
        told = self.environment(environment={"STOPRETRYMAX": "3", "LOGD": "yes"})
        self.assertEqual((told["HA_STOPRETRYMAX"], told["HA_LOGD"]), ("3", "yes"))

    def test_inherited(self) -> None:
        """The daemon's own environment is passed on, and a missing PATH made up for."""
        self.assertEqual(self.environment({"TZ": "UTC", "PATH": "/x"})["PATH"], "/x")
        self.assertEqual(self.environment({"TZ": "UTC"})["TZ"], "UTC")
        self.assertIn("/usr/local/sbin", self.environment()["PATH"])

    def test_noKeys(self) -> None:
        """No key is ever in it."""
        keys = Keys(keys=MappingProxyType({1: Key(method="sha1", secret=b"Swordfish")}), signing=1)
        self.assertNotIn("Swordfish", str(self.environment(keys=keys)))
