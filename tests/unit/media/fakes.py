"""A kernel and a reactor for the media, which fail the way the real ones fail."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from twisted.internet.task import Clock
from zope.interface import implementer

from twisted_ha.bus import EventBus
from twisted_ha.errors import MediumError
from twisted_ha.events import Event
from twisted_ha.interfaces import IFrameSink
from twisted_ha.platform.interface import (
    EchoSocket,
    IPlatform,
    ISerialLock,
    NetworkInterface,
    ReceiveSocket,
)
from twisted_ha.platform.linux import LinuxPlatform


def kernelError(number: int) -> OSError:
    """An error as the kernel raises it."""
    return OSError(number, os.strerror(number))


@implementer(IFrameSink)
class RecordingSink:
    """
    Keeps what was heard.

    @ivar strangers: frames that are no message of this cluster.
    """

    def __init__(self) -> None:
        self.strangers: set[bytes] = set()
        self.heard: list[tuple[bytes, str, str]] = []

    def frameReceived(self, frame: bytes, medium: Any, source: str) -> bool:
        self.heard.append((frame, medium.name, source))
        return frame not in self.strangers

    @property
    def frames(self) -> list[bytes]:
        return [frame for frame, _, _ in self.heard]


class RecordingBus(EventBus):
    """Keeps what was told."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.events: list[Event] = []
        self.subscribe(lambda event, when: self.events.append(event))

    def told(self) -> list[str]:
        """What was told so far, by the names of the events, and forget it."""
        names = [type(event).__name__ for event in self.events]
        self.events.clear()
        return names


class FakeSocket:
    """A socket that remembers what it is used for and fails when told to."""

    family = socket.AF_INET

    def __init__(self, fd: int = 99, purpose: Any = None) -> None:
        self.fd = fd
        self.purpose = purpose
        self.sent: list[tuple[bytes, tuple[Any, ...]]] = []
        self.failure: OSError | None = None
        self.refused: dict[str, OSError] = {}
        self.incoming: list[Any] = []
        self.filters: list[tuple[str, ...]] = []
        self.closed = False

    def fileno(self) -> int:
        return -1 if self.closed else self.fd

    def sendto(self, data: bytes, address: tuple[Any, ...]) -> int:
        if self.closed:
            raise kernelError(errno.EBADF)
        if self.failure is not None:
            raise self.failure
        if address[0] in self.refused:
            raise self.refused[address[0]]
        self.sent.append((data, address))
        return len(data)

    def recvmsg(self, size: int, ancillarySize: int) -> Any:
        if self.closed:
            raise kernelError(errno.EBADF)
        if not self.incoming:
            raise kernelError(errno.EAGAIN)
        given = self.incoming.pop(0)
        if isinstance(given, OSError):
            raise given
        return given

    def arrive(self, datagram: bytes, address: tuple[Any, ...], arrival: int | None = None) -> None:
        """
        A datagram waits to be read.

        @param arrival: the interface it came by, where the socket is one that tells.
        """
        self.incoming.append((datagram, [] if arrival is None else [(arrival, 0, b"")], 0, address))

    def close(self) -> None:
        self.closed = True


class FakeReactor(Clock):
    """A clock that reads sockets when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.remove(reader)

    def read(self) -> None:
        """Every socket has its turn."""
        for reader in tuple(self.readers):
            reader.doRead()


@implementer(ISerialLock)
class FakeLock:
    """A lock that somebody else may have."""

    def __init__(self) -> None:
        self.taken = False
        self.busy = ""

    def acquire(self) -> None:
        if self.busy:
            raise MediumError(self.busy)
        self.taken = True

    def release(self) -> None:
        self.taken = False


@implementer(IPlatform)
class FakePlatform(LinuxPlatform):
    """
    A kernel whose interfaces come and go at a test's wish.

    @ivar made: every socket handed out, in order, with what it was asked for.
    @ivar refusals: by what is asked for, the error to fail with.
    """

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.interfaces: dict[str, NetworkInterface] = {}
        self.made: list[FakeSocket] = []
        self.refusals: dict[str, Exception] = {}
        self.lock = FakeLock()
        self.unprivileged = False
        for number, name in enumerate(names, 2):
            self.plug(name, number)

    def plug(self, name: str, index: int, **more: Any) -> None:
        """An interface appears, or changes."""
        number = int(name[-1]) if name[-1].isdigit() else 0
        settings = {
            "address": f"10.77.{number}.1",
            "prefix": 24,
            "broadcast": f"10.77.{number}.255",
            **more,
        }
        self.interfaces[name] = NetworkInterface(name=name, index=index, **settings)

    def unplug(self, name: str) -> None:
        """An interface disappears; what was bound to it fails."""
        gone = self.interfaces.pop(name)
        for each in self.made:
            if each.purpose[1] == gone.index:
                each.failure = kernelError(errno.ENODEV)

    def receivers(self) -> list[FakeSocket]:
        """The open sockets that hear."""
        hear = ("receiver", "multicastReceiver", "echo")
        return [each for each in self.made if not each.closed and each.purpose[0] in hear]

    def senders(self) -> list[FakeSocket]:
        """The open sockets that only send."""
        return [each for each in self.made if not each.closed and each.purpose[0].endswith("Sender")]

    def interface(self, name: str) -> NetworkInterface:
        if name not in self.interfaces:
            raise MediumError(f"there is no network interface {name}")
        return self.interfaces[name]

    def _make(self, what: str, *purpose: Any) -> Any:
        if what in self.refusals:
            raise self.refusals[what]
        made = FakeSocket(100 + len(self.made), (what, *purpose))
        self.made.append(made)
        return made

    def broadcastSender(self, interface: NetworkInterface) -> socket.socket:
        return self._make("broadcastSender", interface.index)

    def multicastSender(
        self, interface: NetworkInterface, ttl: int, loop: bool, ipv6: bool
    ) -> socket.socket:
        return self._make("multicastSender", interface.index, ttl, loop, ipv6)

    def unicastSender(self, interface: NetworkInterface, ipv6: bool) -> socket.socket:
        return self._make("unicastSender", interface.index, ipv6)

    def receiver(
        self, interface: NetworkInterface, port: int, ipv6: bool, shared: bool
    ) -> ReceiveSocket:
        made = self._make("receiver", interface.index, port, ipv6, shared)
        return ReceiveSocket(socket=made, shield=lambda friends: made.filters.append(tuple(friends)))

    def multicastReceiver(
        self, interface: NetworkInterface, group: str, port: int, ipv6: bool
    ) -> ReceiveSocket:
        made = self._make("multicastReceiver", interface.index, group, port, ipv6)
        return ReceiveSocket(socket=made)

    def echoSocket(self, ipv6: bool, identifier: int) -> EchoSocket:
        made = self._make("echo", ipv6, identifier)
        if self.unprivileged:
            return EchoSocket(socket=made, headed=False, checksummed=True, identifier=4711)
        return EchoSocket(socket=made, headed=not ipv6, checksummed=ipv6, identifier=None)

    def serialLock(self, device: str) -> ISerialLock:
        return self.lock


__all__ = [
    "FakeLock",
    "FakePlatform",
    "FakeReactor",
    "FakeSocket",
    "RecordingBus",
    "RecordingSink",
    "kernelError",
]
