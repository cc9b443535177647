"""The same cluster with other timers: C{deadtime=5}, C{keepalive=500ms,deadtime=3}."""

from __future__ import annotations

from dataclasses import dataclass, replace

from twisted_ha.config.duration import DurationError, parse, words
from twisted_ha.config.model import ClusterConfig, Origin
from twisted_ha.config.nearby import didYouMean
from twisted_ha.config.timers import initdeadFor
from twisted_ha.errors import HeartbeatError
from twisted_ha.terms import FailbackMode

__all__ = ["AS_IT_IS", "Variant", "VariantError", "parseVariant", "retimed"]

TIMERS = ("keepalive", "warntime", "deadtime", "initdead", "deadping")
_FAILBACK = {"on": FailbackMode.ON, "off": FailbackMode.OFF, "legacy": FailbackMode.LEGACY}


class VariantError(HeartbeatError):
    """A variant cannot be tried; the text says why, and what could be written."""


@dataclass(frozen=True, slots=True)
class Variant:
    """
    What is changed of C{ha.cf}.

    @ivar text: as it was written; shown in the table.
    @ivar times: the timers that are changed, in seconds.
    @ivar failback: C{auto_failback}, if that is changed.
    """

    text: str
    times: tuple[tuple[str, float], ...] = ()
    failback: FailbackMode | None = None

    def of(self, config: ClusterConfig) -> ClusterConfig:
        """
        The configuration with the changes.

        @raise VariantError: the daemon would not start with it.
        """
        changed = retimed(config, dict(self.times), self.text)
        return changed if self.failback is None else replace(changed, autoFailback=self.failback)


AS_IT_IS = Variant("as in ha.cf")


def parseVariant(text: str) -> Variant:
    """
    Read what follows C{--try}.

    @raise VariantError: it cannot be understood.
    """
    times: list[tuple[str, float]] = []
    failback: FailbackMode | None = None
    known = (*TIMERS, "auto_failback")
    for part in text.split(","):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals or name not in known:
            guess = didYouMean(name, known)
            raise VariantError(
                f'--try {text}: "{part.strip()}" is nothing that can be tried;'
                f"{' ' + guess if guess else ''} write for example deadtime=5 or"
                f" keepalive=500ms,deadtime=3; there are {', '.join(known)}"
            )
        if name == "auto_failback":
            if value not in _FAILBACK:
                raise VariantError(f'--try {text}: auto_failback is on, off or legacy, not "{value}"')
            failback = _FAILBACK[value]
            continue
        try:
            times.append((name, parse(value).seconds))
        except DurationError as error:
            raise VariantError(f'--try {text}: {name}: "{value}" {error}; {error.hint}') from None
    return Variant(text, tuple(times), failback)


def retimed(config: ClusterConfig, times: dict[str, float], text: str) -> ClusterConfig:
    """
    A configuration with other timers; those that nobody wrote follow as in C{ha.cf}.

    @param text: what the user wrote, for complaints.
    @raise VariantError: the rules of C{ha.cf} do not allow them.
    """
    timers = replace(config.timers, **times)
    deadtime = timers.deadtime

    def derived(name: str) -> bool:
        parameter = config.parameters.get(name)
        return name not in times and (parameter is None or parameter.origin is not Origin.FILE)

    if "deadtime" in times:
        if derived("warntime"):
            timers = replace(timers, warntime=deadtime / 2)
        if derived("initdead"):
            timers = replace(timers, initdead=initdeadFor(deadtime)[0])
        if derived("deadping"):
            timers = replace(timers, deadping=deadtime)
    for name in ("keepalive", "deadtime"):
        if getattr(timers, name) <= 0:
            raise VariantError(f"--try {text}: {name} must be longer than nothing")
    if deadtime <= 2 * timers.keepalive:
        raise VariantError(
            f"--try {text}: deadtime ({words(deadtime)}) must be longer than two keepalives"
            f" ({words(2 * timers.keepalive)})"
        )
    if timers.initdead < deadtime:
        raise VariantError(
            f"--try {text}: initdead ({words(timers.initdead)}) must not be shorter than deadtime"
            f" ({words(deadtime)}); add initdead={2 * deadtime:g}"
        )
    if config.pingNodes and timers.deadping <= 2 * timers.keepalive:
        raise VariantError(
            f"--try {text}: deadping ({words(timers.deadping)}) must be longer than two keepalives"
        )
    return replace(config, timers=timers)
