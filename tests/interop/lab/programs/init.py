"""
The first process of a machine: makes its private directories, then buries the dead.

It runs inside fresh network, mount, UTS and PID namespaces.  A daemon that forks into the background
becomes its child, and C{heartbeat -k} waits until somebody has reaped that; so C{sleep infinity} would
not do.  Its standard input is a pipe that nobody writes to: when the laboratory is gone the pipe ends,
and so does the machine.

Usage: C{init.py NAME PRIVATE}, with C{ha.d}, C{lib} and C{log} under C{PRIVATE}; it says C{ready}.
"""

import os
import select
import signal
import socket
import subprocess
import sys

RUN = ("heartbeat", "heartbeat/rsctmp", "resource-agents", "lock", "lock/subsys", "keepalived")
BOUND = {"ha.d": "/etc/ha.d", "lib": "/var/lib/heartbeat", "log": "/var/log"}


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def furnish(name: str, private: str) -> None:
    socket.sethostname(name)
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for directory in RUN:
        os.makedirs(f"/run/{directory}", exist_ok=True)
    os.chmod("/run/heartbeat/rsctmp", 0o1777)
    # Where the heartbeat package is not installed this fails, and nobody minds.
    subprocess.run(["chown", "hacluster:haclient", "/run/heartbeat"], check=False, capture_output=True)
    for source, target in BOUND.items():
        try:
            os.makedirs(target, exist_ok=True)
        except OSError as error:
            sys.exit(f"{target}: {error}")
        mount("--bind", f"{private}/{source}", target)


def reap(*_ignored: object) -> None:
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def main() -> None:
    furnish(sys.argv[1], sys.argv[2])
    signal.signal(signal.SIGCHLD, reap)
    reap()
    print("ready", flush=True)
    os.close(1)
    while True:
        readable, _, _ = select.select([0], [], [])
        if readable and not os.read(0, 1):
            return


if __name__ == "__main__":
    main()
