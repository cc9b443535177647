"""What can be asked over the local API, and what is answered; without any socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from twisted_ha.api.control import INodeControl
from twisted_ha.api.plain import eventAsJson, reportAsJson
from twisted_ha.errors import ApiError, ConfigError
from twisted_ha.frozen import dataclass
from twisted_ha.operations import MoveReport
from twisted_ha.status import asJson
from twisted_ha.terms import ResourceSet
from twisted_ha.version import VERSION

__all__ = ["API_VERSION", "MOST_RECENT", "Commands", "Request", "readRequest"]

API_VERSION = 1
"""Raised when something of the protocol goes away or changes its meaning."""

MOST_RECENT = 4000
"""Most events C{recent} answers at once."""

_GIVING = {
    "all": ResourceSet.ALL,
    "local": ResourceSet.LOCAL,
    "foreign": ResourceSet.FOREIGN,
    "failback": ResourceSet.FOREIGN,
}
_TAKING = {**_GIVING, "failback": ResourceSet.LOCAL}


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request.

    @ivar id: what the client wrote there, any JSON value; it is in the answer.
    @ivar parameters: everything but C{id} and C{command}.
    """

    id: Any
    command: str
    parameters: Mapping[str, Any]


def readRequest(line: bytes) -> Request:
    """
    One line as a request.

    @raise ApiError: it is not one.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ApiError("bad-json", f"this is not JSON: {_shortly(error)}") from None
    if not isinstance(value, dict):
        raise ApiError("bad-request", 'a request is a JSON object: {"id": 1, "command": "status"}')
    parameters = dict(value)
    request = Request(parameters.pop("id", None), str(parameters.pop("command", "")), parameters)
    if not request.command:
        raise ApiError("bad-request", 'a request needs a "command"')
    return request


def _shortly(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


class Commands:
    """
    Performs requests.

    @ivar names: every command, C{subscribe} included, which belongs to a connection and is done there.
    """

    def __init__(
        self,
        control: INodeControl,
        *,
        metrics: Callable[[], str] | None = None,
        asked: Callable[[str], object] = lambda text: None,
    ) -> None:
        """
        @param metrics: makes the OpenMetrics text.
        @param asked: told of every request that changes something, in words.
        """
        self._control = control
        self._metrics = metrics
        self._asked = asked
        self._performers: dict[str, Callable[[_Parameters, str], Any]] = {
            "explain": self._explain,
            "metrics": self._renderMetrics,
            "ping": self._ping,
            "recent": self._recent,
            "reload": self._reload,
            "standby": self._standby,
            "status": self._status,
            "takeover": self._takeover,
        }
        self.names = tuple(sorted([*self._performers, "subscribe"]))

    def perform(self, request: Request, who: str) -> Deferred[Any]:
        """
        Do it.

        @param who: the client, for people.
        @return: fires with the result as plain values; fails with L{ApiError}, or with anything else
            if there is a bug.
        """
        performer = self._performers.get(request.command)
        if performer is None:
            known = ", ".join(self.names)
            raise ApiError(
                "unknown-command", f"there is no command {request.command[:40]!r}; there are {known}"
            )
        return maybeDeferred(performer, _Parameters(request), who)

    def _ping(self, parameters: _Parameters, who: str) -> dict[str, Any]:
        parameters.finish()
        return {"api": API_VERSION, "daemonVersion": VERSION}

    def _status(self, parameters: _Parameters, who: str) -> dict[str, Any]:
        parameters.finish()
        return asJson(self._control.status())

    def _recent(self, parameters: _Parameters, who: str) -> list[dict[str, Any]]:
        count = parameters.number("count", 100, MOST_RECENT)
        parameters.finish()
        return [eventAsJson(when, event) for when, event in self._control.recent(count)]

    def _explain(self, parameters: _Parameters, who: str) -> str:
        group = parameters.text("group")
        parameters.finish()
        try:
            return self._control.explain(group)
        except KeyError:
            known = ", ".join(view.key for view in self._control.status().groups) or "none"
            raise ApiError(
                "unknown-group", f"there is no group {group[:80]!r}; haresources has {known}"
            ) from None

    def _renderMetrics(self, parameters: _Parameters, who: str) -> str:
        parameters.finish()
        if self._metrics is None:
            raise ApiError("not-available", "this daemon counts nothing")
        return self._metrics()

    def _standby(self, parameters: _Parameters, who: str) -> Deferred[dict[str, Any]]:
        resources = parameters.resources(_GIVING)
        parameters.finish()
        self._asked(f"Going standby [{resources.word}]. (asked for by {who})")
        return self._control.standby(resources).addCallback(_reported)

    def _takeover(self, parameters: _Parameters, who: str) -> Deferred[dict[str, Any]]:
        resources = parameters.resources(_TAKING)
        parameters.finish()
        self._asked(f"Taking over [{resources.word}]. (asked for by {who})")
        return self._control.takeover(resources).addCallback(_reported)

    def _reload(self, parameters: _Parameters, who: str) -> Deferred[str]:
        parameters.finish()
        self._asked(f"Rereading the configuration. (asked for by {who})")
        return self._control.reload().addErrback(_refused)


def _reported(report: MoveReport) -> dict[str, Any]:
    return reportAsJson(report)


def _refused(failure: Failure) -> str:
    failure.trap(ConfigError)
    raise ApiError("bad-configuration", failure.getErrorMessage())


class _Parameters:
    """The parameters of one request, each read once; one left over is a mistake worth telling."""

    def __init__(self, request: Request) -> None:
        self._command = request.command
        self._left = dict(request.parameters)

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self._left.pop(name, None)
        if not isinstance(value, str) or not value:
            raise ApiError("bad-parameter", f"{self._command} needs {name!r}, a text")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 0 to C{most}."""
        value = self._left.pop(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise ApiError("bad-parameter", f"{name!r} is a whole number from 0 to {most}")
        return value

    def resources(self, words: Mapping[str, ResourceSet]) -> ResourceSet:
        """Which groups to move.  It must be said: a misspelt name must not move all of them."""
        value = self._left.pop("resources", None)
        if not isinstance(value, str) or value not in words:
            known = ", ".join(words)
            raise ApiError("bad-parameter", f"{self._command} needs 'resources', one of {known}")
        return words[value]

    def finish(self) -> None:
        """
        Nothing else may be there.

        @raise ApiError: something is.
        """
        if self._left:
            names = ", ".join(sorted(name[:40] for name in self._left))
            raise ApiError("bad-parameter", f"{self._command} has no parameter {names}")
