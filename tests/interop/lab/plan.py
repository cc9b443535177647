"""The three files of a cluster in the laboratory, from a few values."""

from __future__ import annotations

from dataclasses import dataclass

from tests.interop.lab.machine import PROGRAMS, Machine

__all__ = ["OTHER_ADDRESS", "Plan"]

OTHER_ADDRESS = "10.77.0.101"
"""The address of the second group, where a test has two."""

_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What a cluster is configured to do.

    @ivar keepalive: seconds, and so are the other times.
    @ivar media: lines of C{ha.cf}; C{%(serial)s} becomes the machine's end of the cable.
    @ivar resources: the lines of C{haresources}.
    @ivar failback: C{auto_failback}.
    @ivar auth: how messages are signed: C{crc}, C{md5} or C{sha1}.
    @ivar scripts: programs of the laboratory that become resource scripts.
    @ivar extra: more lines of C{ha.cf}.
    """

    keepalive: float = 0.5
    warntime: float = 1.0
    deadtime: float = 3.0
    initdead: float = 6.0
    media: tuple[str, ...] = ("bcast eth1",)
    resources: tuple[str, ...] = ("alpha 10.77.0.100/24/eth0",)
    failback: str = "on"
    auth: str = "sha1"
    nodes: tuple[str, ...] = ("alpha", "beta")
    scripts: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def files(self, machine: Machine, serial: str = "") -> dict[str, str]:
        """
        C{ha.cf}, C{authkeys}, C{haresources} and the scripts for C{machine}.

        @param serial: its end of the serial cable.
        """
        times = {
            "keepalive": self.keepalive,
            "warntime": self.warntime,
            "deadtime": self.deadtime,
            "initdead": self.initdead,
        }
        lines = ["logfile /var/log/ha-log", "debugfile /var/log/ha-debug", "logfacility none"]
        lines += [f"{name} {round(time * _MILLISECONDS)}ms" for name, time in times.items()]
        lines += ["udpport 694", *(medium % {"serial": serial} for medium in self.media)]
        lines += [f"auto_failback {self.failback}", f"node {' '.join(self.nodes)}", *self.extra]
        return {
            "ha.cf": "\n".join(lines) + "\n",
            "authkeys": f"auth 1\n1 {self.auth}{'' if self.auth == 'crc' else ' laboratory'}\n",
            "haresources": "".join(f"{line}\n" for line in self.resources),
            **{f"resource.d/{name}": (PROGRAMS / name).read_text() for name in self.scripts},
        }
