"""C{hactl link-test}: the roads to the other nodes, tested before they are trusted."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from json import dumps
from typing import Any, TextIO

from twisted_ha.api.client import Client
from twisted_ha.auth.keyring import KeyRing
from twisted_ha.bus import EventBus
from twisted_ha.cli import statuses
from twisted_ha.cli.words import safe, table
from twisted_ha.config import ClusterConfig, SystemHost, exitStatus, load
from twisted_ha.config.model import UcastMedium
from twisted_ha.errors import ApiError, ConfigError, MediumError
from twisted_ha.linktest.account import Peer
from twisted_ha.linktest.report import HEADING, Result, asJson, conclusion, remedies, rowsOf
from twisted_ha.linktest.roads import portsOf, waysOf
from twisted_ha.linktest.runner import LinkTest
from twisted_ha.media.hosts import resolve
from twisted_ha.media.registry import buildMedia
from twisted_ha.platform import IPlatform, choose

__all__ = ["daemonHere", "linkTest", "withoutOwn"]

_LAST_REPORTS = 1.5
"""Seconds after the last probe in which the others still tell what they heard of it."""


def linkTest(
    directory: str | None,
    *,
    listen: bool,
    seconds: float,
    json: bool,
    client: Client,
    out: TextIO,
    err: TextIO,
) -> int:
    """
    Test every road and print what was found.

    @param directory: where the configuration is; this system's usual place if not given.
    @param client: for the daemon of this machine, which need not run.
    @return: 0 if all roads are good, 1 if one is not, 6 (4 without permission) if the configuration is
        bad.
    """
    platform = choose()
    directory = directory or platform.directories.config
    try:
        config = load(directory, uname=os.uname().nodename, host=SystemHost(platform.interface))
    except ConfigError as error:
        print(safe(error), file=err)
        return exitStatus(error)
    if not config.peers:
        print("hactl: ha.cf names no other node, so there is no road to test", file=err)
        return statuses.NOT_CONFIGURED
    daemon, links = daemonHere(client, platform)
    busy = [port for port, ipv6 in sorted(portsOf(config)) if not daemon and _busy(port, ipv6)]
    if busy:
        daemon = f"UDP port {busy[0]} is in use on this machine, by a daemon or another program"
    session = _Session(config, platform, daemon, links, listen, seconds, json, out)
    return session.run()


def daemonHere(client: Client, platform: IPlatform) -> tuple[str, dict[tuple[str, str], bool]]:
    """
    Whether a daemon runs on this machine.

    @return: a sentence, empty if there is none; and whether it hears each node by each link, if it says.
    """
    try:
        with client:
            status = client.status()
    except ApiError:
        pid = _runningPid(platform.directories.pidFile)
        return (f"a daemon runs on this machine (process {pid})" if pid else ""), {}
    links = {
        (str(node["name"]), str(link["name"])): link["status"] == "up"
        for node in status["nodes"]
        for link in node["links"]
    }
    return "the daemon runs on this machine", links


def withoutOwn(config: ClusterConfig, isOurs: Callable[[str, bool], bool]) -> ClusterConfig:
    """C{config} without the C{ucast} lines that lead to this node itself."""
    kept = tuple(
        medium
        for medium in config.media
        if not (isinstance(medium, UcastMedium) and isOurs(medium.address, medium.ipv6))
    )
    return replace(config, media=kept)


def _isOurs(host: str, ipv6: bool) -> bool:
    """Whether an address is one of this machine's: only those can be bound."""
    try:
        address = resolve(host, ipv6)
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.bind((address, 0))
    except (MediumError, OSError):
        return False
    return True


def _busy(port: int, ipv6: bool) -> bool:
    """
    Whether anybody on this machine hears a port.  A second socket there could take packets away, even
    where the kernel allows one.
    """
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            if ipv6:
                asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            asking.bind(("::" if ipv6 else "0.0.0.0", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _runningPid(path: str) -> int | None:
    """The process of a pid file, if it lives."""
    try:
        with open(path, encoding="ascii") as file:
            pid = int(file.read(32))
        if pid > 0:
            os.kill(pid, 0)
            return pid
    except PermissionError:
        return None
    except (OSError, ValueError, OverflowError):
        return None
    return None


class _Session:
    """One run of the program."""

    def __init__(
        self,
        config: ClusterConfig,
        platform: IPlatform,
        daemon: str,
        links: dict[tuple[str, str], bool],
        listen: bool,
        seconds: float,
        json: bool,
        out: TextIO,
    ) -> None:
        self._config = config
        self._platform = platform
        self._daemon = daemon
        self._links = links
        self._listen = listen
        self._seconds = seconds
        self._json = json
        self._out = out
        self._status = statuses.FAILED
        self._shown: set[str] = set()

    def run(self) -> int:
        """Test until the end, or until interrupted.  @return: the exit status."""
        from twisted.internet import reactor as installed

        reactor: Any = installed
        # A step of the wall clock must not end the test, nor stretch it.
        reactor.seconds = time.monotonic
        bus = EventBus(reactor)
        self._reactor = reactor
        self._test = LinkTest(
            self._config,
            waysOf(
                withoutOwn(self._config, _isOurs),
                lambda config: buildMedia(config, self._platform, reactor, bus),
            ),
            keyring=KeyRing(self._config.keys),
            bus=bus,
            clock=reactor,
            wallClock=time.time,
            run=secrets.token_hex(6),
            beside=bool(self._daemon),
            listening=self._listen,
            told=self._tell,
            ended=self._ended,
        )
        reactor.callWhenRunning(self._start)
        reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        reactor.run()
        return self._status

    def _start(self) -> None:
        try:
            self._test.start()
        except Exception:
            self._reactor.stop()
            raise
        opened = sum(way.open for way in self._test.ways)
        if self._daemon:
            self._tell(f"{self._daemon}; testing beside it")
        if self._listen:
            self._tell(f"listening as {self._config.localNode}; end with control-C")
        else:
            peers = ", ".join(self._config.peers)
            self._tell(
                f"testing the roads to {peers} for {self._seconds:g} s;"
                " hactl link-test --listen should run there"
            )
            if not opened:
                self._reactor.stop()
                return
            self._reactor.callLater(self._seconds, self._test.finish)
            self._reactor.callLater(self._seconds + self._patience(), self._reactor.stop)

    def _patience(self) -> float:
        """Two reports on the slowest serial line."""
        slowest = min((way.road.baud for way in self._test.ways if way.road.baud), default=0)
        return _LAST_REPORTS + (2 * 600 * 10 / slowest if slowest else 0.0)

    def _tell(self, text: str) -> None:
        if not self._json:
            print(safe(text), file=self._out, flush=True)

    def _ended(self, peer: Peer) -> None:
        self._tell(f"the test on {peer.name} has ended")
        self._shown.add(peer.run)
        self._show()

    def _stop(self) -> Any:
        runs = {peer.run for peer in self._test.peers.values()}
        if not self._shown or not runs <= self._shown:
            self._show()
        return self._test.stop()

    def _show(self) -> None:
        result = Result.of(self._test, self._daemon, self._links)
        self._status = statuses.OK if result.good else statuses.FAILED
        # A listener prints a result for every test that ends: then it is one a line.
        indent = None if self._listen else 2
        text = dumps(asJson(result), indent=indent) if self._json else page(result)
        print(text, file=self._out, flush=True)


def page(result: Result) -> str:
    """The table, what to do, and what else is worth knowing."""
    parts = ["", *table(HEADING, rowsOf(result))]
    todo = remedies(result)
    if todo:
        parts += ["", "What to do:", *(f"  - {safe(line)}" for line in todo)]
    others = [note.text for note in result.notes if not note.bad]
    others += [
        f"the clocks agree: that of {peer} is"
        f" {abs(ahead) * 1000:.0f} ms {'ahead' if ahead > 0 else 'behind'}"
        for peer, ahead in result.clocks.items()
        if abs(ahead) < 1
    ]
    if others:
        parts += ["", "Notes:", *(f"  - {safe(line)}" for line in others)]
    return "\n".join([*parts, "", safe(conclusion(result))])
