"""Applies a changed configuration to a running node, as far as that can be done without leaving."""

from __future__ import annotations

from collections.abc import Callable

from twisted_ha.assembly import LocalNode
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.config.location import Complaint, Location, Severity
from twisted_ha.config.model import ClusterConfig
from twisted_ha.errors import ConfigError
from twisted_ha.events import ConfigurationReloaded
from twisted_ha.guard.parent import Guardian
from twisted_ha.observe.log import HaLog

__all__ = ["Reloader"]

_FIXED = {
    "localNode": "this node's name",
    "nodes": "the nodes",
    "media": "the media",
    "hopfudge": "hopfudge",
    "fencing": "the fencing device",
    "generationFromClock": "hbgenmethod",
    "uuidFromName": "uuidfrom",
}
"""What a running node cannot change: who is in the cluster and how it is reached."""


class Reloader:
    """
    Compares the files with what runs.

    @ivar config: what runs.
    """

    def __init__(
        self,
        node: LocalNode,
        *,
        read: Callable[[], ClusterConfig],
        log: HaLog | None,
        guardian: Guardian | None,
    ) -> None:
        self.config = node.config
        self._node = node
        self._read = read
        self._log = log
        self._guardian = guardian

    def reload(self) -> str:
        """
        Read the files and apply what changed.

        @return: what changed, for people.
        @raise ConfigError: they cannot be used, or change what a running node cannot change; nothing
            was applied.
        """
        new = self._read()
        old = self.config
        if old.autoFailback.negotiated is not new.autoFailback.negotiated:
            raise self._refusal(new, "auto_failback from or to legacy")
        for name, words in _FIXED.items():
            if getattr(old, name) != getattr(new, name):
                raise self._refusal(new, words)
        changes = []
        if old.keys != new.keys:
            self._node.core.replaceKeyRing(KeyRing(new.keys))
            changes.append("authkeys")
        if old.timers != new.timers:
            changes.append("timers")
            if self._guardian is not None:
                self._guardian.setPatience(new.timers.deadtime - new.timers.keepalive)
        if old.logging != new.logging:
            if self._log is not None:
                self._log.reconfigure(new.logging)
            changes.append("logging")
        if old.groups != new.groups:
            changes.append("haresources")
        if old.autoFailback != new.autoFailback:
            changes.append(f"auto_failback {new.autoFailback.value}")
        if old.tuning != new.tuning:
            changes.append("twisted_ha.cf")
        self._node.core.reconfigure(new)
        self._node.resources.reconfigure(new)
        self.config = self._node.config = new
        said = ", ".join(changes) or "nothing that matters to a running node has changed"
        self._node.bus.publish(ConfigurationReloaded(changes=said))
        return said

    def _refusal(self, new: ClusterConfig, words: str) -> ConfigError:
        return ConfigError(
            [
                Complaint(
                    severity=Severity.ERROR,
                    where=Location(file=f"{new.directory}/ha.cf"),
                    message=f"{words} changed, which a running daemon cannot apply",
                    hint="restart the daemon: it hands its groups over and takes them back",
                    category="needs-restart",
                )
            ]
        )
