"""C{ha.cf}: its statements folded in file order into values (configuration.md sections 2 to 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from twisted_ha.config import log_lines, serial_speed, timers
from twisted_ha.config.client_lines import ClientLines
from twisted_ha.config.complaints import Complaints, quoted
from twisted_ha.config.directives import DIRECTIVES, REFUSED, Directive, Style
from twisted_ha.config.failback_lines import FailbackLines
from twisted_ha.config.fencing_lines import FencingLines
from twisted_ha.config.host import IHostQueries
from twisted_ha.config.lexer import Statement, Token, locate, statements
from twisted_ha.config.machine_checks import MachineChecks
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
from twisted_ha.config.settings import Settings
from twisted_ha.frozen import dataclass
from twisted_ha.terms import FailbackMode, NodeName

__all__ = ["HaCf", "parse"]

_MOST_GUESSES = 50
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
    members: tuple[NodeName, ...]
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
        self._failback = FailbackLines(self._settings, complaints)
        checks = MachineChecks(self._settings, host, complaints)
        self._told: set[str] = set()
        self._strange = 0
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
            "nice_failback": self._failback.niceWord,
            "env": self._env,
        }
        self._after = {
            "pacemaker": checks.manager,
            "crm": checks.manager,
            "rtprio": checks.priority,
            "udpport": checks.port,
            "watchdog": checks.watchdog,
            "auto_failback": self._failback.autoWritten,
        }

    def take(self, statement: Statement) -> None:
        """Fold one line."""
        directive = DIRECTIVES.get(statement.name.text)
        if directive is None:
            self._strange += 1
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
        # In a file that is something else entirely, guessing thousands of times helps nobody.
        suggested = didYouMean(name, DIRECTIVES) if self._strange < _MOST_GUESSES else ""
        self._complaints.error(
            statement.where(),
            f"{quoted(name)} is not a directive",
            hint or suggested or "take it out, or begin the line with #",
            category="unknown-directive",
        )

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

    def finish(self, uname: str) -> HaCf:
        """Check what concerns the file as a whole (configuration.md section 4.2)."""
        settings = self._settings
        self._media.misplaced()
        self._members.check(uname, self._whole)
        self._checkAutojoin()
        self._checkMedia()
        found = timers.resolve(settings, self._whole, self._complaints)
        serial_speed.check(
            found,
            self._media.media,
            tuple(self._members.nodes),
            settings,
            self._whole,
            self._complaints,
        )
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
            autoFailback=self._failback.mode(self._whole),
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
            members=self._members.inOrder(),
            environment=MappingProxyType(self._environment),
            parameters=MappingProxyType(dict(settings.parameters())),
        )

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
