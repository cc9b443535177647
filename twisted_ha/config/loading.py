"""The configuration directory to one value, or to everything that is wrong with it."""

from __future__ import annotations

import errno
import os

from twisted_ha.config import authkeys, hacf, haresources, tuning
from twisted_ha.config.complaints import Complaints, quoted
from twisted_ha.config.host import IHostQueries
from twisted_ha.config.lexer import locate
from twisted_ha.config.location import Severity
from twisted_ha.config.model import ClusterConfig, Keys, PingMedium, ResourceGroup, Tuning
from twisted_ha.errors import ConfigError
from twisted_ha.terms import NodeName

__all__ = ["exitStatus", "load", "localNodeName"]

_LARGEST = 1024 * 1024
"""Bytes.  A larger file is none of ours."""
_LONGEST_NODEINFO = 255
_FORBIDDEN = "permission-denied"


def load(directory: str, *, uname: str, host: IHostQueries) -> ClusterConfig:
    """
    Read C{ha.cf}, C{authkeys}, C{haresources}, and if they are there C{nodeinfo} and
    C{twisted_ha.cf}.

    @param directory: where they are: C{/etc/ha.d}, C{/usr/local/etc/ha.d}.
    @param uname: what the machine calls itself (C{uname -n}).
    @param host: answers what must be asked of the machine.
    @return: the configuration; C{warnings} holds what does not keep the daemon from starting.
    @raise ConfigError: it must not start.  All complaints about all files are in there, in order.
    """
    return _Loader(directory, uname, host).load()


def exitStatus(error: ConfigError) -> int:
    """
    What a daemon that refuses to start exits with: 4 if a file could not be read for lack of
    rights, else 6 (configuration.md section 4.4).
    """
    errors = [found for found in error.complaints if found.severity is Severity.ERROR]
    return 4 if any(found.category == _FORBIDDEN for found in errors) else 6


def localNodeName(file: str, text: str | None, uname: str, complaints: Complaints) -> NodeName:
    """
    This node's name (configuration.md section 5).

    @param file: the path of C{nodeinfo}.
    @param text: its contents; L{None} if there is no such file.
    """
    if text is None:
        return NodeName(uname.lower())
    line, newline, _ = text.partition("\n")
    name = line.strip(" \t\r\f\v")
    where = locate(file, 1, line, 1, len(line))
    if not newline:
        complaints.warning(
            where,
            f"this is not used, since the line has no end; the node is called {quoted(uname)}",
            "end the line with a newline",
            category="nodeinfo-ignored",
        )
    elif not name or len(name) > _LONGEST_NODEINFO or not name.isprintable() or len(name.split()) > 1:
        complaints.warning(
            where,
            f"the first line is not a node's name; the node is called {quoted(uname)}",
            "write the name and nothing else",
            category="nodeinfo-ignored",
        )
    else:
        return NodeName(name.lower())
    return NodeName(uname.lower())


class _Loader:
    """One reading of one directory."""

    def __init__(self, directory: str, uname: str, host: IHostQueries) -> None:
        self._directory = directory
        self._uname = uname
        self._host = host
        self._complaints = Complaints()
        self._hacf = os.path.join(directory, "ha.cf")
        self._authkeys = os.path.join(directory, "authkeys")
        self._haresources = os.path.join(directory, "haresources")
        self._tuning = os.path.join(directory, "twisted_ha.cf")
        self._nodeinfo = os.path.join(directory, "nodeinfo")

    def load(self) -> ClusterConfig:
        """See L{load}."""
        complaints = self._complaints
        nodeinfo = self._read(self._nodeinfo)
        localNode = localNodeName(self._nodeinfo, nodeinfo, self._uname, complaints)
        main = self._main(localNode)
        keys = self._keys()
        groups = self._groups(main)
        tuned = self._tuned(groups)
        if main is not None:
            self._manyNodes(main, groups)
        ordered = complaints.inOrder(
            (self._nodeinfo, self._hacf, self._authkeys, self._haresources, self._tuning)
        )
        if complaints.failed or main is None or keys is None:
            raise ConfigError(ordered)
        return ClusterConfig(
            directory=self._directory,
            localNode=localNode,
            nodes=main.nodes,
            media=main.media,
            timers=main.timers,
            keys=keys,
            groups=groups,
            autoFailback=main.autoFailback,
            hopfudge=main.hopfudge,
            logging=main.logging,
            respawn=main.respawn,
            apiauth=main.apiauth,
            fencing=main.fencing,
            watchdog=main.watchdog,
            realtime=main.realtime,
            rtprio=main.rtprio,
            netstrings=main.netstrings,
            generationFromClock=main.generationFromClock,
            uuidFromName=main.uuidFromName,
            environment=main.environment,
            parameters=main.parameters,
            members=main.members,
            tuning=tuned,
            warnings=ordered,
        )

    def _main(self, localNode: NodeName) -> hacf.HaCf | None:
        text = self._read(self._hacf, "copy the sample there and edit it")
        if text is None:
            return None
        return hacf.parse(
            self._hacf,
            text,
            localNode=localNode,
            uname=self._uname,
            host=self._host,
            complaints=self._complaints,
        )

    def _keys(self) -> Keys | None:
        text = self._read(
            self._authkeys, f"write auth 1 and 1 sha1 SECRET into it, then chmod 600 {self._authkeys}"
        )
        if text is None:
            return None
        facts = self._host.fileFacts(self._authkeys)
        if facts is not None:
            authkeys.checkFile(self._authkeys, facts, self._complaints)
        return authkeys.parse(self._authkeys, text, self._complaints)

    def _groups(self, main: hacf.HaCf | None) -> tuple[ResourceGroup, ...]:
        text = self._read(
            self._haresources, "write a line NODE RESOURCE ... for each group; an empty file is fine too"
        )
        if text is None:
            return ()
        pings = (
            () if main is None else [item.name for item in main.media if isinstance(item, PingMedium)]
        )
        return haresources.parse(
            self._haresources,
            text,
            nodes=main.nodes if main is not None and main.nodes else None,
            pingNodes=pings,
            complaints=self._complaints,
        )

    def _tuned(self, groups: tuple[ResourceGroup, ...]) -> Tuning:
        text = self._read(self._tuning)
        if text is None:
            return Tuning()
        return tuning.parse(self._tuning, text, groups=groups, complaints=self._complaints)

    def _manyNodes(self, main: hacf.HaCf, groups: tuple[ResourceGroup, ...]) -> None:
        if len(main.nodes) > 2 and groups:
            self._complaints.warning(
                locate(self._haresources, 0, ""),
                f"there are {len(main.nodes)} nodes, and haresources is made for two: after a failure"
                " every survivor of heartbeat's takes the dead node's groups; this daemon takes part as"
                " a member and starts no group at all",
                "name two nodes",
                category="more-than-two-nodes",
            )

    def _read(self, path: str, missing: str = "") -> str | None:
        """
        The text of a file; an error if it cannot be read.

        @param missing: how to repair that it does not exist; empty if it need not.
        """
        where = locate(path, 0, "")
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
                text = file.read(_LARGEST + 1)
        except FileNotFoundError:
            if missing:
                name = os.path.basename(path)
                self._complaints.error(
                    where, "there is no such file", missing, category=f"{name}-missing"
                )
            return None
        except (OSError, ValueError) as error:
            denied = isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM)
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            self._complaints.error(
                where,
                f"it cannot be read: {reason}",
                "run this as root" if denied else "check what is there",
                category=_FORBIDDEN if denied else "unreadable",
            )
            return None
        if len(text) > _LARGEST:
            self._complaints.error(
                where, "it is larger than 1 MiB", "is it the right file?", category="unreadable"
            )
            return None
        return text
