"""Where the log goes, and what 1.2 and 3.0.6 would have done (configuration.md section 8.2)."""

from __future__ import annotations

from twisted_ha.config.complaints import Complaints
from twisted_ha.config.location import Location
from twisted_ha.config.model import Logging
from twisted_ha.config.settings import Settings

__all__ = ["DEBUGFILE", "LOGFILE", "resolve"]

LOGFILE = "/var/log/ha-log"
DEBUGFILE = "/var/log/ha-debug"
_NOWHERE = "/dev/null"


def resolve(settings: Settings, whole: Location, complaints: Complaints) -> Logging:
    """
    The sinks.  With nothing configured both files of 1.2 are written, and that is said: a cluster
    without a log cannot be explained afterwards.

    @param whole: the file, for complaints about what nobody wrote.
    """
    logfile, debugfile = settings.text("logfile"), settings.text("debugfile")
    facility = settings.text("logfacility")
    if facility == "none":
        facility = None
    useLogd = settings.get("use_logd")
    if logfile is None and debugfile is None and facility is None:
        if useLogd is not None and useLogd.value is False:
            complaints.error(
                useLogd.where,
                "use_logd is off and there is no logfile, debugfile or logfacility",
                f"write logfile {LOGFILE}",
                category="no-log-destination",
            )
        elif not settings.broken("logfacility", "use_logd"):
            complaints.warning(
                whole,
                f"no logfile, debugfile or logfacility is given: {LOGFILE} and {DEBUGFILE} are written",
                "write logfile and debugfile to choose",
                category="default-log-files",
            )
        logfile, debugfile = LOGFILE, DEBUGFILE
        settings.derive("logfile", LOGFILE, "since no log is configured")
        settings.derive("debugfile", DEBUGFILE, "since no log is configured")
    elif facility is not None:
        for name, value in (("logfile", logfile), ("debugfile", debugfile)):
            if value is None and logfile is None and debugfile is None:
                settings.derive(name, _NOWHERE, "since only logfacility is given")
    syslogFormat = settings.get("syslogmsgfmt")
    return Logging(
        facility=facility,
        logfile=_sink(logfile),
        debugfile=_sink(debugfile),
        # Its default is on, but 1.2, whose files these mostly are, did not know it.
        syslogFormat=syslogFormat is not None and syslogFormat.value is True,
        debug=settings.integer("debug") or 0,
        logBadPackets=settings.flag("log_badpack", True),
    )


def _sink(path: str | None) -> str | None:
    return None if path is None or path.lower() == _NOWHERE else path
