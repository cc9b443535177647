"""C{ha.cf}: its statements folded in file order into values (configuration.md sections 2 to 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from twisted_ha.config import log_lines, timers
from twisted_ha.config.client_lines import ClientLines
from twisted_ha.config.complaints import Complaints, quoted
from twisted_ha.config.directives import DIRECTIVES, REFUSED, Directive, Style
from twisted_ha.config.fencing_lines import FencingLines
from twisted_ha.config.host import Device, IHostQueries
from twisted_ha.config.lexer import Statement, Token, locate, statements
from twisted_ha.config.media_lines import MediaLines
from twisted_ha.config.members import Members
from twisted_ha.config.model import (
    ApiAuth,
    FencingDevice,
    Logging,
    MediumConfig,
    Parameter,
    PingMedium,
    Respawn,
    Timers,
)
from twisted_ha.config.nearby import didYouMean
from twisted_ha.config.settings import Setting, Settings
from twisted_ha.config.values import FALSE, TRUE
from twisted_ha.terms import FailbackMode, NodeName

__all__ = ["HaCf", "parse"]

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HaCf:
    """What C{ha.cf} says; see L{twisted_ha.config.model.ClusterConfig} for the fields."""

    nodes: tuple[NodeName, ...]
    media: tuple[MediumConfig, ...]
    timers: Timers
    autoFailback: FailbackMode
    hopfudge: int
    logging: Logging
    respawn: tuple[Respawn, ...]
    apiauth: tuple[ApiAuth, ...]
    fencing: FencingDevice | None
    watchdog: str | None
    realtime: bool
    rtprio: int | None
    netstrings: bool
    generationFromClock: bool
    uuidFromName: bool
    environment: Mapping[str, str]
    parameters: Mapping[str, Parameter]


def parse(
    file: str, text: str, *, localNode: NodeName, uname: str, host: IHostQueries, complaints: Complaints
) -> HaCf:
    """
    Read C{text}.

    Everything wrong goes to C{complaints}; what is returned is only of use if nothing there is an
    error, except for C{nodes}, which are what other files are checked against.

    @param file: its path, for complaints.
    @param localNode: this node's name.
    @param uname: what the machine calls itself, for the hint when that is not a node.
    """
    fold = _Fold(file, localNode, host, complaints)
    for statement in statements(file, text, complaints):
        fold.take(statement)
    return fold.finish(uname)


class _Fold:
    """The state between two lines."""

    def __init__(
        self, file: str, localNode: NodeName, host: IHostQueries, complaints: Complaints
    ) -> None:
        self._localNode = localNode
        self._host = host
        self._complaints = complaints
        self._whole = locate(file, 0, "")
        self._settings = Settings(complaints)
        self._members = Members(localNode, complaints)
        self._media = MediaLines(self._settings, self._members, host, complaints)
        self._clients = ClientLines(host, complaints)
        self._fencing = FencingLines(localNode, host, complaints)
        self._environment: dict[str, str] = {}
        self._niceMode: FailbackMode | None = None
        self._told: set[str] = set()
        self._lines = {
            "ucast": self._media.line,
            "ucast6": self._media.line,
            "mcast": self._media.line,
            "mcast6": self._media.line,
            "ping_group": self._media.line,
            "stonith": self._fencing.stonithLine,
            "stonith_host": self._fencing.hostLine,
            "respawn": self._clients.respawnLine,
            "failfast": self._clients.respawnLine,
            "apiauth": self._clients.apiauthLine,
        }
        self._words = {
            "node": self._members.addNode,
            "bcast": self._media.word,
            "udp": self._media.word,
            "serial": self._media.word,
            "ping": self._media.word,
            "ping6": self._media.word,
            "nice_failback": self._niceFailback,
            "env": self._env,
        }
        self._after = {
            "pacemaker": self._manager,
            "crm": self._manager,
            "rtprio": self._priority,
            "udpport": self._port,
            "watchdog": self._watchdog,
            "auto_failback": self._autoFailback,
        }

    def take(self, statement: Statement) -> None:
        """Fold one line."""
        directive = DIRECTIVES.get(statement.name.text)
        if directive is None:
            self._unknown(statement)
        elif directive.style is Style.LINE:
            self._lines[directive.name](statement)
        else:
            self._options(directive, statement)

    def _options(self, directive: Directive, statement: Statement) -> None:
        tokens = statement.options()
        if directive.name == "udp":
            self._complaints.warning(
                statement.where(), "udp is the old name", "write bcast", category="udp-alias"
            )
        if not tokens:
            what = "its default applies" if directive.read is not None else "the line does nothing"
            self._complaints.warning(
                statement.where(),
                f"{directive.name}: {directive.arguments} should follow; {what}",
                category="no-value",
            )
        for token in tokens:
            self._word(directive, statement, token)
        if (
            tokens
            and directive.unused
            and directive.name not in self._told
            and not self._harmless(directive)
        ):
            self._told.add(directive.name)
            self._complaints.warning(
                statement.where(),
                f"{directive.name} has no effect here: {directive.unused}",
                category="no-effect",
            )

    def _word(self, directive: Directive, statement: Statement, token: Token) -> None:
        if directive.read is None:
            handler = self._words.get(directive.name)
            if handler is not None:
                handler(statement, token)
            return
        setting = self._settings.apply(directive, statement, token)
        after = self._after.get(directive.name)
        if setting is not None and after is not None:
            after(setting)

    def _harmless(self, directive: Directive) -> bool:
        if directive.harmless is None:
            return False
        setting = self._settings.get(directive.key)
        return setting is None or setting.value == directive.harmless

    def _unknown(self, statement: Statement) -> None:
        name = statement.name.text
        hint = REFUSED.get(name, "")
        if not hint and "," in name and name.partition(",")[0] in DIRECTIVES:
            hint = f"write a blank after {name.partition(',')[0]}"
        if not hint and name.lower() in DIRECTIVES:
            hint = f"names of directives are case-sensitive: write {name.lower()}"
        if not hint and self._members.nodes.get(NodeName("\\")) == statement.line - 1:
            hint = "a line of ha.cf cannot be continued with a backslash: write it as one line"
        self._complaints.error(
            statement.where(),
            f"{quoted(name)} is not a directive",
            hint or didYouMean(name, DIRECTIVES) or "take it out, or begin the line with #",
            category="unknown-directive",
        )

    # ---- single values that need more than their reader

    def _manager(self, setting: Setting) -> None:
        if str(setting.value) in FALSE:
            return
        self._complaints.error(
            setting.where,
            f"{setting.statement.name.text} {quoted(setting.token.text)} hands the resources to"
            " Pacemaker, which is not here",
            "write no: the resources are managed from haresources",
            category="pacemaker",
        )

    def _priority(self, setting: Setting) -> None:
        low, high = self._host.realtimePriorities()
        value = setting.value
        if isinstance(value, int) and not low <= value <= high:
            self._settings.breakValue("rtprio")
            self._complaints.error(
                setting.where,
                f"rtprio: {quoted(setting.token.text)} is out of range",
                f"write a whole number from {low} to {high}",
                category="rtprio-range",
            )

    def _port(self, setting: Setting) -> None:
        value = setting.value
        if not isinstance(value, int):
            return
        if value > 65535:
            if value % 65536 == 0:
                self._settings.breakValue("udpport")
                self._complaints.error(
                    setting.where,
                    f"udpport: {value} is not a port",
                    "write a port from 1 to 65535",
                    category="udpport-invalid",
                )
                return
            self._complaints.warning(
                setting.where,
                f"udpport: {value} is not a port; {value % 65536} is used",
                "write a port from 1 to 65535",
                category="odd-value",
            )
        service = self._host.udpService(value % 65536)
        if service is not None and service != "ha-cluster":
            self._complaints.warning(
                setting.where,
                f"UDP port {value % 65536} is that of another service, {quoted(service)}",
                "694 is heartbeat's",
                category="udpport-taken",
            )

    def _watchdog(self, setting: Setting) -> None:
        if self._host.device(setting.token.text) is not Device.CHARACTER:
            self._complaints.warning(
                setting.where,
                f"watchdog {quoted(setting.token.text)} is not a device; there is no watchdog then",
                "load the driver of the watchdog, or take the line out",
                category="watchdog-missing",
            )

    def _autoFailback(self, setting: Setting) -> None:
        self._niceMode = None

    def _niceFailback(self, statement: Statement, token: Token) -> None:
        """
        The obsolete directive (resource-management.md sections 3.1 and 4.8, B15).

        The original ends up in legacy mode whatever stands there, unless C{auto_failback} was on or
        off before, when it ends up in off.  We do what was meant, and say what another program does.
        """
        if token.text.lower() not in (*TRUE, *FALSE):
            self._complaints.error(
                statement.where(token),
                f"nice_failback: {quoted(token.text)} is neither true nor false",
                "write auto_failback off instead, on all nodes",
                category="nice_failback-invalid",
            )
            return
        earlier = self._settings.get("auto_failback")
        negotiated = earlier is not None and earlier.value != "legacy"
        wanted = token.text.lower() in TRUE
        mode = "off" if wanted or negotiated else "legacy"
        what = "as auto_failback off" if mode == "off" else "as auto_failback legacy"
        hint = f"write auto_failback {mode} instead, on all nodes"
        if mode == "off" and not negotiated:
            hint += (
                ": a peer running heartbeat itself takes this line for legacy, and the two do not mix"
            )
        self._complaints.warning(
            statement.where(token),
            f"nice_failback is obsolete; {quoted(token.text)} is taken {what}",
            hint,
            category="nice_failback-obsolete",
        )
        self._settings.forget("auto_failback")
        self._settings.derive("auto_failback", mode, f"nice_failback at {statement.place()}")
        self._niceMode = FailbackMode(mode)

    def _env(self, statement: Statement, token: Token) -> None:
        name, equals, value = token.text.partition("=")
        if not equals or not _ENVIRONMENT_NAME.fullmatch(name):
            self._complaints.error(
                statement.where(token),
                f"env: {quoted(token.text)} does not begin with a name and an equals sign"
                if not equals or not name
                else f"env: {quoted(name)} cannot be the name of a variable",
                "write for example env COLOUR=blue, which sets HA_COLOUR",
                category="env-invalid",
            )
            return
        self._environment[name] = value

    # ---- the end

    def finish(self, uname: str) -> HaCf:
        """Check what concerns the file as a whole (configuration.md section 4.2)."""
        settings = self._settings
        self._media.misplaced()
        self._members.check(uname, self._whole)
        self._checkAutojoin()
        self._checkMedia()
        found = timers.resolve(settings, self._whole, self._complaints)
        logging = log_lines.resolve(settings, self._whole, self._complaints)
        if settings.get("udpport") is None:
            settings.derive("udpport", str(self._media.standardPort()), "heartbeat's port")
        return HaCf(
            nodes=tuple(self._members.nodes),
            media=tuple(
                medium
                for medium in self._media.media
                if not isinstance(medium, PingMedium) or medium.name in self._members.pings
            ),
            timers=found,
            autoFailback=self._failback(),
            hopfudge=1 if (hops := settings.integer("hopfudge")) is None else hops,
            logging=logging,
            respawn=tuple(self._clients.respawn),
            apiauth=self._clients.rules(self._whole),
            fencing=self._fencing.device,
            watchdog=settings.text("watchdog"),
            realtime=settings.flag("realtime", True),
            rtprio=settings.integer("rtprio"),
            netstrings=settings.text("msgfmt") == "netstring",
            generationFromClock=settings.text("hbgenmethod") == "time",
            uuidFromName=settings.text("uuidfrom") == "nodename",
            environment=MappingProxyType(self._environment),
            parameters=MappingProxyType(dict(settings.parameters())),
        )

    def _failback(self) -> FailbackMode:
        setting = self._settings.get("auto_failback")
        if self._niceMode is not None:
            mode = self._niceMode
        elif setting is None or setting.value == "legacy":
            mode = FailbackMode.LEGACY
        else:
            mode = FailbackMode.ON if setting.value in TRUE else FailbackMode.OFF
        if mode is FailbackMode.LEGACY and not self._settings.broken("auto_failback"):
            self._complaints.warning(
                self._whole if setting is None else setting.where,
                "auto_failback is legacy: the nodes do not tell each other what they hold",
                "write auto_failback on or off, on all nodes",
                category="legacy-auto_failback",
            )
        return mode

    def _checkAutojoin(self) -> None:
        autojoin = self._settings.get("autojoin")
        if autojoin is not None and autojoin.value != "none":
            self._complaints.error(
                autojoin.where,
                f"autojoin {quoted(autojoin.token.text)} does not go with haresources",
                "write autojoin none and name every machine with node",
                category="autojoin-conflict",
            )

    def _checkMedia(self) -> None:
        if not self._media.attempted:
            self._complaints.error(
                self._whole,
                "there is no way to reach the other node",
                "write a bcast, mcast, ucast or serial line",
                category="no-media",
            )
        elif (
            self._media.media
            and all(isinstance(medium, PingMedium) for medium in self._media.media)
            and len(self._members.nodes) > 1
        ):
            self._complaints.warning(
                self._whole,
                "ping is the only medium: the nodes cannot hear each other, and both will be active",
                "write a bcast, mcast, ucast or serial line too",
                category="ping-only",
            )
