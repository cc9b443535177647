"""
The stage for everybody else: two daemons on this machine's loopback, without any privilege.

Their service is a program on a port of 127.0.0.1, which can run only once: a second one could not bind
the port.  Switching a node off is SIGKILL for every process of it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.demo.stage import DEADTIME, KEEPALIVE
from tests.interop.lab import api
from tests.interop.lab.client import Client
from tests.interop.lab.machine import PROGRAMS, PYTHON
from tests.interop.lab.requirements import twistd
from tests.interop.lab.waiting import now
from tests.loopback import LOOPBACK, freePort

__all__ = ["LoopbackStage"]

_AGENT = """\
#!/bin/sh
# The service of the demonstration: a program that answers on one port of 127.0.0.1.
pidfile='{run}/service.pid'
output='{run}/service.out'
alive() {{ [ -s "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null; }}
case "$1" in
start)
    alive && exit 0
    : > "$output"
    {python} '{responder}' 127.0.0.1 {port} {name} > "$output" 2>&1 < /dev/null &
    echo $! > "$pidfile"
    until grep -q ready "$output"; do
        alive || {{ cat "$output" >&2; exit 1; }}
        sleep 0.01
    done ;;
stop)
    alive && kill "$(cat "$pidfile")"
    rm -f "$pidfile" ;;
status)
    if alive; then echo running; else echo stopped; exit 3; fi ;;
*)
    echo "usage: $0 start|stop|status" >&2
    exit 1 ;;
esac
"""
_HA_CF = """\
keepalive {keepalive:.0f}ms
warntime {warntime:.0f}ms
deadtime {deadtime:.0f}ms
initdead 3
mcast {device} 239.255.77.1 {port} 0 1
auto_failback on
realtime off
logfile {log}
logfacility none
node alpha beta
"""


class LoopbackStage:
    """Two daemons, each with directories of its own."""

    cables = False

    def __init__(self) -> None:
        self._base = Path(tempfile.mkdtemp(prefix="twisted-ha-demo-"))
        self._cluster, self._port = freePort(), freePort()
        self.service = f"127.0.0.1:{self._port}"
        self.place = "on the loopback of this machine; their service is a program on one of its ports"
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("alpha", "beta"):
            self._furnish(name)

    def _furnish(self, name: str) -> None:
        node = self._base / name
        for directory in ("etc/resource.d", "state", "run"):
            (node / directory).mkdir(parents=True)
        agent = _AGENT.format(
            run=node / "run",
            python=" ".join(PYTHON),
            responder=PROGRAMS / "responder.py",
            port=self._port,
            name=name,
        )
        configuration = _HA_CF.format(
            keepalive=KEEPALIVE * 1000,
            warntime=DEADTIME * 500,
            deadtime=DEADTIME * 1000,
            device=LOOPBACK,
            port=self._cluster,
            log=node / "ha-log",
        )
        files = {
            "ha.cf": (configuration, 0o644),
            "authkeys": ("auth 1\n1 sha1 demonstration\n", 0o600),
            "haresources": ("alpha demo-service\n", 0o644),
            # Both run on one machine, so its name cannot be theirs.
            "nodeinfo": (f"{name}\n", 0o644),
            "resource.d/demo-service": (agent, 0o755),
        }
        for path, (text, mode) in files.items():
            (node / "etc" / path).write_text(text)
            (node / "etc" / path).chmod(mode)

    def close(self) -> None:
        """End every process and remove the directories."""
        for name in list(self._daemons):
            self.lose(name)
        shutil.rmtree(self._base, ignore_errors=True)

    def client(self) -> Client:
        argv = [*PYTHON, str(PROGRAMS / "client.py"), "127.0.0.1", str(self._port), "0.002"]
        return Client(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def start(self, name: str) -> float:
        self._bury(name)
        node = self._base / name
        directories = ["--config-dir", str(node / "etc"), "--state-dir", str(node / "state")]
        directories += ["--run-dir", str(node / "run"), "--api", self._socket(name)]
        argv = [*twistd(), "--nodaemon", "--pidfile=", "ha", *directories]
        moment = now()
        with (node / "output").open("a") as output:
            self._daemons[name] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        return moment

    def _socket(self, name: str) -> str:
        return str(self._base / name / "run" / "api")

    def standby(self, name: str) -> float:
        moment = now()
        api.ask(self._socket(name), "standby", resources="all")
        return moment

    def kill(self, name: str) -> float:
        moment = now()
        self._daemons[name].kill()
        return moment

    def lose(self, name: str) -> float:
        pids = self._processes(name)
        moment = now()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._bury(name)
        return moment

    def _bury(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is not None:
            daemon.wait()

    def _processes(self, name: str) -> list[int]:
        """The daemon, its children, theirs, and whoever works in its directories (the service)."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=", "-o", "ppid=", "-o", "args="],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        rows = [(int(p), int(parent), args) for p, parent, args in map(_columns, listing.splitlines())]
        found = {pid for pid, _parent, args in rows if str(self._base / name) in args}
        if name in self._daemons:
            found.add(self._daemons[name].pid)
        pidfile = self._base / name / "run" / "service.pid"
        if pidfile.exists() and pidfile.read_text().strip().isdigit():
            found.add(int(pidfile.read_text()))
        while more := {pid for pid, parent, _args in rows if parent in found} - found:
            found |= more
        return sorted(found)

    def part(self) -> float:
        raise NotImplementedError("loopback has no cables")

    def isolate(self, name: str) -> float:
        raise NotImplementedError("loopback has no cables")

    def mend(self) -> float:
        raise NotImplementedError("loopback has no cables")

    def holdings(self, name: str) -> str:
        return api.holdings(self._socket(name))

    def log(self, name: str) -> str:
        text = ""
        for file in ("ha-log", "output"):
            path = self._base / name / file
            text += path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-40:])


def _columns(line: str) -> tuple[str, str, str]:
    pid, parent, *args = line.split(None, 2)
    return pid, parent, args[0] if args else ""
