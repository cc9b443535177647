"""
The one tree of things that go wrong.

What a peer, a script, a device or a user can cause is an expected value or one of these.  Anything
else is a bug: it is logged with its traceback, once, and the daemon's beat goes on.  The docstring of
an error says what happened; its text, C{str(error)}, is the sentence shown to people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted_ha.config.location import Complaint

__all__ = [
    "AgentError",
    "ApiError",
    "AuthError",
    "ConfigError",
    "FencingError",
    "HeartbeatError",
    "MediumError",
    "PlatformError",
    "StateError",
    "WireError",
]


class HeartbeatError(Exception):
    """Something outside this program went wrong, and we can say what."""


class ConfigError(HeartbeatError):
    """
    One or more of the configuration files cannot be used.

    @ivar complaints: everything that was found, warnings included, in file order.
    """

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(complaint.render() for complaint in self.complaints))


class WireError(HeartbeatError):
    """
    Bytes that are not a message.

    @ivar offset: where in the frame reading stopped, in bytes from its start.
    @ivar reason: why, in words without any of the bytes.
    """

    def __init__(self, offset: int, reason: str) -> None:
        self.offset = offset
        self.reason = reason
        super().__init__(f"byte {offset}: {reason}")


class AuthError(HeartbeatError):
    """A message that nobody with our keys has signed.  The text never holds a key or a digest."""


class MediumError(HeartbeatError):
    """A device or an address cannot be used for talking to other nodes."""


class AgentError(HeartbeatError):
    """A resource has no agent, or its agent could not be run at all."""


class FencingError(HeartbeatError):
    """A fencing device could not be asked, or refused."""


class PlatformError(HeartbeatError):
    """This kernel cannot do what was asked; the text says what is lost by that."""


class StateError(HeartbeatError):
    """The state directory cannot be read, written or locked."""


class ApiError(HeartbeatError):
    """
    A request to the local API that is answered with an error.

    @ivar name: the error's name in the answer, for programs: for example C{"unknown-command"}.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        super().__init__(text)
