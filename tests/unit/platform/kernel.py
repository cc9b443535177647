"""A kernel's sockets and ioctls for the platform tests, which fail the way the real ones fail."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any


def kernelError(number: int) -> OSError:
    """An error as the kernel raises it."""
    return OSError(number, os.strerror(number))


class RecordingSocket:
    """Remembers its options and address, and refuses what it is told to refuse."""

    def __init__(self, kernel: Kernel, family: int, kind: int, protocol: int) -> None:
        self.kernel = kernel
        self.family = family
        self.kind = kind
        self.protocol = protocol
        self.options: list[tuple[int, int, Any]] = []
        self.bound: Any = None
        self.blocking = True
        self.closed = False

    def fileno(self) -> int:
        return 7

    def setblocking(self, blocking: bool) -> None:
        self.blocking = blocking

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        if (level, option) in self.kernel.refusedOptions:
            raise kernelError(self.kernel.refusedOptions[level, option])
        self.options.append((level, option, value))

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        if (level, option) not in self.kernel.answers:
            raise kernelError(errno.ENOPROTOOPT)
        return self.kernel.answers[level, option][:size]

    def bind(self, address: Any) -> None:
        if self.kernel.refusedBind:
            raise kernelError(self.kernel.refusedBind)
        self.bound = address

    def getsockname(self) -> Any:
        return self.bound

    def close(self) -> None:
        self.closed = True


class Kernel:
    """
    What a test says the kernel has.

    @ivar addresses: by ioctl number, the answer for an interface: flags as int, an address as text, or
        an error number.
    """

    def __init__(self) -> None:
        self.sockets: list[RecordingSocket] = []
        self.refusedKinds: dict[int, int] = {}
        self.refusedOptions: dict[tuple[int, int], int] = {}
        self.refusedBind = 0
        self.answers: dict[tuple[int, int], bytes] = {}
        self.addresses: dict[int, int | str | OSError] = {}
        self.indexes = {"em0": 2}

    def socket(self, family: int, kind: int, protocol: int) -> Any:
        if kind in self.refusedKinds:
            raise kernelError(self.refusedKinds[kind])
        made = RecordingSocket(self, family, kind, protocol)
        self.sockets.append(made)
        return made

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        answer = self.addresses[request]
        if isinstance(answer, OSError):
            raise answer
        name = argument[:16]
        if isinstance(answer, int):
            return name + struct.pack("=h", answer) + bytes(22)
        return name + struct.pack("=HH", socket.AF_INET, 0) + socket.inet_aton(answer) + bytes(16)

    def indexOf(self, name: str) -> int:
        if name not in self.indexes:
            raise kernelError(errno.ENXIO)
        return self.indexes[name]
