"""One machine: it is switched on, runs programs, and loses power."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from tests.interop.lab.namespaces import Namespaces, childrenOf, processesIn
from tests.interop.lab.waiting import ConditionNotMet, now

__all__ = ["PROGRAMS", "PYTHON", "SERVICE_PORT", "Machine"]

PROGRAMS = Path(__file__).parent / "programs"
PYTHON = [sys.executable, "-S", "-E"]
"""How the small programs of the laboratory are run: without site packages, they start at once."""
SERVICE_PORT = 7077
_UNSHARE = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc"]


class Machine:
    """
    A machine of the laboratory.

    Its disk (C{/etc/ha.d}, C{/var/lib/heartbeat}, C{/var/log}) survives the loss of power; C{/run} and
    all addresses do not.

    @ivar name: its node name, C{uname -n}.
    @ivar disk: where its private directories are on this side.
    @ivar address: its own addresses, by the network's name, without prefix length.
    @ivar networked: called with the machine when it needs its cables, set by the laboratory.
    @ivar poweredOff: called with the machine when its first process is dead, set by the laboratory.
    """

    def __init__(self, name: str, disk: Path, address: dict[str, str]) -> None:
        self.name = name
        self.disk = disk
        self.address = address
        self.networked: Callable[[Machine], None] = lambda machine: None
        self.poweredOff: Callable[[Machine], None] = lambda machine: None
        self._inside: Namespaces | None = None
        self._unshare: subprocess.Popen[bytes] | None = None
        self._spawned: list[subprocess.Popen[str]] = []
        for directory in ("ha.d", "lib", "log"):
            (disk / directory).mkdir(parents=True, exist_ok=True)
        if os.path.exists("/var/lib/heartbeat"):
            owner = os.stat("/var/lib/heartbeat")
            for directory in ("lib", "lib/cores", "lib/cores/root"):
                (disk / directory).mkdir(exist_ok=True)
                os.chown(disk / directory, owner.st_uid, owner.st_gid)

    # Power

    @property
    def isOn(self) -> bool:
        """Whether it has power."""
        return self._inside is not None

    @property
    def inside(self) -> Namespaces:
        """Its namespaces; it must be on."""
        if self._inside is None:
            raise AssertionError(f"{self.name} is off")
        return self._inside

    def powerOn(self, serve: str | None = None) -> None:
        """
        Switch it on and plug in its cables.

        @param serve: an address on which it serves its user whenever it holds it.
        """
        with (self.disk / "console").open("a") as console:
            self._unshare = subprocess.Popen(
                [*_UNSHARE, *PYTHON, str(PROGRAMS / "init.py"), self.name, str(self.disk)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=console,
            )
        _expectReady(self._unshare.stdout, f"{self.name} does not start (see {self.disk}/console)")
        (init,) = childrenOf(self._unshare.pid)
        self._inside = Namespaces(init, "-n", "-m", "-u", "-p")
        self.networked(self)
        if serve is not None:
            responder = self.inside.spawn(
                [*PYTHON, str(PROGRAMS / "responder.py"), serve, str(SERVICE_PORT)],
                stdout=subprocess.PIPE,
            )
            _expectReady(responder.stdout, f"the service on {self.name} does not start")
            self._spawned.append(responder)

    def powerOff(self) -> float:
        """
        Cut the power: the first process dies first, so that nothing can say goodbye.

        @return: when, on the laboratory's clock.
        """
        assert self._unshare is not None
        inside = self.inside
        moment = now()
        os.kill(inside.pid, signal.SIGKILL)
        self._inside = None
        self.poweredOff(self)
        for process in self._spawned:
            # nsenter stops when what it started is stopped, and then would not reap it.
            process.kill()
            process.send_signal(signal.SIGCONT)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._spawned.clear()
        assert self._unshare.stdin is not None and self._unshare.stdout is not None
        self._unshare.stdin.close()
        self._unshare.stdout.close()
        self._unshare.wait()
        return moment

    # Programs

    def run(
        self, *argv: str, limit: float = 30.0, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a program on this machine to its end; see L{Namespaces.run}."""
        return self.inside.run(argv, limit=limit, check=check, stdin=stdin)

    def spawn(self, argv: Sequence[str], log: str, environment: dict[str, str] | None = None) -> None:
        """
        Start a program and leave it running.

        @param log: the file in C{/var/log} its output is appended to.
        """
        with (self.disk / "log" / log).open("a") as output:
            process = self.inside.spawn(
                argv, stdout=output.fileno(), stderr=output.fileno(), environment=environment
            )
        self._spawned.append(process)

    def processes(self, *words: str) -> list[int]:
        """The processes whose command line holds all of C{words}, as this side numbers them."""
        found = []
        for pid in processesIn(self.inside.pid):
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if line and all(word in line for word in words):
                found.append(pid)
        return found

    # Its disk

    def log(self, name: str = "ha-log") -> str:
        """What it wrote to C{/var/log/NAME}; empty if nothing."""
        try:
            return (self.disk / "log" / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def furnish(self, files: dict[str, str], fresh: bool = True) -> None:
        """
        Write files of C{/etc/ha.d}.

        @param fresh: begin with an empty directory.
        """
        target = self.disk / "ha.d"
        if fresh:
            for old in target.iterdir():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for name, text in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o600 if name == "authkeys" else 0o755 if "/" in name else 0o644)

    def addresses(self) -> set[str]:
        """The IPv4 addresses it has now; none when it is off."""
        if not self.isOn:
            return set()
        lines = self.run("ip", "-o", "-4", "addr").stdout.splitlines()
        return {line.split()[3].partition("/")[0] for line in lines}


def _expectReady(output: IO[str] | IO[bytes] | None, otherwise: str) -> None:
    assert output is not None
    line = output.readline()
    if line not in ("ready\n", b"ready\n"):
        raise ConditionNotMet(f"{otherwise}: {line!r}")
