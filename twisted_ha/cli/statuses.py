"""Exit statuses, the same for every command, after those of LSB where LSB has one."""

from __future__ import annotations

from twisted_ha.errors import ApiError

__all__ = [
    "BROKEN",
    "FAILED",
    "NOT_CONFIGURED",
    "NOT_PERMITTED",
    "NOT_RUNNING",
    "OK",
    "USAGE",
    "ofError",
]

OK = 0
FAILED = 1
"""It was refused, or it was tried and did not work."""
USAGE = 2
NOT_RUNNING = 3
"""There is no daemon, or it does not answer."""
NOT_PERMITTED = 4
BROKEN = 5
"""In a simulation something happened that must never happen."""
NOT_CONFIGURED = 6
"""The configuration is wrong."""

_BY_NAME = {
    "not-running": NOT_RUNNING,
    "timed-out": NOT_RUNNING,
    "closed": NOT_RUNNING,
    "not-permitted": NOT_PERMITTED,
    "bad-configuration": NOT_CONFIGURED,
}


def ofError(error: ApiError) -> int:
    """The exit status that says what C{error} says."""
    return _BY_NAME.get(error.name, FAILED)
