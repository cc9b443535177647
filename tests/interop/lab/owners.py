"""
Who has which address: every change, as the kernel tells it, on one clock.

The kernel reports the addresses of all machines to one socket (rtnetlink, C{NETLINK_LISTEN_ALL_NSID}),
so nothing between two looks is missed, and what happens on two machines is told in its true order.  An
address that two machines have at one time is two owners, however short.
"""

from __future__ import annotations

import itertools
import os
import select
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.interop.lab.waiting import now, waitFor

if TYPE_CHECKING:
    from tests.interop.lab.machine import Machine
    from tests.interop.lab.namespaces import Namespaces

__all__ = ["Change", "Owners"]

_RTMGRP_IPV4_IFADDR = 0x10
_RTM_NEWADDR, _RTM_DELADDR, _RTM_NEWNSID = 20, 21, 88
_NLM_F_REQUEST_ACK = 0x05
_NETNSA_NSID, _NETNSA_PID = 1, 2
_SOL_NETLINK = 270
_NETLINK_LISTEN_ALL_NSID = 8
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_HEADER = struct.Struct("=LHHLL")
_IFADDRMSG = struct.Struct("=BBBBL")
_RTGENMSG = struct.Struct("=B3x")


@dataclass(frozen=True, slots=True)
class Change:
    """
    An address came or went.

    @ivar time: when, on the laboratory's clock.
    @ivar present: the machine has it from now on.
    """

    time: float
    machine: str
    address: str
    present: bool


class Owners:
    """The addresses of all machines, and the history of them."""

    def __init__(self, switch: Namespaces) -> None:
        """@param switch: from where all machines are watched."""
        self.history: list[Change] = []
        self._present: set[tuple[str, str]] = set()
        self._names: dict[int, str] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._socket = switch.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_LISTEN_ALL_NSID, 1)
        self._socket.bind((0, _RTMGRP_IPV4_IFADDR))
        self._control = switch.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._follow, name="owners", daemon=True)
        self._thread.start()

    # For the laboratory

    def watch(self, machine: Machine) -> None:
        """Follow a machine that has just been switched on and has no cable yet."""
        number = next(self._numbers)
        with self._lock:
            self._names[number] = machine.name
        attributes = b"".join(
            struct.pack("=HHL", 8, kind, value)
            for kind, value in ((_NETNSA_NSID, number), (_NETNSA_PID, machine.inside.pid))
        )
        body = _RTGENMSG.pack(socket.AF_UNSPEC) + attributes
        header = _HEADER.pack(_HEADER.size + len(body), _RTM_NEWNSID, _NLM_F_REQUEST_ACK, number, 0)
        self._control.send(header + body)
        answer = self._control.recv(1 << 12)
        (error,) = struct.unpack_from("=l", answer, _HEADER.size)
        if error:
            raise OSError(-error, f"{machine.name} cannot be watched: {os.strerror(-error)}")

    def forget(self, machine: Machine) -> None:
        """Its power is gone, and its addresses with it."""
        moment = now()
        with self._lock:
            self._names = {n: name for n, name in self._names.items() if name != machine.name}
            for name, address in sorted(self._present):
                if name == machine.name:
                    self._note(Change(moment, name, address, False))

    def close(self) -> None:
        """Follow nobody any more."""
        os.close(self._woken)
        self._thread.join()
        os.close(self._wake)
        self._socket.close()
        self._control.close()

    # For tests

    def of(self, address: str) -> set[str]:
        """The machines that have C{address} now."""
        with self._lock:
            return {name for name, present in self._present if present == address}

    def expect(self, address: str, owner: str | None, limit: float, since: float = 0.0) -> float:
        """
        Wait until C{owner} and nobody else has C{address}; L{None}: nobody at all.

        @return: when that came to be, on the laboratory's clock.
        @raise ConditionNotMet: not within C{limit} seconds.
        """
        wanted = set() if owner is None else {owner}
        what = f"{address} is on {owner or 'no machine'}"

        def instead() -> str:
            return self.tell(address, since)

        waitFor(what, lambda: self.of(address) == wanted, limit, 0.005, instead)
        with self._lock:
            times = [change.time for change in self.history if change.address == address]
        return times[-1] if times else 0.0

    def arrivals(self, address: str, since: float = 0.0) -> list[Change]:
        """The times a machine got C{address}."""
        with self._lock:
            return [
                change
                for change in self.history
                if change.address == address and change.present and change.time >= since
            ]

    def conflicts(self, address: str, since: float = 0.0) -> list[tuple[float, float, frozenset[str]]]:
        """The spans of time in which more than one machine had C{address}: from, until, and who."""
        holders: set[str] = set()
        spans: list[tuple[float, float, frozenset[str]]] = []
        began = 0.0
        with self._lock:
            history = [change for change in self.history if change.address == address]
        for change in history:
            before = frozenset(holders)
            (holders.add if change.present else holders.discard)(change.machine)
            if len(before) > 1 and change.time >= since:
                spans.append((began, change.time, before))
            began = change.time
        if len(holders) > 1:
            spans.append((began, now(), frozenset(holders)))
        return spans

    def longestGap(self, address: str, since: float) -> float:
        """The longest span after C{since} without any machine that has C{address}, in seconds."""
        with self._lock:
            history = [change for change in self.history if change.address == address]
        holders: set[str] = set()
        empty, longest = 0.0, 0.0
        for change in history:
            if not holders and change.time >= since:
                longest = max(longest, change.time - max(empty, since))
            (holders.add if change.present else holders.discard)(change.machine)
            if not holders:
                empty = change.time
        if not holders:
            longest = max(longest, now() - max(empty, since))
        return longest

    def tell(self, address: str, since: float = 0.0) -> str:
        """The history of an address, for a failure."""
        with self._lock:
            lines = [
                f"{change.time - since:+.3f} {change.machine} {'has' if change.present else 'lost'} it"
                for change in self.history
                if change.address == address and change.time >= since
            ]
        changes = ", ".join(lines) or "no changes"
        return f"{sorted(self.of(address)) or 'nobody'} has {address} ({changes})"

    # The thread

    def _follow(self) -> None:
        while True:
            readable, _, _ = select.select([self._wake, self._socket], [], [])
            if self._wake in readable:
                return
            data, ancillary, _flags, _sender = self._socket.recvmsg(1 << 16, socket.CMSG_SPACE(4))
            moment = now()
            for level, kind, value in ancillary:
                if (level, kind) == (_SOL_NETLINK, _NETLINK_LISTEN_ALL_NSID):
                    with self._lock:
                        self._read(struct.unpack("=l", value)[0], data, moment)

    def _read(self, number: int, data: bytes, moment: float) -> None:
        name = self._names.get(number)
        while name is not None and len(data) >= _HEADER.size:
            length, kind, _flags, _sequence, _pid = _HEADER.unpack_from(data)
            if kind in (_RTM_NEWADDR, _RTM_DELADDR):
                address = _localAddress(data[_HEADER.size + _IFADDRMSG.size : length])
                if address is not None:
                    self._note(Change(moment, name, address, kind == _RTM_NEWADDR))
            data = data[(length + 3) & ~3 :]

    def _note(self, change: Change) -> None:
        key = (change.machine, change.address)
        if change.present == (key in self._present):
            return
        (self._present.add if change.present else self._present.discard)(key)
        self.history.append(change)


def _localAddress(attributes: bytes) -> str | None:
    found: dict[int, bytes] = {}
    while len(attributes) >= 4:
        length, kind = struct.unpack_from("=HH", attributes)
        if length < 4:
            break
        found[kind] = attributes[4:length]
        attributes = attributes[(length + 3) & ~3 :]
    raw = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS))
    return socket.inet_ntoa(raw) if raw is not None and len(raw) == 4 else None
