"""What the laboratory needs from the machine it runs on, and the sentence that says what is missing."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys

__all__ = ["HACTL", "HEARTBEAT", "KEEPALIVED", "twistd", "whyNot"]

HEARTBEAT = "/usr/libexec/heartbeat/heartbeat"
KEEPALIVED = "/usr/sbin/keepalived"
_TOOLS = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2", "nft": "nftables"}


HACTL = (
    sys.executable,
    "-c",
    "import sys; sys.argv[0] = 'hactl'; from twisted_ha.cli.main import main; main()",
)
"""The command line of C{hactl}, with this interpreter."""


def twistd() -> list[str]:
    """The words that start our daemon in a namespace: this very interpreter and its twistd."""
    return [sys.executable, "-c", _TWISTD]


_TWISTD = "import sys; sys.argv[0] = 'twistd'; from twisted.scripts.twistd import run; run()"


@functools.cache
def whyNot(*, heartbeat: bool = False, keepalived: bool = False, ours: bool = False) -> str | None:
    """
    Why the laboratory cannot be built here.

    @param heartbeat: the original, Debian's C{heartbeat} 3.0.6, is needed too.
    @param keepalived: so is C{keepalived}.
    @param ours: so is C{twistd ha}.
    @return: a sentence, or L{None} if everything is there.
    """
    if not sys.platform.startswith("linux"):
        return "the laboratory is made of Linux namespaces"
    if os.geteuid() != 0:
        return "only root may make network namespaces and addresses"
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            return f"{tool} is not installed (Debian: {package})"
    attempt = subprocess.run(
        ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "ip", "link", "add", "type", "veth"],
        capture_output=True,
        text=True,
        check=False,
    )
    if attempt.returncode != 0:
        return f"this kernel gives us no namespaces: {attempt.stderr.strip()}"
    if heartbeat and not os.access(HEARTBEAT, os.X_OK):
        return "the original is not installed (Debian: heartbeat)"
    if keepalived and not os.access(KEEPALIVED, os.X_OK):
        return "keepalived is not installed"
    if ours and not _haveDaemon():
        return "twistd has no ha command: install this package with editable_mode=compat"
    return None


@functools.cache
def _haveDaemon() -> bool:
    answer = subprocess.run([*twistd(), "ha", "--help"], capture_output=True, check=False)
    return answer.returncode == 0
