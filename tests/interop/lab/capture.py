"""Packets on a network of the laboratory, as they left each machine."""

from __future__ import annotations

import select
import socket
import struct
import threading
from dataclasses import dataclass

from tests.interop.lab.namespaces import Namespaces
from tests.interop.lab.waiting import now

__all__ = ["Capture", "Packet"]

_ETH_P_ALL = 3
_PACKET_OUTGOING = 4
_UDP = 17


@dataclass(frozen=True, slots=True)
class Packet:
    """
    One datagram.

    @ivar time: when it passed, on the laboratory's clock.
    @ivar machine: who sent it.
    @ivar port: the UDP port it went to.
    @ivar payload: what is in it: on the cluster's port, one frame.
    """

    time: float
    machine: str
    source: str
    destination: str
    port: int
    payload: bytes


class Capture:
    """Records from when it is made until L{stop}; L{packets} grows meanwhile."""

    def __init__(self, switch: Namespaces, ports: dict[str, str]) -> None:
        """@param ports: the machine behind each port of the switch."""
        self.packets: list[Packet] = []
        self._ports = ports
        self._socket = switch.within(
            lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._running = True
        self._thread = threading.Thread(target=self._record, name="capture", daemon=True)
        self._thread.start()

    def stop(self) -> list[Packet]:
        """Record no more."""
        if self._running:
            self._running = False
            self._thread.join()
            self._socket.close()
        return self.packets

    def _record(self) -> None:
        while self._running:
            readable, _, _ = select.select([self._socket], [], [], 0.1)
            if not readable:
                continue
            data, (port, _protocol, kind, *_rest) = self._socket.recvfrom(1 << 16)
            machine = self._ports.get(port)
            if machine is None or kind == _PACKET_OUTGOING:
                continue
            packet = _datagram(data, machine)
            if packet is not None:
                self.packets.append(packet)


def _datagram(data: bytes, machine: str) -> Packet | None:
    """The UDP datagram in an Ethernet frame, if that is what it is.  Fragments are left out."""
    if len(data) < 42 or data[12:14] != b"\x08\x00" or data[23] != _UDP:
        return None
    header = (data[14] & 15) * 4
    udp = data[14 + header :]
    _source, port, length, _sum = struct.unpack_from("!HHHH", udp)
    return Packet(
        now(),
        machine,
        socket.inet_ntoa(data[26:30]),
        socket.inet_ntoa(data[30:34]),
        port,
        udp[8:length],
    )
