"""What a cluster is made of: who is who, by which cables they talk, how they sign."""

from __future__ import annotations

from dataclasses import dataclass

from tests.interop.lab.laboratory import SERVICE_ADDRESS
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.lab.plan import OTHER_ADDRESS, Plan

__all__ = ["KINDS", "MEDIA", "PAIRS", "Setting"]

KINDS: dict[str, type[Node]] = {"ours": Ours, "theirs": Heartbeat306}
PAIRS = ("ours-theirs", "theirs-ours")
"""What C{alpha} and C{beta} are, both ways round."""
ORIGINALS = "theirs-theirs"
OURS = "ours-ours"

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")

MEDIA: dict[str, tuple[str, ...]] = {
    "bcast": ("bcast eth1",),
    "mcast": ("mcast eth1 225.0.0.1 694 1 0",),
    "ucast": ("ucast eth1 10.77.1.1", "ucast eth1 10.77.1.2"),
    "serial": ("serial %(serial)s",),
    "bcast+serial": ("bcast eth1", "serial %(serial)s"),
    "bcast+mcast": ("bcast eth1", "mcast eth0 225.0.0.1 1694 1 0"),
    "bcast+bcast": ("bcast eth1", "bcast eth0"),
}

GROUPS = (
    f"alpha probe::one {SERVICE_ADDRESS}/24/eth0",
    f"beta probe::two {OTHER_ADDRESS}/24/eth0",
)
"""A group for each node.  The probe can be slow and can fail; it comes first, so that an address which
is up means that its whole group is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    One cluster.

    @ivar pair: what C{alpha} and C{beta} are, and further nodes, for example C{ours-theirs}.
    @ivar medium: a name of L{MEDIA}.
    @ivar auth: C{crc}, C{md5} or C{sha1}.
    @ivar msgfmt: C{classic} or C{netstring}.
    @ivar failback: C{on}, C{off} or C{legacy}.
    """

    pair: str = PAIRS[0]
    medium: str = "bcast"
    auth: str = "sha1"
    msgfmt: str = "classic"
    failback: str = "on"

    @property
    def words(self) -> tuple[str, ...]:
        """Its values, in the order of the table's columns."""
        return (self.pair, self.medium, self.auth, self.msgfmt, self.failback)

    @property
    def kinds(self) -> tuple[type[Node], ...]:
        """What they are, C{alpha} first."""
        return tuple(KINDS[word] for word in self.pair.split("-"))

    @property
    def nodes(self) -> tuple[str, ...]:
        """Their names."""
        return NAMES[: len(self.kinds)]

    @property
    def serial(self) -> bool:
        """Whether there is a serial cable in it."""
        return "serial" in self.medium

    @property
    def talks(self) -> bool:
        """
        Whether an original says rightly what it holds: in legacy mode nobody says anything, and with
        C{msgfmt netstring} it does not hear what its own scripts report.
        """
        return self.failback != "legacy" and self.msgfmt == "classic"

    def plan(self, deadtime: float | None = None, resources: tuple[str, ...] = GROUPS) -> Plan:
        """
        The files of such a cluster.

        @param deadtime: seconds, where a story needs another than the usual.
        @param resources: the lines of C{haresources}.
        """
        patient = max(deadtime or 0.0, 3.0 if self.serial else 2.0)
        return Plan(
            keepalive=0.5 if self.serial else 0.25,
            warntime=patient / 2,
            deadtime=patient,
            initdead=patient + 6.0,  # a daemon may be slow to start on a shared machine
            media=MEDIA[self.medium],
            resources=resources,
            failback=self.failback,
            nodes=self.nodes,
            auth=self.auth,
            scripts=("probe",),
            extra=() if self.msgfmt == "classic" else (f"msgfmt {self.msgfmt}",),
        )
