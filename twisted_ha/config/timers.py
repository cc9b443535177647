"""The timers that follow from others, and what must hold between them (configuration.md section 4)."""

from __future__ import annotations

from twisted_ha.config.complaints import Complaints
from twisted_ha.config.duration import milliseconds, words
from twisted_ha.config.location import Location
from twisted_ha.config.model import Timers
from twisted_ha.config.settings import Settings

__all__ = ["initdeadFor", "resolve"]

_DEFAULTS = Timers()
_SHORT_INITDEAD = 10.0


def resolve(settings: Settings, whole: Location, complaints: Complaints) -> Timers:
    """
    All timers, derived ones recorded in C{settings}.

    @param whole: the file, for complaints about what nobody wrote.
    """
    keepalive = settings.number("keepalive") or _DEFAULTS.keepalive
    deadtime = settings.number("deadtime")
    if deadtime is None:
        deadtime = _DEFAULTS.deadtime
    warntime = settings.number("warntime")
    if warntime is None:
        warntime = int(deadtime * 1000 / 2) / 1000
        settings.derive("warntime", milliseconds(warntime), "half of deadtime")
    initdead = settings.number("initdead")
    if initdead is None:
        initdead, how = initdeadFor(deadtime)
        settings.derive("initdead", milliseconds(initdead), how)
    deadping = settings.number("deadping")
    if deadping is None:
        deadping = deadtime
        settings.derive("deadping", milliseconds(deadping), "as deadtime")
    rexmit = settings.number("max_rexmit_delay")
    timers = Timers(
        keepalive=keepalive,
        warntime=warntime,
        deadtime=deadtime,
        initdead=initdead,
        deadping=deadping,
        maxRexmitDelay=_DEFAULTS.maxRexmitDelay if rexmit is None else rexmit / 1000,
    )
    _check(timers, settings, whole, complaints)
    return timers


def initdeadFor(deadtime: float) -> tuple[float, str]:
    """What C{initdead} is where nobody wrote it, in seconds, and how that was derived."""
    if deadtime > 10:
        return deadtime, "as deadtime"
    if deadtime < 6:
        return 12.0, "12 s, since deadtime is below 6 s"
    return 2 * deadtime, "twice deadtime"


def _check(timers: Timers, settings: Settings, whole: Location, complaints: Complaints) -> None:
    def place(*names: str) -> Location:
        """The first of these that somebody wrote."""
        found = (settings.get(name) for name in names)
        return next((setting.where for setting in found if setting is not None), whole)

    keepalive, deadtime = timers.keepalive, timers.deadtime
    twice = words(2 * keepalive)
    if not settings.broken("keepalive", "deadtime"):
        if deadtime <= 2 * keepalive:
            complaints.error(
                place("deadtime", "keepalive"),
                f"deadtime ({words(deadtime)}) must be longer than two keepalives ({twice})",
                f"write deadtime {_more(keepalive)} or more, or a shorter keepalive",
                category="deadtime-too-small",
            )
        elif not settings.broken("warntime"):
            _checkWarntime(timers, settings, place("warntime"), complaints)
    initdead = timers.initdead
    if settings.get("initdead") is not None and not settings.broken("deadtime"):
        if initdead < deadtime:
            complaints.error(
                place("initdead"),
                f"initdead ({words(initdead)}) must not be shorter than deadtime ({words(deadtime)})",
                f"write initdead {2 * deadtime:g}",
                category="initdead-below-deadtime",
            )
        elif initdead < _SHORT_INITDEAD:
            complaints.warning(
                place("initdead"),
                f"initdead ({words(initdead)}) is below 10 s",
                "a network or a peer that is slower to start is taken for dead",
                category="initdead-below-10s",
            )
    if (
        settings.get("deadping") is not None
        and not settings.broken("keepalive")
        and timers.deadping <= 2 * keepalive
    ):
        complaints.error(
            place("deadping"),
            f"deadping ({words(timers.deadping)}) must be longer than two keepalives ({twice})",
            f"write deadping {_more(keepalive)} or more",
            category="deadping-too-small",
        )


def _checkWarntime(timers: Timers, settings: Settings, where: Location, complaints: Complaints) -> None:
    if settings.get("warntime") is None:
        return
    if timers.warntime > timers.deadtime:
        complaints.warning(
            where,
            f"warntime ({words(timers.warntime)}) is above deadtime ({words(timers.deadtime)})",
            "it never warns: the node is dead before",
            category="warntime-above-deadtime",
        )
    elif timers.warntime <= timers.keepalive:
        complaints.warning(
            where,
            f"warntime ({words(timers.warntime)}) is not above keepalive ({words(timers.keepalive)})",
            "it warns of heartbeats that are in time",
            category="warntime-below-keepalive",
        )


def _more(keepalive: float) -> str:
    """A deadtime to propose: three heartbeats may be lost."""
    wanted = 4 * keepalive
    return f"{wanted:g}" if wanted >= 1 else milliseconds(wanted)
