"""Single values that are good or bad depending on this machine, or on what this program can do."""

from __future__ import annotations

from twisted_ha.config.complaints import Complaints, quoted
from twisted_ha.config.host import Device, IHostQueries
from twisted_ha.config.settings import Setting, Settings
from twisted_ha.config.values import FALSE

__all__ = ["MachineChecks"]


class MachineChecks:
    """Each method is called with a setting as soon as its line was read."""

    def __init__(self, settings: Settings, host: IHostQueries, complaints: Complaints) -> None:
        self._settings = settings
        self._host = host
        self._complaints = complaints

    def manager(self, setting: Setting) -> None:
        """C{crm} and C{pacemaker}: only no (configuration.md section 3.4)."""
        if str(setting.value) in FALSE:
            return
        self._complaints.error(
            setting.where,
            f"{setting.statement.name.text} {quoted(setting.token.text)} hands the resources to"
            " Pacemaker, which is not here",
            "write no: the resources are managed from haresources",
            category="pacemaker",
        )

    def priority(self, setting: Setting) -> None:
        """C{rtprio}: the range is the system's."""
        low, high = self._host.realtimePriorities()
        value = setting.value
        if isinstance(value, int) and not low <= value <= high:
            self._settings.breakValue("rtprio")
            self._complaints.error(
                setting.where,
                f"rtprio: {quoted(setting.token.text)} is out of range",
                f"write a whole number from {low} to {high}",
                category="rtprio-range",
            )

    def port(self, setting: Setting) -> None:
        """C{udpport}: no upper check, as in the original; a warning if it is another service's."""
        value = setting.value
        if not isinstance(value, int):
            return
        if value > 65535:
            if value % 65536 == 0:
                self._settings.breakValue("udpport")
                self._complaints.error(
                    setting.where,
                    f"udpport: {value} is not a port",
                    "write a port from 1 to 65535",
                    category="udpport-invalid",
                )
                return
            self._complaints.warning(
                setting.where,
                f"udpport: {value} is not a port; {value % 65536} is used",
                "write a port from 1 to 65535",
                category="odd-value",
            )
        service = self._host.udpService(value % 65536)
        if service is not None and service != "ha-cluster":
            self._complaints.warning(
                setting.where,
                f"UDP port {value % 65536} is that of another service, {quoted(service)}",
                "694 is heartbeat's",
                category="udpport-taken",
            )

    def watchdog(self, setting: Setting) -> None:
        """C{watchdog}: a missing device is logged, not fatal."""
        if self._host.device(setting.token.text) is not Device.CHARACTER:
            self._complaints.warning(
                setting.where,
                f"watchdog {quoted(setting.token.text)} is not a device; there is no watchdog then",
                "load the driver of the watchdog, or take the line out",
                category="watchdog-missing",
            )
