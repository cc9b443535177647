"""Tests of L{twisted_ha.reload}: what a running node takes from changed files, and what not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.nodes import FIRST, SECOND, nodeAfter
from twisted_ha.auth.key import Key
from twisted_ha.config.model import ClusterConfig, Keys, Logging, ResourceGroup
from twisted_ha.errors import ConfigError
from twisted_ha.events import ConfigurationReloaded, Event
from twisted_ha.guard.parent import Guardian
from twisted_ha.observe.log import HaLog
from twisted_ha.reload import Reloader
from twisted_ha.terms import FailbackMode, NodeName


class Told:
    """The log and the guardian: what they were told."""

    def __init__(self) -> None:
        self.patience: list[float] = []
        self.logging: list[Logging] = []

    def setPatience(self, seconds: float) -> None:
        self.patience.append(seconds)

    def reconfigure(self, logging: Logging) -> None:
        self.logging.append(logging)


class ReloadTests(SynchronousTestCase):
    """A settled C{beta}, whose files change."""

    def setUp(self) -> None:
        self.node = nodeAfter("until 20s")
        self.old = self.node.config
        self.told = Told()
        self.events: list[Event] = []
        self.node.bus.subscribe(lambda event, when: self.events.append(event))
        self.sent: list[bytes] = []
        for medium in self.node.core._transmitter._media:
            self.patch(medium, "send", self.sent.append)

    def reload(self, read: Callable[[], ClusterConfig] | None = None, **changes: Any) -> str:
        """
        Read the files again.

        @param read: what reading them does, if it is not just another configuration.
        @param changes: what they say now that they did not say before.
        """
        self.reloader = Reloader(
            self.node,
            read=read or (lambda: replace(self.old, **changes)),
            log=cast(HaLog, self.told),
            guardian=cast(Guardian, self.told),
        )
        return self.reloader.reload()

    def assertRefused(self, words: str, **changes: Any) -> None:
        """Such a change is refused with these words, and nothing else that changed is applied."""
        keys = Keys(keys={2: Key("sha1", b"another")}, signing=2)
        error = self.assertRaises(ConfigError, self.reload, keys=keys, **changes)
        self.assertIn(f"{words} changed, which a running daemon cannot apply", str(error))
        self.assertIn("restart the daemon", str(error))
        self.assertIs(self.node.config, self.old)
        self.assertIs(self.reloader.config, self.old)
        self.assertEqual((self.events, self.told.patience), ([], []))

    def test_nothing(self) -> None:
        """The same files change nothing, and that is said."""
        said = self.reload()
        self.assertEqual(said, "nothing that matters to a running node has changed")
        self.assertEqual(self.events, [ConfigurationReloaded(changes=said)])

    def test_keys(self) -> None:
        """The next message is signed with the new key."""
        keys = Keys(keys={**self.old.keys.keys, 7: Key("sha1", b"another")}, signing=7)
        self.assertEqual(self.reload(keys=keys), "authkeys")
        self.node.core.sendStatus()
        self.assertEqual(len(self.sent), 2)
        for frame in self.sent:
            self.assertIn(b"\nauth=7 ", frame)

    def test_timers(self) -> None:
        """New times hold for the node and for its guardian, and the other node hears of them at once."""
        timers = replace(self.old.timers, keepalive=0.5, deadtime=8.0)
        self.assertEqual(self.reload(timers=timers), "timers")
        self.assertIn(b"\ndt=1f40\n", self.sent[0])
        self.assertEqual(self.told.patience, [7.5])
        self.assertEqual(self.node.config.timers, timers)

    def test_logging(self) -> None:
        """A log file of another name is written from now on."""
        logging = replace(self.old.logging, logfile="/var/log/other")
        self.assertEqual(self.reload(logging=logging), "logging")
        self.assertEqual(self.told.logging, [logging])

    def test_groups(self) -> None:
        """A group more is known, and what runs is left alone."""
        first, second = self.old.groups
        third = ResourceGroup(key="third", node=NodeName("beta"), resources=second.resources[:1], line=3)
        runner = self.node.resources.worker.runners[SECOND]
        self.assertEqual(self.reload(groups=(first, second, third)), "haresources")
        self.assertIn("third", self.node.resources.worker.runners)
        self.assertIs(self.node.resources.worker.runners[SECOND], runner)
        self.assertIn(FIRST, self.node.resources.worker.runners)

    def test_several(self) -> None:
        """All that changed is named."""
        tuning = replace(self.old.tuning, probeTime=0.5)
        said = self.reload(autoFailback=FailbackMode.OFF, tuning=tuning)
        self.assertEqual(said, "auto_failback off, twisted_ha.cf")
        self.assertIs(self.node.resources.board.mode, FailbackMode.OFF)

    def test_refused(self) -> None:
        """Who is in the cluster, and how it is reached, a running node cannot change."""
        self.assertRefused("the nodes", nodes=(*self.old.nodes, NodeName("gamma")))
        self.assertRefused("the media", media=self.old.media[:1])
        self.assertRefused("auto_failback from or to legacy", autoFailback=FailbackMode.LEGACY)
        self.assertRefused("this node's name", localNode=NodeName("alpha"))

    def test_badFiles(self) -> None:
        """Files that cannot be used change nothing."""

        def read() -> ClusterConfig:
            raise ConfigError([])

        self.assertRaises(ConfigError, self.reload, read)
        self.assertIs(self.node.config, self.old)
        self.assertEqual((self.events, self.told.patience, self.told.logging), ([], [], []))
