"""
A script that drives a power switch, called as the original calls it.

@see: resource-management.md section 3.12: C{getconfignames}, C{gethosts}, C{status}, C{reset HOST};
    parameters are environment variables, exit status 0 is success.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime

from twisted_ha.errors import FencingError
from twisted_ha.fencing.parameters import Settings, assign, ending, hostsIn, secretsOf, wordsIn
from twisted_ha.interfaces import IProcessRunner
from twisted_ha.operations import Completed, Invocation
from twisted_ha.terms import NodeName

__all__ = ["PLACES", "Plugin"]

PLACES = (
    "/usr/lib/stonith/plugins/external",
    "/usr/lib64/stonith/plugins/external",
    "/usr/local/lib/stonith/plugins/external",
)
"""Where packages put such scripts."""

_HELPERS = ("/usr/share/cluster-glue", "/usr/local/share/cluster-glue")
"""Where the packaged scripts find the programs they call; observed in front of their C{PATH}."""

QUESTION = 20.0
"""Seconds for a question that the script answers without its device, or nearly."""

STATUS = 60.0
"""Seconds for asking the device how it is."""

_UNKILLABLE = 10.0
"""Seconds after the deadline in which a process must end by force, unless the kernel holds it."""


class Plugin:
    """One script and the parameters it is given."""

    def __init__(
        self,
        *,
        name: str,
        parameters: Sequence[str],
        directories: Sequence[str],
        runner: IProcessRunner,
        clock: IReactorTime,
        environment: Mapping[str, str],
        harmless: Iterable[str] = (),
    ) -> None:
        """
        @param name: the file's name: what follows C{external/}.
        @param parameters: the words from C{ha.cf}.
        @param directories: where to look for it, in this order.
        @param environment: what every script of this node sees.
        @param harmless: words that may stand in a log though they are parameters too.
        """
        self.name = name
        self._parameters = tuple(parameters)
        self._directories = tuple(directories)
        self._runner = runner
        self._clock = clock
        self._environment = dict(environment)
        self._environment["HA_LOGTAG"] = f"external/{name}"
        self._environment["PATH"] = os.pathsep.join(
            [*_HELPERS, self._environment.get("PATH", os.defpath)]
        )
        self._harmless = frozenset(harmless)
        self._values: Settings | None = None

    async def configure(self, again: bool = False) -> None:
        """
        Ask the script for the names of its parameters, unless it is known already.

        @raise FencingError: there is no such script, it does not say, or C{ha.cf} gives other ones.
        """
        if self._values is None or again:
            asked = await self._run("getconfignames", deadline=QUESTION)
            self._values = assign(wordsIn(asked.output), self._parameters)

    async def hosts(self) -> frozenset[str]:
        """
        The nodes it can reset, lower-case.

        @raise FencingError: it does not say.
        """
        await self.configure()
        asked = await self._run("gethosts", deadline=QUESTION)
        return hostsIn(asked.output.decode("utf-8", "surrogateescape"))

    async def status(self) -> None:
        """
        Ask the device whether it works.

        @raise FencingError: it does not.
        """
        await self.configure()
        await self._run("status", deadline=STATUS)

    async def reset(self, node: NodeName, deadline: float) -> str:
        """
        Switch a node off and on.

        @param deadline: in seconds.
        @return: what was done, for people.
        @raise FencingError: that did not succeed.
        """
        await self.configure()
        done = await self._run("reset", node, deadline=deadline)
        return f"external/{self.name} in {done.seconds:.1f} s"

    async def _run(self, *arguments: str, deadline: float) -> Completed:
        path = self._locate()
        values: Mapping[str, str] = self._values or {}
        invocation = Invocation(
            argv=(path, *arguments),
            environment=Settings({**self._environment, **values}),
            deadline=deadline,
        )
        running = self._runner.run(invocation)
        # Forced ends come from the runner; this is for a process that even KILL does not end.
        running.addTimeout(deadline + _UNKILLABLE, self._clock)
        try:
            completed = await running
        except DeferredTimeout:
            raise FencingError(
                f"{invocation}: no end after {deadline:.0f} s, and it cannot be stopped by force"
            ) from None
        if not completed.succeeded:
            # Before the names are known any word from ha.cf may be a password.
            given = tuple(values.values()) or self._parameters
            raise FencingError(f"{invocation}: {ending(completed, secretsOf(given, self._harmless))}")
        return completed

    def _locate(self) -> str:
        looked = []
        for directory in self._directories:
            path = os.path.join(directory, self.name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
            fault = "not an executable file" if os.path.exists(path) else "not there"
            looked.append(f"{path} ({fault})")
        raise FencingError(f"there is no script external/{self.name}: looked for {', '.join(looked)}")
