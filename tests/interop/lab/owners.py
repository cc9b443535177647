"""
Who has which address: every change, as the kernel tells it, on one clock.

Each machine's kernel is asked to report its addresses (rtnetlink), so that nothing between two looks is
missed.  An address that two machines have at one time is two owners, however short.
"""

from __future__ import annotations

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

__all__ = ["Change", "Owners"]

_RTMGRP_IPV4_IFADDR = 0x10
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_NLM_F_REQUEST_DUMP = 0x301
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_HEADER = struct.Struct("=LHHLL")
_IFADDRMSG = struct.Struct("=BBBBL")


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

    def __init__(self) -> None:
        self.history: list[Change] = []
        self._present: set[tuple[str, str]] = set()
        self._sockets: dict[str, socket.socket] = {}
        self._lock = threading.RLock()
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._follow, name="owners", daemon=True)
        self._thread.start()

    # For the laboratory

    def watch(self, machine: Machine) -> None:
        """Follow a machine that has just been switched on."""
        listener = machine.inside.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        listener.bind((0, _RTMGRP_IPV4_IFADDR))
        listener.setblocking(False)
        request = _IFADDRMSG.pack(socket.AF_INET, 0, 0, 0, 0)
        listener.send(
            _HEADER.pack(_HEADER.size + len(request), _RTM_GETADDR, _NLM_F_REQUEST_DUMP, 1, 0) + request
        )
        with self._lock:
            self._sockets[machine.name] = listener
        os.write(self._woken, b"w")

    def forget(self, machine: Machine) -> None:
        """Its power is gone, and its addresses with it.  Our socket would keep them alive."""
        moment = now()
        with self._lock:
            self._sockets.pop(machine.name).close()
            for name, address in sorted(self._present):
                if name == machine.name:
                    self._note(Change(moment, name, address, False))
        os.write(self._woken, b"w")

    def close(self) -> None:
        """Follow nobody any more."""
        os.close(self._woken)
        self._thread.join()
        os.close(self._wake)

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
            with self._lock:
                sockets = {listener.fileno(): name for name, listener in self._sockets.items()}
                sockets.pop(-1, None)
            try:
                readable, _, _ = select.select([self._wake, *sockets], [], [])
            except OSError:
                continue  # a machine fell while we looked
            if self._wake in readable and not os.read(self._wake, 64):
                return
            moment = now()
            with self._lock:
                for name, listener in list(self._sockets.items()):
                    if listener.fileno() in readable:
                        self._read(name, listener, moment)

    def _read(self, name: str, listener: socket.socket, moment: float) -> None:
        try:
            data = listener.recv(1 << 16)
        except OSError:
            return
        while len(data) >= _HEADER.size:
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
