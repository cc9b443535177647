"""
Asking and telling the neighbours on FreeBSD, through the packet filter device.

@see: bpf(4).  The numbers are those of C{net/bpf.h}, made as C{sys/ioccom.h} makes them.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from ctypes import addressof, c_char
from ipaddress import IPv4Address, IPv6Address

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from twisted_ha.platform import neighbours

__all__ = ["BpfNeighbours", "packets"]

Ioctl = Callable[[int, int, bytes], bytes]

_IFREQ = 32
_PROGRAM = struct.calcsize("@IP")
_OUT, _IN = 0x40000000, 0x80000000


def _request(direction: int, number: int, size: int) -> int:
    return direction | (size & 0x1FFF) << 16 | ord("B") << 8 | number


BIOCGBLEN = _request(_OUT, 102, 4)
BIOCSETF = _request(_IN, 103, _PROGRAM)
BIOCSETIF = _request(_IN, 108, _IFREQ)
BIOCIMMEDIATE = _request(_IN, 112, 4)

_ONLY_ARP = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in (
        (0x28, 0, 0, 12),  # the Ethernet type,
        (0x15, 0, 1, neighbours.ETHERTYPE_ARP),  # if it is this one,
        (0x06, 0, 0, 0xFFFF),  # take all of the frame,
        (0x06, 0, 0, 0),  # else nothing
    )
)


def _ioctl(descriptor: int, request: int, argument: bytes) -> bytes:
    return fcntl.ioctl(descriptor, request, argument)


class BpfNeighbours:
    """One C{/dev/bpf} for each question and for each announcement."""

    def __init__(self, clock: IReactorTime, device: str = "/dev/bpf", ioctl: Ioctl = _ioctl) -> None:
        self._clock = clock
        self._device = device
        self._ioctl = ioctl

    def announce(self, interface: str, hardware: bytes, address: IPv4Address | IPv6Address) -> None:
        """
        Tell once that C{address} is at C{hardware}.

        @raise OSError: the device or the interface refused.
        """
        link = self._open(interface)
        try:
            for frame in neighbours.announcements(hardware, address):
                os.write(link, frame)
        finally:
            os.close(link)

    def probe(
        self, interface: str, hardware: bytes, address: IPv4Address | IPv6Address, seconds: float
    ) -> Deferred[str | None]:
        """
        Ask who has C{address}, and look at the answers when the time is over.  For IPv6 the kernel asks
        by itself when the address is added (duplicate address detection).

        @raise OSError: the device or the interface refused.
        """
        if isinstance(address, IPv6Address):
            return succeed(None)
        link = self._open(interface)
        try:
            self._listen(link)
            os.write(link, neighbours.probe(hardware, address))
        except OSError:
            os.close(link)
            raise
        answer: Deferred[str | None] = Deferred()

        def look() -> None:
            try:
                heard = self._heard(link, hardware, address)
            except OSError:
                heard = None
            finally:
                os.close(link)
            answer.callback(heard)

        self._clock.callLater(seconds, look)
        return answer

    def _open(self, interface: str) -> int:
        link = os.open(self._device, os.O_RDWR | os.O_NONBLOCK)
        try:
            self._ioctl(link, BIOCSETIF, struct.pack("16s16x", interface.encode()))
        except OSError:
            os.close(link)
            raise
        return link

    def _listen(self, link: int) -> None:
        self._ioctl(link, BIOCIMMEDIATE, struct.pack("=I", 1))
        kept = (c_char * len(_ONLY_ARP)).from_buffer_copy(_ONLY_ARP)
        self._ioctl(link, BIOCSETF, struct.pack("@IP", len(_ONLY_ARP) // 8, addressof(kept)))

    def _heard(self, link: int, hardware: bytes, address: IPv4Address) -> str | None:
        (size,) = struct.unpack("=I", self._ioctl(link, BIOCGBLEN, b"\0" * 4))
        for _ in range(256):
            try:
                buffer = os.read(link, size)
            except OSError:
                return None
            if not buffer:
                return None
            for frame in packets(buffer):
                claimant = neighbours.claimant(frame, address, hardware)
                if claimant is not None:
                    return neighbours.hardwareText(claimant)
        return None


def packets(buffer: bytes) -> Iterator[bytes]:
    """The frames in what one read of the device returned: each behind a C{struct bpf_hdr}."""
    stamp = struct.calcsize("@ll")
    word = struct.calcsize("@l")
    at = 0
    while at + stamp + 10 <= len(buffer):
        captured, _, header = struct.unpack_from("=IIH", buffer, at + stamp)
        if header == 0:
            return
        yield buffer[at + header : at + header + captured]
        at += (header + captured + word - 1) // word * word
