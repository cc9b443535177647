"""
Which agent a word of C{haresources} means.

@see: resource-management.md section 1.3.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from twisted_ha.agents.address import AddressAgent, parseAddress
from twisted_ha.agents.script import ScriptAgent, ScriptKind
from twisted_ha.bus import EventBus
from twisted_ha.config.model import ClusterConfig, Resource, ResourceGroup
from twisted_ha.errors import AgentError
from twisted_ha.events import Notice
from twisted_ha.interfaces import IAddresses, IAgentRegistry, IProcessRunner, IResourceAgent

__all__ = ["AgentRegistry"]

_NATIVE = ("IPaddr", "IPaddr2", "IPv6addr")

_STOCK = (b"hto-mapfuncs", b"OCF_RESKEY", b"findif")
"""Words that the address scripts shipped with heartbeat contain: wrappers in 3.x, findif in 1.2."""


@implementer(IAgentRegistry)
class AgentRegistry:
    """
    Looks in C{resource.d}, then in the init directories, then among the scripts we bring.

    Addresses are the exception: ours are quicker and more careful than the scripts heartbeat ships, so
    those stand aside.  A script of that name which an administrator wrote keeps its place.
    """

    def __init__(
        self,
        *,
        config: ClusterConfig,
        runner: IProcessRunner,
        clock: IReactorTime,
        bus: EventBus,
        environment: Mapping[str, str],
        addresses: IAddresses | None,
        initDirectories: Sequence[str],
        ownScripts: str | None = None,
    ) -> None:
        """
        @param environment: as L{scriptEnvironment} makes it.
        @param addresses: this kernel's addresses; L{None} where there are no native address agents.
        @param initDirectories: in the order in which to look; those that do not exist do no harm.
        @param ownScripts: a directory of scripts that came with us, searched last.
        """
        self._config = config
        self._runner = runner
        self._clock = clock
        self._bus = bus
        self._environment = environment
        self._addresses = addresses
        self._resourceDirectory = os.path.join(config.directory, "resource.d")
        self._initDirectories = tuple(initDirectories)
        self._ownScripts = ownScripts
        self._agents: dict[tuple[str, Resource], IResourceAgent] = {}
        self._said: set[str] = set()

    def find(self, group: ResourceGroup, resource: Resource) -> IResourceAgent:
        """The agent of C{resource}; see L{IAgentRegistry.find}."""
        known = self._agents.get((group.key, resource))
        if known is None:
            known = self._make(group, resource)
            self._agents[group.key, resource] = known
        return known

    def _make(self, group: ResourceGroup, resource: Resource) -> IResourceAgent:
        deadlines = self._config.tuning.deadlinesFor(group.key, resource.agent)
        if (
            self._addresses is not None
            and resource.agent in _NATIVE
            and not self._replaced(resource.agent)
        ):
            return AddressAgent(
                resource=resource,
                wanted=parseAddress(resource),
                addresses=self._addresses,
                runner=self._runner,
                clock=self._clock,
                bus=self._bus,
                directory=self._config.directory,
                environment=self._environment,
                deadlines=deadlines,
                tuning=self._config.tuning,
            )
        path, kind = self._locate(resource)
        return ScriptAgent(
            resource=resource,
            path=path,
            kind=kind,
            runner=self._runner,
            clock=self._clock,
            bus=self._bus,
            environment=self._environment,
            deadlines=deadlines,
        )

    def _locate(self, resource: Resource) -> tuple[str, ScriptKind]:
        name = resource.agent
        if not name or "/" in name or "\0" in name:
            raise AgentError(
                f"Cannot locate resource script {name}: {resource.token!r} must begin with the name of a"
                " script, without a directory"
            )
        places = [(self._resourceDirectory, ScriptKind.HEARTBEAT)]
        places += [(directory, ScriptKind.INIT) for directory in self._initDirectories]
        if self._ownScripts is not None:
            places.append((self._ownScripts, ScriptKind.HEARTBEAT))
        looked = []
        for directory, kind in places:
            path = os.path.join(directory, name)
            fault = _unusable(path)
            if fault is None:
                return path, kind
            looked.append(f"{path} ({fault})")
        raise AgentError(f"Cannot locate resource script {name}: looked for {', '.join(looked)}")

    def _replaced(self, name: str) -> bool:
        """Whether an administrator wrote an agent of this name; says once which one is used."""
        path = os.path.join(self._resourceDirectory, name)
        replaced = _unusable(path) is None and not _stock(path)
        if name not in self._said:
            self._said.add(name)
            used = f"the script {path}" if replaced else "the built-in agent"
            self._bus.publish(Notice(message=f"resources of type {name} are run by {used}"))
        return replaced


def _unusable(path: str) -> str | None:
    """What keeps the file at C{path} from being run; L{None} if nothing does."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return (error.strerror or "not there").lower()
    if not stat.S_ISREG(mode):
        return "not a regular file"
    if not os.access(path, os.X_OK):
        return "not executable"
    return None


def _stock(path: str) -> bool:
    try:
        with open(path, "rb") as script:
            text = script.read(64 * 1024)
    except OSError:
        return False
    return any(word in text for word in _STOCK)
