"""The watchdog of Linux: C{/dev/watchdog}."""

from __future__ import annotations

import fcntl
import math
import os
import struct
from collections.abc import Callable

from zope.interface import implementer

from twisted_ha.errors import PlatformError
from twisted_ha.platform.interface import IWatchdog

__all__ = ["LinuxWatchdog"]

# <linux/watchdog.h>
_WDIOC_SETTIMEOUT = 0xC0045706
_WDIOC_GETTIMEOUT = 0x80045707


@implementer(IWatchdog)
class LinuxWatchdog:
    """
    Armed as soon as the device is open; any byte pats it, and a C{V} before closing disarms it.
    """

    def __init__(
        self, device: str, timeout: float, ioctl: Callable[[int, int, bytes], bytes] = fcntl.ioctl
    ) -> None:
        self._device = device
        self._ioctl = ioctl
        try:
            self._fd: int | None = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as e:
            raise PlatformError(
                f"{device}: {e.strerror}; a hang of this machine or daemon will not reset it"
            ) from None
        self.timeout = self._set(math.ceil(timeout))

    def _set(self, seconds: int) -> float:
        assert self._fd is not None
        for request in (_WDIOC_SETTIMEOUT, _WDIOC_GETTIMEOUT):
            try:
                (made,) = struct.unpack("i", self._ioctl(self._fd, request, struct.pack("i", seconds)))
            except OSError:
                # Some devices have one time only; what it is, they tell with the second request.
                continue
            return float(made)
        return float(seconds)

    def pat(self) -> None:
        """Start again from the full time."""
        if self._fd is None:
            return
        try:
            os.write(self._fd, b".")
        except OSError as e:
            raise PlatformError(
                f"watchdog {self._device} cannot be fed: {e.strerror}; it may reset this machine"
            ) from None

    def close(self) -> None:
        """Disarm it: the letter C{V}, then close.  Without the letter it would bite."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        try:
            os.write(fd, b"V")
        except OSError:
            pass
        finally:
            os.close(fd)
