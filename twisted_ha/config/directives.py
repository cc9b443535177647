"""
Every directive of C{ha.cf} that heartbeat 1.2.5 or 3.0.6 knows, as data (configuration.md section 3).

The table says how a directive's arguments are split, what may stand there, what repeating it means,
which value is recorded when it is absent, and whether it does anything here.  What the ones without
a L{Directive.read} do is in L{twisted_ha.config.hacf} and its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from twisted_ha.config.values import FALSE, TRUE, Reader, boolean, choice, integer, span, word
from twisted_ha.frozen import dataclass

__all__ = ["DIRECTIVES", "REFUSED", "Directive", "Repeat", "Style"]


class Style(Enum):
    """How the arguments are split."""

    OPTIONS = "options"
    """At white space and commas; the directive is applied once per word."""
    LINE = "line"
    """At white space only; commas are data."""


class Repeat(Enum):
    """What a second occurrence means."""

    LAST = "last"
    """The last one counts."""
    ACCUMULATE = "accumulate"
    """Each one adds something."""
    ONCE = "once"
    """It is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """
    One directive.

    @ivar arguments: what follows the name, for people.
    @ivar read: for directives with one value: the reader of that value.
    @ivar default: the text recorded when the directive is absent; L{None} for nothing.
    @ivar recorded: whether its text is kept for C{getparm} and C{HA_name}.
    @ivar since: the first release that knew it.
    @ivar does: what it does here, for people; empty if it does nothing here.
    @ivar unused: why it does nothing here; empty if it does something.
    @ivar harmless: a value that asks for what happens anyway, so that nobody need be told.
    @ivar alias: the name under which it is recorded, if that is another.
    @ivar category: the category of a complaint about its value.
    """

    name: str
    arguments: str
    style: Style = Style.OPTIONS
    repeat: Repeat = Repeat.LAST
    read: Reader | None = None
    default: str | None = None
    recorded: bool = True
    since: str = "1.2"
    does: str = ""
    unused: str = ""
    harmless: object = None
    alias: str = ""
    category: str = "value"

    @property
    def key(self) -> str:
        """The name under which its text is recorded."""
        return self.alias or self.name


_FACILITIES = (
    *("auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user"),
    *("uucp", *(f"local{number}" for number in range(8)), "security", "none"),
)
_BAUDS = ("9600", "19200", "38400", "57600", "115200", "230400", "460800")
_MANAGERS = (*TRUE, *FALSE, "respawn", "manual", "minimal", "ccm-only", "valgrind")

_NO_LOGD = "the daemon writes its log itself; there is no logging daemon"
_NO_CRM = "it only means something to Pacemaker"
_NO_COMPRESSION = "messages are sent uncompressed; compressed ones from others are understood"
_NO_CORES = "a Python daemon leaves no core file of interest"

_ALL = (
    # nodes and identity
    Directive(
        name="node",
        arguments="name ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="names a machine of the cluster",
    ),
    Directive(
        name="cluster",
        arguments="name",
        read=word,
        default="linux-ha",
        since="2.0.6",
        unused="it is a name for people, only recorded",
    ),
    Directive(
        name="hopfudge",
        arguments="number",
        read=integer(0, 255),
        default="1",
        does="how many detours a message may take on a ring of serial cables",
    ),
    Directive(
        name="autojoin",
        arguments="none",
        read=choice(("none", "other", "any"), anyCase=True),
        default="none",
        since="2.0.3",
        does="only none: who belongs to the cluster is written in ha.cf",
        category="autojoin-invalid",
    ),
    Directive(
        name="uuidfrom",
        arguments="file or nodename",
        read=choice(("file", "nodename")),
        default="file",
        since="2.0.3",
        does="where this node's identity on the wire comes from",
        category="uuidfrom-invalid",
    ),
    Directive(
        name="quorum_server",
        arguments="host",
        read=word,
        since="2.0.8",
        unused="there is no quorum server here",
    ),
    Directive(
        name="hbgenmethod",
        arguments="file or time",
        read=choice(("file", "time")),
        default="file",
        does="how the number that grows with each start is made",
        category="hbgenmethod-invalid",
    ),
    # timing
    Directive(
        name="keepalive",
        arguments="time",
        read=span(zero=False),
        default="1000ms",
        does="the time between two heartbeats",
    ),
    Directive(
        name="deadtime",
        arguments="time",
        read=span(zero=True),
        default="30000ms",
        does="a node silent for longer is dead",
    ),
    Directive(
        name="warntime",
        arguments="time",
        read=span(zero=False),
        does="a heartbeat later than this is logged",
        category="warntime-invalid",
    ),
    Directive(
        name="initdead",
        arguments="time",
        read=span(zero=True),
        does="deadtime while the links have not been up since the start",
    ),
    Directive(
        name="deadping",
        arguments="time",
        read=span(zero=True),
        does="deadtime of ping nodes",
    ),
    Directive(
        name="max_rexmit_delay",
        arguments="milliseconds",
        read=integer(1),
        default="250",
        since="2.0.3",
        does="the longest pause before a lost message is asked for again",
    ),
    # media
    Directive(
        name="serial",
        arguments="device ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="heartbeats over a null-modem cable",
    ),
    Directive(
        name="baud",
        arguments="rate",
        repeat=Repeat.ONCE,
        read=choice(_BAUDS),
        default="19200",
        does="the speed of the serial lines that follow",
        category="baud-invalid",
    ),
    Directive(
        name="udpport",
        arguments="number",
        read=integer(1),
        does="the UDP port of the bcast and ucast lines that follow",
        category="udpport-invalid",
    ),
    Directive(
        name="bcast",
        arguments="interface ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="heartbeats to everybody on a network",
    ),
    Directive(
        name="udp",
        arguments="interface ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="the old name of bcast",
    ),
    Directive(
        name="ucast",
        arguments="interface address",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="heartbeats to one address",
    ),
    Directive(
        name="mcast",
        arguments="interface group port ttl loop",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="heartbeats to a multicast group",
    ),
    Directive(
        name="ucast6",
        arguments="interface address",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        since="3.0",
        does="as ucast, over IPv6",
    ),
    Directive(
        name="mcast6",
        arguments="interface group port hops loop",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        since="3.0",
        does="as mcast, over IPv6",
    ),
    Directive(
        name="ping",
        arguments="host ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="watches a host that is not of the cluster, for example a router",
    ),
    Directive(
        name="ping_group",
        arguments="name host ...",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="the same for several hosts of which one must answer",
    ),
    Directive(
        name="ping6",
        arguments="host ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        since="3.0",
        does="as ping, over IPv6",
    ),
    Directive(
        name="hbaping",
        arguments="adapter ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        since="1.3",
        unused="Fibre Channel adapters are not asked",
    ),
    # resources
    Directive(
        name="auto_failback",
        arguments="on, off or legacy",
        read=choice((*TRUE, *FALSE, "legacy"), anyCase=True),
        default="legacy",
        does="whether a node that comes back gets its resources back",
    ),
    Directive(
        name="nice_failback",
        arguments="on or off",
        recorded=False,
        does="the obsolete opposite of auto_failback",
    ),
    Directive(
        name="stonith",
        arguments="type file",
        style=Style.LINE,
        recorded=False,
        does="the device that resets the other node",
    ),
    Directive(
        name="stonith_host",
        arguments="node type parameter ...",
        style=Style.LINE,
        recorded=False,
        does="the same, for one node of the cluster or for *",
    ),
    Directive(
        name="watchdog",
        arguments="device",
        repeat=Repeat.ONCE,
        read=word,
        does="a device that resets this machine unless the daemon keeps writing to it",
        category="watchdog-twice",
    ),
    Directive(
        name="crm",
        arguments="no",
        repeat=Repeat.ONCE,
        read=choice(_MANAGERS, anyCase=True),
        since="2.0",
        alias="pacemaker",
        does="only no: resources are managed here, from haresources",
        category="pacemaker-twice",
    ),
    Directive(
        name="pacemaker",
        arguments="no",
        repeat=Repeat.ONCE,
        read=choice(_MANAGERS, anyCase=True),
        default="no",
        since="3.0",
        does="the newer name of crm",
        category="pacemaker-twice",
    ),
    # clients
    Directive(
        name="respawn",
        arguments="user command ...",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="a program that is started with the daemon and kept running",
    ),
    Directive(
        name="failfast",
        arguments="user command ...",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        since="2.1.3",
        does="as respawn, and its abnormal end is told as critical",
    ),
    Directive(
        name="apiauth",
        arguments="client uid=... gid=...",
        style=Style.LINE,
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        does="who may speak to the daemon under a name",
    ),
    Directive(
        name="env",
        arguments="NAME=value ...",
        repeat=Repeat.ACCUMULATE,
        recorded=False,
        since="2.0.3",
        does="sets HA_NAME in the environment of every program that is started",
    ),
    # logging
    Directive(
        name="debugfile",
        arguments="path",
        read=word,
        does="the file for everything, debug messages included",
    ),
    Directive(
        name="logfile",
        arguments="path",
        read=word,
        does="the file for everything but debug messages",
    ),
    Directive(
        name="logfacility",
        arguments="facility",
        read=choice(_FACILITIES),
        does="the syslog facility; none for no syslog",
        category="logfacility-invalid",
    ),
    Directive(
        name="debug",
        arguments="level",
        read=integer(0, 255),
        default="0",
        does="how much is said for finding a fault",
    ),
    Directive(
        name="use_logd",
        arguments="on or off",
        read=boolean,
        since="2.0",
        unused=_NO_LOGD,
        harmless=False,
        category="use_logd-invalid",
    ),
    Directive(
        name="conn_logd_time",
        arguments="time",
        read=span(zero=False),
        default="60",
        since="2.0",
        unused=_NO_LOGD,
    ),
    Directive(
        name="syslogmsgfmt",
        arguments="on or off",
        read=boolean,
        default="true",
        since="2.1.3",
        does="written as on: lines of the log files look as syslog's; else as heartbeat 1.2's",
    ),
    Directive(
        name="log_badpack",
        arguments="on or off",
        read=boolean,
        default="true",
        since="2.0",
        does="off: packets that are refused are counted, but not logged",
    ),
    # process and wire
    Directive(
        name="realtime",
        arguments="on or off",
        read=boolean,
        default="true",
        does="whether the daemon asks for priority over other programs and stays in memory",
    ),
    Directive(
        name="rtprio",
        arguments="number",
        read=integer(-99999, 99999),
        does="which priority it asks for",
        category="rtprio-range",
    ),
    Directive(
        name="normalpoll",
        arguments="on or off",
        read=boolean,
        unused="it was a debugging aid of 1.2",
        recorded=False,
    ),
    Directive(
        name="msgfmt",
        arguments="classic or netstring",
        read=choice(("classic", "netstring")),
        default="classic",
        since="1.3.0",
        does="how messages look on the wire",
    ),
    Directive(
        name="compression",
        arguments="zlib or bz2",
        read=choice(("zlib", "bz2")),
        default="zlib",
        since="2.0.1",
        unused=_NO_COMPRESSION,
        category="compression-unknown",
    ),
    Directive(
        name="compression_threshold",
        arguments="kilobytes",
        read=integer(1),
        default="2",
        since="2.0.1",
        unused=_NO_COMPRESSION,
        category="compression_threshold-invalid",
    ),
    Directive(
        name="traditional_compression",
        arguments="on or off",
        read=boolean,
        default="no",
        since="2.0.3",
        unused=_NO_COMPRESSION,
        harmless=False,
    ),
    Directive(
        name="memreserve",
        arguments="kilobytes",
        read=integer(1),
        default="6500",
        since="2.0.3",
        unused="memory is not reserved ahead",
    ),
    Directive(
        name="coredumps",
        arguments="on or off",
        read=boolean,
        default="true",
        since="2.0",
        unused=_NO_CORES,
    ),
    Directive(name="coreroot", arguments="directory", read=word, since="2.0", unused=_NO_CORES),
    Directive(
        name="use_apphbd",
        arguments="on or off",
        read=boolean,
        since="2.0",
        unused="the daemon does not register with apphbd; use a watchdog",
        harmless=False,
        recorded=False,
    ),
    # Pacemaker
    *(
        Directive(
            name=name,
            arguments="on or off",
            read=boolean,
            default="on",
            since="2.0.3",
            unused=_NO_CRM,
            category="boolean-invalid",
        )
        for name in ("record_config_changes", "record_pengine_inputs", "enable_config_writes")
    ),
    Directive(
        name="crmd_spawns_pengine",
        arguments="on or off",
        read=boolean,
        since="3.0",
        unused=_NO_CRM,
        category="boolean-invalid",
    ),
    Directive(name="crm_daemon_dir", arguments="directory", read=word, since="3.0", unused=_NO_CRM),
)

DIRECTIVES: Mapping[str, Directive] = MappingProxyType({directive.name: directive for directive in _ALL})
"""Every directive that is accepted, by its name, which is case-sensitive."""

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "openais": "it is an experimental medium that heartbeat's packages leave out; use ucast",
        "tipc": "it is an experimental medium that heartbeat's packages leave out; use ucast",
        "rds": "it is an experimental medium that heartbeat's packages leave out; use ucast",
        "ppp-udp": "it is gone since before heartbeat 1.2; use serial",
    }
)
"""Directives that once meant something and that nothing here can replace, with what to do."""
