"""The directives that name a way to reach somebody (configuration.md section 3.3)."""

from __future__ import annotations

import ipaddress
import re

from twisted_ha.config.complaints import Complaints, listed, quoted
from twisted_ha.config.host import Device, IHostQueries
from twisted_ha.config.lexer import Statement, Token
from twisted_ha.config.members import Members
from twisted_ha.config.model import (
    BcastMedium,
    McastMedium,
    MediumConfig,
    PingMedium,
    SerialMedium,
    UcastMedium,
)
from twisted_ha.config.nearby import didYouMean
from twisted_ha.config.settings import Settings
from twisted_ha.config.values import Refusal, integer
from twisted_ha.terms import NodeName

__all__ = ["DEFAULT_BAUD", "DEFAULT_PORT", "MediaLines"]

DEFAULT_PORT = 694
DEFAULT_BAUD = 19200
_MOST = 64
"""Media a heartbeat 3.0.6 can hold."""
_DIAL_IN = re.compile(r"/dev/tty([ud])([0-9a-f]+)")
_OTHER_NAMES = re.compile(r"/dev/cua[adu]([0-9a-f]+)")
"""The same port is called cuaa0 up to FreeBSD 5, cuad0 up to 7, and cuau0 since 8."""


class MediaLines:
    """
    Folds the media of C{ha.cf}, in the order of its lines.

    What C{udpport} or C{baud} says is fixed for one kind of medium when its first line is read, as in
    the original: whoever shares the file must use the same port.

    @ivar media: what was understood.
    @ivar attempted: whether any medium was written, understood or not.
    """

    def __init__(
        self, settings: Settings, members: Members, host: IHostQueries, complaints: Complaints
    ) -> None:
        self._settings = settings
        self._members = members
        self._host = host
        self._complaints = complaints
        self._fixed: dict[str, tuple[int, Statement]] = {}
        self.media: list[MediumConfig] = []
        self.attempted = False

    def standardPort(self) -> int:
        """The port where no C{udpport} is written."""
        return self._host.udpPort("ha-cluster") or DEFAULT_PORT

    def line(self, statement: Statement) -> None:
        """Take C{ucast}, C{ucast6}, C{mcast}, C{mcast6} or C{ping_group}."""
        self.attempted = True
        words = statement.words()
        match statement.name.text:
            case "ucast" | "ucast6":
                self._ucast(statement, words)
            case "mcast" | "mcast6":
                self._mcast(statement, words)
            case _:
                self._pingGroup(statement, words)

    def word(self, statement: Statement, token: Token) -> None:
        """Take one word of C{bcast}, C{serial}, C{ping} or C{ping6}."""
        self.attempted = True
        match statement.name.text:
            case "bcast" | "udp":
                self._bcast(statement, token)
            case "serial":
                self._serial(statement, token)
            case _:
                ipv6 = statement.name.text == "ping6"
                if self._resolved(statement, token, ipv6):
                    name = NodeName(token.text.lower())
                    self._add(statement, token, PingMedium(name=name, hosts=(token.text,), ipv6=ipv6))

    def misplaced(self) -> None:
        """Warn of a C{udpport} or C{baud} that stands below the lines it was meant for."""
        for kind, (used, medium) in self._fixed.items():
            name, unit = ("baud", "baud") if kind == "serial" else ("udpport", "port")
            setting = self._settings.get(name)
            wanted = self._baud() if kind == "serial" else self._port()
            if setting is None or setting.statement.line <= medium.line or wanted == used:
                continue
            speed = f"{used} baud" if unit == "baud" else f"port {used}"
            self._complaints.warning(
                setting.where,
                f"{name} {setting.token.text} comes after {kind} (line {medium.line}),"
                f" which uses {speed}",
                f"move it above line {medium.line}, on all nodes at once",
                category=f"{name}-after-media",
            )

    def _port(self) -> int:
        written = self._settings.integer("udpport")
        return self.standardPort() if written is None else written % 65536

    def _baud(self) -> int:
        return int(self._settings.text("baud") or DEFAULT_BAUD)

    def _fix(self, kind: str, statement: Statement, now: int) -> int:
        return self._fixed.setdefault(kind, (now, statement))[0]

    def _add(self, statement: Statement, token: Token, medium: MediumConfig) -> None:
        if isinstance(medium, PingMedium):
            if not self._members.addPing(statement, token, medium.name):
                return
        elif medium in self.media:
            self._complaints.warning(
                statement.where(token),
                f"{statement.name.text} {quoted(token.text)} is already there; this one is ignored",
                category="medium-twice",
            )
            return
        if len(self.media) >= _MOST:
            self._complaints.error(
                statement.where(token),
                f"this is medium number {_MOST + 1}; there can be {_MOST}",
                "take some out",
                category="too-many-media",
            )
            return
        self.media.append(medium)

    def _bad(self, statement: Statement, token: Token | None, message: str, hint: str) -> None:
        self._complaints.error(
            statement.where(token),
            f"{statement.name.text}: {message}",
            hint,
            category="medium-argument",
        )

    def _surplus(self, statement: Statement, words: tuple[Token, ...], wanted: int) -> None:
        if len(words) > wanted:
            self._complaints.warning(
                statement.where(words[wanted]),
                f"{statement.name.text} takes {wanted} words; {quoted(words[wanted].text)} is ignored",
                category="surplus-argument",
            )

    def _noInterface(self, name: str) -> str:
        known = self._host.interfaceNames()
        return didYouMean(name, known) or (
            f"this machine has {listed(known)}" if known else "write the name ifconfig shows"
        )

    def _bcast(self, statement: Statement, token: Token) -> None:
        facts = self._host.interface(token.text)
        if facts is None:
            self._complaints.error(
                statement.where(token),
                f"there is no interface {quoted(token.text)} here",
                self._noInterface(token.text),
                category="interface-bad",
            )
            return
        if facts.certain and facts.broadcast is None:
            self._complaints.error(
                statement.where(token),
                f"interface {quoted(token.text)} has no broadcast address",
                "give it an IPv4 address with one, or use ucast",
                category="interface-bad",
            )
            return
        port = self._fix("bcast", statement, self._port())
        self._add(statement, token, BcastMedium(interface=token.text, port=port))

    def _ucast(self, statement: Statement, words: tuple[Token, ...]) -> None:
        kind = statement.name.text
        ipv6 = kind == "ucast6"
        if len(words) < 2:
            example = "fd00::2" if ipv6 else "10.0.0.2"
            self._bad(
                statement,
                words[-1] if words else None,
                "an interface and the other node's address must follow",
                f"write {kind} {words[0].text if words else 'eth1'} {example}",
            )
            return
        interface, address = words[0], words[1]
        self._surplus(statement, words, 2)
        if self._host.interface(interface.text) is None:
            # The original does not look at parse time; the medium may appear later.
            self._complaints.warning(
                statement.where(interface),
                f"there is no interface {quoted(interface.text)} here",
                self._noInterface(interface.text),
                category="interface-missing",
            )
        if self._resolved(statement, address, ipv6):
            port = self._fix(kind, statement, self._port())
            self._add(
                statement,
                address,
                UcastMedium(interface=interface.text, address=address.text, port=port, ipv6=ipv6),
            )

    def _resolved(self, statement: Statement, token: Token, ipv6: bool) -> bool:
        if self._host.resolves(token.text, ipv6):
            return True
        family = "an IPv6 address" if ipv6 else "an IPv4 address"
        self._complaints.error(
            statement.where(token),
            f"{statement.name.text}: {quoted(token.text)} does not lead to {family}",
            "write the address itself, or put the name into /etc/hosts",
            category="host-unresolvable",
        )
        return False

    def _mcast(self, statement: Statement, words: tuple[Token, ...]) -> None:
        kind = statement.name.text
        ipv6 = kind == "mcast6"
        if len(words) < 5:
            example = "eth1 ff02::694 694 1 0" if ipv6 else "eth1 225.0.0.1 694 1 0"
            hops = "hops" if ipv6 else "ttl"
            self._bad(
                statement,
                words[-1] if words else None,
                f"five words must follow: interface, group, port, {hops}, loop",
                f"write for example {kind} {example}",
            )
            return
        self._surplus(statement, words, 5)
        interface, group = words[0], words[1]
        good = self._mcastInterface(statement, interface, ipv6)
        good = self._group(statement, group, ipv6) and good
        port = self._numeral(statement, words[2], 1, 10**9, "a port from 1 to 65535")
        ttl = self._numeral(statement, words[3], 0, 4, "a number from 0 to 4")
        loop = self._numeral(statement, words[4], 0, 1, "0 or 1")
        if port is not None and port > 65535:
            if port % 65536 == 0:
                self._bad(statement, words[2], f"{port} is not a port", "write a port from 1 to 65535")
                return
            self._complaints.warning(
                statement.where(words[2]),
                f"{port} is not a port; {port % 65536} is used",
                "write a port from 1 to 65535",
                category="odd-value",
            )
        if good and port is not None and ttl is not None and loop is not None:
            self._add(
                statement,
                group,
                McastMedium(
                    interface=interface.text,
                    group=group.text,
                    port=port % 65536,
                    ttl=ttl,
                    loop=loop == 1,
                    ipv6=ipv6,
                ),
            )

    def _mcastInterface(self, statement: Statement, interface: Token, ipv6: bool) -> bool:
        facts = self._host.interface(interface.text)
        if facts is not None and (ipv6 or not facts.certain or facts.address is not None):
            return True
        if facts is None:
            message = f"there is no interface {quoted(interface.text)} here"
            hint = self._noInterface(interface.text)
        else:
            message = f"interface {quoted(interface.text)} has no IPv4 address"
            hint = "give it one first"
        self._complaints.error(statement.where(interface), message, hint, category="interface-bad")
        return False

    def _group(self, statement: Statement, token: Token, ipv6: bool) -> bool:
        try:
            address = ipaddress.ip_address(token.text)
        except ValueError:
            address = None
        if address is not None and address.is_multicast and address.version == (6 if ipv6 else 4):
            return True
        self._bad(
            statement,
            token,
            f"{quoted(token.text)} is not a multicast group",
            "write one that begins with ff, for example ff02::694"
            if ipv6
            else "write one from 224.0.0.0 to 239.255.255.255, for example 225.0.0.1",
        )
        return False

    def _numeral(self, statement: Statement, token: Token, low: int, high: int, what: str) -> int | None:
        try:
            read = integer(low, high)(token.text)
        except Refusal:
            self._bad(statement, token, f"{quoted(token.text)} is not {what}", f"write {what}")
            return None
        if read.remark:
            self._complaints.warning(
                statement.where(token),
                f"{statement.name.text}: {quoted(token.text)} {read.remark}",
                f"write {what}",
                category="odd-value",
            )
        return int(read.value)

    def _serial(self, statement: Statement, token: Token) -> None:
        path = token.text
        baud = self._fix("serial", statement, self._baud())
        reason = hint = ""
        if not path.startswith("/"):
            reason, hint = "is not a path", f"write /dev/{path}"
        else:
            found = self._host.device(path)
            if found is Device.MISSING:
                reason, hint = "does not exist", self._otherDevice(path)
            elif found is Device.OTHER:
                reason, hint = "is not a character device", "name the serial port itself"
        if reason:
            self._complaints.error(
                statement.where(token), f"serial: {quoted(path)} {reason}", hint, category="serial-bad"
            )
            return
        dialIn = _DIAL_IN.fullmatch(path)
        if dialIn is not None:
            self._complaints.warning(
                statement.where(token),
                f"{path} is a dial-in device: opening it may wait for ever",
                f"use /dev/cua{dialIn[1]}{dialIn[2]}",
                category="dial-in-device",
            )
        self._add(statement, token, SerialMedium(device=path, baud=baud))

    def _otherDevice(self, path: str) -> str:
        match = _OTHER_NAMES.fullmatch(path)
        if match is not None:
            for letter in "uda":
                other = f"/dev/cua{letter}{match[1]}"
                if self._host.device(other) is Device.CHARACTER:
                    return f"on this system the port is called {other}"
        return "check its name and the cable's driver"

    def _pingGroup(self, statement: Statement, words: tuple[Token, ...]) -> None:
        if len(words) < 2:
            self._bad(
                statement,
                words[-1] if words else None,
                "a name and at least one host must follow",
                "write ping_group routers 10.0.0.1 10.0.0.2",
            )
            return
        name, *hosts = words
        resolved = [self._resolved(statement, host, False) for host in hosts]
        if all(resolved):
            self._add(
                statement,
                name,
                PingMedium(
                    name=NodeName(name.text.lower()),
                    hosts=tuple(host.text for host in hosts),
                    group=True,
                ),
            )
