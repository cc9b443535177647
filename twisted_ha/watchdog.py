"""The machine's watchdog: it resets the machine when this node beats no more."""

from __future__ import annotations

from twisted_ha.bus import EventBus
from twisted_ha.config.model import ClusterConfig
from twisted_ha.errors import PlatformError
from twisted_ha.events import Notice, Warned
from twisted_ha.platform.interface import IPlatform, IWatchdog

__all__ = ["Watchdog"]

_TICK = 0.01


class Watchdog:
    """
    Patted at every beat, from the start until the stop.  Without a device there is none: that is told,
    and the node goes on.  One that cannot be patted is tried again at the next beat, for it may bite.
    """

    def __init__(self, config: ClusterConfig, platform: IPlatform, bus: EventBus) -> None:
        self._name = config.watchdog
        # One tick more than deadtime, as the original: the peer has taken over by then.
        self._patience = config.timers.deadtime + _TICK
        self._platform = platform
        self._bus = bus
        self._device: IWatchdog | None = None
        self._failing = False

    def start(self) -> None:
        """Open the device, if C{ha.cf} names one."""
        if self._name is None:
            return
        try:
            self._device = self._platform.openWatchdog(self._name, self._patience)
        except PlatformError as error:
            self._bus.publish(Warned(message=f"Cannot open watchdog device: {error}"))
        else:
            timeout = self._device.timeout
            self._bus.publish(Notice(message=f"Using watchdog device: {self._name} ({timeout:g} s)"))

    def beat(self) -> None:
        """This node lives."""
        if self._device is None:
            return
        try:
            self._device.pat()
        except PlatformError as error:
            if not self._failing:
                self._failing = True
                self._bus.publish(Warned(message=f"the watchdog does not listen: {error}"))
        else:
            if self._failing:
                self._failing = False
                self._bus.publish(Notice(message="the watchdog listens again"))

    def stop(self) -> None:
        """Close the device, so that it does not reset a machine whose daemon was stopped."""
        device, self._device = self._device, None
        if device is not None:
            device.close()
