"""The watchdog of FreeBSD, after watchdog(4) and watchdog(9): C{/dev/fido}."""

from __future__ import annotations

import fcntl
import math
import os
import struct
from collections.abc import Callable

from zope.interface import implementer

from twisted_ha.errors import PlatformError
from twisted_ha.platform.interface import IWatchdog

__all__ = ["FreeBSDWatchdog", "exponentOf"]

# <sys/watchdog.h>: _IOW('W', 42, u_int), and the flag that arms.
_WDIOCPATPAT = 0x8004572A
_WD_ACTIVE = 0x08000000
_WD_TO_NEVER = 0


def exponentOf(seconds: float) -> int:
    """
    The time as watchdog(4) wants it: the exponent of a power of two nanoseconds, rounded up.
    """
    return max(math.ceil(math.log2(seconds * 1e9)), 1)


@implementer(IWatchdog)
class FreeBSDWatchdog:
    """Armed and patted by the same request, which carries the time; disarmed by a time of never."""

    def __init__(
        self, device: str, timeout: float, ioctl: Callable[[int, int, bytes], bytes] = fcntl.ioctl
    ) -> None:
        self._device = device
        self._ioctl = ioctl
        self._exponent = exponentOf(timeout)
        self.timeout = 2**self._exponent / 1e9
        try:
            self._fd: int | None = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        except OSError as e:
            raise PlatformError(
                f"{device}: {e.strerror}; a hang of this machine or daemon will not reset it"
            ) from None
        try:
            self.pat()
        except PlatformError:
            os.close(self._fd)
            raise

    def pat(self) -> None:
        """Start again from the full time."""
        if self._fd is None:
            return
        try:
            self._ioctl(self._fd, _WDIOCPATPAT, struct.pack("I", _WD_ACTIVE | self._exponent))
        except OSError as e:
            raise PlatformError(
                f"watchdog {self._device} cannot be fed: {e.strerror}; it may reset this machine"
            ) from None

    def close(self) -> None:
        """Disarm it and close the device."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        try:
            self._ioctl(fd, _WDIOCPATPAT, struct.pack("I", _WD_TO_NEVER))
        except OSError:
            pass
        finally:
            os.close(fd)
